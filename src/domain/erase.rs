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
    /// Who the person is to an order; who bought it is its customer even where they also receive it.
    pub fn role_in(&self, key: &OrderKey, order: &Order) -> Option<Role> {
        if self.brand.as_ref().is_some_and(|brand| brand.as_str() != key.brand_str()) {
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
            Named::Email(mail) => value(&person.email).is_some_and(|own| same(own.expose(), mail)),
        }
    }
}

fn same(a: &str, b: &str) -> bool {
    ContactKey::new(Channel::Email, a) == ContactKey::new(Channel::Email, b)
}

/// The person's addresses: by these they are told in bytes that we do not understand.
pub fn addresses(person: &PersonKnown) -> Vec<String> {
    let mail = value(&person.email).map(|mail| mail.expose().clone());
    let phone = value(&person.phone).map(|phone| phone.expose().clone());
    [mail, phone].into_iter().flatten().collect()
}

/// The shop's own id of the person.
pub fn own_id(person: &PersonKnown) -> Option<&str> {
    value(&person.id).map(|id| id.as_str())
}

/// What stays of the order of somebody who is forgotten: that it was there, and when it was erased.
pub fn tombstone(now: Timestamp) -> Order {
    Order { known: Known::default(), told: Told { erased: Some(now.as_millisecond()), ..Told::default() } }
}

/// What a later event says of an order whose receiver was taken out: nothing of them, whoever is named, and nothing of where they
/// live. `None`: it says nothing of that anyway.
pub fn later_without_recipient(event: &Event) -> Option<Event> {
    let says = event.order_patch.recipient.is_some() || event.order_patch.address.is_some();
    says.then(|| {
        let mut event = event.clone();
        (event.order_patch.recipient, event.order_patch.address) = (None, None);
        event
    })
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
