-- What customers tell us after delivery. `contact` is the pseudonym of the address that the order had then, by which a person is
-- erased; all zeros where no address was known. `carrier` and `lane` are as they were, and are what numbers are grouped by.

-- Each rendering of a form is sent once: the ids of those that were.
create table submitted (
    id uuid primary key,
    at bigint not null
);
create index submitted_at on submitted (at);

-- Who was asked last how it went, and by which notice: one row a person, so that two orders cannot both ask.
create table asked (
    contact uuid primary key,
    notice uuid not null,
    at bigint not null
);

-- The last answers of a person about an order.
create table ratings (
    order_key text collate "C" not null,
    -- customer, recipient.
    person text not null,
    id uuid not null,
    brand text collate "C" not null,
    contact uuid not null,
    carrier text,
    lane text,
    locale text,
    csat bigint,
    csat_words text,
    nps bigint,
    nps_words text,
    ces bigint,
    ces_words text,
    first_at bigint not null,
    given_at bigint not null,
    primary key (order_key, person)
);
create index ratings_given on ratings (given_at);
create index ratings_contact on ratings (contact);

-- Something is wrong. `answer_by` is null while nothing of the customer's waits for an answer; `answered_at` is the first answer.
create table cases (
    id uuid primary key,
    order_key text collate "C" not null,
    brand text collate "C" not null,
    person text not null,
    contact uuid not null,
    carrier text,
    lane text,
    locale text,
    sort text not null,
    opened_at bigint not null,
    -- The first answer's deadline, for the numbers.
    first_by bigint not null,
    answer_by bigint,
    solve_by bigint not null,
    answered_at bigint,
    solved_at bigint,
    times_opened bigint not null default 1
);
create index cases_order on cases (order_key);
create index cases_contact on cases (contact);
create index cases_open on cases (opened_at) where solved_at is null;
create index cases_opened on cases (opened_at);

-- What was said in a case: by the customer, by the shop, or among the shop's people (note).
create table case_words (
    id uuid primary key,
    case_id uuid not null,
    at bigint not null,
    said_by text not null,
    -- The operator's login, or the name of the program; null for the customer.
    author text,
    words text not null
);
create index case_words_case on case_words (case_id);

-- Pictures of a case, already stripped of everything but the picture.
create table case_photos (
    id uuid primary key,
    case_id uuid not null,
    at bigint not null,
    media text not null,
    bytes bytea not null
);
alter table case_photos alter column bytes set storage external;
create index case_photos_case on case_photos (case_id);
create index case_photos_at on case_photos (at);

-- Something goes back. `items` is JSON; `decision` is null until the shop has decided.
create table returns (
    id uuid primary key,
    order_key text collate "C" not null,
    brand text collate "C" not null,
    person text not null,
    contact uuid not null,
    locale text,
    wish text not null,
    reason text not null,
    words text,
    items text not null,
    requested_at bigint not null,
    decide_by bigint not null,
    decision text,
    decided_at bigint,
    decided_by text,
    decided_words text
);
create index returns_order on returns (order_key);
create index returns_contact on returns (contact);
create index returns_requested on returns (requested_at);
