//! Who came to a host, by the word of its own sshd.

use hep_tests::Host;
use std::time::{Duration, Instant};

/// Where it is written down.
const LOG: &str = "/var/log/visits";

/// From now on a host's sshd writes down who comes. For a host with SysV init, which does not start it anew.
pub(crate) fn watch(host: &Host) {
    host.shell("pkill -o -x sshd; while pgrep -x sshd; do sleep 0.05; done").unwrap();
    host.shell(&format!("/usr/sbin/sshd -E {LOG}")).unwrap();
    let begun = Instant::now();
    while host.shell("pgrep -x sshd && test -s /var/log/visits").is_err() {
        assert!(begun.elapsed() < Duration::from_secs(30), "sshd does not come back");
        std::thread::sleep(Duration::from_millis(20));
    }
    forget(host);
}

/// Waits until those who have come are gone again: sshd writes down whom it let in a moment after that.
fn settle(host: &Host) {
    let begun = Instant::now();
    while host.shell("test $(pgrep -c -x sshd) -le 1").is_err() {
        assert!(begun.elapsed() < Duration::from_secs(30), "somebody stays");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Nobody has come so far.
pub(crate) fn forget(host: &Host) {
    settle(host);
    host.shell(&format!(": > {LOG}")).unwrap();
}

/// How many connections there were.
pub(crate) fn connections(host: &Host) -> usize {
    count(host, "Connection from ")
}

/// How many logins there were.
pub(crate) fn logins(host: &Host) -> usize {
    count(host, "Accepted ")
}

fn count(host: &Host, words: &str) -> usize {
    settle(host);
    let found = host.shell(&format!("grep -c '^{words}' {LOG} || true")).unwrap();
    found.trim().parse().unwrap()
}
