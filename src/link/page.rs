//! The order's page: `version · reader · generation · order · seal`. Nothing is stored for it: whether it still opens the page
//! is judged by the order as it stands.

use super::{Links, Purpose, VERSION};
use crate::domain::id::OrderKey;
use crate::domain::person::Role;

/// What somebody sees who opens an order's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageLink {
    pub order: OrderKey,
    pub reader: Reader,
    /// Counts the revocations: a link of an earlier generation opens nothing any more.
    pub generation: u8,
}

/// For whom a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reader {
    /// Who bought: sees everything.
    Customer,
    /// Who receives a gift: sees no prices.
    Recipient,
    /// Anybody to whom the page was passed on: sees the parcels' way, without name, address, prices or the order's number.
    Shared,
}

impl Reader {
    const ALL: [(u8, Self); 3] = [(1, Self::Customer), (2, Self::Recipient), (3, Self::Shared)];

    /// The reader to whom a message for `role` speaks.
    pub fn of(role: Role) -> Self {
        match role {
            Role::Customer => Self::Customer,
            Role::Recipient => Self::Recipient,
        }
    }

    /// The person of the order who reads; `None`: nobody in particular.
    pub fn role(self) -> Option<Role> {
        match self {
            Self::Customer => Some(Role::Customer),
            Self::Recipient => Some(Role::Recipient),
            Self::Shared => None,
        }
    }

    fn byte(self) -> u8 {
        match self {
            Self::Customer => 1,
            Self::Recipient => 2,
            Self::Shared => 3,
        }
    }
}

impl Links {
    /// The address of an order's page.
    pub fn page_url(&self, page: &PageLink) -> String {
        format!("{}{}", self.base_url, self.page_path(page))
    }

    /// The same without the host: `/t/…`.
    pub fn page_path(&self, page: &PageLink) -> String {
        let mut body = vec![VERSION, page.reader.byte(), page.generation];
        body.extend_from_slice(page.order.as_str().as_bytes());
        format!("/t/{}", self.sealed(Purpose::Page, body))
    }

    /// Reads a token back; `None` for anything that we did not seal, without saying why.
    pub fn page(&self, token: &str) -> Option<PageLink> {
        let body = self.opened(Purpose::Page, token)?;
        let ([version, reader, generation], order) = body.split_first_chunk::<3>()?;
        let reader = Reader::ALL.iter().find(|(byte, _)| byte == reader)?.1;
        let order = OrderKey::from_stored(std::str::from_utf8(order).ok()?.to_owned())?;
        (*version == VERSION).then_some(PageLink { order, reader, generation: *generation })
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use secrecy::SecretString;

    use super::*;
    use crate::domain::id::{BrandId, ID_BYTES_MAX, OrderId};
    use crate::domain::person::{Channel, ContactKey};
    use crate::link::OptOut;

    fn links() -> Links {
        Links::new("https://post.harbour.example", &[SecretString::from("a new secret of ours!")]).expect("links")
    }

    fn page(order: &str) -> PageLink {
        let order = OrderKey::new(&BrandId::new("harbour"), &OrderId::new(order));
        PageLink { order, reader: Reader::Recipient, generation: 7 }
    }

    fn token(url: &str) -> &str {
        url.rsplit('/').next().expect("a token")
    }

    #[test]
    fn a_page_is_read_back_whatever_its_order_is_called() {
        let long = "Ж".repeat(ID_BYTES_MAX / 2);
        for order in ["HG-1042", "a/b?c=d", &long] {
            let url = links().page_url(&page(order));
            assert!(url.starts_with("https://post.harbour.example/t/"), "{url}");
            assert_eq!(links().page(token(&url)), Some(page(order)));
        }
    }

    #[test]
    fn nobody_reads_the_order_off_the_address() {
        let url = links().page_url(&page("HG-1042"));
        let bytes = URL_SAFE_NO_PAD.decode(token(&url)).expect("base64");
        let holds = |text: &str| bytes.windows(text.len()).any(|some| some == text.as_bytes());
        assert!(!holds("HG-1042") && !holds("harbour"));
    }

    #[test]
    fn a_seal_of_another_purpose_opens_nothing() {
        let who = OptOut {
            contact: ContactKey::new(Channel::Email, "c1@customer.example"),
            brand: BrandId::new("harbour"),
            locale: "en".to_owned(),
        };
        assert_eq!(links().page(token(&links().opt_out_url(&who))), None);
        assert_eq!(links().opt_out(token(&links().page_url(&page("HG-1042")))), None);
    }

    #[test]
    fn no_changed_character_passes() {
        let url = links().page_url(&page("HG-1042"));
        let token = token(&url);
        for place in 0..token.len() {
            for other in ["A", "b", "_"] {
                let changed = format!("{}{other}{}", &token[..place], &token[place + 1..]);
                assert!(changed == token || links().page(&changed).is_none(), "{place} as {other}");
            }
            assert_eq!(links().page(&token[..place]), None, "cut to {place}");
        }
    }
}
