//! The distribution (os-release(5)), and the package manager that belongs to it.

use super::host::Host;
use super::{mapping, told};
use serde_json::Value as Json;
use std::collections::HashMap;

/// What os-release says; `None` where it says nothing.
#[derive(Debug, Default)]
pub(super) struct Os {
    pub(super) id: Option<String>,
    pub(super) version: Option<String>,
    pub(super) codename: Option<String>,
    name: Option<String>,
    like: Option<String>,
}

impl Os {
    /// The second file is the vendor's copy, read when the first is missing.
    pub(super) fn read(host: &Host) -> Self {
        let files = ["etc/os-release", "usr/lib/os-release"];
        let text = files.iter().find_map(|path| host.text(path)).unwrap_or_default();
        let mut values = parse(&text);
        let mut take = |key: &str| values.remove(key).filter(|value| !value.is_empty());
        let (id, version) = (take("ID"), take("VERSION_ID"));
        // Debian's releases before 9 name themselves in `VERSION="8 (jessie)"` alone.
        let old = take("VERSION").filter(|_| id.as_deref() == Some("debian"));
        let codename = take("VERSION_CODENAME")
            .or_else(|| take("UBUNTU_CODENAME"))
            .or_else(|| old.as_deref().and_then(in_parentheses).map(str::to_owned));
        Self { id, version, codename, name: take("NAME"), like: take("ID_LIKE") }
    }

    pub(super) fn fact(self) -> Json {
        let family = self.family().map(str::to_owned);
        let version = self.version.clone().unwrap_or_default();
        let major = version.split('.').next().and_then(|digits| digits.parse::<u32>().ok());
        mapping([
            ("id", told(self.id)),
            ("version", told(self.version)),
            ("major", major.into()),
            ("codename", told(self.codename)),
            ("family", told(family)),
            ("name", told(self.name)),
        ])
    }

    /// The distribution that the others come from; a distribution that comes from none is its own family.
    pub(super) fn family(&self) -> Option<&str> {
        let like = self.like.as_deref().unwrap_or_default();
        let mut ids = self.id.iter().map(String::as_str).chain(like.split_whitespace());
        ids.find_map(family_of).or(self.id.as_deref())
    }
}

fn family_of(id: &str) -> Option<&'static str> {
    Some(match id {
        "debian" | "ubuntu" => "debian",
        "rhel" | "fedora" | "centos" | "rocky" | "almalinux" | "ol" | "amzn" => "redhat",
        "suse" | "sles" | "sled" => "suse",
        "alpine" => "alpine",
        "arch" => "arch",
        "gentoo" => "gentoo",
        opensuse if opensuse.starts_with("opensuse") => "suse",
        _ => return None,
    })
}

/// Assignments as a shell reads them, without its expansions.
fn parse(text: &str) -> HashMap<&str, String> {
    let lines = text.lines().filter_map(|line| line.split_once('='));
    lines.map(|(key, value)| (key.trim(), unquoted(value.trim()))).collect()
}

fn unquoted(value: &str) -> String {
    let within = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    if let Some(text) = within('\'') {
        return text.to_owned();
    }
    let mut text = String::new();
    let mut characters = within('"').unwrap_or(value).chars();
    while let Some(c) = characters.next() {
        text.extend(if c == '\\' { characters.next() } else { Some(c) });
    }
    text
}

fn in_parentheses(version: &str) -> Option<&str> {
    version.split_once('(')?.1.split_once(')').map(|(word, _)| word)
}

/// A package manager, the family that it belongs to, and where its program may be.
struct Manager(&'static str, &'static str, &'static [&'static str]);

const MANAGERS: &[Manager] = &[
    Manager("apt", "debian", &["usr/bin/apt-get"]),
    Manager("dnf", "redhat", &["usr/bin/dnf", "usr/bin/dnf5", "usr/bin/microdnf"]),
    Manager("yum", "redhat", &["usr/bin/yum"]),
    Manager("zypper", "suse", &["usr/bin/zypper"]),
    Manager("apk", "alpine", &["sbin/apk", "usr/sbin/apk", "usr/bin/apk"]),
    Manager("pacman", "arch", &["usr/bin/pacman"]),
    Manager("portage", "gentoo", &["usr/bin/emerge"]),
    Manager("xbps", "void", &["usr/bin/xbps-install"]),
    Manager("opkg", "openwrt", &["bin/opkg", "usr/bin/opkg"]),
];

/// The package manager whose program is there. The family's own comes first: another's may be installed as a tool.
pub(super) fn package_manager(host: &Host) -> Option<&'static str> {
    let os = Os::read(host);
    let is_own = |manager: &&Manager| Some(manager.1) == os.family();
    let is_there = |manager: &&Manager| manager.2.iter().any(|path| host.exists(path));
    let mut by_rank = MANAGERS.iter().filter(is_own).chain(MANAGERS);
    by_rank.find(is_there).map(|manager| manager.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_of_os_release_are_not_part_of_the_value() {
        let os =
            parse("# c\nID=debian\nVERSION_ID=\"12\"\n\nNAME='x \\y'\nA=\"a \\\"b\\\" \\$\"\n");
        let value = |key| os.get(key).map(String::as_str);
        assert_eq!(["ID", "VERSION_ID"].map(value), [Some("debian"), Some("12")]);
        assert_eq!(["NAME", "A"].map(value), [Some("x \\y"), Some("a \"b\" $")]);
    }

    #[test]
    fn family_is_found_by_what_the_distribution_is_like() {
        let check = |id: &str, like: &str, expected: &str| {
            let os = Os { id: Some(id.into()), like: Some(like.into()), ..Os::default() };
            assert_eq!(os.family(), Some(expected), "{id}");
        };
        check("raspbian", "debian", "debian");
        check("linuxmint", "ubuntu debian", "debian");
        check("fedora", "", "redhat");
        check("scientific", "rhel centos fedora", "redhat");
        check("opensuse-leap", "suse opensuse", "suse");
        check("postmarketos", "alpine", "alpine");
        check("void", "", "void");
        assert_eq!(Os::default().family(), None);
    }
}
