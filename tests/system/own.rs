//! A host receives its own plays and nothing of another host's: a program in the place of each login's shell keeps what comes.

use crate::operator::Operator;
use hep_protocol::message::Request;
use hep_protocol::{frame, hello};
use hep_tests::{Flavour, Host};
use std::fs;
use std::thread;

/// For each of the hosts; `@` stands for its name.
const PLAY: &str = "
- name: play-of-@
  hosts: '@'
  vars: {plain: variable-of-@, pw: !secret secret-of-@}
  tasks:
    - name: task-of-@
      file: {dest: /srv/inline, content: 'inline-of-@ {{ pw }} {{ plain }} {{ extra_@ }}', mode: '0600'}
    - file: {src: small-@, dest: /srv/small}
    - file: {src: large-@, dest: /srv/large}
    - file: {template: '@.j2', dest: /srv/template}
      notify: handler-of-@
  handlers:
    - {name: handler-of-@, command: {argv: [touch, /srv/command-of-@]}}
";

const MARKS: [&str; 10] = [
    "play-of-@",
    "variable-of-@",
    "secret-of-@",
    "task-of-@",
    "inline-of-@",
    "small-content-of-@",
    "large-content-of-@",
    "template-of-@",
    "handler-of-@",
    "extra-of-@",
];

/// What the agent on a host was sent, unpacked.
fn received(host: &Host) -> Vec<u8> {
    let all = fs::read(host.path("/srv/received")).unwrap();
    let mut greeting = Vec::new();
    hello::write(&mut greeting).unwrap();
    let at = all.windows(greeting.len()).position(|window| window == greeting).unwrap();
    let mut reader = &all[at + greeting.len()..];
    let (mut unpacked, mut began) = (Vec::new(), false);
    while let Some(request) = frame::read_packed::<Request>(&mut reader).unwrap() {
        began |= matches!(request, Request::Begin(_));
        unpacked.extend(frame::encode(&request).unwrap());
    }
    assert!(began);
    unpacked
}

#[test]
fn a_host_receives_its_own_and_nothing_of_another() {
    let names = ["one", "two"];
    let start = |name| thread::spawn(move || Host::start(Flavour::Sysv, name).unwrap());
    let hosts: Vec<Host> = names.map(start).into_iter().map(|host| host.join().unwrap()).collect();
    let operator = Operator::new(&hosts.iter().collect::<Vec<_>>());
    let mut manifest = String::new();
    for (host, name) in hosts.iter().zip(names) {
        let keep = "command=\"tee /srv/received | sh -c \\\"$SSH_ORIGINAL_COMMAND\\\"\" ";
        let keys = host.read("/root/.ssh/authorized_keys").unwrap();
        host.write("/root/.ssh/authorized_keys", format!("{keep}{keys}")).unwrap();
        operator.write(&format!("small-{name}"), format!("small-content-of-{name}\n"));
        let large = format!("large-content-of-{name}\n").repeat(20_000);
        operator.write(&format!("large-{name}"), large);
        operator.write(&format!("{name}.j2"), format!("template-of-{name}\n"));
        manifest.push_str(&PLAY.replace('@', name));
    }
    let extra = names.map(|name| format!("extra_{name}=extra-of-{name}"));
    let options = ["--agent-upload", "exec", "-e", &extra[0], "-e", &extra[1]];
    let run = operator.push(&manifest, &options);
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    for (host, name) in hosts.iter().zip(names) {
        let received = received(host);
        for other in names {
            for mark in MARKS.map(|mark| mark.replace('@', other)) {
                let is_there = received.windows(mark.len()).any(|bytes| bytes == mark.as_bytes());
                assert_eq!(is_there, other == name, "{mark} at {name}");
            }
        }
        assert!(host.exists(&format!("/srv/command-of-{name}")));
        let inline = host.read("/srv/inline").unwrap();
        assert_eq!(
            inline,
            format!("inline-of-{name} secret-of-{name} variable-of-{name} extra-of-{name}")
        );
    }
}
