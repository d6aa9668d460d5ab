//! Messages to ops and their tools: written with what they tell, claimed by lease and fence, sent, settled.

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::claim::at;
use super::cols::cols;
use super::error::StoreError;
use super::params::{Args, Col, Kind, One, Sql, args};
use super::rows::{AlertPost, NewPost, PostEnd};
use super::save::ms;
use super::{Store, now_postgres, now_sqlite};

// The key keeps a second copy out: whoever writes a message that has been written changes nothing.
pub(super) const PUT: Sql = Sql {
    postgres: concat!(
        "insert into alert_posts (id, brand, target, kind, body, created_at, due_at)
         select u.id, u.brand, u.target, u.kind, u.body, ",
        now_postgres!(),
        ", ",
        now_postgres!(),
        " from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[]) as u(id, brand, target, kind, body)
         on conflict (id) do nothing"
    ),
    sqlite: concat!(
        "insert into alert_posts (id, brand, target, kind, body, created_at, due_at)
         select unhex(value->>0), value->>1, value->>2, value->>3, value->>4, ",
        now_sqlite!(),
        ", ",
        now_sqlite!(),
        " from json_each($2) where true on conflict (id) do nothing"
    ),
};

// On SQLite the limit is a sum for the same reason as in `claim`.
const CLAIM: Sql = Sql {
    postgres: concat!(
        "with due as materialized (
             select id from alert_posts where due_at <= ",
        now_postgres!(),
        " and (lease_until is null or lease_until <= ",
        now_postgres!(),
        ") order by due_at limit $2 for update skip locked)
         update alert_posts p set lease_until = ",
        now_postgres!(),
        " + $3, fence = p.fence + 1, attempts = p.attempts + 1
         from due where p.id = due.id returning p.id, p.brand, p.target, p.kind, p.body, p.created_at, p.fence, p.attempts"
    ),
    sqlite: concat!(
        "update alert_posts set lease_until = ",
        now_sqlite!(),
        " + $3, fence = fence + 1, attempts = attempts + 1
         where id in (select id from alert_posts where due_at is not null and due_at <= ",
        now_sqlite!(),
        " and (lease_until is null or lease_until <= ",
        now_sqlite!(),
        ") order by due_at limit 0 + $2)
         returning id, brand, target, kind, body, created_at, fence, attempts"
    ),
};

// Only while the claim is still ours: another worker's claim has another fence.
const HOLD: Sql = Sql {
    postgres: concat!(
        "update alert_posts set lease_until = ",
        now_postgres!(),
        " + $2 where id = $3 and fence = $4 and due_at is not null"
    ),
    sqlite: concat!(
        "update alert_posts set lease_until = ",
        now_sqlite!(),
        " + $2 where id = $3 and fence = $4 and due_at is not null"
    ),
};

const RETRY: Sql = Sql::same(
    "update alert_posts set due_at = $3, lease_until = null, cause = $4 where id = $1 and fence = $2 and due_at is not null",
);

const SETTLE: Sql = Sql {
    postgres: concat!(
        "update alert_posts set due_at = null, lease_until = null, settled_at = ",
        now_postgres!(),
        ", cause = nullif($4, '') where id = $2 and fence = $3 and due_at is not null"
    ),
    sqlite: concat!(
        "update alert_posts set due_at = null, lease_until = null, settled_at = ",
        now_sqlite!(),
        ", cause = nullif($4, '') where id = $2 and fence = $3 and due_at is not null"
    ),
};

const KNOWN: Sql = Sql::same("select count(*) from alert_posts where id = $1");

const NEXT: Sql = Sql::same(
    "select min(case when lease_until > due_at then lease_until else due_at end) from alert_posts where due_at is not null",
);

const PRUNE: Sql = Sql::same("delete from alert_posts where settled_at < $1");

cols! {
    struct PostCols {
        id: Uuid,
        brand: String,
        target: String,
        kind: String,
        body: String,
        created_at: i64,
        fence: i32,
        attempts: i32,
    }
}

impl PostCols {
    fn read(self) -> Result<AlertPost, StoreError> {
        let created_at =
            at(self.created_at).ok_or_else(|| StoreError::corrupt("alert_posts", "created_at", self.id))?;
        let Self { id, brand, target, kind, body, fence, attempts, .. } = self;
        let attempts = u32::try_from(attempts).unwrap_or(1);
        Ok(AlertPost { id, brand, target, kind, body, created_at, fence, attempts })
    }
}

/// The parameters of [`PUT`].
pub(super) fn put_args(kind: Kind, now: Option<i64>, posts: &[NewPost]) -> Result<Args, StoreError> {
    let text = |get: fn(&NewPost) -> &str| Col::Text(posts.iter().map(get).collect());
    let cols = [
        Col::Uuid(posts.iter().map(|post| post.id).collect()),
        text(|post| &post.brand),
        text(|post| &post.target),
        text(|post| post.kind),
        text(|post| &post.body),
    ];
    args(kind, &[One::OptInt(now)], &cols)
}

impl Store {
    /// Writes messages that are due at once; those that are there already stay as they are. Returns how many are new.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Poison`].
    pub async fn put_posts(&self, posts: &[NewPost]) -> Result<u64, StoreError> {
        if posts.is_empty() {
            return Ok(0);
        }
        let args = put_args(self.kind(), self.inner.clock.for_sql(), posts)?;
        self.with(super::Access::Statement, move |mut conn| async move {
            let count = conn.execute(&PUT, args).await?;
            Ok((conn, count))
        })
        .await
    }

    /// Claims up to `limit` messages that are due, oldest first, for the length of `lease`. Two workers never get the same
    /// one; one whose lease has run out is claimed again, and goes out under the same id.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn claim_posts(&self, limit: u32, lease: Duration) -> Result<Vec<AlertPost>, StoreError> {
        let ones = [self.now(), One::Int(i64::from(limit)), One::Int(ms(lease))];
        let rows: Vec<PostCols> = self.write(&CLAIM, &ones, &[]).await?;
        rows.into_iter().map(PostCols::read).collect()
    }

    /// Asks once more, just before the bytes leave, whether a claimed message is still ours, and keeps it for `lease`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn hold_post(&self, post: &AlertPost, lease: Duration) -> Result<bool, StoreError> {
        let ones = [self.now(), One::Int(ms(lease)), One::Uuid(post.id), One::Int(i64::from(post.fence))];
        Ok(self.execute(&HOLD, &ones, &[]).await? == 1)
    }

    /// Writes what became of a claimed message; false if it was another worker's by now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Poison`].
    pub async fn settle_post(&self, post: &AlertPost, end: &PostEnd) -> Result<bool, StoreError> {
        let (id, fence) = (|| One::Uuid(post.id), || One::Int(i64::from(post.fence)));
        let changed = match end {
            PostEnd::Taken => self.execute(&SETTLE, &[self.now(), id(), fence(), One::Text("")], &[]).await?,
            PostEnd::GivenUp { cause } => {
                self.execute(&SETTLE, &[self.now(), id(), fence(), One::Text(cause)], &[]).await?
            }
            PostEnd::Again { at, cause } => {
                let ones = [id(), fence(), One::Int(at.as_millisecond()), One::Text(cause)];
                self.execute(&RETRY, &ones, &[]).await?
            }
        };
        Ok(changed == 1)
    }

    /// Whether a message of this id was ever written (and not yet cleared away).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn has_post(&self, id: Uuid) -> Result<bool, StoreError> {
        let rows: Vec<(i64,)> = self.read(&KNOWN, &[One::Uuid(id)], &[]).await?;
        Ok(rows.first().is_some_and(|(count,)| *count > 0))
    }

    /// When the next message can be claimed; a time in the past means now.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn next_post(&self) -> Result<Option<Timestamp>, StoreError> {
        let rows: Vec<(Option<i64>,)> = self.read(&NEXT, &[], &[]).await?;
        Ok(rows.first().and_then(|(due,)| due.and_then(at)))
    }

    /// Deletes messages that were settled before `before`.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn prune_posts(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute(&PRUNE, &[One::Int(before.as_millisecond())], &[]).await
    }
}
