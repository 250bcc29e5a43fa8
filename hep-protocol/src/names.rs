//! Names that every expression may use, beside facts and variables.

use crate::words::shorten;

/// Built-in names and what they stand for.
pub const BUILT_IN: [(&str, &str); 5] = [
    ("check_mode", "whether the run is in check mode: `true` or `false`"),
    ("facts", "all facts, by name: `facts.os.codename` is `os.codename`"),
    ("group_names", "the inventory groups that the host is in, a list"),
    ("groups", "all inventory groups, a mapping of names to lists of hosts"),
    ("host", "the host's name in the inventory"),
];

/// The name of a task's own result in its `until`, `changed_when` and `failed_when`.
pub const RESULT: &str = "result";

/// Names that no variable may have beside those of [`BUILT_IN`], and what they stand for.
const RESERVED: [(&str, &str); 2] = [
    ("item", "the element of a loop"),
    (RESULT, "a task's own result, in `until`, `changed_when` and `failed_when`"),
];

/// Built-in names that variables may hide, though the module `set` may not.
const HIDEABLE: [&str; 3] = ["check_mode", "group_names", "host"];

/// Who gives a name a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Giver {
    /// The inventory, a play, a file or the command line.
    Variables,
    /// A task's `register`.
    Register,
    /// The module `set`.
    Set,
}

/// Why a name cannot be given a value, and what to write; `None` if it can.
#[must_use]
pub fn refused(name: &str, giver: Giver) -> Option<(String, &'static str)> {
    if !is_name(name) {
        return Some(no_name(name));
    }
    let may = match giver {
        Giver::Variables => HIDEABLE.contains(&name),
        Giver::Register => HIDEABLE.contains(&name) || name == RESULT,
        Giver::Set => false,
    };
    let taken = BUILT_IN.iter().chain(&RESERVED).find(|(taken, _)| *taken == name && !may);
    taken.map(|(_, meaning)| {
        (format!("`{name}` cannot be a variable: it is {meaning}"), "give it another name")
    })
}

/// The same of a text that no variable can be called by.
#[must_use]
pub fn no_name(text: &str) -> (String, &'static str) {
    let message = format!("`{}` is not a valid variable name", shorten(text));
    let hint = "use letters, digits and `_`, starting with a letter or `_`, as in `http_port`";
    (message, hint)
}

/// Words that mean something else than a variable in expressions.
pub const WORDS: [&str; 18] = [
    "true",
    "false",
    "none",
    "True",
    "False",
    "None",
    "and",
    "or",
    "not",
    "in",
    "is",
    "if",
    "else",
    "loop",
    "self",
    "range",
    "namespace",
    "omit",
];

/// Whether expressions can read a variable of this name.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.starts_with(letter)
        && text.chars().all(|c| letter(c) || c.is_ascii_digit())
        && !WORDS.contains(&text)
}

/// The fields of every registered result and what they are; a module's own come on top.
pub const RESULT_FIELDS: [(&str, &str); 7] = [
    ("attempts", "how often the task was tried, with `retries`"),
    ("changed", "whether it changed something (in check mode: would)"),
    ("changes", "what it changed, a list of lines"),
    ("failed", "whether it failed, also when that is ignored"),
    ("msg", "why it failed; empty otherwise"),
    ("skipped", "whether it did not run, by its condition"),
    ("truncated", "whether its program wrote more than a result keeps: the end is kept"),
];

/// The field of a loop's result that has the results of its elements, a list; each of those has its element as `item`.
pub const RESULTS: &str = "results";

/// The fields that a program's end adds to a result: the exit code (128 and the signal's number when one killed it), and what
/// it wrote, without the newline at the end, as a text and as a list of lines.
pub const OF_A_PROGRAM: [&str; 5] = ["rc", "stderr", "stderr_lines", "stdout", "stdout_lines"];

/// The fields of [`OF_A_PROGRAM`] that are a text, and the field that is its lines.
pub const LINES: [(&str, &str); 2] = [("stderr", "stderr_lines"), ("stdout", "stdout_lines")];
