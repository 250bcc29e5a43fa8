//! What runs the host: its service manager, its kernel's command line and protections, Python.

use super::super::host::{Host, Ran};
use super::super::{mapping, named};
use super::{one, some};
use serde_json::{Map, Value as Json};
use std::os::unix::fs::MetadataExt;

type Facts = Map<String, Json>;

pub(super) fn apparmor(host: &Host) -> Facts {
    let enabled = host.exists("sys/kernel/security/apparmor");
    let status = if enabled { "enabled" } else { "disabled" };
    one("apparmor", mapping([("status", status.into())]))
}

/// As `capsh --print` says it.
pub(super) fn capabilities(host: &Host) -> Facts {
    let said = host.ask("capsh", &["--print"]).filter(|ran| ran.code == Some(0));
    let Some(Ran { stdout, .. }) = said else {
        let unknown = || Json::from("N/A");
        return some([
            ("system_capabilities", unknown()),
            ("system_capabilities_enforced", unknown()),
        ]);
    };
    let current = stdout.lines().rev().find(|line| line.starts_with("Current:"));
    let (enforced, list) = match current {
        None => ("NA", Vec::new()),
        Some(line) if line.split(':').nth(1).is_some_and(|set| set.trim() == "=ep") => {
            ("False", Vec::new())
        }
        Some(line) => {
            let list = line.split('=').nth(1).unwrap_or_default().split(',');
            ("True", list.map(|one| one.trim().to_owned()).collect())
        }
    };
    some([("system_capabilities", list.into()), ("system_capabilities_enforced", enforced.into())])
}

/// Whether the root is not that of process 1; where that is not told, whether it is not a file system's.
pub(super) fn chroot(host: &Host) -> Facts {
    let of = |path: &str| host.path(path).metadata().ok().map(|meta| (meta.ino(), meta.dev()));
    let marked = std::env::var_os("debian_chroot").is_some_and(|name| !name.is_empty());
    let is_chroot = match (of(""), of("proc/1/root/.")) {
        _ if marked => true,
        (Some(own), Some(first)) => own != first,
        (Some((inode, _)), None) => !matches!(inode, 2 | 128 | 256),
        (None, _) => false,
    };
    one("is_chroot", is_chroot.into())
}

pub(super) fn command_line(host: &Host) -> Facts {
    let Some(line) = host.value("proc/cmdline") else { return Facts::new() };
    let (mut last, mut all) = (Map::new(), Map::new());
    for piece in words(&line) {
        let Some((key, value)) = piece.split_once('=') else {
            last.insert(piece.clone(), true.into());
            all.insert(piece, true.into());
            continue;
        };
        last.insert(key.to_owned(), value.into());
        match all.get_mut(key) {
            Some(Json::Array(values)) => values.push(value.into()),
            Some(one) => *one = Json::Array(vec![one.take(), value.into()]),
            None => drop(all.insert(key.to_owned(), value.into())),
        }
    }
    some([("cmdline", Json::Object(last)), ("proc_cmdline", Json::Object(all))])
}

/// Words apart by blanks, where quotes keep blanks and stay.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in line.chars() {
        match (quote, c) {
            (None, c) if c.is_whitespace() => words.push(std::mem::take(&mut word)),
            (None, '"' | '\'') => {
                quote = Some(c);
                word.push(c);
            }
            (Some(open), c) => {
                word.push(c);
                if c == open {
                    quote = None;
                }
            }
            (None, c) => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// resolv.conf(5), as far as it says something.
pub(super) fn dns(host: &Host) -> Facts {
    let text = host.text("etc/resolv.conf").unwrap_or_default();
    let mut dns = Map::new();
    for line in text.lines().filter(|line| !line.starts_with(['#', ';'])) {
        let mut words = line.split_whitespace();
        let Some(key) = words.next() else { continue };
        let rest: Vec<&str> = words.collect();
        match key {
            "nameserver" => {
                let servers = dns.entry("nameservers").or_insert_with(|| Json::Array(Vec::new()));
                if let Json::Array(servers) = servers {
                    servers.extend(rest.into_iter().map(Json::from));
                }
            }
            "domain" => {
                let name = rest.first().map(|name| Json::from(*name));
                dns.extend(name.map(|name| ("domain".to_owned(), name)));
            }
            "search" | "sortlist" => drop(dns.insert(key.to_owned(), rest.into())),
            "options" => {
                let options = rest.into_iter().map(|option| match option.split_once(':') {
                    Some((name, value)) if !value.is_empty() => (name.to_owned(), value.into()),
                    Some((name, _)) => (name.to_owned(), true.into()),
                    None => (option.to_owned(), true.into()),
                });
                dns.insert("options".to_owned(), named(&mut { options }));
            }
            _ => {}
        }
    }
    one("dns", Json::Object(dns))
}

pub(super) fn fips(host: &Host) -> Facts {
    let enabled = host.value("proc/sys/crypto/fips_enabled").as_deref() == Some("1");
    one("fips", enabled.into())
}

/// What says of Python all that is asked, one value a line.
const ASK_PYTHON: &str = "import sys
try:
    from ssl import create_default_context, SSLContext
    tls = True
except ImportError:
    tls = False
v = sys.version_info
for x in (v[0], v[1], v[2], v[3], v[4], sys.executable, int(tls), sys.implementation.name):
    print(x)";

/// The system's interpreter; nothing on a host without one.
pub(super) fn python(host: &Host) -> Facts {
    const PROGRAM: &str = "usr/bin/python3";
    let said =
        host.exists(PROGRAM).then(|| host.start(&format!("/{PROGRAM}"), &["-c", ASK_PYTHON]));
    let Some(Ran { code: Some(0), stdout, .. }) = said else { return Facts::new() };
    let lines: Vec<&str> = stdout.lines().collect();
    let [major, minor, micro, level, serial, executable, tls, kind] = *lines.as_slice() else {
        return Facts::new();
    };
    let number = |text: &str| Json::from(text.parse::<u32>().unwrap_or_default());
    let version = mapping([
        ("major", number(major)),
        ("minor", number(minor)),
        ("micro", number(micro)),
        ("releaselevel", level.into()),
        ("serial", number(serial)),
    ]);
    let info = [number(major), number(minor), number(micro), level.into(), number(serial)];
    let python = mapping([
        ("version", version),
        ("version_info", Json::Array(info.into())),
        ("executable", executable.into()),
        ("has_sslcontext", (tls == "1").into()),
        ("type", kind.into()),
    ]);
    some([("python", python), ("python_version", format!("{major}.{minor}.{micro}").into())])
}

/// By the library that Ansible asks, and the kernel's file system.
pub(super) fn selinux(host: &Host) -> Facts {
    let has_library = ["usr/lib", "lib", "usr/lib64", "lib64"].iter().any(|directory| {
        let direct = format!("{directory}/libselinux.so.1");
        let multiarch = format!("{directory}/{}-linux-gnu/libselinux.so.1", (host.uname)().machine);
        host.exists(&direct) || host.exists(&multiarch)
    });
    if !has_library {
        let status = mapping([("status", "Missing selinux Python library".into())]);
        return some([("selinux", status), ("selinux_python_present", false.into())]);
    }
    let fact = if host.exists("sys/fs/selinux/enforce") {
        let config = host.text("etc/selinux/config").unwrap_or_default();
        let said = |key: &str| {
            let lines = config.lines().filter_map(|line| line.split_once('='));
            let mut values =
                lines.filter(|(name, _)| name.trim() == key).map(|(_, value)| value.trim());
            values.next_back().unwrap_or("unknown").to_owned()
        };
        let mode = match host.value("sys/fs/selinux/enforce").as_deref() {
            Some("1") => "enforcing",
            Some("0") => "permissive",
            Some(_) | None => "unknown",
        };
        let policy = host.value("sys/fs/selinux/policyvers").and_then(|text| text.parse().ok());
        mapping([
            ("status", "enabled".into()),
            ("policyvers", policy.map_or_else(|| "unknown".into(), |number: u32| number.into())),
            ("config_mode", said("SELINUX").into()),
            ("mode", mode.into()),
            ("type", said("SELINUXTYPE").into()),
        ])
    } else {
        mapping([("status", "disabled".into())])
    };
    some([("selinux", fact), ("selinux_python_present", true.into())])
}

/// Process 1 by its name; if that tells nothing, what is there.
pub(super) fn service_manager(host: &Host) -> Facts {
    let linked = || host.link("sbin/init");
    let first = host.value("proc/1/comm").or_else(linked).unwrap_or_default();
    let first = first.rsplit('/').next().unwrap_or_default();
    let manager = match first {
        "procd" => "openwrt_init",
        "runit-init" => "runit",
        "svscan" => "svc",
        "openrc-init" => "openrc",
        "" | "init" => by_files(host),
        shell if shell.ends_with("sh") => by_files(host),
        other => other,
    };
    one("service_mgr", manager.into())
}

fn by_files(host: &Host) -> &'static str {
    let has_systemctl = host.program("systemctl").is_some();
    let starts_systemd = || {
        let target = host.link("sbin/init").unwrap_or_default();
        has_systemctl && target.rsplit('/').next() == Some("systemd")
    };
    if has_systemctl && is_booted(host) {
        "systemd"
    } else if host.program("initctl").is_some() && host.exists("etc/init") {
        "upstart"
    } else if host.exists("sbin/openrc") {
        "openrc"
    } else if starts_systemd() {
        "systemd"
    } else if host.exists("etc/init.d") {
        "sysvinit"
    } else if host.exists("etc/dinit.d") {
        "dinit"
    } else {
        "service"
    }
}

/// sd_booted(3).
fn is_booted(host: &Host) -> bool {
    host.exists("run/systemd/system")
}

pub(super) fn systemd(host: &Host) -> Facts {
    let said = is_booted(host).then(|| host.ask("systemctl", &["--version"])).flatten();
    let Some(Ran { code: Some(0), stdout, .. }) = said else { return Facts::new() };
    let version = stdout.split(' ').nth(1).and_then(|number| number.parse::<u32>().ok());
    let features = stdout.lines().nth(1).unwrap_or_default();
    one("systemd", mapping([("features", features.into()), ("version", version.into())]))
}

/// Of the first directory that has any.
pub(super) fn ssh_keys(host: &Host) -> Facts {
    let mut facts = Facts::new();
    for directory in ["etc/ssh", "etc/openssh", "etc"] {
        for kind in ["dsa", "rsa", "ecdsa", "ed25519"] {
            let text = host.value(&format!("{directory}/ssh_host_{kind}_key.pub"));
            let text = text.unwrap_or_default();
            let mut words = text.split_whitespace();
            let (Some(keytype), Some(key)) = (words.next(), words.next()) else { continue };
            facts.insert(format!("ssh_host_key_{kind}_public"), key.into());
            facts.insert(format!("ssh_host_key_{kind}_public_keytype"), keytype.into());
        }
        if !facts.is_empty() {
            break;
        }
    }
    facts
}
