//! What the pages show: the worst first, what is found by which name, and hostile text as text.

use doorstep::domain::alert::Kind;
use serde_json::json;

use super::seed::{self, Seed};
use super::{Site, on_both};
use crate::store::world::{Db, start};

on_both!(the_worst_come_first, groups_add_up, orders_are_found_by_any_name, hostile_text_is_text);

/// Orders in the strip of the worst, in their order.
fn strip(page: &str) -> Vec<String> {
    let strip = page.split("id=\"worst\"").nth(1).unwrap().split("</table>").next().unwrap();
    strip.split("/ops/orders/").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

async fn the_worst_come_first(db: &Db) {
    let site = Site::new(db).await;
    let calm: Vec<Seed> = (0..80)
        .map(|n| Seed { promised: Some(4), ..Seed::new(&format!("calm-{n}"), Kind::LabelNeverScanned) })
        .collect();
    seed::insert(db, &calm).await;
    let overdue =
        |id: &str, days: i32, value| Seed { promised: Some(-days), value: Some(value), ..Seed::new(id, Kind::Late) };
    let bad: Vec<Seed> = (1..=9).map(|days| overdue(&format!("late-{days}"), days, 5_000)).collect();
    seed::insert(db, &bad).await;
    // The same parcel twice is one parcel.
    seed::insert(db, &[Seed { promised: Some(-9), ..Seed::new("late-9", Kind::Stalled) }]).await;
    overdue("dear", 9, 90_000).insert(db).await;
    let ann = site.login("ann").await;
    let page = ann.page("/ops").await;
    let worst = strip(&page);
    let wanted: Vec<String> =
        ["dear", "late-9", "late-8", "late-7", "late-6", "late-5", "late-4", "late-3", "late-2", "late-1"]
            .map(|id| format!("harbour/{id}"))
            .into();
    assert_eq!(worst, wanted);
    assert!(page.contains("9 days overdue") && page.contains("EUR 900.00") && page.contains("told nothing"));
    // Somebody looks after the worst one: others need it more.
    let alert = overdue("dear", 9, 90_000).key().0.to_string();
    ann.act("/ops/orders/harbour/dear/alert", &[("alert", &alert), ("act", "acknowledge")]).await;
    assert_eq!(strip(&ann.page("/ops").await)[0], "harbour/late-9");
    // Of two alike, the one whose customer was told nothing comes first.
    seed::insert(db, &[overdue("late-0", 9, 5_000)]).await;
    db.raw("insert into outbox (key, order_key, brand, stage, occurrence, role, channel, fact_at, planned_at, state, settled_at)
            select id, order_key, brand, 'delay_expected', 1, 'customer', 'email', since_at, since_at, 'accepted', since_at + 1
            from alerts where order_key = 'harbour/late-9' and kind = 'late'").await;
    let page = ann.page("/ops").await;
    assert_eq!(strip(&page)[..2], ["harbour/late-0".to_owned(), "harbour/late-9".to_owned()]);
}

async fn groups_add_up(db: &Db) {
    let site = Site::new(db).await;
    seed::morning(db, &site).await;
    let ann = site.login("ann").await;
    let page = ann.page("/ops").await;
    assert!(page.contains(">70 to look at<"), "{page}");
    assert!(page.contains("<b>gls: no scans at all.</b>"), "a silent feed stands above everything");
    let group = page.split("id=\"groups\"").nth(1).unwrap();
    // 42 single ones and the order's own; the other kind's 17 are of another carrier than the order's own.
    assert!(group.contains("<b>43</b>") && group.contains("<b>17</b>") && !group.contains("<b>18</b>"), "{group}");
    assert!(ann.page("/ops?brand=kettle").await.contains(">6 to look at<"));
    assert!(ann.page("/ops?carrier=-").await.contains(">6 to look at<"), "those of which no carrier is known");
    assert!(ann.page("/ops?age=3d").await.contains(">6 to look at<"));
    assert!(ann.page("/ops?standing=snoozed").await.contains("Nothing fits this filter"));
    let href =
        group.split("href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&").replace("&#x3D;", "=");
    let list = ann.page(&href).await;
    assert!(list.contains(">1 alert<") && list.contains("D-1"), "a group opens to its list: {href}");
}

async fn orders_are_found_by_any_name(db: &Db) {
    let site = Site::new(db).await;
    seed::order(&site, "A-1001", "Anna Nowak").await;
    seed::order(&site, "A 1/2 #3?x", "Jan").await;
    let ann = site.login("ann").await;
    for name in ["A-1001", "harbour%2FA-1001", "jd0146%20A1001", "%20A-1001%20"] {
        let found = ann.get(&format!("/ops/find?q={name}")).await;
        assert_eq!((found.status, found.header("location")), (303, Some("/ops/orders/harbour/A-1001")), "{name}");
    }
    let odd = ann.get("/ops/find?q=A%201%2F2%20%233%3Fx").await;
    let page = odd.header("location").expect("an order with an odd name").to_owned();
    assert!(ann.page(&page).await.contains("<h1>Order A 1/2 #3?x</h1>"));
    for nothing in ["x", "", "%00", &"9".repeat(300)] {
        assert_eq!(ann.get(&format!("/ops/find?q={nothing}")).await.status, 200, "{nothing}");
    }
    assert_eq!(ann.get("/ops/orders/harbour/none").await.status, 404);
}

async fn hostile_text_is_text(db: &Db) {
    let site = Site::new(db).await;
    let nasty = "<script>alert(1)</script>\"'{{x}}&amp;\u{202e}";
    let id = "<img src=x onerror=alert(1)>";
    let shipment = json!({ "id": nasty, "carrier": "dhl", "tracking_number": "JD014600001", "location": nasty, "description": nasty });
    let order = json!({ "id": id, "customer": { "name": nasty, "email": "someone@mail.example" }, "items": [{ "title": nasty }] });
    site.feed(&[
        seed::event("order.paid", id, 9, json!({ "order": order })),
        seed::event("shipment.shipped", id, 8, json!({ "order": { "id": id }, "shipment": shipment })),
        seed::event(nasty, id, 7, json!({ "order": { "id": id } })),
        json!({ "specversion": nasty, "id": nasty, "source": nasty, "type": nasty }),
    ])
    .await;
    let odd = Box::leak(nasty.to_owned().into_boxed_str());
    let seed = Seed {
        parcel: Some(nasty.into()),
        carrier: Some(odd),
        lane: Some(odd),
        warehouse: Some(odd),
        ..Seed::new(id, Kind::Late)
    };
    seed.insert(db).await;
    seed::outage(db, "<b>x", start()).await;
    let ann = site.login("ann").await;
    let page = "/ops/orders/harbour/%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E";
    ann.act(&format!("{page}/note"), &[("note", nasty)]).await;
    let alert = seed.key().0.to_string();
    ann.act(&format!("{page}/alert"), &[("alert", &alert), ("act", "clear"), ("why", nasty)]).await;
    Seed { kind: Kind::Stalled, ..seed }.insert(db).await;
    let encoded: String = percent_encoding::utf8_percent_encode(nasty, percent_encoding::NON_ALPHANUMERIC).to_string();
    for path in [
        "/ops",
        &format!("/ops?carrier={encoded}&lane={encoded}&sort={encoded}&age={encoded}&done={encoded}"),
        "/ops/alerts?standing=all",
        &format!("/ops/alerts?warehouse={encoded}&after={encoded}"),
        page,
        "/ops/quarantine",
        "/ops/quarantine/1",
        "/ops/lanes",
        "/ops/audit",
        &format!("/ops/find?q={encoded}"),
    ] {
        let html = ann.page(path).await;
        // The script of the frame is the only one, and nothing else begins an element that we did not write.
        assert_eq!(html.matches("<script").count(), usize::from(html.contains("data-watch")), "{path}");
        for markup in ["<img", "<b>x", "<b>post", "onerror=alert(1)>"] {
            assert!(!html.contains(markup), "{markup} on {path}");
        }
    }
    let shown = ann.page(page).await;
    assert!(shown.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
    let answer = ann.get("/ops").await;
    let policy = answer.header("content-security-policy").unwrap();
    // Pictures of a case are our own.
    assert!(policy.starts_with("default-src 'none'; img-src 'self'; style-src 'nonce-"), "{policy}");
    for (name, value) in
        [("cache-control", "no-store"), ("referrer-policy", "same-origin"), ("x-content-type-options", "nosniff")]
    {
        assert_eq!(answer.header(name), Some(value));
    }
    // Nothing on any page is styled or scripted in place, which the policy would stop.
    assert!(!answer.text().contains(" style=\"") && !answer.text().contains(" onclick"));
}
