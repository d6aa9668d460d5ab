//! The daily mail: what is open, what is new, what is over, what is in doubt. Pure: figures in, words out.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::message::{age, amounts};
use super::settings::Digest;
use crate::store::rows::{KindFigures, OpsFigures};

/// A digest that could not go out at its time still goes out this many hours later; after that the next one says it.
const LATE_HOURS_MAX: i64 = 10;

/// A written digest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Letter {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// The day for which a digest is to go out now, by the brand's clock, if there is one.
pub fn day_due(digest: &Digest, zone: &TimeZone, now: Timestamp) -> Option<Date> {
    let local = zone.to_datetime(now);
    let late = local.time().duration_since(digest.at);
    let is_weekend = matches!(local.date().weekday(), Weekday::Saturday | Weekday::Sunday);
    let rests = digest.weekdays_only && is_weekend;
    (!rests && late.as_hours() < LATE_HOURS_MAX && !late.is_negative()).then_some(local.date())
}

/// Whether there is anything to say.
pub fn is_empty(figures: &OpsFigures) -> bool {
    figures.kinds.is_empty() && figures.in_doubt == 0 && figures.quarantine == 0 && figures.quiet_feeds.is_empty()
}

/// Writes the digest of a brand. `name`: as its people know it; `base_url`: the console's address, or empty.
pub fn write(name: &str, day: Date, now: Timestamp, figures: &OpsFigures, base_url: &str) -> Letter {
    let open: u64 = figures.kinds.iter().map(|kind| kind.open).sum();
    let new: u64 = figures.kinds.iter().map(|kind| kind.new).sum();
    let over: u64 = figures.kinds.iter().map(|kind| kind.cleared).sum();
    let subject = match open {
        0 => format!("{name}: nothing open ({day})"),
        open => format!("{name}: {open} open, {new} new ({day})"),
    };
    let summary = match (open, new + over) {
        (0, 0) => "Nothing is open.".to_owned(),
        (0, _) => format!("Nothing is open. Since yesterday {new} came and {over} went."),
        _ => format!("{open} open. Since yesterday {new} came and {over} went."),
    };
    let notes = notes(figures);
    let text = plain(&summary, now, figures, &notes, base_url);
    let html = page(name, day, &summary, now, figures, &notes, base_url);
    Letter { subject, text, html }
}

fn notes(figures: &OpsFigures) -> Vec<String> {
    let mut notes = Vec::new();
    for carrier in &figures.quiet_feeds {
        notes.push(format!("No scans come from {carrier}: its feed has stopped."));
    }
    if figures.in_doubt > 0 {
        notes.push(format!("{} messages are in doubt: nobody knows whether they arrived.", figures.in_doubt));
    }
    if figures.quarantine > 0 {
        notes.push(format!("{} refused events wait for repair.", figures.quarantine));
    }
    notes
}

fn open_row(kind: &KindFigures, now: Timestamp) -> [String; 5] {
    let oldest = kind.oldest.map(|oldest| age(now, oldest)).unwrap_or_default();
    let taken_on = if kind.acknowledged > 0 { kind.acknowledged.to_string() } else { String::new() };
    [kind.kind.in_words().to_owned(), kind.open.to_string(), taken_on, oldest, amounts(&kind.value)]
}

fn plain(summary: &str, now: Timestamp, figures: &OpsFigures, notes: &[String], base_url: &str) -> String {
    let mut out = format!("{summary}\n");
    for kind in figures.kinds.iter().filter(|kind| kind.open > 0) {
        let [what, count, taken_on, oldest, value] = open_row(kind, now);
        let _ = write!(out, "\n{count} × {what}, oldest {oldest}");
        if !taken_on.is_empty() {
            let _ = write!(out, ", {taken_on} looked after");
        }
        if !value.is_empty() {
            let _ = write!(out, ", {value}");
        }
    }
    for (title, count) in [
        ("New since yesterday", (|kind| kind.new) as fn(&KindFigures) -> u64),
        ("Over since yesterday", |kind| kind.cleared),
    ] {
        let changed: Vec<_> = figures.kinds.iter().filter(|kind| count(kind) > 0).collect();
        if !changed.is_empty() {
            let _ = write!(out, "\n\n{title}:");
            for kind in changed {
                let _ = write!(out, "\n{} × {}", count(kind), kind.kind.in_words());
            }
        }
    }
    if !notes.is_empty() {
        let _ = write!(out, "\n\n{}", notes.join("\n"));
    }
    if !base_url.is_empty() {
        let _ = write!(out, "\n\nWork list: {base_url}/ops");
    }
    out.trim_end().to_owned() + "\n"
}

/// Mail programs know tables and inline colours; what they do not know of the style sheet, they leave out.
const STYLE: &str = ":root{color-scheme:light dark}body{margin:0;padding:24px;background:#f3f1ec;color:#1c1b19;\
font:15px/1.5 -apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Arial,sans-serif}main{max-width:640px;margin:0 auto;\
background:#fff;border-radius:8px;padding:24px}h1{font-size:20px;margin:0 0 4px}h2{font-size:15px;margin:24px 0 8px}\
p{margin:0 0 8px}.muted{color:#66625a}table{border-collapse:collapse;width:100%}th{font-weight:600;text-align:left}\
th,td{padding:6px 12px 6px 0;border-bottom:1px solid #e4e0d8;vertical-align:top}.n{text-align:right;\
font-variant-numeric:tabular-nums;white-space:nowrap}th.n{white-space:normal}@media(max-width:520px){body{padding:12px}main{padding:16px}}a{color:#1a5fb4}.warn{border-left:3px solid #b3570c;padding-left:12px}\
@media(prefers-color-scheme:dark){body{background:#121211;color:#f2f0eb}main{background:#1d1d1b}.muted{color:#aaa69d}\
th,td{border-color:#3a3935}a{color:#8ab8f2}.warn{border-color:#f0a35e}}";

fn page(
    name: &str,
    day: Date,
    summary: &str,
    now: Timestamp,
    figures: &OpsFigures,
    notes: &[String],
    base_url: &str,
) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{name} {day}</title><style>{STYLE}</style></head>\n<body><main>\
         <h1>{name}</h1><p class=\"muted\">{day}</p><p>{summary}</p>\n",
        name = html(name),
        summary = html(summary)
    );
    for note in notes {
        let _ = writeln!(out, "<p class=\"warn\">{}</p>", html(note));
    }
    let open: Vec<_> = figures.kinds.iter().filter(|kind| kind.open > 0).collect();
    if !open.is_empty() {
        out.push_str(
            "<h2>Open</h2><table><tr><th>What</th><th class=\"n\">Parcels</th><th class=\"n\">Looked after</th>\
             <th class=\"n\">Oldest</th></tr>\n",
        );
        for kind in open {
            let [what, count, taken_on, oldest, value] = open_row(kind, now).map(|cell| html(&cell));
            let _ = writeln!(
                out,
                "<tr><td>{what}<br><span class=\"muted\">{value}</span></td><td class=\"n\">{count}</td>\
                 <td class=\"n\">{taken_on}</td><td class=\"n\">{oldest}</td></tr>"
            );
        }
        out.push_str("</table>\n");
    }
    let changed: Vec<_> = figures.kinds.iter().filter(|kind| kind.new + kind.cleared > 0).collect();
    if !changed.is_empty() {
        out.push_str(
            "<h2>Since yesterday</h2><table><tr><th>What</th><th class=\"n\">New</th><th class=\"n\">Over</th></tr>\n",
        );
        for kind in changed {
            let (what, new, over) = (html(kind.kind.in_words()), kind.new, kind.cleared);
            let _ = writeln!(out, "<tr><td>{what}</td><td class=\"n\">{new}</td><td class=\"n\">{over}</td></tr>");
        }
        out.push_str("</table>\n");
    }
    if !base_url.is_empty() {
        let _ =
            writeln!(out, "<p style=\"margin-top:24px\"><a href=\"{}/ops\">Open the work list</a></p>", html(base_url));
    }
    out.push_str("</main></body></html>\n");
    out
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::civil::Time;

    use super::*;
    use crate::domain::alert::Kind;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    fn figures() -> OpsFigures {
        let kind = |kind, open, new, cleared, acknowledged| KindFigures {
            kind,
            open,
            acknowledged,
            new,
            cleared,
            oldest: (open > 0).then(|| at("2026-11-19T06:00:00Z")),
            value: BTreeMap::from([("EUR".to_owned(), 120_050), ("PLN".to_owned(), 9_900)]),
        };
        OpsFigures {
            kinds: vec![
                kind(Kind::DispatchOverdue, 12, 5, 0, 3),
                kind(Kind::Stalled, 412, 400, 2, 0),
                kind(Kind::LateExpected, 38, 9, 14, 0),
                kind(Kind::PickupExpiring, 0, 0, 6, 0),
            ],
            in_doubt: 2,
            quarantine: 7,
            quiet_feeds: vec!["dhl <x>".to_owned()],
        }
    }

    #[test]
    fn a_digest_is_read_in_one_look() {
        let now = at("2026-11-23T07:00:00Z");
        let day = Date::constant(2026, 11, 23);
        let letter = write("Harbour & Goods", day, now, &figures(), "https://ops.harbour.example");
        insta::assert_snapshot!("digest.txt", format!("{}\n\n{}", letter.subject, letter.text));
        insta::assert_snapshot!("digest.html", letter.html);
        let nothing = write("Harbour & Goods", day, now, &OpsFigures::default(), "");
        assert_eq!(nothing.text, "Nothing is open.\n");
        assert_eq!(nothing.subject, "Harbour & Goods: nothing open (2026-11-23)");
        assert!(is_empty(&OpsFigures::default()) && !is_empty(&figures()));
    }

    #[test]
    fn it_goes_out_in_the_morning_of_working_days_by_the_brands_clock() {
        let digest = Digest::default();
        let warsaw = TimeZone::get("Europe/Warsaw").expect("a zone");
        let due = |text: &str| day_due(&digest, &warsaw, at(text)).map(|day| day.to_string());
        assert_eq!(due("2026-11-23T06:59:59Z"), None);
        assert_eq!(due("2026-11-23T07:00:00Z").as_deref(), Some("2026-11-23"));
        assert_eq!(due("2026-11-23T16:59:00Z").as_deref(), Some("2026-11-23"), "the worker was away in the morning");
        assert_eq!(due("2026-11-23T17:30:00Z"), None, "the next one says it");
        assert_eq!(due("2026-11-22T07:30:00Z"), None, "a Sunday");
        let daily = Digest { weekdays_only: false, at: Time::constant(23, 30, 0, 0), ..Digest::default() };
        assert_eq!(day_due(&daily, &warsaw, at("2026-11-22T22:31:00Z")), Some(Date::constant(2026, 11, 22)));
        assert_eq!(day_due(&daily, &warsaw, at("2026-11-22T23:01:00Z")), None, "another day has begun");
    }
}
