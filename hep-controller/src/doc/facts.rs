//! The page of facts, from the table that the agent gathers by.

use super::page::{Page, Row};
use crate::text::Style;
use hep_protocol::facts::{FACTS, Fact, Field, Shape, fact};
use hep_protocol::names::BUILT_IN;

pub(super) fn print(page: &mut Page) {
    page.text(
        "Every expression may read these names, also below `facts`. What a host does not tell is null or empty. Each is \
         gathered when it is first read, without a process; what nothing reads costs nothing.",
    );
    page.heading("Facts");
    page.rows(&FACTS.iter().map(row).collect::<Vec<_>>());
}

/// The fact of this name, what is below one by a name as `os.family`, or another name that every expression may read.
pub(super) fn named(word: &str) -> Option<(&'static str, Row)> {
    if let Some((name, about)) = BUILT_IN.iter().find(|(name, _)| *name == word) {
        let [names, takes, about] = [*name, "built in", *about].map(str::to_owned);
        let row = Row { names, takes, default: None, required: false, about, below: Vec::new() };
        return Some(("Name", row));
    }
    let mut names = word.strip_prefix("facts.").unwrap_or(word).split('.');
    let whole = fact(names.next()?)?;
    let (mut shape, mut about) = (whole.shape, None);
    for name in names {
        let field = below(shape)?.iter().find(|field| field.name == name)?;
        (shape, about) = (field.shape, Some(field.doc));
    }
    let row = row(whole);
    Some((
        "Fact",
        match about {
            None => row,
            Some(about) => {
                let mut below = Vec::new();
                fields("", shape, &mut below);
                let (names, takes, about) = (word.to_owned(), words(shape), about.to_owned());
                Row { names, takes, about, below, ..row }
            }
        },
    ))
}

/// The names of all.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FACTS.iter().map(|fact| fact.name)
}

/// The names below a value, or below each of its items.
fn below(shape: Shape) -> Option<&'static [Field]> {
    match shape {
        Shape::Mapping(fields) => Some(fields),
        Shape::List(inner) | Shape::Named(inner) => below(*inner),
        Shape::Text | Shape::Number | Shape::Switch | Shape::Any => None,
    }
}

fn row(fact: &Fact) -> Row {
    let mut below = Vec::new();
    fields("", fact.shape, &mut below);
    below.push((Style::Foreseen, fact.example.to_owned()));
    Row {
        names: fact.name.to_owned(),
        takes: words(fact.shape),
        default: None,
        required: false,
        about: fact.doc.to_owned(),
        below,
    }
}

/// A line for each name that is the same on every host.
fn fields(above: &str, shape: Shape, lines: &mut Vec<(Style, String)>) {
    match shape {
        Shape::Mapping(all) => {
            for field in all {
                let name = format!("{above}{}", field.name);
                lines.push((
                    Style::Faint,
                    format!("{name} ({}): {}", words(field.shape), field.doc),
                ));
                fields(&format!("{name}."), field.shape, lines);
            }
        }
        Shape::List(inner) | Shape::Named(inner) => fields(above, *inner, lines),
        Shape::Text | Shape::Number | Shape::Switch | Shape::Any => {}
    }
}

/// What a value is.
fn words(shape: Shape) -> String {
    match shape {
        Shape::Text => "text".to_owned(),
        Shape::Number => "number".to_owned(),
        Shape::Switch => "true or false".to_owned(),
        Shape::List(inner) => format!("list of {}", many(*inner)),
        Shape::Mapping(_) => "mapping".to_owned(),
        Shape::Named(inner) => format!("mapping of names to {}", many(*inner)),
        Shape::Any => "any value".to_owned(),
    }
}

fn many(shape: Shape) -> String {
    match shape {
        Shape::Text => "texts".to_owned(),
        Shape::Number => "numbers".to_owned(),
        Shape::Switch => "truths".to_owned(),
        Shape::List(_) => "lists".to_owned(),
        Shape::Mapping(_) | Shape::Named(_) => "mappings".to_owned(),
        Shape::Any => "values".to_owned(),
    }
}
