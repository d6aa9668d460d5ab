//! Forms of customers and operators, and providers' calls, filled in well: bodies alone are changed here, so that each is a
//! whole request with a stamp or a signature that is right, and comes as far as its fields.

use std::cell::Cell;
use std::net::SocketAddr;

use jiff::SignedDuration;
use serde_json::json;

use super::doors::{INPUT_MAX, judge, request, sent};
use super::fuzz_within;
use crate::care::{self, multipart, picture};
use crate::consent::doors::{House, keys};
use crate::consent::{page, paid};
use crate::ops::{self, form};
use crate::store::world::Db;
use crate::world::World;

const FORM: &str = "application/x-www-form-urlencoded";
/// Stands where a form has its stamp, which is put in just before it is sent.
const STAMP: &[u8] = b"STAMP";
/// Between two forms of one customer, in seconds: those who send more than thirty in a minute are made to wait.
const FORM_SECS: i64 = 3;
/// Between two logins: whoever tries ten times in a quarter of an hour is made to wait.
const LOGIN_SECS: i64 = 100;

/// Everything that takes a form or a call, each with a clock of its own.
struct Sites {
    db: Db,
    care: care::Site,
    /// The path of an order's page.
    page: String,
    /// The form with pictures: its content type, and its body.
    problem: (String, Vec<u8>),
    wishes: page::Site,
    /// The path of somebody's wishes.
    own: String,
    console_db: Db,
    console: ops::Site,
    house: House,
    /// The notice that calls are about.
    notice: String,
    calls: Cell<u32>,
}

impl Sites {
    async fn new() -> Self {
        let (db, console_db) = (Db::sqlite().await, Db::sqlite().await);
        let care = care::Site::new(&db).await;
        let page = care.delivered("A1", "en").await;
        let problem = multipart(&[("stamp", "STAMP"), ("sort", "damaged"), ("words", "broken")], &[&picture(8)]);
        let wishes = page::Site::new().await;
        let own = wishes.path("en");
        let console = ops::Site::new(&console_db).await;
        let house = House::new().await;
        house.world.feed(&[paid("1")]).await;
        house.world.drain().await;
        let notices = house.world.store.notices_of(&World::order("1")).await.expect("an answer");
        let notice = notices[0].notice.key.to_string();
        Self { db, care, page, problem, wishes, own, console_db, console, house, notice, calls: Cell::default() }
    }

    /// One of each. The first byte says to whom it goes, so that one list holds all.
    fn examples(&self) -> Vec<Vec<u8>> {
        let login = form(&[("name", "ann"), ("password", ops::PASSWORD), ("next", "/ops/doubt")]);
        let to = "Ann <1@example.org>";
        let by_mail = json!({"type": "email.bounced", "created_at": "2026-11-02T09:00:05Z", "data": {"to": [to],
            "bounce": {"type": "Permanent", "subType": "General"}, "tags": [{"name": "key", "value": self.notice}]}});
        let in_our_words = json!({"type": "message.bounced", "timestamp": "2026-11-02T09:00:05Z",
            "data": {"channel": "email", "to": "2@example.org", "permanent": true, "key": self.notice}});
        let by_phone = json!({"type": "sms.received", "data": {"from": "+48 500 500 500", "body": "STOP"}});
        let [by_mail, in_our_words, by_phone] = [by_mail, in_our_words, by_phone].map(|call| call.to_string());
        let all: [(u8, &[u8]); 13] = [
            (b'r', b"stamp=STAMP&csat=5&nps=9&csat_words=all+well"),
            (b'b', b"stamp=STAMP&qty.0.L1=1&reason=other&wish=refund&words=too+small"),
            (b'p', &self.problem.1),
            (b'w', b"stamp=STAMP&email.delay=on&sms.progress=on&language=uk"),
            (b's', b"stamp=STAMP"),
            (b'n', b"stamp=STAMP&number=%2B48+500+500+777"),
            (b'c', b"stamp=STAMP&code=123456"),
            (b'f', b"stamp=STAMP"),
            (b'o', b"List-Unsubscribe=One-Click"),
            (b'l', login.as_bytes()),
            (b'm', by_mail.as_bytes()),
            (b'g', in_our_words.as_bytes()),
            (b't', by_phone.as_bytes()),
        ];
        all.iter().map(|(to, body)| [&[*to], *body].concat()).collect()
    }

    /// Where it goes, and the whole request.
    fn request(&self, to: u8, body: &[u8]) -> (SocketAddr, Vec<u8>) {
        match to {
            b'p' => self.care("problem", &self.problem.0, body),
            b'b' => self.care("return", FORM, body),
            b'w' => self.wish("wishes", body),
            b's' => self.wish("stop", body),
            b'n' => self.wish("number", body),
            b'c' => self.wish("code", body),
            b'f' => self.wish("forget", body),
            b'o' => (self.wishes.client.addr, request(&self.own, FORM, "", body)),
            b'l' => {
                self.console_db.advance(LOGIN_SECS);
                (self.console.client.addr, request("/ops/login", FORM, "", body))
            }
            b'm' => self.call("/v1/callbacks/resend", "svix", body),
            b'g' => self.call("/v1/callbacks/generic", "webhook", body),
            b't' => self.call("/v1/callbacks/sms/harbour", "webhook", body),
            _ => self.care("rating", FORM, body),
        }
    }

    fn care(&self, what: &str, kind: &str, body: &[u8]) -> (SocketAddr, Vec<u8>) {
        self.db.advance(FORM_SECS);
        let path = format!("{}/{what}", self.page);
        let stamp = self.care.links.stamp(&path, self.db.clock.now() - SignedDuration::from_mins(1));
        (self.care.client.addr, request(&path, kind, "", &stamped(body, &stamp)))
    }

    fn wish(&self, what: &str, body: &[u8]) -> (SocketAddr, Vec<u8>) {
        let clock = &self.wishes.world.clock;
        clock.advance(SignedDuration::from_secs(FORM_SECS));
        let path = format!("{}/{what}", self.own);
        let stamp = self.wishes.links.stamp(&path, clock.now() - SignedDuration::from_mins(1));
        (self.wishes.client.addr, request(&path, FORM, "", &stamped(body, &stamp)))
    }

    /// A call with an id of its own, so that it is no repeat.
    fn call(&self, path: &str, prefix: &str, body: &[u8]) -> (SocketAddr, Vec<u8>) {
        self.calls.set(self.calls.get() + 1);
        let (id, now) = (format!("call-{}", self.calls.get()), self.house.world.clock.now());
        let signature = keys().sign(&id, now, body);
        let seconds = now.as_second();
        let head = format!("{prefix}-id: {id}\r\n{prefix}-timestamp: {seconds}\r\n{prefix}-signature: {signature}\r\n");
        (self.house.client.addr, request(path, "application/json", &head, body))
    }

    async fn end(self) {
        let Self { db, care, wishes, console_db, console, house, .. } = self;
        drop((care, wishes, console, house));
        db.end().await;
        console_db.end().await;
    }
}

/// Puts in a stamp, wherever the changes have left its place whole.
fn stamped(body: &[u8], stamp: &str) -> Vec<u8> {
    let place = body.windows(STAMP.len()).position(|window| window == STAMP);
    place.map_or(body.to_vec(), |at| [&body[..at], stamp.as_bytes(), &body[at + STAMP.len()..]].concat())
}

#[test]
fn forms_and_calls() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let sites = runtime.block_on(Sites::new());
    fuzz_within(INPUT_MAX, "forms", &sites.examples(), |bytes| {
        let (to, body) = bytes.split_first().map_or((b'r', bytes), |(to, body)| (*to, body));
        let (addr, request) = sites.request(to, body);
        match runtime.block_on(sent(addr, &request))? {
            // No form may be more than the store can take.
            503 => Err("it answers with 503".to_owned()),
            status => judge(status),
        }
    });
    runtime.block_on(sites.end());
}
