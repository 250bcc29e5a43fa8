//! Owner, group, mode and ACLs on a real host: who gets in afterwards is asked of the kernel, by the users themselves.

use crate::operator::{Operator, start};
use hep_tests::{Flavour, Host};

/// A task of `file`, pushed twice: the second time there is nothing to do.
#[track_caller]
fn converges(operator: &Operator, parameters: &str) -> Vec<String> {
    let manifest = format!("- file: {{{parameters}}}\n");
    let first = operator.push(&manifest, &[]).ends(0);
    assert_eq!(first.statuses(), ["changed"], "{}", first.stdout);
    assert_eq!(operator.push(&manifest, &[]).ends(0).statuses(), ["ok"]);
    first.changes()
}

/// Whether www-data may do something.
fn may(host: &Host, command: &str) -> bool {
    let su = ["su", "-s", "/bin/sh", "www-data", "-c", command];
    host.exec(&su).unwrap().status.success()
}

fn stat(host: &Host, path: &str) -> String {
    host.exec_ok(&["stat", "-c", "%a %U", path]).unwrap().trim_end().to_owned()
}

/// Gives www-data rights beside those of mode and owner: its own, with the mask that lets it have them.
fn let_in(host: &Host, path: &str, kind: &str, rights: u16) {
    let mut acl = 2_u32.to_le_bytes().to_vec();
    let none = u32::MAX;
    for (tag, rights, id) in
        [(1_u16, 7, none), (2, rights, 33), (4, 0, none), (16, rights, none), (32, 0, none)]
    {
        acl.extend(tag.to_le_bytes());
        acl.extend(rights.to_le_bytes());
        acl.extend(id.to_le_bytes());
    }
    let name = format!("system.posix_acl_{kind}");
    rustix::fs::setxattr(host.path(path), name, &acl, rustix::fs::XattrFlags::empty()).unwrap();
}

#[test]
fn former_owner_leaves_no_way_into_a_file_that_gets_an_owner_or_a_mode() {
    let (host, operator) = start(Flavour::Sysv);
    host.shell("mkdir /srv/d; echo old > /srv/d/f; chown www-data /srv/d/f").unwrap();
    let_in(&host, "/srv/d/f", "access", 6);
    host.shell("chown nobody /srv/d/f").unwrap();
    assert!(may(&host, "cat /srv/d/f"));
    let changes = converges(
        &operator,
        "dest: /srv/d/f, content: 'NEW SECRET', owner: root, group: root, mode: '0640'",
    );
    assert!(changes[0].contains("ACL user:www-data:rw- -> none"), "{changes:?}");
    assert!(!may(&host, "cat /srv/d/f"));
    // Whoever lets himself in again is found although nothing else has changed.
    let_in(&host, "/srv/d/f", "access", 4);
    host.exec_ok(&["chmod", "640", "/srv/d/f"]).unwrap();
    assert!(may(&host, "cat /srv/d/f"));
    converges(&operator, "dest: /srv/d/f, content: 'NEW SECRET', owner: root, mode: '0640'");
    assert!(!may(&host, "cat /srv/d/f"));

    let_in(&host, "/srv/d", "default", 7);
    host.exec_ok(&["chmod", "755", "/srv/d"]).unwrap();
    converges(&operator, "dest: /srv/d/key, content: k, mode: '0640'");
    assert!(!may(&host, "cat /srv/d/key"));
    converges(&operator, "dest: /srv/d, action: directory, mode: '0755'");
    host.shell("umask 027; echo x > /srv/d/later").unwrap();
    assert!(!may(&host, "cat /srv/d/later"));
}

#[test]
fn acl_stays_and_is_handed_down_where_nobody_asks_who_gets_in() {
    let (host, operator) = start(Flavour::Sysv);
    host.shell("mkdir -m 755 /srv/d; echo old > /srv/d/f").unwrap();
    let_in(&host, "/srv/d/f", "access", 6);
    let_in(&host, "/srv/d", "default", 7);
    converges(&operator, "dest: /srv/d/f, content: new");
    assert!(may(&host, "echo x >> /srv/d/f"));
    converges(&operator, "dest: /srv/d/log, content: ''");
    assert!(may(&host, "echo x >> /srv/d/log"));
    converges(&operator, "dest: /srv/d/sub, action: directory");
    assert!(may(&host, "echo x > /srv/d/sub/new"));
}

#[test]
fn tree_of_what_the_host_lives_on_is_refused_however_it_is_named() {
    let (host, operator) = start(Flavour::Sysv);
    let before = host.shell(
        "find / -xdev -printf '%p %m %U %G\\n' | grep -v '^/\\(var\\|run\\|tmp\\)' | md5sum",
    );
    for path in ["/{{ x }}", "/etc/{{ x }}", "/usr/{{ x }}", "/bin/{{ x }}", "/etc/{{ x }}/../"] {
        let manifest = format!(
            "- file: {{dest: '{path}', action: directory, recurse: true, mode: 700, follow: true}}\n"
        );
        for options in [&["-e", "x="][..], &["--check", "-e", "x="]] {
            let error = operator.push(&manifest, options).ends(1).error();
            assert!(error.contains("the host lives on it"), "{path}: {error}");
        }
    }
    let after = host.shell(
        "find / -xdev -printf '%p %m %U %G\\n' | grep -v '^/\\(var\\|run\\|tmp\\)' | md5sum",
    );
    assert_eq!(before.unwrap(), after.unwrap());
}

#[test]
fn what_is_mounted_below_keeps_its_attributes_unless_asked() {
    let (host, operator) = start(Flavour::Sysv);
    host.shell(
        "mkdir -p /srv/tree/a /srv/tree/tmpfs /srv/tree/bind /srv/else; cd /srv
         mount -t tmpfs none tree/tmpfs; echo x > tree/tmpfs/x; echo x > else/x; echo x > tree/f; echo x > tree/a/x
         mount --bind else tree/bind; touch tree/file; mount --bind else/x tree/file",
    )
    .unwrap();
    let task = "dest: /srv/tree, action: directory, recurse: true, owner: www-data";
    let run = operator.push(&format!("- file: {{{task}}}\n"), &[]).ends(0);
    assert!(run.stdout.contains("one_file_system: false"), "{}", run.stdout);
    let owner = |path: &str| stat(&host, path).split(' ').nth(1).unwrap().to_owned();
    for (path, expected) in [
        ("/srv/tree/a/x", "www-data"),
        ("/srv/tree/f", "www-data"),
        ("/srv/tree/tmpfs", "root"),
        ("/srv/tree/tmpfs/x", "root"),
        ("/srv/tree/bind/x", "root"),
        ("/srv/tree/file", "root"),
    ] {
        assert_eq!(owner(path), expected, "{path}");
    }
    converges(&operator, &format!("{task}, one_file_system: false"));
    for path in ["/srv/tree/tmpfs/x", "/srv/tree/bind/x", "/srv/else/x"] {
        assert_eq!(owner(path), "www-data", "{path}");
    }
}

#[test]
fn replaced_program_leaves_its_rights_to_no_backup() {
    let (host, operator) = start(Flavour::Sysv);
    host.shell("cp /bin/true /srv/suid; chmod 4755 /srv/suid").unwrap();
    converges(&operator, "dest: /srv/suid, content: '#!/bin/sh', mode: '4755', backup: true");
    let kept = host.shell("stat -c %a /srv/suid.*~").unwrap();
    assert_eq!(kept.trim(), "755");
}
