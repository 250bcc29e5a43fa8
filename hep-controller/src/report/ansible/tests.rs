//! Runs as ansible-playbook reports them: the same lines, but for what only hep knows.

use super::super::{PlayLabel, TaskLabel, Trouble};
use super::*;
use hep_protocol::message::Turn;
use hep_protocol::outcome::{Change, Failure, ItemOutcome, Outcome};
use hep_protocol::plan::RunMode;
use insta::assert_snapshot;

/// A run of two hosts that goes on event by event.
struct Play {
    view: Ansible,
    out: String,
    err: String,
}

impl Play {
    fn new() -> Play {
        let task = |name: &str, module: &str, role: Role| TaskLabel {
            name: name.to_owned(),
            module: module.to_owned(),
            role,
        };
        let play = |name: &str, first: u32, has_hosts: bool| PlayLabel {
            name: name.to_owned(),
            first,
            has_hosts,
        };
        let run = Run {
            hosts: vec!["web2".to_owned(), "web1".to_owned()],
            plays: vec![
                play("First", 0, true),
                play("nobody", 3, false),
                play("all", 3, true),
                play("late", 4, true),
            ],
            tasks: vec![
                task("say", "debug", Role::Task),
                task("write", "file", Role::Task),
                task("restart", "service", Role::Handler),
                task("run", "command", Role::Task),
            ],
            mode: RunMode::Apply,
            waves: vec![vec![HostId(0), HostId(1)]],
            room: usize::MAX,
        };
        Play { view: Ansible::new(run, false), out: String::new(), err: String::new() }
    }

    fn event(&mut self, event: Event) {
        let Texts { out, err } = self.view.event(event, 0);
        self.out.push_str(&out);
        self.err.push_str(&err);
    }

    /// A task ends so on each host.
    fn task(&mut self, task: u32, outcomes: [Outcome; 2]) {
        for (host, outcome) in outcomes.into_iter().enumerate() {
            let (host, turn) = (HostId(host), Turn(vec![task]));
            self.event(Event::Started { host, task, turn: turn.clone(), name: None });
            self.event(Event::Finished { host, task, turn, name: None, outcome });
        }
    }

    fn end(mut self, statuses: [HostStatus; 2]) -> String {
        let report = |(host, status)| {
            let report = HostReport::unreached(HostId(host));
            let trouble = (status == HostStatus::Unreachable).then(|| Trouble::new("no route"));
            HostReport { status, trouble, ..report }
        };
        let reports: Vec<HostReport> = statuses.into_iter().enumerate().map(report).collect();
        for report in reports.clone() {
            self.event(Event::Ended(report));
        }
        let end = RunEnd { reports, cancelled: false, ms: 0 };
        let Texts { out, err } = self.view.end(&end, 0);
        let stars = "*".repeat(20);
        format!("{}{out}{}{err}", self.out, self.err).replace(&stars, "").replace(" \n", "$\n")
    }
}

fn outcome(status: Status) -> Outcome {
    Outcome::new(status, Details::default())
}

fn noted(text: &str) -> Outcome {
    Outcome::new(Status::Ok, Details { notes: vec![text.to_owned()], ..Details::default() })
}

fn changed(diff: Option<&str>) -> Details {
    let change = Change { diff: diff.map(str::to_owned), ..Change::new("write") };
    Details { changes: vec![change], ..Details::default() }
}

fn failed() -> Details {
    let failure = Failure {
        message: "non-zero return code".to_owned(),
        hint: Some("look".to_owned()),
        exit: Some(Exit::Code(3)),
        ..Failure::default()
    };
    Details { failure: Some(failure), ..changed(None) }
}

#[test]
fn a_run_reads_as_that_of_ansible() {
    let mut play = Play::new();
    play.task(0, [noted("hello\nthere"), noted("hello")]);
    let diff = Some("--- a\n+++ b\n@@ -0,0 +1 @@\n+x\n");
    play.task(1, [Outcome::new(Status::Changed, changed(diff)), outcome(Status::Ok)]);
    play.task(2, [outcome(Status::Changed), outcome(Status::Skipped)]);
    play.task(
        3,
        [Outcome::new(Status::Ignored, failed()), Outcome::new(Status::Rescued, failed())],
    );
    assert_snapshot!(play.end([HostStatus::Converged, HostStatus::Converged]), @r#"

    PLAY [First] *******

    TASK [say] *********
    ok: [web2] => {
        "msg": "hello\nthere"
    }
    ok: [web1] => {
        "msg": "hello"
    }

    TASK [write] *******
    --- a
    +++ b
    @@ -0,0 +1 @@
    +x

    changed: [web2]
    ok: [web1]

    RUNNING HANDLER [restart] **************
    changed: [web2]
    skipping: [web1]

    PLAY [nobody] ******
    skipping: no hosts matched

    PLAY [all] *********

    TASK [run] *********
    fatal: [web2]: FAILED! => {"changed": true, "msg": "non-zero return code", "rc": 3, "stderr": "", "stdout": ""}
    ...ignoring
    fatal: [web1]: FAILED! => {"changed": true, "msg": "non-zero return code", "rc": 3, "stderr": "", "stdout": ""}

    PLAY [late] ********

    PLAY RECAP *********
    web1                       : ok=2    changed=0    unreachable=0    failed=0    skipped=1    rescued=1    ignored=0  $
    web2                       : ok=4    changed=3    unreachable=0    failed=0    skipped=0    rescued=0    ignored=1  $
    "#);
}

#[test]
fn items_have_lines_of_their_own() {
    let item = |label: &str, status: Status, details: Details| ItemOutcome {
        label: label.to_owned(),
        status,
        details,
        ms: 0,
    };
    let items = vec![
        item("one", Status::Changed, Details::default()),
        item("two", Status::Skipped, Details::default()),
        item("three", Status::Failed, failed()),
    ];
    let looped = Outcome { items, ..outcome(Status::Failed) };
    let skipped = vec![item("one", Status::Skipped, Details::default())];
    let mut play = Play::new();
    play.task(1, [looped, Outcome { items: skipped, ..outcome(Status::Skipped) }]);
    assert_snapshot!(play.end([HostStatus::Failed, HostStatus::Failed]), @r#"

    PLAY [First] *******

    TASK [write] *******
    changed: [web2] => (item=one)
    skipping: [web2] => (item=two)$
    failed: [web2] (item=three) => {"changed": true, "msg": "non-zero return code", "rc": 3, "stderr": "", "stdout": ""}
    skipping: [web1] => (item=one)$
    skipping: [web1]

    PLAY RECAP *********
    web1                       : ok=0    changed=0    unreachable=0    failed=0    skipped=1    rescued=0    ignored=0  $
    web2                       : ok=0    changed=0    unreachable=0    failed=1    skipped=0    rescued=0    ignored=0  $
    "#);
}

#[test]
fn hosts_that_were_not_reached_are_unreachable() {
    let play = Play::new();
    assert_snapshot!(play.end([HostStatus::Unreachable, HostStatus::Converged]), @r#"

    PLAY [First] *******
    fatal: [web2]: UNREACHABLE! => {"changed": false, "msg": "no route", "unreachable": true}

    PLAY [nobody] ******
    skipping: no hosts matched

    PLAY [all] *********

    PLAY [late] ********

    PLAY RECAP *********
    web1                       : ok=0    changed=0    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0  $
    web2                       : ok=0    changed=0    unreachable=1    failed=0    skipped=0    rescued=0    ignored=0  $
    "#);
}
