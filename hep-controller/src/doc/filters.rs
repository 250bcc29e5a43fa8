//! The pages of filters, tests and functions, from the table whose examples are tests.

use super::page::{Entry, Page};
use hep_protocol::expression::{Documented, FILTERS, FUNCTIONS, TESTS};

pub(super) fn print_filters(page: &mut Page) {
    page.text("Written after a value: `value | name(...)`. Several may follow one another.");
    page.heading("Filters");
    page.entries(&FILTERS.iter().map(entry).collect::<Vec<_>>());
    page.heading("Functions");
    page.entries(&FUNCTIONS.iter().map(entry).collect::<Vec<_>>());
}

pub(super) fn print_tests(page: &mut Page) {
    page.text("Written after a value: `value is name`, `value is not name(...)`.");
    page.heading("Tests");
    page.entries(&TESTS.iter().map(entry).collect::<Vec<_>>());
}

/// The names of all.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    [FILTERS, TESTS, FUNCTIONS].into_iter().flatten().map(|row| row.name)
}

/// What is known by this name: a heading and an entry for each kind.
pub(super) fn named(word: &str) -> impl Iterator<Item = (&'static str, Entry)> {
    let kinds = [("Filter", FILTERS), ("Test", TESTS), ("Function", FUNCTIONS)];
    kinds.into_iter().filter_map(move |(kind, table)| {
        table.iter().find(|row| row.name == word).map(|row| (kind, entry(row)))
    })
}

fn entry(row: &Documented) -> Entry {
    let example = match row.gives {
        "" => row.example.to_owned(),
        gives => format!("{} -> {gives}", row.example),
    };
    Entry { name: row.name.to_owned(), about: row.what.to_owned(), example }
}
