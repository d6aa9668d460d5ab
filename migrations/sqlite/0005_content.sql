-- The twin of migrations/postgres: the reasons for each table stand there.
create table content_counts (
    brand text not null,
    block text not null,
    day integer not null,
    shown integer not null default 0,
    followed integer not null default 0,
    primary key (brand, block, day)
) without rowid;

create table purchases (
    contact blob not null,
    order_key text not null,
    brand text not null,
    at integer not null,
    goods text not null,
    primary key (contact, order_key)
) without rowid;
create index purchases_order on purchases (order_key);
create index purchases_at on purchases (at);
