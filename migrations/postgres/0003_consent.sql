-- What people have declined: one row for each topic on a channel. `brand` is empty for every brand, `topic` for everything on that
-- channel. `contact` is the person's pseudonym, keyed where a secret is set (see `store::mask`). Takes the place of `optouts`.
create table wishes (
    contact uuid not null,
    brand text collate "C" not null,
    channel text not null,
    topic text not null,
    -- How we know: one_click, page, sms, import, complaint.
    source text not null,
    at bigint not null,
    primary key (contact, brand, channel, topic)
);

-- What was declined before. A worker of the version before this one may still write to the old table while workers are exchanged,
-- so what it writes is carried over as well; the table itself goes with a later version.
create function optouts_to_wishes() returns trigger language plpgsql as $$
begin
    insert into wishes (contact, brand, channel, topic, source, at)
    values (new.contact, '', new.channel,
        case new.class when 'problem' then 'delay' when 'question' then 'feedback' else new.class end, new.source, new.at)
    on conflict do nothing;
    return new;
end $$;
create trigger optouts_to_wishes after insert on optouts for each row execute function optouts_to_wishes();
insert into wishes (contact, brand, channel, topic, source, at)
select contact, '', channel, case class when 'problem' then 'delay' when 'question' then 'feedback' else class end, source, at
from optouts on conflict do nothing;

-- What a person has chosen beside that: the language, and a number that they confirmed with a code.
create table preferences (
    contact uuid not null,
    brand text collate "C" not null,
    locale text,
    -- E.164.
    number text,
    at bigint not null,
    primary key (contact, brand)
);

-- Codes that wait to be typed in: one for a contact and brand, the last one counts. `digest` is keyed; the code is kept nowhere.
create table codes (
    contact uuid not null,
    brand text collate "C" not null,
    number text not null,
    digest uuid not null,
    tries integer not null,
    expires_at bigint not null,
    primary key (contact, brand)
);
-- How often codes were asked for, by contact and by number: texts cost money, and a stranger's phone must not ring.
create table code_asks (
    who uuid not null,
    at bigint not null
);
create index code_asks_who on code_asks (who, at);
create index code_asks_at on code_asks (at);

-- Addresses that take no messages: dead ones, and those whose owners complained. No list of addresses: keyed pseudonyms.
create table suppressed (
    contact uuid primary key,
    channel text not null,
    -- hard_bounce, complaint, soft_bounces, refused.
    reason text not null,
    -- The door or channel that said so.
    source text not null,
    at bigint not null,
    -- When it is tried again; null: not by itself.
    until_at bigint
);
create index suppressed_until on suppressed (until_at) where until_at is not null;
-- Mails that were refused for now: a full mailbox is not a dead one, until it has been full for weeks.
create table soft_bounces (
    contact uuid not null,
    callback uuid not null,
    at bigint not null,
    primary key (contact, callback)
);
create index soft_bounces_at on soft_bounces (at);

-- What providers have called back, once each: `id` is made of the door and the provider's own id for the call. The call itself is
-- not kept, since it holds addresses.
create table callbacks (
    id uuid primary key,
    door text not null,
    -- delivered, delayed, hard_bounce, soft_bounce, complaint, stop, start, help, other.
    kind text not null,
    -- The notice that it is about, where the call says.
    notice uuid,
    at bigint not null,
    received_at bigint not null
);
create index callbacks_notice on callbacks (notice) where notice is not null;
create index callbacks_received on callbacks (received_at);
