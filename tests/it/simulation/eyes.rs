//! Looks at the database past the store: what each worker's turn has changed, and what is due.

use std::collections::HashMap;
use std::path::Path;

use doorstep::domain::id::NoticeKey;
use doorstep::domain::order::Order;
use sqlx::{AssertSqlSafe, Connection, Executor, SqliteConnection};
use uuid::Uuid;

/// Notes each change of a notice's state or fence, with what stood before.
const TRAIL: &str = "
    create table trail (seq integer primary key, key blob, was text, became text, fence_was int, fence int, lease int);
    create trigger planned after insert on outbox begin
        insert into trail (key, became, fence) values (new.key, new.state, new.fence); end;
    create trigger moved after update on outbox when old.state <> new.state or old.fence <> new.fence begin
        insert into trail (key, was, became, fence_was, fence, lease)
        values (new.key, old.state, new.state, old.fence, new.fence, old.lease_until); end;";

/// A connection of its own.
pub(super) struct Eyes {
    conn: SqliteConnection,
    seen: i64,
}

/// A change of one notice.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) key: NoticeKey,
    /// Empty: it was planned just now.
    pub(super) was: Option<String>,
    pub(super) became: String,
    pub(super) fence_was: Option<i64>,
    pub(super) fence: i64,
    /// When the lease that stood before runs out.
    pub(super) lease: Option<i64>,
}

/// When something is to be done next, in milliseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Due {
    pub(super) notice: Option<i64>,
    pub(super) lease: Option<i64>,
    pub(super) wake: Option<i64>,
}

/// A notice beside its order.
pub(super) struct Beside {
    pub(super) state: String,
    pub(super) order_key: String,
    doc: String,
}

impl Beside {
    pub(super) fn order(&self) -> Order {
        serde_json::from_str(&self.doc).expect("a whole document")
    }
}

impl Eyes {
    /// Lays the trail in a new database.
    pub(super) async fn prepare(path: &Path) {
        let mut conn = connect(path).await;
        conn.execute(TRAIL).await.expect("the trail is laid");
        // So that the file alone is the whole database.
        conn.execute("pragma wal_checkpoint(truncate)").await.expect("the log is folded in");
        conn.close().await.expect("it closes");
    }

    pub(super) async fn open(path: &Path) -> Self {
        Self { conn: connect(path).await, seen: 0 }
    }

    /// Empties every table but those that a new database has rows in.
    pub(super) async fn clear(&mut self, keep: &[String]) {
        let mut all = String::from("begin immediate;");
        for table in self.tables().await.into_iter().filter(|table| !keep.contains(table)) {
            all.push_str(&format!("delete from {table};"));
        }
        self.conn.execute(AssertSqlSafe(all + "commit")).await.expect("all is emptied");
        self.seen = 0;
    }

    /// The tables that have rows.
    pub(super) async fn filled(&mut self) -> Vec<String> {
        let mut filled = Vec::new();
        for table in self.tables().await {
            if self.count(&table).await > 0 {
                filled.push(table);
            }
        }
        filled
    }

    async fn tables(&mut self) -> Vec<String> {
        let sql = "select name from sqlite_schema where type = 'table' and name not like 'sqlite_%' order by name";
        sqlx::query_scalar(sql).fetch_all(&mut self.conn).await.expect("it can be read")
    }

    /// What has changed since the last look.
    pub(super) async fn changes(&mut self) -> Vec<Change> {
        type Row = (i64, Uuid, Option<String>, String, Option<i64>, i64, Option<i64>);
        let found: Vec<Row> = sqlx::query_as("select * from trail where seq > $1 order by seq")
            .bind(self.seen)
            .fetch_all(&mut self.conn)
            .await
            .expect("the trail can be read");
        self.seen = found.last().map_or(self.seen, |last| last.0);
        let change = |(_, key, was, became, fence_was, fence, lease): Row| Change {
            key: NoticeKey(key),
            was,
            became,
            fence_was,
            fence,
            lease,
        };
        found.into_iter().map(change).collect()
    }

    pub(super) async fn due(&mut self) -> Due {
        let sql = "select (select min(due_at) from outbox where state = 'planned') as notice,
            (select min(max(lease_until, coalesce(due_at, 0))) from outbox where state in ('claimed', 'sending')) as lease,
            (select min(due_at) from wakes) as wake";
        let (notice, lease, wake) = sqlx::query_as(sql).fetch_one(&mut self.conn).await.expect("it can be read");
        Due { notice, lease, wake }
    }

    pub(super) async fn beside(&mut self, key: NoticeKey) -> Option<Beside> {
        let sql =
            "select o.state, o.order_key, r.doc from outbox o join orders r on r.key = o.order_key where o.key = $1";
        let row: Option<(String, String, String)> =
            sqlx::query_as(sql).bind(key.0).fetch_optional(&mut self.conn).await.expect("it can be read");
        row.map(|(state, order_key, doc)| Beside { state, order_key, doc })
    }

    /// How many rows a table has.
    pub(super) async fn count(&mut self, table: &str) -> i64 {
        let sql = AssertSqlSafe(format!("select count(*) from {table}"));
        sqlx::query_scalar(sql).fetch_one(&mut self.conn).await.expect("it can be read")
    }

    /// The documents of all orders.
    pub(super) async fn orders(&mut self) -> HashMap<String, Order> {
        let rows: Vec<(String, String)> =
            sqlx::query_as("select key, doc from orders").fetch_all(&mut self.conn).await.expect("it can be read");
        rows.into_iter().map(|(key, doc)| (key, serde_json::from_str(&doc).expect("a whole document"))).collect()
    }
}

async fn connect(path: &Path) -> SqliteConnection {
    SqliteConnection::connect(&format!("sqlite:{}", path.display())).await.expect("the file opens")
}
