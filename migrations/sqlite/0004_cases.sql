-- The twin of migrations/postgres: the reasons for each table stand there.

create table submitted (
    id blob not null unique,
    at integer not null
);
create index submitted_at on submitted (at);

create table asked (
    contact blob not null unique,
    notice blob not null,
    at integer not null
);

create table ratings (
    order_key text not null,
    person text not null,
    id blob not null,
    brand text not null,
    contact blob not null,
    carrier text,
    lane text,
    locale text,
    csat integer,
    csat_words text,
    nps integer,
    nps_words text,
    ces integer,
    ces_words text,
    first_at integer not null,
    given_at integer not null,
    unique (order_key, person)
);
create index ratings_given on ratings (given_at);
create index ratings_contact on ratings (contact);

create table cases (
    id blob not null unique,
    order_key text not null,
    brand text not null,
    person text not null,
    contact blob not null,
    carrier text,
    lane text,
    locale text,
    sort text not null,
    opened_at integer not null,
    first_by integer not null,
    answer_by integer,
    solve_by integer not null,
    answered_at integer,
    solved_at integer,
    times_opened integer not null default 1
);
create index cases_order on cases (order_key);
create index cases_contact on cases (contact);
create index cases_open on cases (opened_at) where solved_at is null;
create index cases_opened on cases (opened_at);

create table case_words (
    id blob not null unique,
    case_id blob not null,
    at integer not null,
    said_by text not null,
    author text,
    words text not null
);
create index case_words_case on case_words (case_id);

create table case_photos (
    id blob not null unique,
    case_id blob not null,
    at integer not null,
    media text not null,
    bytes blob not null
);
create index case_photos_case on case_photos (case_id);
create index case_photos_at on case_photos (at);

create table returns (
    id blob not null unique,
    order_key text not null,
    brand text not null,
    person text not null,
    contact blob not null,
    locale text,
    wish text not null,
    reason text not null,
    words text,
    items text not null,
    requested_at integer not null,
    decide_by integer not null,
    decision text,
    decided_at integer,
    decided_by text,
    decided_words text
);
create index returns_order on returns (order_key);
create index returns_contact on returns (contact);
create index returns_requested on returns (requested_at);
