-- The twin of migrations/postgres: the reasons for each table stand there.

create table alerts (
    id blob not null unique,
    order_key text not null,
    brand text not null,
    parcel text,
    kind text not null,
    occurrence integer not null,
    state text not null,
    since_at integer not null,
    opened_at integer not null,
    carrier text,
    lane text,
    warehouse text,
    reason text,
    value integer,
    currency text,
    promised integer,
    chance real,
    acked_by text,
    acked_at integer,
    snoozed_until integer,
    cleared_at integer,
    clear_why text,
    announced_at integer,
    clear_announced_at integer,
    reminded_at integer,
    reminders integer not null default 0
);
create index alerts_order on alerts (order_key);
create index alerts_open on alerts (brand, kind, opened_at) where cleared_at is null;
create index alerts_new on alerts (opened_at) where announced_at is null and cleared_at is null;
create index alerts_over on alerts (cleared_at) where clear_announced_at is null and cleared_at is not null;
create index alerts_snoozed on alerts (snoozed_until) where state = 'snoozed';
create index alerts_numbers on alerts (parcel) where kind = 'unknown_tracking_number';
create index alerts_opened on alerts (opened_at);
create index alerts_cleared on alerts (cleared_at) where cleared_at is not null;

create table alert_posts (
    id blob not null unique,
    brand text not null,
    target text not null,
    kind text not null,
    body text not null,
    created_at integer not null,
    due_at integer,
    lease_until integer,
    fence integer not null default 0,
    attempts integer not null default 0,
    settled_at integer,
    cause text
);
create index alert_posts_due on alert_posts (due_at) where due_at is not null;
create index alert_posts_hour on alert_posts (brand, created_at);

create table feed_hours (
    carrier text not null,
    hour integer not null,
    scans integer not null,
    last_at integer not null,
    primary key (carrier, hour)
) without rowid;
create table feed_outages (
    carrier text not null,
    from_at integer not null,
    noticed_at integer not null,
    until_at integer,
    expected real not null,
    announced_at integer,
    over_announced_at integer,
    primary key (carrier, from_at)
) without rowid;
create index feed_outages_open on feed_outages (carrier) where until_at is null;

create table lane_tallies (
    seq integer primary key autoincrement,
    brand text not null,
    day integer not null,
    doc blob not null
);
create index lane_tallies_day on lane_tallies (brand, day);
create table lanes (
    brand text not null primary key,
    as_of integer not null,
    closed_at integer not null,
    doc blob not null
);

create table ops_sessions (
    id blob not null unique,
    person text not null,
    role text not null,
    csrf text not null,
    created_at integer not null,
    seen_at integer not null
);
create table ops_audit (
    seq integer primary key autoincrement,
    at integer not null,
    person text not null,
    action text not null,
    order_key text,
    target text,
    detail text
);
create index ops_audit_order on ops_audit (order_key) where order_key is not null;
