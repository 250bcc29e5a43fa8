//! The sides' times as bars, a group for each case: docs/benchmarks.svg.

use std::fmt::Write as _;

use super::cases::Case;
use super::measure::Found;

const WIDTH: f64 = 900.0;
const LABELS: f64 = 250.0;
const BAR: f64 = 18.0;

/// A picture of all cases with more than one side.
pub(super) fn plot(results: &[(&Case, Found)]) -> String {
    let mut body = String::new();
    let mut y = 16.0;
    for (case, found) in results.iter().filter(|(_, found)| found.rows.len() > 1) {
        y += 24.0;
        // Writing to a String cannot fail.
        let _ =
            writeln!(body, "<text x=\"12\" y=\"{y}\" font-weight=\"bold\">{}</text>", case.title);
        y += 10.0;
        let longest = found.rows.iter().map(|row| row.wall()).fold(0.0, f64::max);
        for row in &found.rows {
            let (wall, room) = (row.wall(), WIDTH - LABELS - 90.0);
            let width = (wall / longest * room).max(1.0);
            let colour = if row.name.starts_with("hep") { "#2f7d6d" } else { "#9aa3ad" };
            let text = y + BAR - 5.0;
            let _ = writeln!(
                body,
                "<text x=\"{:.0}\" y=\"{text:.0}\" text-anchor=\"end\">{}</text>\
                 <rect x=\"{LABELS:.0}\" y=\"{y:.0}\" width=\"{width:.1}\" height=\"{:.0}\" fill=\"{colour}\"/>\
                 <text x=\"{:.1}\" y=\"{text:.0}\">{wall:.2} s</text>",
                LABELS - 8.0,
                row.name,
                BAR - 4.0,
                LABELS + width + 6.0,
            );
            y += BAR;
        }
    }
    let height = y + 16.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <g font-family=\"DejaVu Sans, Verdana, sans-serif\" font-size=\"12\" fill=\"#22262b\">\n{body}</g>\n</svg>\n"
    )
}
