//! The keywords of plays, blocks, tasks, handlers, includes and roles: the one table of them.

/// What a keyword may stand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Play,
    Block,
    Task,
    Handler,
    /// An include or import of tasks or of a role.
    Include,
    /// An entry below `roles`.
    Role,
}

/// What can be done with a keyword.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Treatment {
    /// It is read.
    Done,
    /// It changes nothing on the hosts and is passed over.
    Ignored,
    /// hep cannot do what it asks: why, and the way out.
    Refused(&'static str, &'static str),
}

use Treatment::{Done, Ignored, Refused};

const EVERYWHERE: &[Level] =
    &[Level::Play, Level::Block, Level::Task, Level::Handler, Level::Include, Level::Role];
const BLOCKS: &[Level] = &[Level::Block, Level::Task, Level::Handler, Level::Include, Level::Role];
const TASKS: &[Level] = &[Level::Task, Level::Handler, Level::Include];
const PLAYS: &[Level] = &[Level::Play];

/// The keywords, by their names.
const KEYWORDS: &[(&str, &[Level], Treatment)] = &[
    ("action", TASKS, Done),
    ("always", &[Level::Block], Done),
    ("any_errors_fatal", EVERYWHERE, Done),
    ("apply", &[Level::Include], Done),
    ("args", TASKS, Done),
    (
        "async",
        TASKS,
        Refused(
            "hep does not start tasks that go on in the background",
            "remove `async` and `poll`, and set `timeout` if the task may hang",
        ),
    ),
    ("become", EVERYWHERE, Done),
    ("become_exe", EVERYWHERE, Done),
    ("become_flags", EVERYWHERE, Done),
    ("become_method", EVERYWHERE, Done),
    ("become_user", EVERYWHERE, Done),
    ("block", &[Level::Block], Done),
    ("changed_when", TASKS, Done),
    ("check_mode", EVERYWHERE, Done),
    ("collections", EVERYWHERE, Done),
    ("connection", EVERYWHERE, Done),
    ("debugger", EVERYWHERE, Ignored),
    ("delay", TASKS, Done),
    ("delegate_facts", BLOCKS, Done),
    ("delegate_to", BLOCKS, Done),
    ("diff", EVERYWHERE, Ignored),
    ("environment", EVERYWHERE, Done),
    ("fact_path", PLAYS, Done),
    ("failed_when", TASKS, Done),
    ("first_available_file", TASKS, Done),
    ("force_handlers", PLAYS, Ignored),
    ("gather_facts", PLAYS, Done),
    ("gather_subset", PLAYS, Done),
    ("gather_timeout", PLAYS, Done),
    ("handlers", PLAYS, Done),
    ("hosts", PLAYS, Done),
    ("ignore_errors", EVERYWHERE, Done),
    ("ignore_unreachable", EVERYWHERE, Done),
    ("listen", &[Level::Handler], Done),
    ("local_action", TASKS, Done),
    ("loop", TASKS, Done),
    ("loop_control", TASKS, Done),
    ("max_fail_percentage", PLAYS, Done),
    ("module_defaults", EVERYWHERE, Done),
    ("name", EVERYWHERE, Done),
    ("no_log", EVERYWHERE, Done),
    ("notify", BLOCKS, Done),
    ("order", PLAYS, Ignored),
    ("poll", TASKS, Ignored),
    ("port", EVERYWHERE, Done),
    ("post_tasks", PLAYS, Done),
    ("pre_tasks", PLAYS, Done),
    ("register", TASKS, Done),
    ("remote_user", EVERYWHERE, Done),
    ("rescue", &[Level::Block], Done),
    ("retries", TASKS, Done),
    ("roles", PLAYS, Done),
    ("run_once", EVERYWHERE, Done),
    ("serial", PLAYS, Done),
    ("strategy", PLAYS, Done),
    ("tags", EVERYWHERE, Done),
    ("tasks", PLAYS, Done),
    ("throttle", EVERYWHERE, Ignored),
    ("timeout", EVERYWHERE, Done),
    ("until", TASKS, Done),
    ("user", PLAYS, Done),
    ("validate_argspec", PLAYS, Ignored),
    ("vars", EVERYWHERE, Done),
    ("vars_files", PLAYS, Done),
    ("vars_prompt", PLAYS, Done),
    ("when", BLOCKS, Done),
];

/// The keywords that mean something else at a play than at what is in it: all its hosts, and the way to them.
pub(super) fn is_of_whole_play(name: &str) -> bool {
    matches!(name, "any_errors_fatal" | "connection" | "port" | "remote_user")
}

/// What the table knows of a keyword.
pub(super) fn find(name: &str) -> Option<(&'static [Level], Treatment)> {
    let row = KEYWORDS.iter().find(|(key, _, _)| *key == name)?;
    Some((row.1, row.2))
}

/// Whether something is a keyword of tasks, blocks or includes, and so names no module.
pub(super) fn is_of_tasks(name: &str) -> bool {
    name.starts_with("with_")
        || find(name).is_some_and(|(levels, _)| levels.iter().any(|level| *level != Level::Play))
}

/// The keywords that may stand there.
pub(super) fn of(level: Level) -> impl Iterator<Item = &'static str> {
    let fits = move |row: &&(&'static str, &[Level], Treatment)| row.1.contains(&level);
    KEYWORDS.iter().filter(fits).map(|row| row.0)
}

impl Level {
    /// What it is called.
    pub(super) fn name(self) -> &'static str {
        match self {
            Level::Play => "a play",
            Level::Block => "a block",
            Level::Task => "a task",
            Level::Handler => "a handler",
            Level::Include => "an include",
            Level::Role => "a role",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_names_each_keyword_once() {
        assert!(KEYWORDS.is_sorted_by(|one, next| one.0 < next.0));
    }
}
