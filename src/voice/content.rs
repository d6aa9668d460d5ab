//! What a brand puts beside the facts: how to use a thing, how to look after it, what comes next. Blocks are chosen by what was
//! ordered, how far it is, the day, the language, and what the same person bought before; what the shop recommends to this very
//! customer stands first. Nothing of it ever stands beside a problem.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use pulldown_cmark::{Event, Parser, Tag, TagEnd};
use serde::{Deserialize, Serialize};

use super::harmless;
use crate::domain::event::Recommendation;
use crate::domain::goods::Goods;
use crate::domain::stage::{Class, Stage};

/// Longest title, label or point, in characters.
const LINE_CHARS_MAX: usize = 160;
/// Longest paragraph, in characters.
const PARAGRAPH_CHARS_MAX: usize = 800;
/// Paragraphs and points of one block.
const PARTS_MAX: usize = 12;
/// Blocks of one brand.
const BLOCKS_MAX: usize = 500;
/// The id under which what the shop recommends by event is counted.
pub const RECOMMENDED: &str = "recommended";

/// A brand's content as written: `[content]` of its `brand.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContentToml {
    /// Most blocks on the tracking page, 0 to 6.
    pub on_page: u8,
    /// Most blocks in a mail, 0 to 2.
    pub in_mail: u8,
    pub blocks: Vec<BlockToml>,
}

/// One block.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BlockToml {
    /// Stable: names the block in counts and addresses. Lower-case letters, digits and `-`, up to 40.
    pub id: String,
    pub kind: Kind,
    /// Shown where one of these tags is on an item; none here and in `skus`: for every order.
    pub tags: BTreeSet<String>,
    /// Shown where one of these was ordered; `HG-RAIN-*` means all that begin so.
    pub skus: BTreeSet<String>,
    /// Shown where the same person has bought one of these before.
    pub earlier_tags: BTreeSet<String>,
    /// As `skus`, of earlier orders.
    pub earlier_skus: BTreeSet<String>,
    /// How far the order is; empty: everywhere but beside problems.
    pub stages: BTreeSet<Stage>,
    /// First and last day, by the brand's clock.
    pub from: Option<Date>,
    pub until: Option<Date>,
    /// Among blocks that fit as closely, the heavier comes first.
    pub weight: i32,
    /// https.
    pub link: Option<String>,
    /// https.
    pub image: Option<String>,
    /// By language, as words files name them: shown in these languages alone.
    pub text: BTreeMap<String, TextToml>,
}

/// A block in one language.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TextToml {
    pub title: String,
    /// Markdown: paragraphs and lists. Links and pictures within are left out; a block has one of each.
    pub body: String,
    /// On the button, if there is a link.
    pub button: String,
    /// What the picture shows.
    pub alt: String,
}

/// What a block is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// How to use it.
    #[default]
    HowTo,
    /// How to look after it.
    Care,
    /// A film to watch; the link leads to it.
    Video,
    /// What comes next.
    Next,
    /// An offer: advertising, shown to those alone who did not decline it.
    Offer,
    /// Another thing: advertising as well.
    Recommendation,
}

/// What blocks are chosen by.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Moment {
    /// How far the order is; `None`: something is wrong, and no block fits.
    pub stage: Option<Stage>,
    /// Of the order's items.
    pub goods: Goods,
    /// Of what the same person bought before.
    pub earlier: Goods,
    /// What the shop recommends to this very customer, the best first.
    pub recommended: Vec<Recommendation>,
    /// Today by the brand's clock.
    pub today: Date,
    /// Whether something that advertises may be shown: not to who receives a gift, nor to who declined it.
    pub may_advertise: bool,
}

/// A block as it is shown: finished texts, nothing clickable in them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Shown {
    pub id: String,
    pub title: String,
    pub paragraphs: Vec<String>,
    pub points: Vec<String>,
    /// https.
    pub image: Option<String>,
    pub alt: String,
    pub button: Option<Press>,
}

/// Where a block leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Press {
    pub label: String,
    /// https: what is stored for the block, never anything from an address.
    pub url: String,
}

impl Shown {
    /// Leads the button by way of the counting address `base`, to which the block's id is added. What an event recommends has no
    /// stored address, and is linked directly.
    pub fn count_by(&mut self, base: Option<&str>) {
        if let (Some(press), Some(base), true) = (&mut self.button, base, self.id != RECOMMENDED) {
            press.url = format!("{base}{}", self.id);
        }
    }
}

impl Default for ContentToml {
    fn default() -> Self {
        Self { on_page: 3, in_mail: 1, blocks: Vec::new() }
    }
}

impl ContentToml {
    /// Whether what people bought before matters to any block.
    pub fn asks_for_the_past(&self) -> bool {
        self.blocks.iter().any(|block| !block.earlier_tags.is_empty() || !block.earlier_skus.is_empty())
    }

    /// The address stored for a block.
    pub fn link_of(&self, id: &str) -> Option<&str> {
        self.blocks.iter().find(|block| block.id == id)?.link.as_deref()
    }

    /// The blocks for a moment in `language`, best first, at most `most`.
    pub fn choose(&self, moment: &Moment, language: &str, most: u8) -> Vec<Shown> {
        let Some(stage) = moment.stage.filter(|stage| is_calm(*stage)) else { return Vec::new() };
        let most = usize::from(most);
        let mut shown: Vec<Shown> = Vec::new();
        if moment.may_advertise {
            shown.extend(moment.recommended.iter().filter_map(recommended).take(most));
        }
        let fits = |block: &&BlockToml| {
            (block.stages.is_empty() || block.stages.contains(&stage))
                && block.from.is_none_or(|from| moment.today >= from)
                && block.until.is_none_or(|until| moment.today <= until)
                && (moment.may_advertise || !block.kind.advertises())
        };
        let close = |block: &'_ BlockToml| Some((block.closeness(moment)?, block.weight));
        let mut found: Vec<((u8, i32), &BlockToml)> =
            self.blocks.iter().filter(fits).filter_map(|block| Some((close(block)?, block))).collect();
        found.sort_by(|(a, one), (b, other)| b.cmp(a).then_with(|| one.id.cmp(&other.id)));
        let texts = found.into_iter().filter_map(|(_, block)| block.shown(language));
        let room = most.saturating_sub(shown.len());
        shown.extend(texts.take(room));
        shown
    }

    /// Everything that is wrong, as place and what would be right.
    pub(super) fn flaws(&self, speaks: impl Fn(&str) -> bool) -> Vec<(String, String)> {
        let mut wrong = Vec::new();
        let mut ids = BTreeSet::new();
        for (key, given, most) in [("on_page", self.on_page, 6), ("in_mail", self.in_mail, 2)] {
            if given > most {
                wrong.push((key.to_owned(), format!("0 to {most}")));
            }
        }
        if self.blocks.len() > BLOCKS_MAX {
            wrong.push(("blocks".to_owned(), format!("at most {BLOCKS_MAX}")));
        }
        for (place, block) in self.blocks.iter().enumerate() {
            let name = if block.id.is_empty() { format!("blocks[{place}]") } else { format!("blocks.{}", block.id) };
            let mut add = |key: &str, how: &str| wrong.push((format!("{name}.{key}"), how.to_owned()));
            if !super::brand::is_brand_id(&block.id) || block.id == RECOMMENDED {
                add("id", "a to z, 0 to 9 and -, up to 40 of them, and not \"recommended\"");
            }
            if !ids.insert(&block.id) {
                add("id", "an id of its own: counts go by it");
            }
            for (key, url) in [("link", &block.link), ("image", &block.image)] {
                if url.as_deref().is_some_and(|url| !harmless::is_https(url)) {
                    add(key, "an https address");
                }
            }
            if block.from.zip(block.until).is_some_and(|(from, until)| until < from) {
                add("until", "a day not before `from`");
            }
            if block.stages.iter().any(|stage| !is_calm(*stage)) {
                add("stages", "stages of progress alone: nothing stands beside a problem");
            }
            if block.text.is_empty() {
                add("text", "a text in at least one language");
            }
            for (language, text) in &block.text {
                if !speaks(language) {
                    add(&format!("text.{language}"), "a language that this brand speaks");
                }
                if block.shown(language).is_none() {
                    add(&format!("text.{language}.title"), "a title of plain text, and a button where there is a link");
                }
                if block.image.is_some() && text.alt.trim().is_empty() {
                    add(&format!("text.{language}.alt"), "what the picture shows, for those who do not see it");
                }
            }
        }
        wrong
    }
}

/// Whether content may stand beside a stage: only where nothing went wrong.
fn is_calm(stage: Stage) -> bool {
    stage.class() == Class::Progress && stage != Stage::AttemptFailed
}

impl Kind {
    /// Whether it sells: such things are shown to those alone who did not decline them.
    fn advertises(self) -> bool {
        matches!(self, Self::Offer | Self::Recommendation)
    }
}

impl BlockToml {
    /// How closely it fits what was ordered: by SKU closer than by tag, what was bought before closer than either; `None`: not.
    fn closeness(&self, moment: &Moment) -> Option<u8> {
        let asks_now = !self.tags.is_empty() || !self.skus.is_empty();
        let asks_past = !self.earlier_tags.is_empty() || !self.earlier_skus.is_empty();
        let by_sku = moment.goods.match_skus(&self.skus);
        let now = by_sku || moment.goods.match_tags(&self.tags);
        let past = moment.earlier.match_skus(&self.earlier_skus) || moment.earlier.match_tags(&self.earlier_tags);
        if (asks_now && !now) || (asks_past && !past) {
            return None;
        }
        Some(u8::from(asks_past) * 4 + u8::from(by_sku) * 2 + u8::from(asks_now))
    }

    fn shown(&self, language: &str) -> Option<Shown> {
        let text = self.text.get(language)?;
        let title = harmless::shown(&text.title, LINE_CHARS_MAX)?;
        let (paragraphs, points) = plain(&text.body);
        let button = match &self.link {
            None => None,
            Some(url) => Some(Press { label: harmless::shown(&text.button, LINE_CHARS_MAX)?, url: url.clone() }),
        };
        let alt = harmless::shown(&text.alt, LINE_CHARS_MAX).unwrap_or_default();
        Some(Shown { id: self.id.clone(), title, paragraphs, points, image: self.image.clone(), alt, button })
    }
}

/// What the shop recommends by event, as a block.
fn recommended(one: &Recommendation) -> Option<Shown> {
    let title = harmless::shown(&one.title, LINE_CHARS_MAX)?;
    let https = |url: &String| Some(url.clone()).filter(|url| harmless::is_https(url));
    let reason = one.reason.as_deref().and_then(|reason| harmless::shown(reason, PARAGRAPH_CHARS_MAX));
    Some(Shown {
        id: RECOMMENDED.to_owned(),
        alt: title.clone(),
        button: Some(Press { label: title.clone(), url: https(&one.url)? }),
        title,
        paragraphs: reason.into_iter().collect(),
        points: Vec::new(),
        image: one.image_url.as_ref().and_then(https),
    })
}

/// The paragraphs and points of a text in Markdown, as plain text: what is written as HTML is left out, of a link its words stay.
fn plain(markdown: &str) -> (Vec<String>, Vec<String>) {
    let (mut paragraphs, mut points) = (Vec::new(), Vec::new());
    let (mut text, mut in_item) = (String::new(), 0_u32);
    let mut flush = |text: &mut String, is_point: bool| {
        let max = if is_point { LINE_CHARS_MAX } else { PARAGRAPH_CHARS_MAX };
        let done = harmless::shown(text, max);
        let list = if is_point { &mut points } else { &mut paragraphs };
        if list.len() < PARTS_MAX {
            list.extend(done);
        }
        text.clear();
    };
    for event in Parser::new(markdown) {
        match event {
            Event::Text(words) | Event::Code(words) => text.push_str(&words),
            Event::SoftBreak | Event::HardBreak => text.push(' '),
            Event::Start(Tag::Item) => {
                flush(&mut text, in_item > 0);
                in_item += 1;
            }
            Event::End(TagEnd::Item) => {
                flush(&mut text, true);
                in_item = in_item.saturating_sub(1);
            }
            Event::End(TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::CodeBlock) if in_item == 0 => {
                flush(&mut text, false);
            }
            Event::End(TagEnd::Paragraph) => text.push(' '),
            _ => {}
        }
    }
    flush(&mut text, in_item > 0);
    (paragraphs, points)
}

#[cfg(test)]
mod tests;
