//! Hosts files as an operator meets them.

#![expect(clippy::too_many_lines, reason = "a snapshot is as long as what it shows")]

use super::super::{Host, Surroundings, resolve};
use super::*;
use insta::assert_snapshot;
use std::path::{Path, PathBuf};

fn check(text: &str) -> String {
    let source = Source::from_bytes(Path::new("hosts"), text.into()).unwrap();
    let around = Surroundings {
        working_directory: PathBuf::from("/nowhere"),
        home: Some(PathBuf::from("/home/me")),
    };
    let mut draft = Draft::new(Dialect::Hep);
    read(&source, &mut draft);
    match resolve::resolve(draft, Path::new("hosts"), &serde_json::Map::new(), &around) {
        Ok(inventory) => inventory.hosts.iter().map(shown).collect(),
        Err(diagnostics) => diagnostics.to_string(),
    }
}

/// `name = user:password@address:port key groups {variables}`, as far as known.
fn shown(host: &Host) -> String {
    let word = |text: Option<&str>| text.unwrap_or("-").to_owned();
    let password = host.password.as_ref().map(|_| "secret");
    let port = host.port.map(|port| port.to_string());
    let vars: Vec<String> =
        host.effective().iter().map(|v| format!("{}: {}", v.name, v.value)).collect();
    let key = host.private_key.as_ref().map(|path| path.display().to_string());
    format!(
        "{} = {}:{}@{}:{} {} {} {:?} {{{}}}\n{}",
        host.name,
        word(host.user.as_deref()),
        word(password),
        host.address,
        word(port.as_deref()),
        word(key.as_deref()),
        host.transport.map_or_else(|| "-".to_owned(), |way| format!("{way:?}")),
        host.groups,
        vars.join(", "),
        host.obstacles,
    )
}

#[test]
fn hosts_of_the_ancestor_are_read_as_they_are() {
    assert_snapshot!(check("54.90.85.83\n34.201.60.138\n"), @r#"
    54.90.85.83 = -:-@54.90.85.83:- - - ["ungrouped"] {}
    34.201.60.138 = -:-@34.201.60.138:- - - ["ungrouped"] {}
    "#);
}

#[test]
fn settings_are_read_in_both_spellings() {
    assert_snapshot!(check("# all\r\nweb1 host=192.0.2.1 port=2222 user=root password='a b#c' # first\r\nweb2 ansible_host=[::1] ansible_port=22 ansible_user=me ansible_ssh_pass=\"x\\\"y\\z\"\r\nme@web3:2200\r\n"), @r#"
    web1 = root:secret@192.0.2.1:2222 - - ["ungrouped"] {port: 2222, user: "root"}
    web2 = me:secret@::1:22 - - ["ungrouped"] {ansible_host: "[::1]", ansible_port: 22, ansible_user: "me"}
    me@web3:2200 = me:-@web3:2200 - - ["ungrouped"] {}
    "#);
}

#[test]
fn the_nearest_setting_counts() {
    let text = "[web]\nw1\nw2 user=own\nw3 user=own ansible_user=exact\nw4 ansible_user=a ansible_ssh_user=b\n\
                root@w5 port=7\nw6:23\nw6 ansible_port=24\n\
                [web:vars]\nansible_user=group\nansible_port=2222\nansible_password=12.50\nport=8080\n";
    assert_snapshot!(check(text), @r#"
    w1 = group:secret@w1:2222 - - ["web"] {ansible_user: "group", ansible_port: 2222, port: 8080}
    w2 = own:secret@w2:2222 - - ["web"] {ansible_user: "group", ansible_port: 2222, port: 8080, user: "own"}
    w3 = exact:secret@w3:2222 - - ["web"] {ansible_user: "exact", ansible_port: 2222, port: 8080, user: "own"}
    w4 = b:secret@w4:2222 - - ["web"] {ansible_user: "a", ansible_port: 2222, port: 8080, ansible_ssh_user: "b"}
    root@w5 = group:secret@w5:7 - - ["web"] {ansible_user: "group", ansible_port: 2222, port: 7}
    w6 = group:secret@w6:24 - - ["web"] {ansible_user: "group", ansible_port: 24, port: 8080}
    "#);
}

#[test]
fn a_host_is_described_wherever_it_is_named() {
    assert_snapshot!(check("[web]\nw1 a=1\nw1 b=2\n[all-of-them]\nw1 a=3\nw2\nw2\n"), @r#"
    w1 = -:-@w1:- - - ["all-of-them", "web"] {a: 3, b: 2}
    w2 = -:-@w2:- - - ["all-of-them"] {}
    "#);
}

#[test]
fn what_only_a_connection_needs_is_no_mistake_yet() {
    let text = "w1 ansible_host=\"{{ x }}\"\nw2 ansible_connection=winrm\nw3 ansible_ssh_private_key_file=keys/id\n\
                w4 ansible_connection=local\n";
    assert_snapshot!(check(text), @r#"
    w1 = -:-@:- - - ["ungrouped"] {ansible_host: "{{ x }}"}
    error: `ansible_host` cannot be evaluated: `x` is undefined, and `w1` is to be reached by it
     --> hosts:1:17
      |
    1 | w1 ansible_host="{{ x }}"
      |                 ^^^^^^^^^
      |
      = hint: it may use the host's variables, and no facts: how to reach a host is known before those are
    w2 = -:-@w2:- - - ["ungrouped"] {ansible_connection: "winrm"}
    error: hep has no connection `winrm`, and `w2` is to be reached by it
     --> hosts:2:23
      |
    2 | w2 ansible_connection=winrm
      |                       ^^^^^
      |
      = hint: write `ssh` or `local`, or leave the host out
    w3 = -:-@w3:- - - ["ungrouped"] {ansible_ssh_private_key_file: "keys/id"}
    error: there is no private key at `/nowhere/keys/id`, and `w3` is to be reached by it
     --> hosts:3:33
      |
    3 | w3 ansible_ssh_private_key_file=keys/id
      |                                 ^^^^^^^
      |
      = hint: a relative path is sought beside the hosts file, then in the working directory
    w4 = -:-@w4:- - Local ["ungrouped"] {ansible_connection: "local"}
    "#);
}

#[test]
fn a_way_to_hosts_may_be_named() {
    let text = "w1 hep_transport=openssh\nw2 ansible_connection=ssh\nw3 ansible_connection=local hep_transport=ssh2\n\
                w4 hep_transport=ssh\nw5 ansible_connection=ansible.netcommon.libssh\n";
    assert_snapshot!(check(text), @r#"
    w1 = -:-@w1:- - Openssh ["ungrouped"] {hep_transport: "openssh"}
    w2 = -:-@w2:- - - ["ungrouped"] {ansible_connection: "ssh"}
    w3 = -:-@w3:- - Ssh2 ["ungrouped"] {ansible_connection: "local", hep_transport: "ssh2"}
    w4 = -:-@w4:- - - ["ungrouped"] {hep_transport: "ssh"}
    error: hep has no connection `ssh`, and `w4` is to be reached by it
     --> hosts:4:18
      |
    4 | w4 hep_transport=ssh
      |                  ^^^
      |
      = hint: write `ssh2`, `openssh` or `local`, or leave the host out
    w5 = -:-@w5:- - - ["ungrouped"] {ansible_connection: "ansible.netcommon.libssh"}
    "#);
}

#[test]
fn letters_of_passwords_stay() {
    let text = "w1 password=a#b\\c become_password=x ansible_become_password=x\n";
    let said = check(text);
    assert!(said.starts_with("w1 = -:secret@w1:- - - [\"ungrouped\"] {}"), "{said}");
}

#[test]
fn all_mistakes_are_shown_at_once() {
    assert_snapshot!(check(
        "web1 prot=22\nweb2 port=0\nweb1\nweb3 web4\nuser=root\nweb5 password='x\nweb[10:01]\n\
         web6 user=a user=b\nweb7 private_key=keys/id\nweb8 port=\nw;b\n[web:vras]\nx=y\n[ ]\n\
         web9 ansible_python_interpreter=/usr/bin/python3 passwrd=x\n"
    ), @"
    error: unknown key `prot`
     --> hosts:1:6
      |
    1 | web1 prot=22
      |      ^^^^
      |
      = hint: did you mean `port`? the keys are `host`, `port`, `user`, `password`, `password_command`, `private_key`, `become`, `become_user`, `become_method`, `become_password` and `become_password_command`; a variable of this name goes into `host_vars`

    error: `0` is not a port
     --> hosts:2:11
      |
    2 | web2 port=0
      |           ^
      |
      = hint: write a number from 1 to 65535

    error: `web4` is not a `key=value`
     --> hosts:4:6
      |
    4 | web3 web4
      |      ^^^^
      |
      = hint: write one host a line; settings such as `port=2222` follow the name

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

    error: `web[10:01]` is not a range: its end comes before its begin
     --> hosts:7:1
      |
    7 | web[10:01]
      | ^^^^^^^^^^
      |
      = hint: write a range as `web[01:20]`, `db-[a:f]` or `n[0:10:2]`

    error: this is given twice
     --> hosts:8:13
      |
    8 | web6 user=a user=b
      |             ^^^^^^ and again here
      |
     ::: hosts:8:6
      |
    8 | web6 user=a user=b
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

    error: `w;b` is not the name or address of a host
      --> hosts:11:1
       |
    11 | w;b
       | ^^^
       |
       = hint: write it as `web1.example.org`, `192.0.2.7`, `web1:2222` or `[2001:db8::7]:2222`

    error: there are no sections of the kind `vras`
      --> hosts:12:6
       |
    12 | [web:vras]
       |      ^^^^
       |
       = hint: write `[group]`, `[group:vars]` or `[group:children]`

    error: this is not a group
      --> hosts:14:1
       |
    14 | [ ]
       | ^^^
       |
       = hint: write `[group]` on a line of its own, without spaces
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
fn commas_between_settings_are_told_at_their_place() {
    assert_snapshot!(check("web1 user=root, port=22,\nweb2 password=a, tier=x,\n"), @"
    error: `user` ends with a `,`
     --> hosts:1:11
      |
    1 | web1 user=root, port=22,
      |           ^^^^^
      |
      = hint: remove the `,`: only spaces separate settings

    error: `port` ends with a `,`
     --> hosts:1:22
      |
    1 | web1 user=root, port=22,
      |                      ^^^
      |
      = hint: remove the `,`: only spaces separate settings
    ");
}

#[test]
fn mistakes_of_groups_are_shown_at_once() {
    assert_snapshot!(check(
        "[web]\nw1 part=7 ports=80\n10.0.0.1:22\n10.0.0.1:23\n[web:var]\nx\n[wbe:vars]\na=1\n[all:children]\nwebb\nweb x\n\
         [a:children]\nb\n[b:children]\nc\n[c:children]\na\nc\n[web:vars]\nx\nansible_prot=22\n=5\n[web:vars] x\n\
         ansible_group_priority=high\n[we b]\n[c:vars]\nansible_group_priority=high\n"
    ), @"
    error: `10.0.0.1` is one host, and has port 22 already
     --> hosts:4:1
      |
    4 | 10.0.0.1:23
      | ^^^^^^^^^^^
      |
     ::: hosts:3:1
      |
    3 | 10.0.0.1:22
      | ^^^^^^^^^^^ first here
      |
      = hint: give each a name: `web1 host=10.0.0.1 port=23`

    error: there are no sections of the kind `var`
     --> hosts:5:6
      |
    5 | [web:var]
      |      ^^^
      |
      = hint: write `[group]`, `[group:vars]` or `[group:children]`

    error: there is no group `wbe` for these variables
     --> hosts:7:2
      |
    7 | [wbe:vars]
      |  ^^^
      |
      = hint: did you mean `web`?

    error: there is no group `webb` for this section
      --> hosts:10:1
       |
    10 | webb
       | ^^^^
       |
       = hint: did you mean `web`?

    error: `web x` is not a group name
      --> hosts:11:1
       |
    11 | web x
       | ^^^^^
       |
       = hint: write one group a line, without settings

    error: the group `a` would contain itself
      --> hosts:17:1
       |
    17 | a
       | ^
       |
       = hint: break the cycle: a > b > c > a

    error: the group `c` would contain itself
      --> hosts:18:1
       |
    18 | c
       | ^
       |
       = hint: break the cycle: c > c

    error: `x` is not a `name=value`
      --> hosts:20:1
       |
    20 | x
       | ^
       |
       = hint: write a variable on each line, as `http_port=8080`

    error: unknown setting `ansible_prot`
      --> hosts:21:1
       |
    21 | ansible_prot=22
       | ^^^^^^^^^^^^
       |
       = hint: did you mean `ansible_port`?

    error: this variable has no name
      --> hosts:22:1
       |
    22 | =5
       | ^^
       |
       = hint: write it as `http_port=8080`

    error: this is not a group
      --> hosts:23:1
       |
    23 | [web:vars] x
       | ^^^^^^^^^^^^
       |
       = hint: write `[group]` on a line of its own, without spaces

    error: this is not a group
      --> hosts:25:1
       |
    25 | [we b]
       | ^^^^^^
       |
       = hint: write `[group]` on a line of its own, without spaces

    error: a priority is a whole number
      --> hosts:27:24
       |
    27 | ansible_group_priority=high
       |                        ^^^^
       |
       = hint: write a number; 1 is usual
    ");
}
