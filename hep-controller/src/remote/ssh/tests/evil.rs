//! Hosts that answer with anything but an agent, before a greeting and after it: each is given up in its time, and
//! what it said is told in a few lines. Times are compared with limits that are many times as long.

use super::*;

/// What a host may do in the place of what it is asked for: by name, and in the words of a shell.
const WORST: [(&str, &str); 7] = [
    ("silent", "sleep 600"),
    ("endless", "exec tr '\\0' A < /dev/zero"),
    ("zeros", "exec cat /dev/zero"),
    ("random", "exec cat /dev/urandom"),
    ("stderr", "exec cat /dev/zero >&2"),
    ("drip", "while :; do printf x; sleep 0.2; done"),
    ("drip aside", "while :; do printf x >&2; sleep 0.2; done"),
];

/// Held to a second for each stage; far from it is a minute.
fn held(server: &Server) -> Try {
    let mut try_ = Try::at(server);
    let second = Duration::from_secs(1);
    (try_.timeouts.upload, try_.timeouts.start, try_.timeouts.finish) = (second, second, second);
    try_
}

fn check(name: &str, try_: &Try, stages: &[Stage]) {
    let begun = Instant::now();
    let failed = try_.launch().err().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(60), "{name}: {:?}", begun.elapsed());
    assert!(stages.contains(&failed.stage), "{name}: {failed} {:?}", failed.source);
    let lines = failed.what.lines().count();
    assert!(lines <= 6 && failed.what.len() < 8192, "{name}: {lines} lines: {failed}");
}

#[test]
fn in_the_place_of_a_shell() {
    for (name, words) in WORST.into_iter().chain([("lines", "yes banner banner")]) {
        let server = Server::with(&format!("ForceCommand {words}"), "true");
        for mode in [UploadMode::Exec, UploadMode::Sftp] {
            let mut try_ = held(&server);
            try_.upload = mode;
            check(name, &try_, &[Stage::Upload]);
        }
    }
}

#[test]
fn in_the_place_of_an_agent() {
    let server = Server::start();
    for (name, words) in WORST {
        for mode in [UploadMode::Exec, UploadMode::Sftp] {
            let mut try_ = held(&server);
            // Up to there it is a host like any other, and may be a busy one.
            try_.timeouts.upload = Timeouts::default().upload;
            try_.upload = mode;
            try_.script = format!("#!/bin/sh\nrm -r \"${{0%/*}}\"\n{words}\n");
            check(name, &try_, &[Stage::Start, Stage::Hello]);
        }
    }
}

/// libssh2 alone reads on for as long as lines come that are no version.
#[test]
fn in_the_place_of_an_ssh_server() {
    for line in ["banner banner\n", "\n", "\r\n"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut try_ = Try::port(listener.local_addr().unwrap().port());
        try_.timeouts.handshake = Duration::from_secs(1);
        thread::spawn(move || {
            let lines = line.repeat(4096);
            let mut client = listener.accept().unwrap().0;
            while client.write_all(lines.as_bytes()).is_ok() {}
        });
        check("an endless banner", &try_, &[Stage::Connect]);
    }
}

#[test]
fn behind_the_greeting() {
    let server = Server::start();
    for (name, words) in WORST {
        // Up to the greeting it is a host like any other, and may be a busy one.
        let mut try_ = Try::at(&server).script(words);
        try_.timeouts.finish = Duration::from_secs(1);
        let (mut link, greeting) = try_.launch().unwrap();
        assert_eq!(greeting, "hello", "{name}");
        link.look_around(Duration::from_millis(100)).unwrap();
        // It is heard, and its reader has a look around all the same.
        let mut buffer = vec![0; 65536];
        let begun = Instant::now();
        for _ in 0..20 {
            match link.read(&mut buffer) {
                Ok(read) => assert_ne!(read, 0, "{name}"),
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "{name}"),
            }
        }
        link.finish();
        drop(link);
        assert!(begun.elapsed() < Duration::from_secs(60), "{name}: {:?}", begun.elapsed());
    }
}
