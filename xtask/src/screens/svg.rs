//! Cells of a terminal as a picture that needs no font but a monospaced one.

use std::fmt::Write as _;

use super::terminal::{COLUMNS, Cell};

/// The size of a cell, in tenths of a pixel: no floating point, no rounding that differs.
const CELL: (usize, usize) = (84, 180);

/// The room around the text, in pixels.
const EDGE: usize = 12;

/// The picture.
pub(super) fn picture(lines: &[Vec<Cell>]) -> String {
    let width = COLUMNS * CELL.0 / 10 + 2 * EDGE;
    let height = lines.len() * CELL.1 / 10 + 2 * EDGE;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"6\" fill=\"#1d2026\"/>\n\
         <g font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"14\" fill=\"#d6d9df\">\n"
    );
    for (number, line) in lines.iter().enumerate() {
        let y = EDGE + (number + 1) * CELL.1 / 10 - 4;
        for (column, run) in runs(line) {
            append(&run, column, y, &mut text);
        }
    }
    text.push_str("</g>\n</svg>\n");
    text
}

/// Neighbours of one style, with the column of the first.
fn runs(line: &[Cell]) -> Vec<(usize, Vec<Cell>)> {
    let mut runs: Vec<(usize, Vec<Cell>)> = Vec::new();
    for (column, cell) in line.iter().enumerate() {
        match runs.last_mut() {
            Some((_, run)) if run.last().is_some_and(|last| last.style == cell.style) => {
                run.push(cell.clone());
            }
            _ => runs.push((column, vec![cell.clone()])),
        }
    }
    runs
}

fn append(run: &[Cell], column: usize, y: usize, text: &mut String) {
    let words: String = run.iter().map(|cell| cell.character).collect();
    if words.trim().is_empty() {
        return;
    }
    let style = run.first().map_or("", |cell| look(&cell.style));
    let tenths = |n: usize| format!("{}.{}", n / 10, n % 10);
    let (x, length) = (tenths(EDGE * 10 + column * CELL.0), tenths(run.len() * CELL.0));
    let words = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "<text x=\"{x}\" y=\"{y}\" textLength=\"{length}\" xml:space=\"preserve\"{style}>{words}</text>"
    );
}

/// How hep's styles look.
fn look(style: &str) -> &'static str {
    match style {
        "32" => " fill=\"#8fc97a\"",
        "33" => " fill=\"#e0b45c\"",
        "36" => " fill=\"#66c2cd\"",
        "35" => " fill=\"#c792d8\"",
        "1;31" => " fill=\"#f0716b\" font-weight=\"bold\"",
        "2" => " fill=\"#8a909c\"",
        "1" => " font-weight=\"bold\"",
        _ => "",
    }
}
