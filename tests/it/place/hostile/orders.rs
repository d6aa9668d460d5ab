//! An order whose every member that a shop, a carrier or a customer writes holds another text, told to the end.

use doorstep::domain::id::OrderKey;
use doorstep::domain::listen::sending_back::Decision;
use doorstep::link::Reader;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::texts::BAD_URLS;
use crate::care::{multipart, stamp_of};
use crate::ops::form;
use crate::place::house::{House, TOKEN};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

/// Whose texts they are.
pub(super) struct Teller<'a> {
    pub(super) house: &'a House,
    pub(super) id: String,
    pub(super) locale: &'static str,
    texts: &'a [String],
    /// Where the next text is taken from.
    next: usize,
    urls: bool,
}

impl<'a> Teller<'a> {
    /// `shift`: with which of the texts it begins; `urls`: whether addresses are given, and bad.
    pub(super) fn new(
        house: &'a House,
        id: &str,
        locale: &'static str,
        texts: &'a [String],
        shift: usize,
        urls: bool,
    ) -> Self {
        Self { house, id: id.to_owned(), locale, texts, next: shift, urls }
    }

    fn text(&mut self) -> String {
        self.next += 1;
        self.texts[self.next % self.texts.len()].clone()
    }

    fn url(&mut self) -> Value {
        self.next += 1;
        if self.urls { json!(BAD_URLS[self.next % BAD_URLS.len()]) } else { Value::Null }
    }

    pub(super) fn key(&self) -> OrderKey {
        OrderKey::from_stored(format!("harbour/{}", self.id)).expect("an order")
    }

    pub(super) fn page(&self, reader: Reader) -> String {
        self.house.path(&self.key(), reader)
    }

    async fn happens(&self, kind: &str, mut data: Value) {
        data["order"]["id"] = json!(self.id);
        let event = json!({ "specversion": "1.0", "id": format!("{}/{kind}", self.id), "source": "/shops/harbour",
            "type": kind, "time": self.house.clock.now(), "brand": "harbour", "data": data });
        let one = self.house.parts.decoder.structured("test", event.to_string().into_bytes());
        let verdicts =
            doorstep::ingest::Apply::apply(&self.house.parts.hinge, vec![one]).await.expect("it is taken in");
        let verdict = format!("{verdicts:?}");
        assert!(!verdict.contains("Quarantined") && !verdict.contains("Refused"), "{kind}: {verdict}: {event}");
        self.house.clock.advance(SignedDuration::from_mins(40));
        self.house.run().await;
    }

    /// A page or mail of this order, without what is no other order's: its addresses and its name.
    pub(super) fn masked(&self, html: &str) -> String {
        let mut html = html.replace("https://post.harbour.example", "").replace(&self.house.base, "");
        for (reader, name) in
            [(Reader::Customer, "/t/own"), (Reader::Recipient, "/t/gift"), (Reader::Shared, "/t/short")]
        {
            html = html.replace(&self.page(reader), name);
        }
        let (mut out, mut rest) = (String::with_capacity(html.len()), html.as_str());
        while let Some((before, after)) = rest.split_once("/u/") {
            out.push_str(before);
            out.push_str("/u/own");
            rest = after.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        }
        out.push_str(rest);
        out.replace(&self.id, "HG-1042")
    }

    /// Paid, sent, and waiting at a counter; something was wrong in between.
    pub(super) async fn tell(&mut self) {
        // Each at the same hour of a day of its own.
        let today = self.house.clock.now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let day = |days: i64| today + jiff::Span::new().days(days);
        let morning = day(1).at(8, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).expect("a time").timestamp();
        self.house.pass(morning).await;
        let (promised, until) = (day(6).to_string(), day(9).to_string());
        let (id, locale) = (self.id.clone(), self.locale);
        let mut item = |number: usize| {
            json!({ "id": format!("L{number}"), "sku": format!("SKU-{number}"), "title": self.text(), "qty": 2, "unit_price": 4_600,
                "image_url": self.url(), "url": self.url(), "tags": [self.text()] })
        };
        let items = [1, 2, 3].map(&mut item);
        let person = |name: String, more: &str| {
            json!({ "id": format!("{id}{more}"), "name": name,
            "email": format!("{id}{more}@mail.example").to_lowercase(), "locale": locale })
        };
        let (customer, recipient) = (person(self.text(), ""), person(self.text(), "-to"));
        let order = json!({ "currency": "EUR", "subtotal": 11_600, "total": 11_600, "promise": { "date": promised },
            "customer": customer, "recipient": recipient, "items": items,
            "address": { "line1": self.text(), "line2": self.text(), "city": self.text(), "region": self.text(),
                "postcode": self.text().chars().take(12).collect::<String>(), "country": "PL" },
            "recommendations": [{ "title": self.text(), "url": "https://harbour.example/p/lamp", "image_url": self.url(), "reason": self.text() }],
            "links": { "order": self.url(), "support": self.url() } });
        self.happens("order.paid", json!({ "order": order })).await;
        let number = format!(
            "JD0146{:08}",
            self.id.bytes().fold(7_u32, |sum, b| sum.wrapping_mul(31).wrapping_add(b.into())) % 100_000_000
        );
        let parcel = json!({ "id": "P1", "carrier": "dhl", "tracking_number": number, "service": self.text(), "tracking_url": self.url(),
            "location": self.text(), "description": self.text(), "items": [{ "id": "L1", "qty": 2 }, { "id": "L2", "qty": 2 }] });
        self.happens("shipment.shipped", json!({ "order": {}, "shipment": parcel })).await;
        let wrong = json!({ "id": "P1", "reason": "customs_documents", "description": self.text(), "code": self.text(),
            "location": self.text() });
        self.happens("shipment.exception", json!({ "order": {}, "shipment": wrong })).await;
        let code: String = self.text().chars().take(60).collect();
        let waits = json!({ "id": "P1", "description": self.text(), "location": self.text(), "pickup": { "name": self.text(),
            "address": self.text(), "code": code, "until": until, "opening_hours": self.text() } });
        self.happens("shipment.available_for_pickup", json!({ "order": {}, "shipment": waits })).await;
    }

    /// Collected; the customer says how it went, that something is wrong, and what goes back; the shop answers.
    pub(super) async fn answer(&mut self) {
        let got =
            json!({ "id": "P1", "handover": "pickup_point", "description": self.text(), "location": self.text() });
        self.happens("shipment.delivered", json!({ "order": {}, "shipment": got })).await;
        let page = self.page(Reader::Customer);
        let words = [self.text(), self.text(), self.text(), self.text(), self.text()];
        let [first, second, third, problem, back] = words.each_ref().map(|text| text.as_str());
        let rating = [
            ("csat", "4"),
            ("csat_words", first),
            ("nps", "9"),
            ("nps_words", second),
            ("ces", "6"),
            ("ces_words", third),
        ];
        self.send(&format!("{page}/rating"), &rating).await;
        self.send(&format!("{page}/problem"), &[("sort", "damaged"), ("words", problem)]).await;
        let fields = [("qty.0.L1", "1"), ("reason", "other"), ("wish", "refund"), ("words", back)];
        self.send(&format!("{page}/return"), &fields).await;
        let store = &self.house.parts.store;
        let case = store.cases_of(&self.key()).await.expect("an answer").remove(0).id;
        let one = store.returns_of(&self.key()).await.expect("an answer").remove(0).id;
        let said = json!({ "text": self.words(), "author": self.words(), "solve": false });
        self.call(&format!("/v1/cases/{case}/answer"), said).await;
        let said = json!({ "decision": Decision::Approved, "text": self.text(), "author": self.words() });
        self.call(&format!("/v1/returns/{one}/decision"), said).await;
        self.house.clock.advance(SignedDuration::from_secs(70));
    }

    /// A text that is more than blanks: an answer must say something.
    fn words(&mut self) -> String {
        loop {
            let text = self.text();
            if doorstep::domain::listen::kept(&text).is_some() {
                return text;
            }
        }
    }

    async fn send(&self, path: &str, fields: &[(&str, &str)]) {
        let page = self.house.client.get(path).await.text();
        let stamp = stamp_of(&page, path);
        self.house.clock.advance(SignedDuration::from_secs(5));
        let fields = [&[("stamp", stamp.as_str())], fields].concat();
        let answer = if path.ends_with("/problem") {
            let (head, body) = multipart(&fields, &[]);
            self.house.client.post(path, &[("content-type", &head)], &body).await
        } else {
            self.house.client.post(path, &[FORM], form(&fields).as_bytes()).await
        };
        assert_eq!(answer.status, 303, "{path}: {fields:?}");
    }

    async fn call(&self, path: &str, body: Value) {
        let bearer = format!("Bearer {TOKEN}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let answer = self.house.client.post(path, &headers, body.to_string().as_bytes()).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
}
