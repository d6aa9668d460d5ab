-- What ops must know of: one row for each trouble of an order or a parcel, for ever. `id` is made of order, parcel, kind and
-- occurrence, and keeps a second one out. What stands in carrier, lane, warehouse, value and promised is as it was when the
-- alert was opened, and is what the work list groups and sorts by.
create table alerts (
    id uuid primary key,
    order_key text collate "C" not null,
    brand text collate "C" not null,
    parcel text,
    kind text not null,
    occurrence integer not null,
    -- open, acknowledged, snoozed, cleared.
    state text not null,
    since_at bigint not null,
    opened_at bigint not null,
    carrier text,
    lane text,
    warehouse text,
    reason text,
    value bigint,
    currency text,
    -- Days since 1970-01-01.
    promised integer,
    -- The chance of missing the promise when it was opened, 0 to 1.
    chance double precision,
    acked_by text,
    acked_at bigint,
    snoozed_until bigint,
    cleared_at bigint,
    clear_why text,
    -- When ops were told of it, of its clearing, and how often they were reminded.
    announced_at bigint,
    clear_announced_at bigint,
    reminded_at bigint,
    reminders integer not null default 0
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
create index alerts_order on alerts (order_key);
create index alerts_open on alerts (brand, kind, opened_at) where cleared_at is null;
create index alerts_new on alerts (opened_at) where announced_at is null and cleared_at is null;
create index alerts_over on alerts (cleared_at) where clear_announced_at is null and cleared_at is not null;
create index alerts_snoozed on alerts (snoozed_until) where state = 'snoozed';
create index alerts_numbers on alerts (parcel) where kind = 'unknown_tracking_number';
-- The console asks every second whether anything is newer than what it shows.
create index alerts_opened on alerts (opened_at);
create index alerts_cleared on alerts (cleared_at) where cleared_at is not null;

-- Messages to ops and their tools: signed webhook, Slack, digest. `body` is the exact bytes; `due_at` is null once it is settled.
create table alert_posts (
    id uuid primary key,
    brand text collate "C" not null,
    -- webhook, slack, digest.
    target text not null,
    kind text not null,
    body text not null,
    created_at bigint not null,
    due_at bigint,
    lease_until bigint,
    fence integer not null default 0,
    attempts integer not null default 0,
    settled_at bigint,
    -- Null when the far side took it.
    cause text
);
create index alert_posts_due on alert_posts (due_at) where due_at is not null;
create index alert_posts_hour on alert_posts (brand, created_at);

-- A carrier's own rhythm: scans by hour (hours since 1970-01-01T00:00Z), kept for some weeks.
create table feed_hours (
    carrier text collate "C" not null,
    hour bigint not null,
    scans bigint not null,
    last_at bigint not null,
    primary key (carrier, hour)
);
-- Silences of whole feeds. An open one holds what a silence of single parcels would call for.
create table feed_outages (
    carrier text collate "C" not null,
    from_at bigint not null,
    noticed_at bigint not null,
    until_at bigint,
    -- Scans that its own rhythm had led to expect meanwhile, when it was noticed.
    expected double precision not null,
    announced_at bigint,
    over_announced_at bigint,
    primary key (carrier, from_at)
);
create index feed_outages_open on feed_outages (carrier) where until_at is null;

-- What a day taught about a brand's lanes, one row a batch, added up when the day is closed. Packed.
create table lane_tallies (
    seq bigint generated always as identity primary key,
    brand text collate "C" not null,
    day bigint not null,
    doc bytea not null
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1);
create index lane_tallies_day on lane_tallies (brand, day);
-- What is known of a brand's lanes at the end of a day. Packed.
create table lanes (
    brand text collate "C" primary key,
    as_of bigint not null,
    closed_at bigint not null,
    doc bytea not null
);

-- People in the ops console. `id` is a hash of the cookie, so that a copy of the table lets nobody in.
create table ops_sessions (
    id bytea primary key,
    person text not null,
    role text not null,
    csrf text not null,
    created_at bigint not null,
    seen_at bigint not null
);
-- One row for each thing that a person did, and for each note.
create table ops_audit (
    seq bigint generated always as identity primary key,
    at bigint not null,
    person text not null,
    action text not null,
    order_key text collate "C",
    target text,
    detail text
);
create index ops_audit_order on ops_audit (order_key) where order_key is not null;
