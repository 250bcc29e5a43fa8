//! The language of expressions and templates: Jinja's, by `minijinja`. It reads only the scope it is handed: no file,
//! no clock, no chance; the same text in the same scope gives the same value. What only a run's moment says, as the time or a
//! salt, it asks the scope for: a host's answers anew each time, and the controller's knows nothing of it.
//!
//! Undefined names are errors. What is not known yet (in check mode: what a command would say) is never guessed: an
//! evaluation that needs it ends in [`TroubleKind::Unknown`].

#![expect(clippy::wildcard_enum_match_arm, reason = "the engine's list of kinds is open")]
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "this is where the engine runs"
)]
#![expect(clippy::result_large_err, reason = "an evaluation that fails is the end of its task")]

mod convert;
mod documented;
mod engine;
mod filters;
mod layers;
mod lines;
mod pattern;
mod python;
mod rewrite;
mod run;
mod spoken;
mod trouble;

pub use documented::{Documented, FILTERS, FUNCTIONS, TESTS};
pub use engine::RULES;
pub use filters::{digest_of, has_encoded_replacement};
pub use layers::{ANSWERS, Layers, Rank, Variables};
pub use pattern::{Anchors, Pattern, Python, Replacement};
pub use trouble::{Trouble, TroubleKind};

use crate::dialect::Dialect;
use run::{Memory, Run};
use serde_json::Value as Json;
use std::fmt::Debug;
use std::sync::Arc;

/// The names that an expression may use.
pub trait Scope: Debug + Send + Sync {
    /// What the name stands for; `None` when there is no such name.
    fn get(&self, name: &str) -> Option<Found>;

    /// All names, for suggestions.
    fn names(&self) -> Vec<String>;

    /// What a lookup gives that needs more than names: files, the environment, programs. `None` where nobody can tell here.
    fn answer(&self, asked: &Lookup) -> Option<Result<Vec<Json>, Trouble>> {
        let _ = asked;
        None
    }
}

/// A lookup of Ansible's that an expression asks for: `lookup('ini', 'port', section='web')`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// Its name, without `ansible.builtin.`.
    pub plugin: String,
    /// What it is asked for, in order.
    pub terms: Vec<Json>,
    /// Its named arguments, without `wantlist` and `errors`.
    pub options: serde_json::Map<String, Json>,
}

impl Lookup {
    /// What it is kept by.
    #[must_use]
    pub fn key(&self) -> String {
        let options = self.options.iter().map(|(name, value)| format!(", {name}={value}"));
        let terms = self.terms.iter().map(|term| format!(", {term}"));
        format!("{}{}", self.plugin, terms.chain(options).collect::<String>())
    }
}

/// What a lookup is called that asks for the time: microseconds since 1970. Nobody can write this name, nor those below.
pub const MOMENT: &str = "\0moment";

/// The same for the zone at a second since 1970: seconds before UTC, and its name.
pub const ZONE: &str = "\0zone";

/// The same for bytes by chance, as many as are asked for.
pub const CHANCE: &str = "\0chance";

/// What a name stands for.
#[derive(Clone, Debug)]
pub enum Found {
    /// A value as it is: what looks like an expression in it is none. Facts, results and items of rendered lists.
    Plain(Json),
    /// The same, prepared once for many uses: cheap to hand out again.
    Ready(Ready),
    /// A value whose texts may hold expressions; each is rendered when it is used, in the same scope.
    Raw(Json),
    /// A value that only a real run could tell, and why: `the result of `NAME``.
    Unknown(String),
    /// A mapping of which only a real run could tell the rest.
    Partial {
        /// The entries that are known.
        known: Json,
        /// What the others depend on.
        cause: String,
    },
    /// A value that could not be had, and why.
    Failed(String),
    /// All names of another scope, as a mapping: what they stand for is rendered there.
    Names(Arc<dyn Scope>),
}

/// A plain value as the engine wants it. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Ready(minijinja::Value);

impl Ready {
    /// Converts it, once.
    #[must_use]
    pub fn new(json: &Json) -> Self {
        Self(convert::to_value(json))
    }

    /// Converts a task's result: what a program wrote is kept once, and its lines are made when they are read.
    #[must_use]
    pub fn of_result(json: &Json) -> Self {
        Self(lines::result(json))
    }
}

/// The language, with its memory of compiled expressions. One serves any number of scopes.
#[derive(Debug, Default)]
pub struct Language {
    memory: Arc<Memory>,
}

impl Language {
    /// hep's own language with all its filters, tests and functions.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The language of a dialect.
    #[must_use]
    pub fn of(dialect: Dialect) -> Self {
        Self { memory: Arc::new(Memory::of(dialect)) }
    }

    /// The dialect it is the language of.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.memory.dialect
    }

    /// The value of a bare expression: `os.family`.
    ///
    /// # Errors
    /// What is wrong with it, or what it could not know.
    pub fn evaluate(&self, text: &str, scope: &Arc<dyn Scope>) -> Result<Json, Trouble> {
        Run::new(scope, &self.memory).json(text)
    }

    /// Whether a condition holds: a bare expression, true as Jinja has it (nothing, zero and what is empty is false).
    ///
    /// # Errors
    /// What is wrong with it, or what it could not know. A text such as `false` or `no` is no answer.
    pub fn holds(&self, text: &str, scope: &Arc<dyn Scope>) -> Result<bool, Trouble> {
        Run::new(scope, &self.memory).truth(text)
    }

    /// A text with its expressions replaced. One that is an expression alone, `{{ e }}`, keeps the value's type.
    ///
    /// # Errors
    /// What is wrong with it, or what it could not know.
    pub fn text(&self, text: &str, scope: &Arc<dyn Scope>) -> Result<Json, Trouble> {
        Run::new(scope, &self.memory).text(text)
    }

    /// A value with the expressions in all its texts replaced; keys of mappings are left alone.
    ///
    /// # Errors
    /// What is wrong with the first that is wrong, with the way to it.
    pub fn tree(&self, json: &Json, scope: &Arc<dyn Scope>) -> Result<Json, Trouble> {
        Run::new(scope, &self.memory).tree(json)
    }

    /// The same of a value that is a parameter's: `None` if it is `omit`, and the parameter is left out.
    ///
    /// # Errors
    /// What is wrong with the first that is wrong, with the way to it.
    pub fn part(&self, json: &Json, scope: &Arc<dyn Scope>) -> Result<Option<Json>, Trouble> {
        Run::new(scope, &self.memory).part(json)
    }

    /// What a lookup of Ansible's gives for these terms, as a list.
    ///
    /// # Errors
    /// What is wrong with them, or what it could not know.
    pub fn look_up(
        &self,
        plugin: &str,
        terms: Vec<Json>,
        scope: &Arc<dyn Scope>,
    ) -> Result<Vec<Json>, Trouble> {
        // As a loop it looks into directories that it leaves alone as a function.
        let plugin = if plugin == "first_found" { "with_first_found" } else { plugin };
        let terms = Terms { plugin: plugin.into(), terms: terms.into(), below: Arc::clone(scope) };
        let scope: Arc<dyn Scope> = Arc::new(terms);
        match self.evaluate(&format!("query({PLUGIN}, *{TERMS})"), &scope)? {
            Json::Array(found) => Ok(found),
            other => Ok(vec![other]),
        }
    }

    /// A template file's text, rendered with the whitespace rules of Ansible's `template`: the newline after a block is
    /// removed, blanks before it stay, and so does the newline at the end. `name` is the file's, for messages.
    ///
    /// # Errors
    /// What is wrong with it, with the file's name, line and column.
    pub fn template(
        &self,
        name: &str,
        text: &str,
        scope: &Arc<dyn Scope>,
    ) -> Result<String, Trouble> {
        self.template_of(&Template { name, text, ..Template::default() }, scope)
    }

    /// The same of a template with rules of its own, or one that includes, imports or extends others.
    ///
    /// # Errors
    /// What is wrong with it or them, with the file's name, line and column.
    pub fn template_of(
        &self,
        template: &Template<'_>,
        scope: &Arc<dyn Scope>,
    ) -> Result<String, Trouble> {
        Run::new(scope, &self.memory).template(template)
    }
}

/// A template file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Template<'t> {
    /// Its name, for messages.
    pub name: &'t str,
    /// What is in it.
    pub text: &'t str,
    /// Rules that the task chooses, as a template's first line has them: `trim_blocks: False, lstrip_blocks: True`.
    pub rules: &'t str,
    /// The others that it may name.
    pub parts: &'t [Part],
}

/// A template that another one includes, imports or extends.
#[derive(Clone, Debug)]
pub struct Part {
    /// As the other one names it.
    pub name: String,
    /// What is in it.
    pub text: Arc<str>,
}

/// Whether a template may include, import or extend others.
#[must_use]
pub fn has_parts(text: &str) -> bool {
    ["include", "import", "extends"].iter().any(|word| text.contains(word)) && text.contains("{%")
}

/// The names under which a lookup finds what it is asked for.
const PLUGIN: &str = "_plugin";
const TERMS: &str = "_terms";

/// What a lookup is asked for, above all other names.
#[derive(Debug)]
struct Terms {
    plugin: Json,
    terms: Json,
    below: Arc<dyn Scope>,
}

impl Scope for Terms {
    fn get(&self, name: &str) -> Option<Found> {
        match name {
            PLUGIN => Some(Found::Plain(self.plugin.clone())),
            TERMS => Some(Found::Plain(self.terms.clone())),
            _ => self.below.get(name),
        }
    }

    fn names(&self) -> Vec<String> {
        self.below.names()
    }

    fn answer(&self, asked: &Lookup) -> Option<Result<Vec<Json>, Trouble>> {
        self.below.answer(asked)
    }
}

/// Whether a text has anything to render.
#[must_use]
pub fn has_expression(text: &str) -> bool {
    let after = |(at, _): (usize, &str)| text.as_bytes().get(at + 1).copied();
    text.match_indices('{').map(after).any(|next| matches!(next, Some(b'{' | b'%' | b'#')))
}

/// So many places of a list of `count`, chosen by chance: the same ones for the same seed, as Python chooses them.
///
/// # Errors
/// A seed that is neither a text nor a whole number.
pub fn seeded_choice(
    seed: &serde_json::Value,
    count: usize,
    times: usize,
) -> Result<Vec<usize>, Trouble> {
    filters::choice(seed, count, times)
}

#[cfg(test)]
mod tests;
