//! The expected day, for a calendar (RFC 5545). The same order is the same entry for ever: a new day moves it.

use icalendar::{Calendar, Component, Event, Property};
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use uuid::Uuid;

use super::{Page, Sight};
use crate::voice::view::Expected;

/// The file. `id`: the entry's own, the same each time; `link`: the page's address. `None` where there is no day.
pub fn calendar(sight: &Sight, page: &Page, id: Uuid, link: &str) -> Option<String> {
    let day = sight.day.as_ref()?;
    let mut event = Event::new();
    event.uid(&format!("{id}@doorstep")).summary(&page.calendar_title).description(&page.calendar_note(link)).url(link);
    event.append_property(Property::new("DTSTAMP", stamp(sight.view.now)));
    // A later file stands above an earlier one.
    event.append_property(Property::new("SEQUENCE", (sight.view.now.as_second() / 60).to_string()));
    event.append_property(Property::new("TRANSP", "TRANSPARENT"));
    match day {
        Expected::Day(day) => whole_days(&mut event, *day, *day),
        Expected::Days { from, until } => whole_days(&mut event, *from, *until),
        Expected::Window { from: Some(from), until } => {
            event.append_property(Property::new("DTSTART", stamp(*from)));
            event.append_property(Property::new("DTEND", stamp(*until)));
        }
        Expected::Window { from: None, until } => {
            let day = sight.view.zone.to_datetime(*until).date();
            whole_days(&mut event, day, day);
        }
    }
    Some(Calendar::new().push(event.done()).done().to_string())
}

/// Days without hours; the end is the first day after them.
fn whole_days(event: &mut Event, first: Date, last: Date) {
    let date = |day: Date| day.strftime("%Y%m%d").to_string();
    let after = last.checked_add(1.day()).unwrap_or(last);
    for (name, day) in [("DTSTART", first.min(last)), ("DTEND", after)] {
        event.append_property(Property::new(name, date(day)).add_parameter("VALUE", "DATE").done());
    }
}

fn stamp(at: Timestamp) -> String {
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}
