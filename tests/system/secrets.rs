//! What must not be shown: secrets, and what a hostile program prints.

mod every_kind;
mod failures;

use crate::operator::{Operator, Run, start};
use hep_tests::Flavour;
use std::time::{Duration, Instant};

const SECRET: &str = "Xyzzy-tr0ub4dor";

const SENSITIVE: &str = "
- vars_files: [secret.yml]
  tasks:
    - name: a file with it
      file: {dest: /srv/secret, content: 'key={{ key }}', mode: 600}
      sensitive: true
    - name: a template with it
      file: {template: secret.j2, dest: /srv/rendered, mode: 600}
      sensitive: true
    - name: output with it
      command: {shell: 'cat /srv/secret; echo $KEY >&2'}
      env: {KEY: '{{ key }}'}
      register: said
      sensitive: true
    - name: a loop over it
      file: {dest: '/srv/{{ item }}', content: x}
      loop: ['{{ key }}']
      sensitive: true
    - name: a list with it
      debug: {msg: '{{ said.stdout }}'}
      sensitive: true
    - name: a condition with it
      command: {argv: [touch, '/srv/length']}
      when: said.stdout == 'key=' ~ key
    - name: a failure with it
      command: {shell: 'cat /srv/secret; cat /srv/secret >&2; exit 3'}
      sensitive: true
      ignore_error: true
    - name: a mode of it
      file: {dest: /srv/mode, content: x, mode: '{{ key ~ hostname }}'}
      sensitive: true
      ignore_error: true
    - name: a filter that refuses it
      debug: {msg: '{{ item | from_json }}'}
      loop: ['{{ key ~ hostname }}']
      sensitive: true
      ignore_error: true
    - name: a template that fails on it
      file: {template: bad.j2, dest: /srv/bad}
      sensitive: true
      ignore_error: true
    - name: tries with it
      command: {argv: ['{{ key ~ hostname }}'], timeout: 5}
      retries: 1
      delay: 0
      until: false
      sensitive: true
      ignore_error: true
    - name: a wrong value with it
      assert: {that: [\"key == 'other'\"], msg: 'is {{ key }}'}
      sensitive: true
";

fn operator_knows_it(operator: &Operator) {
    operator.write("secret.yml", format!("key: {SECRET}\n"));
    operator.write("secret.j2", "key is {{ key }}\n");
    operator.write("bad.j2", "{{ (key ~ hostname) | from_json }}\n");
    operator.write("manifest.yml", SENSITIVE);
}

#[test]
fn secret_is_in_no_report() {
    let (host, operator) = start(Flavour::Sysv);
    operator_knows_it(&operator);
    for options in [&["--check", "--diff"][..], &["--diff", "-v"], &["--diff", "-vv"], &[]] {
        for output in ["human", "json"] {
            host.write("/srv/rendered", "old\n").unwrap();
            let line = [&["push", "-i", "hosts", "--output", output], options, &["manifest.yml"]];
            let run = operator.run(&line.concat());
            let said = run.stdout + &run.stderr;
            assert!(!said.contains(SECRET), "{options:?} {output}:\n{said}");
            assert!(said.contains("a file with it"), "{options:?} {output}:\n{said}");
        }
    }
    let run = operator.push(SENSITIVE, &[]).ends(1);
    assert_eq!(run.events("task").last().unwrap()["status"], "failed");
    assert_eq!(host.read("/srv/secret").unwrap(), format!("key={SECRET}"));
    assert_eq!(host.read("/srv/rendered").unwrap(), format!("key is {SECRET}\n"));
    assert!(host.exists("/srv/length") && host.exists(&format!("/srv/{SECRET}")));
}

#[test]
fn secret_is_in_no_list_of_processes_nor_file_of_the_agent() {
    let (host, operator) = start(Flavour::Sysv);
    operator_knows_it(&operator);
    let manifest = "
- vars_files: [secret.yml]
  tasks:
    - command: {argv: [touch, /root/begun]}
    - wait_for: {path: /root/go, timeout: 30}
    - command: {shell: 'true', creates: '/srv/{{ key }}'}
      sensitive: true
";
    let push = operator.begin(manifest);
    let until = Instant::now() + Duration::from_secs(30);
    while !host.exists("/root/begun") {
        assert!(Instant::now() < until, "the first task never began");
        std::thread::sleep(Duration::from_millis(20));
    }
    let processes = host.processes().unwrap();
    assert!(processes.iter().any(|process| process.command.contains("hep-agent")));
    for process in processes {
        let place = format!("/proc/{}/environ", process.machine_pid);
        let environment = std::fs::read(place).unwrap_or_default();
        let all = process.command + &String::from_utf8_lossy(&environment);
        assert!(!all.contains(SECRET), "{all}");
    }
    let files = host
        .shell(&format!(
            "grep -rl {SECRET} /tmp /var/tmp /dev/shm /run /root /var/log 2>/dev/null; true"
        ))
        .unwrap();
    host.write("/root/go", "").unwrap();
    Run::of(push.wait_with_output().unwrap()).ends(0);
    assert_eq!(files, "");
}

/// What programs and filters make of a secret, each form after something of another length.
const ENCODED: &str = r#"
- vars: {pw: !secret hunter2222}
  tasks:
  - command: {shell: "printf %s '{{ pw }}' | base64; echo '{{ pw }}' | base64; printf 'bob:%s' '{{ pw }}' | base64; printf 'joe1:%s' '{{ pw }}' | base64"}
  - command: {shell: "printf '%40s:%s' x '{{ pw }}' | base64 -w 60"}
  - command: {shell: "printf %s '{{ pw }}' | od -An -tx1; printf 'xxxxxxxxxxx%s' '{{ pw }}' | od -tx1"}
  - command: {shell: "printf 'Ym9iOmh1bnR'; sleep 0.3; printf 'lcjIyMjI=\n'"}
  - debug: {msg: "{{ ('ab:' ~ pw) | b64encode }} {{ pw | upper }} {{ pw | capitalize }} {{ [pw] | to_json }}"}
  - command: {shell: "printf 'bob:%s' '{{ pw }}' | base64; exit 3"}
"#;

#[test]
fn secret_is_masked_in_what_programs_and_filters_make_of_it() {
    let (host, operator) = start(Flavour::Sysv);
    let shown = [
        "aHVudGVy",
        "h1bnRlcj",
        "odW50ZXIy",
        "dGVyMjIy",
        "bnRlcjIy",
        "ZXIyMjI",
        "75 6e 74",
        "72 32 32",
        "HUNTER",
        "unter2",
    ];
    operator.write("manifest.yml", ENCODED);
    for output in ["human", "json"] {
        let options =
            ["push", "-i", "hosts", "-vvv", "--output", output, "--log", "log", "manifest.yml"];
        let run = operator.run(&options).ends(1);
        let log = std::fs::read_to_string(operator.path("log")).unwrap();
        let said = format!("{}{}{log}", run.stdout, run.stderr);
        shown.iter().for_each(|part| assert!(!said.contains(part), "{part} in {said}"));
        assert!(said.contains("Ym9iOm********"), "{said}");
    }
    drop(host);
}

#[test]
fn hostile_output_is_literal_on_the_host_and_escaped_on_the_screen() {
    let (host, operator) = start(Flavour::Sysv);
    let script =
        "printf '\\033[2J\\033]0;owned\\007{{ 7*7 }}{%% raw %%}\\r\\302\\233 {{ hostname }}'";
    host.write("/root/hostile", format!("#!/bin/sh\n{script}\n")).unwrap();
    host.shell("chmod 755 /root/hostile").unwrap();
    let manifest = "
- command: {argv: [/root/hostile]}
  register: said
- file: {dest: /srv/said, content: '{{ said.stdout }}'}
- debug: {msg: '{{ said.stdout }}'}
- debug: {var: said}
- set: {again: '{{ said.stdout }}'}
- file: {dest: /srv/again, content: '{{ again }}'}
- file: {dest: /srv/loop, content: '{{ item }}'}
  loop: ['{{ said.stdout }}']
- command: {shell: '/root/hostile >&2; exit 1'}
  ignore_error: true
- fail: {msg: '{{ said.stdout }}'}
";
    operator.write("manifest.yml", manifest);
    let run = operator.run(&["push", "-i", "hosts", "-v", "--diff", "manifest.yml"]).ends(1);
    let said = run.stdout + &run.stderr;
    for byte in ['\u{1b}', '\u{7}', '\r', '\u{9b}'] {
        assert!(!said.contains(byte), "{byte:?}: {said:?}");
    }
    assert!(said.contains("{{ 7*7 }}") && !said.contains("49"), "{said}");
    let literal = host.shell("/root/hostile | sha256sum").unwrap();
    for path in ["/srv/said", "/srv/again", "/srv/loop"] {
        assert_eq!(host.shell(&format!("sha256sum < {path}")).unwrap(), literal, "{path}");
    }
}
