//! The work list: the ten worst first, then everything in groups.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::done;
use super::guard::{Visitor, failed};
use super::page::{Page, Showing};
use super::words::{Moment, amount, encoded, order_page, percent, promise};
use super::{Inner, Ops};
use crate::domain::alert::Kind;
use crate::domain::alert::Standing;
use crate::domain::day;
use crate::domain::id::OrderKey;
use crate::domain::stage::Class;
use crate::store::StoreError;
use crate::store::rows::Told;
use crate::store::worklist::{Filter, Group, NONE, Sort, Wanted, Watched};

/// Rows of groups shown; more call for a filter.
const GROUPS_MAX: usize = 150;
/// Parcels in the strip of the worst.
const WORST: usize = 10;
/// Alerts among which the ten worst are chosen, once it is known what their customers were told.
const CANDIDATES: u32 = 60;
/// What it weighs that a customer was told nothing of a trouble: nearly as much as a day past the promise.
const UNTOLD: i64 = 10;

/// What is asked for, as it stands in the address.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    pub(super) brand: String,
    pub(super) kind: String,
    pub(super) carrier: String,
    pub(super) lane: String,
    pub(super) warehouse: String,
    pub(super) standing: String,
    pub(super) age: String,
    pub(super) sort: String,
    pub(super) after: String,
    pub(super) done: String,
}

/// Ages to choose from: the word, what people read, days.
const AGES: [(&str, &str, i64); 4] = [
    ("1d", "older than a day", 1),
    ("3d", "older than 3 days", 3),
    ("7d", "older than a week", 7),
    ("14d", "older than 2 weeks", 14),
];

impl Asked {
    /// The filter that it means. A word that is not known leaves nothing out.
    pub(super) fn filter(&self, now: Timestamp) -> Filter {
        let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let days = AGES.iter().find(|(word, ..)| *word == self.age).map(|(.., days)| *days);
        Filter {
            brand: text(&self.brand),
            kind: Kind::parse(&self.kind),
            carrier: text(&self.carrier),
            lane: text(&self.lane),
            warehouse: text(&self.warehouse),
            standing: Wanted::parse(&self.standing).unwrap_or_default(),
            before: days.map(|days| now - SignedDuration::from_hours(24 * days)),
            seen: None,
        }
    }

    pub(super) fn sort(&self) -> Sort {
        Sort::parse(&self.sort).unwrap_or_default()
    }

    /// The fields that are set, for addresses and hidden fields.
    pub(super) fn fields(&self) -> Vec<Field<'_>> {
        let all = [
            ("brand", &self.brand),
            ("kind", &self.kind),
            ("carrier", &self.carrier),
            ("lane", &self.lane),
            ("warehouse", &self.warehouse),
            ("standing", &self.standing),
            ("age", &self.age),
            ("sort", &self.sort),
        ];
        all.into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, value)| Field { name, value }).collect()
    }

    /// The address of `path` with what is asked for.
    pub(super) fn address(&self, path: &str) -> String {
        let pairs: Vec<String> =
            self.fields().iter().map(|field| format!("{}={}", field.name, encoded(field.value))).collect();
        if pairs.is_empty() { path.to_owned() } else { format!("{path}?{}", pairs.join("&")) }
    }
}

/// A field of a form or an address.
#[derive(Debug, Serialize)]
pub(super) struct Field<'a> {
    pub(super) name: &'static str,
    pub(super) value: &'a str,
}

/// A choice in a filter.
#[derive(Debug, Serialize)]
pub(super) struct Choice {
    value: String,
    words: String,
    chosen: bool,
}

#[derive(Serialize)]
struct Facts {
    total: u64,
    kinds: Vec<KindCount>,
    outages: Vec<Outage>,
    worst: Vec<Bad>,
    filters: Filters,
    groups: Vec<Row>,
    /// Groups that are not shown.
    more: usize,
    filtered: bool,
}

#[derive(Serialize)]
struct KindCount {
    words: &'static str,
    count: u64,
    href: String,
}

#[derive(Serialize)]
struct Outage {
    carrier: String,
    since: Moment,
    expected: i64,
}

/// The filters with their choices.
#[derive(Serialize)]
pub(super) struct Filters {
    brands: Vec<Choice>,
    kinds: Vec<Choice>,
    carriers: Vec<Choice>,
    lanes: Vec<Choice>,
    standings: Vec<Choice>,
    ages: Vec<Choice>,
    sorts: Vec<Choice>,
}

#[derive(Serialize)]
struct Bad {
    place: usize,
    order: String,
    href: String,
    troubles: String,
    parcel: Option<String>,
    promise: Option<String>,
    tone: &'static str,
    chance: Option<String>,
    worth: Option<String>,
    way: String,
    told: &'static str,
    told_tone: &'static str,
    since: Moment,
}

#[derive(Serialize)]
struct Row {
    words: &'static str,
    carrier: String,
    lane: String,
    warehouse: String,
    count: u64,
    acknowledged: u64,
    oldest: Moment,
    worth: String,
    chance: Option<String>,
    promise: Option<String>,
    tone: &'static str,
    href: String,
}

/// The work list.
pub(super) async fn show(State(ops): State<Ops>, visitor: Visitor, Query(asked): Query<Asked>) -> Response {
    match ops.inner.work(&asked).await {
        Ok(facts) => {
            let here = asked.address("/ops");
            let done = done::sentence(&asked.done);
            let showing = Showing { title: "Work list", here: &here, watch: Some("work"), done: done.as_deref() };
            ops.inner.pages.show(Page::Work, &visitor, &showing, &facts)
        }
        Err(error) => failed(&error).into_response(),
    }
}

impl Inner {
    async fn work(&self, asked: &Asked) -> Result<Facts, StoreError> {
        let filter = asked.filter(self.now());
        let groups = self.groups.get(&asked.age, self.store.work_groups(filter.before)).await?;
        let outages = self.store.open_outages().await?;
        let worst = self.worst(filter.brand.as_deref()).await?;
        let meant: Vec<&Group> = groups.iter().filter(|group| filter.holds(group)).collect();
        let total = meant.iter().map(|group| group.count).sum();
        let mut rows = merged(&meant, asked.sort());
        let more = rows.len().saturating_sub(GROUPS_MAX);
        rows.truncate(GROUPS_MAX);
        let today = self.today();
        Ok(Facts {
            total,
            kinds: kind_counts(&meant),
            outages: outages
                .into_iter()
                .map(|outage| Outage {
                    since: self.moment(outage.from),
                    expected: outage.expected.round() as i64,
                    carrier: outage.carrier,
                })
                .collect(),
            worst,
            filters: filters(&groups, asked),
            groups: rows.iter().map(|merged| self.row(merged, asked, today)).collect(),
            more,
            filtered: !asked.fields().is_empty(),
        })
    }

    /// The ten parcels that call for somebody most.
    async fn worst(&self, brand: Option<&str>) -> Result<Vec<Bad>, StoreError> {
        let today = self.today();
        let seen = self.worst.get(brand.unwrap_or_default(), self.worst_of(brand, today)).await?;
        let (found, told) = &*seen;
        let mut parcels: Vec<Parcel<'_>> = Vec::new();
        for watched in found {
            let is_told = is_told(watched, told);
            let score = watched.rank + if is_told { 0 } else { UNTOLD };
            let alert = &watched.alert;
            // A trouble of the whole order and one of its only parcel stand side by side, once each.
            match parcels
                .iter_mut()
                .find(|p| p.worst.alert.order == alert.order && p.worst.alert.parcel == alert.parcel)
            {
                Some(parcel) => parcel.kinds.push(alert.kind),
                None => parcels.push(Parcel { worst: watched, kinds: vec![alert.kind], is_told, score }),
            }
        }
        parcels.sort_by_key(|parcel| std::cmp::Reverse(parcel.score));
        parcels.truncate(WORST);
        let bad = |(place, parcel): (usize, &Parcel<'_>)| Bad { place: place + 1, ..self.bad(parcel, today) };
        Ok(parcels.iter().enumerate().map(bad).collect())
    }

    /// The alerts among which the worst parcels are, and what their customers were told.
    async fn worst_of(&self, brand: Option<&str>, today: Date) -> Result<(Vec<Watched>, Vec<Told>), StoreError> {
        let found = self.store.worst_alerts(brand, day::number(today), CANDIDATES).await?;
        let mut keys: Vec<OrderKey> = found.iter().map(|watched| watched.alert.order.clone()).collect();
        keys.sort_unstable();
        keys.dedup();
        let told = self.store.said(&keys).await?;
        Ok((found, told))
    }

    fn bad(&self, parcel: &Parcel<'_>, today: Date) -> Bad {
        let alert = &parcel.worst.alert;
        let (promised, tone) = alert.promised.map(|day| promise(day, today)).unzip();
        let (told, told_tone) = match (parcel.is_told, parcel.worst.standing) {
            (false, Standing::Acknowledged) => ("not told yet, looked after", "warn"),
            (false, _) => ("told nothing", "bad"),
            (true, Standing::Acknowledged) => ("told, looked after", ""),
            (true, _) => ("told", ""),
        };
        let mut kinds = parcel.kinds.clone();
        kinds.dedup();
        Bad {
            place: 0,
            order: alert.order.to_string(),
            href: order_page(&alert.order),
            troubles: kinds.into_iter().map(Kind::in_words).collect::<Vec<_>>().join("; "),
            parcel: alert.parcel.clone(),
            promise: promised,
            tone: tone.unwrap_or_default(),
            chance: alert.chance.map(percent),
            worth: alert.value.map(|value| amount(value, alert.currency.as_deref())),
            way: [&alert.carrier, &alert.lane].into_iter().flatten().cloned().collect::<Vec<_>>().join(" · "),
            told,
            told_tone,
            since: self.moment(alert.since),
        }
    }

    fn row(&self, merged: &Merged<'_>, asked: &Asked, today: Date) -> Row {
        let group = merged.first;
        let (promised, tone) = merged.promised.map(|day| promise(day, today)).unzip();
        let place = |place: &Option<String>| place.clone().unwrap_or_else(|| NONE.to_owned());
        let list = Asked {
            kind: group.kind.as_str().to_owned(),
            carrier: place(&group.carrier),
            lane: place(&group.lane),
            warehouse: place(&group.warehouse),
            after: String::new(),
            ..asked.clone()
        };
        let shown = |place: &Option<String>| place.clone().unwrap_or_else(|| "–".to_owned());
        Row {
            words: group.kind.in_words(),
            carrier: shown(&group.carrier),
            lane: shown(&group.lane),
            warehouse: shown(&group.warehouse),
            count: merged.count,
            acknowledged: merged.acknowledged,
            oldest: self.moment(merged.oldest),
            worth: worth(&merged.value),
            chance: merged.chance.map(percent),
            promise: promised,
            tone: tone.unwrap_or_default(),
            href: list.address("/ops/alerts"),
        }
    }
}

/// A parcel with its troubles.
struct Parcel<'a> {
    worst: &'a Watched,
    kinds: Vec<Kind>,
    is_told: bool,
    score: i64,
}

/// Whether the customer has heard of a problem since this one began.
fn is_told(watched: &Watched, told: &[Told]) -> bool {
    told.iter().any(|told| {
        told.order == watched.alert.order && told.stage.class() == Class::Problem && told.at >= watched.alert.since
    })
}

/// Groups that differ in brand, currency and standing alone.
struct Merged<'a> {
    first: &'a Group,
    count: u64,
    acknowledged: u64,
    oldest: Timestamp,
    value: BTreeMap<&'a str, i64>,
    promised: Option<Date>,
    chance: Option<f64>,
}

type Place<'a> = (Kind, Option<&'a str>, Option<&'a str>, Option<&'a str>);

fn merged<'a>(groups: &[&'a Group], sort: Sort) -> Vec<Merged<'a>> {
    let mut places: HashMap<Place<'a>, Merged<'a>> = HashMap::new();
    for group in groups {
        let place = (group.kind, group.carrier.as_deref(), group.lane.as_deref(), group.warehouse.as_deref());
        let merged = places.entry(place).or_insert_with(|| Merged {
            first: group,
            count: 0,
            acknowledged: 0,
            oldest: group.oldest,
            value: BTreeMap::new(),
            promised: None,
            chance: None,
        });
        merged.count += group.count;
        merged.acknowledged += if group.standing == Standing::Acknowledged { group.count } else { 0 };
        merged.oldest = merged.oldest.min(group.oldest);
        *merged.value.entry(group.currency.as_deref().unwrap_or_default()).or_default() += group.value;
        merged.promised = [merged.promised, group.promised].into_iter().flatten().min();
        merged.chance = [merged.chance, group.chance].into_iter().flatten().reduce(f64::max);
    }
    let mut rows: Vec<Merged<'a>> = places.into_values().collect();
    rows.sort_by(|a, b| {
        let name = |m: &Merged<'a>| {
            (m.first.kind, m.first.carrier.as_deref(), m.first.lane.as_deref(), m.first.warehouse.as_deref())
        };
        let most = |m: &Merged<'a>| m.value.values().copied().max().unwrap_or(0);
        let by = match sort {
            Sort::Promise => a.promised.unwrap_or(Date::MAX).cmp(&b.promised.unwrap_or(Date::MAX)),
            Sort::Value => most(b).cmp(&most(a)),
            Sort::Age => a.oldest.cmp(&b.oldest),
            Sort::Chance => b.chance.unwrap_or(-1.0).total_cmp(&a.chance.unwrap_or(-1.0)),
        };
        by.then(b.count.cmp(&a.count)).then_with(|| name(a).cmp(&name(b)))
    });
    rows
}

/// What is at stake, by currency, the most first.
fn worth(value: &BTreeMap<&str, i64>) -> String {
    let mut sums: Vec<_> = value.iter().filter(|(_, sum)| **sum != 0).collect();
    sums.sort_by_key(|(_, sum)| std::cmp::Reverse(**sum));
    let texts: Vec<String> = sums.into_iter().map(|(currency, sum)| amount(*sum, Some(currency))).collect();
    if texts.is_empty() { "–".to_owned() } else { texts.join(" + ") }
}

fn kind_counts(groups: &[&Group]) -> Vec<KindCount> {
    let mut counts: BTreeMap<Kind, u64> = BTreeMap::new();
    for group in groups {
        *counts.entry(group.kind).or_default() += group.count;
    }
    let count = |(kind, count): (Kind, u64)| KindCount {
        words: kind.in_words(),
        count,
        href: format!("/ops/alerts?kind={}", kind.as_str()),
    };
    counts.into_iter().map(count).collect()
}

/// The filters' choices: what there is, and what is chosen even if there is none of it any more.
pub(super) fn filters(groups: &[Group], asked: &Asked) -> Filters {
    let texts = |of: &dyn Fn(&Group) -> Option<&str>, chosen: &str| {
        let mut all: BTreeSet<&str> = groups.iter().map(|group| of(group).unwrap_or(NONE)).collect();
        all.extend(Some(chosen).filter(|chosen| !chosen.is_empty()));
        let choice = |text: &str| {
            let words = if text == NONE { "not known".to_owned() } else { text.to_owned() };
            Choice { value: text.to_owned(), words, chosen: text == chosen }
        };
        all.into_iter().map(choice).collect::<Vec<_>>()
    };
    let words =
        |value: &str, words: &str, chosen: bool| Choice { value: value.to_owned(), words: words.to_owned(), chosen };
    let (standing, sort) = (Wanted::parse(&asked.standing).unwrap_or_default(), asked.sort());
    Filters {
        brands: texts(&|group| Some(&group.brand), &asked.brand),
        kinds: Kind::ALL
            .iter()
            .map(|kind| words(kind.as_str(), kind.in_words(), kind.as_str() == asked.kind))
            .collect(),
        carriers: texts(&|group| group.carrier.as_deref(), &asked.carrier),
        lanes: texts(&|group| group.lane.as_deref(), &asked.lane),
        standings: Wanted::ALL
            .into_iter()
            .map(|wanted| {
                let text = match wanted {
                    Wanted::ToDo => "to do",
                    Wanted::Open => "nobody looks after",
                    Wanted::Acknowledged => "acknowledged",
                    Wanted::Snoozed => "snoozed",
                    Wanted::All => "all that lasts",
                };
                words(wanted.as_str(), text, wanted == standing)
            })
            .collect(),
        ages: AGES.iter().map(|(word, text, _)| words(word, text, *word == asked.age)).collect(),
        sorts: Sort::ALL
            .into_iter()
            .map(|by| {
                let text = match by {
                    Sort::Promise => "promise, soonest first",
                    Sort::Value => "value, highest first",
                    Sort::Age => "age, oldest first",
                    Sort::Chance => "chance, worst first",
                };
                words(by.as_str(), text, by == sort)
            })
            .collect(),
    }
}
