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
    let task = "- file: {dest: /nowhere/x, content: x}\n";
    with(&[("hosts", HOSTS), ("group_vars/web.yml", "tls: yes\n"), ("site.yml", task)], line)
}

/// The same with these files.
fn with(files: &[(&str, &str)], line: &[&str]) -> String {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
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
            "user": "jump",
            "ansible_user": "jump"
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
    note: passwords, and the commands that print them, are left out
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
    error: `web[7]` matches no host
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

/// Under whatever name, and wherever they stand, passwords and what prints them are for nobody who reads the listing.
#[test]
fn no_listing_has_a_password() {
    let hosts = "a password=swordfish\nb password_command='echo swordfish'\nc become_password=swordfish\n\
                 d become_password_command='echo swordfish'\n\
                 e ansible_ssh_pass=swordfish ansible_become_pass=swordfish\n\
                 f ansible_password=swordfish ansible_become_password=swordfish\n\
                 g ansible_ssh_password=swordfish ansible_sudo_pass=swordfish\n\
                 [group]\nh\n[group:vars]\nansible_password=swordfish\nansible_become_pass=swordfish\n\
                 [parent:children]\ngroup\n";
    let files = [
        ("hosts", hosts),
        (
            "group_vars/parent.yml",
            "ansible_ssh_pass: swordfish\nansible_become_password: swordfish\n",
        ),
        ("host_vars/h/a.yml", "ansible_ssh_password: swordfish\n"),
    ];
    for output in ["human", "json"] {
        for host in ["all", "a", "b", "c", "d", "e", "f", "g", "h"] {
            let screen = with(&files, &["hosts", "-i", "hosts", host, "--output", output]);
            assert!(screen.ends_with("exit 0") && !screen.contains("swordfish"), "{screen}");
            let told =
                screen.contains("note: passwords, and the commands that print them, are left");
            assert_eq!(told, output == "json", "{host} {output}: {screen}");
        }
    }
    let screen =
        with(&[("hosts", "a password_age=3\n")], &["hosts", "-i", "hosts", "--output", "json"]);
    assert!(screen.contains("\"password_age\": 3") && !screen.contains("note: "), "{screen}");
}
