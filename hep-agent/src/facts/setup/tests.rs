//! Facts of a planted host, against what Ansible 2.19 says of such a host.

use super::super::host::Ran;
use super::super::tests::{plant, trees, uname};
use super::*;
use serde_json::json;

/// What programs say that a host may have.
fn ran(argv: &[String], _: Duration) -> Ran {
    let words: Vec<&str> = argv.iter().map(String::as_str).collect();
    let stdout = match words.as_slice() {
        [_, "-4", "route", "get", to] => {
            format!("{to} via 192.0.2.1 dev eth0 src 192.0.2.10 uid 0 \n    cache \n")
        }
        [_, "-o", "addr", "show"] => "1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever\n\
             2: eth0    inet 192.0.2.10/24 brd 192.0.2.255 scope global eth0\\       valid_lft forever\n\
             2: eth0    inet 192.0.2.11/24 brd 192.0.2.255 scope global secondary eth0:1\\       valid_lft\n\
             2: eth0    inet6 2001:db8::10/64 scope global \\       valid_lft forever\n"
            .to_owned(),
        [_, "-d", _, format] if format.starts_with("+%Y") => {
            "2026 12 01 04 05 06 Tuesday 2 48 CET +0100\n".to_owned()
        }
        [_, "-d", _, "+%Z %z"] => "CET +0100\n".to_owned(),
        ["/etc/ansible/facts.d/program.fact"] => "{\"from\": \"program\"}\n".to_owned(),
        _ => return Ran { code: Some(1), ..Ran::default() },
    };
    Ran { code: Some(0), stdout, ..Ran::default() }
}

fn gathered(tree: trees::Tree, subset: &str, filter: &[&str]) -> (Json, Vec<String>) {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    plant(directory.path(), trees::DEBIAN_12);
    plant(directory.path(), tree);
    let program = directory.path().join("etc/ansible/facts.d/program.fact");
    if program.exists() {
        std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let host = Host { root: directory.path().into(), uname, interfaces: Vec::new, run: ran };
    let filter: Vec<String> = filter.iter().map(|one| (*one).to_owned()).collect();
    let subset = [subset.to_owned()];
    let asked =
        Asked { subset: &subset, filter: &filter, local: LOCAL, patience: None, wanted: None };
    let (facts, notes) = of(&host, &asked).unwrap();
    (Json::Object(facts), notes)
}

#[track_caller]
fn check(tree: trees::Tree, subset: &str, expected: &[(&str, Json)]) {
    let (facts, _) = gathered(tree, &format!("!all,!min,{subset}"), &[]);
    for (name, value) in expected {
        assert_eq!(facts.pointer(&format!("/ansible_{name}")), Some(value), "{name} of {facts:#}");
    }
}

#[test]
fn debian_is_named_as_ansible_names_it() {
    check(
        &[("etc/debian_version", "12.11\n")],
        "distribution,platform,pkg_mgr,service_mgr",
        &[
            ("distribution", json!("Debian")),
            ("os_family", json!("Debian")),
            ("distribution_version", json!("12.11")),
            ("distribution_major_version", json!("12")),
            ("distribution_minor_version", json!("11")),
            ("distribution_release", json!("bookworm")),
            ("distribution_file_variety", json!("Debian")),
            ("distribution_file_path", json!("/etc/os-release")),
            ("distribution_file_parsed", json!(true)),
            ("hostname", json!("web1")),
            ("nodename", json!("web1")),
            ("fqdn", json!("web1.example.org")),
            ("domain", json!("example.org")),
            ("architecture", json!("x86_64")),
            ("machine", json!("x86_64")),
            ("userspace_bits", json!("64")),
            ("system", json!("Linux")),
            ("kernel", json!("6.1.0-13-amd64")),
            ("kernel_version", json!("#1 SMP")),
            ("pkg_mgr", json!("apt")),
        ],
    );
}

#[test]
fn addresses_are_found_at_interfaces_and_at_the_default_route() {
    let eth0: trees::Tree = &[
        ("usr/sbin/ip", ""),
        ("sys/class/net/eth0/address", "52:54:00:12:34:5a\n"),
        ("sys/class/net/eth0/mtu", "1500\n"),
        ("sys/class/net/eth0/type", "1\n"),
        ("sys/class/net/eth0/operstate", "up\n"),
        ("sys/class/net/eth0/flags", "0x1003\n"),
    ];
    check(
        eth0,
        "network",
        &[
            ("default_ipv4/address", json!("192.0.2.10")),
            ("default_ipv4/gateway", json!("192.0.2.1")),
            ("default_ipv4/interface", json!("eth0")),
            ("default_ipv4/netmask", json!("255.255.255.0")),
            ("default_ipv4/network", json!("192.0.2.0")),
            ("default_ipv4/broadcast", json!("192.0.2.255")),
            ("default_ipv4/prefix", json!("24")),
            ("default_ipv4/mtu", json!(1500)),
            ("default_ipv4/type", json!("ether")),
            ("default_ipv4/macaddress", json!("52:54:00:12:34:5a")),
            ("default_ipv4/alias", json!("eth0")),
            ("default_ipv6", json!({})),
            ("all_ipv4_addresses", json!(["192.0.2.10", "192.0.2.11"])),
            ("all_ipv6_addresses", json!(["2001:db8::10"])),
            ("eth0/ipv4/address", json!("192.0.2.10")),
            ("eth0/ipv6/0/scope", json!("global")),
            ("eth0/active", json!(true)),
            ("eth0/promisc", json!(false)),
        ],
    );
    // A host without the program has none.
    let (none, _) = gathered(&[], "!all,!min,network", &["ansible_*ip*"]);
    assert_eq!(none, json!({}));
}

#[test]
fn local_facts_are_programs_json_or_ini() {
    let tree: trees::Tree = &[
        ("etc/ansible/facts.d/settings.fact", "[Main]\nKey=Value\nn=5\n"),
        ("etc/ansible/facts.d/data.fact", "{\"a\": [1, true], \"b\": \"{{ x }}\"}"),
        ("etc/ansible/facts.d/program.fact", "#!/bin/sh\n"),
        ("etc/ansible/facts.d/bad.fact", "words\n"),
        ("etc/ansible/facts.d/other.json", "{}"),
    ];
    let (facts, notes) = gathered(tree, "!all,!min,local", &[]);
    let trouble =
        "error loading facts as JSON or ini - please check content: /etc/ansible/facts.d/bad.fact";
    let local = json!({
        "bad": trouble,
        "data": {"a": [1, true], "b": "{{ x }}"},
        "program": {"from": "program"},
        "settings": {"Main": {"key": "Value", "n": "5"}},
    });
    assert_eq!(facts, json!({"ansible_local": local}));
    assert_eq!(notes, [trouble]);
}

#[test]
fn memory_and_processors_have_setup_s_units() {
    check(
        &[],
        "hardware",
        &[
            ("memtotal_mb", json!(3914)),
            ("swaptotal_mb", json!(0)),
            ("processor_count", json!(1)),
            ("mounts", json!([])),
            ("product_name", json!("NA")),
        ],
    );
    let (facts, _) = gathered(&[], "!all,!min,hardware", &["memory_mb"]);
    let real = facts.pointer("/ansible_memory_mb/real/total");
    assert_eq!(real, Some(&json!(3914)), "{facts}");
}

#[test]
fn times_are_texts_by_the_host_s_zone() {
    let (facts, _) = gathered(&[("usr/bin/date", "")], "!all,!min,date_time", &[]);
    let time = facts.pointer("/ansible_date_time").unwrap();
    let at = |name: &str| time[name].as_str().unwrap().to_owned();
    assert_eq!(at("date"), "2026-12-01");
    assert_eq!(
        (at("tz"), at("tz_offset"), at("weekday")),
        ("CET".into(), "+0100".into(), "Tuesday".into())
    );
    assert_eq!(at("iso8601_basic_short"), "20261201T040506");
    assert!(at("iso8601").ends_with('Z') && at("epoch").parse::<u64>().is_ok());
    assert_eq!(time.as_object().unwrap().len(), 20);
}

#[test]
fn filters_are_patterns_of_names_with_and_without_the_prefix() {
    let names = |filter: &[&str]| {
        let (facts, _) = gathered(&[], "!all,!min,distribution", filter);
        facts.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(names(&["ansible_os_*"]), ["ansible_os_family"]);
    assert_eq!(names(&["os_family", "nothing"]), ["ansible_os_family"]);
    assert_eq!(names(&["*_release"]), ["ansible_distribution_release"]);
    assert!(names(&[]).len() > 5);
}
