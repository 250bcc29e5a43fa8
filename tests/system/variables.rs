//! Variables from everywhere, and which host gets what.

use crate::operator::Operator;
use hep_tests::{Flavour, Host};

/// Two hosts, each in a group of its own, with variables at every place an inventory has.
fn two() -> ([Host; 2], Operator) {
    let hosts = ["web1", "db1"]
        .map(|name| std::thread::spawn(move || Host::start(Flavour::Sysv, name).unwrap()))
        .map(|host| host.join().unwrap());
    let operator = Operator::new(&[&hosts[0], &hosts[1]]);
    let lines = std::fs::read_to_string(operator.path("hosts")).unwrap();
    operator.write(
        "hosts",
        format!(
            "{lines}\n[web]\nweb1 own=web1s\n[db]\ndb1 own=db1s count=7\n\
             [web:vars]\nkind=web\ncount=1\n[db:vars]\nkind=db\ncount=2\n[all:vars]\nsite=here\n"
        ),
    );
    operator.write("group_vars/db.yml", "tuning: {memory: 512, disks: [a, b]}\n");
    operator.write("group_vars/all.yml", "tuning: none\nmotto: 'at {{ site }}'\n");
    operator.write("host_vars/web1.yml", "motto: 'of web1 {{ site }}'\n");
    (hosts, operator)
}

const EVERYTHING: &str = "
- vars: {port: 80, from: play}
  vars_files: [more.yml]
  tasks:
    - file:
        dest: /srv/vars
        content: |
          {{ own }} {{ kind }} {{ count + 1 }} {{ site }} {{ motto }}
          {{ tuning }} {{ port }} {{ from }} {{ inner }}
      vars: {inner: 'task on {{ host }}'}
";

#[test]
fn hosts_of_one_push_get_files_of_their_own_variables() {
    let ([web, db], operator) = two();
    operator.write("more.yml", "from: file\n");
    operator.push(EVERYTHING, &[]).ends(0);
    assert_eq!(
        web.read("/srv/vars").unwrap(),
        "web1s web 2 here of web1 here\nnone 80 file task on web1\n"
    );
    let tuning = "{\"memory\":512,\"disks\":[\"a\",\"b\"]}";
    assert_eq!(
        db.read("/srv/vars").unwrap(),
        format!("db1s db 8 here at here\n{tuning} 80 file task on db1\n")
    );
    // The command line beats them all, and keeps its types.
    operator
        .push(EVERYTHING, &["-e", "count=41", "-e", "{port: [1, 2], own: me}", "-e", "inner=mine"])
        .ends(0);
    assert_eq!(
        web.read("/srv/vars").unwrap(),
        "me web 42 here of web1 here\nnone [1,2] file mine\n"
    );
}

#[test]
fn shown_variables_say_where_they_come_from_and_contact_nobody() {
    let operator = Operator::new(&[]);
    operator.write("more.yml", "from: file\n");
    operator.write(
        "hosts",
        "db1 host=127.0.0.1 port=9 user=root password=hush count=7\n[db]\ndb1\n[db:vars]\ncount=2\n",
    );
    operator.write("group_vars/db.yml", "tuning: {memory: 512}\n");
    operator.write("manifest.yml", EVERYTHING);
    let line = ["push", "-i", "hosts", "--show-vars", "db1", "-e", "from=me", "manifest.yml"];
    let shown = operator.run(&line).ends(0).stdout;
    for part in [
        "count: 7",
        "# host db1, hosts:1",
        "# hides 2, from group db, hosts:5",
        "from: \"me\"  # -e",
        "# hides \"file\", from vars_files, more.yml:1",
        "group_vars/db.yml",
    ] {
        assert!(shown.contains(part), "{part}:\n{shown}");
    }
    assert!(!shown.contains("hush"), "{shown}");
}

/// Each play leaves a file of its name.
const PLAYS: &str = "
- name: everywhere
  hosts: all
  tasks: [{file: {dest: /srv/everywhere, content: x}, tags: [base]}]
- name: web
  hosts: web
  tasks:
    - file: {dest: /srv/web, content: '{{ kind }}'}
      tags: [pages]
    - file: {dest: /srv/web-late, content: x}
      tags: [base, late]
- name: no web
  hosts: 'all:!web'
  tasks: [{file: {dest: /srv/noweb, content: '{{ kind }}'}, tags: [pages]}]
";

#[track_caller]
fn has(host: &Host, expected: &[&str]) {
    let listed = host.shell("cd /srv; ls -d everywhere *web* 2>/dev/null; rm -f everywhere *web*");
    let listed = listed.unwrap();
    let mut found: Vec<&str> = listed.lines().collect();
    found.sort_unstable();
    assert_eq!(found, expected, "{}", host.name());
}

#[test]
fn each_host_runs_its_plays_within_limit_and_tags() {
    let ([web, db], operator) = two();
    operator.push(PLAYS, &[]).ends(0);
    has(&web, &["everywhere", "web", "web-late"]);
    has(&db, &["everywhere", "noweb"]);
    let run = operator.push(PLAYS, &["--limit", "web"]).ends(0);
    assert_eq!(run.events("host").len(), 1);
    has(&web, &["everywhere", "web", "web-late"]);
    has(&db, &[]);
    operator.push(PLAYS, &["--tags", "pages"]).ends(0);
    has(&web, &["web"]);
    has(&db, &["noweb"]);
    operator.push(PLAYS, &["--tags", "base", "--skip-tags", "late"]).ends(0);
    has(&web, &["everywhere"]);
    has(&db, &["everywhere"]);
    operator.push(PLAYS, &["--limit", "nosuch"]).ends(2);
    operator.push(PLAYS, &["--list-tasks"]).ends(0);
    has(&web, &[]);
    has(&db, &[]);
}
