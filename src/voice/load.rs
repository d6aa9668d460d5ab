//! Loading a voice: every brand × language × template compiled, every rule checked, before a word is spoken.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::brand::{Brand, Source};
use super::problem::Problem;
use super::squeeze::Drafts;
use super::template::{self, Compiled, Form};
use super::when::Formats;
use super::words::{self, Words};
use crate::domain::policy::Policy;
use crate::domain::stage::{Class, Stage};

/// The shipped pieces: `email`, `part` and `words` below `templates`.
#[derive(rust_embed::Embed)]
#[folder = "$CARGO_MANIFEST_DIR/templates"]
struct Shipped;

/// The language whose words file is complete by definition: every other is compared with it.
const REFERENCE: &str = "words/en.ftl";

/// The pieces that the order's page, and those below it, begin with.
const PLACE: &str = "place/page.html";
const BELOW: &str = "place/below.html";

/// Regions whose customers get dates and numbers as they are used to, beside the brand's own region.
const REGIONS: [&str; 9] = ["en-GB", "en-US", "en-CA", "en-AU", "en-IE", "en-NZ", "en-IN", "pt-BR", "pt-PT"];

/// A brand, ready to speak.
pub(crate) struct Tuned {
    pub(crate) brand: Brand,
    pub(crate) policy: Policy,
    /// The default language first.
    pub(crate) languages: Vec<Language>,
}

/// A brand's messages in one language.
pub(crate) struct Language {
    pub(crate) words: Arc<Words>,
    /// The brand's own region first.
    pub(crate) formats: Vec<Formats>,
    mails: BTreeMap<Stage, Mail>,
    /// The order's page.
    pub(crate) place: Compiled,
    /// The frame of the pages below it.
    pub(crate) below: Compiled,
}

/// The two templates of a mail.
#[derive(Clone)]
pub(crate) struct Mail {
    pub(crate) html: Arc<Compiled>,
    pub(crate) text: Arc<Compiled>,
}

impl Language {
    /// The templates of a stage.
    pub(crate) fn mail(&self, stage: Stage) -> &Mail {
        self.mails.get(&stage).expect("every stage was compiled at load")
    }
}

/// Loads one brand.
pub(crate) fn tuned(source: &Source, drafts: &Drafts) -> Result<Tuned, Vec<Problem>> {
    let id = source.id.as_str();
    let mut problems: Vec<Problem> = source.brand.flaws(&source.id).into_iter().map(Problem::from).collect();
    problems.extend(source.pieces.keys().filter(|piece| !is_piece(piece)).map(|piece| {
        let how =
            "name it email/<stage>.mjml or .txt, part/<name>.mjml or .txt, place/<name>.html, or words/<language>.ftl";
        Problem::of_load(id, piece, "is not a piece that is looked for", how)
    }));
    let pieces = pieces(source);
    let policy = source.brand.policy();
    let (languages, more) = languages(source, &pieces, drafts);
    problems.extend(more);
    match policy {
        Ok(policy) if problems.is_empty() => Ok(Tuned { brand: source.brand.clone(), policy, languages }),
        Ok(_) | Err(_) => Err(problems),
    }
}

/// The shipped pieces with the brand's own laid over them.
fn pieces(source: &Source) -> BTreeMap<String, String> {
    let shipped = Shipped::iter().filter(|path| is_piece(&path.replace('\\', "/"))).filter_map(|path| {
        let file = Shipped::get(&path)?;
        Some((path.replace('\\', "/"), String::from_utf8_lossy(&file.data).into_owned()))
    });
    let own = source.pieces.iter().filter(|(path, _)| !path.starts_with("words/"));
    shipped.chain(own.map(|(path, text)| (path.clone(), text.clone()))).collect()
}

fn is_piece(path: &str) -> bool {
    let Some((folder, file)) = path.split_once('/') else { return false };
    let Some((name, ending)) = file.rsplit_once('.') else { return false };
    match folder {
        "email" => {
            matches!(ending, "mjml" | "txt") && (matches!(name, "default" | "problem") || Stage::parse(name).is_some())
        }
        "part" => {
            matches!(ending, "mjml" | "txt") && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
        }
        "place" => ending == "html" && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)),
        "words" => ending == "ftl" && name.parse::<unic_langid::LanguageIdentifier>().is_ok(),
        _ => false,
    }
}

fn languages(source: &Source, pieces: &BTreeMap<String, String>, drafts: &Drafts) -> (Vec<Language>, Vec<Problem>) {
    let id = source.id.as_str();
    let brand = &source.brand;
    let known: BTreeSet<&str> = pieces
        .keys()
        .chain(source.pieces.keys())
        .filter_map(|path| path.strip_prefix("words/")?.strip_suffix(".ftl"))
        .collect();
    let mut wanted: Vec<&str> = vec![brand.default_language.as_str()];
    let others = if brand.languages.is_empty() {
        known.iter().copied().collect()
    } else {
        brand.languages.iter().map(String::as_str).collect::<Vec<_>>()
    };
    wanted.extend(others.into_iter().filter(|tag| *tag != brand.default_language));
    let (mut languages, mut problems) = (Vec::new(), Vec::new());
    for tag in wanted {
        if !known.contains(tag) {
            let how = format!(
                "write words/{tag}.ftl, or name one of: {}",
                known.iter().copied().collect::<Vec<_>>().join(", ")
            );
            problems.push(Problem::of_load(id, "languages", format!("there are no words for `{tag}`"), &how));
            continue;
        }
        match language(source, pieces, tag, drafts) {
            Ok(language) => languages.push(language),
            Err(more) => problems.extend(more),
        }
    }
    (languages, problems)
}

fn language(
    source: &Source,
    pieces: &BTreeMap<String, String>,
    tag: &str,
    drafts: &Drafts,
) -> Result<Language, Vec<Problem>> {
    let words = Arc::new(words(source, pieces, tag)?);
    let problem =
        |what: String| vec![Problem::of_load(source.id.as_str(), &format!("words/{tag}.ftl"), what, "see the error")];
    let formats = regions(&source.brand, tag).iter().map(|region| Formats::new(region)).collect::<Result<_, _>>();
    let formats = formats.map_err(problem)?;
    let mails = mails(source, pieces, &words, drafts)?;
    let (place, below) = (page(PLACE, source, pieces, &words, drafts)?, page(BELOW, source, pieces, &words, drafts)?);
    Ok(Language { words, formats, mails, place, below })
}

/// The words of a language, the brand's own over the shipped; complete, or the keys that are missing.
fn words(source: &Source, pieces: &BTreeMap<String, String>, tag: &str) -> Result<Words, Vec<Problem>> {
    let id = source.id.as_str();
    let place = format!("words/{tag}.ftl");
    let mut resources = Vec::new();
    let mut keys = BTreeSet::new();
    for text in [pieces.get(&place), source.pieces.get(&place)].into_iter().flatten() {
        let resource = words::parse(text.clone())
            .map_err(|what| vec![Problem::of_load(id, &place, what, "write the message as Fluent's guide shows")])?;
        keys.extend(Words::keys(&resource));
        resources.push(resource);
    }
    let reference = pieces.get(REFERENCE).expect("the reference language is shipped");
    let reference = words::parse(reference.clone()).expect("a test parses the shipped words");
    let missing = Words::required(&reference).into_iter().filter(|key| !keys.contains(key));
    let missing: Vec<Problem> = missing
        .map(|key| {
            Problem::of_load(
                id,
                &place,
                format!("`{key}` is missing"),
                "add the message; words/en.ftl shows what it says",
            )
        })
        .collect();
    if !missing.is_empty() {
        return Err(missing);
    }
    Words::new(tag, &resources).map_err(|what| vec![Problem::of_load(id, &place, what, "see the error")])
}

/// Where dates are written as for `tag`: the brand's region for that language, then the known ones.
fn regions(brand: &Brand, tag: &str) -> Vec<String> {
    let language = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    let same = |other: &&str| language(other) == language(tag);
    let own = brand.date_style.iter().map(String::as_str).find(|style| same(style)).unwrap_or(tag);
    let mut regions = vec![own.to_owned()];
    regions.extend(REGIONS.iter().filter(|region| same(region) && **region != own).map(|region| (*region).to_owned()));
    regions
}

/// How a mail looks at first glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tone {
    Calm,
    Warning,
}

fn tone(stage: Stage) -> Tone {
    match (stage.class(), stage) {
        (Class::Problem, Stage::BackOnTime | Stage::Correction | Stage::ReturnRequested) => Tone::Calm,
        (Class::Problem, _) => Tone::Warning,
        (Class::Progress, Stage::AttemptFailed | Stage::PickupReminder) => Tone::Warning,
        (Class::Progress | Class::Question, _) => Tone::Calm,
    }
}

/// A stage's own piece if there is one, else its class's, else the default.
fn entry(form: Form, stage: Stage, pieces: &BTreeMap<String, String>) -> String {
    let class = match stage.class() {
        Class::Problem => "problem",
        Class::Progress | Class::Question => "default",
    };
    let names = [stage.as_str(), class, "default"].map(|name| format!("email/{name}.{}", form.ending()));
    names
        .into_iter()
        .find(|name| pieces.contains_key(name))
        .unwrap_or_else(|| format!("email/default.{}", form.ending()))
}

fn mails(
    source: &Source,
    pieces: &BTreeMap<String, String>,
    words: &Arc<Words>,
    drafts: &Drafts,
) -> Result<BTreeMap<Stage, Mail>, Vec<Problem>> {
    let engines = [template::engine(Form::Html), template::engine(Form::Text)];
    // Stages that look alike share one compiled template.
    let mut compiled: BTreeMap<(Form, String, Tone), Arc<Compiled>> = BTreeMap::new();
    let mut mails = BTreeMap::new();
    for stage in Stage::ALL {
        let mut both = Vec::with_capacity(2);
        for (form, engine) in [Form::Html, Form::Text].into_iter().zip(&engines) {
            let key = (form, entry(form, *stage, pieces), tone(*stage));
            let made = match compiled.get(&key) {
                Some(made) => made.clone(),
                None => {
                    let facts = facts(&source.brand, words, key.2);
                    let made =
                        template::compile(form, &key.1, pieces, &facts, words, engine, drafts).map_err(|refusal| {
                            let how = "mend the piece as docs/voice.md explains";
                            vec![Problem {
                                locale: Some(words.tag.clone()),
                                stage: Some(*stage),
                                ..Problem::of_load(source.id.as_str(), &refusal.piece, refusal.what, how)
                            }]
                        })?;
                    compiled.entry(key).or_insert(Arc::new(made)).clone()
                }
            };
            both.push(made);
        }
        let text = both.pop().expect("two forms were compiled");
        let html = both.pop().expect("two forms were compiled");
        mails.insert(*stage, Mail { html, text });
    }
    Ok(mails)
}

/// A page that begins with the piece `entry`.
fn page(
    entry: &str,
    source: &Source,
    pieces: &BTreeMap<String, String>,
    words: &Arc<Words>,
    drafts: &Drafts,
) -> Result<Compiled, Vec<Problem>> {
    let facts = facts(&source.brand, words, Tone::Calm);
    let engine = template::engine(Form::Page);
    template::compile(Form::Page, entry, pieces, &facts, words, &engine, drafts).map_err(|refusal| {
        let how = "mend the piece as docs/voice.md explains";
        let problem = Problem::of_load(source.id.as_str(), &refusal.piece, refusal.what, how);
        vec![Problem { locale: Some(words.tag.clone()), ..problem }]
    })
}

/// What `[[…]]` may use.
fn facts(brand: &Brand, words: &Words, tone: Tone) -> Value {
    let colours = &brand.colours;
    let (tone, tone_ground, tone_edge) = match tone {
        Tone::Calm => ("day", &colours.tint, &colours.accent),
        Tone::Warning => ("warn", &colours.warn_tint, &colours.warn),
    };
    let support = &brand.support;
    let hours = support.hours.get(&words.tag).or_else(|| support.hours.get(&brand.default_language));
    let tel = support.phone.as_ref().map(|phone| phone.replace(|c: char| !c.is_ascii_digit() && c != '+', ""));
    let links = [
        ("footer-shop", &brand.links.shop),
        ("footer-returns", &brand.links.returns),
        ("footer-faq", &brand.links.faq),
        ("footer-privacy", &brand.links.privacy),
    ];
    let none = fluent_bundle::FluentArgs::new();
    let list: Vec<Value> = links
        .into_iter()
        .filter_map(|(label, link)| Some(json!({"label": words.say(label, &none).ok()?, "link": link.as_ref()?})))
        .collect();
    let can_answer = brand.reply_to.is_some() || !brand.sender.address.is_empty();
    let has_contact = support.email.is_some() || support.phone.is_some() || support.url.is_some();
    let has_help = can_answer || has_contact;
    json!({
        "lang": words.tag,
        "dir": if is_right_to_left(&words.tag) { "rtl" } else { "ltr" },
        "tone": tone,
        "tone_ground": tone_ground,
        "tone_edge": tone_edge,
        "brand": {
            "name": brand.name,
            "logo_url": brand.logo_url,
            "logo_url_dark": brand.logo_url_dark,
            "logo_width": brand.logo_width,
            "colours": colours,
            "fonts": brand.fonts,
            "support": {"email": support.email, "phone": support.phone, "tel": tel, "url": support.url, "hours": hours},
            "links": {"shop": brand.links.shop, "list": list},
            "legal": brand.legal,
            "has_help": has_help,
            "has_contact": has_contact,
            "can_answer": can_answer,
            "has_links": !list.is_empty(),
        },
    })
}

/// Languages written from right to left, by their usual script.
fn is_right_to_left(tag: &str) -> bool {
    matches!(tag.split(['-', '_']).next().unwrap_or_default(), "ar" | "he" | "fa" | "ur" | "ps" | "ckb" | "yi" | "dv")
}
