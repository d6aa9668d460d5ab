-- The twin of migrations/postgres: the reasons for each table stand there. Times are milliseconds since 1970-01-01T00:00Z.

create table inbox (
    key blob not null unique,
    content blob not null,
    order_key text,
    kind text not null,
    received_at integer not null,
    raw blob not null
);
create index inbox_order on inbox (order_key) where order_key is not null;

create table orders (
    key text not null primary key,
    version integer not null,
    updated_at integer not null,
    doc text not null
);

create table numbers (
    number text not null,
    order_key text not null,
    primary key (number, order_key)
) without rowid;

create table waiting (
    event_key blob not null,
    number text not null,
    since integer not null,
    primary key (event_key, number)
) without rowid;
create index waiting_number on waiting (number);

create table wakes (
    order_key text not null primary key,
    due_at integer not null
) without rowid;
create index wakes_due on wakes (due_at);

create table outbox (
    key blob not null unique,
    order_key text not null,
    brand text not null,
    shipment text,
    stage text not null,
    occurrence integer not null,
    role text not null,
    channel text not null,
    fact_at integer not null,
    planned_at integer not null,
    due_at integer,
    state text not null,
    fence integer not null default 0,
    lease_until integer,
    attempts integer not null default 0,
    first_try_at integer,
    contact blob,
    said text,
    why text,
    cause text,
    receipt text,
    doubt_at integer,
    settled_at integer
);
create index outbox_order on outbox (order_key);
create index outbox_due on outbox (channel, brand, due_at) where due_at is not null;
create index outbox_doubt on outbox (doubt_at) where doubt_at is not null;
-- Sends whose worker may have died. Postgres finds them through its table `flights`, which keeps its updates HOT; here a partial
-- index costs less.
create index outbox_sending on outbox (lease_until) where state = 'sending';

create table sealed (
    key blob not null unique,
    bytes blob not null
);

create table told (
    contact blob not null,
    at integer not null
);
create index told_contact on told (contact, at);

create table optouts (
    contact blob not null,
    class text not null,
    channel text not null,
    source text not null,
    at integer not null,
    primary key (contact, class)
) without rowid;

create table silences (
    order_key text not null,
    shipment text,
    stage text not null,
    role text,
    channel text,
    why text not null,
    at integer not null
);
create index silences_order on silences (order_key);

create table quarantine (
    id integer primary key autoincrement,
    door text not null,
    reason text not null,
    raw blob not null,
    headers text not null,
    refused_at integer not null,
    retried_at integer
);

create table outcomes (
    seq integer primary key autoincrement,
    id blob not null,
    kind text not null,
    body text not null,
    lease_until integer not null default 0
);

create table frames (
    hash blob not null primary key,
    bytes blob not null
) without rowid;
