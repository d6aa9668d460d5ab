//! The channels against real sockets: servers that follow a script, and files.

mod broker;
mod http;
mod mail;
mod matrix;
mod postfix;
mod provider;
mod smtp;
mod ssrf;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use doorstep::channel::{Content, Encoding, Intent, Mail, Message, SendError, Text};
use doorstep::domain::id::{BrandId, NoticeKey, OrderId, OrderKey};
use doorstep::domain::person::{Pii, Role};
use doorstep::domain::stage::Stage;

/// Grants the intent, or not, and counts how often it was asked.
#[derive(Clone)]
struct Asked {
    granted: bool,
    times: Arc<AtomicUsize>,
}

impl Asked {
    fn granting() -> Self {
        Self { granted: true, times: Arc::default() }
    }

    fn refusing() -> Self {
        Self { granted: false, times: Arc::default() }
    }

    fn times(&self) -> usize {
        self.times.load(Ordering::Relaxed)
    }
}

impl Intent for Asked {
    async fn commit(self) -> bool {
        self.times.fetch_add(1, Ordering::Relaxed);
        self.granted
    }
}

/// The class of an outcome, in one word, with its code.
fn class<T>(result: &Result<T, SendError>) -> (&'static str, Option<u16>) {
    match result {
        Ok(_) => ("accepted", None),
        Err(SendError::Later { cause, .. }) if cause.endpoint_fault => ("fault", cause.code),
        Err(SendError::Later { cause, .. }) => ("later", cause.code),
        Err(SendError::Never { cause }) => ("never", cause.code),
        Err(SendError::NoSuchAddress { cause }) => ("no such address", cause.code),
        Err(SendError::InDoubt { cause }) => ("in doubt", cause.code),
        Err(SendError::NotWanted) => ("not wanted", None),
    }
}

/// The `number`th message of order `A-1042`.
fn message(number: u32, content: Content, to: &str) -> Message {
    let order = OrderKey::new(&BrandId::new("harbour"), &OrderId::new("A-1042"));
    Message {
        key: NoticeKey::new(&order, &["shipped", &number.to_string()]),
        order,
        shipment: Some("S-1".to_owned()),
        stage: Some(Stage::Shipped),
        role: Role::Customer,
        locale: "pl".to_owned(),
        planned_at: "2026-11-21T09:30:00Z".parse().unwrap(),
        to: Pii::new(to.to_owned()),
        content,
    }
}

fn mail() -> Mail {
    Mail {
        from_name: "Harbour Goods".to_owned(),
        from: "orders@harbour.example".to_owned(),
        reply_to: Some("help@harbour.example".to_owned()),
        to_name: Pii::new("Zofia Żółć".to_owned()),
        subject: "Twoja paczka jest już w drodze".to_owned(),
        html: "<p>Dzień dobry</p>\n<p>.hidden = \"yes\"</p>".to_owned(),
        text: "Dzień dobry\n.\nPaczka jest w drodze.".to_owned(),
        thread_id: "a-1042.1@harbour.example".to_owned(),
        starts_thread: false,
        unsubscribe_url: Some("https://harbour.example/u/abc".to_owned()),
        unsubscribe_mailto: Some("stop@harbour.example".to_owned()),
    }
}

fn email(number: u32) -> Message {
    message(number, Content::Email(Box::new(mail())), "zofia@example.com")
}

fn text() -> Message {
    let text = Text { body: "Twoja paczka jest w drodze".to_owned(), segments: 1, encoding: Encoding::Gsm7 };
    message(100, Content::Sms(text), "+48500100200")
}
