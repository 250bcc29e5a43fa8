//! `hep doc`: what modules and keys there are, from the same source as the code: the types of the parameters, the tables
//! of keys, facts and filters, the files in examples/. Makes text for a terminal and for docs/; `ui` prints it.

mod facts;
mod filters;
mod module;
mod page;
#[cfg(test)]
mod table;
#[cfg(test)]
mod tests;

use crate::read::foreign;
use crate::read::keys::{self, Key};
use crate::refusal::Refusal;
use crate::schema;
use crate::text::{Colour, Style};
use crate::words::nearest;
use page::{Page, Row};
use std::collections::BTreeSet;

/// The examples of the modules: name and text of every `examples/NAME.yml`.
static EXAMPLES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/examples.rs"));

/// A page that is about no module.
struct Topic {
    name: &'static str,
    about: &'static str,
    print: fn(&mut Page),
}

static TOPICS: &[Topic] = &[
    topic("task", "The keys of a task beside its module.", task),
    topic("play", "The keys of a play, and the forms of a manifest.", play),
    topic("facts", "What expressions may know of a host.", facts::print),
    topic("filters", "What expressions can do with a value; functions.", filters::print_filters),
    topic("tests", "What expressions can ask of a value.", filters::print_tests),
];

const fn topic(name: &'static str, about: &'static str, print: fn(&mut Page)) -> Topic {
    Topic { name, about, print }
}

/// The tables of keys, and what their keys are.
static TABLES: &[(&str, &[Key])] = &[
    ("Key of tasks", keys::TASK),
    ("Key of handlers", keys::HANDLER),
    ("Key of `loop_control`", keys::LOOP),
    ("Key of plays", keys::PLAY),
];

/// The page about a topic, or the list of all.
///
/// # Errors
/// There is no such page.
pub(crate) fn page(topic: Option<&str>, colour: Colour) -> Result<String, Refusal> {
    let mut page = Page::new(colour);
    let modules = schema::modules();
    match topic {
        None => index(&mut page, &modules),
        Some(word) => {
            let topic = TOPICS.iter().find(|topic| topic.name == word);
            let module = modules.iter().find(|module| module.name == word);
            match (topic, module) {
                (Some(topic), _) => {
                    page.title(topic.name, topic.about);
                    (topic.print)(&mut page);
                }
                (None, Some(module)) => module::print(module, &mut page),
                (None, None) if entry(&mut page, word, &modules) => {}
                (None, None) if instead(&mut page, word, &modules) => {}
                (None, None) => return Err(no_page(word, &modules)),
            }
        }
    }
    Ok(page.into_text())
}

/// The names of all pages, and of all single entries.
pub(crate) fn names() -> (Vec<String>, Vec<&'static str>) {
    let topics = TOPICS.iter().map(|topic| topic.name.to_owned());
    let pages = schema::modules().into_iter().map(|module| module.name).chain(topics).collect();
    let keys = TABLES.iter().flat_map(|(_, table)| table.iter()).map(|key| key.name);
    let entries: BTreeSet<_> = keys.chain(facts::names()).chain(filters::names()).collect();
    (pages, entries.into_iter().collect())
}

/// What the tables say of one key, parameter, fact, filter, test or function; whether there is any.
fn entry(page: &mut Page, word: &str, modules: &[schema::Module]) -> bool {
    let mut found = false;
    for (what, table) in TABLES {
        if let Some(key) = keys::find(table, word) {
            page.heading(what);
            page.rows(&[row(key)]);
            found = true;
        }
    }
    // The name of another program's module is answered with hep's module.
    let modules = if foreign::module_for(word).is_some() { &[] } else { modules };
    for module in modules {
        let rows = module::named(module, word);
        if !rows.is_empty() {
            page.heading(&format!("Parameter of `{}`", module.name));
            page.rows(&rows);
            found = true;
        }
    }
    if let Some((what, fact)) = facts::named(word) {
        page.heading(what);
        page.rows(&[fact]);
        found = true;
    }
    for (what, entry) in filters::named(word) {
        page.heading(what);
        page.entries(&[entry]);
        found = true;
    }
    found
}

/// The page of the module that does what one of Ansible's does, or of one written with its collection; whether there is any.
fn instead(page: &mut Page, word: &str, modules: &[schema::Module]) -> bool {
    let named = |name: &str| modules.iter().find(|module| module.name == name);
    let (module, words) = match foreign::module_for(word) {
        Some((module, words)) => (named(module), Some(words)),
        None => (foreign::qualified(word).and_then(named), None),
    };
    let Some(module) = module else { return false };
    words.into_iter().for_each(|words| page.text(&words));
    module::print(module, page);
    true
}

fn no_page(word: &str, modules: &[schema::Module]) -> Refusal {
    let modules = modules.iter().map(|module| module.name.as_str());
    let known = modules.chain(TOPICS.iter().map(|topic| topic.name));
    let foreign = || foreign::play_key(word).map(foreign::Foreign::into_hint);
    let hint = match (crate::expression::instead(word).or_else(foreign), nearest(word, known)) {
        (Some(instead), _) => instead,
        (None, Some(name)) => format!("did you mean `hep doc {name}`?"),
        (None, None) => "`hep doc` lists all there is".to_owned(),
    };
    Refusal::new(format!("there is no module or topic `{word}`"), hint)
}

fn index(page: &mut Page, modules: &[schema::Module]) {
    page.heading("Modules");
    page.list(modules.iter().map(|module| (module.name.as_str(), module.about.as_str())));
    page.heading("Topics");
    page.list(TOPICS.iter().map(|topic| (topic.name, topic.about)));
    page.text("`hep doc NAME` shows one of them, or one key, parameter, fact, filter or test; `hep schema` prints the \
         JSON Schema for editors.");
}

fn task(page: &mut Page) {
    let text = "A task has one module, or `block` or `include` in its place, and any of these keys. \
                Conditions are expressions without braces; other texts may hold `{{ expressions }}`.";
    page.text(text);
    page.heading("Keys");
    page.rows(&rows(keys::TASK));
    page.heading("Keys of `loop_control`");
    page.rows(&rows(keys::LOOP));
    page.heading("Keys of handlers");
    page.rows(&rows(keys::HANDLER));
    page.heading("Example");
    page.verbatim(TASK_EXAMPLE);
}

fn play(page: &mut Page) {
    page.text("A manifest is a list of tasks, one play, or a list of plays.");
    page.heading("Keys");
    page.rows(&rows(keys::PLAY));
    page.heading("Example");
    page.verbatim(PLAY_EXAMPLE);
}

fn rows(table: &[Key]) -> Vec<Row> {
    table.iter().map(row).collect()
}

fn row(key: &Key) -> Row {
    let names: Vec<&str> =
        std::iter::once(key.name).chain(key.also.iter().map(|also| also.name)).collect();
    Row {
        names: names.join(", "),
        takes: key.takes.words(),
        default: (!key.default.is_empty()).then(|| key.default.to_owned()),
        required: false,
        about: key.about.to_owned(),
        below: vec![(Style::Faint, key.example.to_owned())],
    }
}

/// A few keys together.
const TASK_EXAMPLE: &str = include_str!("doc/task.yml");

/// A play with a handler.
const PLAY_EXAMPLE: &str = include_str!("doc/play.yml");
