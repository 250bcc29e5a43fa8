//! Handlers on real hosts: they run once, in time, and also when a later task fails.

use crate::operator::start;
use hep_tests::Flavour;

/// A play whose first task notifies and whose second fails.
const FAILS_LATER: &str = "
- tasks:
    - file: {dest: /srv/conf, content: a}
      notify: note
    - command: {argv: 'false'}
    - file: {dest: /srv/never, content: a}
  handlers:
    - name: note
      command: {shell: 'echo ran >> /srv/ran'}
";

#[test]
fn notified_handler_runs_although_a_later_task_fails() {
    let (host, operator) = start(Flavour::Sysv);
    let run = operator.push(FAILS_LATER, &[]).ends(1);
    assert_eq!(run.statuses(), ["changed", "failed", "changed"]);
    assert_eq!(host.read("/srv/ran").unwrap(), "ran\n");
    assert!(!host.exists("/srv/never"));
    // Nothing changes the second time, so nobody is notified.
    operator.push(FAILS_LATER, &[]).ends(1);
    assert_eq!(host.read("/srv/ran").unwrap(), "ran\n");
}

#[test]
fn play_can_leave_handlers_out_on_failure() {
    let (host, operator) = start(Flavour::Sysv);
    let manifest = format!("{FAILS_LATER}  handlers_on_failure: skip\n");
    operator.push(&manifest, &[]).ends(1);
    assert_eq!(host.read("/srv/conf").unwrap(), "a");
    assert!(!host.exists("/srv/ran"));
}

#[test]
fn service_notified_by_a_loop_and_two_tasks_is_restarted_once() {
    let (host, operator) = start(Flavour::Sysv);
    operator.push("- apt: {package: hep-svc}\n", &[]).ends(0);
    let starts = || {
        let log = host.read("/var/log/hep-svc.log").unwrap();
        log.lines().filter(|line| line.starts_with("start ")).count()
    };
    assert_eq!(starts(), 1);
    let manifest = "
- tasks:
    - file: {dest: '/srv/{{ item }}', content: a}
      loop: [one, two, three]
      notify: restart
    - file: {dest: /srv/four, content: a}
      notify: [restart, service changed]
    - command: {argv: [cat, /etc/hostname]}
      notify: restart
  handlers:
    - name: restart
      listen: service changed
      service: {name: hep-svc, action: restart}
";
    operator.push(manifest, &[]).ends(0);
    assert_eq!(starts(), 2);
}

#[test]
fn flush_runs_handlers_midway_and_what_is_notified_after_it_at_the_end() {
    let (host, operator) = start(Flavour::Sysv);
    let manifest = "
- tasks:
    - command: {shell: 'echo first >> /srv/log'}
      notify: note
    - flush: true
    - command: {shell: 'echo second >> /srv/log'}
      notify: note
    - command: {shell: 'echo third >> /srv/log'}
  handlers:
    - name: note
      command: {shell: 'echo handled >> /srv/log'}
";
    operator.push(manifest, &[]).ends(0);
    assert_eq!(host.read("/srv/log").unwrap(), "first\nhandled\nsecond\nthird\nhandled\n");
}
