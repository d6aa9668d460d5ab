//! The composer that speaks with the brands' voices: view, words, and the parts that make it a mail or a text.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::compose::{Composer, Draft, NotComposed};
use super::view::{Own, view};
use crate::channel::{Content, Mail, Message, Text};
use crate::domain::fold::value;
use crate::domain::id::{BrandId, NoticeKey};
use crate::domain::notice::Notice;
use crate::domain::order::Order;
use crate::domain::person::{Channel, ContactKey, Pii};
use crate::link::{Links, OptOut, PageLink, Reader};
use crate::voice::{Rendered, Voice};

/// What messages are made with. The voice is swapped as a whole when brands are reloaded.
#[derive(Clone)]
pub struct Speaker {
    pub voice: Arc<ArcSwap<Voice>>,
    /// Speaks for brands that are not configured.
    pub default_brand: BrandId,
    /// Makes addresses of orders' pages and of the one-click opt-out; without it messages carry none.
    pub links: Option<Links>,
}

impl Speaker {
    /// The composer for the dispatcher.
    pub fn composer(self) -> Composer {
        Composer::new(move |draft| self.compose(draft))
    }

    /// The order's page as this person may see it.
    fn page_url(&self, order: &Order, notice: &Notice) -> Option<String> {
        let link = PageLink {
            order: notice.order.clone(),
            reader: Reader::of(notice.role),
            generation: order.known.link_generation(),
        };
        self.links.as_ref().map(|links| links.page_url(&link))
    }

    fn compose(&self, draft: &Draft<'_>) -> Result<Message, NotComposed> {
        let Draft { order, notice, telling, policy, .. } = *draft;
        let voice = self.voice.load();
        let own = notice.order.brand();
        let brand_id = if voice.brand(&own).is_some() { own } else { self.default_brand.clone() };
        let brand = voice.brand(&brand_id).ok_or_else(|| NotComposed(format!("no brand `{brand_id}`")))?;
        let contact = ContactKey::new(notice.channel, telling.address.expose());
        let wanted = telling.locale.as_deref();
        let stop = (notice.channel == Channel::Email).then(|| {
            let locale = wanted.unwrap_or(&brand.default_language).to_owned();
            self.links.as_ref().map(|links| links.opt_out_url(&OptOut { contact, brand: notice.order.brand(), locale }))
        });
        let unsubscribe_url = stop.flatten();
        let content = self.links.as_ref().map(|links| links.content_url(&brand_id, ""));
        let mut seen = view(draft, Own { unsubscribe: unsubscribe_url.clone(), content });
        seen.links.page = self.page_url(order, notice);
        seen.links.feedback = seen.links.page.as_ref().map(|page| format!("{page}/rating"));
        seen.links.returns = seen.links.page.as_ref().map(|page| format!("{page}/return"));
        let (stage, parcel) = (seen.stage, seen.parcel);
        let rendered =
            voice.render(&brand_id, wanted, notice.channel, &seen).map_err(|error| NotComposed(error.to_string()))?;
        let (locale, content) = match rendered {
            Rendered::Email { subject, html, text, locale } => {
                let person = if notice.role == crate::domain::person::Role::Recipient {
                    order.known.recipient.as_ref()
                } else {
                    Some(&order.known.customer)
                };
                let name = person.and_then(|person| value(&person.name)).cloned();
                let from = brand.sender.address.clone();
                let host = from.rsplit_once('@').map_or("localhost", |(_, host)| host);
                let thread = NoticeKey::new(&notice.order, &["thread", notice.role.as_str()]);
                let mail = Mail {
                    from_name: brand.sender_name().to_owned(),
                    thread_id: format!("{thread}@{host}"),
                    from,
                    reply_to: brand.reply_to.clone(),
                    to_name: name.unwrap_or_else(|| Pii::new(String::new())),
                    subject,
                    html,
                    text,
                    // No mail is the thread's own first: all refer to one root, so the thread holds whichever comes first.
                    starts_thread: false,
                    unsubscribe_url,
                    unsubscribe_mailto: None,
                };
                (locale, Content::Email(Box::new(mail)))
            }
            Rendered::Sms { body, segments, encoding, locale } => {
                (locale, Content::Sms(Text { body, segments, encoding }))
            }
        };
        let shipment = parcel.and_then(|index| {
            let state = order.state(&policy.zone);
            state.parcels.get(index).and_then(|parcel| parcel.id()).map(str::to_owned)
        });
        Ok(Message {
            key: notice.key,
            order: notice.order.clone(),
            shipment,
            stage: Some(stage),
            role: notice.role,
            locale,
            planned_at: notice.planned_at,
            to: telling.address.clone(),
            content,
        })
    }
}
