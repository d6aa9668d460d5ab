-- When a worker last said that it packs by this dictionary. Nobody packs by one from before: one worker alone uses a file.
alter table frames add column used_at integer not null default 0;
