//! Forgetting one person: whose order it is, and what is left of it afterwards.

use jiff::Timestamp;

use super::event::Event;
use super::fold::{Known, PersonKnown, Reg, value};
use super::id::{BrandId, OrderKey};
use super::order::{Order, Told};
use super::person::{Channel, ContactKey, Role};

/// Who is to be forgotten, or shown what is kept of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whom {
    /// Only in this brand's orders; `None`: in all.
    pub brand: Option<BrandId>,
    pub named: Named,
}

/// How a person is named.
#[derive(Clone, PartialEq, Eq)]
pub enum Named {
    /// By the shop's own id.
    Customer(String),
    /// By their address, whatever its case.
    Email(String),
}

impl std::fmt::Debug for Named {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Customer(_) => "Customer(<hidden>)",
            Self::Email(_) => "Email(<hidden>)",
        })
    }
}

impl Whom {
    /// Whether this order's brand is one in which the person is looked for.
    pub fn covers(&self, key: &OrderKey) -> bool {
        self.brand.as_ref().is_none_or(|brand| brand.as_str() == key.brand_str())
    }

    /// Who the person is to an order; who bought it is its customer even where they also receive it.
    pub fn role_in(&self, key: &OrderKey, order: &Order) -> Option<Role> {
        if !self.covers(key) {
            return None;
        }
        let known = &order.known;
        if self.is(&known.customer) {
            return Some(Role::Customer);
        }
        known.recipient.as_ref().filter(|recipient| self.is(recipient)).map(|_| Role::Recipient)
    }

    fn is(&self, person: &PersonKnown) -> bool {
        match &self.named {
            Named::Customer(id) => value(&person.id).is_some_and(|own| own.as_str() == id),
            Named::Email(mail) => value(&person.email).is_some_and(|own| same_mail(own.expose(), mail)),
        }
    }
}

/// Whether two e-mail addresses are one person's.
pub fn same_mail(a: &str, b: &str) -> bool {
    ContactKey::new(Channel::Email, a) == ContactKey::new(Channel::Email, b)
}

/// What stays of the order of somebody who is forgotten: that it was there, and when it was erased.
pub fn tombstone(now: Timestamp) -> Order {
    Order { known: Known::default(), told: Told { erased: Some(now.as_millisecond()), ..Told::default() } }
}

/// A later event of an order whose receiver was taken out, without what may be of them: whoever is named as the receiver, where they
/// live, and a carrier's own words. `None`: it says nothing of that anyway.
pub fn later_without_recipient(event: &Event) -> Option<Event> {
    let mut left = event.clone();
    (left.order_patch.recipient, left.order_patch.address) = (None, None);
    if let Some(shipment) = &mut left.shipment_patch {
        shipment.description = None;
    }
    (left != *event).then_some(left)
}

/// Takes the receiver of a present out of an order: the buyer's order goes on without them. Of the address, what tells the zone
/// and the language of the day stays.
pub fn without_recipient(mut order: Order) -> Order {
    if let Some(recipient) = &mut order.known.recipient {
        *recipient = PersonKnown::default();
    }
    order.told.recipient_erased = true;
    if let Some(Reg(_, address)) = &mut order.known.order.address {
        (address.line1, address.line2, address.city, address.postcode) = (None, None, None, None);
    }
    order.known.returns.retain(|_, Reg(_, request)| request.by != Role::Recipient);
    for facts in order.known.parcels.values_mut() {
        for scan in &mut facts.scans {
            scan.description = None;
        }
    }
    order
}
