//! What the days taught about lanes, and what is known of them: packed documents, whose inside is others' business.

use super::error::StoreError;
use super::params::{Col, One, Sql};
use super::tx::Tx;
use super::{Store, now_postgres, now_sqlite};
use crate::domain::id::BrandId;
use crate::domain::lane::Day;
use crate::store::rows::TallyRow;

const TEACH: Sql = Sql {
    postgres: "insert into lane_tallies (brand, day, doc) select * from unnest($1::text[], $2::bigint[], $3::bytea[])",
    sqlite: "insert into lane_tallies (brand, day, doc)
             select value->>0, value->>1, substr($2, value->>2, value->>3) from json_each($1)",
};

// A lock of its own, since a brand's first row is not there to be locked. SQLite has one writer at a time.
const LOCK: Sql = Sql {
    postgres: "select 1 from (select pg_advisory_xact_lock(hashtextextended($1, 11))) as locked",
    sqlite: "select 1",
};
const KNOWN: Sql = Sql::same("select as_of, doc from lanes where brand = $1");
const TALLIES: Sql =
    Sql::same("select seq, doc from lane_tallies where brand = $1 and day <= $2 and seq > $3 order by seq limit $4");
// Those that were read, by number: a number says nothing of the order in which transactions become visible.
const DONE: Sql = Sql {
    postgres: "delete from lane_tallies where seq = any($1::bigint[])",
    sqlite: "delete from lane_tallies where seq in (select value->>0 from json_each($1))",
};
const SAVE: Sql = Sql {
    postgres: concat!(
        "insert into lanes (brand, as_of, closed_at, doc) values ($2, $3, ",
        now_postgres!(),
        ", $4) on conflict (brand) do update set as_of = excluded.as_of, closed_at = excluded.closed_at, doc = excluded.doc"
    ),
    sqlite: concat!(
        "insert into lanes (brand, as_of, closed_at, doc) values ($2, $3, ",
        now_sqlite!(),
        ", $4) on conflict (brand) do update set as_of = excluded.as_of, closed_at = excluded.closed_at, doc = excluded.doc"
    ),
};

const AS_OF: Sql = Sql::same("select brand, as_of from lanes order by brand");
// Brands that have something to close: those with a tally, and those whose lanes only grow older.
const DUE: Sql = Sql::same(
    "select brand from lanes where as_of < $1 union select distinct brand from lane_tallies where day <= $1 order by 1",
);

impl Store {
    /// The day up to which each brand's lanes are known.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn lanes_as_of(&self) -> Result<Vec<(BrandId, Day)>, StoreError> {
        let rows: Vec<(String, i64)> = self.read(&AS_OF, &[], &[]).await?;
        rows.into_iter().map(|(brand, day)| Ok((BrandId::new(brand), self::day(day)?))).collect()
    }

    /// What is known of a brand's lanes; `None` while nothing is.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn lanes(&self, brand: &BrandId) -> Result<Option<Vec<u8>>, StoreError> {
        let rows: Vec<(i64, Vec<u8>)> = self.read(&KNOWN, &[One::Text(brand.as_str())], &[]).await?;
        Ok(rows.into_iter().next().map(|(_, doc)| doc))
    }

    /// The brands that have something to close, now that `until` is over.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn lanes_due(&self, until: Day) -> Result<Vec<BrandId>, StoreError> {
        let rows: Vec<(String,)> = self.read(&DUE, &[One::Int(i64::from(until))], &[]).await?;
        Ok(rows.into_iter().map(|(brand,)| BrandId::new(brand)).collect())
    }
}

impl Tx {
    /// Keeps what a batch of mornings taught.
    pub(super) async fn teach(&mut self, tallies: &[TallyRow]) -> Result<(), StoreError> {
        if tallies.is_empty() {
            return Ok(());
        }
        let cols = [
            Col::Text(tallies.iter().map(|tally| tally.brand.as_str()).collect()),
            Col::Int(tallies.iter().map(|tally| i64::from(tally.day)).collect()),
            Col::Bytes(tallies.iter().map(|tally| tally.doc.as_slice()).collect()),
        ];
        self.execute(&TEACH, &[], &cols).await?;
        Ok(())
    }

    /// Takes the right to close a brand's days until the transaction's end, and reads what is known of its lanes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn lock_lanes(&mut self, brand: &BrandId) -> Result<Option<Vec<u8>>, StoreError> {
        let _: Vec<(i32,)> = self.fetch(&LOCK, &[One::Text(brand.as_str())], &[]).await?;
        let rows: Vec<(i64, Vec<u8>)> = self.fetch(&KNOWN, &[One::Text(brand.as_str())], &[]).await?;
        Ok(rows.into_iter().next().map(|(_, doc)| doc))
    }

    /// Up to `limit` tallies of days up to `until`, after the one numbered `after`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn tallies(
        &mut self,
        brand: &BrandId,
        until: Day,
        after: i64,
        limit: u32,
    ) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
        let ones = [One::Text(brand.as_str()), One::Int(i64::from(until)), One::Int(after), One::Int(i64::from(limit))];
        self.fetch(&TALLIES, &ones, &[]).await
    }

    /// Writes what is known of a brand's lanes at the end of `as_of`, and forgets the tallies that were read, by their numbers.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn save_lanes(
        &mut self,
        brand: &BrandId,
        as_of: Day,
        doc: &[u8],
        read: &[i64],
    ) -> Result<(), StoreError> {
        let as_of = i64::from(as_of);
        let now = self.now();
        self.execute(&SAVE, &[now, One::Text(brand.as_str()), One::Int(as_of), One::Bytes(doc)], &[]).await?;
        if !read.is_empty() {
            self.execute(&DONE, &[], &[Col::Int(read.to_vec())]).await?;
        }
        Ok(())
    }
}

fn day(number: i64) -> Result<Day, StoreError> {
    Day::try_from(number).map_err(|_| StoreError::corrupt("lanes", "as_of", "a row"))
}
