//! A worker's whole life with planted secrets: it is checked, it starts, takes an event, sends, shows its pages, and stops.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use doorstep::channel::sign::Keys;
use doorstep::clock::Clock;
use doorstep::domain::id::BrandId;
use doorstep::domain::person::{Channel, ContactKey};
use doorstep::domain::topic::Topic;
use doorstep::link::{Links, OptOut};
use doorstep::store::{Mask, Store};
use jiff::Timestamp;
use lapin::options::{BasicGetOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use lapin::{Connection, ConnectionProperties, ExchangeKind};
use serde_json::json;

use super::house::{House, Mail, PAGES, Way, broker};
use super::plants::{Heard, Plant};
use crate::door::client::{Answer, PATIENCE, until};
use crate::ops::form;
use crate::running::Running;
use crate::servers::http::Request;

const CONTENT: (&str, &str) = ("content-type", "application/cloudevents+json");
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

pub(super) struct Life {
    pub(super) house: House,
    heard: Heard,
}

/// Other programs' ear for what became of notices.
struct Ear {
    _connection: Connection,
    channel: lapin::Channel,
    queue: String,
}

impl Ear {
    async fn of(exchange: &str) -> Self {
        let connection = Connection::connect(&broker(), ConnectionProperties::default()).await.expect("a broker");
        let channel = connection.create_channel().await.expect("a channel");
        let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
        let declared = channel.exchange_declare(exchange.into(), ExchangeKind::Topic, durable, FieldTable::default());
        declared.await.expect("an exchange");
        let queue = format!("{exchange}.heard");
        let own = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        channel.queue_declare(queue.as_str().into(), own, FieldTable::default()).await.expect("a queue");
        let (options, none) = (QueueBindOptions::default(), FieldTable::default());
        channel.queue_bind(queue.as_str().into(), exchange.into(), "#".into(), options, none).await.expect("bound");
        Self { _connection: connection, channel, queue }
    }

    /// All outcomes up to one of this type.
    async fn hear(&self, kind: &str) -> String {
        let hearing = async {
            let (mut all, mut again) = (String::new(), tokio::time::interval(Duration::from_millis(20)));
            loop {
                let options = BasicGetOptions { no_ack: true };
                let got = self.channel.basic_get(self.queue.as_str().into(), options).await.expect("an answer");
                let Some(message) = got else {
                    again.tick().await;
                    continue;
                };
                all.push_str(&String::from_utf8_lossy(&message.data));
                if message.routing_key.as_str() == kind {
                    return all;
                }
            }
        };
        tokio::time::timeout(PATIENCE, hearing).await.expect("an outcome in time")
    }
}

impl Life {
    pub(super) fn of(house: House) -> Self {
        Self { house, heard: Heard::default() }
    }

    /// A whole life, and the look at all that it left.
    pub(super) async fn lived(way: Way, mail: Mail) {
        let mut life = Self::of(House::new().await);
        for other in [Mail::Smtp, Mail::Http] {
            life.check(way, other, 0);
        }
        life.heard.assert_holds(&["reached, version 0", "reached; ", "mails carry a one-click opt-out"]);
        let ear = Ear::of(&format!("{}.outcomes", life.house.name)).await;
        let worker = life.start(way, mail).await;
        let mut session = None;
        life.takes_events(&worker).await;
        life.sends(mail).await;
        life.heard.add("outcomes", ear.hear("notice.sent").await);
        life.shows_pages(&worker, &mut session).await;
        life.is_called_back(&worker).await;
        life.reads_a_broken_file(&worker).await;
        let said = worker.stop().await;
        life.heard.add("the log", said);
        life.heard.assert_holds(&["\"ready\"", "\"consuming\"", "\"stopped\"", "brands stay as they are"]);
        let session = session.expect("somebody was let in");
        life.heard.assert_free_of([&session]);
        life.over().await;
    }

    /// Looks at all that was heard.
    pub(super) async fn over(self) {
        self.heard.assert_free_of(self.house.planted());
        self.house.db.end().await;
    }

    /// `doorstep check`, in words and in JSON.
    fn check(&mut self, way: Way, mail: Mail, code: i32) {
        for args in [&["check"][..], &["check", "--json"]] {
            let mut command = crate::cli::doorstep(self.house.folder.path());
            self.house.arrange(command.args(args), way, mail);
            let done = command.output().expect("the binary starts");
            let said = [done.stdout, done.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
            assert_eq!(done.status.code(), Some(code), "{said}");
            self.heard.add(format!("{args:?} {way:?} {mail:?}"), said);
        }
    }

    async fn start(&self, way: Way, mail: Mail) -> Running {
        Running::start(self.house.folder.path(), |command| self.house.arrange(command, way, mail)).await
    }

    fn hear(&mut self, from: &str, answer: &Answer) {
        self.heard.add(from, format!("{}\n{}", answer.head(), answer.text()));
    }

    /// Waits until readiness has this status; answers with the page.
    async fn is_ready(&mut self, worker: &Running, status: u16, word: &str) {
        let asking = async {
            let mut again = tokio::time::interval(Duration::from_millis(50));
            loop {
                again.tick().await;
                let answer = worker.client.get("/readyz").await;
                if answer.status == status && answer.text().contains(word) {
                    return answer;
                }
            }
        };
        let answer = tokio::time::timeout(PATIENCE, asking).await;
        let answer = answer.unwrap_or_else(|_| panic!("never {status} with {word}: {}", worker.said()));
        self.hear("/readyz", &answer);
    }

    /// One event with the door's token; none without it.
    async fn takes_events(&mut self, worker: &Running) {
        self.is_ready(worker, 200, "").await;
        let order = json!({"id": "1", "customer": {"email": "c1@customer.example", "phone": "+48500500500"}});
        let paid = event("order.paid", &json!({ "order": order }));
        for (token, status) in [(&self.house.plants.guess, 401), (&self.house.plants.door, 202)] {
            let bearer = format!("Bearer {}", token.text);
            let headers = [CONTENT, ("authorization", bearer.as_str())];
            let answer = worker.client.post("/v1/events", &headers, paid.as_bytes()).await;
            assert_eq!(answer.status, status, "{}", answer.text());
            self.heard.add("/v1/events", format!("{}\n{}", answer.head(), answer.text()));
        }
        until(|| self.posted("/sms").is_some()).await;
        let wrong = json!({"order": {"id": "1"}, "shipment": {"id": "A", "carrier": "dhl", "reason": "address_wrong"}});
        let bearer = format!("Bearer {}", self.house.plants.door.text);
        let headers = [CONTENT, ("authorization", bearer.as_str())];
        let body = event("shipment.exception", &wrong);
        let answer = worker.client.post("/v1/events", &headers, body.as_bytes()).await;
        assert_eq!(answer.status, 202, "{}", answer.text());
    }

    /// The first request to a path of the receiver's.
    fn posted(&self, path: &str) -> Option<Request> {
        self.house.far.seen().into_iter().find(|request| request.line.starts_with(&format!("POST {path}")))
    }

    /// Every far side is shown its own secret, and no other.
    async fn sends(&mut self, mail: Mail) {
        let plants = &self.house.plants;
        let login = format!("AUTH PLAIN {}", STANDARD.encode(format!("\0doorstep\0{}", plants.smtp.text)));
        let is_mailed = || match mail {
            Mail::Smtp => !self.house.mails.seen().taken.is_empty(),
            Mail::Http => self.posted("/emails").is_some(),
        };
        until(|| is_mailed() && self.posted("/hook").is_some() && self.posted("/chat").is_some()).await;
        match mail {
            Mail::Smtp => {
                let seen = self.house.mails.seen();
                assert!(seen.commands.iter().any(|(_, line)| *line == login), "{:?}", seen.commands);
                for taken in &seen.taken {
                    let text = String::from_utf8_lossy(&taken.data).into_owned();
                    assert!(text.contains("DKIM-Signature: v=1; a=ed25519-sha256"), "{text}");
                    self.heard.add("a mail", text);
                }
            }
            Mail::Http => {
                let request = self.posted("/emails").expect("seen");
                assert_eq!(request.header("authorization"), format!("Bearer {}", plants.token.text));
            }
        }
        for (path, plant) in [("/sms", &plants.sms), ("/hook", &plants.hook)] {
            let request = self.posted(path).expect("seen");
            let [id, time, signature] =
                ["id", "timestamp", "signature"].map(|n| request.header(&format!("webhook-{n}")));
            let believed = keys(plant).verify(id, time, signature, &request.body, Timestamp::now());
            assert_eq!(believed, Ok(()), "{path}");
        }
        assert!(plants.chat.is_in(&self.posted("/chat").expect("seen").line));
        for request in self.house.far.seen() {
            self.heard.add("what a receiver got", String::from_utf8_lossy(&request.body));
        }
    }

    /// Health, metrics, a page that is not there, the console, and a customer's page.
    async fn shows_pages(&mut self, worker: &Running, session: &mut Option<Plant>) {
        for (path, status) in [("/healthz", 200), ("/metrics", 200), ("/nowhere", 404), ("/ops/login", 200)] {
            let answer = worker.client.get(path).await;
            assert_eq!(answer.status, status, "{path}");
            self.hear(path, &answer);
        }
        let (guess, person) = (self.house.plants.guess.text.clone(), self.house.plants.person.text.clone());
        let login = async |password: &str| {
            let body = form(&[("name", "ann"), ("password", password)]);
            worker.client.post("/ops/login", &[FORM], body.as_bytes()).await
        };
        let refused = login(&guess).await;
        assert_eq!(refused.status, 403);
        self.hear("a refused login", &refused);
        let let_in = login(&person).await;
        assert_eq!(let_in.status, 303, "{}", let_in.text());
        let cookie =
            let_in.header("set-cookie").and_then(|cookie| cookie.split(';').next()).expect("a session").to_owned();
        for path in ["/ops", "/ops/audit", "/ops/orders/harbour/1"] {
            let answer = worker.client.ask("GET", path, &[("cookie", &cookie)], b"").await;
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
            self.hear(path, &answer);
        }
        *session = Some(Plant::whole("a session", cookie.split_once('=').expect("a value").1));
        self.opts_out(worker).await;
        self.heard.assert_holds(&["doorstep_", "address_wrong"]);
    }

    /// A link under the planted secret works, and what is declined is kept under a name that only the planted secret makes.
    async fn opts_out(&mut self, worker: &Running) {
        let contact = ContactKey::new(Channel::Email, "c2@customer.example");
        let who = OptOut { contact, brand: BrandId::new("harbour"), locale: "en".to_owned() };
        let secret = |plant: &Plant| vec![plant.text.as_str().into()];
        let links = Links::new(PAGES, &secret(&self.house.plants.links)).expect("links");
        let url = links.opt_out_url(&who);
        let path = url.strip_prefix(PAGES).expect("our address");
        let page = worker.client.get(path).await;
        assert_eq!(page.status, 200, "{}", page.text());
        self.hear("the page of wishes", &page);
        let stopped = worker.client.post(path, &[FORM], b"List-Unsubscribe=One-Click").await;
        assert_eq!(stopped.status, 200, "{}", stopped.text());
        let store = Store::open(&self.house.db.settings, Clock::database()).await.expect("the database");
        let mask = Mask::new(&secret(&self.house.plants.mask)).expect("a secret");
        for (store, allowed) in [(store.masked(mask), false), (store.clone(), true)] {
            let known = store.consents(&[contact]).await.expect("an answer").remove(0);
            let topic = Topic::ALL.into_iter().find(|topic| *topic != Topic::Necessary).expect("another topic");
            assert_eq!(known.allows(&BrandId::new("harbour"), Channel::Email, topic), allowed);
        }
        store.close().await;
    }

    /// Each door of callbacks believes its own secret alone.
    async fn is_called_back(&mut self, worker: &Running) {
        let doors = [("resend", "svix"), ("generic", "webhook"), ("sms/harbour", "webhook")];
        let plants =
            [&self.house.plants.resend, &self.house.plants.generic, &self.house.plants.texts].map(Plant::clone);
        for ((door, prefix), plant) in doors.into_iter().zip(plants) {
            let path = format!("/v1/callbacks/{door}");
            for (plant, believed) in [(&plant, true), (&Plant::signing("a stranger's"), false)] {
                let now = Timestamp::now();
                let (signature, time) = (keys(plant).sign("1", now, b"{}"), now.as_second().to_string());
                let names = ["id", "timestamp", "signature"].map(|name| format!("{prefix}-{name}"));
                let headers = [(names[0].as_str(), "1"), (&names[1], &time), (&names[2], &signature)];
                let answer = worker.client.post(&path, &headers, b"{}").await;
                assert_eq!(answer.status != 403, believed, "{path}: {}", answer.text());
                self.hear(&path, &answer);
            }
        }
    }

    /// The file is changed, and has a slip of the pen in the line of a secret.
    async fn reads_a_broken_file(&mut self, worker: &Running) {
        let text = format!("[email]\npassword = '{}\n", self.house.plants.smtp.text);
        std::fs::write(self.house.path("doorstep.toml"), text).expect("a file");
        until(|| worker.said().contains("brands stay as they are")).await;
    }

    pub(super) async fn refused_by_database(&mut self, way: Way) {
        self.check(way, Mail::Smtp, 3);
        let house = &self.house;
        let worker = Running::begin(house.folder.path(), |command| house.arrange(command, way, Mail::Smtp));
        // SQLSTATE of a password that does not fit. It may be mended while the worker waits.
        until(|| worker.said().contains("28P01")).await;
        self.heard.add("the log of a worker that its database refuses", worker.said());
    }

    pub(super) async fn refused_by_broker(&mut self, way: Way) {
        self.check(way, Mail::Smtp, 3);
        let worker = self.start(way, Mail::Smtp).await;
        self.is_ready(&worker, 503, "cannot reach the broker").await;
        let metrics = worker.client.get("/metrics").await;
        self.hear("/metrics", &metrics);
        let said = worker.stop().await;
        assert!(said.contains("cannot reach the broker"), "{said}");
        self.heard.add("the log of a worker that its broker refuses", said);
    }
}

fn keys(plant: &Plant) -> Keys {
    Keys::parse(&[plant.text.as_str().into()]).expect("a signing secret")
}

fn event(kind: &str, data: &serde_json::Value) -> String {
    json!({"specversion": "1.0", "id": kind, "source": "/shops/harbour", "type": kind, "time": Timestamp::now(),
        "brand": "harbour", "data": data})
    .to_string()
}
