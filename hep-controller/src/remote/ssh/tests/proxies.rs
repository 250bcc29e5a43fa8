//! Hosts behind others: ProxyJump and ProxyCommand.

use super::*;
use crate::remote::proxy::Proxy;
use std::thread;
use std::time::{Duration, Instant};

/// What `ssh` needs to get through the servers without a question, as a file for `ssh -F`.
fn config(server: &Server) -> PathBuf {
    let file = server.path("ssh_config");
    let (key, known) = (server.path("user"), server.path("known_jumps"));
    let text = format!(
        "IdentityFile {}\nIdentityAgent none\nUserKnownHostsFile {}\nGlobalKnownHostsFile none\n\
         StrictHostKeyChecking accept-new\nLogLevel ERROR\n",
        key.display(),
        known.display()
    );
    std::fs::write(&file, text).unwrap();
    file
}

fn jump(server: &Server, hops: &str) -> Proxy {
    Proxy::jump(hops, Some(&config(server)), "127.0.0.1", server.port).unwrap()
}

/// Programs whose command line has this word.
fn running(word: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").unwrap();
    let lines =
        entries.filter_map(|entry| std::fs::read(entry.unwrap().path().join("cmdline")).ok());
    let lines = lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " "));
    lines.filter(|line| line.contains(word) && !line.contains("sshd")).collect()
}

#[test]
fn a_host_behind_one_host_or_two_is_reached_and_no_program_stays() {
    let server = Server::start();
    let hop = format!("root@127.0.0.1:{}", server.port);
    // `ssh` takes no host twice.
    let other = format!("root@localhost:{}", server.port);
    for hops in [hop.clone(), format!("{other},{hop}")] {
        let mut try_ = Try::at(&server).script("cat; echo done >&2\n");
        try_.target.proxy = Some(jump(&server, &hops));
        let (mut link, greeting) = try_.launch().unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(greeting, "hello");
        link.write_all(b"there and back\n").unwrap();
        assert_eq!(hello(&mut *link).unwrap(), "there and back");
        let config = config(&server).display().to_string();
        assert!(!running(&config).is_empty());
        let counters = link.counters();
        assert!(counters.sent > 0 && counters.received > 0, "{counters:?}");
        assert_eq!(link.finish().exit, Exit::Code(0));
        drop(link);
        // What was killed is listed until whoever inherits it has looked.
        let begun = Instant::now();
        while !running(&config).is_empty() {
            assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", running(&config));
            thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn a_command_of_ones_own_connects() {
    let server = Server::start();
    let mut try_ = Try::at(&server);
    let text = format!(
        "ssh -F {} -W 127.0.0.1:{1} -p {1} root@127.0.0.1",
        config(&server).display(),
        server.port
    );
    try_.target.proxy = Some(Proxy::command(text));
    // This name is never asked for.
    try_.target.address = "behind.invalid".to_owned();
    let (mut link, _) = try_.launch().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(link.finish().exit, Exit::Code(0));
    let known = std::fs::read_to_string(try_.known_hosts).unwrap();
    assert!(known.starts_with(&format!("[behind.invalid]:{} ", server.port)), "{known}");
}

#[test]
fn what_the_program_says_is_told_when_it_fails() {
    let server = Server::start();
    let mut try_ = Try::at(&server);
    try_.target.proxy = Some(Proxy::command("sh -c 'echo no way >&2; exit 1'".to_owned()));
    let what = try_.fails_at(Stage::Connect).what;
    assert_eq!(
        what,
        "no SSH key exchange with the host through ProxyCommand `sh -c 'echo no way >&2; exit 1'`; it says: no way\n"
            .trim_end()
    );
    try_.target.proxy = Some(jump(&server, "root@127.0.0.1:1"));
    let what = try_.fails_at(Stage::Connect).what;
    assert!(what.contains("port 1: Connection refused"), "{what}");
}

#[test]
fn only_a_host_that_hangs_up_on_the_way_is_asked_again() {
    let server = Server::start();
    let mut try_ = Try::at(&server);
    let mut check = |proxy: Proxy, expected: bool| {
        let shown = proxy.shown().to_owned();
        try_.target.proxy = Some(proxy);
        let failed = try_.fails_at(Stage::Connect);
        assert_eq!(failed.hung_up, expected, "{shown}: {failed}");
    };
    check(Proxy::command("true".to_owned()), true);
    check(Proxy::command("sh -c 'echo no way >&2'".to_owned()), false);
    let hop = format!("127.0.0.1:{}", server.port);
    check(jump(&server, &format!("nobody-of-this-name@{hop}")), false);
    // The one after it says that it was hung up on as well.
    let behind = format!("root@localhost:{}", server.port);
    check(jump(&server, &format!("nobody-of-this-name@{hop},{behind}")), false);
}

#[test]
fn a_program_that_hangs_ends_with_the_time_or_with_a_cancel() {
    let server = Server::start();
    let mut try_ = Try::at(&server);
    try_.target.proxy = Some(Proxy::command("sleep 4321".to_owned()));
    try_.timeouts = Timeouts::default().reaching_within(Duration::from_secs(1));
    let begin = Instant::now();
    try_.fails_at(Stage::Connect);
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    assert_eq!(running("sleep 4321"), [] as [&str; 0]);

    try_.timeouts = Timeouts::default();
    let cancel = try_.cancel.clone();
    let cancelling = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        cancel.cancel();
    });
    let begin = Instant::now();
    try_.fails_at(Stage::Connect);
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    cancelling.join().unwrap();
    assert_eq!(running("sleep 4321"), [] as [&str; 0]);
}
