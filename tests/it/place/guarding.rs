//! What keeps strangers out, and what looking must not do.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorstep::link::{Links, Reader};
use jiff::SignedDuration;
use secrecy::SecretString;
use serde_json::json;

use super::stories::{self, event, paid, scan};
use super::{Site, harbour};
use crate::door::client::Answer;
use crate::store::world::Db;

/// Everything that an answer says, but the time at which it says it.
fn said(answer: &Answer) -> (u16, Vec<String>, Vec<u8>) {
    let lines = answer.head().lines().filter(|line| !line.to_ascii_lowercase().starts_with("date:"));
    (answer.status, lines.map(str::to_owned).collect(), answer.body.clone())
}

async fn every_closed_address_answers_with_the_same_bytes(db: &Db) {
    let site = Site::new(db).await;
    stories::tell(&site, "delivered", "A-1", "en").await;
    stories::tell(&site, "coming", "A-2", "en").await;
    stories::tell(&site, "coming", "A-3", "en").await;
    site.feed(&[event("order.updated", "A-2", 0, json!({ "order": { "id": "A-2", "link_generation": 1 } }))]).await;
    db.raw("update orders set doc = '{}' where key = 'harbour/A-3'").await;
    let (open, revoked) = (site.path("A-1", Reader::Customer, 0), site.path("A-2", Reader::Customer, 0));
    assert_eq!(site.client.get(&open).await.status, 200);
    assert_eq!(site.client.get(&site.path("A-2", Reader::Customer, 1)).await.status, 200, "the new link works");
    let stranger = Links::new("http://127.0.0.1", &[SecretString::from("somebody else's secret")]).unwrap();
    let key = doorstep::domain::id::OrderKey::from_stored("harbour/A-1".to_owned()).unwrap();
    let forged = stranger.page_path(&doorstep::link::PageLink { order: key, reader: Reader::Customer, generation: 0 });
    // Sixty days after the delivery, and a little more.
    db.clock.advance(SignedDuration::from_hours(24 * 60 - 21));
    assert_eq!(site.client.get(&open).await.status, 200, "open for sixty days");
    db.clock.advance(SignedDuration::from_hours(2));
    let erased = site.path("A-3", Reader::Customer, 0);
    let unknown = site.path("never", Reader::Customer, 0);
    let paths = ["/t/nothing", "/t/%00", forged.as_str(), &unknown, &revoked, &erased, &open];
    let first = said(&site.client.get(paths[0]).await);
    assert_eq!(first.0, 404);
    for path in paths {
        for below in ["", "/live", "/calendar.ics"] {
            assert_eq!(said(&site.client.get(&format!("{path}{below}")).await), first, "{path}{below}");
        }
    }
}

async fn looking_changes_nothing(db: &Db) {
    let site = Site::new(db).await;
    stories::tell(&site, "collect", "A-1", "pl").await;
    let tables = [
        "orders",
        "inbox",
        "numbers",
        "waiting",
        "wakes",
        "outbox",
        "sealed",
        "told",
        "optouts",
        "silences",
        "quarantine",
        "outcomes",
        "alerts",
        "ops_audit",
    ];
    let mut before = Vec::new();
    let count = async |into: &mut Vec<i64>| {
        for table in tables {
            into.push(db.count(&format!("select count(*) from {table}")).await);
        }
        into.push(db.count("select cast(sum(version) as bigint) from orders").await);
    };
    count(&mut before).await;
    for reader in [Reader::Customer, Reader::Recipient, Reader::Shared] {
        for below in ["", "/calendar.ics"] {
            for method in ["GET", "HEAD"] {
                let path = format!("{}{below}", site.path("A-1", reader, 0));
                let answer = site.client.ask(method, &path, &[("purpose", "prefetch")], b"").await;
                assert!(matches!(answer.status, 200 | 404), "{method} {path}");
                assert!(method == "GET" || answer.body.is_empty());
            }
        }
    }
    for method in ["POST", "PUT", "DELETE"] {
        assert_eq!(site.client.ask(method, &site.path("A-1", Reader::Customer, 0), &[], b"").await.status, 405);
    }
    let mut after = Vec::new();
    count(&mut after).await;
    assert_eq!(before, after);
}

crate::ops::on_both!(every_closed_address_answers_with_the_same_bytes, looking_changes_nothing);

#[tokio::test]
async fn a_page_carries_exactly_the_headers_that_keep_it_safe() {
    let db = Db::sqlite().await;
    let site = Site::new(&db).await;
    let mut order = paid("A-1", "en", 2);
    order["data"]["order"]["items"][0]["image_url"] = json!("https://cdn.shop.example/bowl.png");
    site.feed(&[order]).await;
    stories::tell(&site, "coming", "A-2", "en").await;
    let answer = site.get("A-1", Reader::Customer).await;
    let policy = answer.header("content-security-policy").unwrap().to_owned();
    let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).expect("a nonce").to_owned();
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; img-src 'self' https://cdn.shop.example; style-src 'self' 'nonce-{nonce}'; \
             script-src 'nonce-{nonce}'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
    );
    for (name, value) in [
        ("strict-transport-security", "max-age=63072000"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("x-robots-tag", "noindex"),
        ("content-type", "text/html; charset=utf-8"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    assert!(answer.header("set-cookie").is_none());
    let plain = site.get("A-2", Reader::Customer).await;
    let policy = plain.header("content-security-policy").unwrap();
    assert!(policy.contains("img-src 'self';"), "without pictures no other host: {policy}");
    assert!(!policy.contains(&nonce), "each answer has a nonce of its own");
    db.end().await;
}

#[tokio::test]
async fn strangers_see_the_parcels_way_and_nobody_in_it() {
    let db = Db::sqlite().await;
    let site = Site::new(&db).await;
    for what in stories::ALL {
        let id = format!("SECRET-{what}");
        stories::tell(&site, what, &id, "en").await;
        let page = site.page(&id, Reader::Shared).await;
        for personal in [
            "Nowak",
            "Anna",
            "Długa",
            "80-831",
            "116.00",
            "92.00",
            "4917",
            "Stoneware",
            "Beeswax",
            "SECRET",
            "mail.example",
            "Gdańsk, PL",
            "Sorted at the hub",
            "Payment received",
        ] {
            // The pickup point's own address says where it is, not where the customer lives.
            assert!(!page.contains(personal), "{what} shows {personal}: {page}");
        }
        assert!(page.contains("A parcel from Harbour Goods") && !page.contains("  ."), "{what}");
        assert!(!page.contains("id=\"share\""), "the short version is not passed on as if it were another");
    }
    let own = site.page("SECRET-collect", Reader::Customer).await;
    for personal in ["Anna Nowak", "ul. Długa 7/3", "€116.00", "4917", "Stoneware bowl, large", "Order SECRET-collect"]
    {
        assert!(own.contains(personal), "{personal}");
    }
    let gift = site.page("SECRET-coming", Reader::Recipient).await;
    assert!(!gift.contains("€") && gift.contains("Stoneware bowl, large"), "who receives a gift sees no prices");
    db.end().await;
}

#[tokio::test]
async fn previews_and_robots_learn_nothing_personal() {
    let db = Db::sqlite().await;
    let site = Site::new(&db).await;
    stories::tell(&site, "coming", "A-1", "en").await;
    let page = site.page("A-1", Reader::Customer).await;
    let head = &page[..page.find("</head>").unwrap()];
    assert!(head.contains("<meta property=\"og:title\" content=\"Your order from Harbour Goods\">"), "{head}");
    assert!(head.contains("<meta name=\"robots\" content=\"noindex, nofollow\">"));
    for personal in ["A-1", "Nowak", "Gdańsk", "Tuesday", "JD0146"] {
        assert!(!head.contains(personal), "{personal}");
    }
    // HTML and style sheet together; there is no other request but pictures.
    assert!(page.len() <= 60_000, "{} bytes", page.len());
    assert!(!page.contains("<link") && !page.contains("@import") && !page.contains("<script src"));
    db.end().await;
}

#[tokio::test]
async fn nothing_that_others_wrote_becomes_a_link_or_an_element() {
    let db = Db::sqlite().await;
    let site = Site::new(&db).await;
    let calm = {
        stories::tell(&site, "collect", "A-0", "en").await;
        elements(&site.page("A-0", Reader::Customer).await)
    };
    let hostile = [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "{{#each this}}{{{x}}}{{/each}} [[brand]]",
        "see https://evil.example/x now",
        "www.evil.example",
        "a@evil.example",
        "\u{202e}gnp.exe\u{2066}",
        "javascript:alert(1)",
        "</style></title></textarea><svg/onload=alert(1)>",
    ];
    for (number, evil) in hostile.into_iter().enumerate() {
        let id = format!("A-{}", number + 1);
        stories::tell(&site, "collect", &id, "en").await;
        let order = json!({ "order": { "id": id, "customer": { "name": evil, "email": "a@mail.example", "locale": "en" },
            "address": { "line1": evil, "city": evil, "country": "PL" },
            "items": [{ "id": "1", "title": evil, "qty": 2, "url": "https://shop.example/\"onclick=\"x", "image_url": "javascript:alert(1)" },
                { "id": "2", "title": evil, "qty": 1 }] } });
        let place = json!({ "carrier": "dhl", "description": evil, "location": evil, "service": evil,
            "tracking_url": "javascript:alert(1)",
            "pickup": { "name": evil, "address": evil, "code": evil, "until": stories::day(3), "opening_hours": evil } });
        site.feed(&[event("order.updated", &id, 0, order), scan("shipment.available_for_pickup", &id, "P1", 0, place)])
            .await;
        for reader in [Reader::Customer, Reader::Recipient, Reader::Shared] {
            let page = site.page(&id, reader).await;
            let found = elements(&page);
            let new: Vec<_> = found.iter().filter(|element| !calm.contains(*element)).collect();
            assert!(new.is_empty(), "{evil}: {new:?}");
            assert!(!page.contains("evil.example") && !page.contains("javascript:alert(1)\""), "{evil}: {page}");
            assert!(!page.contains('\u{202e}') && !page.contains('\u{2066}'));
        }
    }
    db.end().await;
}

/// Every start tag with the names of its attributes, as a browser would find them.
fn elements(page: &str) -> std::collections::BTreeSet<String> {
    let mut found = std::collections::BTreeSet::new();
    let body = page.split("<script").next().unwrap();
    for piece in body.split('<').skip(1).filter(|piece| piece.starts_with(|c: char| c.is_ascii_alphabetic())) {
        let tag = &piece[..piece.find('>').unwrap()];
        let mut names = vec![tag.split([' ', '\n']).next().unwrap().to_owned()];
        // Outside quotes, what stands before an equals sign is an attribute's name.
        let outside: Vec<&str> = tag.split('"').step_by(2).collect();
        names.extend(
            outside.iter().flat_map(|part| part.split_whitespace()).filter(|p| p.ends_with('=')).map(str::to_owned),
        );
        found.insert(names.join(" "));
    }
    found
}

#[tokio::test]
async fn the_expected_day_can_be_put_into_a_calendar() {
    let db = Db::sqlite().await;
    let site = Site::new(&db).await;
    stories::tell(&site, "coming", "A-1", "en").await;
    let path = format!("{}/calendar.ics", site.path("A-1", Reader::Customer, 0));
    let answer = site.client.get(&path).await;
    assert_eq!(answer.header("content-type"), Some("text/calendar; charset=utf-8"));
    let file = answer.text().replace("\r\n ", "");
    for line in [
        "BEGIN:VCALENDAR",
        "DTSTART;VALUE=DATE:20261103",
        "DTEND;VALUE=DATE:20261104",
        "SUMMARY:Parcel from Harbour Goods",
    ] {
        assert!(file.lines().any(|own| own == line), "{line}: {file}");
    }
    let uid = |file: &str| file.lines().find(|line| line.starts_with("UID:")).map(str::to_owned);
    db.clock.advance(SignedDuration::from_hours(3));
    site.feed(&[scan("shipment.in_transit", "A-1", "P1", -3, json!({ "eta": stories::day(2) }))]).await;
    let later = site.client.get(&path).await.text().replace("\r\n ", "");
    assert!(later.contains("DTSTART;VALUE=DATE:20261104"), "{later}");
    assert_eq!(uid(&file), uid(&later), "the same entry moves");
    assert!(!file.contains("A-1") && !file.contains("Nowak"));
    // Commas and semicolons of a name are text to a calendar.
    let brand = doorstep::voice::brand::Brand { name: "Salt, Pepper; Co".into(), ..harbour() };
    let other = Site::of(&db, brand).await;
    let path = format!("{}/calendar.ics", other.path("A-1", Reader::Customer, 0));
    let file = other.client.get(&path).await.text();
    assert!(file.contains("SUMMARY:Parcel from Salt\\, Pepper\\; Co"), "{file}");
    db.end().await;
}

#[test]
fn of_a_million_tokens_that_we_did_not_seal_none_opens_anything() {
    let links = Links::new("https://post.harbour.example", &[SecretString::from(super::SECRET)]).unwrap();
    let key = doorstep::domain::id::OrderKey::from_stored("harbour/HG-1042".to_owned()).unwrap();
    let path = links.page_path(&doorstep::link::PageLink { order: key, reader: Reader::Customer, generation: 0 });
    let token = path.rsplit('/').next().unwrap();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    for _ in 0..1_000_000 {
        let bytes: Vec<u8> = (0..5).flat_map(|_| next().to_le_bytes()).collect();
        assert!(links.page(&URL_SAFE_NO_PAD.encode(bytes)).is_none());
    }
    let sealed = URL_SAFE_NO_PAD.decode(token).unwrap();
    let mut mutants = 0;
    while mutants < 10_000 {
        let mut bytes = sealed.clone();
        for _ in 0..=next() % 3 {
            let place = usize::try_from(next()).unwrap() % bytes.len();
            bytes[place] ^= 1 << (next() % 8);
        }
        if bytes != sealed {
            assert!(links.page(&URL_SAFE_NO_PAD.encode(bytes)).is_none());
            mutants += 1;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_tokens_that_are_tried_over_http_none_opens_anything() {
    let db = Db::sqlite().await;
    let site = Site::new(&db).await;
    stories::tell(&site, "coming", "A-1", "en").await;
    let open = site.path("A-1", Reader::Customer, 0);
    let nothing = said(&site.client.get("/t/nothing").await);
    for place in 3..open.len() {
        for other in ["A", "_"] {
            let tried = format!("{}{other}{}", &open[..place], &open[place + 1..]);
            if tried != open {
                assert_eq!(said(&site.client.get(&tried).await), nothing, "{tried}");
            }
        }
    }
    assert_eq!(site.client.get(&open).await.status, 200);
    db.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_sockets_that_say_nothing_keep_nobody_out() {
    let db = Db::sqlite().await;
    let some = |n: u16| n.try_into().unwrap();
    let settings = doorstep::web::Settings {
        connections_max: some(64),
        // Nobody is saved by the clock here.
        header_timeout_secs: some(3600),
        ..doorstep::web::Settings::default()
    };
    let site = Site::served(&db, harbour(), settings).await;
    stories::tell(&site, "coming", "A-1", "en").await;
    let path = site.path("A-1", Reader::Customer, 0);
    let mut slow = Vec::new();
    for n in 0..2_000 {
        let half = ["", "G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nhost: x\r\nx-slow: "][n % 4];
        slow.push(site.client.begin(half).await);
        if n % 100 == 0 {
            assert_eq!(site.client.get(&path).await.status, 200, "with {n} others");
        }
    }
    for _ in 0..50 {
        assert_eq!(site.client.get(&path).await.status, 200);
    }
    drop(slow);
    db.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_many_follow_an_order_and_no_more() {
    let db = Db::sqlite().await;
    let site = Site::new(&db).await;
    stories::tell(&site, "coming", "A-1", "en").await;
    let live = format!("GET {}/live HTTP/1.1\r\nhost: x\r\n\r\n", site.path("A-1", Reader::Shared, 0));
    let mut lines = Vec::new();
    for _ in 0..12 {
        let mut line = site.client.begin(&live).await;
        assert!(line.first().await.starts_with("HTTP/1.1 200"));
        lines.push(line);
    }
    let one_more = site.client.get(&format!("{}/live", site.path("A-1", Reader::Customer, 0))).await;
    assert_eq!(one_more.status, 204, "which tells a browser not to ask again");
    drop(lines);
    db.end().await;
}

/// A day that was named before a try failed is not the day of the next try, and neither is the promise.
#[tokio::test]
async fn after_a_failed_try_only_what_the_carrier_says_since_is_the_next_one() {
    let db = Db::sqlite().await;
    let site = Site::new(&db).await;
    stories::tell(&site, "coming", "A-1", "en").await;
    site.feed(&[scan("shipment.attempt_failed", "A-1", "P1", 0, json!({ "reason": "recipient_absent" }))]).await;
    let page = site.page("A-1", Reader::Customer).await;
    assert!(page.contains("could not leave the parcel. It is safe with the carrier."), "{page}");
    assert!(!page.contains("next try"), "{page}");
    db.clock.advance(SignedDuration::from_hours(1));
    site.feed(&[scan("shipment.attempt_failed", "A-1", "P1", -1, json!({ "eta": stories::day(2) }))]).await;
    let page = site.page("A-1", Reader::Customer).await;
    assert!(page.contains("The next try is expected on Wednesday 4 November."), "{page}");
    db.end().await;
}
