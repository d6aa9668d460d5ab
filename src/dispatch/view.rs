//! From an order to what templates may see of it: every message speaks for the whole order.

use jiff::Timestamp;
use jiff::civil::Date;

use super::compose::Draft;
use crate::domain::called;
use crate::domain::event;
use crate::domain::fold::{Reg, value};
use crate::domain::goods::Goods;
use crate::domain::listen::rating::Question;
use crate::domain::listen::sending_back::Piece;
use crate::domain::order::{Order, State};
use crate::domain::parcel::{self, Status};
use crate::domain::person::Role;
use crate::domain::promise;
use crate::domain::release::Corrected;
use crate::domain::stage::Stage;
use crate::domain::window;
use crate::domain::{delay, policy::Policy};
use crate::voice::content::Moment;
use crate::voice::view::{
    Address, Cancelled, Correction, Delay, Expected, GoingBack, Item, Links, News, Order as OrderView, Parcel, Person,
    Pickup, State as ParcelState, Until, View,
};

/// Our own addresses that stand in a message.
#[derive(Debug, Clone, Default)]
pub struct Own {
    /// One click and no more of these.
    pub unsubscribe: Option<String>,
    /// To which a content block's id is added.
    pub content: Option<String>,
}

/// Builds the view of one message.
pub fn view(draft: &Draft<'_>, own: Own) -> View {
    let Draft { order, notice, telling, policy, now, .. } = *draft;
    let state = order.state(&policy.zone);
    let (stage, parcel) = telling.news.first().copied().unwrap_or((notice.stage, None));
    let person = state.person(notice.role);
    let total = u32::try_from(state.parcels.len()).unwrap_or(u32::MAX);
    let parcels = (1..).zip(&state.parcels).map(|(number, p)| parcel_view(&state, p, number, total, now)).collect();
    let links = value(&state.known.order.links);
    View {
        now,
        person: Person { name: person.and_then(|person| value(&person.name)).cloned(), role: notice.role },
        stage,
        parcel,
        occurrence: notice.occurrence,
        fact_at: notice.fact_at,
        news: telling.news.iter().skip(1).map(|(stage, parcel)| News { stage: *stage, parcel: *parcel }).collect(),
        order: order_view(&state, notice.order.order_str(), now),
        parcels,
        to_come: state.unshipped().iter().map(item).collect(),
        delay: delay_view(&state, order, policy, stage, now),
        correction: telling.correction.as_ref().map(|correction| match correction {
            Corrected::Number { said } => Correction::Number { said: said.clone() },
            Corrected::NotDelivered => Correction::NotDelivered,
        }),
        cancelled: (stage == Stage::Cancelled).then(|| cancelled(&state, notice.fact_at)),
        going_back: (stage == Stage::ReturnRequested).then(|| going_back(&state, order.mark_of(notice.key))).flatten(),
        content: moment(&state, draft),
        links: Links {
            order: links.and_then(|links| links.order.clone()),
            page: None,
            support: links.and_then(|links| links.support.clone()),
            feedback: None,
            returns: None,
            scale: policy.ask.questions.contains(&Question::Csat),
            unsubscribe: own.unsubscribe,
            content: own.content,
        },
        zone: state.zone.clone(),
    }
}

/// What the brand's content is chosen by. Advertising is for who bought, never for who is given a present.
fn moment(state: &State<'_>, draft: &Draft<'_>) -> Moment {
    let Draft { notice, telling, policy, earlier, now, .. } = *draft;
    Moment {
        stage: Some(notice.stage).filter(|_| telling.content),
        goods: Goods::of(&state.items()),
        earlier: earlier.clone(),
        recommended: value(&state.known.order.recommendations).cloned().unwrap_or_default(),
        today: window::local_day(now, &policy.zone),
        may_advertise: notice.role == Role::Customer,
    }
}

/// The order as a whole. `id`: as the shop writes it.
pub(crate) fn order_view(state: &State<'_>, id: &str, now: Timestamp) -> OrderView {
    let known = &state.known.order;
    let to = state.person(Role::Recipient).or(state.person(Role::Customer));
    let address = value(&known.address).map(|address| Address {
        name: to.and_then(|person| value(&person.name)).cloned(),
        line1: address.line1.clone(),
        line2: address.line2.clone(),
        city: address.city.clone(),
        region: address.region.clone(),
        postcode: address.postcode.clone(),
        country: address.country.clone(),
    });
    OrderView {
        id: id.to_owned(),
        placed_at: value(&known.placed_at).copied().or(state.known.placed.map(|at| at.time())),
        paid_at: value(&known.paid_at).copied().or(state.known.paid.map(|at| at.time())),
        currency: value(&known.currency).cloned(),
        subtotal: value(&known.subtotal).copied(),
        shipping: value(&known.shipping).copied(),
        tax: value(&known.tax).copied(),
        total: value(&known.total).copied(),
        items: state.items().iter().map(item).collect(),
        address,
        expected: expected_of_order(state, now),
    }
}

/// What the carriers expect for the last parcel, else what was promised; nothing that has passed already.
fn expected_of_order(state: &State<'_>, now: Timestamp) -> Option<Expected> {
    let today = window::local_day(now, &state.zone);
    let all_say = state.parcels.iter().filter(|p| p.status().is_open()).all(|p| p.eta().is_some());
    let by_carriers = promise::expected_last(state).filter(|_| all_say && state.unshipped().is_empty());
    let expected = match by_carriers {
        Some(day) => Some(Expected::Day(day)),
        None => value(&state.known.order.promise).map(promised),
    };
    expected.filter(|expected| state.is_open() && expected.last_day(&state.zone) >= today)
}

/// What was promised.
pub(crate) fn promised(promise: &event::Promise) -> Expected {
    match promise {
        event::Promise::Day { date } => Expected::Day(*date),
        event::Promise::Window { from, until } => Expected::Window { from: *from, until: *until },
    }
}

/// One of the order's parcels.
pub(crate) fn parcel_view(
    state: &State<'_>,
    parcel: &parcel::Parcel<'_>,
    number: u32,
    of: u32,
    now: Timestamp,
) -> Parcel {
    let known = &parcel.facts.known;
    let now_holds = called::standing(parcel);
    let scan = now_holds.map(|episode| parcel.scan_of(episode));
    Parcel {
        number,
        of,
        carrier: value(&known.carrier).cloned(),
        carrier_name: None,
        service: value(&known.service).cloned(),
        tracking_number: parcel.number_shown().map(str::to_owned),
        tracking_url: parcel.page().map(str::to_owned),
        items: state.inside(parcel).iter().map(item).collect(),
        state: parcel_state(now_holds.map_or(Status::Announced, |episode| episode.status)),
        state_at: now_holds.map(|episode| episode.from.time()),
        expected: expected_of_parcel(state, parcel, now),
        pickup: parcel.pickup().map(pickup),
        handover: scan.and_then(|scan| scan.handover),
        place: parcel.facts.scans.iter().rev().find_map(|scan| scan.location.clone()),
        reason: now_holds.and_then(|episode| episode.reason),
        description: scan.and_then(|scan| scan.description.clone()),
    }
}

/// What the carrier expects; the promise where it is the only parcel and the carrier does not say. A day that has passed
/// would mislead, so it is left out.
fn expected_of_parcel(state: &State<'_>, parcel: &parcel::Parcel<'_>, now: Timestamp) -> Option<Expected> {
    if !parcel.status().is_open() || (parcel.status() == Status::AttemptFailed && !is_said_since(parcel)) {
        return None;
    }
    let expected = match parcel.eta() {
        Some(event::Eta::Day(day)) => Some(Expected::Day(*day)),
        Some(event::Eta::Window { from, until }) => Some(Expected::Window { from: *from, until: *until }),
        None if state.parcels.len() == 1 => value(&state.known.order.promise).map(promised),
        None => None,
    };
    let today: Date = window::local_day(now, &state.zone);
    expected.filter(|expected| expected.last_day(&state.zone) >= today)
}

/// Whether the carrier has named a day since what holds now began. After a failed try, a day that was named before is not that of
/// the next one, and neither is the promise.
fn is_said_since(parcel: &parcel::Parcel<'_>) -> bool {
    let (eta, now) = (parcel.facts.known.eta.as_ref(), parcel.now());
    eta.zip(now).is_some_and(|(Reg(said, _), now)| said.time() >= now.from.time())
}

fn parcel_state(status: Status) -> ParcelState {
    match status {
        Status::Announced => ParcelState::Announced,
        Status::Moving | Status::Delayed => ParcelState::Moving,
        Status::OutForDelivery => ParcelState::OutForDelivery,
        Status::AttemptFailed => ParcelState::AttemptFailed,
        Status::AwaitingPickup => ParcelState::Waiting,
        Status::Delivered => ParcelState::Delivered,
        Status::Exception => ParcelState::Exception,
        Status::Returning => ParcelState::Returning,
        Status::Returned => ParcelState::Returned,
        Status::Lost => ParcelState::Lost,
    }
}

fn pickup(pickup: &event::Pickup) -> Pickup {
    Pickup {
        name: pickup.name.clone(),
        address: pickup.address.clone(),
        code: pickup.code.clone(),
        until: pickup.until.as_ref().map(|until| match until {
            event::Until::Day(day) => Until::Day(*day),
            event::Until::Instant(at) => Until::Instant(*at),
        }),
        opening_hours: pickup.opening_hours.clone(),
    }
}

pub(crate) fn item(item: &event::Item) -> Item {
    Item {
        title: item.title.clone(),
        qty: item.qty,
        unit_price: item.unit_price,
        image_url: item.image_url.clone(),
        url: item.url.clone(),
    }
}

fn delay_view(state: &State<'_>, order: &Order, policy: &Policy, stage: Stage, now: Timestamp) -> Option<Delay> {
    let is_delay = matches!(stage, Stage::DelayExpected | Stage::DelayAgain | Stage::BackOnTime);
    if !is_delay {
        return None;
    }
    let late = delay::late(state, &order.told, &policy.delays, now, true);
    let promised = value(&state.known.order.promise).map(promised);
    let expected = promise::expected_last(state).map(Expected::Day);
    Some(Delay {
        was: promised.clone(),
        now: if stage == Stage::BackOnTime {
            expected.or(promised)
        } else {
            late.as_ref().and_then(|late| match (late.from, late.day?) {
                (Some(from), until) => Some(Expected::Days { from, until }),
                (None, day) => Some(Expected::Day(day)),
            })
        },
        reason: late.as_ref().and_then(|late| late.reason),
        missed: late.as_ref().is_some_and(|late| late.missed),
        likely: late.as_ref().is_some_and(|late| late.chance.is_some()),
        learned: late.is_some_and(|late| late.learned),
    })
}

/// The return of this id. What the request does not name is named as the order does; pictures are the order's.
fn going_back(state: &State<'_>, id: Option<&str>) -> Option<GoingBack> {
    let request = &state.known.returns.get(id?)?.1;
    let named = |piece: &Piece| {
        let mut ordered = value(&state.known.order.items).into_iter().flatten();
        let same = ordered.find(|item| match (&item.id, &piece.id) {
            (Some(own), Some(id)) => own == id,
            _ => piece.sku.is_some() && item.sku == piece.sku,
        });
        let of_order = same.map(item).unwrap_or_default();
        Item { title: piece.title.clone().or(of_order.title), qty: piece.qty, unit_price: None, ..of_order }
    };
    Some(GoingBack {
        items: request.pieces.iter().map(named).collect(),
        wish: request.wish,
        decide_by: request.decide_by,
        here: request.here,
    })
}

/// The cancellation that happened at `at`, else the last one.
pub(crate) fn cancelled(state: &State<'_>, at: Timestamp) -> Cancelled {
    let all = &state.known.cancellations;
    let this = all.iter().find(|(stamp, _)| stamp.time() == at).or(all.last()).map(|(_, c)| c);
    let whole = state.cancelled.is_some();
    let named = |gone: &event::Item| {
        let ordered = value(&state.known.order.items).into_iter().flatten();
        let mut same = ordered.filter(|item| match (&item.id, &gone.id) {
            (Some(own), Some(id)) => own == id,
            _ => gone.sku.is_some() && item.sku == gone.sku,
        });
        let title = gone.title.clone().or_else(|| same.next().and_then(|item| item.title.clone()));
        Item { title, ..item(gone) }
    };
    Cancelled {
        whole,
        items: if whole { Vec::new() } else { this.iter().flat_map(|c| &c.items).map(named).collect() },
        reason: this.and_then(|c| c.reason.clone()),
    }
}
