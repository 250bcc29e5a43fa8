//! The host's full name, and the name of its time zone.

use super::host::Host;

/// The full name, by /etc/hosts alone: a resolver could ask the network, and a static program must not load one (nss(5)).
pub(super) fn fqdn(host: &Host) -> String {
    let node = (host.uname)().node;
    if node.contains('.') {
        node
    } else {
        let hosts = host.text("etc/hosts").unwrap_or_default();
        full_name_in(&hosts, &node).map_or_else(|| node.clone(), str::to_owned)
    }
}

/// hosts(5): an address, the canonical name, aliases. A name that extends the host's own is taken before a canonical name
/// that only stands on the same line.
fn full_name_in<'a>(hosts: &'a str, node: &str) -> Option<&'a str> {
    let mut canonical = None;
    for line in hosts.lines() {
        let entry = line.split('#').next().unwrap_or_default();
        let names = || entry.split_whitespace().skip(1);
        if names().any(|name| name.eq_ignore_ascii_case(node)) {
            if let Some(full) = names().find(|name| extends(name, node)) {
                return Some(full);
            }
            let is_own = |name: &&str| name.contains('.') && !name.starts_with("localhost");
            canonical = canonical.or_else(|| names().next().filter(is_own));
        }
    }
    canonical
}

fn extends(name: &str, node: &str) -> bool {
    let cut = name.split_at_checked(node.len());
    cut.is_some_and(|(own, rest)| own.eq_ignore_ascii_case(node) && rest.starts_with('.'))
}

/// localtime(5): the link's target names the zone, and without a link the zone is UTC. Where the zone's file was copied,
/// only Debian's /etc/timezone can tell.
pub(super) fn timezone(host: &Host) -> Option<String> {
    let linked = host.link("etc/localtime").and_then(|target| zone_of(&target).map(str::to_owned));
    linked.or_else(|| host.value("etc/timezone")).or_else(|| {
        let is_absent = host.path("etc/localtime").symlink_metadata().is_err();
        is_absent.then(|| "UTC".to_owned())
    })
}

fn zone_of(target: &str) -> Option<&str> {
    let (_, zone) = target.split_once("zoneinfo/")?;
    // The same zones with leap seconds and without.
    Some(zone.strip_prefix("posix/").or_else(|| zone.strip_prefix("right/")).unwrap_or(zone))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_name_is_the_host_names_own() {
        let check = |hosts: &str, expected: Option<&str>| {
            assert_eq!(full_name_in(hosts, "web1"), expected, "{hosts}");
        };
        check("127.0.0.1 localhost\n127.0.1.1\tweb1.example.org web1\n", Some("web1.example.org"));
        check("127.0.1.1 web1 web1.example.org # c", Some("web1.example.org"));
        check(
            "192.0.2.1 mail.example.org WEB1\n::1 web1.example.net web1",
            Some("web1.example.net"),
        );
        check("192.0.2.1 mail.example.org web1\n", Some("mail.example.org"));
        check("127.0.0.1 localhost.localdomain localhost web1\n", None);
        check("192.0.2.1 web10.example.org web10\n# 192.0.2.1 web1.example.org web1\n", None);
        check("127.0.1.1 web1\nbroken\n\n", None);
    }

    #[test]
    fn zone_is_what_follows_the_zones_directory() {
        let check = |target: &str, expected| assert_eq!(zone_of(target), expected);
        check("/usr/share/zoneinfo/America/Argentina/Ushuaia", Some("America/Argentina/Ushuaia"));
        check("../usr/share/zoneinfo/posix/Etc/UTC", Some("Etc/UTC"));
        check("/etc/elsewhere", None);
    }
}
