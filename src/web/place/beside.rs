//! The brand's own content on an order's page: chosen as for mails, by what the page shows now.

use super::slots::{Block, Content, Link, Picture, Seen};
use super::{Opened, Place};
use crate::content;
use crate::domain::fold::value;
use crate::domain::goods::Goods;
use crate::domain::person::Channel;
use crate::domain::topic::Topic;
use crate::domain::window;
use crate::link::Reader;
use crate::store::StoreError;
use crate::voice::content::{Moment, Shown};
use crate::voice::place::Now;

/// The blocks for this page, each counted as shown.
pub(super) async fn blocks(place: &Place, seen: &Seen<'_>) -> Result<Content, StoreError> {
    let Opened { link, order, brand, policy, now } = seen.opened;
    let voice = place.inner.voice.load_full();
    let Some(known) = voice.brand(brand) else { return Ok(Content::default()) };
    let recommended = value(&order.known.order.recommendations);
    let is_calm = !matches!(seen.sight.now, Now::Checked | Now::Placed);
    if !is_calm || (known.content.blocks.is_empty() && recommended.is_none()) {
        return Ok(Content::default());
    }
    let is_buyer = link.reader == Reader::Customer;
    if is_buyer && declined(place, seen.opened).await? {
        return Ok(Content::default());
    }
    let earlier = if is_buyer && policy.remembers_purchases {
        content::bought_before(&place.inner.store, &link.order, order).await?
    } else {
        Goods::default()
    };
    let moment = Moment {
        stage: Some(seen.sight.now.stage()),
        goods: Goods::of(&order.state(&policy.zone).items()),
        earlier,
        recommended: recommended.cloned().unwrap_or_default(),
        today: window::local_day(*now, &policy.zone),
        may_advertise: is_buyer,
    };
    let mut shown = known.content.choose(&moment, seen.locale, known.content.on_page);
    let base = place.inner.links.content_url(brand, "");
    for block in &mut shown {
        block.count_by(Some(&base));
        place.inner.counts.shown(brand, &block.id);
    }
    Ok(Content { blocks: shown.into_iter().map(block).collect() })
}

/// Whether the customer wishes no tips and offers.
async fn declined(place: &Place, opened: &Opened) -> Result<bool, StoreError> {
    let Some(email) = value(&opened.order.known.customer.email) else { return Ok(false) };
    let contact = crate::domain::person::ContactKey::new(Channel::Email, email.expose());
    let known = place.inner.store.consents(&[contact]).await?;
    Ok(known.iter().any(|known| !known.allows(&opened.link.order.brand(), Channel::Email, Topic::Content)))
}

fn block(shown: Shown) -> Block {
    let alt = shown.alt;
    Block {
        id: shown.id,
        title: shown.title,
        paragraphs: shown.paragraphs,
        points: shown.points,
        image: shown.image.map(|url| Picture { url, alt }),
        link: shown.button.map(|press| Link { label: press.label, href: press.url, note: None }),
    }
}
