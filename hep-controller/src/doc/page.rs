//! A page of text for a terminal: headings, lists, rows with what is said of them. At most 100 columns.

use crate::text::{Colour, Style};

/// The longest line, unless a word or an example is longer.
const WIDTH: usize = 100;

/// A page under construction.
pub(super) struct Page {
    colour: Colour,
    text: String,
}

/// A key or parameter.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// Its names, the first one first.
    pub(super) names: String,
    /// What it takes.
    pub(super) takes: String,
    /// What holds without it.
    pub(super) default: Option<String>,
    /// Whether it must be given.
    pub(super) required: bool,
    /// What it says.
    pub(super) about: String,
    /// Lines about its values, or an example.
    pub(super) below: Vec<(Style, String)>,
}

/// A name with a sentence and an example.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) about: String,
    pub(super) example: String,
}

impl Page {
    pub(super) fn new(colour: Colour) -> Page {
        Page { colour, text: String::new() }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// What the page is about.
    pub(super) fn title(&mut self, name: &str, about: &str) {
        let painted = self.colour.paint(Style::Strong, name);
        self.line(&format!("{painted}: {}", lower(about)));
    }

    /// The beginning of a section.
    pub(super) fn heading(&mut self, words: &str) {
        self.gap();
        let painted = self.colour.paint(Style::Strong, words);
        self.line(&painted);
    }

    /// A paragraph.
    pub(super) fn text(&mut self, text: &str) {
        self.gap();
        wrapped(text, WIDTH).iter().for_each(|line| self.line(line));
    }

    /// Names, each with a sentence.
    pub(super) fn list<'t>(&mut self, entries: impl Iterator<Item = (&'t str, &'t str)>) {
        let entries: Vec<_> = entries.collect();
        let widest = entries.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, about) in entries {
            let lines = wrapped(about, WIDTH - widest - 4);
            for (number, line) in lines.iter().enumerate() {
                let name = if number == 0 { name } else { "" };
                self.line(&format!("  {name:widest$}  {line}"));
            }
        }
    }

    /// Names with sentences and examples.
    pub(super) fn entries(&mut self, entries: &[Entry]) {
        let widest = entries.iter().map(|entry| entry.name.chars().count()).max().unwrap_or(0);
        for Entry { name, about, example } in entries {
            for (number, line) in wrapped(about, WIDTH - widest - 4).iter().enumerate() {
                let name = if number == 0 { name.as_str() } else { "" };
                let name = self.colour.paint(Style::Acted, &format!("{name:widest$}"));
                self.line(&format!("  {name}  {line}"));
            }
            for line in wrapped(example, WIDTH - widest - 6) {
                let line = self.colour.paint(Style::Faint, &line);
                self.line(&format!("  {:widest$}    {line}", ""));
            }
        }
    }

    /// Keys or parameters.
    pub(super) fn rows(&mut self, rows: &[Row]) {
        for row in rows {
            let names = self.colour.paint(Style::Acted, &row.names);
            let mut said = vec![row.takes.clone()];
            if row.required {
                said.push("required".to_owned());
            }
            said.extend(row.default.as_ref().map(|default| format!("default: {default}")));
            let said = said.join("; ");
            let beside = 2 + row.names.chars().count() + 2 + said.chars().count();
            if beside <= WIDTH {
                let said = self.colour.paint(Style::Faint, &format!("({said})"));
                self.line(&format!("  {names} {said}"));
            } else {
                self.line(&format!("  {names}"));
                for line in wrapped(&format!("({said})"), WIDTH - 6) {
                    let line = self.colour.paint(Style::Faint, &line);
                    self.line(&format!("      {line}"));
                }
            }
            for line in wrapped(&row.about, WIDTH - 6) {
                self.line(&format!("      {line}"));
            }
            for (style, text) in &row.below {
                for (number, line) in wrapped(text, WIDTH - 10).iter().enumerate() {
                    let deeper = if number == 0 { "" } else { "  " };
                    let line = self.colour.paint(*style, line);
                    self.line(&format!("        {deeper}{line}"));
                }
            }
        }
    }

    /// Text that stays as it is, indented.
    pub(super) fn verbatim(&mut self, text: &str) {
        for line in text.trim_end().lines() {
            let line = format!("  {line}");
            self.line(line.trim_end());
        }
    }

    fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }
}

/// A sentence as it goes on after a colon.
fn lower(sentence: &str) -> String {
    let sentence = sentence.trim_end_matches('.');
    let mut rest = sentence.chars();
    let is_name = sentence.chars().nth(1).is_some_and(char::is_uppercase);
    match rest.next() {
        // Debian stays what it is.
        Some(first) if !is_name && !sentence.starts_with("Debian") => {
            first.to_lowercase().chain(rest).collect()
        }
        Some(_) | None => sentence.to_owned(),
    }
}

/// A text in lines of at most so many characters; what stands in backticks stays together where it fits.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in pieces(text) {
        let fits = line.chars().count() + 1 + word.chars().count() <= width;
        if !line.is_empty() && !fits {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// Words, and what stands in backticks with the spaces in it.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let mut open = String::new();
    for word in text.split_whitespace() {
        if !open.is_empty() {
            open.push(' ');
        }
        open.push_str(word);
        // Something that never closes is no quotation.
        if open.matches('`').count().is_multiple_of(2) || open.chars().count() > 60 {
            pieces.push(std::mem::take(&mut open));
        }
    }
    if !open.is_empty() {
        pieces.push(open);
    }
    pieces
}
