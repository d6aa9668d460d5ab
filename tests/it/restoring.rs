//! A database is lost, its copy takes its place, and the real binary takes in what happened since: by the runbook's own commands.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::door::client::until;
use crate::outage::{delivered, event, paid, told_by};
use crate::runbook;
use crate::running::Running;
use crate::servers::http::Server;
use crate::store::on_both;
use crate::store::world::Db;

on_both!(after_a_restore_nothing_is_told_twice_and_what_happened_since_is_not_lost);

/// A worker's surroundings: its settings, and the provider that takes its mails. It recognises no key: a second copy counts.
struct Shop {
    folder: tempfile::TempDir,
    database: String,
    provider: Server,
}

impl Shop {
    async fn new(database: &str) -> Self {
        let (folder, provider) = (tempfile::tempdir().expect("a temporary folder"), Server::start().await);
        let settings = format!(
            "[email]\ntransport = 'http'\nurl = '{}'\n[dispatch]\njournal = '{}'\n[voice]\ndefault_brand = 'harbour'\n\
             [brands.harbour]\nname = 'Harbour Goods'\nsender = {{ address = 'orders@harbour.example' }}\n\
             [brands.harbour.policy]\nmerge_window = '0s'\n",
            provider.url("/emails"),
            folder.path().join("sends").display()
        );
        std::fs::write(folder.path().join("doorstep.toml"), settings).expect("a file");
        Self { folder, database: database.to_owned(), provider }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    async fn worker(&self) -> Running {
        let config = self.path("doorstep.toml");
        Running::start(self.folder.path(), |command| {
            command.args(["--config", &config]).env("DATABASE_URL", &self.database);
        })
        .await
    }

    /// Lets facts in at the door, and waits until so many mails were taken of each of these orders.
    async fn bring(&self, worker: &Running, facts: &[Value], mails: &[(usize, usize)]) {
        for fact in facts {
            let answer = worker.client.clone().event(fact.to_string()).await;
            assert_eq!(answer.status, 202, "{}", answer.text());
        }
        let taken = |order| told_by(&self.provider, 0).remove(order).unwrap_or_default().values().sum::<usize>();
        until(|| mails.iter().all(|(order, count)| taken(order) >= *count)).await;
    }

    /// Puts the copy in the database's place, as the runbook says.
    fn restore(&self, copy: &Path) {
        let journals = self.path("sends");
        let is_empty = || std::fs::read_dir(&journals).expect("the folder of journals").next().is_none();
        assert!(!is_empty(), "the dead worker kept a journal");
        runbook::restore(&self.database, copy);
        runbook::perform("Empty the journals", &[("JOURNALS", &journals)]);
        assert!(is_empty());
    }
}

fn shipped(n: usize, at: Timestamp) -> Value {
    event("shipment.shipped", n, at, json!({"order": {"id": n.to_string()}, "shipment": {"id": "A", "carrier": "dhl"}}))
}

/// Order 1 goes on after the copy was made, 2 begins after it, and of 3 nothing is heard between copy and failure.
async fn after_a_restore_nothing_is_told_twice_and_what_happened_since_is_not_lost(db: &Db) {
    db.store.close().await;
    let shop = Shop::new(&db.settings.url).await;
    let start = Timestamp::now() - SignedDuration::from_hours(6);
    let at = |hour| start + SignedDuration::from_hours(hour);
    let worker = shop.worker().await;
    shop.bring(&worker, &[paid(1, at(0)), paid(3, at(0))], &[(1, 1), (3, 1)]).await;
    // That a mail was taken is written down a moment later; a copy made in between would have it in doubt, rightly.
    let written = async {
        let mut again = tokio::time::interval(Duration::from_millis(5));
        while db.count("select count(*) from outbox where state <> 'accepted'").await > 0 {
            again.tick().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), written).await.expect("it is written down");
    let copy = shop.folder.path().join("copy");
    runbook::back_up(&shop.database, &copy);
    let since = [shipped(1, at(1)), paid(2, at(2))];
    shop.bring(&worker, &since, &[(1, 2), (2, 1)]).await;
    worker.kill();

    shop.restore(&copy);
    // Since the copy was made, a timer of the order of which nobody reported anything has run down.
    db.raw("update wakes set due_at = 1 where order_key = 'harbour/3'").await;
    let run_down = "select count(*) from wakes where due_at = 1";
    assert_eq!(db.count(run_down).await, 1);
    // Rather too early than too late: repeats change nothing.
    let facts: String = [paid(1, at(0))].iter().chain(&since).map(|fact| format!("{fact}\n")).collect();
    std::fs::write(shop.path("since.jsonl"), facts).expect("a file");
    let variables = [
        ("CONFIG", shop.path("doorstep.toml")),
        ("FACTS", shop.path("since.jsonl")),
        ("DATABASE_URL", shop.database.clone()),
    ];
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let printed = runbook::perform("Take in what happened since", &variables);
    assert!(printed.contains("2 events taken in, 1 were known") && printed.contains(" 0 refused"), "{printed}");
    assert_eq!(db.count(run_down).await, 0, "what the clock had called for counts as told");

    let worker = shop.worker().await;
    let later = [delivered(1, at(4)), shipped(2, at(5)), shipped(3, at(5))];
    shop.bring(&worker, &later, &[(1, 3), (2, 2), (3, 2)]).await;
    worker.stop().await;
    let once = |stages: &[&str]| stages.iter().map(|stage| ((*stage).to_owned(), 1)).collect::<BTreeMap<_, usize>>();
    let told = BTreeMap::from([
        (1, once(&["confirmed", "shipped", "delivered"])),
        (2, once(&["confirmed", "shipped"])),
        (3, once(&["confirmed", "shipped"])),
    ]);
    assert_eq!(told_by(&shop.provider, 0), told, "each news once, over the whole time");
    assert_eq!(db.count("select count(*) from outbox where state <> 'accepted'").await, 0, "nothing more is to come");
    assert_eq!(db.count("select count(*) from inbox").await, 7, "every fact is there");

    // The check can fail: whoever lets the facts in at the door tells them again.
    shop.restore(&copy);
    let worker = shop.worker().await;
    shop.bring(&worker, &since, &[(1, 4), (2, 3)]).await;
    worker.stop().await;
    assert_eq!(told_by(&shop.provider, 0)[&1]["shipped"], 2);
}
