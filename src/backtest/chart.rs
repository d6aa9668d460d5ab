//! A chart of the figures, as one SVG: what warnings cost and bring, and whether chances came true.

use plotters::prelude::*;

use super::score::{Bin, LEADS, Score};

const SIZE: (u32, u32) = (1040, 480);
/// One colour a lead, readable on white and told apart by most eyes (Okabe and Ito's palette).
const COLOURS: [RGBColor; LEADS.len()] =
    [RGBColor(0, 114, 178), RGBColor(0, 158, 115), RGBColor(213, 94, 0), RGBColor(204, 121, 167)];

/// Why a chart could not be drawn.
pub type Failed = DrawingAreaErrorKind<std::io::Error>;

/// Draws the figures.
///
/// # Errors
/// When the drawing library fails; on a drawing in memory it has no reason to.
pub fn draw(score: &Score) -> Result<String, Failed> {
    let mut svg = String::new();
    {
        let whole = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        whole.fill(&WHITE)?;
        let halves = whole.split_evenly((1, 2));
        warnings(score, &halves[0])?;
        calibration(score, &halves[1])?;
        whole.present()?;
    }
    Ok(svg)
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

/// Precision over recall, one line a lead.
fn warnings(score: &Score, area: &Area<'_>) -> Result<(), Failed> {
    let mut chart = ChartBuilder::on(area)
        .caption("Warnings: precision over recall", ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(44)
        .build_cartesian_2d(0.0..1.0, 0.0..1.0)?;
    chart.configure_mesh().x_desc("recall").y_desc("precision").light_line_style(TRANSPARENT).draw()?;
    let points = score.figures().points;
    for (lead, colour) in LEADS.into_iter().zip(COLOURS) {
        let of_lead = points.iter().filter(|point| point.lead_days == lead);
        let line: Vec<(f64, f64)> = of_lead.filter_map(|point| point.recall.zip(point.precision)).collect();
        let dots = line.clone().into_iter().map(|at| Circle::new(at, 3, colour.filled()));
        chart
            .draw_series(LineSeries::new(line, colour.stroke_width(2)))?
            .label(format!("{lead} or more days ahead"))
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], colour.stroke_width(2)));
        chart.draw_series(dots)?;
    }
    let corner = SeriesLabelPosition::LowerLeft;
    chart
        .configure_series_labels()
        .position(corner)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .draw()
}

/// The share that came true over the chance that was told: the whole time, and each month in grey.
fn calibration(score: &Score, area: &Area<'_>) -> Result<(), Failed> {
    let mut chart = ChartBuilder::on(area)
        .caption("Chances: what came over what was told", ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(44)
        .build_cartesian_2d(0.0..1.0, 0.0..1.0)?;
    chart.configure_mesh().x_desc("told").y_desc("came").light_line_style(TRANSPARENT).draw()?;
    chart.draw_series(LineSeries::new([(0.0, 0.0), (1.0, 1.0)], BLACK.mix(0.4)))?;
    for month in score.months().values().filter(|month| month.late >= super::score::LATE_MIN) {
        chart.draw_series(LineSeries::new(line(&month.bins), BLACK.mix(0.25)))?;
    }
    let whole = line(score.whole());
    let dots = whole.clone().into_iter().map(|at| Circle::new(at, 4, COLOURS[0].filled()));
    chart.draw_series(LineSeries::new(whole, COLOURS[0].stroke_width(3)))?;
    chart.draw_series(dots)?;
    Ok(())
}

/// Tenths with fewer mornings than this are left out: they jump about.
const MORNINGS_MIN: u64 = 50;

fn line(bins: &[Bin]) -> Vec<(f64, f64)> {
    let full = bins.iter().filter(|bin| bin.mornings >= MORNINGS_MIN);
    full.map(|bin| (bin.told / bin.mornings as f64, bin.came as f64 / bin.mornings as f64)).collect()
}
