//! Everything that one batch writes, list by list, each in one statement.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use uuid::Uuid;

use super::error::StoreError;
use super::orders;
use super::params::{Col, Kind, One, Sql};
use super::rows::{Changes, Outcome, Planned};
use super::tx::Tx;
use super::{now_postgres, now_sqlite};
use crate::domain::id::{NoticeKey, OrderKey, TrackingNumber};
use crate::domain::notice::Silence;
use crate::domain::person::{Channel, Role};

// A row is inserted, or updated if it still has the version that was read; the count of rows tells whether all were.
const ORDERS: Sql = Sql {
    postgres: concat!(
        "insert into orders (key, version, updated_at, doc)
         select u.key, u.version + 1, ",
        now_postgres!(),
        ", u.doc
         from unnest($2::text[], $3::bigint[], $4::text[]) as u(key, version, doc)
         on conflict (key) do update set version = excluded.version, updated_at = excluded.updated_at, doc = excluded.doc
         where orders.version = excluded.version - 1"
    ),
    sqlite: concat!(
        "insert into orders (key, version, updated_at, doc)
         select value->>0, (value->>1) + 1, ",
        now_sqlite!(),
        ", value->>2
         from json_each($2) where true
         on conflict (key) do update set version = excluded.version, updated_at = excluded.updated_at, doc = excluded.doc
         where orders.version = excluded.version - 1"
    ),
};

const NUMBERS: Sql = Sql {
    postgres: "insert into numbers (number, order_key) select * from unnest($1::text[], $2::text[]) on conflict do nothing",
    sqlite: "insert into numbers (number, order_key) select value->>0, value->>1 from json_each($1) where true
             on conflict do nothing",
};

const WAIT: Sql = Sql {
    postgres: concat!(
        "insert into waiting (event_key, number, since) select u.event_key, u.number, ",
        now_postgres!(),
        " from unnest($2::uuid[], $3::text[]) as u(event_key, number) on conflict do nothing"
    ),
    sqlite: concat!(
        "insert into waiting (event_key, number, since) select unhex(value->>0), value->>1, ",
        now_sqlite!(),
        " from json_each($2) where true on conflict do nothing"
    ),
};

const ADOPT: Sql = Sql {
    postgres: "update inbox set order_key = u.order_key from unnest($1::uuid[], $2::text[]) as u(key, order_key)
               where inbox.key = u.key",
    sqlite: "update inbox set order_key = u.order_key
             from (select unhex(value->>0) as key, value->>1 as order_key from json_each($1)) as u where inbox.key = u.key",
};

const WAIT_NO_MORE: Sql = Sql {
    postgres: "delete from waiting where event_key = any($1::uuid[])",
    sqlite: "delete from waiting where event_key in (select unhex(value->>0) from json_each($1))",
};

const WAKE: Sql = Sql {
    postgres: "insert into wakes (order_key, due_at) select * from unnest($1::text[], $2::bigint[])
               on conflict (order_key) do update set due_at = excluded.due_at where wakes.due_at <> excluded.due_at",
    sqlite: "insert into wakes (order_key, due_at) select value->>0, value->>1 from json_each($1) where true
             on conflict (order_key) do update set due_at = excluded.due_at where wakes.due_at <> excluded.due_at",
};

const WAKE_NO_MORE: Sql = Sql {
    postgres: "delete from wakes where order_key = any($1::text[])",
    sqlite: "delete from wakes where order_key in (select value->>0 from json_each($1))",
};

const PLAN: Sql = Sql {
    postgres: concat!(
        "insert into outbox (key, order_key, brand, shipment, stage, occurrence, role, channel, fact_at, planned_at, due_at,
             state, fence, lease_until)
         select u.key, u.order_key, split_part(u.order_key, '/', 1), u.shipment, u.stage, u.occurrence, u.role, u.channel,
             u.fact_at, u.planned_at, u.due_at, case u.claimed when 1 then 'claimed' else 'planned' end, u.claimed,
             case u.claimed when 1 then ",
        now_postgres!(),
        " + $2 end
         from unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[], $10::bigint[],
             $11::bigint[], $12::bigint[], $13::bigint[])
             as u(key, order_key, shipment, stage, occurrence, role, channel, fact_at, planned_at, due_at, claimed)
         on conflict (key) do nothing returning key"
    ),
    sqlite: concat!(
        "insert into outbox (key, order_key, brand, shipment, stage, occurrence, role, channel, fact_at, planned_at, due_at,
             state, fence, lease_until)
         select unhex(value->>0), value->>1, substr(value->>1, 1, instr(value->>1, '/') - 1), value->>2, value->>3, value->>4,
             value->>5, value->>6, value->>7, value->>8, value->>9,
             case value->>10 when 1 then 'claimed' else 'planned' end, value->>10,
             case value->>10 when 1 then ",
        now_sqlite!(),
        " + $2 end
         from json_each($3) where true
         on conflict (key) do nothing returning key"
    ),
};

// A claimed notice is withdrawn too: its fence grows, so that its holder is granted no intent. One that is being sent is not:
// its bytes are on their way.
const WITHDRAW: Sql = Sql {
    postgres: concat!(
        "with gone as (
             update outbox set state = 'superseded', why = u.why, due_at = null, lease_until = null, fence = fence + 1,
                 settled_at = ",
        now_postgres!(),
        "
             from unnest($2::uuid[], $3::text[], $4::text[]) as u(key, order_key, why)
             where outbox.key = u.key and outbox.order_key = u.order_key and outbox.state in ('planned', 'claimed')
             returning outbox.key)
         delete from sealed using gone where sealed.key = gone.key"
    ),
    sqlite: concat!(
        "update outbox set state = 'superseded', why = u.why, due_at = null, lease_until = null, fence = fence + 1,
             settled_at = ",
        now_sqlite!(),
        "
         from (select unhex(value->>0) as key, value->>1 as order_key, value->>2 as why from json_each($2)) as u
         where outbox.key = u.key and outbox.order_key = u.order_key and outbox.state in ('planned', 'claimed')"
    ),
};

/// SQLite's second half of [`WITHDRAW`].
const FORGET_WITHDRAWN: &str = "delete from sealed where key in
    (select o.key from json_each($1) join outbox o on o.key = unhex(value->>0) where o.state = 'superseded')";

// Only held rows have both a state of `planned` and a reason; those that wait for their next try are left alone.
const RECHECK: Sql = Sql {
    postgres: concat!(
        "update outbox set due_at = ",
        now_postgres!(),
        " where order_key = any($2::text[]) and state = 'planned' and why is not null and due_at > ",
        now_postgres!()
    ),
    sqlite: concat!(
        "update outbox set due_at = ",
        now_sqlite!(),
        " where order_key in (select value->>0 from json_each($2)) and state = 'planned' and why is not null and due_at > ",
        now_sqlite!()
    ),
};

const SILENCES: Sql = Sql {
    postgres: "insert into silences (order_key, shipment, stage, role, channel, why, at)
               select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[])",
    sqlite: "insert into silences (order_key, shipment, stage, role, channel, why, at)
             select value->>0, value->>1, value->>2, value->>3, value->>4, value->>5, value->>6 from json_each($1)",
};

/// Of what waits to be mended already, no second copy is kept: a broker delivers again what a worker died with, and publishers send
/// again what was not confirmed. Looked for among the latest thousand, since these come again within minutes.
macro_rules! waits_already {
    () => {
        " where not exists (select 1 from quarantine q where q.id > (select coalesce(max(id), 0) - 1000 from quarantine)
              and q.raw = u.raw and q.headers = u.headers and q.retried_at is null)"
    };
}

const REFUSED: Sql = Sql {
    postgres: concat!(
        "insert into quarantine (door, reason, headers, raw, refused_at)
         select u.door, u.reason, u.headers, u.raw, ",
        now_postgres!(),
        " from unnest($2::text[], $3::text[], $4::text[], $5::bytea[]) as u(door, reason, headers, raw)",
        waits_already!()
    ),
    sqlite: concat!(
        "insert into quarantine (door, reason, headers, raw, refused_at)
         select u.door, u.reason, u.headers, u.raw, ",
        now_sqlite!(),
        " from (select value->>0 as door, value->>1 as reason, value->>2 as headers, substr($3, value->>3, value->>4) as raw
                from json_each($2)) as u",
        waits_already!()
    ),
};

pub(super) const OUTCOMES: Sql = Sql {
    postgres: "insert into outcomes (id, kind, body) select * from unnest($1::uuid[], $2::text[], $3::text[])",
    sqlite: "insert into outcomes (id, kind, body) select unhex(value->>0), value->>1, value->>2 from json_each($1)",
};

impl Tx {
    /// Writes the batch: a statement for each list that is not empty. Returns the keys of the notices that were really inserted;
    /// the others had been planned before. Those marked as claimed are leased to this worker for `lease`, with fence 1.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if an order no longer has the version that was read: drop the transaction and run again from the
    /// start. [`StoreError::Poison`] if the database refuses a value: fall to halves.
    pub async fn save(&mut self, changes: &Changes, lease: Duration) -> Result<Vec<NoticeKey>, StoreError> {
        self.save_orders(changes).await?;
        self.save_numbers(changes).await?;
        self.save_wakes(changes).await?;
        let planned = self.save_notices(&changes.notices, lease).await?;
        self.withdraw(changes).await?;
        if !changes.recheck.is_empty() {
            let now = self.now();
            self.execute(&RECHECK, &[now], &[orders::sorted(&changes.recheck)]).await?;
        }
        self.save_silences(&changes.silences).await?;
        self.teach(&changes.tallies).await?;
        self.save_purchases(&changes.purchases).await?;
        self.save_alerts(changes).await?;
        self.save_refused(changes).await?;
        if !changes.outcomes.is_empty() {
            self.execute(&OUTCOMES, &[], &outcome_cols(changes.outcomes.iter())).await?;
        }
        Ok(planned)
    }

    async fn save_orders(&mut self, changes: &Changes) -> Result<(), StoreError> {
        if changes.orders.is_empty() {
            return Ok(());
        }
        let mut rows: Vec<_> = changes.orders.iter().collect();
        rows.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        if rows.windows(2).any(|pair| pair[0].key == pair[1].key) {
            return Err(StoreError::Statement { what: "one order twice in a batch".into() });
        }
        let cols = [
            Col::Text(rows.iter().map(|row| row.key.as_str()).collect()),
            Col::Int(rows.iter().map(|row| row.version).collect()),
            Col::Text(rows.iter().map(|row| row.doc.as_str()).collect()),
        ];
        let now = self.now();
        let written = self.execute(&ORDERS, &[now], &cols).await?;
        if written == rows.len() as u64 { Ok(()) } else { Err(StoreError::Conflict) }
    }

    async fn save_numbers(&mut self, changes: &Changes) -> Result<(), StoreError> {
        if !changes.numbers.is_empty() {
            let mut rows: Vec<&(TrackingNumber, OrderKey)> = changes.numbers.iter().collect();
            rows.sort_unstable();
            let cols = [
                Col::Text(rows.iter().map(|(number, _)| number.as_str()).collect()),
                Col::Text(rows.iter().map(|(_, order)| order.as_str()).collect()),
            ];
            self.execute(&NUMBERS, &[], &cols).await?;
        }
        if !changes.waiting.is_empty() {
            let cols = [
                Col::Uuid(changes.waiting.iter().map(|(_, event)| event.0).collect()),
                Col::Text(changes.waiting.iter().map(|(number, _)| number.as_str()).collect()),
            ];
            let now = self.now();
            self.execute(&WAIT, &[now], &cols).await?;
        }
        if !changes.adopted.is_empty() {
            // A number that several orders show adopts one fact more than once; the inbox notes the first of them.
            let mut adopted: BTreeMap<Uuid, &str> = BTreeMap::new();
            for (event, order) in &changes.adopted {
                adopted.entry(event.0).or_insert(order.as_str());
            }
            let events: Vec<Uuid> = adopted.keys().copied().collect();
            let cols = [Col::Uuid(events.clone()), Col::Text(adopted.into_values().collect())];
            self.execute(&ADOPT, &[], &cols).await?;
            self.execute(&WAIT_NO_MORE, &[], &[Col::Uuid(events)]).await?;
        }
        Ok(())
    }

    /// The last wish for an order counts.
    async fn save_wakes(&mut self, changes: &Changes) -> Result<(), StoreError> {
        let wishes: BTreeMap<&str, Option<i64>> =
            changes.wakes.iter().map(|(order, at)| (order.as_str(), at.map(|at| at.as_millisecond()))).collect();
        let (wanted, ended): (Vec<_>, Vec<_>) = wishes.into_iter().partition(|(_, at)| at.is_some());
        if !wanted.is_empty() {
            let cols = [
                Col::Text(wanted.iter().map(|(order, _)| *order).collect()),
                Col::OptInt(wanted.iter().map(|(_, at)| *at).collect()),
            ];
            self.execute(&WAKE, &[], &cols).await?;
        }
        if !ended.is_empty() {
            let cols = [Col::Text(ended.iter().map(|(order, _)| *order).collect())];
            self.execute(&WAKE_NO_MORE, &[], &cols).await?;
        }
        Ok(())
    }

    async fn save_notices(&mut self, planned: &[Planned], lease: Duration) -> Result<Vec<NoticeKey>, StoreError> {
        if planned.is_empty() {
            return Ok(Vec::new());
        }
        let mut rows: Vec<&Planned> = planned.iter().collect();
        rows.sort_by_key(|row| row.notice.key);
        let notices = || rows.iter().map(|row| &row.notice);
        let cols = [
            Col::Uuid(notices().map(|n| n.key.0).collect()),
            Col::Text(notices().map(|n| n.order.as_str()).collect()),
            Col::OptText(notices().map(|n| n.shipment.as_deref()).collect()),
            Col::Text(notices().map(|n| n.stage.as_str()).collect()),
            Col::Int(notices().map(|n| i64::from(n.occurrence)).collect()),
            Col::Text(notices().map(|n| n.role.as_str()).collect()),
            Col::Text(notices().map(|n| n.channel.as_str()).collect()),
            Col::Int(notices().map(|n| n.fact_at.as_millisecond()).collect()),
            Col::Int(notices().map(|n| n.planned_at.as_millisecond()).collect()),
            Col::Int(notices().map(|n| n.due.as_millisecond()).collect()),
            Col::Int(rows.iter().map(|row| i64::from(row.claimed)).collect()),
        ];
        let ones = [self.now(), One::Int(ms(lease))];
        let keys: Vec<(Uuid,)> = self.fetch(&PLAN, &ones, &cols).await?;
        Ok(keys.into_iter().map(|(key,)| NoticeKey(key)).collect())
    }

    async fn withdraw(&mut self, changes: &Changes) -> Result<(), StoreError> {
        if changes.withdrawn.is_empty() {
            return Ok(());
        }
        let keys = || Col::Uuid(changes.withdrawn.iter().map(|(_, key, _)| key.0).collect());
        let cols = [
            keys(),
            Col::Text(changes.withdrawn.iter().map(|(order, _, _)| order.as_str()).collect()),
            Col::Text(changes.withdrawn.iter().map(|(_, _, why)| why.as_str()).collect()),
        ];
        let now = self.now();
        self.execute(&WITHDRAW, &[now], &cols).await?;
        if self.kind() == Kind::Sqlite {
            self.execute(&Sql::same(FORGET_WITHDRAWN), &[], &[keys()]).await?;
        }
        Ok(())
    }

    async fn save_silences(&mut self, silences: &[Silence]) -> Result<(), StoreError> {
        if silences.is_empty() {
            return Ok(());
        }
        let cols = [
            Col::Text(silences.iter().map(|s| s.order.as_str()).collect()),
            Col::OptText(silences.iter().map(|s| s.shipment.as_deref()).collect()),
            Col::Text(silences.iter().map(|s| s.stage.as_str()).collect()),
            Col::OptText(silences.iter().map(|s| s.role.map(Role::as_str)).collect()),
            Col::OptText(silences.iter().map(|s| s.channel.map(Channel::as_str)).collect()),
            Col::Text(silences.iter().map(|s| s.why.as_str()).collect()),
            Col::Int(silences.iter().map(|s| s.at.as_millisecond()).collect()),
        ];
        self.execute(&SILENCES, &[], &cols).await?;
        Ok(())
    }

    async fn save_refused(&mut self, changes: &Changes) -> Result<(), StoreError> {
        if changes.refused.is_empty() {
            return Ok(());
        }
        let mut seen = HashSet::new();
        let refused: Vec<_> = changes.refused.iter().filter(|r| seen.insert((&r.raw, &r.headers))).collect();
        let cols = [
            Col::Text(refused.iter().map(|r| r.door).collect()),
            Col::Text(refused.iter().map(|r| r.reason.as_str()).collect()),
            Col::Text(refused.iter().map(|r| r.headers.as_str()).collect()),
            Col::Bytes(refused.iter().map(|r| r.raw.as_slice()).collect()),
        ];
        let now = self.now();
        self.execute(&REFUSED, &[now], &cols).await?;
        Ok(())
    }
}

/// Outcome events as columns.
pub(super) fn outcome_cols<'a>(outcomes: impl Iterator<Item = &'a Outcome> + Clone) -> [Col<'a>; 3] {
    [
        Col::Uuid(outcomes.clone().map(|outcome| outcome.id).collect()),
        Col::Text(outcomes.clone().map(|outcome| outcome.kind.as_str()).collect()),
        Col::Text(outcomes.map(|outcome| outcome.body.as_str()).collect()),
    ]
}

/// A duration in milliseconds, as the rows count.
pub(super) fn ms(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}
