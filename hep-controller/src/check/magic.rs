//! Ansible's magic variables: what a run of playbooks says of itself and its plays. What each host says of itself, it knows.

use super::Input;
use super::resolve::ResolvedPlay;
use crate::remote::Transport;
use hep_protocol::expression::has_expression;
use hep_protocol::plan::{DiffMode, RunMode};
use serde_json::{Map, Value, json};

/// The names of [`of_play`] and of [`of_connection`]. A host is sent those that are read somewhere.
pub(crate) const NAMES: [&str; 21] = [
    "ansible_check_mode",
    "ansible_config_file",
    "ansible_connection",
    "ansible_diff_mode",
    "ansible_forks",
    "ansible_host",
    "ansible_inventory_sources",
    "ansible_limit",
    "ansible_play_batch",
    "ansible_play_hosts",
    "ansible_play_hosts_all",
    "ansible_play_name",
    "ansible_playbook_python",
    "ansible_run_tags",
    "ansible_skip_tags",
    "ansible_ssh_host",
    "ansible_ssh_user",
    "ansible_user",
    "ansible_verbosity",
    "ansible_version",
    "play_hosts",
];

/// The hosts that have their turn together; each host is told of its own, where a play has several batches.
pub(crate) const BATCH: [&str; 2] = ["ansible_play_batch", "play_hosts"];

/// Those of a play.
pub(crate) fn of_play(input: &Input<'_>, resolved: &ResolvedPlay<'_>) -> Map<String, Value> {
    let Input { targets, options, .. } = input;
    let ResolvedPlay { play, members, .. } = resolved;
    let names = members.iter().filter_map(|member| targets.members.get(*member));
    let hosts: Value = names.map(|member| member.name.as_str()).collect();
    let pattern = play.hosts.as_ref().map_or("all", |spot| spot.text.as_str());
    let tags = match options.choice.tags.as_slice() {
        [] => json!(["all"]),
        tags => json!(tags),
    };
    let mut all: Map<String, Value> = [
        ("ansible_check_mode", json!(options.mode == RunMode::Check)),
        ("ansible_diff_mode", json!(options.diff == DiffMode::Unified)),
        ("ansible_forks", json!(5)),
        ("ansible_play_hosts", hosts.clone()),
        ("ansible_play_hosts_all", hosts.clone()),
        ("ansible_play_name", json!(play.name.as_deref().unwrap_or(pattern))),
        ("ansible_playbook_python", json!("/usr/bin/python3")),
        ("ansible_run_tags", tags),
        ("ansible_skip_tags", json!(options.choice.skip)),
        ("ansible_verbosity", json!(0)),
        ("ansible_version", version()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into_iter()
    .collect();
    if play.batching.serial.is_empty() {
        all.extend(BATCH.map(|name| (name.to_owned(), hosts.clone())));
    }
    all.extend(options.foreign.clone());
    all
}

/// That of the reference: ansible-core 2.19.
fn version() -> Value {
    json!({"full": "2.19.14", "major": 2, "minor": 19, "revision": 14, "string": "2.19.14"})
}

/// How a host of these plays is reached, where its variables do not say.
pub(crate) fn of_connection(
    input: &Input<'_>,
    plays: &[ResolvedPlay<'_>],
    member: usize,
) -> Map<String, Value> {
    let Some(host) = input.targets.host(member) else { return Map::new() };
    let connection = match host.transport {
        Some(Transport::Local) => "local",
        Some(_) | None => "ssh",
    };
    let address = host.vars.iter().rfind(|one| one.name == "ansible_host");
    let address = address.map_or_else(|| json!(host.name), |one| one.value.clone());
    let of_host = plays.iter().filter(|play| play.members.contains(&member));
    let said = of_host.filter_map(|play| play.play.login.user.as_ref()).next();
    let user = match said {
        // What an expression makes of it is known where the login is.
        Some(user) if has_expression(&user.text) => None,
        Some(user) => Some(&user.text),
        None => input.options.login_user.as_ref(),
    };
    let user = user
        .into_iter()
        .flat_map(|user| ["ansible_user", "ansible_ssh_user"].map(|name| (name, json!(user))));
    let all = [
        ("ansible_connection", json!(connection)),
        ("ansible_host", address.clone()),
        ("ansible_ssh_host", address),
    ];
    all.into_iter().chain(user).map(|(name, value)| (name.to_owned(), value)).collect()
}
