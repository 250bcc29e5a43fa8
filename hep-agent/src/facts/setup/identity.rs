//! What the host is called, what it runs, and who gathers.

use super::super::host::Host;
use super::super::os::{self, Os};
use super::{one, some};
use crate::sys::linux::passwd::local_user;
use serde_json::{Map, Value as Json};

type Facts = Map<String, Json>;

/// What is not under another name one of hep's facts.
pub(super) fn platform(host: &Host) -> Facts {
    let names = (host.uname)();
    let is_x86 = names.machine == "x86_64" || is_i386(&names.machine);
    let bits = if usize::BITS == 64 { "64" } else { "32" };
    let architecture = if is_i386(&names.machine) { "i386" } else { &names.machine };
    let short = names.node.split('.').next().unwrap_or_default();
    let mut facts = some([
        ("architecture", architecture.into()),
        ("hostname", short.into()),
        ("userspace_bits", bits.into()),
    ]);
    if is_x86 {
        let userspace = if bits == "64" { "x86_64" } else { "i386" };
        facts.insert("userspace_architecture".to_owned(), userspace.into());
    }
    let id = ["var/lib/dbus/machine-id", "etc/machine-id"].iter().find_map(|path| host.value(path));
    let id = id.and_then(|text| text.lines().next().map(str::to_owned));
    facts.extend(id.map(|id| ("machine_id".to_owned(), id.into())));
    facts
}

fn is_i386(machine: &str) -> bool {
    matches!(machine, "i386" | "i486" | "i586" | "i686" | "i86pc")
}

/// The full name as the host's resolver has it, and what follows its first dot.
pub(super) fn names(host: &Host) -> Facts {
    let node = (host.uname)().node;
    let full = full_name(host, &node);
    let domain = full.split_once('.').map_or("", |(_, domain)| domain);
    some([("domain", domain.into()), ("fqdn", full.as_str().into())])
}

/// The name that the host's address has: the first of its names with a dot, else the first.
fn full_name(host: &Host, node: &str) -> String {
    let hosts = host.text("etc/hosts").unwrap_or_default();
    let lines = || hosts.lines().map(|line| line.split('#').next().unwrap_or_default());
    let is_named = |line: &&str| line.split_whitespace().skip(1).any(|name| name == node);
    let names = match lines().find(is_named).and_then(|line| line.split_whitespace().next()) {
        Some(address) => {
            let of_address = |line: &&str| line.split_whitespace().next() == Some(address);
            lines().find(of_address).map(names_in)
        }
        None => asked(host, node),
    };
    let names = names.unwrap_or_default();
    let dotted = names.iter().find(|name| name.contains('.'));
    dotted.or(names.first()).cloned().unwrap_or_else(|| node.to_owned())
}

fn names_in(line: &str) -> Vec<String> {
    line.split_whitespace().skip(1).map(str::to_owned).collect()
}

/// Where /etc/hosts does not have the name, other sources of nsswitch.conf(5) may.
fn asked(host: &Host, node: &str) -> Option<Vec<String>> {
    let answer = |key: &str| {
        let ran = host.ask("getent", &["hosts", key])?;
        ran.stdout.lines().next().map(str::to_owned)
    };
    let line = answer(node)?;
    let address = line.split_whitespace().next()?;
    Some(names_in(&answer(address)?))
}

/// What os-release and the distribution's own file say.
pub(super) fn distribution(host: &Host) -> Facts {
    let os = Os::read(host);
    let id = os.id.clone().unwrap_or_default();
    let name = name_of(&id);
    let family = os.family().unwrap_or_default();
    let numbered = os.version.clone().unwrap_or_default();
    let own = host.value("etc/debian_version").filter(|_| id == "debian").unwrap_or_default();
    let dots = |text: &str| text.matches('.').count();
    let is_better = dots(&own) > dots(&numbered) || numbered.is_empty();
    let version = if is_better && !own.is_empty() { &own } else { &numbered };
    let version = if version.is_empty() { "NA" } else { version };
    let major = version.split('.').next().unwrap_or_default();
    let release = os.codename.clone().unwrap_or_else(|| "NA".to_owned());
    let mut facts = some([
        ("distribution", name.as_str().into()),
        ("distribution_version", version.into()),
        ("distribution_major_version", major.into()),
        ("distribution_release", release.into()),
        ("distribution_file_path", "/etc/os-release".into()),
        ("distribution_file_variety", variety_of(family, &name).into()),
        ("distribution_file_parsed", true.into()),
        ("os_family", family_name(family, &name).into()),
    ]);
    let numbers = own.split_once('.').map(|(_, rest)| rest).unwrap_or_default();
    let minor: String = numbers.chars().take_while(char::is_ascii_digit).collect();
    if !minor.is_empty() {
        facts.insert("distribution_minor_version".to_owned(), minor.into());
    }
    facts
}

fn name_of(id: &str) -> String {
    let known = match id {
        "debian" | "raspbian" => "Debian",
        "ubuntu" => "Ubuntu",
        "linuxmint" => "Linux Mint",
        "rhel" => "RedHat",
        "centos" => "CentOS",
        "rocky" => "Rocky",
        "almalinux" => "AlmaLinux",
        "ol" => "OracleLinux",
        "amzn" => "Amazon",
        "arch" => "Archlinux",
        "sles" => "SLES",
        "opensuse-leap" => "openSUSE Leap",
        "opensuse-tumbleweed" => "openSUSE Tumbleweed",
        "" => "NA",
        other => {
            let mut letters = other.chars();
            let first = letters.next().map(|c| c.to_ascii_uppercase());
            return first.into_iter().chain(letters).collect();
        }
    };
    known.to_owned()
}

fn family_name<'a>(family: &'a str, name: &'a str) -> &'a str {
    match family {
        "debian" => "Debian",
        "redhat" => "RedHat",
        "suse" => "Suse",
        "alpine" => "Alpine",
        "arch" => "Archlinux",
        "gentoo" => "Gentoo",
        _ => name,
    }
}

fn variety_of<'a>(family: &'a str, name: &'a str) -> &'a str {
    match family_name(family, name) {
        "Suse" => "SUSE",
        other => other,
    }
}

/// What `lsb_release` says, else /etc/lsb-release.
pub(super) fn lsb(host: &Host) -> Facts {
    const NAMES: [(&str, &str, &str); 4] = [
        ("codename", "Codename", "DISTRIB_CODENAME"),
        ("description", "Description", "DISTRIB_DESCRIPTION"),
        ("id", "Distributor ID", "DISTRIB_ID"),
        ("release", "Release", "DISTRIB_RELEASE"),
    ];
    let said = host.ask("lsb_release", &["-a"]).filter(|ran| ran.code == Some(0));
    let text = said.map_or_else(|| host.text("etc/lsb-release"), |ran| Some(ran.stdout));
    let text = text.unwrap_or_default();
    let mut lsb = Map::new();
    for line in text.lines() {
        let pair = |separator: char| line.split_once(separator);
        let value = |value: &str| value.trim().trim_matches(['"', '\'', '\\']).into();
        for (name, said, written) in NAMES {
            let found = pair(':').filter(|(key, _)| key.trim() == said);
            let found = found.or_else(|| pair('=').filter(|(key, _)| key.trim() == written));
            lsb.extend(found.map(|(_, text)| (name.to_owned(), value(text))));
        }
    }
    let major = lsb.get("release").and_then(Json::as_str).and_then(|text| text.split('.').next());
    let major = major.map(Json::from);
    lsb.extend(major.map(|major| ("major_release".to_owned(), major)));
    one("lsb", Json::Object(lsb))
}

/// The family's own, if it is there.
pub(super) fn package_manager(host: &Host) -> Facts {
    let known = os::package_manager(host).unwrap_or("unknown");
    one("pkg_mgr", known.into())
}

/// The user who gathers.
pub(super) fn user(host: &Host) -> Facts {
    let (uid, gid) = (nix::unistd::geteuid().as_raw(), nix::unistd::getegid().as_raw());
    let passwd = host.text("etc/passwd").unwrap_or_default();
    let gecos = passwd.lines().find_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [_, _, number, _, gecos, ..] = *fields.as_slice() else { return None };
        (number.parse() == Ok(uid)).then(|| gecos.to_owned())
    });
    let mut facts = some([
        ("effective_group_id", gid.into()),
        ("effective_user_id", uid.into()),
        ("real_group_id", gid.into()),
        ("real_user_id", uid.into()),
        ("user_gid", gid.into()),
        ("user_uid", uid.into()),
        ("user_gecos", gecos.unwrap_or_default().into()),
    ]);
    if let Some(user) = local_user(uid) {
        facts.extend(some([
            ("user_dir", user.home.into()),
            ("user_gid", user.gid.into()),
            ("user_id", user.name.into()),
            ("user_shell", user.shell.into()),
        ]));
    }
    facts
}
