//! Forgetting one person: their orders, and what is kept by their contacts. What must be searched is walked page by page.

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::error::StoreError;
use super::orders;
use super::params::{Col, One, Sql};
use super::rows::{Gone, OrderRow};
use super::tx::Tx;
use super::{Store, now_postgres, now_sqlite};
use crate::domain::id::{BrandId, EventKey, OrderKey};
use crate::domain::person::ContactKey;

macro_rules! of_orders {
    ($before:literal, $after:literal) => {
        Sql {
            postgres: concat!($before, "order_key = any($1::text[])", $after),
            sqlite: concat!($before, "order_key in (select value->>0 from json_each($1))", $after),
        }
    };
}

macro_rules! of_contacts {
    ($before:literal, $column:literal) => {
        Sql {
            postgres: concat!($before, $column, " = any($1::uuid[])"),
            sqlite: concat!($before, $column, " in (select unhex(value->>0) from json_each($1))"),
        }
    };
    // Of one brand, or of all where none is named.
    ($before:literal, $column:literal, $brand:literal) => {
        Sql {
            postgres: concat!($before, "($1 = '' or ", $brand, " = $1) and ", $column, " = any($2::uuid[])"),
            sqlite: concat!(
                $before,
                "($1 = '' or ",
                $brand,
                " = $1) and ",
                $column,
                " in (select unhex(value->>0) from json_each($2))"
            ),
        }
    };
}

const FACTS: Sql = Sql {
    postgres: "update inbox set raw = '' where order_key = any($1::text[]) and length(raw) > 0",
    sqlite: "update inbox set raw = x'' where order_key in (select value->>0 from json_each($1)) and length(raw) > 0",
};
const WAKES: Sql = of_orders!("delete from wakes where ", "");
const PURCHASES: Sql = of_orders!("delete from purchases where ", "");
const NOTES: Sql = of_orders!("update ops_audit set detail = null where ", " and detail is not null");
// Of what is on the wire nobody can say any more whether it arrived; nobody will ask.
const NOTICES: Sql = Sql {
    postgres: concat!(
        "update outbox set state = 'suppressed', why = 'forgotten', due_at = null, lease_until = null, fence = fence + 1,
             doubt_at = null, settled_at = ",
        now_postgres!(),
        " where order_key = any($3::text[]) and ($2 = '' or role = $2) and state in ('planned', 'claimed', 'sending', 'in_doubt')"
    ),
    sqlite: concat!(
        "update outbox set state = 'suppressed', why = 'forgotten', due_at = null, lease_until = null, fence = fence + 1,
             doubt_at = null, settled_at = ",
        now_sqlite!(),
        " where order_key in (select value->>0 from json_each($3)) and ($2 = '' or role = $2)
             and state in ('planned', 'claimed', 'sending', 'in_doubt')"
    ),
};
const BYTES: Sql = Sql {
    postgres: "delete from sealed where key in (select key from outbox where order_key = any($2::text[]) and ($1 = '' or role = $1))",
    sqlite: "delete from sealed where key in (select key from outbox where order_key in (select value->>0 from json_each($2))
                 and ($1 = '' or role = $1))",
};
const LEDGER: Sql = Sql {
    postgres: "update outbox set contact = null, said = null where order_key = any($2::text[]) and ($1 = '' or role = $1)",
    sqlite: "update outbox set contact = null, said = null where order_key in (select value->>0 from json_each($2))
                 and ($1 = '' or role = $1)",
};
const ALERTS: Sql = Sql {
    postgres: concat!(
        "update alerts set state = 'cleared', clear_why = 'forgotten', cleared_at = ",
        now_postgres!(),
        " where order_key = any($2::text[]) and cleared_at is null"
    ),
    sqlite: concat!(
        "update alerts set state = 'cleared', clear_why = 'forgotten', cleared_at = ",
        now_sqlite!(),
        " where order_key in (select value->>0 from json_each($2)) and cleared_at is null"
    ),
};

// What an operator wrote when clearing an alert by hand may name the person.
const WHYS: Sql = of_orders!("update alerts set clear_why = 'by hand' where ", " and clear_why like 'by hand: %'");

const BOUGHT: Sql = of_contacts!("delete from purchases where ", "contact", "brand");
const CHOSEN: Sql = of_contacts!("delete from preferences where ", "contact", "brand");
const CODES: Sql = of_contacts!("delete from codes where ", "contact", "brand");
// Counts, kept by contact alone: nobody can say which of them are one brand's.
const TOLD: Sql = of_contacts!("delete from told where ", "contact");
const ASKS: Sql = of_contacts!("delete from code_asks where ", "who");
const SOFT: Sql = of_contacts!("delete from soft_bounces where ", "contact");
// What was declined, and which addresses are dead, stays under keyed names, so that nobody is written to who said no. The names from
// before there was a secret are made of the address alone, and go over to the keyed ones.
const RENAME_WISHES: Sql = Sql::same(
    "insert into wishes (contact, brand, channel, topic, source, at)
     select $1, brand, channel, topic, source, at from wishes where contact = $2 on conflict do nothing",
);
const DROP_WISHES: Sql = Sql::same("delete from wishes where contact = $2 and $1 <> $2");
const RENAME_DEAD: Sql = Sql::same(
    "insert into suppressed (contact, channel, reason, source, at, until_at)
     select $1, channel, reason, source, at, until_at from suppressed where contact = $2 on conflict do nothing",
);
const DROP_DEAD: Sql = Sql::same("delete from suppressed where contact = $2 and $1 <> $2");
const DROP_OPTOUTS: Sql = of_contacts!("delete from optouts where ", "contact");

const BLANK: Sql = Sql {
    postgres: "update inbox set raw = '' where key = any($1::uuid[])",
    sqlite: "update inbox set raw = x'' where key in (select unhex(value->>0) from json_each($1))",
};
const WAITING: Sql = Sql {
    postgres: "delete from waiting where event_key = any($1::uuid[])",
    sqlite: "delete from waiting where event_key in (select unhex(value->>0) from json_each($1))",
};

const CALLBACKS: Sql =
    Sql::same("delete from callbacks where id in (select id from callbacks where received_at < $1 limit $2)");
const SOFT_OLD: Sql = Sql::same(
    "delete from soft_bounces where (contact, callback) in (select contact, callback from soft_bounces where at < $1 limit $2)",
);
const ASKS_OLD: Sql = Sql {
    postgres: "delete from code_asks where ctid = any(array(select ctid from code_asks where at < $1 limit $2))",
    sqlite: "delete from code_asks where rowid in (select rowid from code_asks where at < $1 limit $2)",
};
const CODES_OLD: Sql = Sql::same(
    "delete from codes where (contact, brand) in (select contact, brand from codes where expires_at < $1 limit $2)",
);
const REFUSED: Sql =
    Sql::same("delete from quarantine where id in (select id from quarantine where refused_at < $1 limit $2)");

// A page is cut off by key first, so that no look reads more than a page, however few of its orders are old.
const OLD_ORDERS: Sql = Sql::same(
    "select p.key, p.version, case when p.updated_at < $3 then p.doc else '' end
     from (select key, version, updated_at, doc from orders where key > $1 order by key limit $2) as p order by p.key",
);

// The search for a text in bytes is a sieve: case and escapes of JSON aside, what it lets through is looked at once more.
const NAMING: Sql = Sql {
    postgres: "select key, raw from inbox where order_key = any($2::text[]) and position($1 in lower(encode(raw, 'escape'))) > 0",
    sqlite: "select key, raw from inbox where order_key in (select value->>0 from json_each($2))
                 and instr(lower(cast(raw as text)), $1) > 0",
};

const ORDERS_AFTER: Sql = Sql::same("select key, version, doc from orders where key > $1 order by key limit $2");
const STRAYS_AFTER: Sql = Sql::same(
    "select key, raw from inbox where order_key is null and length(raw) > 0 and key > $1 order by key limit $2",
);

impl Store {
    /// Orders by key, after the key `after`; a search for one person reads them all.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn orders_after(&self, after: &str, limit: u32) -> Result<Vec<OrderRow>, StoreError> {
        let found = self.read(&ORDERS_AFTER, &[One::Text(after), One::Int(limit.into())], &[]).await?;
        orders::rows(found)
    }

    /// The next page of orders by key, with the documents of those that have not changed since `before`; the others' are empty.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn old_orders_after(
        &self,
        after: &str,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<OrderRow>, StoreError> {
        let ones = [One::Text(after), One::Int(limit.into()), One::Int(before.as_millisecond())];
        orders::rows(self.read(&OLD_ORDERS, &ones, &[]).await?)
    }

    /// Deletes up to `limit` rows of each kind that have had their time: notes of providers' calls and soft bounces from before
    /// `calls`, refused events from before `refused`, and codes of the day before yesterday. True while there may be more.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn prune_calls(&self, calls: Timestamp, refused: Timestamp, limit: u32) -> Result<bool, StoreError> {
        let limit = || One::Int(i64::from(limit));
        let old = || [One::Int(calls.as_millisecond()), limit()];
        let two_days = self.clock().now() - SignedDuration::from_hours(48);
        let spent = || [One::Int(two_days.as_millisecond()), limit()];
        let mut rows = self.execute(&CALLBACKS, &old(), &[]).await? + self.execute(&SOFT_OLD, &old(), &[]).await?;
        rows += self.execute(&ASKS_OLD, &spent(), &[]).await? + self.execute(&CODES_OLD, &spent(), &[]).await?;
        rows += self.execute(&REFUSED, &[One::Int(refused.as_millisecond()), limit()], &[]).await?;
        Ok(rows > 0)
    }

    /// Events that belong to no order, by key, after the key `after`, as they came.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn strays_after(&self, after: EventKey, limit: u32) -> Result<Vec<(EventKey, Vec<u8>)>, StoreError> {
        let ones = [One::Uuid(after.0), One::Int(limit.into())];
        let rows: Vec<(Uuid, Vec<u8>)> = self.read(&STRAYS_AFTER, &ones, &[]).await?;
        Ok(rows.into_iter().map(|(key, raw)| (EventKey(key), raw)).collect())
    }

    /// Events of these orders, as they came, that hold `word`: lower-case letters and digits of ASCII.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn facts_naming(&self, word: &str, orders: &[OrderKey]) -> Result<Vec<(EventKey, Vec<u8>)>, StoreError> {
        if orders.is_empty() {
            return Ok(Vec::new());
        }
        let rows: Vec<(Uuid, Vec<u8>)> = self.read(&NAMING, &[One::Text(word)], &[orders::sorted(orders)]).await?;
        Ok(rows.into_iter().map(|(key, raw)| (EventKey(key), raw)).collect())
    }

    /// The names under which a contact stands: the one to write first, then those of before.
    fn keyed(&self, contact: ContactKey) -> (Uuid, Vec<Uuid>) {
        let name = self.mask.name(contact);
        (name, self.mask.names(contact).into_iter().filter(|other| *other != name).collect())
    }
}

impl Tx {
    /// Erases everything about these orders but keys, and what is still to be told about them. `role`: only what concerns this
    /// person of theirs; empty: all. Their documents are to be saved in the same transaction.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn erase_orders(&mut self, keys: &[OrderKey], role: &str) -> Result<Gone, StoreError> {
        let column = || [orders::sorted(keys)];
        let whole = role.is_empty();
        let now = self.now();
        let cancelled = self.execute(&NOTICES, &[now, One::Text(role)], &column()).await?;
        let bytes = self.execute(&BYTES, &[One::Text(role)], &column()).await?;
        self.execute(&LEDGER, &[One::Text(role)], &column()).await?;
        let facts = self.execute(&FACTS, &[], &column()).await?;
        self.execute(&NOTES, &[], &column()).await?;
        self.execute(&WHYS, &[], &column()).await?;
        if whole {
            self.execute(&PURCHASES, &[], &column()).await?;
            self.execute(&WAKES, &[], &column()).await?;
            let now = self.now();
            self.execute(&ALERTS, &[now], &column()).await?;
        }
        Ok(Gone { orders: keys.len() as u64, facts, cancelled, bytes, ..Gone::default() })
    }

    /// Erases what is kept by contact; what was declined, and which addresses are dead, stays under keyed names. `brand`: only
    /// what is kept for it by name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn erase_contacts(
        &mut self,
        store: &Store,
        contacts: &[ContactKey],
        brand: Option<&BrandId>,
    ) -> Result<(), StoreError> {
        if contacts.is_empty() {
            return Ok(());
        }
        let names: Vec<Uuid> = contacts.iter().flat_map(|contact| store.mask.names(*contact)).collect();
        for sql in [&BOUGHT, &CHOSEN, &CODES] {
            let brand = brand.map_or("", BrandId::as_str);
            self.execute(sql, &[One::Text(brand)], &[Col::Uuid(names.clone())]).await?;
        }
        // With a brand these stay: another one may count by them how much the person was told, and they have their time.
        for sql in [&TOLD, &ASKS, &SOFT, &DROP_OPTOUTS].into_iter().filter(|_| brand.is_none()) {
            self.execute(sql, &[], &[Col::Uuid(names.clone())]).await?;
        }
        for contact in contacts {
            let (name, others) = store.keyed(*contact);
            for other in others {
                for sql in [&RENAME_WISHES, &DROP_WISHES, &RENAME_DEAD, &DROP_DEAD] {
                    self.execute(sql, &[One::Uuid(name), One::Uuid(other)], &[]).await?;
                }
            }
        }
        Ok(())
    }

    /// Erases what these events say; that they came is kept, so that a copy is known.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn blank(&mut self, events: &[EventKey]) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        let keys = || [Col::Uuid(events.iter().map(|event| event.0).collect())];
        self.execute(&BLANK, &[], &keys()).await?;
        self.execute(&WAITING, &[], &keys()).await?;
        Ok(())
    }
}
