//! Check mode against what the host itself refuses, and against what only the push would bring.

use crate::operator::{Operator, start};
use hep_tests::{Flavour, Host};

/// What is on the host, and what must come of it.
struct Case {
    /// Makes what stands in the way.
    before: &'static str,
    manifest: &'static str,
    /// What the failure of both says.
    says: &'static str,
}

const REFUSED: [Case; 13] = [
    Case {
        before: "echo a > /srv/hosts; echo a > /srv/src; mount --bind /srv/src /srv/hosts",
        manifest: "- file: {dest: /srv/hosts, content: new}",
        says: "in_place",
    },
    Case {
        before: "true",
        manifest: "- file: {dest: /srv/hosts, action: absent}",
        says: "mount point",
    },
    Case {
        before: "mkdir /srv/ro; mount -t tmpfs -o ro none /srv/ro",
        manifest: "- file: {dest: /srv/ro/x, content: new}",
        says: "read-only",
    },
    Case {
        before: "true",
        manifest: "- file: {dest: /srv/ro/a/b, content: new, parents: true}",
        says: "read-only",
    },
    Case {
        before: "true",
        manifest: "- file: {dest: /srv/ro/d, action: directory}",
        says: "read-only",
    },
    Case {
        before: "true",
        manifest: "- file: {dest: /srv/ro/l, action: link, src: /etc}",
        says: "read-only",
    },
    Case {
        before: "mount -o remount,rw /srv/ro; echo x > /srv/ro/f; mount -o remount,ro /srv/ro",
        manifest: "- file: {dest: /srv/ro/f, mode: '0600'}",
        says: "read-only",
    },
    Case {
        before: "true",
        manifest: "- file: {dest: /srv/ro/f, action: touch}",
        says: "read-only",
    },
    Case {
        before: "true",
        manifest: "- file: {dest: /srv/ro/f, content: new, in_place: true}",
        says: "read-only",
    },
    Case {
        before: "true",
        manifest: "- file: {dest: /proc/sys/kernel/hostname, content: new}",
        says: "kernel",
    },
    Case {
        before: "true",
        manifest: "- file: {dest: /proc/hep, action: directory}",
        says: "kernel",
    },
    Case {
        before: "mkdir /srv/m; mount -t tmpfs none /srv/m",
        manifest: "- file: {dest: /srv/m, action: absent, recurse: true}",
        says: "mount point",
    },
    Case {
        before: "true",
        manifest: "- file: {dest: /sys/kernel/hep, content: x}",
        says: "kernel",
    },
];

#[test]
fn what_the_file_system_refuses_is_foreseen() {
    let (host, operator) = start(Flavour::Sysv);
    for Case { before, manifest, says } in REFUSED {
        host.shell(before).unwrap();
        both_refuse(&operator, manifest, says);
    }
}

#[track_caller]
fn both_refuse(operator: &Operator, manifest: &str, says: &str) {
    for options in [&["--check"][..], &[]] {
        let error = operator.push(&format!("{manifest}\n"), options).ends(1).error();
        assert!(error.contains(says), "{manifest} {options:?}: {error}");
    }
}

#[test]
fn what_is_immutable_or_may_only_grow_is_foreseen() {
    let (host, operator) = start(Flavour::Sysv);
    host.shell("mkdir /srv/d /srv/e; echo x > /srv/f; echo x > /srv/g; echo x > /srv/e/f; mkdir -p /srv/t/a; echo x > /srv/t/a/f").unwrap();
    let flags = [
        ("+i", "/srv/t/a/f"),
        ("+i", "/srv/f"),
        ("+a", "/srv/g"),
        ("+i", "/srv/d"),
        ("+a", "/srv/e"),
    ];
    for (flag, path) in flags {
        host.exec_ok(&["chattr", flag, path]).unwrap();
    }
    for manifest in [
        "- file: {dest: /srv/f, content: new}",
        "- file: {dest: /srv/f, mode: '0600'}",
        "- file: {dest: /srv/f, action: absent}",
        "- file: {dest: /srv/f, content: new, in_place: true}",
        "- file: {dest: /srv/g, content: new}",
        "- file: {dest: /srv/g, owner: www-data}",
        "- file: {dest: /srv/d/new, content: new}",
        "- file: {dest: /srv/d/new, action: directory}",
        "- file: {dest: /srv/e/f, content: new}",
        "- file: {dest: /srv/e/f, action: absent}",
        "- file: {dest: /srv/t, action: absent, recurse: true}",
        "- file: {dest: /srv/t, content: file, force: true}",
    ] {
        both_refuse(&operator, manifest, "chattr");
    }
    for (flag, path) in flags {
        host.exec_ok(&["chattr", &flag.replace('+', "-"), path]).unwrap();
    }
}

/// A check that leaves open what only the run can tell, and the run, which goes well.
#[track_caller]
fn open_then_fine(operator: &Operator, manifest: &str, open: usize) {
    let check = operator.push(manifest, &["--check"]).ends(0);
    assert_eq!(check.statuses()[open], "pending", "{}", check.stdout);
    let lines = check.events("task")[open]["changes"].to_string();
    assert!(lines.contains("depends on"), "{manifest}: {lines}");
    let run = operator.push(manifest, &[]).ends(0);
    assert_eq!(run.statuses()[open], "changed", "{}", run.stdout);
}

#[test]
fn what_an_earlier_command_may_mend_or_make_is_left_open() {
    let (host, operator) = start(Flavour::Sysv);
    host.shell("mkdir -p /srv/ro /srv/m /srv/d; mount -t tmpfs -o ro none /srv/ro; mount -t tmpfs none /srv/m; echo same > /srv/d/f").unwrap();
    for (manifest, open) in [
        ("- command: mount -o remount,rw /srv/ro\n- file: {dest: /srv/ro/x, content: x}\n", 1),
        ("- command: umount /srv/m\n- file: {dest: /srv/m, action: absent, recurse: true}\n", 1),
        ("- command: touch /srv/made\n- file: {dest: /srv/made, action: absent}\n", 1),
        ("- command: {shell: 'rm /srv/d/f'}\n- file: {dest: /srv/d/f, content: \"same\\n\"}\n", 1),
        ("- command: rm -r /srv/d\n- file: {dest: /srv/d, action: directory}\n", 1),
        ("- command: touch /srv/mark\n- command: {argv: rm /srv/mark, removes: /srv/mark}\n", 1),
    ] {
        open_then_fine(&operator, manifest, open);
    }
}

fn placed_deb(host: &Host, operator: &Operator) -> String {
    let deb = host.exec(&["cat", "/srv/hep-loose_1.0_all.deb"]).unwrap().stdout;
    operator.write("tool.deb", deb);
    "- file: {src: tool.deb, dest: /srv/tool.deb}\n- apt: {package: /srv/tool.deb}\n".to_owned()
}

#[test]
fn package_file_that_the_run_brings_is_left_open() {
    let (host, operator) = start(Flavour::Sysv);
    let manifest = placed_deb(&host, &operator);
    // What is there now is no package at all.
    host.write("/srv/tool.deb", "old").unwrap();
    open_then_fine(&operator, &manifest, 1);
    assert!(host.exists("/usr/share/hep-loose/loose.txt"));
    assert_eq!(operator.push(&manifest, &["--check"]).ends(0).statuses(), ["ok", "ok"]);

    host.shell("apt-get purge -y hep-loose; rm /srv/tool.deb").unwrap();
    let fetched =
        "- command: cp /srv/hep-loose_1.0_all.deb /srv/tool.deb\n- apt: {package: /srv/tool.deb}\n";
    open_then_fine(&operator, fetched, 1);
}
