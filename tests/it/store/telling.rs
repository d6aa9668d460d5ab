//! Ops hear of alerts: few messages, each alert once, whoever tells and whenever a worker dies.

mod feeds;
#[cfg(feature = "crash-points")]
mod killed;
mod room;

use std::collections::BTreeSet;

use doorstep::store::rows::Occasion;
use jiff::SignedDuration;

use super::world::{Db, start};
use crate::servers::http::{Act, Server, status};
use room::{Alerts, Room, kinds, reasons};

on_both!(
    a_burst_of_one_hub_is_one_message,
    two_workers_tell_each_alert_once,
    what_is_over_is_told_to_programs_and_to_those_who_heard_of_it,
    what_nobody_takes_on_climbs_the_ladder,
    what_is_snoozed_comes_back,
    a_storm_of_alerts_is_a_few_messages,
    a_target_that_fails_gets_the_same_message_again,
    a_message_that_nobody_takes_is_kept_with_its_cause,
    the_digest_goes_out_once_a_day,
);

async fn a_burst_of_one_hub_is_one_message(db: &Db) {
    let sink = Server::start().await;
    let mut room = Room::new(db, &sink, "").await;
    Alerts { count: 400, ..Alerts::default() }.insert(db).await;
    Alerts { count: 3, carrier: "dpd", ..Alerts::default() }.insert(db).await;
    assert_eq!(room.tell().await, 0, "others of the same burst may be on their way");
    db.advance(301);
    assert_eq!(room.tell().await, 2);
    let heard = room.heard(&sink);
    let mut counts: Vec<_> = heard.iter().map(|body| body["data"]["count"].as_u64().expect("a count")).collect();
    counts.sort_unstable();
    assert_eq!(counts, [3, 400]);
    let stalled = heard.iter().find(|body| body["data"]["carrier"] == "dhl").expect("the hub's message");
    assert_eq!((&stalled["type"], &stalled["data"]["kind"]), (&"alert.opened".into(), &"stalled".into()));
    assert_eq!(stalled["data"]["alerts"].as_array().map(Vec::len), Some(20));
    assert_eq!(stalled["data"]["value"]["EUR"], 400 * 1000 + (0..400).sum::<i64>());
    assert_eq!(stalled["data"]["alerts"][0]["value"], 1399, "the dearest of the first day comes first");
    db.advance(600);
    assert_eq!(room.tell().await, 0, "nothing is told twice");
    Alerts { count: 1, first: 900, ..Alerts::default() }.insert(db).await;
    db.advance(301);
    assert_eq!(room.tell().await, 1, "a new one of the same group is news");
}

async fn two_workers_tell_each_alert_once(db: &Db) {
    let sink = Server::start().await;
    let other = db.another().await;
    let mut rooms = [Room::new(db, &sink, "").await, Room::on(&other, &sink, "").await];
    for (number, carrier) in ["dhl", "dpd", "inpost", "gls", "ups", "fedex"].into_iter().enumerate() {
        Alerts { count: 700, first: 1000 * number, carrier, ..Alerts::default() }.insert(db).await;
    }
    db.advance(301);
    // Each may find the other busy, so both look more than once.
    for _ in 0..4 {
        let [one, two] = &mut rooms;
        let (_, _) = tokio::join!(one.tell(), two.tell());
    }
    let heard = rooms[0].heard(&sink);
    assert_eq!(heard.iter().map(|body| body["data"]["count"].as_u64().expect("a count")).sum::<u64>(), 4200);
    assert_eq!(heard.len(), 6, "each group is told in one piece");
    assert_eq!(db.count("select count(*) from alerts where announced_at is null").await, 0);
    other.close().await;
}

async fn what_is_over_is_told_to_programs_and_to_those_who_heard_of_it(db: &Db) {
    let (sink, chat) = (Server::start().await, Server::start().await);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut room = Room::new(db, &sink, &room::slack(&chat, "chat", folder.path())).await;
    Alerts { count: 5, ..Alerts::default() }.insert(db).await;
    Alerts { count: 2, carrier: "dpd", ..Alerts::default() }.insert(db).await;
    db.raw(&format!("update alerts set state = 'cleared', cleared_at = {} where carrier = 'dpd'", at(10))).await;
    db.advance(301);
    room.tell().await;
    assert_eq!(kinds(&room.heard(&sink)), ["alert.opened"], "what was over before it was told is no news");
    assert_eq!(chat.seen().len(), 1);
    db.raw(&format!("update alerts set state = 'cleared', cleared_at = {} where carrier = 'dhl'", at(400))).await;
    db.advance(500);
    room.tell().await;
    db.advance(500);
    room.tell().await;
    assert_eq!(kinds(&room.heard(&sink)), ["alert.opened", "alert.cleared"]);
    assert_eq!(chat.seen().len(), 1, "chats hear of ends only where they asked to");
    assert_eq!(db.count("select count(*) from alerts where clear_announced_at is null").await, 0);
}

async fn what_nobody_takes_on_climbs_the_ladder(db: &Db) {
    let (sink, lead) = (Server::start().await, Server::start().await);
    let ladder = "ladder = [{ after = '4h' }, { after = '24h', to = ['lead'] }]\n";
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut room = Room::new(db, &sink, &format!("{ladder}{}", room::webhook(&lead, "lead", folder.path()))).await;
    Alerts { count: 6, ..Alerts::default() }.insert(db).await;
    db.advance(301);
    room.tell().await;
    assert_eq!(lead.seen().len(), 0, "who stands on the ladder is not told at first");
    let hours = |h: i64| db.advance(h * 3600);
    hours(3);
    room.tell().await;
    assert_eq!(kinds(&room.heard(&sink)), ["alert.opened"]);
    // Two are looked after, one is over.
    db.raw("update alerts set state = 'acknowledged' where order_key in ('harbour/HG-0', 'harbour/HG-1')").await;
    db.raw(&format!("update alerts set state = 'cleared', cleared_at = {} where order_key = 'harbour/HG-2'", at(100)))
        .await;
    hours(1);
    room.tell().await;
    let mut heard = room.heard(&sink);
    // Two that are due at the same time go out at the same time.
    heard.sort_by_key(|body| body["type"].to_string());
    assert_eq!(kinds(&heard), ["alert.cleared", "alert.opened", "alert.reminder"]);
    assert_eq!((&heard[2]["data"]["count"], &heard[2]["data"]["reminder"]), (&3.into(), &1.into()));
    hours(20);
    room.tell().await;
    let higher = room.heard(&lead);
    assert_eq!(kinds(&higher), ["alert.reminder"]);
    assert_eq!((&higher[0]["data"]["count"], &higher[0]["data"]["reminder"]), (&3.into(), &2.into()));
    hours(300);
    room.tell().await;
    assert_eq!((sink.seen().len(), lead.seen().len()), (3, 1), "the ladder has an end");
}

async fn what_is_snoozed_comes_back(db: &Db) {
    let sink = Server::start().await;
    let mut room = Room::new(db, &sink, "").await;
    Alerts { count: 2, ..Alerts::default() }.insert(db).await;
    db.advance(301);
    room.tell().await;
    let until = at(7200);
    db.raw(&format!("update alerts set state = 'snoozed', snoozed_until = {until} where order_key = 'harbour/HG-1'"))
        .await;
    db.advance(3600);
    room.tell().await;
    assert_eq!(sink.seen().len(), 1);
    db.advance(3600);
    room.tell().await;
    let heard = room.heard(&sink);
    assert_eq!(kinds(&heard), ["alert.opened", "alert.opened"]);
    assert_eq!(heard[1]["data"]["alerts"][0]["order_id"], "HG-1");
    assert_eq!(db.count("select count(*) from alerts where state = 'open'").await, 2);
}

async fn a_storm_of_alerts_is_a_few_messages(db: &Db) {
    let sink = Server::start().await;
    let mut room = Room::new(db, &sink, "").await;
    Alerts { count: 100_000, lanes: 300, ..Alerts::default() }.insert(db).await;
    db.advance(301);
    room.tell().await;
    let heard = room.heard(&sink);
    assert_eq!(heard.len(), 30);
    let counts: Vec<u64> = heard.iter().map(|body| body["data"]["count"].as_u64().expect("a count")).collect();
    assert_eq!(counts.iter().sum::<u64>(), 100_000, "each is told");
    let folded = heard.iter().find(|body| body["data"]["groups"].is_u64()).expect("one for all the others");
    assert_eq!(folded["data"]["groups"], 300 - 29);
    assert!(sink.seen().iter().all(|request| request.body.len() < 16_000), "no message is long");
    // The hour is used up: what comes now waits.
    Alerts { count: 50, first: 200_000, lanes: 10, ..Alerts::default() }.insert(db).await;
    db.advance(301);
    room.tell().await;
    assert_eq!(sink.seen().len(), 30);
    db.advance(3600);
    room.tell().await;
    assert_eq!(room.heard(&sink).len(), 40);
}

async fn a_target_that_fails_gets_the_same_message_again(db: &Db) {
    let (sink, chat) = (Server::start().await, Server::start().await);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut room = Room::new(db, &sink, &room::slack(&chat, "chat", folder.path())).await;
    sink.script(Act::Close);
    sink.script(Act::Answer(503, "retry-after: 1800\r\n".to_owned(), String::new()));
    Alerts { count: 1, ..Alerts::default() }.insert(db).await;
    db.advance(301);
    assert_eq!(room.tell().await, 2);
    assert_eq!(chat.seen().len(), 1, "one target's trouble is not another's");
    db.advance(7);
    assert_eq!(room.tell().await, 1, "after five seconds, give or take a fifth");
    db.advance(1799);
    assert_eq!(room.tell().await, 0, "never before it was asked to");
    db.advance(2);
    assert_eq!(room.tell().await, 1);
    let ids: BTreeSet<_> = sink.seen().iter().map(|request| request.header("webhook-id").to_owned()).collect();
    let bodies: BTreeSet<_> = sink.seen().iter().map(|request| request.body.clone()).collect();
    assert_eq!((sink.seen().len(), ids.len(), bodies.len()), (3, 1, 1));
    db.advance(100_000);
    assert_eq!(room.tell().await, 0, "it was taken");
    assert_eq!(db.count("select count(*) from alert_posts where cause is not null or due_at is not null").await, 0);
}

async fn a_message_that_nobody_takes_is_kept_with_its_cause(db: &Db) {
    let sink = Server::start().await;
    let mut room = Room::new(db, &sink, "").await;
    (0..20).for_each(|_| sink.script(status(500)));
    Alerts { count: 1, ..Alerts::default() }.insert(db).await;
    db.advance(301);
    for _ in 0..20 {
        room.tell().await;
        db.advance(12 * 3600);
    }
    assert_eq!(sink.seen().len(), 8, "the schedule has an end");
    assert_eq!(reasons(db).await, "the receiver failed (500)");
    let refusing = Server::start().await;
    refusing.script(status(400));
    let mut room = Room::new(db, &refusing, "").await;
    Alerts { count: 1, first: 50, ..Alerts::default() }.insert(db).await;
    db.advance(301);
    room.tell().await;
    db.advance(100_000);
    room.tell().await;
    assert_eq!(refusing.seen().len(), 1, "what is refused for good is not sent again");
}

async fn the_digest_goes_out_once_a_day(db: &Db) {
    let sink = Server::start().await;
    let more = "tell = []\n[alerts.digest]\nto = ['ops@harbour.example', 'lead@harbour.example']\n";
    let other = db.another().await;
    let mut rooms = [Room::new(db, &sink, more).await, Room::on(&other, &sink, more).await];
    Alerts { count: 12, ..Alerts::default() }.insert(db).await;
    let [one, two] = &mut rooms;
    let (_, _) = tokio::join!(one.tell(), two.tell());
    db.advance(3600);
    one.tell().await;
    let written = |room: &Room| {
        let files = std::fs::read_dir(room.folder.path().join("mails")).expect("the folder is there");
        files
            .filter(|file| file.as_ref().is_ok_and(|file| file.path().extension().is_some_and(|e| e == "html")))
            .count()
    };
    assert_eq!(written(one) + written(two), 2, "one for each address, on a Monday after eight");
    db.advance(23 * 3600);
    one.tell().await;
    assert_eq!(written(one) + written(two), 4);
    let texts = std::fs::read_dir(one.folder.path().join("mails")).expect("the folder is there");
    let all: String = texts.filter_map(|file| std::fs::read_to_string(file.ok()?.path()).ok()).collect();
    assert!(all.contains("12 open") && !all.contains("@harbour.example"), "{all}");
    assert_eq!(db.count("select count(*) from alert_posts where target like '%@%'").await, 0);
    let any = Occasion::Opened;
    assert_eq!(db.store.alert_groups(&any).await.expect("the store answers").len(), 0);
    other.close().await;
}

/// Milliseconds of a moment so many seconds after the start.
fn at(seconds: i64) -> i64 {
    (start() + SignedDuration::from_secs(seconds)).as_millisecond()
}
