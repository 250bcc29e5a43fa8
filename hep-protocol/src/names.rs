//! Names that every expression may use, beside facts and variables.

/// Built-in names and what they stand for. Variables of the same name hide them.
pub const BUILT_IN: [(&str, &str); 5] = [
    ("check_mode", "whether nothing is changed and only told: `true` or `false`"),
    ("facts", "all facts, by name: `facts.os.codename` is `os.codename`"),
    ("group_names", "the inventory groups that the host is in, a list"),
    ("groups", "all inventory groups, a mapping of names to lists of hosts"),
    ("host", "the host's name in the inventory"),
];

/// The name of a task's own result in its `until`, `changed_when` and `failed_when`.
pub const RESULT: &str = "result";

/// The fields of every registered result and what they are; a module's own come on top.
pub const RESULT_FIELDS: [(&str, &str); 6] = [
    ("attempts", "how often the task was tried, with `retries`"),
    ("changed", "whether it changed something (in check mode: would)"),
    ("changes", "what it changed, a list of lines"),
    ("failed", "whether it failed, also when that is ignored"),
    ("msg", "why it failed; empty otherwise"),
    ("skipped", "whether it did not run, by its condition"),
];

/// The field of a loop's result that has the results of its elements, a list; each of those has its element as `item`.
pub const RESULTS: &str = "results";

/// The fields that a program's end adds to a result.
pub const COMMAND_FIELDS: [(&str, &str); 5] = [
    ("rc", "the exit code; 128 and the signal's number when one killed it"),
    ("stderr", "what it wrote to its standard error, without the newline at the end"),
    ("stderr_lines", "the same, a list of lines"),
    ("stdout", "what it wrote to its standard output, without the newline at the end"),
    ("stdout_lines", "the same, a list of lines"),
];
