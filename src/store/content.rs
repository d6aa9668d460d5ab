//! Content blocks: how often they were shown and followed, and what people have bought before.

use std::collections::BTreeMap;

use super::Store;
use super::error::StoreError;
use super::params::{Col, One, Sql};
use super::rows::{ContentCount, Purchase};
use super::tx::Tx;
use crate::domain::id::{BrandId, OrderKey};
use crate::domain::lane::Day;
use crate::domain::person::ContactKey;

/// Earlier orders that are looked at: more than anybody's taste is made of.
const ORDERS_MAX: i64 = 50;

const COUNT: Sql = Sql {
    postgres: "insert into content_counts (brand, block, day, shown, followed)
               select * from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[])
               on conflict (brand, block, day) do update
               set shown = content_counts.shown + excluded.shown, followed = content_counts.followed + excluded.followed",
    sqlite: "insert into content_counts (brand, block, day, shown, followed)
             select value->>0, value->>1, value->>2, value->>3, value->>4 from json_each($1) where true
             on conflict (brand, block, day) do update
             set shown = content_counts.shown + excluded.shown, followed = content_counts.followed + excluded.followed",
};

const COUNTS: Sql = Sql::same(
    "select brand, block, $1, cast(sum(shown) as bigint), cast(sum(followed) as bigint) from content_counts
     where day >= $1 group by brand, block order by brand, block",
);

const BOUGHT: Sql = Sql {
    postgres: "insert into purchases (contact, order_key, brand, at, goods)
               select * from unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::text[])
               on conflict (contact, order_key) do update set at = excluded.at, goods = excluded.goods",
    sqlite: "insert into purchases (contact, order_key, brand, at, goods)
             select unhex(value->>0), value->>1, value->>2, value->>3, value->>4 from json_each($1) where true
             on conflict (contact, order_key) do update set at = excluded.at, goods = excluded.goods",
};

const BEFORE: Sql = Sql::same(
    "select goods from purchases where contact = $1 and brand = $2 and order_key <> $3 order by at desc, order_key limit $4",
);

impl Store {
    /// Adds to the counts of blocks.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn count_content(&self, counts: &[ContentCount]) -> Result<(), StoreError> {
        if counts.is_empty() {
            return Ok(());
        }
        let mut rows: Vec<&ContentCount> = counts.iter().collect();
        rows.sort_unstable_by_key(|row| (&row.brand, &row.block, row.day));
        let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        let cols = [
            Col::Text(rows.iter().map(|row| row.brand.as_str()).collect()),
            Col::Text(rows.iter().map(|row| row.block.as_str()).collect()),
            Col::Int(rows.iter().map(|row| i64::from(row.day)).collect()),
            Col::Int(rows.iter().map(|row| number(row.shown)).collect()),
            Col::Int(rows.iter().map(|row| number(row.followed)).collect()),
        ];
        self.execute(&COUNT, &[], &cols).await?;
        Ok(())
    }

    /// The counts of all blocks since a day, added up; each row's day is that one.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn content_counts(&self, since: Day) -> Result<Vec<ContentCount>, StoreError> {
        let rows: Vec<(String, String, i64, i64, i64)> = self.read(&COUNTS, &[One::Int(i64::from(since))], &[]).await?;
        let number = |n: i64| u64::try_from(n).unwrap_or(0);
        let row = |(brand, block, _, shown, followed): (String, String, i64, i64, i64)| ContentCount {
            brand: BrandId::new(brand),
            block,
            day: since,
            shown: number(shown),
            followed: number(followed),
        };
        Ok(rows.into_iter().map(row).collect())
    }

    /// What a person has bought of a brand in other orders than this one, the newest 50: as JSON, whose inside is others'
    /// business.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn bought_before(&self, contact: ContactKey, order: &OrderKey) -> Result<Vec<String>, StoreError> {
        let ones =
            [One::Uuid(contact.0), One::Text(order.brand_str()), One::Text(order.as_str()), One::Int(ORDERS_MAX)];
        let rows: Vec<(String,)> = self.read(&BEFORE, &ones, &[]).await?;
        Ok(rows.into_iter().map(|(goods,)| goods).collect())
    }
}

impl Tx {
    /// Notes what was bought. The last of two notes about one order and person counts.
    pub(super) async fn save_purchases(&mut self, purchases: &[Purchase]) -> Result<(), StoreError> {
        if purchases.is_empty() {
            return Ok(());
        }
        let last: BTreeMap<(ContactKey, &OrderKey), &Purchase> =
            purchases.iter().map(|row| ((row.contact, &row.order), row)).collect();
        let cols = [
            Col::Uuid(last.values().map(|row| row.contact.0).collect()),
            Col::Text(last.values().map(|row| row.order.as_str()).collect()),
            Col::Text(last.values().map(|row| row.order.brand_str()).collect()),
            Col::Int(last.values().map(|row| row.at.as_millisecond()).collect()),
            Col::Text(last.values().map(|row| row.goods.as_str()).collect()),
        ];
        self.execute(&BOUGHT, &[], &cols).await?;
        Ok(())
    }
}
