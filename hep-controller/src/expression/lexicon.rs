//! The filters, tests and functions there are, and what to write in place of those that Ansible has and hep has not.

use super::Problem;
use crate::words::nearest;
use crate::yaml::shorten;
use hep_protocol::expression::{self, Documented};
use std::ops::Range;

/// Filters of Ansible's that hep has not.
const FILTERS: [(&str, &str); 33] = [
    ("expanduser", "write the path out: the host's users are in the fact `users`"),
    ("fileglob", "write the names out, or copy the directory as a whole"),
    ("from_yaml", "put the values into a file of `vars_files`, or read JSON with `from_json`"),
    ("from_yaml_all", "put the values into files of `vars_files`"),
    ("human_readable", "write the division out: `VALUE / 1048576`"),
    ("ipaddr", "addresses are facts: `default_ipv4`, `interfaces`"),
    ("ansible.utils.ipaddr", "addresses are facts: `default_ipv4`, `interfaces`"),
    ("ipv4", "addresses are facts: `default_ipv4`, `interfaces`"),
    ("items2dictionary", "write `items2dict`"),
    ("json_query", "write `map(attribute='NAME')`, `selectattr` or a path: `NAME.FIELD`"),
    ("len", "write `length`"),
    ("md5", "write `hash('sha256')`"),
    ("e", "leave it out: hep escapes nothing; for a shell write `quote`"),
    ("escape", "leave it out: hep escapes nothing; for a shell write `quote`"),
    ("attr", "write `VALUE[NAME]`"),
    ("lines", "write `VALUE.splitlines()`"),
    ("safe", "leave it out: hep escapes nothing"),
    ("pprint", "write `to_nice_json`"),
    ("password_hash", "put the hash itself into a variable: `openssl passwd -6` makes one"),
    ("random", "hep's expressions always give the same value: put it into a variable"),
    ("realpath", "use the module `stat` and `register`"),
    ("sha1", "write `hash('sha1')`"),
    ("shuffle", "hep's expressions always give the same value: put the list into a variable"),
    ("startswith", "write `VALUE.startswith('..')`"),
    ("endswith", "write `VALUE.endswith('..')`"),
    ("str", "write `string`"),
    ("strftime", "hep's expressions read no clock"),
    ("strip", "write `trim`"),
    ("subelements", "write two loops, one including the other"),
    ("to_datetime", "hep's expressions read no clock"),
    ("to_uuid", "write `hash('sha256')`"),
    ("vault", "hep has no vault: give secrets in a file of their own"),
    ("unvault", "hep has no vault: give secrets in a file of their own"),
];

/// Tests of Ansible's; `V` stands for what is tested.
const TESTS: [(&str, &str); 14] = [
    ("dict", "write `is mapping`"),
    ("directory", "use the module `stat` and `register`"),
    ("empty", "write `V | length == 0`"),
    ("exists", "use the module `stat` and `register`"),
    ("file", "use the module `stat` and `register`"),
    ("finished", "leave it out: hep's tasks are finished when the next begins"),
    ("link", "use the module `stat` and `register`"),
    ("list", "write `is sequence`"),
    ("null", "write `is none`"),
    ("reachable", "leave it out: a host that is not reachable runs no tasks"),
    ("startswith", "write `V.startswith('..')`"),
    ("endswith", "write `V.endswith('..')`"),
    ("startingwith", "write `V.startswith('..')`"),
    ("endingwith", "write `V.endswith('..')`"),
];

/// Functions of Ansible's and Python's.
const FUNCTIONS: [(&str, &str); 12] = [
    ("all", "write `VALUE is all`"),
    ("any", "write `VALUE is any`"),
    ("now", "hep's expressions read no clock; where it must be, register the output of `date`"),
    ("len", "write `VALUE | length`"),
    ("str", "write `VALUE | string`"),
    ("print", "write the value alone"),
    ("defined", "write `NAME is defined`"),
    ("undefined", "write `NAME is undefined`"),
    ("enumerate", "write `loop.index0` in the loop"),
    ("isinstance", "write a test: `is string`, `is number`, `is mapping`, `is sequence`"),
    ("type", "write a test: `is string`, `is number`, `is mapping`, `is sequence`"),
    ("open", "register the output of a command that reads the file"),
];

/// Ansible's lookups by plugin.
const LOOKUPS: [(&str, &str); 10] = [
    ("env", "give the value with `-e NAME=VALUE`"),
    ("file", "write `file: {src: .., dest: ..}`, or put the text into a variable"),
    ("template", "write `file: {template: .., dest: ..}`"),
    ("password", "make the password beforehand, and put it into a file of `vars_files`"),
    (
        "pipe",
        "run the command beforehand and give its output with `-e`, or on the host with `register`",
    ),
    ("vars", "write `NAME` itself, or keep the values in a mapping: `NAME[KEY]`"),
    ("dict", "write `NAME | dict2items`"),
    ("fileglob", "copy the directory as a whole: `file: {src: DIRECTORY/, dest: ..}`"),
    ("first_found", "write `include` with `when`, or `default(..)`"),
    ("url", "download the file beforehand"),
];

/// The problem of a filter that does not exist.
pub(super) fn filter(name: &str, place: Range<usize>) -> Option<Problem> {
    if has(expression::FILTERS, name) {
        return None;
    }
    let problem = Problem::new(place, format!("there is no filter `{}`", shorten(name)));
    if let Some(advice) = advice(&FILTERS, name) {
        return Some(problem.hint(advice));
    }
    if has(expression::TESTS, name) {
        return Some(problem.hint(format!("it is a test: `VALUE is {name}`")));
    }
    Some(meant(problem, name, expression::FILTERS))
}

/// The problem of a test that does not exist.
pub(super) fn test(name: &str, place: Range<usize>) -> Option<Problem> {
    test_of(name, place, None)
}

/// The same of a test of something.
pub(super) fn test_of(name: &str, place: Range<usize>, on: Option<&str>) -> Option<Problem> {
    if has(expression::TESTS, name) {
        return None;
    }
    let problem = Problem::new(place, format!("there is no test `{}`", shorten(name)));
    if let Some(advice) = advice(&TESTS, name) {
        let on = on.unwrap_or("VALUE");
        return Some(
            problem.hint(
                advice
                    .replace("V.", &format!("{on}."))
                    .replace("V ", &format!("{on} "))
                    .replace("V`", &format!("{on}`")),
            ),
        );
    }
    if has(expression::FILTERS, name) {
        return Some(problem.hint(format!("it is a filter: `VALUE | {name}`")));
    }
    Some(meant(problem, name, expression::TESTS))
}

/// The problem of a function that does not exist; `first` is its first argument, if that is a constant text.
pub(super) fn function(name: &str, place: Range<usize>, first: Option<&str>) -> Option<Problem> {
    if has(expression::FUNCTIONS, name) {
        return None;
    }
    let problem = Problem::new(place, format!("there is no function `{}`", shorten(name)));
    if matches!(name, "lookup" | "query" | "q") {
        let plugin = first.and_then(|first| advice(&LOOKUPS, first.rsplit('.').next()?));
        let usual =
            "expressions reach for nothing outside: use variables, facts and registered results";
        return Some(problem.hint(plugin.unwrap_or(usual)));
    }
    if let Some(advice) = advice(&FUNCTIONS, name) {
        return Some(problem.hint(advice));
    }
    if has(expression::FILTERS, name) {
        return Some(problem.hint(format!("it is a filter: `VALUE | {name}`")));
    }
    Some(meant(problem, name, expression::FUNCTIONS))
}

fn advice(table: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    let name = name.strip_prefix("ansible.builtin.").unwrap_or(name);
    table.iter().find(|(known, _)| *known == name).map(|(_, advice)| *advice)
}

/// Whether the engine has a word.
pub(super) fn has(known: &[Documented], name: &str) -> bool {
    known.iter().any(|word| word.name == name)
}

fn meant(problem: Problem, name: &str, known: &[Documented]) -> Problem {
    let name = name.strip_prefix("ansible.builtin.").unwrap_or(name);
    match nearest(name, known.iter().map(|word| word.name)) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem.hint("`hep doc` lists those there are"),
    }
}
