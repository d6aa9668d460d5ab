-- All times are milliseconds since 1970-01-01T00:00Z. Keys that are text are compared byte by byte (collate "C"): cheaper than any
-- language's order, the same on every server, and what the brand-by-brand walks rely on.

-- What came in, as it came. `content` tells a repeat from a reused id.
create table inbox (
    key uuid primary key,
    content uuid not null,
    order_key text collate "C",
    kind text not null,
    received_at bigint not null,
    raw bytea not null
) with (toast_tuple_target = 8160, autovacuum_vacuum_insert_scale_factor = 0.05);
-- An event of 1 to 8 KB stays in its row, and nothing spends time on squeezing it.
alter table inbox alter column raw set storage external;
create index inbox_order on inbox (order_key) where order_key is not null;
-- For `prune`: rows come in by time, so a range index of a few pages is enough.
create index inbox_received on inbox using brin (received_at) with (pages_per_range = 32);

-- The state of an order: one document and its version. The room left in each page lets an update stay in it (a HOT update, which
-- touches no index); `external` keeps documents uncompressed, and 8160 keeps them in their row.
create table orders (
    key text collate "C" primary key,
    version bigint not null,
    updated_at bigint not null,
    doc text not null
) with (fillfactor = 60, toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_cost_delay = 1);
alter table orders alter column doc set storage external;

-- Which orders have shown a tracking number.
create table numbers (
    number text collate "C" not null,
    order_key text collate "C" not null,
    primary key (number, order_key)
);

-- Facts that know only a number that no order has shown yet.
create table waiting (
    event_key uuid not null,
    number text collate "C" not null,
    since bigint not null,
    primary key (event_key, number)
);
create index waiting_number on waiting (number);

-- When to look at an order again: one row an order.
create table wakes (
    order_key text collate "C" primary key,
    due_at bigint not null
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1);
create index wakes_due on wakes (due_at);

-- Everything that we decided to tell, for ever: `key` is what keeps a second copy out.
-- `due_at` is null as soon as the row is final or in doubt; then it leaves the index by which work is found. Claims and intents
-- change no indexed column, so that they stay HOT.
create table outbox (
    key uuid primary key,
    order_key text collate "C" not null,
    brand text collate "C" not null,
    shipment text,
    stage text not null,
    occurrence integer not null,
    role text not null,
    channel text not null,
    fact_at bigint not null,
    planned_at bigint not null,
    due_at bigint,
    state text not null,
    fence integer not null default 0,
    lease_until bigint,
    attempts integer not null default 0,
    first_try_at bigint,
    contact uuid,
    said text,
    -- A rule's word while held or when not told; `cause` is our phrase for what went wrong; `receipt` the provider's own id.
    why text,
    cause text,
    receipt text,
    -- Set while nobody knows whether an earlier try arrived.
    doubt_at bigint,
    settled_at bigint
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1);
create index outbox_order on outbox (order_key);
create index outbox_due on outbox (channel, brand, due_at) where due_at is not null;
create index outbox_doubt on outbox (doubt_at) where doubt_at is not null;

-- The exact bytes of a try, until its outcome is known. Apart from the outbox, so that its rows stay small and the bytes, which are
-- written once and deleted soon, never grow a table that is kept for ever. Already packed, hence uncompressed.
create table sealed (
    key uuid primary key,
    bytes bytea not null
) with (toast_tuple_target = 8160, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1);
alter table sealed alter column bytes set storage external;

-- One row for each committed group of intents: where to look for sends whose worker died, without an index on the outbox's state.
create table flights (
    until bigint not null,
    keys uuid[] not null
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1);
create index flights_until on flights (until);

-- Who was told when, for the cap on messages a day. Pruned after two days.
create table told (
    contact uuid not null,
    at bigint not null
);
create index told_contact on told (contact, at);

-- Who does not wish to be told: `class` is empty for everything on that channel.
create table optouts (
    contact uuid not null,
    class text not null,
    channel text not null,
    source text not null,
    at bigint not null,
    primary key (contact, class)
);

-- The ledger of what was not told, and why.
create table silences (
    order_key text collate "C" not null,
    shipment text,
    stage text not null,
    role text,
    channel text,
    why text not null,
    at bigint not null
);
create index silences_order on silences (order_key);
create index silences_at on silences using brin (at) with (pages_per_range = 32);

-- What was refused at a door, for repair.
create table quarantine (
    id bigint generated always as identity primary key,
    door text not null,
    reason text not null,
    raw bytea not null,
    headers text not null,
    refused_at bigint not null,
    retried_at bigint
);

-- Outcome events that wait for the broker's confirm.
create table outcomes (
    seq bigint generated always as identity primary key,
    id uuid not null,
    kind text not null,
    body text not null,
    lease_until bigint not null default 0
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1);

-- Dictionaries by which sealed bytes are packed, named by their content.
create table frames (
    hash uuid primary key,
    bytes bytea not null
);
