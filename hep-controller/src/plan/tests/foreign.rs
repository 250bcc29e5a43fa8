//! What plans in Ansible's dialect have beside their texts.

use super::{HOSTS, Targets, compile_for};
use crate::ast::Manifest;
use crate::plan::compile::Compiled;
use hep_protocol::dialect::Dialect;
use hep_protocol::expression::Rank;
use hep_protocol::facts::setup::Collector;
use serde_json::{Value, json};
use std::fs;

/// Compiles plays of Ansible's dialect for the three hosts.
fn foreign(text: &str) -> Result<Compiled, String> {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("hosts"), HOSTS).unwrap();
    fs::write(directory.path().join("site.yml"), text).unwrap();
    let around = crate::inventory::Surroundings {
        working_directory: directory.path().to_owned(),
        home: None,
    };
    let inventory =
        crate::inventory::Inventory::read(&directory.path().join("hosts"), &around).unwrap();
    let mut manifest = Manifest::read(&directory.path().join("site.yml")).unwrap();
    manifest.dialect = Dialect::Ansible;
    let compiled = compile_for(&manifest, directory.path(), &Targets::of(inventory), &[]);
    compiled.map_err(|mistakes| mistakes.to_string())
}

fn magic(compiled: &Compiled, play: usize) -> Value {
    let layers = compiled.plan.plays[play].layers.iter();
    layers.filter(|(rank, _)| *rank == Rank::Magic).map(|(_, vars)| vars.0.clone()).collect()
}

#[test]
fn plays_have_the_magic_variables_that_are_read() {
    let compiled = foreign(
        "- hosts: web
  tasks: [{debug: {msg: '{{ ansible_play_hosts | length }} {{ ansible_play_name }}'}}]
- {name: second, hosts: db, tasks: [{debug: {msg: '{{ ansible_version.full }} {{ ansible_host }}'}}]}
",
    )
    .unwrap();
    let of_run =
        json!({"full": "2.19.14", "major": 2, "minor": 19, "revision": 14, "string": "2.19.14"});
    let expected = |hosts: Value, name: &str| json!([{"ansible_play_hosts": hosts, "ansible_play_name": name, "ansible_version": of_run}]);
    assert_eq!(magic(&compiled, 0), expected(json!(["web1", "web2"]), "web"));
    assert_eq!(magic(&compiled, 1), expected(json!(["db1"]), "second"));
    let vars: Vec<&Value> =
        compiled.hosts.iter().map(|host| &host.part.vars.0["ansible_host"]).collect();
    assert_eq!(vars, [&json!("web1"), &json!("web2"), &json!("db1")]);
    let none = foreign("- {hosts: web, tasks: [{debug: {msg: hello}}]}\n").unwrap();
    assert_eq!(magic(&none, 0), json!([]));
    assert_eq!(none.plan.settings.facts, Some([].into()));
}

#[test]
fn batches_are_told_to_their_hosts() {
    let compiled = foreign(
        "- {hosts: web, serial: 1, tasks: [{debug: {msg: '{{ ansible_play_batch }} {{ ansible_play_hosts_all }}'}}]}\n",
    )
    .unwrap();
    assert_eq!(magic(&compiled, 0), json!([{"ansible_play_hosts_all": ["web1", "web2"]}]));
    let vars: Vec<&Value> =
        compiled.hosts.iter().map(|host| &host.part.vars.0["ansible_play_batch"]).collect();
    assert_eq!(vars, [&json!(["web1"]), &json!(["web2"])]);
}

/// What is there is taken; another host's variables are not handed on yet.
#[test]
fn names_of_ansible_are_known_before_the_run() {
    let check =
        |text: &str| foreign(&format!("- hosts: web\n  tasks: [{{debug: {{msg: \"{text}\"}}}}]\n"));
    for text in [
        "{{ inventory_hostname }} {{ inventory_hostname_short }} {{ group_names }} {{ groups['web'] }}",
        "{{ ansible_check_mode }} {{ ansible_forks }} {{ ansible_run_tags }} {{ ansible_connection }}",
        "{{ ansible_distribution }} {{ ansible_facts.os_family }} {{ hostvars[inventory_hostname].x }}",
    ] {
        check(text).unwrap();
    }
    let message = check("{{ hostvars['db1'].x }}").unwrap_err();
    assert!(message.contains("the variables of `db1` are not known on `web1`"), "{message}");
    let compiled = check("{{ hostvars[inventory_hostname].x }}").unwrap();
    let groups = &compiled.hosts[0].settings.groups.0;
    assert_eq!(groups["db"], json!(["db1"]));
}

#[test]
fn facts_that_are_read_are_gathered() {
    let facts = |text: &str| {
        let text =
            format!("- hosts: web\n  tasks: [{{setup: {{}}}}, {{debug: {{msg: \"{text}\"}}}}]\n");
        foreign(&text).unwrap().plan.settings.facts
    };
    assert_eq!(facts("hello"), Some([].into()));
    assert_eq!(facts("{{ ansible_os_family }}"), Some([Collector::Distribution].into()));
    assert_eq!(facts("{{ ansible_facts }}"), None);
}
