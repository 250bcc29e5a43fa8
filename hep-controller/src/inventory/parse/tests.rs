//! Hosts files as an operator meets them.

#![expect(clippy::too_many_lines, reason = "a snapshot is as long as what it shows")]

use super::*;
use insta::assert_snapshot;

fn check(text: &str) -> String {
    let source = Source::from_bytes(Path::new("hosts"), text.into()).unwrap();
    let around = Surroundings {
        working_directory: PathBuf::from("/nowhere"),
        home: Some(PathBuf::from("/home/me")),
    };
    match Inventory::parse(&source, &around) {
        Ok(inventory) => {
            let hosts: Vec<String> = inventory.hosts.iter().map(|h| format!("{h:?}")).collect();
            hosts.join("\n")
        }
        Err(diagnostics) => diagnostics.to_string(),
    }
}

#[test]
fn hosts_of_the_ancestor_are_read_as_they_are() {
    assert_snapshot!(check("54.90.85.83\n34.201.60.138\n"), @r#"
    Host { name: "54.90.85.83", address: "54.90.85.83", port: None, user: None, password: None, private_key: None }
    Host { name: "34.201.60.138", address: "34.201.60.138", port: None, user: None, password: None, private_key: None }
    "#);
}

#[test]
fn settings_are_read_in_both_spellings() {
    assert_snapshot!(check("# all\r\nweb1 host=192.0.2.1 port=2222 user=root password='a b#c' # first\r\nweb2 ansible_host=[::1] ansible_port=22 ansible_user=me ansible_ssh_pass=\"x\\\"y\\z\"\r\nme@web3:2200\r\n"), @r#"
    Host { name: "web1", address: "192.0.2.1", port: Some(2222), user: Some("root"), password: Some(Secret(..)), private_key: None }
    Host { name: "web2", address: "::1", port: Some(22), user: Some("me"), password: Some(Secret(..)), private_key: None }
    Host { name: "me@web3:2200", address: "web3", port: Some(2200), user: Some("me"), password: None, private_key: None }
    "#);
}

#[test]
fn groups_only_group() {
    assert_snapshot!(check("[web]\nw1\nw2 port=22\n\n[all-of-them]\nw1\nw3\n"), @r#"
    Host { name: "w1", address: "w1", port: None, user: None, password: None, private_key: None }
    Host { name: "w2", address: "w2", port: Some(22), user: None, password: None, private_key: None }
    Host { name: "w3", address: "w3", port: None, user: None, password: None, private_key: None }
    "#);
}

#[test]
fn all_mistakes_are_shown_at_once() {
    assert_snapshot!(check(
        "web1 prot=22\nweb2 port=0\nweb1\nweb3 web4\nuser=root\nweb5 password='x\nweb[01:10]\n\
         web6 user=a ansible_user=b\nweb7 private_key=keys/id\nweb8 port=\nw;b\n[web:vars]\nx=y\n[ ]\n\
         web9 ansible_python_interpreter=/usr/bin/python3\n"
    ), @"
    error: unknown key `prot`
     --> hosts:1:6
      |
    1 | web1 prot=22
      |      ^^^^
      |
      = hint: did you mean `port`? the keys are `host`, `port`, `user`, `password` and `private_key`

    error: `0` is no port
     --> hosts:2:11
      |
    2 | web2 port=0
      |           ^
      |
      = hint: write a number from 1 to 65535

    error: the host `web1` is given twice
     --> hosts:3:1
      |
    3 | web1
      | ^^^^ and again here
      |
     ::: hosts:1:1
      |
    1 | web1 prot=22
      | ^^^^ first here
      |
      = hint: remove one of the lines

    error: `web4` is no `key=value`
     --> hosts:4:6
      |
    4 | web3 web4
      |      ^^^^
      |
      = hint: write one host a line; behind its name come settings as `port=2222`

    error: a line begins with the name of a host
     --> hosts:5:1
      |
    5 | user=root
      | ^^^^
      |
      = hint: write the host first: `web1 user=...`

    error: this quote is not closed
     --> hosts:6:15
      |
    6 | web5 password='*
      |               ^
      |
      = hint: close it at the end of the value, or put the value into the other kind of quotes

    error: `web[01:10]` is no host: this version of hep has no ranges
     --> hosts:7:1
      |
    7 | web[01:10]
      | ^^^^^^^^^^
      |
      = hint: write each host on its own line

    error: this is given twice
     --> hosts:8:13
      |
    8 | web6 user=a ansible_user=b
      |             ^^^^^^^^^^^^^^ and again here
      |
     ::: hosts:8:6
      |
    8 | web6 user=a ansible_user=b
      |      ^^^^^^ first here
      |
      = hint: keep one of them

    error: there is no private key at `/nowhere/keys/id`
     --> hosts:9:18
      |
    9 | web7 private_key=keys/id
      |                  ^^^^^^^
      |
      = hint: a relative path is sought beside the hosts file, then in the working directory

    error: `port` has no value
      --> hosts:10:6
       |
    10 | web8 port=
       |      ^^^^^
       |
       = hint: write `port=value`, or remove it

    error: `w;b` is no name or address of a host
      --> hosts:11:1
       |
    11 | w;b
       | ^^^
       |
       = hint: write it as `web1.example.org`, `192.0.2.7`, `web1:2222` or `[2001:db8::7]:2222`

    error: this version of hep has no `[web:vars]`
      --> hosts:12:1
       |
    12 | [web:vars]
       | ^^^^^^^^^^
       |
       = hint: write the settings on the lines of the hosts

    error: this is no group
      --> hosts:14:1
       |
    14 | [ ]
       | ^
       |
       = hint: write `[group]` on a line of its own

    error: unknown key `ansible_python_interpreter`
      --> hosts:15:6
       |
    15 | web9 ansible_python_interpreter=/usr/bin/python3
       |      ^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = hint: remove it: hep needs no Python on the host
    ");
}

#[test]
fn a_file_without_hosts_is_a_mistake() {
    assert_snapshot!(check("# none\n\n"), @"
    error: the hosts file names no host
    --> hosts
     = hint: write a name or an address on each line
    ");
}

#[test]
fn spaces_around_equals_are_one_mistake() {
    for line in ["port = 22\n", "web1 port = 22\n", "web1 port =22\n", "web1 port= 22\n"] {
        let said = check(line);
        assert_eq!(said.matches("error:").count(), 1, "{said}");
        assert!(said.contains("no spaces around its `=`"), "{said}");
    }
}

#[test]
fn a_yaml_inventory_is_one_mistake() {
    for text in
        ["all:\n  hosts:\n    web1:\n    web2:\n", "---\nall:\n  hosts:\n", "# x\nweb:\n  hosts:\n"]
    {
        let said = check(text);
        assert_eq!(said.matches("error:").count(), 1, "{said}");
        assert!(said.contains("looks like a YAML inventory"), "{said}");
    }
}
