//! The brands of a configuration: sections of the file, folders, or both; and one of our own where there is none.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;

use crate::apply::Policies;
use crate::domain::id::BrandId;
use crate::domain::policy::Policy;
use crate::ingest::decode;
use crate::voice::brand::{Brand, Flaw, Source, is_brand_id};

/// Where brands come from, and which one speaks where an event names none.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Voices {
    /// The brand of events that name none.
    pub default_brand: String,
    /// A folder with one folder for each brand: `brand.toml`, and pieces that replace the shipped ones.
    pub folder: Option<PathBuf>,
}

impl Default for Voices {
    fn default() -> Self {
        Self { default_brand: "shop".to_owned(), folder: None }
    }
}

/// The brands, read and still to be checked by the voice.
#[derive(Debug, Clone, PartialEq)]
pub struct House {
    /// The brand of events that name none: one of `sources`.
    pub default: BrandId,
    /// Every brand, by its id.
    pub sources: Vec<Source>,
    /// Whether the brands were named by the operator. Where they were not, any brand is taken and speaks as the default.
    pub named: bool,
}

impl House {
    /// Reads the brands that `voices` and `sections` name.
    ///
    /// # Errors
    /// All that is wrong: folders that cannot be read, two brands of one name, no default.
    pub fn read(voices: &Voices, sections: &BTreeMap<String, Brand>) -> Result<Self, Vec<Flaw>> {
        let flaw = |brand: &str, place: &str, what: &str, how: &str| Flaw {
            brand: brand.to_owned(),
            place: place.to_owned(),
            what: what.to_owned(),
            how_to_mend: how.to_owned(),
        };
        let mut sources = match &voices.folder {
            Some(folder) => Source::read_all(folder)?,
            None => Vec::new(),
        };
        let mut flaws = Vec::new();
        for (name, brand) in sections {
            if !is_brand_id(name) {
                flaws.push(flaw(
                    name,
                    "brands",
                    "is no name for a brand",
                    "use a to z, 0 to 9 and -, up to 40 of them",
                ));
            } else if sources.iter().any(|source| source.id.as_str() == name) {
                flaws.push(flaw(name, "brands", "stands in the file and in the folder", "keep one of the two"));
            } else {
                sources.push(Source::plain(BrandId::new(name), brand.clone()));
            }
        }
        let named = !sources.is_empty();
        if !named && is_brand_id(&voices.default_brand) {
            sources.push(Source::plain(BrandId::new(&voices.default_brand), Brand::default()));
        }
        if !sources.iter().any(|source| source.id.as_str() == voices.default_brand) {
            let how = "name one of the brands in voice.default_brand";
            flaws.push(flaw(&voices.default_brand, "voice.default_brand", "is not a brand that is configured", how));
        }
        sources.sort_by(|a, b| a.id.cmp(&b.id));
        if flaws.is_empty() {
            Ok(Self { default: BrandId::new(&voices.default_brand), sources, named })
        } else {
            Err(flaws)
        }
    }

    /// Sees to it that each brand has a sender: where mails stay in the house, an address that can never be delivered to.
    ///
    /// # Errors
    /// The brands without a sender, where `mails_leave`.
    pub fn with_senders(mut self, mails_leave: bool) -> Result<Self, Vec<Flaw>> {
        let mut flaws = Vec::new();
        for Source { id, brand, .. } in &mut self.sources {
            if !brand.sender.address.is_empty() {
                continue;
            }
            if mails_leave {
                flaws.push(Flaw {
                    brand: id.to_string(),
                    place: "sender.address".to_owned(),
                    what: "is missing, and mails are to leave the house".to_owned(),
                    how_to_mend: "name the address that mails come from".to_owned(),
                });
            } else {
                brand.sender.address = format!("post@{id}.invalid");
            }
        }
        if flaws.is_empty() { Ok(self) } else { Err(flaws) }
    }

    /// What the decoder needs to know of the brands.
    pub fn for_decoder(&self) -> decode::Brands {
        let names = || self.sources.iter().map(|source| source.id.as_str().to_owned()).collect();
        decode::Brands { default: self.default.clone(), known: self.named.then(names) }
    }

    /// Every brand's policy; the default's for a brand that is not known. `pages`: whether customers have any.
    ///
    /// # Errors
    /// The keys of a policy that make no sense.
    pub fn policies(&self, pages: bool) -> Result<Policies, Vec<Flaw>> {
        let mut policies: BTreeMap<BrandId, Arc<Policy>> = BTreeMap::new();
        let mut flaws = Vec::new();
        for Source { id, brand, .. } in &self.sources {
            match brand.policy() {
                Ok(policy) => {
                    policies.insert(id.clone(), Arc::new(policy.with_pages(pages)));
                }
                Err(wrong) => flaws.extend(wrong.into_iter().map(|(key, how_to_mend)| Flaw {
                    brand: id.to_string(),
                    place: format!("policy.{key}"),
                    what: "cannot be read".to_owned(),
                    how_to_mend,
                })),
            }
        }
        if !flaws.is_empty() {
            return Err(flaws);
        }
        let default = Arc::clone(policies.get(&self.default).expect("the default is one of the brands"));
        Ok(Policies::new(move |brand| Arc::clone(policies.get(brand).unwrap_or(&default))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sections(names: &[&str]) -> BTreeMap<String, Brand> {
        names.iter().map(|name| ((*name).to_owned(), Brand::default())).collect()
    }

    #[test]
    fn without_brands_there_is_one_and_any_name_is_taken() {
        let house = House::read(&Voices::default(), &BTreeMap::new()).expect("a house");
        assert_eq!(house.sources.len(), 1);
        assert_eq!(house.for_decoder().known, None);
        assert!(house.policies(true).is_ok());
    }

    #[test]
    fn named_brands_are_the_only_ones() {
        let voices = Voices { default_brand: "harbour".to_owned(), folder: None };
        let house = House::read(&voices, &sections(&["kettle", "harbour"])).expect("a house");
        assert_eq!(house.for_decoder().known, Some(["harbour".to_owned(), "kettle".to_owned()].into()));
    }

    #[test]
    fn a_brand_needs_a_sender_only_where_mails_leave_the_house() {
        let house = House::read(&Voices::default(), &BTreeMap::new()).expect("a house");
        assert_eq!(house.clone().with_senders(true).expect_err("no sender")[0].place, "sender.address");
        let kept = house.with_senders(false).expect("captured");
        assert_eq!(kept.sources[0].brand.sender.address, "post@shop.invalid");
    }

    #[test]
    fn a_default_that_is_not_there_and_a_bad_name_are_both_told() {
        let flaws = House::read(&Voices::default(), &sections(&["Not A Name", "harbour"])).expect_err("two flaws");
        let places: Vec<&str> = flaws.iter().map(|flaw| flaw.place.as_str()).collect();
        assert_eq!(places, ["brands", "voice.default_brand"]);
    }
}
