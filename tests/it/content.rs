//! What stands beside the facts: in mails of progress, by what was ordered and bought before, and counted without a name.

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use doorstep::apply::Policies;
use doorstep::content::Counts;
use doorstep::dispatch::speaker::Speaker;
use doorstep::domain::id::BrandId;
use doorstep::domain::person::{Channel, ContactKey};
use doorstep::domain::policy::Policy;
use doorstep::domain::stage::Stage;
use doorstep::domain::topic::Topic;
use doorstep::link::{Links, PageLink, Reader};
use doorstep::store::rows::ContentCount;
use doorstep::voice::Voice;
use doorstep::voice::brand::{Brand, Source};
use doorstep::web::content::Content;
use doorstep::web::place::{Parts, Place};
use jiff::SignedDuration;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower_service::Service;

use crate::world::{Plan, World};

const START: &str = "2026-11-02T09:00:00Z";

const BRAND: &str = r#"
    name = "Harbour Goods"
    sender = { address = "orders@harbour.example" }
    [content]
    in_mail = 2
    [[content.blocks]]
    id = "boot-wax"
    kind = "recommendation"
    earlier_tags = ["boots"]
    link = "https://harbour.example/wax"
    text.en = { title = "Wax for the boots you have", button = "Look at the wax" }
    [[content.blocks]]
    id = "boots-care"
    kind = "care"
    tags = ["boots"]
    text.en = { title = "Let them dry slowly", body = "Away from the stove." }
"#;

fn voice() -> Arc<ArcSwap<Voice>> {
    let brand: Brand = toml::from_str(BRAND).expect("a brand");
    let voice = Voice::load(&[Source::plain(BrandId::new("harbour"), brand)]);
    Arc::new(ArcSwap::from_pointee(voice.unwrap_or_else(|problems| panic!("{problems:#?}"))))
}

fn policy() -> Policy {
    let brand: Brand = toml::from_str(BRAND).expect("a brand");
    let mut policy = brand.policy().expect("a policy");
    policy.stages.values_mut().for_each(|rule| rule.merge_window = SignedDuration::ZERO);
    policy
}

async fn world() -> World {
    let (plan, mails, texts) = Plan::captured(START, policy());
    let links = Links::new("https://post.harbour.example", &[SecretString::from("a secret of our own")]);
    let speaker =
        Speaker { voice: voice(), default_brand: BrandId::new("harbour"), links: Some(links.expect("links")) };
    let mut world = World::planned(Plan { composer: speaker.composer(), ..plan }).await;
    world.captures = Some((mails, texts));
    world
}

fn event(order: &str, kind: &str, data: &Value) -> Value {
    json!({"specversion": "1.0", "id": format!("{kind} {order}"), "source": "/shops/harbour", "type": kind,
        "time": START, "data": data})
}

fn paid(order: &str, tag: &str, more: &Value) -> Value {
    let items = json!([{"id": "1", "sku": "HG-1", "title": "A thing", "qty": 1, "tags": [tag]}]);
    let mut data = json!({"order": {"id": order, "items": items,
        "customer": {"email": "ada@customer.example", "locale": "en-GB"}}});
    let order = data["order"].as_object_mut().expect("an object");
    order.extend(more.as_object().expect("an object").clone());
    event(data["order"]["id"].as_str().expect("an id").to_owned().as_str(), "order.paid", &data)
}

/// The mail of a stage about an order, as text.
fn mail(world: &World, order: &str, stage: Stage) -> String {
    let taken = world.taken().into_iter().find(|one| one.entry.order.order_str() == order && one.entry.stage == stage);
    taken.unwrap_or_else(|| panic!("no {} for {order}", stage.as_str())).text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_know_what_the_same_person_bought_before() {
    let world = world().await;
    for (order, tag) in [("1", "boots"), ("2", "lamps")] {
        world.feed(&[paid(order, tag, &json!({}))]).await;
        world.drain().await;
    }
    let (first, second) = (mail(&world, "1", Stage::Confirmed), mail(&world, "2", Stage::Confirmed));
    assert!(first.contains("Let them dry slowly") && !first.contains("Wax for the boots"), "{first}");
    assert!(second.contains("Wax for the boots you have") && !second.contains("Let them dry"), "{second}");
    assert!(second.contains("https://post.harbour.example/c/harbour/boot-wax"), "{second}");
    assert!(!second.contains("https://harbour.example/wax"), "the stored address stands in no mail");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_shop_recommends_comes_first_and_never_beside_a_problem() {
    let world = world().await;
    let recommended = json!({"recommendations": [
        {"title": "Wool socks", "url": "https://harbour.example/socks", "reason": "They go with the boots."},
        {"title": "A trap", "url": "http://evil.example"}, {"title": "Laces", "url": "https://harbour.example/laces"},
        {"title": "More", "url": "https://harbour.example/more"}]});
    world.feed(&[paid("1", "boots", &recommended)]).await;
    world.drain().await;
    let confirmed = mail(&world, "1", Stage::Confirmed);
    for text in ["Wool socks", "They go with the boots.", "https://harbour.example/socks", "Laces"] {
        assert!(confirmed.contains(text), "{text}: {confirmed}");
    }
    assert!(
        !confirmed.contains("trap") && !confirmed.contains("More") && !confirmed.contains("dry slowly"),
        "{confirmed}"
    );
    let cancelled = json!({"order": {"id": "1", "reason": "sold out"}});
    world.feed(&[event("1", "order.cancelled", &cancelled)]).await;
    world.drain().await;
    let cancelled = mail(&world, "1", Stage::Cancelled);
    assert!(!cancelled.contains("socks") && !cancelled.contains("dry slowly"), "{cancelled}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_declined_tips_and_offers_gets_the_facts_alone() {
    let world = world().await;
    let ada = ContactKey::new(Channel::Email, "ada@customer.example");
    let harbour = BrandId::new("harbour");
    world.store.decline(ada, Some(&harbour), Channel::Email, Some(Topic::Content), "page").await.expect("it is noted");
    world.feed(&[paid("1", "boots", &json!({}))]).await;
    world.drain().await;
    assert!(!mail(&world, "1", Stage::Confirmed).contains("dry slowly"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_block_leads_to_its_stored_address_and_is_counted_without_a_name() {
    let world = world().await;
    let counts = Counts::default();
    let mut routes = Content::new(voice(), counts.clone()).routes();
    let mut ask = async |method: Method, path: &str| {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
        let response = routes.call(request).await.expect("an answer");
        let place = response.headers().get(header::LOCATION).map(|place| place.to_str().expect("ascii").to_owned());
        (response.status(), place)
    };
    let wax = Some("https://harbour.example/wax".to_owned());
    assert_eq!(ask(Method::GET, "/c/harbour/boot-wax").await, (StatusCode::FOUND, wax.clone()));
    assert_eq!(ask(Method::GET, "/c/harbour/boot-wax?to=https://evil.example").await, (StatusCode::FOUND, wax.clone()));
    assert_eq!(ask(Method::HEAD, "/c/harbour/boot-wax").await, (StatusCode::FOUND, wax));
    for unknown in ["/c/harbour/boots-care", "/c/harbour/nothing", "/c/nobody/boot-wax", "/c/harbour/recommended"] {
        assert_eq!(ask(Method::GET, unknown).await, (StatusCode::NOT_FOUND, None), "{unknown}");
    }
    counts.shown(&BrandId::new("harbour"), "boots-care");
    counts.write(&world.store).await.expect("the counts are written");
    counts.write(&world.store).await.expect("nothing is left to write");
    let day = doorstep::domain::day::number(jiff::civil::Date::constant(2026, 11, 2));
    let count = |block: &str, shown, followed| ContentCount {
        brand: BrandId::new("harbour"),
        block: block.to_owned(),
        day,
        shown,
        followed,
    };
    let counted = world.store.content_counts(day).await.expect("the store answers");
    assert_eq!(counted, [count("boot-wax", 0, 2), count("boots-care", 1, 0)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_shows_what_the_mails_show_and_counts_it() {
    let world = world().await;
    for (order, tag) in [("1", "boots"), ("2", "boots")] {
        world.feed(&[paid(order, tag, &json!({}))]).await;
    }
    world.drain().await;
    let links = Links::new("https://post.harbour.example", &[SecretString::from("a secret of our own")]);
    let (links, counts) = (links.expect("links"), Counts::default());
    let harbour = BrandId::new("harbour");
    let parts = Parts {
        store: world.store.clone(),
        links: links.clone(),
        voice: voice(),
        default_brand: harbour.clone(),
        policies: Policies::of_all(policy()),
        counts: counts.clone(),
    };
    let mut routes = Place::new(parts, CancellationToken::new()).routes();
    let mut page = async |reader| {
        let path = links.page_path(&PageLink { order: World::order("2"), reader, generation: 0 });
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let response = routes.call(request).await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("a body");
        String::from_utf8(body.to_vec()).expect("utf-8")
    };
    let own = page(Reader::Customer).await;
    assert!(own.contains("Wax for the boots you have") && own.contains("Let them dry slowly"), "{own}");
    assert!(own.contains("https://post.harbour.example/c/harbour/boot-wax"), "{own}");
    let shared = page(Reader::Shared).await;
    assert!(!shared.contains("Wax for the boots"), "what was bought before is the buyer's own");
    let ada = ContactKey::new(Channel::Email, "ada@customer.example");
    world.store.decline(ada, Some(&harbour), Channel::Email, Some(Topic::Content), "page").await.expect("it is noted");
    assert!(!page(Reader::Customer).await.contains("Let them dry slowly"), "who declined sees the facts alone");
    counts.write(&world.store).await.expect("the counts are written");
    let counted = world.store.content_counts(0).await.expect("the store answers");
    let shown: Vec<(&str, u64)> = counted.iter().map(|count| (count.block.as_str(), count.shown)).collect();
    assert_eq!(shown, [("boot-wax", 1), ("boots-care", 2)]);
}
