//! Lists of items: what is in the parcel, what is still to come, what was cancelled.

use super::harmless::{self, TITLE_CHARS_MAX};
use super::page::{Row, Shelf};
use super::story::https;
use super::tongue::Tongue;
use super::view::Item;
use super::words::WordsError;
use crate::domain::stage::Stage;

/// Rows shown of one list: keeps a mail of any order well under the 102 kB at which mail programs cut it.
const ROWS_MAX: usize = 12;

/// The lists that belong to the message, those that would be empty left out.
pub(crate) fn shelves(tongue: &Tongue<'_>) -> Result<Vec<Shelf>, WordsError> {
    let view = tongue.view;
    let mut shelves = Vec::with_capacity(2);
    let (title, items) = if view.stage == Stage::Cancelled {
        match &view.cancelled {
            Some(cancelled) if !cancelled.whole => ("cancelled-items", cancelled.items.iter().collect()),
            Some(_) | None => ("cancelled-items", view.order.items.iter().collect()),
        }
    } else if view.stage == Stage::ReturnRequested {
        ("going-back", view.going_back.iter().flat_map(|back| &back.items).collect())
    } else if view.stage == Stage::OrderComplete {
        ("in-order", view.order.items.iter().collect())
    } else {
        news_items(tongue)
    };
    push(tongue, &mut shelves, title, &items)?;
    let is_coming = matches!(
        view.stage,
        Stage::Shipped | Stage::ArrivingSoon | Stage::OutForDelivery | Stage::AvailableForPickup | Stage::Delivered
    );
    if is_coming && view.parcel.is_some() {
        push(tongue, &mut shelves, "still-to-come", &view.to_come.iter().collect::<Vec<_>>())?;
    }
    Ok(shelves)
}

/// What the news is about: the contents of its parcels where they are known, the whole order where it is all in one
/// parcel or the news is about all of it.
fn news_items<'a>(tongue: &Tongue<'a>) -> (&'static str, Vec<&'a Item>) {
    let view = tongue.view;
    let parcels: Vec<_> = tongue.together.iter().filter_map(|index| view.parcels.get(*index)).collect();
    let whole = parcels.is_empty() || (view.parcels.len() == parcels.len() && view.to_come.is_empty());
    let known = !parcels.is_empty() && parcels.iter().all(|parcel| !parcel.items.is_empty());
    match (known, whole) {
        (true, _) => {
            let title = if parcels.len() > 1 { "in-parcels" } else { "in-parcel" };
            (title, parcels.into_iter().flat_map(|parcel| &parcel.items).collect())
        }
        (false, true) => ("in-order", view.order.items.iter().collect()),
        (false, false) => ("in-parcel", Vec::new()),
    }
}

fn push(tongue: &Tongue<'_>, shelves: &mut Vec<Shelf>, title: &str, items: &[&Item]) -> Result<(), WordsError> {
    let priced = tongue.view.stage == Stage::Confirmed;
    shelves.extend(shelf(tongue, title, items, priced)?);
    Ok(())
}

/// One list of items under a fixed title; `None` for an empty one. `priced`: with prices, for a reader who may see them.
pub(crate) fn shelf(
    tongue: &Tongue<'_>,
    title: &str,
    items: &[&Item],
    priced: bool,
) -> Result<Option<Shelf>, WordsError> {
    if items.is_empty() {
        return Ok(None);
    }
    let pictures = items.iter().any(|item| https(item.image_url.as_deref()).is_some());
    let rows = items.iter().take(ROWS_MAX).map(|item| row(tongue, item, pictures, priced)).collect::<Result<_, _>>()?;
    let rest: u64 = items.iter().skip(ROWS_MAX).map(|item| u64::from(item.qty)).sum();
    let more = if rest > 0 { Some(tongue.count("more-items", "more", rest)?) } else { None };
    Ok(Some(Shelf { title: tongue.word(title)?, rows, more }))
}

fn row(tongue: &Tongue<'_>, item: &Item, pictures: bool, priced: bool) -> Result<Row, WordsError> {
    let title = match item.title.as_deref().and_then(|title| harmless::shown(title, TITLE_CHARS_MAX)) {
        Some(title) => title,
        None => tongue.word("item-without-title")?,
    };
    let quantity = match item.qty {
        0 | 1 => None,
        qty => Some(tongue.count("quantity", "qty", u64::from(qty))?),
    };
    let unit = item.unit_price.filter(|_| priced);
    let price = tongue.money(unit.and_then(|unit| unit.checked_mul(i64::from(item.qty.max(1)))))?;
    let image = https(item.image_url.as_deref());
    Ok(Row {
        alt: tongue.with("item-alt", [("title", title.as_str())])?,
        title,
        quantity,
        price,
        no_image: pictures && image.is_none(),
        image,
        link: https(item.url.as_deref()),
    })
}
