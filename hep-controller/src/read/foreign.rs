//! Words of Ansible's playbooks that hep spells otherwise or does not have, each with what to write: flat tables.

use crate::diagnostic::Diagnostic;
use crate::source::{Source, Span};
use std::borrow::Cow;
use std::sync::Arc;

/// What is said of a key that hep does not have.
pub(crate) struct Foreign {
    verdict: Verdict,
    hint: Cow<'static, str>,
}

#[derive(Clone, Copy)]
enum Verdict {
    /// It is not there yet.
    NotYet,
    /// hep has another word or no need for it.
    Never,
}

impl Foreign {
    /// The same with the value that was written, where the advice can use it.
    pub(crate) fn with_value(self, key: &str, value: Option<&str>) -> Foreign {
        let hint = match (qualified(key).unwrap_or(key), value) {
            ("shell", Some(line)) if !line.contains('\n') => {
                format!("write `command: {{shell: {:?}}}`", crate::yaml::shorten(line)).into()
            }
            ("meta", Some("flush_handlers")) => "write `flush: true`".into(),
            _ => self.hint,
        };
        Foreign { hint, ..self }
    }

    /// What to write instead.
    pub(crate) fn into_hint(self) -> String {
        self.hint.into_owned()
    }

    pub(crate) fn diagnostic(&self, source: &Arc<Source>, key: &str, span: Span) -> Diagnostic {
        let message = match self.verdict {
            Verdict::NotYet => format!("this version of hep has no `{key}`"),
            Verdict::Never => format!("hep has no `{key}`"),
        };
        Diagnostic::at(source, span, message).hint(self.hint.as_ref())
    }
}

/// What to say of a task's key: a keyword or a module of Ansible's.
pub(crate) fn task_key(key: &str) -> Option<Foreign> {
    let name = qualified(key).unwrap_or(key);
    let find = |table: &'static [(&str, &str)]| {
        table.iter().find(|(word, _)| *word == name).map(|(_, hint)| Cow::Borrowed(*hint))
    };
    let not_yet = find(NOT_YET).map(|hint| Foreign { verdict: Verdict::NotYet, hint });
    not_yet.or_else(|| find(NEVER).map(|hint| Foreign { verdict: Verdict::Never, hint }))
}

/// hep's module for what a module of Ansible's does, and how it is written.
pub(crate) fn module_for(name: &str) -> Option<(&'static str, String)> {
    let name = qualified(name).unwrap_or(name);
    let (_, module) = MODULES.iter().find(|(theirs, _)| *theirs == name)?;
    let foreign = task_key(name)?;
    Some((module, format!("hep has no `{name}`: {}", foreign.hint)))
}

/// What to say of a play's key.
pub(crate) fn play_key(key: &str) -> Option<Foreign> {
    match key {
        "environment" | "env" => {
            let hint =
                "put the tasks into a block with it: `- block: [...]` and `env: {NAME: value}`";
            Some(Foreign { verdict: Verdict::Never, hint: hint.into() })
        }
        key => task_key(key),
    }
}

/// The short name of a module that was written with its collection.
pub(crate) fn qualified(key: &str) -> Option<&str> {
    ["ansible.builtin.", "ansible.legacy.", "ansible.posix.", "community.general."]
        .iter()
        .find_map(|prefix| key.strip_prefix(prefix))
}

/// What to write instead of a module's parameter with this value.
pub(crate) fn parameter(module: &str, name: &str, written: Option<&str>) -> Option<String> {
    if name == "state" {
        let ours = written.and_then(|word| value(module, word));
        return Some(match ours {
            Some(action) => format!("write `action: {action}`"),
            None => "hep calls it `action`".to_owned(),
        });
    }
    let row = PARAMETERS.iter().find(|(of, word, _)| *of == module && *word == name);
    row.map(|(_, _, hint)| (*hint).to_owned())
}

/// hep's word for a value of `state`.
pub(crate) fn value(module: &str, word: &str) -> Option<&'static str> {
    VALUES.iter().find(|(of, theirs, _)| *of == module && *theirs == word).map(|(.., ours)| *ours)
}

const INVENTORY: &str = "hosts, groups and login settings belong in the hosts file";
const TIME_LIMIT: &str = "a task runs until it is done; `timeout: SECONDS` limits that";
const ONE_HOST: &str = "put the task into a play of its own, with `hosts:` naming that host";
const ROLE: &str = "write the role's tasks into a file and `include: roles/NAME/tasks/main.yml`";
const PATTERNS: &str = "write the files as a list: `loop: [a.conf, b.conf]`; a directory as `src` of `file` is copied whole";

/// Ansible's modules, and the module by which hep does the same.
const MODULES: &[(&str, &str)] = &[
    ("apt_key", "file"),
    ("assemble", "file"),
    ("copy", "file"),
    ("cron", "file"),
    ("debconf", "apt"),
    ("dnf", "apt"),
    ("dpkg_selections", "apt"),
    ("expect", "command"),
    ("get_url", "command"),
    ("git", "command"),
    ("meta", "flush"),
    ("mount", "command"),
    ("npm", "command"),
    ("package", "apt"),
    ("pause", "wait_for"),
    ("pip", "command"),
    ("raw", "command"),
    ("script", "command"),
    ("set_fact", "set"),
    ("shell", "command"),
    ("synchronize", "file"),
    ("systemd", "service"),
    ("systemd_service", "service"),
    ("sysvinit", "service"),
    ("template", "file"),
    ("unarchive", "command"),
    ("uri", "command"),
    ("yum", "apt"),
];

/// Keys whose meaning is not there yet, and how to do without.
const NOT_YET: &[(&str, &str)] = &[
    ("assemble", "write the whole file: `file: {dest: ..., template: ...}`"),
    ("cron", "write a file: `file: {dest: /etc/cron.d/NAME, content: ...}`"),
    ("git", "write `command: {argv: [git, clone, ...], creates: ...}`"),
    ("get_url", "write `command: {argv: [curl, -fsSLo, ...], creates: ...}`"),
    ("uri", "write `command: {argv: [curl, -fsS, ...]}` with `register`"),
    ("unarchive", "write `command: {argv: [tar, xf, ...], creates: ...}`"),
    ("apt_key", "write a file: `file: {src: ..., dest: /etc/apt/keyrings/NAME.asc}`"),
    ("mount", "write `command: {argv: [mount, ...]}`, and the line of /etc/fstab with a template"),
    ("pip", "write `command: {argv: [pip, install, ...], creates: ...}`"),
    ("npm", "write `command: {argv: [npm, install, ...], creates: ...}`"),
    ("fetch", "copy it with `scp`"),
    ("reboot", "restart the host by other means"),
    ("pause", "write `command: {argv: [sleep, SECONDS]}`, or `wait_for`"),
    ("become_flags", "remove it: hep gives sudo, doas and su what they need"),
    ("become_exe", "remove it: sudo, doas or su is found in the host's system directories"),
];

/// Keys that hep has another word for, or no need of.
const NEVER: &[(&str, &str)] = &[
    ("copy", "write `file: {src: ..., dest: ...}` or `file: {content: ..., dest: ...}`"),
    ("template", "write `file: {template: ..., dest: ...}`"),
    ("synchronize", "write `file: {src: directory/, dest: ...}`"),
    ("shell", "write `command: {shell: \"...\"}`"),
    ("script", "write `command: {script: FILE}`"),
    ("raw", "write `command: {shell: \"...\"}`"),
    ("expect", "write `command: {argv: ..., stdin: ...}`"),
    (
        "systemd",
        "write `service: {name: ..., action: ...}` with `start`, `stop`, `restart` or `reload`",
    ),
    (
        "systemd_service",
        "write `service: {name: ..., action: ...}` with `start`, `stop`, `restart` or `reload`",
    ),
    (
        "sysvinit",
        "write `service: {name: ..., action: ...}` with `start`, `stop`, `restart` or `reload`",
    ),
    ("package", "write `apt: {package: ...}`"),
    ("dnf", "write `apt: {package: ...}`; hep manages Debian's packages"),
    ("yum", "write `apt: {package: ...}`; hep manages Debian's packages"),
    ("dpkg_selections", "write `apt: {package: ..., hold: true}`"),
    ("debconf", "write `apt: {package: ..., debconf: [...]}`"),
    ("set_fact", "write `set: {name: value}`"),
    ("include_vars", "write `vars_files: [file.yml]` beside `tasks:`"),
    ("meta", "for `meta: flush_handlers` write `flush: true`"),
    ("gather_facts", "remove it: hep detects what it needs"),
    ("import_playbook", "write its plays into this file, or push it by itself"),
    ("include_role", ROLE),
    ("import_role", ROLE),
    ("roles", ROLE),
    ("with_fileglob", PATTERNS),
    ("with_filetree", PATTERNS),
    (
        "with_first_found",
        "write the name with an expression: `src: \"files/{{ os.codename }}.conf\"`",
    ),
    ("with_sequence", "write `loop: \"{{ range(1, 5) }}\"`"),
    ("with_nested", "write a block with the outer `loop` around a task with the inner"),
    ("with_cartesian", "write a block with the outer `loop` around a task with the inner"),
    ("with_subelements", "write a block with the outer `loop` around a task with the inner"),
    ("with_together", "write `loop` over one list of mappings"),
    ("with_indexed_items", "write `loop` with `loop_control: {index: i}`"),
    ("with_flattened", "write `loop: \"{{ one + two }}\"`"),
    ("with_random_choice", "write which one: hep does nothing at random"),
    ("with_lines", "write the lines as a list: `loop: [...]`"),
    ("with_inventory_hostnames", "write `loop: \"{{ groups['web'] }}\"`"),
    ("remote_user", INVENTORY),
    ("port", INVENTORY),
    ("connection", "for this machine use `hep apply MANIFEST`"),
    ("delegate_to", ONE_HOST),
    ("delegate_facts", ONE_HOST),
    ("local_action", "run it before `hep push`, or put it into a play with `hosts: localhost`"),
    ("run_once", ONE_HOST),
    ("order", "remove it: the hosts are in the order of the hosts file"),
    ("strategy", "remove it: each host goes on at its own pace"),
    ("throttle", "use `hep push --forks`"),
    ("ignore_unreachable", "remove it: a host that cannot be reached never stops another"),
    (
        "force_handlers",
        "remove it: notified handlers run in any case, unless `handlers_on_failure: skip`",
    ),
    ("pre_tasks", "write them at the beginning of `tasks`, with `flush: true` after them"),
    ("post_tasks", "write them at the end of `tasks`, with `flush: true` before them"),
    ("vars_prompt", "give the value with `-e name=value`"),
    ("fact_path", "write local facts into the directory `facts.d` that `hep doc facts` names"),
    ("gather_subset", "remove it: hep gathers only the facts that are read"),
    ("gather_timeout", "remove it: hep gathers only the facts that are read"),
    ("async", TIME_LIMIT),
    ("poll", TIME_LIMIT),
    ("async_status", TIME_LIMIT),
    ("module_defaults", "write an anchor: `file: {<<: *defaults, dest: ...}`"),
    ("collections", "remove it: hep's modules have short names"),
    ("debugger", "use `hep push --step`"),
    ("diff", "use `hep push --diff`; `sensitive: true` keeps a task's out"),
    ("args", "write the parameters below the module itself"),
    ("action", "write the module's name as the key: `file: {...}`"),
    (
        "first_available_file",
        "write the name with an expression: `src: \"files/{{ os.codename }}.conf\"`",
    ),
    ("break_when", "hep runs a loop to its end: narrow the list, or give the task a `when`"),
];

/// Parameters by module: what to write instead.
const PARAMETERS: &[(&str, &str, &str)] = &[
    ("apt", "pkg", "write `package`"),
    ("apt", "deb", "write `package: /path/on/the/host.deb`"),
    ("apt", "version", "write it into the name: `package: nginx=1.22*`"),
    ("apt", "purge", "write `action: purge`"),
    ("apt", "force", "allow what may happen: `allow_downgrade: true` or `allow_removals: true`"),
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

#[cfg(test)]
mod tests {
    use super::*;
    use hep_protocol::task::TaskSpec;

    #[test]
    fn each_module_of_ansible_s_leads_to_one_of_hep_s_with_words() {
        for (theirs, ours) in MODULES {
            assert!(TaskSpec::MODULES.contains(ours), "{ours}");
            assert!(module_for(theirs).is_some(), "{theirs} has no words");
        }
    }
}
