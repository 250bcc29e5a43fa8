//! The settings of Ansible that hep takes, and those that would change what hosts become if they were passed over.
//! Whatever is not in this table changes how Ansible works or what it shows, and is mentioned on request.

/// What is made of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// hep does what it says.
    Taken,
    /// hep does what these values say; any other stops the run, with this way out.
    Only(&'static [&'static str], &'static str),
    /// hep does something else where it is said, and says so.
    Warned(&'static str),
    /// It changes nothing in what hosts become.
    Mentioned,
}

/// A setting.
pub(super) struct Setting {
    /// Its section and key in ansible.cfg.
    pub(super) key: &'static str,
    /// The variable of the environment that beats it.
    pub(super) variable: &'static str,
    pub(super) effect: Effect,
}

use Effect::{Mentioned, Only, Taken, Warned};

const fn row(key: &'static str, variable: &'static str, effect: Effect) -> Setting {
    Setting { key, variable, effect }
}

/// Words for no.
const NO: &[&str] = &["false", "no", "off", "0", "n", "f"];

/// Words for yes.
const YES: &[&str] = &["true", "yes", "on", "1", "y", "t"];

const REMOVE: &str = "remove it; hep has Ansible's default alone";

/// All settings that are no mere matter of taste. Names are those of `ansible-config list` of ansible-core 2.19.
pub(super) const SETTINGS: &[Setting] = &[
    row("defaults.inventory", "ANSIBLE_INVENTORY", Taken),
    row("defaults.roles_path", "ANSIBLE_ROLES_PATH", Taken),
    row("defaults.collections_path", "ANSIBLE_COLLECTIONS_PATH", Taken),
    row("defaults.collections_paths", "ANSIBLE_COLLECTIONS_PATHS", Taken),
    row("defaults.remote_user", "ANSIBLE_REMOTE_USER", Taken),
    row("defaults.remote_port", "ANSIBLE_REMOTE_PORT", Taken),
    row("defaults.private_key_file", "ANSIBLE_PRIVATE_KEY_FILE", Taken),
    row("defaults.host_key_checking", "ANSIBLE_HOST_KEY_CHECKING", Taken),
    row("defaults.forks", "ANSIBLE_FORKS", Taken),
    row("defaults.timeout", "ANSIBLE_TIMEOUT", Taken),
    row("defaults.transport", "ANSIBLE_TRANSPORT", Taken),
    row("defaults.ask_pass", "ANSIBLE_ASK_PASS", Taken),
    row("defaults.gathering", "ANSIBLE_GATHERING", Taken),
    row("defaults.task_timeout", "ANSIBLE_TASK_TIMEOUT", Taken),
    row("defaults.verbosity", "ANSIBLE_VERBOSITY", Taken),
    row("defaults.home", "ANSIBLE_HOME", Taken),
    row("defaults.ansible_managed", "", Taken),
    row("defaults.any_errors_fatal", "ANSIBLE_ANY_ERRORS_FATAL", Taken),
    row("defaults.connection_password_file", "ANSIBLE_CONNECTION_PASSWORD_FILE", Taken),
    row("defaults.become_password_file", "ANSIBLE_BECOME_PASSWORD_FILE", Taken),
    row("privilege_escalation.become", "ANSIBLE_BECOME", Taken),
    row("privilege_escalation.become_user", "ANSIBLE_BECOME_USER", Taken),
    row("privilege_escalation.become_method", "ANSIBLE_BECOME_METHOD", Taken),
    row("privilege_escalation.become_ask_pass", "ANSIBLE_BECOME_ASK_PASS", Taken),
    row("ssh_connection.ssh_args", "ANSIBLE_SSH_ARGS", Taken),
    row("ssh_connection.ssh_common_args", "ANSIBLE_SSH_COMMON_ARGS", Taken),
    row("ssh_connection.ssh_extra_args", "ANSIBLE_SSH_EXTRA_ARGS", Taken),
    row("ssh_connection.retries", "ANSIBLE_SSH_RETRIES", Taken),
    row("ssh_connection.host_key_checking", "ANSIBLE_SSH_HOST_KEY_CHECKING", Taken),
    row("diff.always", "ANSIBLE_DIFF_ALWAYS", Taken),
    row("tags.run", "ANSIBLE_RUN_TAGS", Taken),
    row("tags.skip", "ANSIBLE_SKIP_TAGS", Taken),
    // A failed task never drops what was notified.
    row("defaults.force_handlers", "ANSIBLE_FORCE_HANDLERS", Mentioned),
    row(
        "defaults.hash_behaviour",
        "ANSIBLE_HASH_BEHAVIOUR",
        Only(&["replace"], "use the filter `combine` where mappings are to be merged"),
    ),
    row(
        "defaults.allow_broken_conditionals",
        "ANSIBLE_ALLOW_BROKEN_CONDITIONALS",
        Only(NO, "write conditions that are true or false: `x | length > 0`, `x | bool`"),
    ),
    row(
        "defaults.error_on_undefined_vars",
        "ANSIBLE_ERROR_ON_UNDEFINED_VARS",
        Only(YES, "give what may be undefined a default: `x | default('')`"),
    ),
    row(
        "defaults.error_on_missing_handler",
        "ANSIBLE_ERROR_ON_MISSING_HANDLER",
        Only(YES, "define the handlers that tasks notify"),
    ),
    row(
        "defaults.inject_facts_as_vars",
        "ANSIBLE_INJECT_FACT_VARS",
        Warned("facts are also variables here: `ansible_os_family` is defined"),
    ),
    row("defaults.private_role_vars", "ANSIBLE_PRIVATE_ROLE_VARS", Only(NO, REMOVE)),
    row("defaults.precedence", "ANSIBLE_PRECEDENCE", Only(&[], REMOVE)),
    row(
        "defaults.vars_plugins_enabled",
        "ANSIBLE_VARS_ENABLED",
        Only(&["host_group_vars"], REMOVE),
    ),
    row("defaults.playbook_vars_root", "ANSIBLE_PLAYBOOK_VARS_ROOT", Only(&["top"], REMOVE)),
    row("defaults.yaml_valid_extensions", "ANSIBLE_YAML_FILENAME_EXT", Only(&[], REMOVE)),
    row("defaults.inventory_ignore_patterns", "ANSIBLE_INVENTORY_IGNORE_REGEX", Only(&[], REMOVE)),
    row("inventory.ignore_patterns", "", Only(&[], REMOVE)),
    row(
        "defaults.executable",
        "ANSIBLE_EXECUTABLE",
        Only(&["/bin/sh"], "give `shell` its `executable`, once for all in `module_defaults`"),
    ),
    row(
        "defaults.no_log",
        "ANSIBLE_NO_LOG",
        Only(NO, "write `no_log: true` into the play: hep shows no values of its tasks then"),
    ),
    row(
        "defaults.jinja2_extensions",
        "ANSIBLE_JINJA2_EXTENSIONS",
        // Whatever uses one of them is refused by its name, at its place.
        Mentioned,
    ),
    row("defaults.jinja2_native", "ANSIBLE_JINJA2_NATIVE", Mentioned),
    row(
        "defaults.invalid_task_attribute_failed",
        "ANSIBLE_INVALID_TASK_ATTRIBUTE_FAILED",
        Only(YES, "remove the keys that tasks do not have"),
    ),
    row(
        "defaults.duplicate_dict_key",
        "ANSIBLE_DUPLICATE_YAML_DICT_KEY",
        Only(&["warn", "ignore"], "remove the keys that are given twice"),
    ),
    row(
        "privilege_escalation.become_exe",
        "ANSIBLE_BECOME_EXE",
        Only(&["sudo", "su", "doas", "/usr/bin/sudo", "/bin/su", "/usr/bin/su"], REMOVE),
    ),
];

/// The setting of a key of ansible.cfg.
pub(super) fn of_key(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

/// Whether a word means yes, as Ansible's settings take it.
pub(super) fn is_yes(text: &str) -> bool {
    YES.contains(&text.to_ascii_lowercase().as_str())
}
