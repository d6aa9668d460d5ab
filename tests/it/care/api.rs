//! Shop systems read cases, returns and ratings, and answer.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Site, TOKEN, on_both, picture, told};
use crate::door::client::Answer;
use crate::store::world::Db;

on_both!(
    without_a_token_nothing_is_said,
    a_case_is_listed_shown_answered_and_solved,
    a_return_is_decided_and_ratings_are_read,
    every_path_of_the_openapi_file_is_there,
    what_cannot_be_read_is_not_repeated,
);

async fn ask(site: &Site, method: &str, path: &str, body: Option<Value>, key: Option<&str>) -> Answer {
    let bearer = format!("Bearer {TOKEN}");
    let mut headers = vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
    headers.extend(key.map(|key| ("idempotency-key", key)));
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    site.client.ask(method, path, &headers, body.as_bytes()).await
}

async fn json_of(site: &Site, path: &str) -> Value {
    let answer = ask(site, "GET", path, None, None).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.json()
}

async fn without_a_token_nothing_is_said(db: &Db) {
    let site = Site::new(db).await;
    let id = Uuid::nil();
    for (method, path) in [
        ("GET", "/v1/cases".to_owned()),
        ("GET", format!("/v1/cases/{id}")),
        ("POST", format!("/v1/cases/{id}/answer")),
        ("POST", format!("/v1/cases/{id}/solve")),
        ("GET", format!("/v1/cases/{id}/photos/{id}")),
        ("GET", "/v1/returns".to_owned()),
        ("GET", format!("/v1/returns/{id}")),
        ("POST", format!("/v1/returns/{id}/decision")),
        ("GET", "/v1/ratings".to_owned()),
    ] {
        let answer = site.client.ask(method, &path, &[("authorization", "Bearer wrong wrong wrong")], b"{}").await;
        assert_eq!(answer.status, 401, "{method} {path}");
        let answer = site.client.ask(method, &path, &[], b"{}").await;
        assert_eq!(answer.status, 401, "{method} {path}");
    }
}

async fn a_case_is_listed_shown_answered_and_solved(db: &Db) {
    let site = Site::new(db).await;
    for n in 1..=3 {
        let page = site.delivered(&format!("A{n}"), "pl").await;
        site.tell(db, &page, "damaged", "Uszkodzone.", &[&picture(50)]).await;
        db.advance(60);
    }
    let first = json_of(&site, "/v1/cases?limit=2&brand=harbour").await;
    let orders = |list: &Value| -> Vec<String> {
        list["cases"].as_array().unwrap().iter().map(|case| case["order_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(orders(&first), ["A1", "A2"], "the one whose clock runs out first");
    let next = first["next"].as_str().expect("there is more");
    let rest = json_of(&site, &format!("/v1/cases?limit=2&after={next}")).await;
    assert_eq!((orders(&rest), &rest["next"]), (vec!["A3".to_owned()], &Value::Null));

    let id = first["cases"][0]["id"].as_str().unwrap();
    let whole = json_of(&site, &format!("/v1/cases/{id}")).await;
    assert_eq!((whole["standing"].as_str(), whole["kind"].as_str()), (Some("open"), Some("damaged")));
    assert_eq!((whole["words"][0]["text"].as_str(), whole["locale"].as_str()), (Some("Uszkodzone."), Some("pl")));
    let photo = ask(&site, "GET", whole["photos"][0].as_str().unwrap(), None, None).await;
    assert_eq!((photo.status, photo.header("content-type")), (200, Some("image/jpeg")));
    assert_eq!(photo.header("content-security-policy"), Some("default-src 'none'; sandbox"));
    assert_eq!(photo.header("x-content-type-options"), Some("nosniff"));

    told(db).await;
    let path = format!("/v1/cases/{id}/answer");
    let answer = json!({"text": "Wysyłamy nowy kubek.", "author": "Helpdesk"});
    for _ in 0..2 {
        let done = ask(&site, "POST", &path, Some(answer.clone()), Some("key-1")).await;
        assert_eq!((done.status, done.json()["standing"].as_str()), (200, Some("answered")), "{}", done.text());
    }
    assert_eq!(told(db).await, ["case.answered"], "the same key does it once");
    let whole = json_of(&site, &format!("/v1/cases/{id}")).await;
    assert_eq!(whole["words"].as_array().unwrap().len(), 2);
    assert_eq!(whole["words"][1]["author"], "api: Helpdesk");
    for (body, field) in
        [(json!({"text": "  "}), "text"), (json!({"text": 7}), "text"), (json!({"tekst": "x"}), "tekst")]
    {
        let refused = ask(&site, "POST", &path, Some(body), None).await;
        assert_eq!((refused.status, refused.json()["field"].as_str()), (422, Some(field)), "{}", refused.text());
    }
    let done = ask(&site, "POST", &format!("/v1/cases/{id}/solve"), None, None).await;
    assert_eq!(done.json()["standing"], "solved");
    assert_eq!(ask(&site, "POST", &format!("/v1/cases/{id}/solve"), None, None).await.status, 409);
    assert_eq!(orders(&json_of(&site, "/v1/cases?standing=solved").await), ["A1"]);
    assert_eq!(told(db).await, ["case.solved"]);
    assert_eq!(db.count("select count(*) from ops_audit where action like 'case %'").await, 2);
    let page = site.page("A1", doorstep::link::Reader::Customer, 0);
    assert!(site.get(&format!("{page}/problem")).await.contains("Wysyłamy nowy kubek."));
    assert_eq!(ask(&site, "GET", &format!("/v1/cases/{}", Uuid::nil()), None, None).await.status, 404);
    assert_eq!(ask(&site, "GET", "/v1/cases?after=nonsense", None, None).await.status, 422);
}

async fn what_cannot_be_read_is_not_repeated(db: &Db) {
    let site = Site::new(db).await;
    for (path, status) in [
        ("/v1/cases/ada@example.com", 404),
        ("/v1/returns/ada@example.com", 404),
        ("/v1/cases/00000000-0000-0000-0000-000000000000/photos/ada@example.com", 404),
        ("/v1/cases?limit=ada@example.com", 422),
        ("/v1/returns?ada@example.com=1", 422),
    ] {
        let answer = ask(&site, "GET", path, None, None).await;
        assert_eq!(answer.status, status, "{path}");
        assert!(answer.json()["title"].is_string() && !answer.text().contains("ada"), "{path}: {}", answer.text());
    }
}

async fn a_return_is_decided_and_ratings_are_read(db: &Db) {
    let site = Site::new(db).await;
    let page = site.delivered("A1", "en").await;
    let fields = [("qty.0.L1", "2"), ("reason", "faulty"), ("wish", "repair"), ("words", "It squeaks.")];
    site.fill(db, &format!("{page}/return"), &fields).await;
    site.fill(db, &format!("{page}/rating"), &[("csat", "4"), ("csat_words", "Fine."), ("ces", "7")]).await;
    let list = json_of(&site, "/v1/returns").await;
    let one = &list["returns"][0];
    assert_eq!((one["wish"].as_str(), one["comment"].as_str()), (Some("repair"), Some("It squeaks.")));
    let path = format!("/v1/returns/{}", one["id"].as_str().unwrap());
    told(db).await;
    let decision = json!({"decision": "declined", "text": "Oil it."});
    for _ in 0..2 {
        let done = ask(&site, "POST", &format!("{path}/decision"), Some(decision.clone()), None).await;
        assert_eq!((done.status, done.json()["decision"].as_str()), (200, Some("declined")), "{}", done.text());
    }
    assert_eq!(told(db).await, ["return.decided"]);
    let other = ask(&site, "POST", &format!("{path}/decision"), Some(json!({"decision": "approved"})), None).await;
    assert_eq!(other.status, 409);
    assert!(json_of(&site, "/v1/returns").await["returns"].as_array().unwrap().is_empty());
    assert_eq!(json_of(&site, "/v1/returns?decided=true").await["returns"][0]["decided_text"], "Oil it.");
    assert_eq!(json_of(&site, &path).await["decided_by"], "api");

    let ratings = json_of(&site, "/v1/ratings?brand=harbour").await;
    let answers = &ratings["ratings"][0]["answers"];
    assert_eq!(answers[0], json!({"question": "csat", "score": 4, "comment": "Fine."}));
    assert_eq!(answers[1], json!({"question": "ces", "score": 7, "comment": null}));
}

async fn every_path_of_the_openapi_file_is_there(db: &Db) {
    let site = Site::new(db).await;
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/openapi.yaml");
    let file: Value = serde_yaml_ng::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let paths = file["paths"].as_object().unwrap();
    let ours: Vec<&String> = paths
        .keys()
        .filter(|path| ["/v1/cases", "/v1/returns", "/v1/ratings"].iter().any(|p| path.starts_with(p)))
        .collect();
    assert_eq!(ours.len(), 9, "{ours:?}");
    for path in ours {
        let real = path.replace("{id}", &Uuid::nil().to_string()).replace("{photo}", &Uuid::nil().to_string());
        for method in paths[path].as_object().unwrap().keys().filter(|method| *method != "parameters") {
            let body = (method == "post").then(|| json!({"text": "x", "decision": "approved"}));
            let answer = ask(&site, &method.to_uppercase(), &real, body, None).await;
            let answer = (answer.status, answer.header("content-type").unwrap_or_default().to_owned());
            // A route that is not there answers 404 without a problem of ours, one of another method 405.
            assert!(answer.0 == 200 || answer.1 == "application/problem+json", "{method} {path}: {answer:?}");
        }
    }
}
