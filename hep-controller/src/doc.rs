//! `hep doc`: what modules and keys there are, from the same source as the code: the types of the parameters, the table
//! of keys, the files in examples/. Makes text for a terminal and for docs/; `ui` prints it.

mod facts;
mod module;
mod page;
mod table;
#[cfg(test)]
mod tests;

use crate::manifest::keys::{self, Key};
use crate::report::text::{Colour, Style};
use crate::schema;
use crate::settings::Refusal;
use crate::words::nearest;
use page::{Page, Row};

/// The examples of the modules: name and text of every `examples/NAME.yml`.
static EXAMPLES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/examples.rs"));

/// A page that is about no module.
struct Topic {
    name: &'static str,
    about: &'static str,
    print: fn(&mut Page),
}

static TOPICS: &[Topic] = &[
    Topic { name: "task", about: "The keys of a task beside its module.", print: task },
    Topic { name: "play", about: "The keys of a play, and the forms of a manifest.", print: play },
    Topic { name: "facts", about: "What expressions may know of a host.", print: facts::print },
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
                (None, None) => return Err(no_page(word, &modules)),
            }
        }
    }
    Ok(page.into_text())
}

fn no_page(word: &str, modules: &[schema::Module]) -> Refusal {
    let key = keys::find(keys::TASK, word).or_else(|| keys::find(keys::HANDLER, word));
    if key.is_some() {
        let what = format!("`{word}` is a key of tasks, not a module");
        return Refusal::new(what, "see `hep doc task`");
    }
    if keys::find(keys::PLAY, word).is_some() {
        return Refusal::new(format!("`{word}` is a key of plays"), "see `hep doc play`");
    }
    let modules = modules.iter().map(|module| module.name.as_str());
    let known = modules.chain(TOPICS.iter().map(|topic| topic.name));
    let hint = match nearest(word, known) {
        Some(name) => format!("did you mean `hep doc {name}`?"),
        None => "`hep doc` lists all there is".to_owned(),
    };
    Refusal::new(format!("there is no module or topic `{word}`"), hint)
}

fn index(page: &mut Page, modules: &[schema::Module]) {
    page.heading("Modules");
    page.list(modules.iter().map(|module| (module.name.as_str(), module.about.as_str())));
    page.heading("Topics");
    page.list(TOPICS.iter().map(|topic| (topic.name, topic.about)));
    page.text("`hep doc NAME` shows one of them; `hep schema` prints all of it for editors.");
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
    let row = |key: &Key| Row {
        names: std::iter::once(key.name)
            .chain(key.also.iter().map(|also| also.name))
            .collect::<Vec<_>>()
            .join(", "),
        takes: key.takes.words(),
        default: (!key.default.is_empty()).then(|| key.default.to_owned()),
        required: false,
        about: key.about.to_owned(),
        below: vec![(Style::Faint, key.example.to_owned())],
    };
    table.iter().map(row).collect()
}

/// A few keys together.
const TASK_EXAMPLE: &str = include_str!("doc/task.yml");

/// A play with a handler.
const PLAY_EXAMPLE: &str = include_str!("doc/play.yml");
