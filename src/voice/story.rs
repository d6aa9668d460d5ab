//! What one message says: from the facts to a finished [`Page`], sentence by sentence.

use super::brand::Brand;
use super::content::Shown;
use super::harmless::{self, NAME_CHARS_MAX, TEXT_CHARS_MAX};
use super::page::{Button, Day, Fact, List, Page, Progress, Scale, ScalePoint, Step, Total};
use super::shelf;
use super::tongue::Tongue;
use super::view::{Address, Correction, Parcel, Pickup};
use super::words::WordsError;
use crate::domain::event::Reason;
use crate::domain::listen::rating::Question;
use crate::domain::person::Role;
use crate::domain::stage::{Class, Stage};

/// Tells the whole mail.
pub(crate) fn page(tongue: &Tongue<'_>) -> Result<Page, WordsError> {
    let view = tongue.view;
    let lead = tongue.part("lead")?;
    Ok(Page {
        stage: view.stage.as_str(),
        subject: tongue.part("subject")?,
        preheader: lead.clone(),
        eyebrow: eyebrow(tongue)?,
        title: tongue.part("title")?,
        greeting: greeting(tongue)?,
        lead,
        day: day(tongue)?,
        code: view.this_parcel().and_then(|parcel| parcel.pickup.as_ref()).and_then(code),
        progress: progress(view.stage),
        scale: scale(tongue)?,
        button: button(tongue)?,
        facts: facts(tongue)?,
        steps: steps(tongue)?,
        shelves: shelf::shelves(tongue)?,
        lists: lists(tongue)?,
        content: content(tongue),
        totals: totals(tongue)?,
        address: view
            .order
            .address
            .as_ref()
            .filter(|_| view.stage == Stage::Confirmed)
            .map(address)
            .unwrap_or_default(),
        is_recipient: view.person.role == Role::Recipient,
        unsubscribe: own_page(view.links.unsubscribe.as_deref()),
        order_link: order_link(tongue),
        order_id: harmless::shown(&view.order.id, NAME_CHARS_MAX),
        json_ld: String::new(),
    })
}

/// Tells the text message: the words, and the link that belongs to it.
pub(crate) fn text(tongue: &Tongue<'_>) -> Result<(String, Option<String>), WordsError> {
    let words = tongue.part("sms")?;
    let link = match wish(tongue.view.stage) {
        Wish::Track => track_link(tongue).or_else(|| order_link(tongue)),
        Wish::Order => order_link(tongue),
        Wish::Feedback => own_page(tongue.view.links.feedback.as_deref()),
        Wish::Return => tongue.returns_page(),
    };
    Ok((format!("{}: {words}", tongue.brand.name), link))
}

fn eyebrow(tongue: &Tongue<'_>) -> Result<String, WordsError> {
    let order = tongue.say("order-label")?;
    match tongue.view.this_parcel() {
        Some(parcel) if parcel.of > 1 && tongue.together.len() == 1 && tongue.view.stage != Stage::OrderComplete => {
            Ok(format!("{order} · {}", tongue.say("parcel-label")?))
        }
        Some(_) | None => Ok(order),
    }
}

fn greeting(tongue: &Tongue<'_>) -> Result<Option<String>, WordsError> {
    let name = tongue.view.person.name.as_ref().filter(|_| tongue.brand.greeting);
    match name.and_then(|name| harmless::greeted(name.expose())) {
        Some(name) => tongue.with("greeting", [("name", name.as_str())]).map(Some),
        None => Ok(None),
    }
}

fn day(tongue: &Tongue<'_>) -> Result<Option<Day>, WordsError> {
    let view = tongue.view;
    let label = match view.stage {
        Stage::DelayExpected | Stage::DelayAgain => "new-day-label",
        Stage::AvailableForPickup | Stage::PickupReminder => return collect_day(tongue),
        Stage::ReturnRequested => return decision_day(tongue),
        Stage::Delivered => {
            let label = tongue.word("delivered-label")?;
            let value = tongue.teller.date(tongue.teller.day_of(view.fact_at));
            return Ok(Some(Day { label, value, note: None }));
        }
        Stage::Correction => match &view.correction {
            Some(Correction::Number { said }) => return number_box(tongue, said),
            Some(Correction::NotDelivered | Correction::Day { .. }) | None => "expected-label",
        },
        Stage::Confirmed
        | Stage::Packed
        | Stage::Shipped
        | Stage::ArrivingSoon
        | Stage::OutForDelivery
        | Stage::AttemptFailed
        | Stage::OrderComplete
        | Stage::BackOnTime
        | Stage::Exception
        | Stage::Returning
        | Stage::Returned
        | Stage::Lost
        | Stage::Cancelled
        | Stage::Feedback => "expected-label",
    };
    let Some(expected) = tongue.stage_expected() else { return Ok(None) };
    let was = view.delay.as_ref().and_then(|delay| delay.was.as_ref()).filter(|_| label == "new-day-label");
    let note = match was {
        Some(was) => Some(format!("{}: {}", tongue.word("was-label")?, tongue.teller.the(was)?)),
        None => None,
    };
    Ok(Some(Day { label: tongue.word(label)?, value: tongue.teller.the(expected)?, note }))
}

fn collect_day(tongue: &Tongue<'_>) -> Result<Option<Day>, WordsError> {
    let Some(pickup) = tongue.view.this_parcel().and_then(|parcel| parcel.pickup.as_ref()) else { return Ok(None) };
    let name = shown(pickup.name.as_deref());
    let Some(until) = pickup.until else { return Ok(None) };
    Ok(Some(Day { label: tongue.word("collect-label")?, value: tongue.teller.until(until)?, note: name }))
}

fn decision_day(tongue: &Tongue<'_>) -> Result<Option<Day>, WordsError> {
    let Some(by) = tongue.decided_by() else { return Ok(None) };
    Ok(Some(Day { label: tongue.word("decision-label")?, value: tongue.teller.moment(by), note: None }))
}

fn number_box(tongue: &Tongue<'_>, said: &str) -> Result<Option<Day>, WordsError> {
    let number = tongue.view.this_parcel().and_then(|parcel| shown(parcel.tracking_number.as_deref()));
    let Some(value) = number else { return Ok(None) };
    let note = match shown(Some(said)) {
        Some(said) => Some(format!("{}: {said}", tongue.word("old-number-label")?)),
        None => None,
    };
    Ok(Some(Day { label: tongue.word("tracking-label")?, value, note }))
}

/// The way of a parcel, for good news only: where something is wrong, a bar that has stopped says nothing.
fn progress(stage: Stage) -> Option<Progress> {
    let (shipped, out, collect, delivered) = match stage {
        Stage::Confirmed | Stage::Packed => (false, false, false, false),
        Stage::Shipped | Stage::ArrivingSoon => (true, false, false, false),
        Stage::OutForDelivery => (true, true, false, false),
        Stage::AvailableForPickup | Stage::PickupReminder => (true, true, true, false),
        Stage::Delivered | Stage::OrderComplete => (true, true, false, true),
        Stage::AttemptFailed
        | Stage::DelayExpected
        | Stage::DelayAgain
        | Stage::BackOnTime
        | Stage::Exception
        | Stage::Correction
        | Stage::Returning
        | Stage::Returned
        | Stage::Lost
        | Stage::Cancelled
        | Stage::ReturnRequested
        | Stage::Feedback => {
            return None;
        }
    };
    Some(Progress { shipped, out, collect, delivered })
}

/// Where the one button of a stage leads.
enum Wish {
    Track,
    Order,
    Feedback,
    Return,
}

fn wish(stage: Stage) -> Wish {
    match stage {
        Stage::Shipped
        | Stage::ArrivingSoon
        | Stage::OutForDelivery
        | Stage::AttemptFailed
        | Stage::AvailableForPickup
        | Stage::PickupReminder
        | Stage::DelayExpected
        | Stage::DelayAgain
        | Stage::BackOnTime
        | Stage::Exception
        | Stage::Correction => Wish::Track,
        Stage::Confirmed
        | Stage::Packed
        | Stage::Delivered
        | Stage::OrderComplete
        | Stage::Returning
        | Stage::Returned
        | Stage::Lost
        | Stage::Cancelled => Wish::Order,
        Stage::Feedback => Wish::Feedback,
        Stage::ReturnRequested => Wish::Return,
    }
}

fn button(tongue: &Tongue<'_>) -> Result<Option<Button>, WordsError> {
    // A button of the other kind is better than none, but it needs words of its own.
    let (own, other) = match wish(tongue.view.stage) {
        Wish::Track => (track_link(tongue), order_link(tongue).map(|link| ("order-button", link))),
        Wish::Order => (order_link(tongue), track_link(tongue).map(|link| ("track-button", link))),
        Wish::Feedback => {
            (own_page(tongue.view.links.feedback.as_deref()), order_link(tongue).map(|link| ("order-button", link)))
        }
        Wish::Return => (tongue.returns_page(), order_link(tongue).map(|link| ("order-button", link))),
    };
    match (own, other) {
        (Some(link), _) => Ok(Some(Button { label: tongue.part("button")?, link })),
        (None, Some((label, link))) => Ok(Some(Button { label: tongue.word(label)?, link })),
        (None, None) => Ok(None),
    }
}

/// How satisfied, by one link for each point. A link preselects and counts nothing: mail scanners follow all five.
fn scale(tongue: &Tongue<'_>) -> Result<Option<Scale>, WordsError> {
    let links = &tongue.view.links;
    let wanted = tongue.view.stage == Stage::Feedback && links.scale;
    let Some(page) = own_page(links.feedback.as_deref()).filter(|_| wanted) else { return Ok(None) };
    let (lowest, highest) = Question::Csat.scale();
    let point = |number: u8| {
        let label = tongue.word(&format!("rating-csat-{number}"))?;
        Ok(ScalePoint { number, label, link: format!("{page}?csat={number}") })
    };
    let points = (lowest..=highest).map(point).collect::<Result<_, WordsError>>()?;
    Ok(Some(Scale { title: tongue.word("rating-scale")?, points }))
}

/// Where the parcel is followed: on our own page where there is one, since it stays with the shop, speaks the customer's
/// language and knows the whole order; else at the carrier.
fn track_link(tongue: &Tongue<'_>) -> Option<String> {
    let carriers = || tongue.view.this_parcel().and_then(|parcel| tracking_url(tongue.brand, parcel));
    own_page(tongue.view.links.page.as_deref()).or_else(carriers)
}

/// An address of ours: plain http where all of it stays on one machine.
pub(crate) fn own_page(url: Option<&str>) -> Option<String> {
    url.filter(|url| harmless::is_link(url)).map(str::to_owned)
}

/// The parcel's page at its carrier: what the event said, else the brand's pattern for that carrier.
pub(crate) fn tracking_url(brand: &Brand, parcel: &Parcel) -> Option<String> {
    https(parcel.tracking_url.as_deref()).or_else(|| {
        let pattern = brand.links.tracking.get(parcel.carrier.as_deref()?)?;
        filled(pattern, "{number}", parcel.tracking_number.as_deref()?)
    })
}

/// The order's page: what the event said, else the brand's pattern, else our own.
pub(crate) fn order_link(tongue: &Tongue<'_>) -> Option<String> {
    https(tongue.view.links.order.as_deref())
        .or_else(|| filled(tongue.brand.links.order.as_deref()?, "{order}", &tongue.view.order.id))
        .or_else(|| own_page(tongue.view.links.page.as_deref()))
}

fn filled(pattern: &str, hole: &str, value: &str) -> Option<String> {
    let value = percent_encoding::utf8_percent_encode(value, percent_encoding::NON_ALPHANUMERIC).to_string();
    https(Some(&pattern.replace(hole, &value.replace("%2D", "-"))))
}

pub(crate) fn https(url: Option<&str>) -> Option<String> {
    url.filter(|url| harmless::is_https(url)).map(str::to_owned)
}

pub(crate) fn shown(text: Option<&str>) -> Option<String> {
    text.and_then(|text| harmless::shown(text, TEXT_CHARS_MAX))
}

pub(crate) fn code(pickup: &Pickup) -> Option<String> {
    pickup.code.as_ref().and_then(|code| harmless::shown(code.expose(), NAME_CHARS_MAX))
}

fn facts(tongue: &Tongue<'_>) -> Result<Vec<Fact>, WordsError> {
    let is_about_one = tongue.together.len() == 1 && tongue.view.stage != Stage::OrderComplete;
    let Some(parcel) = tongue.view.this_parcel().filter(|_| is_about_one) else { return Ok(Vec::new()) };
    let mut facts = Vec::with_capacity(6);
    let mut add = |label: &str, value: Option<String>, link: Option<String>| -> Result<(), WordsError> {
        if let Some(value) = value {
            facts.push(Fact { label: tongue.word(label)?, value, link });
        }
        Ok(())
    };
    let carrier = super::carriers::name(parcel.carrier.as_deref(), parcel.carrier_name.as_deref());
    add("carrier-label", shown(carrier.as_deref()), None)?;
    add("service-label", shown(parcel.service.as_deref()), None)?;
    let is_settled = matches!(tongue.view.stage, Stage::Returned | Stage::Lost);
    let link = if is_settled { None } else { tracking_url(tongue.brand, parcel) };
    add("tracking-label", shown(parcel.tracking_number.as_deref()), link)?;
    let stage = tongue.view.stage;
    if matches!(stage, Stage::AvailableForPickup | Stage::PickupReminder) {
        let pickup = parcel.pickup.as_ref();
        let place = [pickup.and_then(|pickup| pickup.name.as_deref()), pickup.and_then(|p| p.address.as_deref())];
        let place: Vec<String> = place.into_iter().filter_map(shown).collect();
        add("pickup-label", Some(place.join(", ")).filter(|place| !place.is_empty()), None)?;
    } else if matches!(stage, Stage::Shipped | Stage::ArrivingSoon | Stage::OutForDelivery) {
        let city = tongue.view.order.address.as_ref().and_then(|address| shown(address.city.as_deref()));
        add("address-label", city, None)?;
    } else if stage.class() == Class::Problem {
        add("place-label", shown(parcel.place.as_deref()), None)?;
    }
    Ok(facts)
}

pub(crate) fn steps(tongue: &Tongue<'_>) -> Result<Vec<Step>, WordsError> {
    let mut steps = Vec::with_capacity(4);
    let mut add = |title: &str, text: Option<String>| -> Result<(), WordsError> {
        if let Some(text) = text {
            steps.push(Step { title: tongue.word(title)?, text });
        }
        Ok(())
    };
    add("what-happened", happened(tongue)?)?;
    add("what-we-know", tongue.part_if("know")?)?;
    add("what-we-do", tongue.part_if("do")?)?;
    add("what-you-can-do", tongue.part_if("you")?)?;
    add("what-next", tongue.part_if("next")?)?;
    Ok(steps)
}

/// The cause in the customer's words, the carrier's own after it; of a cancellation the shop's words as they are.
fn happened(tongue: &Tongue<'_>) -> Result<Option<String>, WordsError> {
    let view = tongue.view;
    if view.stage == Stage::Cancelled {
        return Ok(view.cancelled.as_ref().and_then(|cancelled| shown(cancelled.reason.as_deref())));
    }
    let carriers_words = view.this_parcel().and_then(|parcel| shown(parcel.description.as_deref()));
    let reason = match view.stage {
        Stage::AttemptFailed | Stage::Returning | Stage::Exception | Stage::Lost => {
            tongue.reason().filter(|reason| *reason != Reason::Unknown)
        }
        // Of a delay, "we do not know the cause yet" is worth saying.
        Stage::DelayExpected | Stage::DelayAgain => Some(tongue.reason().unwrap_or(Reason::Unknown)),
        Stage::Confirmed
        | Stage::Packed
        | Stage::Shipped
        | Stage::ArrivingSoon
        | Stage::OutForDelivery
        | Stage::AvailableForPickup
        | Stage::PickupReminder
        | Stage::Delivered
        | Stage::OrderComplete
        | Stage::BackOnTime
        | Stage::Correction
        | Stage::Returned
        | Stage::Cancelled
        | Stage::ReturnRequested
        | Stage::Feedback => return Ok(None),
    };
    let reason = match reason {
        Some(reason) => Some(tongue.say(reason_key(reason))?),
        None => None,
    };
    Ok(match (reason, carriers_words) {
        (Some(reason), Some(words)) => {
            Some(format!("{reason} {}", tongue.with("in-their-words", [("words", &words)])?))
        }
        (Some(reason), None) => Some(reason),
        (None, Some(words)) => Some(tongue.with("in-their-words", [("words", words.as_str())])?),
        (None, None) => None,
    })
}

pub(crate) fn reason_key(reason: Reason) -> &'static str {
    match reason {
        Reason::CarrierCapacity => "reason-carrier_capacity",
        Reason::CarrierDamaged => "reason-carrier_damaged",
        Reason::CarrierLost => "reason-carrier_lost",
        Reason::CarrierMisrouted => "reason-carrier_misrouted",
        Reason::CarrierOther => "reason-carrier_other",
        Reason::CustomsHold => "reason-customs_hold",
        Reason::CustomsDocuments => "reason-customs_documents",
        Reason::CustomsDuties => "reason-customs_duties",
        Reason::AddressWrong => "reason-address_wrong",
        Reason::AddressMoved => "reason-address_moved",
        Reason::RecipientAbsent => "reason-recipient_absent",
        Reason::RecipientRefused => "reason-recipient_refused",
        Reason::RecipientClosed => "reason-recipient_closed",
        Reason::PickupExpired => "reason-pickup_expired",
        Reason::PaymentDue => "reason-payment_due",
        Reason::Weather => "reason-weather",
        Reason::Security => "reason-security",
        Reason::ShopOther => "reason-shop_other",
        Reason::Unknown => "reason-unknown",
    }
}

/// The brand's own content, whose buttons lead by way of our counting address where there is one.
fn content(tongue: &Tongue<'_>) -> Vec<Shown> {
    let (view, content) = (tongue.view, &tongue.brand.content);
    let mut shown = content.choose(&view.content, &tongue.teller.words.tag, content.in_mail);
    for block in &mut shown {
        block.count_by(view.links.content.as_deref());
    }
    shown
}

/// What else is new, and how the order's other parcels are.
fn lists(tongue: &Tongue<'_>) -> Result<Vec<List>, WordsError> {
    let view = tongue.view;
    let mut lists = Vec::new();
    let mut told: Vec<usize> = tongue.together.clone();
    let mut news = Vec::new();
    for other in &view.news {
        let parcel = other.parcel.and_then(|index| view.parcels.get(index));
        if other.stage == view.stage && other.parcel.is_some_and(|index| tongue.together.contains(&index)) {
            continue;
        }
        told.extend(other.parcel);
        let args = tongue.facts(parcel, 1)?;
        news.push(tongue.teller.words.say_part(other.stage.as_str(), "also", &args)?);
    }
    if !news.is_empty() {
        lists.push(List { title: tongue.word("other-news")?, lines: news });
    }
    let each_day_differs = tongue.together.len() > 1 && tongue.stage_expected().is_none();
    let is_order_wide =
        matches!(view.stage, Stage::OrderComplete | Stage::Cancelled | Stage::ReturnRequested | Stage::Feedback);
    let mut lines = Vec::new();
    for (index, parcel) in view.parcels.iter().enumerate() {
        let is_told = told.contains(&index) && !(each_day_differs && tongue.together.contains(&index));
        if parcel.of > 1 && !is_told && !is_order_wide {
            lines.push(tongue.teller.words.say("parcel-line", &tongue.line_facts(parcel)?)?);
        }
    }
    if !lines.is_empty() {
        let title = if view.parcel.is_none() || each_day_differs { "each-parcel" } else { "other-parcels" };
        lists.push(List { title: tongue.word(title)?, lines });
    }
    Ok(lists)
}

fn totals(tongue: &Tongue<'_>) -> Result<Vec<Total>, WordsError> {
    if tongue.view.stage == Stage::Confirmed { sums(tongue) } else { Ok(Vec::new()) }
}

/// The order's sums, as far as they are known and the reader may see them.
pub(crate) fn sums(tongue: &Tongue<'_>) -> Result<Vec<Total>, WordsError> {
    let order = &tongue.view.order;
    let mut totals = Vec::with_capacity(4);
    let tax = order.tax.filter(|tax| *tax != 0);
    // Prices with tax in them, as in Europe, or without, as in the United States: the sum tells.
    let before_tax = order.subtotal.unwrap_or_default().saturating_add(order.shipping.unwrap_or_default());
    let is_included = order.subtotal.is_some() && order.total == Some(before_tax);
    let parts = [
        ("subtotal-label", order.subtotal, false),
        ("shipping-label", order.shipping, false),
        ("tax-label", tax.filter(|_| !is_included), false),
        ("total-label", order.total, true),
        ("tax-included-label", tax.filter(|_| is_included), false),
    ];
    for (label, minor, is_total) in parts {
        let free = label == "shipping-label" && minor == Some(0);
        if let Some(value) = tongue.money(minor)? {
            let value = if free { tongue.word("shipping-free")? } else { value };
            totals.push(Total { label: tongue.word(label)?, value, is_total });
        }
    }
    Ok(totals)
}

/// The address as lines; what is not known leaves no gap.
pub(crate) fn address(address: &Address) -> Vec<String> {
    let personal = |text: &Option<crate::domain::person::Pii<String>>| {
        text.as_ref().and_then(|text| harmless::shown(text.expose(), TEXT_CHARS_MAX))
    };
    let join = |parts: [Option<&str>; 2], with: &str| {
        let parts: Vec<String> = parts.into_iter().filter_map(shown).collect();
        Some(parts.join(with)).filter(|line| !line.is_empty())
    };
    let postal_city = join([address.postcode.as_deref(), address.city.as_deref()], " ");
    let region = join([address.region.as_deref(), address.country.as_deref()], ", ");
    let town = join([postal_city.as_deref(), region.as_deref()], ", ");
    [personal(&address.name), personal(&address.line1), personal(&address.line2), town].into_iter().flatten().collect()
}
