-- When a worker last said that it packs by this dictionary. A worker from before this column says nothing: what it makes counts from then.
alter table frames add column used_at bigint not null default (extract(epoch from clock_timestamp()) * 1000)::bigint;
