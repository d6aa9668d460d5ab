//! A worker that tells ops and dies at a named point: a process of its own.

use std::collections::BTreeSet;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

use doorstep::clock::Clock;
use doorstep::store::{Settings, Store};
use jiff::{SignedDuration, Timestamp};

use super::room::{Alerts, Room};
use crate::servers::http::Server;
use crate::store::world::Db;

on_both!(a_worker_that_dies_before_sending_leaves_the_message_to_another,);

/// Where the child finds database, time and receiver's port, with blanks between them.
const SCRIPT: &str = "DOORSTEP_TEST_TELLING_SCRIPT";

/// Lets a worker tell what is due, and die at `point`.
async fn die_at(db: &Db, sink: &Server, point: &str) {
    let script = format!("{} {} {}", db.settings.url, db.clock.now(), sink.port);
    let point = format!("{point}:1");
    let output = tokio::task::spawn_blocking(move || {
        let mut command = Command::new(std::env::current_exe().expect("this binary"));
        command.args(["store::telling::killed::child", "--exact", "--test-threads=1"]);
        command.env(SCRIPT, script).env("DOORSTEP_CRASH_AT", point).output().expect("the child starts")
    });
    let output = output.await.expect("the child is watched to its end");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.signal(), Some(6), "the child did not die at its point:\n{said}");
}

/// The child process: does nothing unless a script says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Ok(script) = std::env::var(SCRIPT) else { return };
    let [url, now, port] = script.split(' ').collect::<Vec<_>>()[..] else { panic!("not a script: {script}") };
    let now: Timestamp = now.parse().expect("a time");
    let store = Store::open(&Settings::at(url.to_owned()), Clock::simulated(now)).await.expect("the database is there");
    let sink = Server::at(port.parse().expect("a port"));
    Room::on(&store, &sink, "").await.tell().await;
}

async fn a_worker_that_dies_before_sending_leaves_the_message_to_another(db: &Db) {
    let sink = Server::start().await;
    Alerts { count: 400, ..Alerts::default() }.insert(db).await;
    db.advance(301);
    let started = db.clock.now();
    // Written and never sent; then claimed and never sent; then sent and never settled.
    for (point, sends) in [("alerts.written", 0), ("alerts.claimed", 0), ("alerts.sent", 1)] {
        die_at(db, &sink, point).await;
        assert_eq!(sink.seen().len(), sends, "{point}");
        assert_eq!(db.count("select count(*) from alert_posts").await, 1, "{point}");
        assert_eq!(db.count("select count(*) from alerts where announced_at is null").await, 0, "{point}");
        // A claim holds for a minute, a send for twelve.
        db.advance(721);
    }
    let mut room = Room::new(db, &sink, "").await;
    assert_eq!(room.tell().await, 1);
    let heard = room.heard(&sink);
    assert_eq!((heard.len(), &heard[0], &heard[0]["data"]["count"]), (2, &heard[1], &400.into()));
    let ids: BTreeSet<_> = sink.seen().iter().map(|request| request.header("webhook-id").to_owned()).collect();
    assert_eq!(ids.len(), 1, "the receiver knows the copy by its id");
    db.advance(3600);
    assert_eq!(room.tell().await, 0);
    assert!(db.clock.now() > started + SignedDuration::from_hours(1));
}
