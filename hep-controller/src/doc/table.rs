//! Tables of keys for docs/language.md.

use crate::read::keys::Key;
use std::fmt::Write as _;

/// A table in Markdown: key, what it takes, meaning, default.
pub(super) fn markdown(table: &[Key]) -> String {
    let mut text = String::from("| key | takes | meaning | default |\n|---|---|---|---|\n");
    for key in table {
        let also: Vec<String> = key.also.iter().map(|also| format!("`{}`", also.name)).collect();
        let also = if also.is_empty() { String::new() } else { format!(" ({})", also.join(", ")) };
        let (name, takes) = (key.name, key.takes.words());
        let about = cell(&format!("{} `{}`", key.about, key.example));
        // A string never refuses to grow.
        let _ = writeln!(text, "| `{name}`{also} | {takes} | {about} | {} |", cell(key.default));
    }
    text
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
