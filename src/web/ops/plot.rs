//! Small plots as inline SVG: plain geometry, made here, drawn by the templates. Colours come from the sheet of style.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::words::{day, percent};

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 140.0;
/// Room for the labels at the left, and below.
const LEFT: f64 = 50.0;
const BELOW: f64 = 20.0;
const TOP: f64 = 8.0;

/// A chance over time.
#[derive(Debug, Serialize)]
pub(super) struct Chances {
    /// `x,y x,y …`
    line: String,
    dots: Vec<Dot>,
    first: String,
    last: String,
    /// The same in words, for those who do not see it.
    words: String,
}

#[derive(Debug, Serialize)]
struct Dot {
    x: String,
    y: String,
    title: String,
}

/// Plots the chance of missing a promise; `None` where there is nothing to plot.
pub(super) fn chances(points: &[(Timestamp, f64)], zone: &TimeZone) -> Option<Chances> {
    let (first, last) = (points.first()?, points.last()?);
    let span = last.0.duration_since(first.0).as_secs_f64().max(1.0);
    let place = |(at, chance): &(Timestamp, f64)| {
        let x = LEFT + (WIDTH - LEFT - 8.0) * at.duration_since(first.0).as_secs_f64() / span;
        let y = TOP + (HEIGHT - BELOW - TOP) * (1.0 - chance.clamp(0.0, 1.0));
        (format!("{x:.1}"), format!("{y:.1}"))
    };
    let on = |at: Timestamp| day(at.to_zoned(zone.clone()).date());
    let places: Vec<(String, String)> = points.iter().map(place).collect();
    let dot = |((at, chance), (x, y)): (&(Timestamp, f64), &(String, String))| Dot {
        x: x.clone(),
        y: y.clone(),
        title: format!("{}: {}", on(*at), percent(*chance)),
    };
    Some(Chances {
        line: places.iter().map(|(x, y)| format!("{x},{y}")).collect::<Vec<_>>().join(" "),
        dots: points.iter().zip(&places).map(dot).collect(),
        first: on(first.0),
        last: on(last.0),
        words: format!(
            "Chance of missing the promise: {} on {}, {} on {}.",
            percent(first.1),
            on(first.0),
            percent(last.1),
            on(last.0)
        ),
    })
}

/// A bar of a distribution.
#[derive(Debug, Serialize)]
pub(super) struct Bar {
    x: usize,
    y: String,
    height: String,
    title: String,
}

/// Bars for the share of parcels that took 0, 1, 2, … days: 10 wide, 40 high, the highest as high as it goes.
pub(super) fn bars(shares: &[f64]) -> Vec<Bar> {
    let most = shares.iter().copied().fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let bar = |(days, share): (usize, &f64)| {
        let height = 40.0 * share.max(0.0) / most;
        let title = format!("{days} {}: {}", if days == 1 { "day" } else { "days" }, percent(*share));
        Bar { x: days * 10, y: format!("{:.1}", 40.0 - height), height: format!("{height:.1}"), title }
    };
    shares.iter().enumerate().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_from_left_to_right_and_up_with_the_chance() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let points = [(at("2026-11-02T09:00:00Z"), 0.0), (at("2026-11-04T09:00:00Z"), 1.0)];
        let plot = chances(&points, &TimeZone::UTC).unwrap();
        assert_eq!(plot.line, "50.0,120.0 632.0,8.0");
        assert_eq!(plot.words, "Chance of missing the promise: < 1 % on Mon 2 Nov, > 99 % on Wed 4 Nov.");
        assert!(chances(&[], &TimeZone::UTC).is_none());
        assert_eq!(chances(&points[..1], &TimeZone::UTC).unwrap().line, "50.0,120.0", "one point is a point");
    }

    #[test]
    fn the_highest_bar_is_as_high_as_it_goes() {
        let bars = bars(&[0.1, 0.4]);
        assert_eq!((bars[1].height.as_str(), bars[1].y.as_str(), bars[0].height.as_str()), ("40.0", "0.0", "10.0"));
    }
}
