//! What the person wishes whom a notice is for, and what happens where their address takes nothing any more.

use super::Worker;
use super::send::{Case, OUTAGE_PAUSE};
use crate::channel::Cause;
use crate::domain::notice::{Notice, Why};
use crate::domain::order::Order;
use crate::domain::person::{Channel, ContactKey};
use crate::domain::policy::Policy;
use crate::domain::release::{Consent, Release, Telling};
use crate::domain::reroute;
use crate::domain::topic::Topic;
use crate::store::StoreError;
use crate::store::rows::{Consent as Known, Dead, Verdict};

impl Worker {
    /// What the store knows of the person that a notice is for. What somebody chose on their page is kept under their e-mail
    /// address, for texts as well; what a phone's owner declined by a text, under the number.
    pub(super) async fn wishes(
        &self,
        notice: &Notice,
        order: &Order,
        policy: &Policy,
        to: Option<&str>,
    ) -> Result<Wishes, StoreError> {
        let ask = async |channel, address: Option<&str>| match address {
            Some(address) => self.desk.consent(ContactKey::new(channel, address)).await.map(Some),
            None => Ok(None),
        };
        if notice.channel == Channel::Email {
            let own = ask(Channel::Email, to).await?;
            return Ok(Wishes { person: own.clone(), own });
        }
        let state = order.state(&policy.zone);
        let person = ask(Channel::Email, state.address_of(notice.role, Channel::Email)).await?;
        let brand = notice.order.brand();
        let chosen = person.as_ref().and_then(|person| person.chosen_for(&brand)?.number.as_ref());
        let number = chosen.map(|number| number.expose().as_str()).or(to);
        Ok(Wishes { own: ask(Channel::Sms, number).await?, person })
    }

    /// The end of a notice that is not to go to this address, and the order's version that must still stand for it. What the customer
    /// must know goes by the other way first: if that cannot be planned now, the notice is looked at again.
    pub(super) async fn suppressed(
        &self,
        notice: &Notice,
        (order, version): (&Order, i64),
        policy: &Policy,
        why: Why,
    ) -> (Verdict, Option<i64>) {
        let is_dead = why == Why::AddressDead;
        let other_way = (is_dead || why == Why::OptedOut) && reroute::is_needed(order, notice.key);
        let state = order.state(&policy.zone);
        let address = state.address_of(notice.role, notice.channel).filter(|_| is_dead);
        let dead = address.map(|address| ContactKey::new(notice.channel, address)).into_iter().collect();
        if !other_way {
            return (Verdict::Suppressed { why }, Some(version));
        }
        match self.hinge.reroute(notice.clone(), dead).await {
            Ok(version) => (Verdict::Suppressed { why }, version),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a necessary notice has to wait for its other way"
                );
                (Verdict::Released, None)
            }
        }
    }

    /// The mail server knows no such address: nothing more is sent there.
    pub(super) async fn address_gone(&self, case: &Case<'_>, telling: &Telling, cause: &Cause) -> Verdict {
        let notice = case.notice;
        let contact = ContactKey::new(notice.channel, telling.address.expose());
        let noted = self.store.suppress(contact, notice.channel, Dead::Refused, "smtp").await;
        let error: Box<dyn std::error::Error + Send + Sync> = match noted {
            Ok(_) => match self.hinge.reroute(notice.clone(), vec![contact]).await {
                Ok(_) => return Verdict::Rejected { why: Why::Rejected, cause: cause.to_string() },
                Err(error) => error.into(),
            },
            Err(error) => error.into(),
        };
        // Asked once more, the server says the same again; until then the customer still has a notice that waits.
        tracing::warn!(notice.key = %notice.key, error = &*error as &dyn std::error::Error, "an address is gone, and a necessary notice has to wait for its other way");
        Verdict::Deferred { until: self.clock.now() + OUTAGE_PAUSE, cause: cause.to_string(), reached: false }
    }
}

/// What is known of the address that a notice goes to, and of the person behind it.
pub(super) struct Wishes {
    own: Option<Known>,
    person: Option<Known>,
}

impl Wishes {
    /// What counts for a notice. `trusting`: the verdict of somebody who knows nothing of this.
    pub(super) fn consent(&self, notice: &Notice, trusting: &Release) -> Consent<'_> {
        let (brand, channel) = (notice.order.brand(), notice.channel);
        let both = || self.own.iter().chain(&self.person);
        let declines = |topic| both().any(|known| !known.allows(&brand, channel, topic));
        let chosen = self.person.as_ref().and_then(|person| person.chosen_for(&brand));
        // A message that says several things is wanted for the sake of any of them.
        let declined = match trusting {
            Release::Send(telling) => telling.news.iter().all(|(stage, _)| declines(Topic::of(*stage))),
            Release::Hold { .. } | Release::Superseded { .. } | Release::Suppressed { .. } => {
                declines(Topic::of(notice.stage))
            }
        };
        Consent {
            opted_out: declined,
            dead: self.own.as_ref().is_some_and(|own| own.dead.is_some()),
            without_content: declines(Topic::Content),
            told_last_day: self.own.as_ref().map_or(0, |own| own.told_last_day),
            locale: chosen.and_then(|chosen| chosen.locale.as_deref()),
            number: chosen.and_then(|chosen| chosen.number.as_ref()).map(|number| number.expose().as_str()),
        }
    }
}
