//! What was bought, as far as taste goes: tags and SKUs.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::event::Item;

/// Tags and SKUs of items.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goods {
    #[serde(rename = "t", default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tags: BTreeSet<String>,
    #[serde(rename = "s", default, skip_serializing_if = "BTreeSet::is_empty")]
    pub skus: BTreeSet<String>,
}

impl Goods {
    /// Of these items.
    pub fn of(items: &[Item]) -> Self {
        let mut goods = Self::default();
        for item in items {
            goods.skus.extend(item.sku.clone());
            goods.tags.extend(item.tags.iter().cloned());
        }
        goods
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty() && self.skus.is_empty()
    }

    /// Takes the others in as well.
    pub fn join(&mut self, other: Self) {
        self.tags.extend(other.tags);
        self.skus.extend(other.skus);
    }

    /// Whether one of these tags is among them.
    pub fn match_tags(&self, wanted: &BTreeSet<String>) -> bool {
        wanted.iter().any(|tag| self.tags.contains(tag))
    }

    /// Whether one of these SKUs is among them; `HG-RAIN-*` means all that begin so.
    pub fn match_skus(&self, wanted: &BTreeSet<String>) -> bool {
        wanted.iter().any(|sku| match sku.strip_suffix('*') {
            Some(start) => self.skus.iter().any(|own| own.starts_with(start)),
            None => self.skus.contains(sku),
        })
    }
}
