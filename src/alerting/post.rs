//! Messages to ops on their way out: claimed, held once more, sent, settled.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;

use super::digest::Letter;
use super::settings::{Book, Settings};
use crate::channel::hook::{self, Hook};
use crate::channel::setup::SetupError;
use crate::channel::{Content, Intent, Mail, Message, SendError, email};
use crate::clock::Clock;
use crate::crash;
use crate::domain::id::{BrandId, NoticeKey, OrderId, OrderKey};
use crate::domain::person::{Channel, ContactKey, Pii, Role};
use crate::domain::retry::{self, Next, Tries};
use crate::store::rows::{AlertPost, PostEnd};
use crate::store::{Store, StoreError};
use crate::telemetry::{self, PostOutcome};

/// Messages under way at the same time.
const AT_ONCE: u32 = 8;
/// How long a claimed message is kept before it is sent …
const LEASE: Duration = Duration::from_secs(60);
/// … and while it is: longer than the ten minutes that SMTP may take over its last answer.
const SEND_LEASE: Duration = Duration::from_secs(720);

/// The target of a digest's post begins with this; the address's pseudonym follows.
const DIGEST: &str = "digest:";

/// A target cannot be built from its settings.
#[derive(Debug, thiserror::Error)]
#[error("alerts.targets.{name}")]
pub struct BadTarget {
    pub name: String,
    #[source]
    pub source: SetupError,
}

/// The ways to ops.
#[derive(Debug)]
pub struct Ways {
    pub targets: BTreeMap<String, Hook>,
    mails: Mails,
}

/// How digests go out.
#[derive(Debug)]
enum Mails {
    Sent(Box<email::Sender>),
    /// Beside the captured mails to customers.
    Kept(PathBuf),
}

impl Ways {
    /// Builds every target; nothing is connected yet.
    ///
    /// # Errors
    /// The target whose settings are wrong.
    pub fn new(settings: &Settings, mails: &email::Settings, clock: &Clock) -> Result<Self, BadTarget> {
        let mut targets = BTreeMap::new();
        for (name, target) in &settings.targets {
            let hook = Hook::new(target, clock.clone()).map_err(|source| BadTarget { name: name.clone(), source })?;
            targets.insert(name.clone(), hook);
        }
        let bad = |source| BadTarget { name: "digest".to_owned(), source };
        let mails = match mails {
            email::Settings::Capture(capture) => {
                hook::make_folder(&capture.dir).map_err(bad)?;
                Mails::Kept(capture.dir.clone())
            }
            email::Settings::Smtp(_) | email::Settings::Http(_) => {
                Mails::Sent(Box::new(email::Sender::new(mails, clock.clone()).map_err(bad)?))
            }
        };
        Ok(Self { targets, mails })
    }
}

/// The target of a digest to one address.
pub fn digest_target(address: &str) -> String {
    format!("{DIGEST}{}", ContactKey::new(Channel::Email, address).0.simple())
}

/// The question whether a message is still ours, as a channel asks it just before the bytes leave.
struct Ticket<'a> {
    store: &'a Store,
    post: &'a AlertPost,
}

impl Intent for Ticket<'_> {
    async fn commit(self) -> bool {
        self.store.hold_post(self.post, SEND_LEASE).await.unwrap_or(false)
    }
}

/// Sends what is due now; returns how many messages were tried.
pub(super) async fn send_due(store: &Store, ways: &Ways, book: &Book) -> Result<usize, StoreError> {
    let mut tried = 0;
    loop {
        let claimed = store.claim_posts(AT_ONCE, LEASE).await?;
        if claimed.is_empty() {
            return Ok(tried);
        }
        crash::point("alerts.claimed");
        tried += claimed.len();
        let ends = futures_util::future::join_all(claimed.iter().map(|post| carry(store, ways, book, post))).await;
        ends.into_iter().collect::<Result<Vec<()>, _>>()?;
    }
}

async fn carry(store: &Store, ways: &Ways, book: &Book, post: &AlertPost) -> Result<(), StoreError> {
    let sent = send(store, ways, book, post).await;
    crash::point("alerts.sent");
    let end = match sent {
        Ok(()) => PostEnd::Taken,
        // Another worker has it, or the database did not say: the lease decides.
        Err(SendError::NotWanted) => return Ok(()),
        Err(SendError::Never { cause } | SendError::NoSuchAddress { cause } | SendError::InDoubt { cause }) => {
            PostEnd::GivenUp { cause: cause.to_string() }
        }
        Err(SendError::Later { retry_after, cause }) => {
            let tries = Tries { count: post.attempts.max(1), first_at: post.created_at };
            // Webhooks' schedule for all of them: a digest or a line in a chat of three days ago helps nobody.
            match retry::next(Channel::Sms, tries, store.clock().now(), retry_after, rand::random()) {
                Next::At(at) => PostEnd::Again { at, cause: cause.to_string() },
                Next::GiveUp => PostEnd::GivenUp { cause: cause.to_string() },
            }
        }
    };
    if !store.settle_post(post, &end).await? {
        return Ok(());
    }
    telemetry::alert_post(match &end {
        PostEnd::Taken => PostOutcome::Sent,
        PostEnd::Again { .. } => PostOutcome::Retried,
        PostEnd::GivenUp { .. } => PostOutcome::GivenUp,
    });
    if let PostEnd::GivenUp { cause } = &end {
        tracing::error!(post.id = %post.id, post.kind = %post.kind, target = %post.target, %cause, "ops could not be told");
    }
    Ok(())
}

async fn send(store: &Store, ways: &Ways, book: &Book, post: &AlertPost) -> Result<(), SendError> {
    let ticket = Ticket { store, post };
    if post.target.starts_with(DIGEST) {
        return mail(ways, book, post, ticket).await;
    }
    let Some(hook) = ways.targets.get(&post.target) else { return Err(gone("the target is not configured any more")) };
    hook.send(post.id, Bytes::from(post.body.clone()), ticket).await
}

fn gone(what: &'static str) -> SendError {
    SendError::Never { cause: crate::channel::Cause { what, code: None, endpoint_fault: false } }
}

async fn mail(ways: &Ways, book: &Book, post: &AlertPost, ticket: Ticket<'_>) -> Result<(), SendError> {
    let rules = book.of(&post.brand);
    let address = rules.digest.to.iter().find(|address| digest_target(address) == post.target);
    let address = address.ok_or_else(|| gone("nobody wants this digest any more"))?;
    let letter: Letter = serde_json::from_str(&post.body).map_err(|_| gone("the stored digest is damaged"))?;
    let sender = match &ways.mails {
        Mails::Sent(sender) => sender,
        Mails::Kept(folder) => {
            if !ticket.commit().await {
                return Err(SendError::NotWanted);
            }
            let file = |ending: &str, text: String| (format!("digest-{}.{ending}", post.id), Bytes::from(text));
            return hook::keep(folder.clone(), vec![file("txt", letter.text), file("html", letter.html)]).await;
        }
    };
    let (from_name, from) = rules.sender.clone();
    let thread_id = format!("digest.{}@{}", post.brand, from.split('@').next_back().unwrap_or("doorstep.invalid"));
    let mail = Mail {
        from_name,
        from,
        reply_to: None,
        to_name: Pii::new(String::new()),
        subject: letter.subject,
        html: letter.html,
        text: letter.text,
        thread_id,
        starts_thread: false,
        unsubscribe_url: None,
        unsubscribe_mailto: None,
    };
    let message = Message {
        key: NoticeKey(post.id),
        order: OrderKey::new(&BrandId::new(&post.brand), &OrderId::new("digest")),
        shipment: None,
        stage: None,
        role: Role::Customer,
        locale: "en".to_owned(),
        planned_at: post.created_at,
        to: Pii::new(address.clone()),
        content: Content::Email(Box::new(mail)),
    };
    sender.send(&sender.seal(&message)?, ticket).await.map(drop)
}
