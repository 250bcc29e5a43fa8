//! A user of the host plants links and hard links in the way of what root changes, before a push and while it runs.

use crate::operator::{Run, start};
use hep_tests::{Flavour, Host};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

const USERS: &str = "useradd -m -s /bin/bash alice && useradd -m -s /bin/bash bob && chmod 755 /home/alice /home/bob";

/// What root has, and must keep: directories and files with owner, mode, content and number of names.
const VICTIM: &str = "mkdir -p /srv/victim/sub /srv/victim/dir && cd /srv/victim && chmod 700 . sub \
                      && echo root-key > keys && echo a > sub/keys && echo b > dir/x && chmod 600 keys";

fn victim(host: &Host) -> String {
    let look = "find /srv/victim -printf '%p %y %U:%G %m %s %n\\n' | sort; cat /srv/victim/keys /srv/victim/*/* | sha256sum; \
                stat -c '%n %U:%G %a %h' /etc/shadow /etc/passwd";
    host.shell(look).unwrap()
}

fn messages(run: &Run) -> Vec<String> {
    let tasks = run.events("task");
    let text = |task: &serde_json::Value| {
        task["error"]["message"].as_str().unwrap_or("no error").to_owned()
    };
    tasks.iter().map(text).collect()
}

#[test]
fn link_of_a_user_leads_root_nowhere_but_to_what_is_theirs() {
    let (host, operator) = start(Flavour::Sysv);
    host.shell(USERS).unwrap();
    host.shell(VICTIM).unwrap();
    host.shell("cd /home/alice && ln -s /srv/victim .ssh && mkdir -p dotfiles/app && ln -s dotfiles/app .app && chown -hR alice: .").unwrap();
    host.shell("ln -s /home/alice/.ssh /srv/roots").unwrap();
    let before = victim(&host);
    let refused = r#"
- {file: {dest: /home/alice/.ssh/keys, content: "user-key\n", owner: alice, mode: "0600", backup: true}, ignore_error: true}
- {file: {dest: /home/alice/.ssh/keys, action: touch}, ignore_error: true}
- {file: {dest: /home/alice/.ssh/sub, action: directory, recurse: true, owner: alice}, ignore_error: true}
- {file: {dest: /home/alice/.ssh/new/x, content: x, parents: true}, ignore_error: true}
- {file: {dest: /home/alice/.ssh/sub, action: absent, recurse: true}, ignore_error: true}
- {file: {dest: /srv/roots/link, action: link, src: /etc/passwd}, ignore_error: true}
- {file: {dest: /srv/stolen, action: hardlink, src: /home/alice/.ssh/keys}, ignore_error: true}
- {file: {dest: /home/alice/.ssh/keys, content: x}, become: true, become_user: bob, ignore_error: true}
"#;
    let link = "the link /home/alice/.ssh of alice is not followed: it leads to /srv/victim, which belongs to root";
    for options in [&["--check"][..], &["--diff"], &[]] {
        let run = operator.push(refused, options).ends(0);
        let messages = messages(&run);
        assert_eq!(messages.len(), 8);
        assert!(messages.iter().all(|message| message == link), "{options:?}: {messages:?}");
        assert!(
            run.error().contains("write `/srv/victim/keys` if that is what is meant"),
            "{}",
            run.error()
        );
        assert!(!run.stdout.contains("root-key"));
        assert_eq!(victim(&host), before, "{options:?}");
        assert!(!host.exists("/srv/stolen"));
    }
    // Nobody needs to write another path where everything is the user's own.
    let accepted = r#"
- file: {dest: /home/alice/.app/keys, content: "k\n", owner: alice, group: alice, mode: "0600"}
- file: {dest: /home/alice/.ssh2, action: link, src: /srv/victim, owner: alice}
- file: {dest: /var/run/hep-test, content: x}
- {file: {dest: /home/alice/own/x, content: x, parents: true}, become_user: alice}
- {file: {dest: /home/alice/.elsewhere, action: link, src: /tmp}, become_user: alice}
- {file: {dest: /home/alice/.elsewhere/x, content: x}, become_user: alice}
"#;
    let accepted = format!(
        "- hosts: all\n  become: true\n  tasks:\n{}",
        accepted.replace("\n- ", "\n  - ").trim_start_matches('\n')
    );
    operator.push(&accepted, &["--check"]).ends(0);
    let run = operator.push(&accepted, &[]).ends(0);
    assert_eq!(run.statuses(), vec!["changed"; 6]);
    let found = host
        .shell("stat -c '%U %a %n' /home/alice/dotfiles/app/keys /run/hep-test /tmp/x")
        .unwrap();
    assert_eq!(
        found.trim(),
        "alice 600 /home/alice/dotfiles/app/keys\nroot 644 /run/hep-test\nalice 644 /tmp/x"
    );
    assert_eq!(operator.push(&accepted, &[]).ends(0).statuses(), vec!["ok"; 6]);
    assert_eq!(victim(&host), before);
}

#[test]
fn hard_link_in_the_directory_of_a_user_is_not_given_away() {
    let (host, operator) = start(Flavour::Sysv);
    host.shell(USERS).unwrap();
    host.shell(VICTIM).unwrap();
    // As a user makes them where `protected_hardlinks` is off.
    host.shell("mkdir /home/alice/d && ln /etc/shadow /home/alice/d/x && ln /srv/victim/keys /home/alice/y && chown alice: /home/alice/d").unwrap();
    let before = victim(&host);
    let manifest = r#"
- {file: {dest: /home/alice/d, action: directory, recurse: true, owner: alice}, ignore_error: true}
- {file: {dest: /home/alice/y, owner: alice}, ignore_error: true}
- {file: {dest: /home/alice/y, mode: "0666"}, ignore_error: true}
- {file: {dest: /home/alice/y, content: x, in_place: true}, ignore_error: true}
- {file: {dest: /home/alice/y, action: touch}, ignore_error: true}
"#;
    for options in [&["--check"][..], &[]] {
        let run = operator.push(manifest, options).ends(0);
        let messages = messages(&run);
        assert_eq!(messages.len(), 5);
        assert!(
            messages
                .iter()
                .all(|message| message.contains("is a hard link to a file that has other names")),
            "{messages:?}"
        );
        assert_eq!(victim(&host), before, "{options:?}");
    }
    operator.push("- file: {dest: /home/alice/y, content: x, owner: alice}\n", &[]).ends(0);
    assert_eq!(
        host.shell("cat /srv/victim/keys; stat -c '%U %h' /home/alice/y").unwrap().trim(),
        "root-key\nalice 1"
    );
}

/// Each pair of names is exchanged as fast as the machine can.
const PAIRS: [(&str, &str); 9] = [
    ("tree/d1", "l1"),
    ("tree/d2", "l2"),
    ("tree/d1/t1", "l3"),
    ("dd/a", "l1"),
    ("dd/c/h", "l3"),
    ("d", "l1"),
    ("d/keys", "l3"),
    ("f", "l3"),
    ("p", "l2"),
];

const RACES: &str = r#"
- {file: {src: tree, dest: /home/alice/w/, owner: alice, group: alice, mode: "0666"}, ignore_error: true}
- {file: {dest: /home/alice/w/dd, action: directory, recurse: true, owner: alice, group: alice, mode: "0666"}, ignore_error: true}
- {file: {dest: /home/alice/w/dd, action: directory, recurse: true, owner: root, group: root, mode: "0640"}, ignore_error: true}
- {file: {dest: /home/alice/w/d/keys, content: "one\n", owner: alice, mode: "0666", backup: true}, ignore_error: true}
- {file: {dest: /home/alice/w/d/keys, content: "two\n", owner: alice, mode: "0666", validate: "grep -q two %s"}, ignore_error: true}
- {file: {dest: /home/alice/w/f, content: "one\n", owner: alice, mode: "0666", in_place: true}, ignore_error: true}
- {file: {dest: /home/alice/w/f, content: "two\n", owner: root, mode: "0600", in_place: true, backup: true}, ignore_error: true}
- {file: {dest: /home/alice/w/f, owner: alice, mode: "0666"}, ignore_error: true}
- {file: {dest: /home/alice/w/f, action: touch}, ignore_error: true}
- {file: {dest: /home/alice/w/p/q/r/x, content: "one\n", parents: true, owner: alice, mode: "0666"}, ignore_error: true}
- {file: {dest: /home/alice/w/p/q, action: absent, recurse: true}, ignore_error: true}
- {file: {dest: /home/alice/w/d/k, action: link, src: /etc/hostname, force: true, owner: alice}, ignore_error: true}
- {file: {dest: /home/alice/w/d/m, action: directory, force: true, owner: alice, mode: "0777"}, ignore_error: true}
- {file: {dest: /home/alice/w/d/keys, action: hardlink, src: /etc/hostname, force: true}, ignore_error: true}
- {file: {dest: /home/alice/w/d/k, action: absent}, ignore_error: true}
- {command: {shell: "cd /home/alice/w; mkdir -p dd/a/b dd/c d p; touch dd/a/1 dd/c/h f"}, become: true, become_user: alice, ignore_error: true}
"#;

fn exchange(one: &PathBuf, other: &PathBuf) {
    use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
    renameat2(AT_FDCWD, one, AT_FDCWD, other, RenameFlags::RENAME_EXCHANGE).ok();
}

#[test]
fn exchanged_directories_and_links_lead_root_to_nothing_of_its_own() {
    let (host, operator) = start(Flavour::Sysv);
    host.shell(USERS).unwrap();
    host.shell(VICTIM).unwrap();
    host.shell(
        "mkdir -p /home/alice/w && cd /home/alice/w && mkdir -p tree/d1 tree/d2 dd/a/b dd/c d p && ln -s /srv/victim l1 \
         && ln -s /srv/victim/sub l2 && ln -s /srv/victim/keys l3 && touch tree/d1/t1 dd/c/h d/keys f && chown -hR alice: .",
    )
    .unwrap();
    for directory in ["d1", "d2"] {
        std::fs::create_dir_all(operator.path(&format!("tree/{directory}"))).unwrap();
        for n in 0..12 {
            operator.write(&format!("tree/{directory}/t{n}"), format!("{n}\n"));
            operator.write("tree/x", "x");
        }
    }
    let before = victim(&host);
    let done = AtomicBool::new(false);
    let statuses = thread::scope(|scope| {
        for (one, other) in PAIRS {
            let at = |name: &str| host.path(&format!("/home/alice/w/{name}"));
            let (one, other, done) = (at(one), at(other), &done);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    exchange(&one, &other);
                    thread::yield_now();
                }
            });
        }
        let mut statuses = Vec::new();
        for _ in 0..10 {
            statuses.extend(operator.push(RACES, &[]).ends(0).statuses());
        }
        done.store(true, Ordering::Relaxed);
        statuses
    });
    assert_eq!(victim(&host), before);
    // The attack took place: some tasks came through, and some did not.
    let count = |wanted: &str| statuses.iter().filter(|status| *status == wanted).count();
    assert!(
        count("changed") > 5 && statuses.len() - count("changed") - count("ok") > 5,
        "{statuses:?}"
    );
    let shown = host.shell("grep -rl root-key /home/alice || true").unwrap();
    assert_eq!(shown, "");
}
