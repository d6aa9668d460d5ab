-- The twin of migrations/postgres: the reasons for each table stand there.

create table wishes (
    contact blob not null,
    brand text not null,
    channel text not null,
    topic text not null,
    source text not null,
    at integer not null,
    primary key (contact, brand, channel, topic)
) without rowid;

create trigger optouts_to_wishes after insert on optouts begin
    insert into wishes (contact, brand, channel, topic, source, at)
    values (new.contact, '', new.channel,
        case new.class when 'problem' then 'delay' when 'question' then 'feedback' else new.class end, new.source, new.at)
    on conflict do nothing;
end;
insert into wishes (contact, brand, channel, topic, source, at)
select contact, '', channel, case class when 'problem' then 'delay' when 'question' then 'feedback' else class end, source, at
from optouts where true on conflict do nothing;

create table preferences (
    contact blob not null,
    brand text not null,
    locale text,
    number text,
    at integer not null,
    primary key (contact, brand)
) without rowid;

create table codes (
    contact blob not null,
    brand text not null,
    number text not null,
    digest blob not null,
    tries integer not null,
    expires_at integer not null,
    primary key (contact, brand)
) without rowid;
create table code_asks (
    who blob not null,
    at integer not null
);
create index code_asks_who on code_asks (who, at);
create index code_asks_at on code_asks (at);

create table suppressed (
    contact blob not null primary key,
    channel text not null,
    reason text not null,
    source text not null,
    at integer not null,
    until_at integer
) without rowid;
create index suppressed_until on suppressed (until_at) where until_at is not null;
create table soft_bounces (
    contact blob not null,
    callback blob not null,
    at integer not null,
    primary key (contact, callback)
) without rowid;
create index soft_bounces_at on soft_bounces (at);

create table callbacks (
    id blob not null primary key,
    door text not null,
    kind text not null,
    notice blob,
    at integer not null,
    received_at integer not null
) without rowid;
create index callbacks_notice on callbacks (notice) where notice is not null;
create index callbacks_received on callbacks (received_at);
