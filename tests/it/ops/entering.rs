//! Who may come in, how long, and by which door.

use jiff::SignedDuration;

use super::{PASSWORD, Site, form, on_both};
use crate::store::world::Db;

on_both!(sessions_begin_end_and_grow_old, roles_are_kept, forms_need_their_token, only_the_proxy_names_people,);

async fn sessions_begin_end_and_grow_old(db: &Db) {
    let site = Site::new(db).await;
    let stranger = site.client.get("/ops/doubt").await;
    assert_eq!((stranger.status, stranger.header("location")), (303, Some("/ops/login?next=%2Fops%2Fdoubt")));
    assert_eq!(site.client.get("/ops/live").await.status, 401);
    for (name, password) in [("ann", "wrong"), ("eve", PASSWORD), ("", ""), ("ann", ""), ("ann", &"x".repeat(5000))] {
        let answer = site.try_login(name, password, &[]).await;
        assert_eq!(answer.status, 403, "{name}");
        assert!(answer.text().contains("The name or the password is wrong."), "the same words whatever is wrong");
        assert_eq!(answer.header("set-cookie"), None);
    }
    let answer = site.try_login("ann", PASSWORD, &[]).await;
    let cookie = answer.header("set-cookie").unwrap();
    for part in ["__Host-doorstep_ops=", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Lax"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let value = cookie.split(['=', ';']).nth(1).unwrap();
    assert_eq!(value.len(), 43, "256 bits");
    let plain =
        db.count(&format!("select count(*) from ops_sessions where csrf = '{value}' or person = '{value}'")).await;
    assert_eq!(plain, 0, "the cookie itself is kept nowhere");

    let ann = site.login("ann").await;
    assert!(ann.page("/ops").await.contains("<b>ann</b>"));
    // A login ends the session that the browser had.
    let before = db.count("select count(*) from ops_sessions").await;
    let again = site.try_login("ann", PASSWORD, &[("cookie", &ann.cookie)]).await;
    assert_eq!(again.status, 303);
    assert_eq!(db.count("select count(*) from ops_sessions").await, before);
    assert_eq!(ann.get("/ops").await.status, 303, "the old cookie is worth nothing");

    let ann = site.login("ann").await;
    db.clock.advance(SignedDuration::from_hours(7));
    assert_eq!(ann.get("/ops").await.status, 200);
    db.clock.advance(SignedDuration::from_hours(7));
    assert_eq!(ann.get("/ops").await.status, 200, "whoever works stays in");
    db.clock.advance(SignedDuration::from_mins(481));
    assert_eq!(ann.get("/ops").await.status, 303, "eight hours of nothing");

    let ann = site.login("ann").await;
    for _ in 0..28 {
        assert_eq!(ann.get("/ops").await.status, 200);
        db.clock.advance(SignedDuration::from_hours(6));
    }
    assert_eq!(ann.get("/ops").await.status, 303, "a week is a week");

    let ann = site.login("ann").await;
    assert_eq!(db.count("select count(*) from ops_sessions").await, 1, "a login sweeps away what is over");
    let out = ann.post("/ops/logout", &[]).await;
    assert_eq!((out.status, out.header("location")), (303, Some("/ops/login")));
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    assert_eq!(ann.get("/ops").await.status, 303);
    assert!(db.count("select count(*) from ops_audit where action = 'login' and person = 'ann'").await >= 4);
    assert_eq!(db.count("select count(*) from ops_audit where action = 'logout'").await, 1);
}

async fn roles_are_kept(db: &Db) {
    let site = Site::new(db).await;
    super::seed::morning(db, &site).await;
    let (ann, bob) = (site.login("ann").await, site.login("bob").await);
    let posts = [
        ("/ops/alerts", "act=acknowledge&seen=9999999999999"),
        ("/ops/orders/harbour/A-1001/alert", "act=acknowledge"),
        ("/ops/orders/harbour/A-1001/note", "note=x"),
        ("/ops/orders/harbour/A-1001/pause", "pause=yes"),
        ("/ops/orders/harbour/A-1001/tell", "what=waiting"),
        ("/ops/doubt", "act=sent"),
        ("/ops/quarantine", "act=drop&id=1"),
    ];
    for (path, body) in posts {
        let answer = bob.post_raw(path, &format!("{body}&csrf={}", bob.csrf), &[]).await;
        assert_eq!(answer.status, 403, "{path}");
        let stranger = site.client.post(path, &[super::FORM], body.as_bytes()).await;
        assert_eq!(stranger.status, 401, "{path}");
    }
    assert_eq!(db.count("select count(*) from ops_audit where action <> 'login'").await, 0, "nothing was done");
    for path in [
        "/ops",
        "/ops/alerts",
        "/ops/orders/harbour/A-1001",
        "/ops/doubt",
        "/ops/quarantine",
        "/ops/lanes",
        "/ops/audit",
    ] {
        let (seen, by_ann) = (bob.page(path).await, ann.page(path).await);
        let buttons = |page: &str| page.matches("<button").count();
        assert_eq!(seen.matches("method=\"post\"").count(), 1, "a viewer may log out, on {path}");
        assert!(buttons(&seen) <= buttons(&by_ann), "{path}");
    }
    // What is personal is for operators.
    for path in ["/ops/quarantine/1", "/ops/orders/harbour/A-1001/messages/00000000-0000-0000-0000-000000000000"] {
        assert_eq!(bob.get(path).await.status, 403, "{path}");
    }
    assert!(ann.page("/ops/quarantine/1").await.contains("Private Person"));
    for path in ["/ops/orders/harbour/A-1001", "/ops/quarantine"] {
        let page = ann.page(path).await;
        for personal in ["Anna", "Nowak", "someone@mail.example", "Secret Street", "Private Person"] {
            assert!(!page.contains(personal), "{personal} on {path}");
        }
    }
}

async fn forms_need_their_token(db: &Db) {
    let site = Site::new(db).await;
    super::seed::morning(db, &site).await;
    let (ann, other) = (site.login("ann").await, site.login("ann").await);
    let path = "/ops/orders/harbour/A-1001/note";
    let post = async |body: String, more: &[(&str, &str)]| ann.post_raw(path, &body, more).await.status;
    let good = || form(&[("csrf", &ann.csrf), ("note", "x")]);
    assert_eq!(post("note=x".into(), &[]).await, 403, "without a token");
    assert_eq!(post(form(&[("csrf", &other.csrf), ("note", "x")]), &[]).await, 403, "another session's token");
    assert_eq!(post(good(), &[("sec-fetch-site", "cross-site")]).await, 403);
    assert_eq!(post(good(), &[("sec-fetch-site", "same-site")]).await, 403, "a neighbour's page");
    assert_eq!(post(good(), &[("origin", "https://evil.example")]).await, 403);
    assert_eq!(post(good(), &[("origin", "null")]).await, 403);
    assert_eq!(db.count("select count(*) from ops_audit where action = 'note'").await, 0);
    assert_eq!(post(good(), &[("sec-fetch-site", "same-origin"), ("origin", "http://doorstep")]).await, 303);
    assert_eq!(post(good(), &[("origin", "http://doorstep")]).await, 303);
    assert_eq!(post(good(), &[]).await, 303, "a browser that says nothing is judged by the token");
    assert_eq!(db.count("select count(*) from ops_audit where action = 'note'").await, 3);
    // A login cannot be forced on anybody from elsewhere either.
    let forced = site.try_login("ann", PASSWORD, &[("sec-fetch-site", "cross-site")]).await;
    assert_eq!((forced.status, forced.header("set-cookie")), (403, None));
    // Where a form leads is a page of ours.
    for back in ["//evil.example", "https://evil.example", "/ops/../u"] {
        let answer = ann.post(path, &[("note", "x"), ("back", back)]).await;
        assert_eq!(
            answer.header("location"),
            Some("/ops/orders/harbour/A%2D1001?done=noted".replace("%2D", "-").as_str())
        );
    }
    let login = site.client.get("/ops/login?next=https%3A%2F%2Fevil.example").await;
    assert!(login.text().contains("name=\"next\" value=\"/ops\""));
    let long = format!("{}&note={}", good(), "x".repeat(80_000));
    assert_eq!(post(long, &[]).await, 400, "longer than any form");
}

async fn only_the_proxy_names_people(db: &Db) {
    let proxied = |networks: &'static str| {
        move |settings: &mut doorstep::web::ops::Settings| {
            settings.users_file = std::path::PathBuf::new();
            settings.proxy_header = "X-Forwarded-User".to_owned();
            settings.proxy_networks = vec![networks.to_owned()];
            settings.proxy_operators = vec!["ann".to_owned()];
            settings.proxy_viewers = vec!["bob".to_owned()];
        }
    };
    let elsewhere = Site::with(db, proxied("10.0.0.0/8")).await;
    let spoofed = elsewhere.client.ask("GET", "/ops", &[("x-forwarded-user", "ann")], b"").await;
    assert_eq!(spoofed.status, 401, "the header means nothing from here");
    assert_eq!(elsewhere.try_login("ann", PASSWORD, &[]).await.status, 403, "nobody has a password here");

    let site = Site::with(db, proxied("127.0.0.0/8")).await;
    assert_eq!(site.client.get("/ops").await.status, 401, "the proxy names nobody");
    let stranger = site.client.ask("GET", "/ops", &[("x-forwarded-user", "eve")], b"").await;
    assert_eq!(stranger.status, 403);
    let answer = site.client.ask("GET", "/ops/doubt", &[("x-forwarded-user", "ann")], b"").await;
    assert_eq!(answer.status, 200);
    let cookie = answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let by_ann = [super::FORM, ("x-forwarded-user", "ann"), ("cookie", cookie.as_str())];
    let page = site.client.ask("GET", "/ops/orders/harbour/none", &by_ann, b"").await;
    assert_eq!((page.status, page.header("set-cookie")), (404, None));
    super::seed::order(&site, "A-1", "Anna").await;
    let page = site.client.ask("GET", "/ops/orders/harbour/A-1", &by_ann, b"").await;
    assert_eq!(page.header("set-cookie"), None, "one session is enough");
    let body = form(&[("csrf", &super::token_in(&page.text())), ("note", "by proxy")]);
    let path = "/ops/orders/harbour/A-1/note";
    assert_eq!(site.client.post(path, &by_ann, body.as_bytes()).await.status, 303);
    // The token is ann's, and the proxy says that this is bob.
    let by_bob = [super::FORM, ("x-forwarded-user", "bob"), ("cookie", cookie.as_str())];
    assert_eq!(site.client.post(path, &by_bob, body.as_bytes()).await.status, 403);
    // The cookie alone opens nothing.
    let alone = [super::FORM, ("cookie", cookie.as_str())];
    assert_eq!(site.client.post(path, &alone, body.as_bytes()).await.status, 401);
    assert_eq!(db.count("select count(*) from ops_audit where person = 'ann' and action = 'note'").await, 1);
}

#[tokio::test]
async fn tries_are_limited() {
    let db = Db::sqlite().await;
    let site = Site::new(&db).await;
    for _ in 0..10 {
        assert_eq!(site.try_login("ann", "wrong", &[]).await.status, 403);
    }
    let refused = site.try_login("ann", PASSWORD, &[]).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("900")), "even the right one must wait now");
    assert_eq!(site.try_login("bob", PASSWORD, &[]).await.status, 303, "others are not shut out");
    db.clock.advance(SignedDuration::from_mins(15));
    assert_eq!(site.try_login("ann", PASSWORD, &[]).await.status, 303);
    for n in 0..40 {
        let status = site.try_login(&format!("name-{n}"), "wrong", &[]).await.status;
        assert_eq!(status, if n < 29 { 403 } else { 429 }, "try {n} from one address");
    }
    db.end().await;
}

#[tokio::test]
async fn tries_are_counted_by_the_address_that_our_proxy_names() {
    let db = Db::sqlite().await;
    let behind = Site::with(&db, |settings| settings.proxy_networks = vec!["127.0.0.0/8".to_owned()]).await;
    let ahead = Site::new(&db).await;
    for n in 0..31 {
        // The proxy adds the last one; what stands before it, anybody can write.
        let hops = format!("10.9.9.{n}, 192.0.2.7");
        let more = [("x-forwarded-for", hops.as_str())];
        let wanted = if n < 30 { 403 } else { 429 };
        assert_eq!(behind.try_login(&format!("name-{n}"), "wrong", &more).await.status, wanted, "try {n}");
        assert_eq!(
            ahead.try_login(&format!("name-{n}"), "wrong", &more).await.status,
            wanted,
            "nobody's word: try {n}"
        );
    }
    let elsewhere = [("x-forwarded-for", "192.0.2.8")];
    assert_eq!(behind.try_login("ann", PASSWORD, &elsewhere).await.status, 303, "others are not shut out");
    assert_eq!(
        ahead.try_login("ann", PASSWORD, &elsewhere).await.status,
        429,
        "without a proxy the header means nothing"
    );
    db.end().await;
}

#[tokio::test]
async fn the_demo_is_open_to_this_machine_by_its_own_name() {
    let db = Db::sqlite().await;
    let site = Site::demo(&db).await;
    let ask = async |host: &'static str| {
        let mut begun =
            site.client.begin(&format!("GET /ops HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n")).await;
        let _ = &mut begun;
        String::from_utf8(begun.until_closed().await).unwrap()
    };
    let port = site.client.addr.port();
    let page = ask(Box::leak(format!("127.0.0.1:{port}").into_boxed_str())).await;
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("This is the demo"), "{page}");
    let rebound = ask("evil.example").await;
    assert!(rebound.starts_with("HTTP/1.1 403"), "a foreign name that leads here: {rebound}");
    db.end().await;
}

#[test]
fn without_people_and_proxy_it_is_off() {
    use doorstep::web::ops::Settings;
    use doorstep::web::ops::people::Entrance;
    assert!(Entrance::read(&Settings::default()).unwrap().is_none());
    let wrong = Entrance::read(&Settings { time_zone: "Mars/Base".to_owned(), ..Settings::default() });
    assert!(wrong.unwrap_err().to_string().contains("Mars/Base"));
}
