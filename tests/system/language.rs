//! The manifest language on real hosts: its control flow costs no round trip.

use crate::operator::{Operator, Run, agent, start};
use hep_tests::relay::{Options, Relay};
use hep_tests::{Flavour, Host};
use std::time::{Duration, Instant};

/// Every key of the language, ten times over with other names: 60 tasks and more.
fn sixty_tasks(operator: &Operator) -> String {
    operator.write("greeting.j2", "{{ greeting }} from {{ hostname }}\n");
    operator.write("more.yml", "origin: vars file\n");
    operator.write(
        "included.yml",
        "- file: {dest: \"/srv/included-{{ number }}\", content: \"{{ number }}\"}\n",
    );
    let mut tasks = String::new();
    for n in 0..10 {
        tasks.push_str(&format!(
            r#"
    - name: look {n}
      command: {{argv: [cat, /etc/hostname]}}
      register: look{n}
      changed_when: false
      failed_when: look{n}.rc != 0
      env: {{LANG: C}}
      tags: [look]
      timeout: 20
    - name: twice {n}
      file: {{dest: "/srv/{n}-{{{{ place }}}}", content: "{{{{ at }}}} {{{{ look{n}.stdout }}}}\n"}}
      loop: [one, two]
      loop_control: {{var: place, index: at, label: "at {{{{ place }}}}"}}
      when: look{n}.rc == 0 and os.family == "debian"
      notify: greeted {n}
    - name: tries {n}
      command: {{shell: "echo x >> /srv/tries{n}; test $(wc -l < /srv/tries{n}) -ge 3"}}
      register: tried
      retries: 5
      delay: 0
      until: tried.rc == 0
      changed_when: false
    - block:
        - name: breaks {n}
          fail: {{msg: on purpose}}
      rescue:
        - name: mends {n}
          file: {{template: greeting.j2, dest: /srv/greeting{n}}}
          vars: {{greeting: hello {n}}}
      always:
        - name: always {n}
          debug: {{msg: "{{{{ origin }}}}"}}
          sensitive: true
    - name: may fail {n}
      command: {{argv: 'false'}}
      ignore_error: true
      check: never
    - include: included.yml
      vars: {{number: {n}}}
"#
        ));
    }
    let mut handlers = String::new();
    for n in 0..10 {
        handlers.push_str(&format!(
            "    - name: greeted {n}\n      listen: any\n      file: {{dest: /srv/handled{n}, content: x}}\n"
        ));
    }
    format!(
        "- name: everything\n  hosts: all\n  vars: {{greeting: hi}}\n  vars_files: [more.yml]\n  tasks:{tasks}    - flush: true\n  handlers:\n{handlers}"
    )
}

/// Pushes through a line with some delay, and gives the run, the round trips of it and how long it took.
fn push(
    host: &Host,
    manifest: &dyn Fn(&Operator) -> String,
    rtt: Duration,
) -> (Run, u64, Duration) {
    let relay = Relay::start(host.address(), Options { rtt, ..Options::default() }).unwrap();
    let operator = Operator::through(host, relay.addr());
    let manifest = manifest(&operator);
    let begin = Instant::now();
    let run = operator.push(&manifest, &[]).ends(0);
    (run, relay.counters().turns, begin.elapsed())
}

/// The fewest round trips of two pushes: a machine that is busy makes a stream look longer than it is.
fn round_trips(host: &Host, manifest: &dyn Fn(&Operator) -> String, rtt: Duration) -> (Run, u64) {
    let (_, first, _) = push(host, manifest, rtt);
    let (run, second, _) = push(host, manifest, rtt);
    (run, first.min(second))
}

#[test]
fn sixty_tasks_cost_the_round_trips_of_one() {
    let host = Host::start(Flavour::Systemd, "web1").unwrap();
    let rtt = Duration::from_millis(300);
    let one = |_: &Operator| "- file: {dest: /srv/one, content: x}\n".to_owned();
    let (_, single) = round_trips(&host, &one, rtt);
    let (run, sixty) = round_trips(&host, &sixty_tasks, rtt);
    let statuses = run.statuses();
    assert!(statuses.len() >= 60, "{}", statuses.len());
    assert_eq!(sixty, single, "{single} round trips with one task");
    for n in 0..10 {
        assert_eq!(host.read(&format!("/srv/{n}-two")).unwrap(), "1 web1\n");
        assert_eq!(host.read(&format!("/srv/tries{n}")).unwrap(), "x\n".repeat(4));
        assert_eq!(
            host.read(&format!("/srv/greeting{n}")).unwrap(),
            format!("hello {n} from web1\n")
        );
        assert_eq!(host.read(&format!("/srv/included-{n}")).unwrap(), n.to_string());
        assert!(host.exists(&format!("/srv/handled{n}")));
    }
}

#[test]
fn tries_on_the_host_take_no_time_of_a_slow_line() {
    let host = Host::start(Flavour::Sysv, "web1").unwrap();
    let rtt = Duration::from_secs(1);
    let tries = |count: u32| {
        move |_: &Operator| {
            format!(
                "- command: {{shell: 'echo x >> /srv/{count}; test $(wc -l < /srv/{count}) -ge {count}'}}\n  \
                 register: tried\n  retries: 10\n  delay: 0\n  until: tried.rc == 0\n"
            )
        }
    };
    let (_, _, without) = push(&host, &tries(1), rtt);
    let (_, _, with) = push(&host, &tries(10), rtt);
    assert_eq!(host.read("/srv/10").unwrap().len(), 20);
    // Nine tries over the line would be nine seconds.
    assert!(with < without + 3 * rtt, "{without:?} without, {with:?} with");
}

/// A bundle carries variables, handlers and templates, and needs nothing but the agent on the host.
#[test]
fn bundle_is_applied_on_the_host_with_its_variables_handlers_and_templates() {
    let (host, operator) = start(Flavour::Sysv);
    operator.write("site.j2", "{{ greeting }} from {{ hostname }}, {{ who }}{{ port + 1 }}\n");
    operator.write("more.yml", "who: file\n");
    operator.write(
        "manifest.yml",
        "
- vars: {greeting: hi, port: 80}
  vars_files: more.yml
  tasks:
    - file: {template: site.j2, dest: '/srv/{{ item }}'}
      loop: [a, b]
      notify: told
    - command: {argv: [hostname]}
      register: name
      changed_when: false
    - file: {dest: /srv/facts, content: '{{ name.stdout }} {{ os.codename }}'}
  handlers:
    - {name: told, command: {shell: 'echo told >> /srv/told'}}
",
    );
    operator.run(&["bundle", "-o", "site.hep", "-e", "port=90", "manifest.yml"]).ends(0);
    // Nothing of the operator's is needed any more.
    let bundle = std::fs::read(operator.path("site.hep")).unwrap();
    host.write("/root/site.hep", bundle).unwrap();
    std::fs::copy(agent(), host.path("/root/agent")).unwrap();
    drop(operator);
    let apply = |more: &[&str]| {
        let line = [&["/root/agent", "apply", "/root/site.hep", "--output", "json"], more].concat();
        Run::of(host.exec(&line).unwrap()).ends(0)
    };
    assert_eq!(apply(&["--check"]).statuses()[0], "pending");
    assert!(!host.exists("/srv/a"));
    assert_eq!(apply(&[]).statuses(), ["changed", "ok", "changed", "changed"]);
    assert_eq!(host.read("/srv/b").unwrap(), "hi from web1, file91\n");
    let codename = host.shell(". /etc/os-release; echo -n $VERSION_CODENAME").unwrap();
    assert_eq!(host.read("/srv/facts").unwrap(), format!("web1 {codename}"));
    assert_eq!(apply(&[]).statuses(), ["ok", "ok", "ok"]);
    assert_eq!(host.read("/srv/told").unwrap(), "told\n");
}
