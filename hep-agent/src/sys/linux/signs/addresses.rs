//! The addresses of a host, as this host knows them. The C library's resolver is not asked: in a static program it would
//! load modules of the host and crash (see `passwd.rs`).

use crate::sys::linux::process::Program;
use crate::sys::signs::Sight;
use hep_protocol::outcome::Exit;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::Duration;

/// The addresses of a name: a number by itself, else by hosts(5), else what getent(1) says. What is not known now may be
/// in a moment, so it is a sight and no error.
pub(super) fn addresses(name: &str, patience: Duration) -> Result<Vec<IpAddr>, Sight> {
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    if let Ok(address) = bare.parse() {
        return Ok(vec![address]);
    }
    let hosts = fs::read("/etc/hosts").unwrap_or_default();
    let known = listed(&String::from_utf8_lossy(&hosts), name);
    if !known.is_empty() {
        return Ok(known);
    }
    // Its meaning is fixed (RFC 6761), also where no file says so.
    if name.eq_ignore_ascii_case("localhost") {
        return Ok(vec![Ipv4Addr::LOCALHOST.into()]);
    }
    asked(name, patience)
}

/// hosts(5): an address, and the names it has.
fn listed(hosts: &str, name: &str) -> Vec<IpAddr> {
    let mut found = Vec::new();
    for line in hosts.lines() {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let address = words.next().and_then(|word| word.parse().ok());
        if words.any(|known| known.eq_ignore_ascii_case(name)) {
            found.extend(address.filter(|address| !found.contains(address)));
        }
    }
    found
}

fn asked(name: &str, patience: Duration) -> Result<Vec<IpAddr>, Sight> {
    let unknown = |why: String| Sight::Unclear(why);
    let getent =
        ["/usr/bin/getent", "/bin/getent"].into_iter().find(|path| Path::new(path).exists());
    let Some(getent) = getent else {
        return Err(unknown(format!(
            "`{name}` is not in /etc/hosts, and there is no `getent` to ask"
        )));
    };
    let argv = [getent, "ahosts", name].map(str::to_owned);
    let program = Program { timeout: Some(patience), ..Program::new(&argv) };
    let end = program.run().map_err(|error| unknown(error.to_string()))?;
    let found = match end.exit {
        Some(Exit::Code(0)) => told(&String::from_utf8_lossy(&end.stdout)),
        Some(Exit::Code(_) | Exit::Signal(_)) | None => Vec::new(),
    };
    if found.is_empty() { Err(unknown(format!("`{name}` has no address"))) } else { Ok(found) }
}

/// A line an address and kind of socket; each address once.
fn told(text: &str) -> Vec<IpAddr> {
    let mut found = Vec::new();
    for line in text.lines() {
        let address = line.split_whitespace().next().and_then(|word| word.parse().ok());
        found.extend(address.filter(|address| !found.contains(address)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(found: &[IpAddr]) -> String {
        found.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn numbers_are_themselves() {
        for (name, expected) in [("192.0.2.7", "192.0.2.7"), ("::1", "::1"), ("[::1]", "::1")] {
            assert_eq!(texts(&addresses(name, Duration::ZERO).unwrap()), expected);
        }
        assert!(!addresses("localhost", Duration::ZERO).unwrap().is_empty());
    }

    #[test]
    fn hosts_file_may_know_a_name_on_several_lines() {
        let hosts = "127.0.0.1 localhost\n# 192.0.2.1 db\n192.0.2.2 db.example.org DB # x\nbad db\n\
                     2001:db8::2 db\n192.0.2.2 db\n";
        assert_eq!(texts(&listed(hosts, "db")), "192.0.2.2 2001:db8::2");
        assert_eq!(texts(&listed(hosts, "x")), "");
    }

    #[test]
    fn getent_tells_each_address_once() {
        let text = "192.0.2.2 STREAM db\n192.0.2.2 DGRAM\n2001:db8::2 STREAM\n";
        assert_eq!(texts(&told(text)), "192.0.2.2 2001:db8::2");
    }
}
