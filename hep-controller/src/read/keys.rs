//! The keys of plays, tasks and loops: the one table from which the schema, `hep doc` and docs/language.md come.
//!
//! Flat lists without behaviour. Modules are no part of them: those describe themselves.

/// One key.
#[derive(Debug)]
pub(crate) struct Key {
    /// As it is written.
    pub(crate) name: &'static str,
    /// Ansible's spellings of the same thing.
    pub(crate) also: &'static [Spelling],
    /// What it takes.
    pub(crate) takes: Takes,
    /// What holds without it; empty if nothing does.
    pub(crate) default: &'static str,
    /// What it says, in one or two sentences.
    pub(crate) about: &'static str,
    /// The key with a value, as one line of YAML.
    pub(crate) example: &'static str,
}

/// Another spelling of a key, with what is taken under it.
#[derive(Debug)]
pub(crate) struct Spelling {
    pub(crate) name: &'static str,
    pub(crate) takes: Takes,
}

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// A text; `{{ }}` in it is rendered.
    Text,
    /// A name for a variable: letters, digits and `_`.
    Name,
    /// A text or a list of texts.
    Texts,
    /// `true` or `false`.
    Truth,
    /// `true`, `false`, or `{{ }}` around an expression.
    TruthOrExpression,
    /// A file's name; also `{file: NAME}`.
    File,
    /// A whole number.
    Number,
    /// A number or a percentage, or a list of them.
    Sizes,
    /// A whole number of seconds.
    Seconds,
    /// An expression without braces, a truth value, or a list of both that must all hold.
    Condition,
    /// Names with values of any kind.
    Variables,
    /// Names with texts.
    Environment,
    /// A list or mapping, or an expression that gives one.
    Items,
    /// A list, or an expression that gives one.
    List,
    /// How a loop goes: the keys of [`LOOP`].
    LoopControl,
    /// A list of tasks.
    Tasks,
    /// A list of handlers: tasks with a module, that may have `listen`; includes of such.
    Handlers,
    /// One of these words.
    Word(&'static [&'static str]),
}

impl Takes {
    /// In words, for documentation.
    pub(crate) fn words(self) -> String {
        match self {
            Takes::Text => "text".to_owned(),
            Takes::Name => "name".to_owned(),
            Takes::Texts => "text or list".to_owned(),
            Takes::Truth => "true or false".to_owned(),
            Takes::TruthOrExpression => "true, false or `{{ }}`".to_owned(),
            Takes::File => "file".to_owned(),
            Takes::Number => "number".to_owned(),
            Takes::Sizes => "number, percentage or list".to_owned(),
            Takes::Seconds => "seconds".to_owned(),
            Takes::Condition => "expression".to_owned(),
            Takes::Variables => "mapping".to_owned(),
            Takes::Environment => "mapping of texts".to_owned(),
            Takes::Items => "list, mapping or expression".to_owned(),
            Takes::List => "list or expression".to_owned(),
            Takes::LoopControl => "mapping".to_owned(),
            Takes::Tasks => "list of tasks".to_owned(),
            Takes::Handlers => "list of handlers".to_owned(),
            Takes::Word(words) => words.join(" or "),
        }
    }
}

impl Key {
    const fn new(
        name: &'static str,
        takes: Takes,
        about: &'static str,
        example: &'static str,
    ) -> Key {
        Key { name, also: &[], takes, default: "", about, example }
    }

    const fn also(self, also: &'static [Spelling]) -> Key {
        Key { also, ..self }
    }

    const fn default(self, default: &'static str) -> Key {
        Key { default, ..self }
    }

    /// Whether this is the key's name, or another spelling of it.
    pub(crate) fn is(&self, word: &str) -> bool {
        self.name == word || self.also.iter().any(|also| also.name == word)
    }
}

/// The key of a table that a word names, by whatever spelling.
pub(crate) fn find<'t>(table: &'t [Key], word: &str) -> Option<&'t Key> {
    table.iter().find(|key| key.is(word))
}

/// Every word that a table knows: names, then other spellings.
pub(crate) fn words(table: &[Key]) -> impl Iterator<Item = &'static str> {
    let spellings = table.iter().flat_map(|key| key.also.iter().map(|also| also.name));
    table.iter().map(|key| key.name).chain(spellings)
}

const fn spelled(name: &'static str, takes: Takes) -> Spelling {
    Spelling { name, takes }
}

/// The keys of a task beside its module.
pub(crate) static TASK: &[Key] = &[
    Key::new("name", Takes::Text, "The task's name in reports.", "name: install the web server")
        .default("made from the module and its main parameter"),
    Key::new(
        "when",
        Takes::Condition,
        "The task is skipped unless this holds; all conditions of a list must hold. For a block or include it is evaluated once, \
         on entry.",
        "when: os.id == 'debian' and page.changed",
    )
    .default("true"),
    Key::new(
        "loop",
        Takes::Items,
        "The task runs once for each item, available as `item`. The items of a mapping have `key` and `value`.",
        "loop: [web, mail]",
    )
    .also(&[
        spelled("with_items", Takes::List),
        spelled("with_list", Takes::List),
        spelled("with_dict", Takes::Items),
    ]),
    Key::new(
        "loop_control",
        Takes::LoopControl,
        "The names of the loop's variables, and how reports show an item.",
        "loop_control: {var: site, label: \"{{ site.name }}\"}",
    ),
    Key::new(
        "register",
        Takes::Name,
        "The variable that holds the task's result for later tasks: `changed`, `failed`, `skipped`, `changes`, and for \
         commands `rc`, `stdout`, `stderr`, `stdout_lines`, `stderr_lines`; for a loop `results`.",
        "register: page",
    ),
    Key::new(
        "notify",
        Takes::Texts,
        "Handlers to run if this task changed something, by name or by what they listen to.",
        "notify: reload nginx",
    ),
    Key::new(
        "ignore_error",
        Takes::TruthOrExpression,
        "Continue with the next task if this one fails: always, or if an expression then holds.",
        "ignore_error: true",
    )
    .also(&[spelled("ignore_errors", Takes::TruthOrExpression)])
    .default("false"),
    Key::new(
        "retries",
        Takes::Number,
        "How often the task is retried until `until` holds or, without `until`, until it does not fail.",
        "retries: 10",
    )
    .default("0, or 3 with `until`"),
    Key::new("delay", Takes::Seconds, "The pause before each retry.", "delay: 2")
        .default("5"),
    Key::new(
        "until",
        Takes::Condition,
        "The task is retried until this holds; `result` is the result of the last try.",
        "until: result.rc == 0",
    ),
    Key::new(
        "changed_when",
        Takes::Condition,
        "Whether the task changed something, instead of the module's verdict; `result` is its result.",
        "changed_when: \"'created' in result.stdout\"",
    ),
    Key::new(
        "failed_when",
        Takes::Condition,
        "Whether the task failed, instead of the module's verdict; `result` is its result.",
        "failed_when: result.rc > 1",
    ),
    Key::new(
        "vars",
        Takes::Variables,
        "Variables for this task, or for all tasks of this block or include.",
        "vars: {port: 8080}",
    ),
    Key::new(
        "env",
        Takes::Environment,
        "Environment variables for the programs that the task starts.",
        "env: {LANG: C.UTF-8}",
    )
    .also(&[spelled("environment", Takes::Environment)]),
    Key::new(
        "tags",
        Takes::Texts,
        "Words with which `--tags` and `--skip-tags` select tasks; those of a block or include apply to all its tasks.",
        "tags: [web, slow]",
    ),
    Key::new(
        "timeout",
        Takes::Seconds,
        "Time limit for the task, for each try and each item separately.",
        "timeout: 60",
    )
    .default("no limit"),
    Key::new(
        "sensitive",
        Takes::Truth,
        "Hide the task's values, diffs and output.",
        "sensitive: true",
    )
    .also(&[spelled("no_log", Takes::Truth)])
    .default("false"),
    Key::new(
        "check",
        Takes::Word(&["always", "never"]),
        "`always`: the task is only checked, in every run. `never`: it really runs, with `--check` too.",
        "check: never",
    )
    .also(&[spelled("check_mode", Takes::Truth)])
    .default("as the run"),
    Key::new(
        "become",
        Takes::TruthOrExpression,
        "Run the task as another user, given by `become_user`.",
        "become: true",
    )
    .default("false"),
    Key::new(
        "become_user",
        Takes::Text,
        "The user to become; needs `become`.",
        "become_user: postgres",
    )
    .default("root"),
    Key::new(
        "become_method",
        Takes::Word(&["sudo", "doas", "su"]),
        "The program on the host with which to become another user; one per run.",
        "become_method: doas",
    )
    .default("sudo"),
    Key::new(
        "block",
        Takes::Tasks,
        "Tasks that share the keys next to it; replaces the module.",
        "block: [{command: {argv: [mount, /backup]}}]",
    ),
    Key::new(
        "rescue",
        Takes::Tasks,
        "For a block: tasks that run if one of its tasks fails. If they succeed, so has the block.",
        "rescue: [{service: {name: app, action: start}}]",
    ),
    Key::new(
        "always",
        Takes::Tasks,
        "For a block: tasks that run after it in any case.",
        "always: [{command: {argv: [umount, /backup]}}]",
    ),
    Key::new(
        "include",
        Takes::File,
        "A file with tasks, next to this one, that are inserted here; replaces the module. \
         `when`, `loop`, `vars` and `tags` apply to all of them.",
        "include: tasks/web.yml",
    )
    .also(&[spelled("include_tasks", Takes::File), spelled("import_tasks", Takes::File)]),
];

/// The keys that only a handler has, beside those of a task.
pub(crate) static HANDLER: &[Key] = &[Key::new(
    "listen",
    Takes::Texts,
    "For a handler: additional names for `notify`; several handlers may share one.",
    "listen: web changed",
)];

/// The keys of `loop_control`.
pub(crate) static LOOP: &[Key] = &[
    Key::new("var", Takes::Name, "The name of the loop variable.", "var: site")
        .also(&[spelled("loop_var", Takes::Name)])
        .default("item"),
    Key::new("label", Takes::Text, "How reports show an item.", "label: \"{{ item.name }}\"")
        .default("the item"),
    Key::new(
        "index",
        Takes::Name,
        "A variable that holds the item's number, counted from 0.",
        "index: i",
    )
    .also(&[spelled("index_var", Takes::Name)]),
];

/// The keys of a play.
pub(crate) static PLAY: &[Key] = &[
    Key::new("name", Takes::Text, "The play's name in reports.", "name: web servers"),
    Key::new(
        "hosts",
        Takes::Texts,
        "The hosts that the play is for: names, groups, patterns.",
        "hosts: web",
    )
    .default("all hosts"),
    Key::new("vars", Takes::Variables, "Variables for all its tasks.", "vars: {port: 8080}"),
    Key::new(
        "vars_files",
        Takes::Texts,
        "YAML files with variables, next to the manifest; later files override earlier ones, and all override `vars`.",
        "vars_files: [common.yml, web.yml]",
    ),
    Key::new(
        "tasks",
        Takes::Tasks,
        "The tasks, in the order in which they run.",
        "tasks: [{apt: {package: nginx}}]",
    ),
    Key::new(
        "handlers",
        Takes::Handlers,
        "Tasks that run once, in this order, after the others or at `flush: true`, if a changed task has \
         notified them.",
        "handlers: [{name: reload nginx, service: {name: nginx, action: reload}}]",
    ),
    Key::new(
        "include",
        Takes::Texts,
        "Files with tasks, next to the manifest, that run before the play's own.",
        "include: base.yml",
    ),
    Key::new(
        "become",
        Takes::TruthOrExpression,
        "Run all tasks and handlers as another user, given by `become_user`.",
        "become: true",
    )
    .default("false"),
    Key::new(
        "become_user",
        Takes::Text,
        "The user to become; needs `become`.",
        "become_user: postgres",
    )
    .default("root"),
    Key::new(
        "become_method",
        Takes::Word(&["sudo", "doas", "su"]),
        "The program on the host with which to become another user; one per run.",
        "become_method: doas",
    )
    .default("sudo"),
    Key::new(
        "serial",
        Takes::Sizes,
        "Batch sizes: numbers, or percentages of the play's hosts; the last one is repeated as needed. \
         A batch runs all its plays before the next begins.",
        "serial: [1, 10%, 50%]",
    )
    .default("all hosts"),
    Key::new(
        "max_fail_percentage",
        Takes::Number,
        "The percentage of hosts in a batch that may fail; if more do, the run stops.",
        "max_fail_percentage: 30",
    )
    .default("100; with `serial`, a batch in which all hosts fail ends the run"),
    Key::new(
        "any_errors_fatal",
        Takes::Truth,
        "Whether the first host that fails ends the run; the others finish their current step.",
        "any_errors_fatal: true",
    )
    .default("false"),
    Key::new(
        "wait",
        Takes::Truth,
        "Whether no host begins the play before all hosts of its batch have ended the plays before it. Hosts that failed or \
         are lost have ended all plays.",
        "wait: false",
    )
    .default("true"),
    Key::new(
        "handlers_on_failure",
        Takes::Word(&["run", "skip"]),
        "Whether notified handlers still run when a later task has failed.",
        "handlers_on_failure: skip",
    )
    .default("run"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use hep_protocol::task::TaskSpec;

    #[test]
    fn every_word_is_there_once() {
        for table in [TASK, LOOP, PLAY] {
            let mut all: Vec<&str> = words(table).collect();
            if std::ptr::eq(table, TASK) {
                all.extend(words(HANDLER).chain(TaskSpec::MODULES));
            }
            let count = all.len();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), count, "{all:?}");
        }
    }

    #[test]
    fn every_key_is_found_by_each_of_its_words() {
        for word in ["sensitive", "no_log"] {
            assert_eq!(find(TASK, word).map(|key| key.name), Some("sensitive"));
        }
        assert!(find(TASK, "become_flags").is_none());
    }

    #[test]
    fn every_example_begins_with_its_key() {
        for key in [TASK, HANDLER, LOOP, PLAY].into_iter().flatten() {
            assert!(key.example.starts_with(&format!("{}: ", key.name)), "{key:?}");
            assert!(key.about.ends_with('.'), "{key:?}");
        }
    }
}
