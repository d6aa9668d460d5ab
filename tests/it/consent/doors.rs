//! The doors for callbacks, over real sockets and a real store.

use doorstep::channel::sign::Keys;
use doorstep::consent::settings::{Door, Settings};
use doorstep::domain::id::BrandId;
use doorstep::domain::person::{Channel, ContactKey};
use doorstep::domain::topic::Topic;
use doorstep::explain::Story;
use doorstep::ingest::decode::{Brands, Decoder, Limits};
use doorstep::store::rows::{Dead, State};
use doorstep::web::callback::Callbacks;
use doorstep::web::{Settings as WebSettings, server};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{START, paid, parcel, policy};
use crate::door::client::{Answer, Client};
use crate::store::world::Db;
use crate::world::{Plan, World};

pub(crate) const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A world with its doors open.
pub(crate) struct House {
    pub(crate) world: World,
    pub(crate) client: Client,
    stop: CancellationToken,
}

pub(crate) fn keys() -> Keys {
    Keys::parse(&[SECRET.into()]).expect("a secret")
}

/// Of a house with two brands.
fn decoder() -> Arc<Decoder> {
    let known = ["harbour", "orchard"].map(str::to_owned).into();
    Arc::new(Decoder::new(Limits::default(), Brands { known: Some(known), ..Brands::any("harbour") }))
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::of(World::new(START, policy()).await).await
    }

    async fn of(world: World) -> Self {
        let door = || Door { secrets: vec![SECRET.into()], secret_files: Vec::new() };
        let settings = Settings { resend: door(), generic: door(), sms: door(), ..Settings::default() };
        let doors = Callbacks::new(world.store.clone(), world.hinge.clone(), decoder(), &settings).expect("doors");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let client = Client { addr: listener.local_addr().expect("its address") };
        let stop = CancellationToken::new();
        let ended = stop.clone();
        tokio::spawn(async move {
            server::serve(listener, doors.routes(), &WebSettings::default(), ended, Duration::from_secs(1)).await;
        });
        Self { world, client, stop }
    }

    /// A call with these headers' prefix, signed at `at`.
    async fn signed(&self, path: &str, prefix: &str, id: &str, at: Timestamp, body: &str) -> Answer {
        let signature = keys().sign(id, at, body.as_bytes());
        let (id_name, time_name, signature_name) =
            (format!("{prefix}-id"), format!("{prefix}-timestamp"), format!("{prefix}-signature"));
        let seconds = at.as_second().to_string();
        let headers = [(id_name.as_str(), id), (&time_name, seconds.as_str()), (&signature_name, &signature)];
        self.client.post(path, &headers, body.as_bytes()).await
    }

    async fn resend(&self, id: &str, body: &Value) -> String {
        let now = self.world.clock.now();
        let answer = self.signed("/v1/callbacks/resend", "svix", id, now, &body.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["verdict"].as_str().expect("a verdict").to_owned()
    }

    async fn text(&self, id: &str, words: &str) -> String {
        self.text_to("harbour", id, words, None).await
    }

    /// A text to a brand, which its gateway took at this time.
    async fn text_to(&self, brand: &str, id: &str, words: &str, at: Option<Timestamp>) -> String {
        let data = json!({"from": "+48 500 500 500", "body": words});
        let body = json!({"type": "sms.received", "timestamp": at, "data": data});
        let now = self.world.clock.now();
        let path = format!("/v1/callbacks/sms/{brand}");
        let answer = self.signed(&path, "webhook", id, now, &body.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["verdict"].as_str().expect("a verdict").to_owned()
    }

    async fn dead(&self, contact: ContactKey) -> Option<Dead> {
        self.world.store.consents(&[contact]).await.expect("an answer").remove(0).dead
    }

    async fn may_text(&self) -> bool {
        self.may_text_for("harbour").await
    }

    async fn may_text_for(&self, brand: &str) -> bool {
        let number = ContactKey::new(Channel::Sms, "+48500500500");
        let known = self.world.store.consents(&[number]).await.expect("an answer").remove(0);
        known.allows(&BrandId::new(brand), Channel::Sms, Topic::Necessary)
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn bounce(kind: &str, to: &str, key: Option<&str>) -> Value {
    json!({"type": "email.bounced", "created_at": "2026-11-02T09:00:05Z", "data": {
        "to": [to], "bounce": {"type": kind, "subType": "General", "message": "no"}, "tags": {"key": key},
    }})
}

fn mail(address: &str) -> ContactKey {
    ContactKey::new(Channel::Email, address)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_signed_or_too_old_or_too_big_is_refused_and_changes_nothing() {
    let house = House::new().await;
    let body = bounce("Permanent", "1@example.org", None).to_string();
    let now = house.world.clock.now();
    for path in ["/v1/callbacks/resend", "/v1/callbacks/generic", "/v1/callbacks/sms/harbour"] {
        let unsigned = house.client.post(path, &[("svix-id", "1"), ("webhook-id", "1")], body.as_bytes()).await;
        assert_eq!(unsigned.status, 403, "{path}");
        for prefix in ["svix", "webhook"] {
            let old = house.signed(path, prefix, "1", now - SignedDuration::from_mins(6), &body).await;
            assert_eq!(old.status, 403, "{path}");
        }
        let big = "x".repeat(70 * 1024);
        assert_eq!(house.signed(path, "webhook", "1", now, &big).await.status, 413, "{path}");
    }
    let nonsense = house.signed("/v1/callbacks/resend", "svix", "1", now, "[1]").await;
    assert_eq!(nonsense.status, 400);
    assert_eq!(house.signed("/v1/callbacks/generic", "svix", "1", now, &body).await.status, 403, "other headers");
    assert_eq!(house.dead(mail("1@example.org")).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_door_without_a_secret_is_not_there() {
    let world = World::new(START, policy()).await;
    let doors =
        Callbacks::new(world.store.clone(), world.hinge.clone(), decoder(), &Settings::default()).expect("doors");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let client = Client { addr: listener.local_addr().expect("its address") };
    let stop = CancellationToken::new();
    let ended = stop.clone();
    tokio::spawn(async move {
        server::serve(listener, doors.routes(), &WebSettings::default(), ended, Duration::from_secs(1)).await;
    });
    assert_eq!(client.post("/v1/callbacks/resend", &[], b"{}").await.status, 404);
    stop.cancel();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hard_bounce_stops_the_address_and_a_repeat_changes_nothing() {
    let house = House::new().await;
    let call = bounce("Permanent", "Ann <1@Example.org>", None);
    assert_eq!(house.resend("msg_1", &call).await, "taken");
    assert_eq!(house.dead(mail("1@example.org")).await, Some(Dead::HardBounce));
    assert!(house.world.store.lift(mail("1@example.org")).await.expect("lifted"));
    assert_eq!(house.resend("msg_1", &call).await, "repeat");
    assert_eq!(house.dead(mail("1@example.org")).await, None, "a replayed call does not bring it back");
    assert_eq!(house.resend("msg_2", &call).await, "taken");
    assert_eq!(house.dead(mail("1@example.org")).await, Some(Dead::HardBounce));
}

/// What became of a mail stands in the order's story, from whichever door it came.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn explain_tells_what_providers_called_back() {
    let house = House::new().await;
    house.world.feed(&[paid("1")]).await;
    house.world.drain().await;
    let key = World::order("1");
    let notices = house.world.store.notices_of(&key).await.expect("an answer");
    let notice = notices.iter().find(|row| row.notice.channel == Channel::Email).expect("a mail").notice.key;
    let call = |kind: &str, minute: u8| {
        json!({"type": kind, "created_at": format!("2026-11-02T09:0{minute}:00Z"), "data": {"to": ["1@example.org"],
            "bounce": {"type": "Permanent"}, "tags": {"key": notice.to_string()}}})
    };
    for (id, kind, at) in [("a", "email.delivered", 1), ("b", "email.bounced", 2), ("b", "email.bounced", 2)] {
        house.resend(id, &call(kind, at)).await;
    }
    house.world.drain().await;
    let story = Story::read(&house.world.store, &key).await.expect("an answer").expect("an order");
    let lines = story.lines(&|at| at.to_string());
    let called: Vec<_> = lines.iter().filter(|line| line.what == "called back").collect();
    let words: Vec<_> = called.iter().map(|line| (line.which.as_str(), line.rule.as_str())).collect();
    let which = "confirmed · email · customer";
    let server = "the provider says: the receiver's own server took it";
    assert_eq!(words, [(which, server), (which, "the provider says: the address is dead")]);
    assert_eq!(called[0].at.to_string(), "2026-11-02T09:01:00Z");
    assert!(!format!("{lines:?}").contains("example.org"), "no address");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_soft_bounces_in_two_weeks_stop_it_for_a_month() {
    let house = House::new().await;
    let soft = bounce("Transient", "1@example.org", None);
    for n in 0..4 {
        // The first is repeated as often as its provider likes.
        house.resend("msg_0", &soft).await;
        house.resend(&format!("msg_{n}"), &soft).await;
    }
    assert_eq!(house.dead(mail("1@example.org")).await, None, "four, however often they are repeated");
    house.world.clock.advance(SignedDuration::from_hours(15 * 24));
    house.resend("msg_5", &soft).await;
    assert_eq!(house.dead(mail("1@example.org")).await, None, "the others are too old");
    for n in 6..10 {
        house.resend(&format!("msg_{n}"), &soft).await;
    }
    assert_eq!(house.dead(mail("1@example.org")).await, Some(Dead::SoftBounces));
    house.world.clock.advance(SignedDuration::from_hours(31 * 24));
    assert_eq!(house.dead(mail("1@example.org")).await, None, "it is tried again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_complaint_stops_the_address_and_questions_by_any_way() {
    let house = House::new().await;
    house.resend("msg_1", &json!({"type": "email.complained", "data": {"to": ["1@example.org"]}})).await;
    let known = house.world.store.consents(&[mail("1@example.org")]).await.expect("an answer").remove(0);
    assert_eq!(known.dead, Some(Dead::Complaint));
    for channel in Channel::ALL {
        assert!(!known.allows(&BrandId::new("harbour"), channel, Topic::Feedback));
        assert!(known.allows(&BrandId::new("harbour"), channel, Topic::Progress));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_word_stops_the_texts_of_a_brand_and_another_starts_them() {
    let house = House::new().await;
    assert_eq!(house.text("1", "please stop by at noon").await, "taken");
    assert!(house.may_text().await);
    assert_eq!(house.text("2", " Stop!").await, "taken");
    assert!(!house.may_text().await);
    assert_eq!(house.text("3", "HELP").await, "taken");
    assert!(!house.may_text().await);
    assert_eq!(house.text("4", "Старт").await, "taken");
    assert!(house.may_text().await);
    assert_eq!(house.text("2", " Stop!").await, "repeat");
    assert!(house.may_text().await, "a replayed stop is an old one");

    house.text("5", "STOP").await;
    for fact in [paid("1"), parcel("1", "shipment.shipped", "2026-11-02T09:00:01Z")] {
        house.world.feed(&[fact]).await;
        house.world.drain().await;
    }
    let channels: Vec<_> = house.world.taken().iter().map(|taken| taken.entry.channel.as_str().to_owned()).collect();
    assert_eq!(channels, ["email", "email"], "confirmed and shipped; no text");
}

/// A gateway that answers for two brands gives its calls to both doors one id.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_counts_at_each_door_it_comes_to_and_at_no_door_of_nobody() {
    let house = House::new().await;
    for brand in ["harbour", "orchard"] {
        assert_eq!(house.text_to(brand, "1", "STOP", None).await, "taken");
        assert!(!house.may_text_for(brand).await, "{brand}");
    }
    let body = json!({"type": "sms.received", "data": {"from": "+48500500500", "body": "STOP"}}).to_string();
    for brand in ["Harbour", "harbor"] {
        let path = format!("/v1/callbacks/sms/{brand}");
        let answer = house.signed(&path, "webhook", "2", house.world.clock.now(), &body).await;
        assert_eq!(answer.status, 404, "taken, it would stop nothing, and nobody would know");
    }
}

/// Calls that could not be taken come again, and later ones before them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_that_comes_late_does_not_undo_the_stop_that_was_sent_after_it() {
    let house = House::new().await;
    let at = |minute: i64| Some(START.parse::<Timestamp>().expect("a time") - SignedDuration::from_mins(10 - minute));
    house.text_to("harbour", "b", "STOP", at(1)).await;
    house.text_to("harbour", "a", "START", at(0)).await;
    assert!(!house.may_text().await, "the STOP is the person's last word");
    house.text_to("harbour", "c", "START", at(2)).await;
    assert!(house.may_text().await);
    house.text_to("harbour", "e", "STOP", at(4)).await;
    house.text_to("harbour", "d", "STOP", at(2)).await;
    house.text_to("harbour", "f", "START", at(3)).await;
    assert!(!house.may_text().await, "the later of the two");
}

/// The bounce of an address that has been replaced meanwhile says nothing of the new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_bounce_of_a_mended_address_calls_nobody() {
    let house = House::new().await;
    house.world.feed(&[paid("1")]).await;
    house.world.drain().await;
    let order = World::order("1");
    let key = house.world.store.notices_of(&order).await.expect("rows")[0].notice.key.to_string();
    let customer = json!({"order": {"id": "1", "customer": {"email": "right@example.org"}}});
    house.world.feed(&[super::event("new", "order.updated", "2026-11-02T09:00:02Z", &customer)]).await;
    house.resend("msg_1", &bounce("Permanent", "1@example.org", Some(&key))).await;
    house.world.drain().await;
    assert_eq!(house.dead(mail("1@example.org")).await, Some(Dead::HardBounce));
    assert_eq!(house.dead(mail("right@example.org")).await, None);
    assert_eq!(kinds_of_alerts(&house.world).await, [""; 0]);
}

/// A bounce comes minutes after the provider took the mail: what it said goes out as a text then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirmation_that_bounces_goes_out_as_a_text_and_ops_are_told() {
    let house = House::new().await;
    house.world.feed(&[paid("1")]).await;
    house.world.drain().await;
    let order = World::order("1");
    let key = house.world.store.notices_of(&order).await.expect("rows")[0].notice.key.to_string();
    for id in ["msg_1", "msg_1", "msg_2"] {
        // As the provider writes the address; the key names the contact surely.
        house.resend(id, &bounce("Permanent", "Somebody <elsewhere@example.org>", Some(&key))).await;
        house.world.drain().await;
    }
    let taken: Vec<_> = house
        .world
        .taken()
        .iter()
        .map(|taken| (taken.entry.channel.as_str().to_owned(), taken.entry.stage.as_str().to_owned()))
        .collect();
    assert_eq!(taken, [("email".into(), "confirmed".into()), ("sms".into(), "confirmed".into())]);
    assert_eq!(house.dead(mail("1@example.org")).await, Some(Dead::HardBounce));
    let outcomes = kinds_of_alerts(&house.world).await;
    assert_eq!(outcomes, ["unreachable"], "once");

    // The next news goes to the phone alone, and a new address ends the trouble.
    house.world.feed(&[parcel("1", "shipment.shipped", "2026-11-02T09:01:00Z")]).await;
    house.world.drain().await;
    let rows = house.world.store.notices_of(&order).await.expect("rows");
    let of = |channel, stage: &str| {
        rows.iter().find(|row| row.notice.channel == channel && row.notice.stage.as_str() == stage).expect("a row")
    };
    assert_eq!(of(Channel::Email, "shipped").state, State::Suppressed);
    assert_eq!(of(Channel::Email, "shipped").why.as_deref(), Some("address_dead"));
    assert_eq!(of(Channel::Sms, "shipped").state, State::Accepted);
    let customer = json!({"order": {"id": "1", "customer": {"email": "new@example.org"}}});
    house.world.feed(&[super::event("new", "order.updated", "2026-11-02T09:02:00Z", &customer)]).await;
    house.world.leave();
    let open = house.world.store.alert_figures().await.expect("figures").open;
    assert!(open.iter().all(|(_, kind, ..)| kind.as_str() != "unreachable"), "{open:?}");
}

async fn kinds_of_alerts(world: &World) -> Vec<String> {
    let open = world.store.alert_figures().await.expect("figures").open;
    open.iter().map(|(_, kind, _, count, _)| kind.as_str().repeat(usize::try_from(*count).expect("few"))).collect()
}

/// What was delivered is seen in the order's history.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_delivery_is_noted_at_its_notice() {
    let house = House::new().await;
    house.world.feed(&[paid("1")]).await;
    house.world.drain().await;
    let key = house.world.store.notices_of(&World::order("1")).await.expect("rows")[0].notice.key;
    let tags = json!([{"name": "stage", "value": "confirmed"}, {"name": "key", "value": key.to_string()}]);
    let call = json!({"type": "email.delivered", "created_at": "2026-11-02T09:00:09Z",
        "data": {"to": ["1@example.org"], "tags": tags}});
    house.resend("msg_1", &call).await;
    let noted = house.world.store.called_back_about(&[key]).await.expect("rows");
    assert_eq!((noted[0].kind.as_str(), noted[0].at.to_string().as_str()), ("delivered", "2026-11-02T09:00:09Z"));
    assert_eq!(house.world.store.notices_of(&World::order("1")).await.expect("rows").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doors_work_on_postgres_as_well() {
    let db = Db::postgres_empty().await;
    let (plan, mails, texts) = Plan::captured(START, policy());
    let mut world = World::planned(Plan { url: Some(db.settings.url.clone()), ..plan }).await;
    world.captures = Some((mails, texts));
    let house = House::of(world).await;
    house.world.feed(&[paid("1")]).await;
    house.world.drain().await;
    let key = house.world.store.notices_of(&World::order("1")).await.expect("rows")[0].notice.key.to_string();
    for id in ["msg_1", "msg_1"] {
        house.resend(id, &bounce("Permanent", "1@example.org", Some(&key))).await;
        house.world.drain().await;
    }
    for n in 0..6 {
        house.resend(&format!("soft_{n}"), &bounce("Transient", "2@example.org", None)).await;
    }
    house.resend("complaint", &json!({"type": "email.complained", "data": {"to": ["3@example.org"]}})).await;
    assert_eq!(house.dead(mail("1@example.org")).await, Some(Dead::HardBounce));
    assert_eq!(house.dead(mail("2@example.org")).await, Some(Dead::SoftBounces));
    assert_eq!(house.dead(mail("3@example.org")).await, Some(Dead::Complaint));
    assert_eq!(house.world.taken().len(), 2, "the mail and its text");
    house.text("1", "STOP").await;
    assert!(!house.may_text().await);
    house.text("2", "START").await;
    assert!(house.may_text().await);
    assert_eq!(house.world.store.suppressed_figures().await.expect("figures").len(), 3);
    house.world.store.close().await;
    db.end().await;
}
