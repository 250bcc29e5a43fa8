//! Packages: `apt`, and `package`, which is the same on the systems that hep manages.

use super::arguments::{Answer, Arguments};
use super::table::{Parameter, named, nothing, only, own, refused, same};
use crate::yaml::{Entry, Node};
use hep_protocol::expression::has_expression;

pub(super) const PACKAGE: &[Parameter] = &[own("use")];

pub(super) const APT: &[Parameter] = &[
    named("name", "package").also(&["package", "pkg"]),
    own("state"),
    own("purge"),
    own("update_cache").also(&["update-cache"]),
    own("cache_valid_time"),
    own("deb"),
    own("upgrade"),
    own("force"),
    own("dpkg_options"),
    own("fail_on_autoremove"),
    same("default_release").also(&["default-release"]),
    same("install_recommends").also(&["install-recommends"]),
    own("allow_downgrade").also(&["allow-downgrade", "allow_downgrades", "allow-downgrades"]),
    same("autoremove"),
    only("autoclean", "no", "write `command: apt-get autoclean`"),
    only("clean", "no", "write `command: apt-get clean`"),
    same("lock_timeout"),
    same("policy_rc_d"),
    nothing("update_cache_retries"),
    nothing("update_cache_retry_max_delay"),
    only("enablerepo", "omit", OTHERS),
    only("disablerepo", "omit", OTHERS),
    only("disable_gpg_check", "no", OTHERS),
    nothing("auto_install_module_deps"),
    nothing("force_apt_get"),
    only("only_upgrade", "no", "use `state: latest` under a condition that the package is there"),
    only("allow_unauthenticated", "no", "add the repository's key to the host")
        .also(&["allow-unauthenticated"]),
    only("allow_change_held_packages", "no", "release the package with `apt-mark unhold` first"),
    refused("version", "write it into the name: `nginx=1.22*`"),
];

/// Those of `package_facts`.
pub(super) const FACTS: &[Parameter] = &[own("manager"), nothing("strategy")];

/// Those of `apt_repository`. What only a `ppa:` needs is of no use without one.
pub(super) const REPOSITORY: &[Parameter] = &[
    own("mode"),
    nothing("codename"),
    nothing("validate_certs"),
    nothing("install_python_apt"),
    nothing("update_cache_retries"),
    nothing("update_cache_retry_max_delay"),
];

/// What to do about arguments of other managers of packages.
const OTHERS: &str =
    "leave it out on Debian: `\"{{ repository if ansible_os_family == 'RedHat' else omit }}\"`";

/// Ansible's words for an upgrade of everything, and hep's.
const UPGRADES: &[(&str, &str)] =
    &[("dist", "dist"), ("full", "dist"), ("no", ""), ("safe", "full"), ("yes", "full")];

pub(super) fn facts(arguments: &mut Arguments<'_>) -> &'static str {
    match arguments.literal("manager") {
        Some("apt" | "auto") => drop(arguments.take("manager")),
        Some(_) | None => {
            arguments.refuse_argument("manager", "leave it out: hep lists the packages of dpkg")
        }
    }
    ""
}

pub(super) fn package(arguments: &mut Arguments<'_>) -> &'static str {
    match arguments.literal("use") {
        Some("apt" | "auto" | "ansible.builtin.apt") => drop(arguments.take("use")),
        Some(_) | None => match arguments.take("use") {
            Some(Entry { value, .. }) if value.text().is_some_and(has_expression) => {
                let message = "what a host makes of `use` is passed over: hep takes apt";
                arguments.warn(value.span, message, "leave it out where hosts have apt");
            }
            Some(Entry { value, .. }) => {
                let hint = "leave it out: hep manages packages of apt";
                arguments.refuse(value.span, "hep does not support this `use` of `package`", hint);
            }
            None => {}
        },
    }
    apt(arguments)
}

pub(super) fn apt(arguments: &mut Arguments<'_>) -> &'static str {
    if arguments.literal("state") == Some("fixed") {
        arguments.refuse_argument("state", "run `apt-get install --fix-broken` with `command`");
    }
    arguments.word("state", "apt");
    purge(arguments);
    index(arguments);
    upgrade(arguments);
    if let Some(Entry { key, value }) = arguments.take("deb") {
        if value.text().is_some_and(|text| text.contains("://")) {
            arguments.refuse(
                value.span,
                "hep does not fetch packages by their URL",
                "fetch it with a task before this one, and give its path on the host",
            );
        } else {
            arguments.put("package", key.span, value);
        }
    }
    if let Some(Entry { key, value }) = arguments.take("dpkg_options") {
        let value = comma(value);
        arguments.put("dpkg_options", key.span, value);
    }
    allowances(arguments);
    "apt"
}

fn purge(arguments: &mut Arguments<'_>) {
    match arguments.answer("purge", Answer::No) {
        Answer::No => drop(arguments.take("purge")),
        Answer::Yes | Answer::Later => drop(arguments.rename("purge", "purge")),
    }
}

/// The package index. An age that it may have asks for a fresh one, too.
fn index(arguments: &mut Arguments<'_>) {
    if arguments.literal("cache_valid_time") == Some("0") {
        arguments.take("cache_valid_time");
    }
    if let Some(Entry { key, value }) = arguments.take("cache_valid_time") {
        arguments.take("update_cache");
        arguments.set("update_cache", "true");
        arguments.put("cache_valid_time", key.span, value);
    } else {
        arguments.rename("update_cache", "update_cache");
    }
}

fn upgrade(arguments: &mut Arguments<'_>) {
    let known: Vec<&str> = UPGRADES.iter().map(|(theirs, _)| *theirs).collect();
    let word = arguments.literal("upgrade").map(str::to_owned);
    let meant = word.as_deref().map(|word| match word {
        "true" | "True" => "yes",
        "false" | "False" => "no",
        other => other,
    });
    match meant.and_then(|word| UPGRADES.iter().find(|(theirs, _)| *theirs == word)) {
        Some((_, "")) => drop(arguments.take("upgrade")),
        Some((_, ours)) => {
            arguments.take("upgrade");
            arguments.set("upgrade", ours);
        }
        None => {
            arguments.choose("upgrade", &known);
            arguments.refuse_argument("upgrade", "write which upgrade it is: `safe` or `dist`");
        }
    }
}

/// What apt may do beside what was asked for.
fn allowances(arguments: &mut Arguments<'_>) {
    let force = arguments.take_answer("force", Answer::No);
    match (force, arguments.take("allow_downgrade")) {
        (Answer::Yes, _) => arguments.set("allow_downgrade", "true"),
        (Answer::No | Answer::Later, Some(Entry { key, value })) => {
            arguments.put("allow_downgrade", key.span, value);
        }
        (Answer::No | Answer::Later, None) => {}
    }
    // Ansible lets apt remove what stands in the way, unless that is forbidden.
    match arguments.take_answer("fail_on_autoremove", Answer::No) {
        Answer::Yes => {}
        Answer::No | Answer::Later => arguments.set("allow_removals", "true"),
    }
}

/// A text of words with commas as a list.
fn comma(value: Node) -> Node {
    match value.text() {
        Some(text) if !has_expression(text) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            let items = items.map(|item| Node::of_text(item, value.span)).collect();
            value.with_items(items)
        }
        Some(_) | None => value,
    }
}
