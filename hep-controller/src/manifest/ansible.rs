//! Words of Ansible's playbooks that hep spells otherwise or does not have, each with what to write: flat tables.

use crate::diagnostic::Diagnostic;
use crate::source::{Source, Span};
use std::sync::Arc;

/// What is said of a key that hep does not have.
pub(super) struct Foreign {
    verdict: Verdict,
    hint: &'static str,
}

#[derive(Clone, Copy)]
enum Verdict {
    /// It is not there yet.
    NotYet,
    /// hep has another word or no need for it.
    Never,
}

impl Foreign {
    pub(super) fn diagnostic(&self, source: &Arc<Source>, key: &str, span: Span) -> Diagnostic {
        let message = match self.verdict {
            Verdict::NotYet => format!("this version of hep has no `{key}`"),
            Verdict::Never => format!("hep has no `{key}`"),
        };
        Diagnostic::at(source, span, message).hint(self.hint)
    }
}

/// What to say of a task's key: a keyword or a module of Ansible's.
pub(super) fn task_key(key: &str) -> Option<Foreign> {
    let name = qualified(key).unwrap_or(key);
    let find = |table: &'static [(&str, &str)]| {
        table.iter().find(|(word, _)| *word == name).map(|(_, hint)| *hint)
    };
    let not_yet = find(NOT_YET).map(|hint| Foreign { verdict: Verdict::NotYet, hint });
    not_yet.or_else(|| find(NEVER).map(|hint| Foreign { verdict: Verdict::Never, hint }))
}

/// The short name of a module that was written with its collection.
pub(super) fn qualified(key: &str) -> Option<&str> {
    ["ansible.builtin.", "ansible.legacy.", "ansible.posix.", "community.general."]
        .iter()
        .find_map(|prefix| key.strip_prefix(prefix))
}

/// What to write instead of a module's parameter with this value.
pub(super) fn parameter(module: &str, name: &str, written: Option<&str>) -> Option<String> {
    if name == "state" {
        let ours = written.and_then(|word| value(module, word));
        return Some(match ours {
            Some(action) => format!("write `action: {action}`"),
            None => "hep's word for it is `action`".to_owned(),
        });
    }
    let row = PARAMETERS.iter().find(|(of, word, _)| *of == module && *word == name);
    row.map(|(_, _, hint)| (*hint).to_owned())
}

/// hep's word for a value of `state`.
pub(super) fn value(module: &str, word: &str) -> Option<&'static str> {
    VALUES.iter().find(|(of, theirs, _)| *of == module && *theirs == word).map(|(.., ours)| *ours)
}

const WHOLE_LIST: &str =
    "write the list into the parameter, as in `package: [a, b]`, or one task for each item";
const ONE_BY_ONE: &str = "write the tasks one after another; a manifest is one flat list";
const LITERAL: &str = "write the values out where they are used";
const BY_STATE: &str = "most tasks need no condition: they change nothing where all is as wanted already; \
                        `command` has `creates` and `removes`";

/// Keys whose meaning is not there yet, and how to do without.
const NOT_YET: &[(&str, &str)] = &[
    ("when", BY_STATE),
    ("loop", WHOLE_LIST),
    ("loop_control", WHOLE_LIST),
    ("with_items", WHOLE_LIST),
    ("with_dict", WHOLE_LIST),
    ("with_fileglob", "a directory as `src` of `file` is copied whole"),
    ("register", "a task cannot read what another found"),
    ("notify", "put `service: {name: ..., action: restart}` behind the task"),
    ("listen", "put `service: {name: ..., action: restart}` behind the task"),
    ("handlers", "put `service: {name: ..., action: restart}` behind the task"),
    ("flush", "put `service: {name: ..., action: restart}` behind the task"),
    ("block", ONE_BY_ONE),
    ("rescue", ONE_BY_ONE),
    ("always", ONE_BY_ONE),
    ("include", ONE_BY_ONE),
    ("include_tasks", ONE_BY_ONE),
    ("import_tasks", ONE_BY_ONE),
    ("import_playbook", ONE_BY_ONE),
    ("vars", LITERAL),
    ("vars_files", LITERAL),
    ("set", LITERAL),
    ("set_fact", LITERAL),
    ("template", "write `file: {src: ..., dest: ...}` with a finished file"),
    ("until", "wait inside of a script: `command: {shell: ..., timeout: 60}`"),
    ("retries", "wait inside of a script: `command: {shell: ..., timeout: 60}`"),
    ("delay", "wait inside of a script: `command: {shell: ..., timeout: 60}`"),
    ("wait_for", "wait inside of a script: `command: {shell: ..., timeout: 60}`"),
    (
        "changed_when",
        "a `command` counts as a change, unless `creates` or `removes` says that it is not needed",
    ),
    ("failed_when", "let the command exit with 0: `command: {shell: \"... || true\"}`"),
    ("env", "write it as a parameter: `command: {argv: ..., env: {NAME: value}}`"),
    ("environment", "write it as a parameter: `command: {argv: ..., env: {NAME: value}}`"),
    ("timeout", "write it as a parameter: `command: {argv: ..., timeout: 60}`"),
    ("tags", "put the tasks into a manifest of their own"),
    ("sensitive", "keep secrets in files that `src` names"),
    ("no_log", "keep secrets in files that `src` names"),
    ("check", "use `hep push --check` for the whole manifest"),
    ("check_mode", "use `hep push --check` for the whole manifest"),
    ("hosts", "the hosts file says which hosts are meant: `hep push -i HOSTS MANIFEST`"),
    (
        "tasks",
        "a manifest holds one list of tasks: write them without `hosts` and `tasks` around them",
    ),
    ("debug", "see what a task does with `hep push --check --diff`"),
    ("assert", "let a command fail: `command: {argv: [test, ...]}`"),
    ("fail", "let a command fail: `command: {argv: [false]}`"),
    ("stat", BY_STATE),
    ("user", "write `command: {shell: \"id NAME || useradd NAME\"}`"),
    ("group", "write `command: {shell: \"getent group NAME || groupadd NAME\"}`"),
    ("lineinfile", "write the whole file: `file: {dest: ..., content: ...}`"),
    ("blockinfile", "write the whole file: `file: {dest: ..., content: ...}`"),
    ("replace", "write the whole file: `file: {dest: ..., content: ...}`"),
    ("cron", "write a file: `file: {dest: /etc/cron.d/NAME, content: ...}`"),
    ("git", "write `command: {argv: [git, clone, ...], creates: ...}`"),
    ("get_url", "write `command: {argv: [curl, -fsSLo, ...], creates: ...}`"),
    ("unarchive", "write `command: {argv: [tar, xf, ...], creates: ...}`"),
    ("apt_key", "write a file: `file: {src: ..., dest: /etc/apt/keyrings/NAME.asc}`"),
    (
        "apt_repository",
        "write a file: `file: {dest: /etc/apt/sources.list.d/NAME.list, content: ...}`",
    ),
    ("sysctl", "write a file: `file: {dest: /etc/sysctl.d/NAME.conf, content: ...}`"),
    ("hostname", "write `command: {argv: [hostnamectl, set-hostname, NAME]}`"),
    ("pip", "write `command: {argv: [pip, install, ...], creates: ...}`"),
    ("reboot", "restart the host by other means"),
];

/// Keys that hep has another word for, or no need of.
const NEVER: &[(&str, &str)] = &[
    ("copy", "write `file: {src: ..., dest: ...}` or `file: {content: ..., dest: ...}`"),
    ("synchronize", "write `file: {src: directory/, dest: ...}`"),
    ("shell", "write `command: {shell: \"...\"}`"),
    ("script", "write `command: {shell: \"...\"}`"),
    ("raw", "write `command: {shell: \"...\"}`"),
    ("systemd", "write `service: {name: ..., action: start}`"),
    ("systemd_service", "write `service: {name: ..., action: start}`"),
    ("sysvinit", "write `service: {name: ..., action: start}`"),
    ("package", "write `apt: {package: ...}`"),
    ("dnf", "write `apt: {package: ...}`; hep manages Debian's packages"),
    ("yum", "write `apt: {package: ...}`; hep manages Debian's packages"),
    ("become", "hep does everything as the user it logs in as: log in as `root`"),
    ("become_user", "hep does everything as the user it logs in as: log in as `root`"),
    ("become_method", "hep does everything as the user it logs in as: log in as `root`"),
    ("sudo", "hep does everything as the user it logs in as: log in as `root`"),
    (
        "remote_user",
        "give the user in the hosts file (`user=...`) or in the config (`ssh.username`)",
    ),
    ("gather_facts", "remove it: hep finds out by itself what it needs to know"),
    ("setup", "remove it: hep finds out by itself what it needs to know"),
    ("connection", "for this machine use `hep apply MANIFEST`"),
    ("delegate_to", "give that host a manifest of its own"),
    ("local_action", "run it before `hep push`"),
    ("run_once", "give one host a manifest of its own"),
    ("serial", "use `hep push --forks`"),
    ("strategy", "remove it: each host goes on at its own pace"),
    ("any_errors_fatal", "remove it: a failed host never stops another"),
    ("roles", "write the tasks of the roles into the manifest"),
    ("include_role", "write the tasks of the role into the manifest"),
    ("import_role", "write the tasks of the role into the manifest"),
    ("async", "use `timeout` of `command`"),
    ("poll", "use `timeout` of `command`"),
    ("args", "write the parameters below the module itself"),
    ("action", "write the module's name as the key: `file: {...}`"),
];

/// Parameters by module: what to write instead.
const PARAMETERS: &[(&str, &str, &str)] = &[
    ("apt", "pkg", "write `package`"),
    ("apt", "deb", "write `package: /path/on/the/host.deb`"),
    ("apt", "version", "write it into the name: `package: nginx=1.22*`"),
    ("apt", "purge", "write `action: purge`"),
    ("apt", "force", "say what may happen: `allow_downgrade: true` or `allow_removals: true`"),
    ("apt", "autoclean", "write `command: {argv: [apt-get, autoclean]}`"),
    ("apt", "clean", "write `command: {argv: [apt-get, clean]}`"),
    ("apt", "update-cache", "write `update_cache`"),
    ("apt", "only_upgrade", "write `action: latest`"),
    ("apt", "dist_upgrade", "write `upgrade: dist`"),
    ("apt", "recommends", "write `install_recommends`"),
    ("command", "cmd", "write `argv`"),
    ("command", "command", "write `argv`"),
    ("command", "_raw_params", "write `argv`"),
    ("command", "args", "write program and arguments together: `argv: [program, argument]`"),
    ("command", "script", "write `shell`"),
    ("command", "cwd", "write `chdir`"),
    ("command", "environment", "write `env`"),
    ("command", "executable", "write it as the program: `argv: [bash, -c, ...]`"),
    ("command", "warn", "remove it: hep gives no such warnings"),
    ("file", "target", "write `dest` for what is made, and `src` for what a link points to"),
    ("file", "source", "write `src`"),
    ("file", "destination", "write `dest`"),
    ("file", "user", "write `owner`"),
    ("file", "permissions", "write `mode`"),
    (
        "file",
        "directory_mode",
        "write `mode`: the directories of a tree get execute where they get read",
    ),
    (
        "file",
        "remote_src",
        "write `command: {argv: [cp, ...], creates: ...}` for a copy on the host",
    ),
    ("file", "template", "this version of hep has no templates: give a finished file as `src`"),
    ("service", "daemon_reload", "remove it: hep reloads systemd when that is needed"),
    ("service", "daemon-reload", "remove it: hep reloads systemd when that is needed"),
    ("service", "enable", "write `enabled: true`"),
    (
        "service",
        "sleep",
        "remove it: hep waits until the service is as wanted; `timeout` limits that",
    ),
    ("service", "use", "remove it: hep finds out what manages the services"),
    ("service", "runlevel", "remove it: `enabled` takes the script's own runlevels"),
];

/// Values of `state`: module, Ansible's word, hep's word.
const VALUES: &[(&str, &str, &str)] = &[
    ("apt", "present", "install"),
    ("apt", "installed", "install"),
    ("apt", "absent", "remove"),
    ("apt", "removed", "remove"),
    ("apt", "uninstall", "remove"),
    ("apt", "latest", "latest"),
    ("apt", "upgrade", "latest"),
    ("apt", "build_dep", "build-dep"),
    ("file", "file", "present"),
    ("file", "create", "present"),
    ("file", "copy", "present"),
    ("file", "present", "present"),
    ("file", "absent", "absent"),
    ("file", "delete", "absent"),
    ("file", "remove", "absent"),
    ("file", "directory", "directory"),
    ("file", "dir", "directory"),
    ("file", "mkdir", "directory"),
    ("file", "link", "link"),
    ("file", "symlink", "link"),
    ("file", "hard", "hardlink"),
    ("file", "touch", "touch"),
    ("service", "started", "start"),
    ("service", "running", "start"),
    ("service", "stopped", "stop"),
    ("service", "restarted", "restart"),
    ("service", "reloaded", "reload"),
];
