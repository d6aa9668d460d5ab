//! One notice on its way: judge again, compose, seal, ask for the intent, send, and say what came of it.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Worker;
use super::compose::Draft;
use super::desk::{Desk, Ending};
use super::handoff::{Earlier, Handed};
use super::journal::Journal;
use super::keep::{Kept, Kind};
use crate::channel::{Intent, Message, Receipt, Sealed, SendError, email, sms};
use crate::clock::Clock;
use crate::content;
use crate::crash;
use crate::domain::goods::Goods;
use crate::domain::listen::ask;
use crate::domain::notice::{Notice, Said, Why};
use crate::domain::order::Order;
use crate::domain::person::{Channel, ContactKey, Role};
use crate::domain::policy::{InDoubt, Policy};
use crate::domain::release::{self, Consent, Release, SaidBefore, Telling};
use crate::domain::retry::{self, Next, Tries};
use crate::domain::stage::{Class, Stage};
use crate::store::StoreError;
use crate::store::rows::{Grant, IntentRow, Verdict};
use crate::telemetry;

/// How often a notice is judged anew because its order moved on meanwhile, before it is given back to the queue.
const ROUNDS_MAX: u32 = 4;
/// How old a granted intent may be when its answer is here. What the order was then is judged anew afterwards: another worker may
/// have told newer news while the database was silent.
const GRANT_FRESH: SignedDuration = SignedDuration::from_secs(2);
/// How often the lease of a long send is extended: several times within its length.
const EXTEND_EVERY: Duration = Duration::from_secs(15);
/// How long a message that could not be composed waits for better templates.
const COMPOSE_AGAIN: SignedDuration = SignedDuration::from_mins(10);
/// How long it may wait in all: the horizon of mails.
const COMPOSE_HORIZON: SignedDuration = SignedDuration::from_hours(72);

/// The ways out, one for each channel.
#[derive(Debug)]
pub struct Senders {
    pub email: email::Sender,
    pub sms: sms::Sender,
}

impl Senders {
    fn seal(&self, channel: Channel, message: &Message) -> Result<Sealed, SendError> {
        match channel {
            Channel::Email => self.email.seal(message),
            Channel::Sms => self.sms.seal(message),
        }
    }

    async fn send(&self, sealed: &Sealed, intent: impl Intent) -> Result<Receipt, SendError> {
        match sealed.channel {
            Channel::Email => self.email.send(sealed, intent).await,
            Channel::Sms => self.sms.send(sealed, intent).await,
        }
    }

    pub(super) fn idempotent(&self, channel: Channel) -> bool {
        match channel {
            Channel::Email => self.email.idempotent(),
            Channel::Sms => self.sms.idempotent(),
        }
    }

    pub(super) fn endpoint(&self, channel: Channel) -> &str {
        match channel {
            Channel::Email => self.email.endpoint(),
            Channel::Sms => self.sms.endpoint(),
        }
    }
}

/// What a round of judging and sending came to.
enum Round {
    Done(Verdict),
    /// The order moved on: judge again by its new state.
    Moved,
    /// The claim is another's now: nothing is to be written.
    Lost,
}

/// What came of the question for the intent.
enum Asked {
    Granted,
    /// Nothing may be sent now, for this reason, whether or not the intent was committed.
    Unusable(&'static str),
    /// The order moved on.
    Moved,
    /// The claim is another's now.
    Lost,
}

/// The question for the intent, as a channel asks it.
struct Ticket<'a> {
    desk: &'a Desk,
    clock: &'a Clock,
    /// Where the far side recognises a key, no doubt is left for it to settle.
    journal: Option<&'a Journal>,
    notice: &'a Notice,
    row: IntentRow,
    answer: &'a OnceLock<Asked>,
}

impl Intent for Ticket<'_> {
    async fn commit(self) -> bool {
        let (key, fence) = (self.row.key, self.row.fence);
        if let Some(journal) = self.journal {
            journal.asked(self.notice, fence);
        }
        let asked_at = self.clock.now();
        let answer = match self.desk.intend(self.row).await {
            Ok(Grant::Granted) => {
                crash::point("dispatch.granted");
                if self.clock.now().duration_since(asked_at) > GRANT_FRESH {
                    Asked::Unusable("the intent was granted too late")
                } else if self.journal.is_none_or(|journal| journal.begun(key, fence)) {
                    Asked::Granted
                } else {
                    Asked::Unusable("the journal could not be written")
                }
            }
            Ok(Grant::OrderMoved) => Asked::Moved,
            Ok(Grant::LeaseLost) => Asked::Lost,
            Err(_) => Asked::Unusable("the intent could not be committed"),
        };
        let granted = matches!(answer, Asked::Granted);
        // A channel asks once at most, so nothing is overwritten.
        let _ = self.answer.set(answer);
        granted
    }
}

impl Worker {
    /// Carries one claimed notice to its end, whatever that is, and writes it down.
    pub(super) async fn carry(&self, handed: Handed<Order>) {
        crash::point("dispatch.taken");
        let Handed { notice, fence, order, version, earlier, .. } = handed;
        let channel = notice.channel;
        let verdict = self.verdict(&notice, fence, (order, version), earlier).await;
        if !self.gate(channel).is_open() {
            // If this was the probe and it never came to the endpoint, another may be.
            self.gate(channel).undecided(self.clock.now());
        }
        let Some((verdict, version)) = verdict else {
            tracing::debug!(notice.key = %notice.key, "another worker has this notice now");
            return self.journal.forget(notice.key, fence);
        };
        self.journal.ended(notice.key, fence, &verdict);
        if let Verdict::Accepted { .. } = verdict {
            let took = self.clock.now().duration_since(notice.fact_at);
            telemetry::fact_to_accept(channel, Duration::try_from(took).unwrap_or_default());
        }
        // An error is logged at the desk; whoever reads the journal sees to it, or whoever claims next once the lease runs out.
        let key = notice.key;
        match self.desk.settle(Ending { notice, fence, version, verdict }).await {
            // What the database will never take need not be offered to it once more.
            Ok(()) | Err(StoreError::Poison { .. }) => self.journal.forget(key, fence),
            Err(_) => {}
        }
    }

    /// What became of a notice, and the version of the order that must still stand for it: that by which it stays unsent. `None` if
    /// it is no longer ours.
    async fn verdict(
        &self,
        notice: &Notice,
        fence: i32,
        mut order: (Arc<Order>, i64),
        earlier: Option<Box<Earlier>>,
    ) -> Option<(Verdict, Option<i64>)> {
        for round in 0..ROUNDS_MAX {
            if round > 0 {
                order = match self.reload(notice).await {
                    Ok(Some(fresh)) => fresh,
                    Ok(None) | Err(_) => return Some((Verdict::Released, None)),
                };
            }
            let policy = self.policies.of(&notice.order.brand());
            let telling = match self.judge(notice, &order.0, &policy).await {
                Ok(Release::Send(telling)) => telling,
                Ok(Release::Hold { until, why }) => return Some((Verdict::Held { until, why }, Some(order.1))),
                Ok(Release::Superseded { why }) => return Some((Verdict::Superseded { why }, Some(order.1))),
                Ok(Release::Suppressed { why }) => {
                    return Some(self.suppressed(notice, (&order.0, order.1), &policy, why).await);
                }
                Err(error) => {
                    tracing::warn!(%error, "a notice could not be judged, it goes back to the queue");
                    return Some((Verdict::Released, None));
                }
            };
            crash::point("dispatch.judged");
            let case = Case { notice, fence, version: order.1, policy: &policy, earlier: earlier.as_deref() };
            match self.round(&case, &order.0, &telling).await {
                Round::Done(verdict) => return Some((verdict, None)),
                Round::Moved => {}
                Round::Lost => return None,
            }
        }
        Some((Verdict::Released, None))
    }

    async fn judge(&self, notice: &Notice, order: &Order, policy: &Policy) -> Result<Release, StoreError> {
        let now = self.clock.now();
        let said =
            if release::needs_said(notice.stage, order, policy) { self.said_before(notice).await? } else { Vec::new() };
        let judge = |consent| release::judge(now, policy, order, notice, consent, &said);
        // Most people have opted out of nothing, so judging first and asking then saves reading the order twice.
        let trusting = judge(Consent::default());
        let is_text = notice.channel == Channel::Sms;
        let to = match &trusting {
            Release::Send(telling) => Some(telling.address.expose().as_str()),
            // A number that the person confirmed may be there all the same.
            Release::Suppressed { why: Why::NoAddress | Why::NotWished } if is_text => None,
            Release::Hold { .. } | Release::Superseded { .. } | Release::Suppressed { .. } => return Ok(trusting),
        };
        if let Some(held) = release::held_by_feed(now, policy, order, notice.stage, &self.quiet_feeds.now()) {
            return Ok(held);
        }
        let wishes = self.wishes(notice, order, policy, to).await?;
        let consent = wishes.consent(notice, &trusting);
        let judged = if consent == Consent::default() { trusting } else { judge(consent) };
        match &judged {
            // Last, since it is written down that the person is asked.
            Release::Send(telling) if notice.stage == Stage::Feedback => {
                let contact = ContactKey::new(notice.channel, telling.address.expose());
                let heard = self.store.may_ask(notice.key, &notice.order, contact, policy.ask.apart).await?;
                Ok(ask::refusal(heard).map_or(judged, |why| Release::Suppressed { why }))
            }
            Release::Send(_) | Release::Hold { .. } | Release::Superseded { .. } | Release::Suppressed { .. } => {
                Ok(judged)
            }
        }
    }

    async fn said_before(&self, notice: &Notice) -> Result<Vec<SaidBefore>, StoreError> {
        let told = self.store.said(std::slice::from_ref(&notice.order)).await?;
        let same_person = told.into_iter().filter(|told| told.role == notice.role);
        Ok(same_person
            .map(|told| SaidBefore {
                stage: told.stage,
                channel: told.channel,
                shipment: told.shipment,
                said: told.said,
            })
            .collect())
    }

    async fn reload(&self, notice: &Notice) -> Result<Option<(Arc<Order>, i64)>, StoreError> {
        let rows = self.store.orders(std::slice::from_ref(&notice.order)).await?;
        let Some(row) = rows.into_iter().next() else { return Ok(None) };
        match serde_json::from_str(&row.doc) {
            Ok(order) => Ok(Some((Arc::new(order), row.version))),
            Err(_) => Err(StoreError::Corrupt { table: "orders", column: "doc", id: row.key.to_string() }),
        }
    }

    async fn round(&self, case: &Case<'_>, order: &Order, telling: &Telling) -> Round {
        let (sealed, row) = match self.prepare(case, order, telling).await {
            Ok(prepared) => prepared,
            Err(verdict) => return Round::Done(verdict),
        };
        crash::point("dispatch.sealed");
        let answer = OnceLock::new();
        let journal = (!self.senders.idempotent(case.notice.channel)).then_some(&self.journal);
        let ticket =
            Ticket { desk: &self.desk, clock: &self.clock, journal, notice: case.notice, row, answer: &answer };
        let began = self.clock.now();
        let result = self.send_holding_on(case, &sealed, ticket).await;
        crash::point("dispatch.sent");
        let now = self.clock.now();
        let channel = case.notice.channel;
        if let Some(Asked::Granted) = answer.get() {
            telemetry::send_took(channel, Duration::try_from(now.duration_since(began)).unwrap_or_default());
        }
        self.note_endpoint(channel, &result, now);
        match (result, answer.get()) {
            (Ok(receipt), _) => Round::Done(Verdict::Accepted { receipt: receipt.id }),
            (Err(SendError::NotWanted), Some(Asked::Moved)) => Round::Moved,
            (Err(SendError::NotWanted), Some(Asked::Lost)) => Round::Lost,
            // The intent may have been committed although the database did not say so. Nothing was sent, and this says so.
            (Err(SendError::NotWanted), asked) => Round::Done(Verdict::Deferred {
                until: now + OUTAGE_PAUSE,
                cause: if let Some(Asked::Unusable(cause)) = asked { *cause } else { "no intent was asked for" }.into(),
                reached: false,
            }),
            (Err(SendError::NoSuchAddress { cause }), _) => Round::Done(self.address_gone(case, telling, &cause).await),
            (Err(error), _) => Round::Done(self.failed(case, error, now)),
        }
    }

    /// Sends, and holds on to the lease for as long as that takes.
    async fn send_holding_on(
        &self,
        case: &Case<'_>,
        sealed: &Sealed,
        ticket: Ticket<'_>,
    ) -> Result<Receipt, SendError> {
        let sending = self.senders.send(sealed, ticket);
        // Side by side: while the database takes its time over a lease, the far side's answer is read, and noted.
        let holding = async {
            loop {
                tokio::time::sleep(EXTEND_EVERY).await;
                // Losing it changes nothing here: the intent is then refused, or what was sent cannot be unsent.
                let _ = self.desk.extend(case.notice.key, case.fence).await;
            }
        };
        tokio::select! {
            biased;
            result = sending => result,
            () = holding => unreachable!("leases are held until the send ends"),
        }
    }

    /// The final bytes: those of an earlier try that may have arrived, or freshly composed ones. An error is the verdict that ends this claim.
    async fn prepare(&self, case: &Case<'_>, order: &Order, telling: &Telling) -> Result<(Sealed, IntentRow), Verdict> {
        let notice = case.notice;
        let said = said_json(&telling.said);
        let contact = ContactKey::new(notice.channel, telling.address.expose());
        let row = |said: String, sealed| IntentRow {
            key: notice.key,
            order: notice.order.clone(),
            fence: case.fence,
            version: case.version,
            contact,
            said,
            sealed,
        };
        // What the far side surely has not got is written anew: the facts may have changed, or "tomorrow" has become today.
        let unsure = case.earlier.filter(|earlier| earlier.unsure);
        if let Some(packed) = unsure.and_then(|earlier| earlier.sealed.as_ref()) {
            match self.frames.unpack(&self.store, packed).await {
                // The same bytes, for the far side may have them already. Only if they would now say something untrue, or go
                // to an address that is no longer the person's, are they made anew.
                Ok(kept) if kept.said == said && kept.to == telling.address => {
                    let said = kept.said.clone();
                    return Ok((kept.into_sealed(notice.key, notice.channel), row(said, packed.clone())));
                }
                Ok(_) => tracing::info!(notice.key = %notice.key, "the facts changed between two tries: composed anew"),
                Err(error) => {
                    tracing::warn!(notice.key = %notice.key, %error, "kept bytes cannot be read: composed anew")
                }
            }
        }
        let earlier = self.bought_before(case, order).await;
        let draft = Draft { order, notice, telling, policy: case.policy, earlier: &earlier, now: self.clock.now() };
        let message = self.composer.compose(&draft).map_err(|error| {
            tracing::error!(notice.key = %notice.key, notice.stage = notice.stage.as_str(), %error, "cannot be composed");
            self.not_composed(notice, "the message could not be composed")
        })?;
        crash::point("dispatch.rendered");
        let sealed = self.senders.seal(notice.channel, &message).map_err(|error| match error {
            SendError::Never { cause } | SendError::NoSuchAddress { cause } => {
                Verdict::Rejected { why: Why::Rejected, cause: cause.to_string() }
            }
            SendError::Later { .. } | SendError::InDoubt { .. } | SendError::NotWanted => {
                self.not_composed(notice, "the message could not be sealed")
            }
        })?;
        let kind = Kind {
            brand: notice.order.brand_str().to_owned(),
            stage: notice.stage,
            channel: notice.channel,
            locale: message.locale,
        };
        let packed = self.frames.pack(&self.store, kind, &Kept::of(&sealed, &said)).await;
        Ok((sealed, row(said, packed)))
    }

    /// What the customer bought before, for mails of brands whose content asks for it. It is not worth holding a message up.
    async fn bought_before(&self, case: &Case<'_>, order: &Order) -> Goods {
        let notice = case.notice;
        let asks = case.policy.remembers_purchases && notice.channel == Channel::Email && notice.role == Role::Customer;
        if !asks || notice.stage.class() != Class::Progress {
            return Goods::default();
        }
        match content::bought_before(&self.store, &notice.order, order).await {
            Ok(goods) => goods,
            Err(error) => {
                tracing::warn!(%error, "a mail goes without what its reader bought before");
                Goods::default()
            }
        }
    }

    fn not_composed(&self, notice: &Notice, cause: &str) -> Verdict {
        let now = self.clock.now();
        if now.duration_since(notice.due) > COMPOSE_HORIZON {
            return Verdict::Rejected { why: Why::GaveUp, cause: cause.into() };
        }
        Verdict::Deferred { until: now + COMPOSE_AGAIN, cause: cause.into(), reached: false }
    }

    /// Tells the breaker, and those who hand over, what was learned about the endpoint.
    fn note_endpoint(&self, channel: Channel, result: &Result<Receipt, SendError>, now: Timestamp) {
        let gate = self.gate(channel);
        let endpoint = self.senders.endpoint(channel);
        let at_fault = match result {
            Ok(_) => Some(false),
            Err(
                SendError::Later { cause, .. }
                | SendError::Never { cause }
                | SendError::NoSuchAddress { cause }
                | SendError::InDoubt { cause },
            ) => Some(cause.endpoint_fault),
            Err(SendError::NotWanted) => None,
        };
        match at_fault {
            Some(true) if gate.failed(now, endpoint) => self.handoff.set_flowing(channel, false),
            Some(false) if gate.succeeded(endpoint) => self.handoff.set_flowing(channel, true),
            Some(_) | None => {}
        }
    }

    fn failed(&self, case: &Case<'_>, error: SendError, now: Timestamp) -> Verdict {
        let channel = case.notice.channel;
        let unsure = match &error {
            SendError::InDoubt { .. } => true,
            SendError::Later { cause, .. } => self.senders.idempotent(channel) && cause.may_have_arrived(),
            SendError::Never { .. } | SendError::NoSuchAddress { .. } | SendError::NotWanted => false,
        };
        let (retry_after, cause) = match error {
            SendError::Never { cause } | SendError::NoSuchAddress { cause } => {
                return Verdict::Rejected { why: Why::Rejected, cause: cause.to_string() };
            }
            // Where the far side knows the key, a doubt means that it knows it with other words: an earlier form of this
            // message was taken, and under this key nothing else ever will be.
            SendError::InDoubt { cause } if self.senders.idempotent(channel) => {
                return Verdict::InDoubt { cause: cause.to_string() };
            }
            SendError::InDoubt { cause } => {
                let rule = case.policy.stages.get(&case.notice.stage).map_or(InDoubt::Hold, |rule| rule.in_doubt);
                match rule {
                    InDoubt::Hold => return Verdict::InDoubt { cause: cause.to_string() },
                    InDoubt::Resend => (None, cause),
                }
            }
            SendError::Later { retry_after, cause } => (retry_after, cause),
            SendError::NotWanted => return Verdict::Released,
        };
        let before = case.earlier.map_or(0, |earlier| earlier.attempts);
        let first_at = case.earlier.and_then(|earlier| earlier.first_try_at).unwrap_or(now);
        let tries = Tries { count: before + 1, first_at };
        let chance = retry::chance(case.notice.key, tries.count);
        match retry::next(channel, tries, now, retry_after, chance) {
            Next::At(until) if unsure => Verdict::Unsure { until, cause: cause.to_string() },
            Next::At(until) => Verdict::Deferred { until, cause: cause.to_string(), reached: true },
            Next::GiveUp => Verdict::Rejected { why: Why::GaveUp, cause: cause.to_string() },
        }
    }
}

/// How long a notice waits for which the database did not answer.
pub(super) const OUTAGE_PAUSE: SignedDuration = SignedDuration::from_secs(5);

/// A notice under way, with what does not change within a round.
pub(super) struct Case<'a> {
    pub(super) notice: &'a Notice,
    fence: i32,
    version: i64,
    policy: &'a Policy,
    earlier: Option<&'a Earlier>,
}

/// JSON of what is said; empty where nothing is said that could turn untrue.
fn said_json(said: &Said) -> String {
    if *said == Said::default() {
        return String::new();
    }
    serde_json::to_string(said).expect("plain data with text keys")
}
