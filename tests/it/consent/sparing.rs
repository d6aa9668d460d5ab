//! What `forget` leaves alone, and what it finds though an order no longer says it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use doorstep::apply::Verdict;
use doorstep::consent::forget;
use doorstep::domain::erase::{Named, Whom};
use doorstep::domain::id::BrandId;
use doorstep::domain::listen::About;
use doorstep::domain::listen::case::{Deadlines, Sort};
use doorstep::domain::listen::rating::{Answer, Question};
use doorstep::domain::person::{Channel, ContactKey, Pii, Role};
use doorstep::store::faults::{Faults, Turn};
use doorstep::store::listen::cases::{NewCase, Photo};
use doorstep::store::listen::{From, NewRating, Taken};
use doorstep::store::rows::{Changes, CodeCheck, Refused};
use doorstep::store::{Store, StoreError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::SignedDuration;
use serde_json::{Value, json};
use uuid::Uuid;

use super::forgetting::{address, dump, order, person, traces, whom, world_on};
use super::{START, event, parcel};
use crate::store::on_both;
use crate::store::world::Db;
use crate::world::World;

on_both!(
    a_brand_loses_what_is_its_own_and_others_keep_theirs,
    addresses_that_an_order_had_before_go_with_the_person,
    an_address_that_an_order_had_before_goes_and_the_order_stays,
    a_mistyped_address_is_its_owners,
    forms_of_the_forgotten_that_come_in_late_are_not_kept,
    nothing_keeps_others_from_being_aged_out,
);

fn of_brand(brand: &str, mut event: Value) -> Value {
    let id = format!("{brand}-{}", event["id"].as_str().expect("an id"));
    (event["brand"], event["id"]) = (json!(brand), json!(id));
    event
}

fn mail(address: &str) -> ContactKey {
    ContactKey::new(Channel::Email, address)
}

fn canary() -> ContactKey {
    mail("zebulon.quagga@canary.example")
}

fn by_mail(address: &str) -> Whom {
    Whom { brand: None, named: Named::Email(address.to_owned()) }
}

fn from(brand: &str, order: &str, role: Role) -> From {
    let order = doorstep::domain::id::OrderKey::from_stored(format!("{brand}/{order}")).expect("a key");
    From { order, role, contact: Some(canary()), about: About::default(), locale: "en".into() }
}

fn case(from: From) -> NewCase {
    let words = Some(Pii::new("Zebulon Quagga's lamp is broken.".to_owned()));
    NewCase { id: Uuid::new_v4(), from, sort: Sort::Damaged, words, deadlines: Deadlines::default() }
}

fn rating(from: From) -> NewRating {
    let comment = Some(Pii::new("Zebulon Quagga is content.".to_owned()));
    let answers = vec![Answer { question: Question::Csat, score: 5, comment }];
    NewRating { id: Uuid::new_v4(), from, answers, case: None }
}

/// The number that somebody has chosen for their texts.
async fn keep_number(store: &Store, contact: ContactKey, brand: &str) {
    let brand = BrandId::new(brand);
    assert!(store.expect_code(contact, &brand, "+48599123456", "123456", (10, 5)).await.expect("kept"));
    let checked = store.confirm_number(contact, &brand, "123456").await.expect("an answer");
    assert_eq!(checked, CodeCheck::Right);
}

async fn forgotten(store: &Store, whom: &Whom) -> forget::Found {
    let found = forget::find(store, whom).await.expect("found");
    forget::erase(store, whom, &found, "ann").await.expect("erased");
    found
}

async fn a_brand_loses_what_is_its_own_and_others_keep_theirs(db: &Db) {
    let world = world_on(db).await;
    let brands = ["harbour", "orchard"];
    for brand in brands {
        world.feed(&[of_brand(brand, order("Z1", &person(), json!({"address": address()})))]).await;
        let stray = event("stray", "loyalty.joined", START, &json!({"customer": {"id": "C-ZEBULON-1"}}));
        assert_eq!(world.feed(&[of_brand(brand, stray)]).await, [Verdict::UnknownType]);
        // Of an order that was aged out: found by the address alone.
        for order in ["Z1", "old"] {
            let taken = world.store.open_case(&case(from(brand, order, Role::Customer)), &[], vec![]).await;
            assert_eq!(taken.expect("kept"), Taken::New { opened: true });
        }
        keep_number(&world.store, canary(), brand).await;
    }
    let refused = |brand: &str| {
        let raw =
            json!({"brand": brand, "customer": {"email": "zebulon.quagga@canary.example"}}).to_string().into_bytes();
        Refused { door: "http", reason: "?".into(), raw, headers: String::new() }
    };
    db.save(&Changes { refused: brands.map(refused).into(), ..Changes::default() }).await;
    world.leave();
    let found = forgotten(&world.store, &Whom { brand: Some(BrandId::new("harbour")), ..whom() }).await;
    assert_eq!((found.orders.len(), found.strays.len(), found.quarantine.len()), (1, 1, 1));
    for (table, left) in [("cases", 2), ("case_words", 2), ("preferences", 1), ("quarantine", 1)] {
        assert_eq!(db.count(&format!("select count(*) from {table}")).await, left, "{table}");
    }
    let rows = traces(db).await;
    assert!(rows.iter().any(|row| row.starts_with("inbox") && row.contains("loyalty")), "{rows:?}");
    assert!(rows.iter().all(|row| !row.contains("harbour/Z1") && !row.contains("\"harbour\"")), "{rows:?}");
    // The same id, in another shop, is somebody else in bytes as well.
    let by_id = Whom { brand: None, named: Named::Customer("C-ZEBULON-1".to_owned()) };
    let found = forgotten(&world.store, &by_id).await;
    assert_eq!((found.orders.len(), found.strays.len(), found.quarantine.len()), (1, 1, 1));
    assert_eq!(traces(db).await, Vec::<String>::new());
    world.store.close().await;
}

/// An order whose customer got another address since.
async fn moved(world: &World, id: &str, customer: &Value, now: &str) {
    world.feed(&[order(id, customer, json!({}))]).await;
    let later = json!({"order": {"id": id, "customer": {"email": now}}});
    world.feed(&[event(&format!("moved-{id}"), "order.updated", "2026-11-02T10:00:00Z", &later)]).await;
    world.leave();
}

async fn addresses_that_an_order_had_before_go_with_the_person(db: &Db) {
    let world = world_on(db).await;
    moved(&world, "Z1", &person(), "new@example.org").await;
    keep_number(&world.store, canary(), "harbour").await;
    let found = forgotten(&world.store, &by_mail("new@example.org")).await;
    assert_eq!(found.orders.len(), 1);
    assert_eq!(traces(db).await, Vec::<String>::new(), "the number that was chosen under the old address");
    world.store.close().await;
}

async fn an_address_that_an_order_had_before_goes_and_the_order_stays(db: &Db) {
    let world = world_on(db).await;
    let before = json!({"id": "other-1", "email": "Zebulon.Quagga@canary.example"});
    moved(&world, "Z1", &before, "new@example.org").await;
    assert!(!traces(db).await.is_empty());
    let found = forgotten(&world.store, &whom()).await;
    assert_eq!((found.orders.len(), found.strays.len()), (0, 1));
    assert_eq!(traces(db).await, Vec::<String>::new());
    let kept = world.store.orders(&[World::order("Z1")]).await.expect("read").remove(0);
    assert!(kept.doc.contains("new@example.org") && kept.doc.contains("Lamp"));
    assert!(forget::find(&world.store, &whom()).await.expect("found").is_empty());
    world.store.close().await;
}

async fn a_mistyped_address_is_its_owners(db: &Db) {
    let world = world_on(db).await;
    // Ann's order was first given Bob's address.
    moved(&world, "A1", &json!({"id": "ann", "email": "bob@example.org"}), "ann@example.org").await;
    world.feed(&[order("B1", &json!({"id": "bob", "email": "bob@example.org"}), json!({}))]).await;
    world.leave();
    keep_number(&world.store, mail("bob@example.org"), "harbour").await;
    let found = forgotten(&world.store, &by_mail("ann@example.org")).await;
    assert_eq!((found.orders.len(), found.contacts.len()), (1, 1));
    assert_eq!(db.count("select count(*) from preferences").await, 1);
    world.store.close().await;
}

async fn forms_of_the_forgotten_that_come_in_late_are_not_kept(db: &Db) {
    let world = world_on(db).await;
    world.feed(&[order("Z1", &person(), json!({"address": address()}))]).await;
    let buyer = json!({"id": "B-1", "email": "buyer@example.org"});
    world.feed(&[order("G1", &buyer, json!({"recipient": person(), "address": address()}))]).await;
    world.leave();
    forgotten(&world.store, &whom()).await;
    for who in [from("harbour", "Z1", Role::Customer), from("harbour", "G1", Role::Recipient)] {
        let photo = Photo { media: "image/png".into(), bytes: vec![1] };
        assert_eq!(world.store.open_case(&case(who.clone()), &[photo], vec![]).await.expect("an answer"), Taken::Gone);
        assert_eq!(world.store.rate(&rating(who), vec![], vec![]).await.expect("an answer"), Taken::Gone);
    }
    for table in ["cases", "case_words", "case_photos", "ratings"] {
        assert_eq!(db.count(&format!("select count(*) from {table}")).await, 0, "{table}");
    }
    // Whoever bought it goes on, and so does a receiver who has something to say after that.
    for (role, contact) in [(Role::Customer, Some(mail("buyer@example.org"))), (Role::Recipient, None)] {
        let who = From { contact, ..from("harbour", "G1", role) };
        let taken = world.store.open_case(&case(who), &[], vec![]).await.expect("kept");
        assert_eq!(taken, Taken::New { opened: true });
    }
    world.store.close().await;
}

/// A worker is faster, once: the first commit of what is written finds another version.
#[derive(Default)]
struct Faster(Arc<AtomicBool>);

struct Writing(Option<Arc<AtomicBool>>);

impl Faults for Faster {
    fn begin(&self, writes: bool) -> BoxFuture<'static, Result<Box<dyn Turn>, StoreError>> {
        let turn = Writing(writes.then(|| Arc::clone(&self.0)));
        async move { Ok(Box::new(turn) as Box<dyn Turn>) }.boxed()
    }

    fn pause(&self) -> BoxFuture<'static, ()> {
        std::future::ready(()).boxed()
    }
}

impl Turn for Writing {
    fn commit(&mut self) -> Result<(), StoreError> {
        let is_first = self.0.as_ref().is_some_and(|over| !over.swap(true, Ordering::Relaxed));
        if is_first { Err(StoreError::Conflict) } else { Ok(()) }
    }

    fn committed(&mut self) -> Result<(), StoreError> {
        Ok(())
    }
}

async fn nothing_keeps_others_from_being_aged_out(db: &Db) {
    let world = world_on(db).await;
    for id in ["A1", "A2", "Z1"] {
        world.feed(&[order(id, &person(), json!({"address": address()}))]).await;
        world.feed(&[parcel(id, "shipment.delivered", "2026-11-02T09:00:01Z")]).await;
    }
    world.leave();
    db.raw("update orders set doc = '{' where key = 'harbour/A1'").await;
    world.clock.advance(SignedDuration::from_hours(24 * 731));
    let walk = async |store: &Store| {
        let before = world.clock.now() - SignedDuration::from_hours(24 * 730);
        let (mut after, mut counts) = (String::new(), Vec::new());
        while let (Some(last), count) = forget::age_out(store, &after, before, 1).await.expect("a page") {
            after = last;
            counts.push(count);
        }
        counts
    };
    let beaten = world.store.with_faults(Arc::new(Faster::default()));
    assert_eq!(walk(&beaten).await, [0, 0, 1], "one is damaged, one was just changed, and the walk went on");
    assert_eq!(walk(&world.store).await, [0, 1, 0]);
    let rows = dump(db).await;
    assert!(rows.iter().any(|row| row.starts_with("inbox") && row.contains("harbour/A1") && row.contains("Quagga")));
    world.store.close().await;
}
