//! Migrations, and the database's own clock.

use doorstep::clock::Clock;
use doorstep::domain::person::Channel;
use doorstep::domain::stage::Stage;
use doorstep::store::{Settings, Store, StoreError};

use super::world::{Db, LEASE, MARGIN, SEND};

mod postgres {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn many_workers_migrate_at_once() {
        super::many_workers_migrate_at_once(Db::postgres_empty().await).await;
    }
    #[tokio::test]
    async fn a_newer_schema_is_refused() {
        super::a_newer_schema_is_refused(Db::postgres().await).await;
    }
    #[tokio::test]
    async fn a_changed_migration_is_refused() {
        super::a_changed_migration_is_refused(Db::postgres().await).await;
    }
    #[tokio::test]
    async fn the_databases_clock_is_learnt() {
        super::the_databases_clock_is_learnt(Db::postgres().await).await;
    }
}

mod sqlite {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn many_workers_migrate_at_once() {
        super::many_workers_migrate_at_once(Db::sqlite_empty().await).await;
    }
    #[tokio::test]
    async fn a_newer_schema_is_refused() {
        super::a_newer_schema_is_refused(Db::sqlite().await).await;
    }
    #[tokio::test]
    async fn a_changed_migration_is_refused() {
        super::a_changed_migration_is_refused(Db::sqlite().await).await;
    }
    #[tokio::test]
    async fn the_databases_clock_is_learnt() {
        super::the_databases_clock_is_learnt(Db::sqlite().await).await;
    }
}

async fn many_workers_migrate_at_once(db: Db) {
    assert_eq!(db.store.schema_version().await.unwrap(), 0);
    assert!(matches!(db.store.check_schema().await, Err(StoreError::Migration { .. })));
    let mut tasks = Vec::new();
    for _ in 0..6 {
        let store = db.another().await;
        tasks.push(tokio::spawn(async move {
            let done = store.migrate().await;
            store.close().await;
            done
        }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(db.store.schema_version().await.unwrap(), db.store.schema_known());
    db.store.check_schema().await.unwrap();
    db.store.migrate().await.expect("doing it again changes nothing");
    db.end().await;
}

async fn a_newer_schema_is_refused(db: Db) {
    db.raw(
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
            select 9000, 'from the future', success, checksum, 0 from _sqlx_migrations where version = 1",
    )
    .await;
    let known = db.store.schema_known();
    for refused in [db.store.migrate().await, db.store.check_schema().await] {
        let error = refused.unwrap_err();
        assert!(matches!(error, StoreError::SchemaTooNew { found: 9000, .. }), "{error:?}");
        let expected = format!("the database has schema 9000, this doorstep knows schemas up to {known}");
        assert!(error.to_string().starts_with(&expected), "{error}");
    }
    db.end().await;
}

async fn a_changed_migration_is_refused(db: Db) {
    db.raw("update _sqlx_migrations set description = 'x', checksum = substr(checksum, 1, 4)").await;
    let error = db.store.migrate().await.unwrap_err();
    assert_eq!(error.to_string(), "the database could not be migrated: step 1 was applied in another wording");
    db.end().await;
}

async fn the_databases_clock_is_learnt(db: Db) {
    let store = Store::open(&db.settings, Clock::database()).await.unwrap();
    // A clock that believes in another time is corrected by the first answer.
    store.clock().learn(0);
    assert_eq!(store.clock().now().to_string().get(..4), Some("1970"));
    store.ping().await.unwrap();
    assert!(store.clock().now() > super::world::start(), "the database lives after 2026-11-02");
    // Rows get the database's own time, not the simulated one.
    let mut tx = store.begin("test").await.unwrap();
    let order = super::world::order_key("1");
    tx.mark_seen(&[super::world::arrival("a", Some(&order), "says")]).await.unwrap();
    tx.commit().await.unwrap();
    let received = store.facts_of(&order).await.unwrap()[0].received_at;
    assert!(received > super::world::start());
    store.close().await;
    db.end().await;
}

#[tokio::test]
async fn an_address_that_names_no_database_is_refused() {
    for url in ["", "mysql://x", "doorstep.db", "postgres", "sqlite::memory:", "sqlite:"] {
        let refused = Store::open(&Settings::at(url), Clock::database()).await;
        assert!(matches!(refused, Err(StoreError::Address { .. })), "{url:?}: {refused:?}");
    }
    let nowhere = Settings::at("sqlite:/nonexistent-folder/store.db");
    let refused = Store::open(&nowhere, Clock::database()).await.unwrap_err();
    assert!(refused.is_unavailable(), "{refused:?}");
}

#[tokio::test]
async fn settings_are_strict_and_hide_the_password() {
    let settings: Settings = toml::from_str("url = 'postgres://u:hunter2@db.example/x'\npool_max = 3").unwrap();
    assert_eq!(settings.pool_max.get(), 3);
    assert_eq!(settings.statement_timeout_secs.get(), 5);
    assert!(!format!("{settings:?}").contains("hunter2"));
    let store = Store::open(&settings, Clock::database()).await.unwrap();
    assert!(!format!("{store:?}").contains("hunter2"));
    assert!(toml::from_str::<Settings>("pool_maximum = 3").is_err());
    assert!(toml::from_str::<Settings>("pool_max = 0").is_err());
}

/// What makes the outbox cheap: claims and intents change no index, so their row versions stay in their pages.
///
/// Old versions make room only once no session of the whole server can still see them, and other tests run beside this one: so
/// it looks until it had the server to itself.
#[tokio::test]
async fn claims_and_intents_stay_hot_on_postgres() {
    let mut cold = Vec::new();
    for _ in 0..40 {
        cold.push(cold_updates().await);
        // A page that is still full of versions which others may see has no room: let one update in five move.
        if cold.last() <= Some(&16) {
            return;
        }
    }
    panic!("of 80 updates touched the indexes, try by try: {cold:?}");
}

/// How many of the 80 updates of 40 claims and 40 intents touched the indexes.
async fn cold_updates() -> i64 {
    let db = Db::postgres().await;
    let keys: Vec<_> = (0..40).map(|n| super::world::order_key(&n.to_string())).collect();
    for key in &keys {
        db.plan(key, &[super::world::notice(key, Stage::Shipped, 1)]).await;
    }
    let worker = db.another().await;
    let claimed = worker.claim(Channel::Email, 40, LEASE).await.unwrap();
    let intents: Vec<_> = claimed.iter().map(super::world::intent).collect();
    worker.intend(&intents, MARGIN, SEND).await.unwrap();
    // A session's counts are published when it ends.
    worker.close().await;
    let updates = "select n_tup_upd from pg_stat_user_tables where relname = 'outbox'";
    let published = async { while db.count(updates).await < 80 {} };
    tokio::time::timeout(std::time::Duration::from_secs(60), published).await.expect("the counts are published");
    let cold = db.count("select n_tup_upd - n_tup_hot_upd from pg_stat_user_tables where relname = 'outbox'").await;
    db.end().await;
    cold
}
