//! `hep hosts` and `--limit` as an operator runs them, without a network.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed"
)]

use insta::assert_snapshot;
use std::fs;
use std::process::{Command, Stdio};

const HOSTS: &str = "bastion user=jump password=swordfish\n[web]\nweb[1:2] http_port=8080\n\
                     [web:vars]\nansible_password=swordfish\nansible_connection=winrm\n[here]\n\
                     me ansible_connection=local\n";

/// Standard output, standard error and exit code, of hep in a directory with an inventory.
fn check(line: &[&str]) -> String {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("hosts", HOSTS);
    write("group_vars/web.yml", "tls: yes\n");
    write("site.yml", "- file: {dest: /nowhere/x, content: x}\n");
    let mut hep = Command::new(env!("CARGO_BIN_EXE_hep"));
    hep.args(line).current_dir(directory.path()).stdin(Stdio::null());
    let output = hep.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    format!(
        "{}{}exit {}",
        text(&output.stdout),
        text(&output.stderr),
        output.status.code().unwrap()
    )
}

#[test]
fn hosts_are_shown_as_a_tree_without_passwords() {
    assert_snapshot!(check(&["hosts", "-i", "hosts"]), @r#"
    all:
    |- ungrouped:
    |  `- bastion
    |     `- user = "jump"
    |- web:
    |  |- ansible_connection = "winrm"
    |  |- tls = true
    |  |- web1
    |  |  `- http_port = 8080
    |  `- web2
    |     `- http_port = 8080
    `- here:
       `- me
          `- ansible_connection = "local"
    exit 0
    "#);
}

#[test]
fn a_pattern_chooses_what_is_shown() {
    assert_snapshot!(check(&["hosts", "-i", "hosts", "web:!web2"]), @r#"
    all:
    `- web:
       |- ansible_connection = "winrm"
       |- tls = true
       `- web1
          `- http_port = 8080
    exit 0
    "#);
}

#[test]
fn programs_get_json() {
    assert_snapshot!(check(&["hosts", "-i", "hosts", "bastion", "--output", "json"]), @r#"
    {
      "_meta": {
        "hostvars": {
          "bastion": {
            "user": "jump"
          }
        }
      },
      "all": {
        "children": [
          "ungrouped",
          "web",
          "here"
        ]
      },
      "ungrouped": {
        "hosts": [
          "bastion"
        ]
      }
    }
    exit 0
    "#);
}

#[test]
fn names_that_nobody_has_stop_a_run() {
    assert_snapshot!(check(&["push", "-i", "hosts", "site.yml", "--limit", "wbe"]), @"
    error: there is no host or group `wbe`
    hint: did you mean `web`?
    exit 2
    ");
    assert_snapshot!(check(&["push", "-i", "hosts", "site.yml", "-l", "web[7]"]), @"
    error: `web[7]` means no host
    hint: `web` has 2, the first is `[0]`
    exit 2
    ");
    assert_snapshot!(check(&["push", "-i", "hosts", "site.yml", "-l", "web:&here"]), @"
    error: no host is in `web:&here`
    hint: `hep hosts` shows those there are
    exit 2
    ");
}

#[test]
fn what_stands_in_the_way_of_a_host_stops_a_run_to_it_alone() {
    assert_snapshot!(check(&["push", "-i", "hosts", "site.yml", "-l", "web1"]), @"
    error: hep has no connection `winrm`, and `web1` is to be reached by it
     --> hosts:6:20
      |
    6 | ansible_connection=winrm
      |                    ^^^^^
      |
      = hint: write `ssh` or `local`, or leave the host out
    exit 2
    ");
}
