-- How often a brand's content blocks were shown on tracking pages, and how often they were followed, by day. No person, no order.
create table content_counts (
    brand text collate "C" not null,
    block text collate "C" not null,
    day bigint not null,
    shown bigint not null default 0,
    followed bigint not null default 0,
    primary key (brand, block, day)
) with (fillfactor = 80);

-- What a person has bought, where the brand's content asks for it: tags and SKUs of an order as it was paid, as JSON. `contact` is
-- the pseudonym of the customer's address.
create table purchases (
    contact uuid not null,
    order_key text collate "C" not null,
    brand text collate "C" not null,
    at bigint not null,
    goods text not null,
    primary key (contact, order_key)
);
create index purchases_order on purchases (order_key);
create index purchases_at on purchases (at);
