//! Facts of hosts that are trees of files, and of this machine.

pub(super) mod trees;

use super::Gathered;
use super::host::Host;
use crate::sys::linux::machine::{Interface, Uname};
use hep_protocol::facts::{FACTS, Shape};
use hep_protocol::outcome::Failure;
use serde_json::{Value as Json, json};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use tempfile::TempDir;
use trees::Tree;

/// The machine below every tree: one with an interface that others reach.
pub(super) fn uname() -> Uname {
    Uname {
        system: "Linux".into(),
        node: "web1".into(),
        release: "6.1.0-13-amd64".into(),
        version: "#1 SMP".into(),
        machine: "x86_64".into(),
    }
}

fn interfaces() -> Vec<Interface> {
    let ip = |text: &str| text.parse().unwrap();
    let ip6 = |text: &str| text.parse().unwrap();
    vec![
        Interface {
            name: "lo".into(),
            up: true,
            loopback: true,
            mac: Some([0; 6]),
            ipv4: vec![(ip("127.0.0.1"), 8), (ip("198.51.100.1"), 32)],
            ipv6: vec![(ip6("::1"), 128)],
        },
        Interface {
            name: "eth0".into(),
            up: true,
            mac: Some([0x52, 0x54, 0, 0x12, 0x34, 0x5a]),
            ipv4: vec![(ip("192.0.2.10"), 24), (ip("169.254.1.1"), 16)],
            ipv6: vec![(ip6("fe80::1"), 64), (ip6("2001:db8::10"), 64)],
            ..Interface::default()
        },
        Interface { name: "wg0".into(), ..Interface::default() },
    ]
}

fn planted(tree: Tree) -> (TempDir, Gathered) {
    let directory = tempfile::tempdir().unwrap();
    plant(directory.path(), tree);
    let run = |_: &[String], _| super::host::Ran::default();
    let gathered = Gathered::of(Host { root: directory.path().into(), uname, interfaces, run });
    (directory, gathered)
}

/// Files by path and text; a text that begins with `-> ` makes a symbolic link, a path that ends with `/` a directory.
pub(super) fn plant(root: &Path, tree: Tree) {
    for (name, text) in tree {
        let path = root.join(name);
        fs::create_dir_all(if name.ends_with('/') { &path } else { path.parent().unwrap() })
            .unwrap();
        match text.strip_prefix("-> ") {
            _ if name.ends_with('/') => {}
            Some(target) => symlink(target, path).unwrap(),
            None => fs::write(path, text).unwrap(),
        }
    }
}

fn read(facts: &Gathered, name: &str) -> Json {
    facts.get(name).unwrap().unwrap().clone()
}

/// Reads facts by paths as `os.id`, and compares.
fn check(tree: Tree, expected: &[(&str, Json)]) {
    let (_directory, facts) = planted(tree);
    for (path, value) in expected {
        let (name, rest) = path.split_once('.').unwrap_or((path, ""));
        let fact = read(&facts, name);
        let pointer =
            rest.split('.').filter(|part| !part.is_empty()).map(|part| format!("/{part}"));
        let found = fact.pointer(&pointer.collect::<String>());
        assert_eq!(found, Some(value), "{path} of {fact:#}");
    }
    assert_shapes(&facts);
}

/// Every name of the table is gathered, and looks as the table says.
fn assert_shapes(facts: &Gathered) {
    for fact in FACTS {
        assert_shape(fact.name, &read(facts, fact.name), fact.shape);
    }
}

fn assert_shape(path: &str, value: &Json, shape: Shape) {
    match (shape, value) {
        (Shape::Text, Json::String(_) | Json::Null)
        | (Shape::Number, Json::Null)
        | (Shape::Switch, Json::Bool(_))
        | (Shape::Any, _) => {}
        (Shape::Number, Json::Number(number)) => assert!(number.is_u64(), "{path}: {number}"),
        (Shape::List(element), Json::Array(values)) => {
            values.iter().for_each(|value| assert_shape(&format!("{path}[]"), value, *element));
        }
        (Shape::Named(element), Json::Object(entries)) => {
            entries.iter().for_each(|(name, value)| {
                assert_shape(&format!("{path}.{name}"), value, *element);
            })
        }
        (Shape::Mapping(fields), Json::Object(entries)) => {
            assert_eq!(entries.len(), fields.len(), "{path}: {value}");
            for field in fields {
                let value = entries.get(field.name);
                let path = format!("{path}.{}", field.name);
                assert_shape(&path, value.unwrap_or_else(|| panic!("no {path}")), field.shape);
            }
        }
        (shape, value) => panic!("{path} is no {shape}: {value}"),
    }
}

#[test]
fn debian_12_on_kvm() {
    check(
        trees::DEBIAN_12,
        &[
            ("hostname", json!("web1")),
            ("fqdn", json!("web1.example.org")),
            (
                "os",
                json!({"id": "debian", "version": "12", "major": 12, "codename": "bookworm", "family": "debian",
                    "name": "Debian GNU/Linux"}),
            ),
            ("kernel", json!({"name": "Linux", "release": "6.1.0-13-amd64", "version": "#1 SMP"})),
            ("arch", json!("x86_64")),
            ("init", json!("systemd")),
            ("virtualization", json!({"kind": "kvm", "role": "vm"})),
            (
                "cpus",
                json!({"count": 4, "cores": 2, "sockets": 1, "model": "Intel Xeon (Skylake)"}),
            ),
            (
                "memory",
                json!({"total": 4_104_855_552_u64, "free": 409_600, "available": 2_048_000, "swap_total": 0,
                    "swap_free": 0}),
            ),
            ("mounts.0.path", json!("/")),
            ("mounts.0.device", json!("/dev/vda1")),
            ("mounts.0.options", json!(["rw", "relatime", "errors=remount-ro"])),
            (
                "mounts.1",
                json!({"path": "/srv/a b", "device": "files:/a b", "fstype": "nfs4", "options": ["rw"],
                "size": null, "free": null}),
            ),
            ("mounts.2.size", json!(null)),
            ("interfaces.eth0.mac", json!("52:54:00:12:34:56")),
            ("interfaces.eth0.mtu", json!(1500)),
            ("interfaces.eth0.ipv4.0", json!({"address": "192.0.2.10", "prefix": 24})),
            ("interfaces.lo.mac", json!(null)),
            (
                "interfaces.wg0",
                json!({"mac": null, "mtu": null, "up": false, "ipv4": [], "ipv6": []}),
            ),
            ("addresses", json!({"ipv4": ["192.0.2.10"], "ipv6": ["2001:db8::10"]})),
            (
                "default_ipv4",
                json!({"interface": "eth0", "gateway": "192.0.2.1", "address": "192.0.2.10"}),
            ),
            (
                "default_ipv6",
                json!({"interface": "eth0", "gateway": "fe80::5", "address": "2001:db8::10"}),
            ),
            (
                "users.root",
                json!({"uid": 0, "gid": 0, "gecos": "root", "home": "/root", "shell": "/bin/bash"}),
            ),
            ("users.www-data.uid", json!(33)),
            ("timezone", json!("Europe/Berlin")),
            ("package_manager", json!("apt")),
            ("local", json!({"site": {"rack": 7}})),
        ],
    );
}

#[test]
fn debian_13_without_its_own_time_zone_file() {
    check(
        trees::DEBIAN_13,
        &[
            ("fqdn", json!("web1")),
            ("os.version", json!("13")),
            ("os.codename", json!("trixie")),
            ("init", json!("sysv")),
            ("virtualization", json!({"kind": "none", "role": "none"})),
            ("timezone", json!("Etc/UTC")),
            ("cpus", json!({"count": 2, "cores": null, "sockets": null, "model": null})),
            ("default_ipv4", json!({"interface": null, "gateway": null, "address": null})),
        ],
    );
}

#[test]
fn ubuntu_in_an_lxc_container() {
    check(
        trees::UBUNTU_24_04,
        &[
            ("os.version", json!("24.04")),
            ("os.major", json!(24)),
            ("os.codename", json!("noble")),
            ("os.family", json!("debian")),
            ("virtualization", json!({"kind": "lxc", "role": "container"})),
            ("timezone", json!("America/New_York")),
        ],
    );
}

#[test]
fn alpine_in_a_docker_container_without_proc_and_sys() {
    check(
        trees::ALPINE,
        &[
            ("os.family", json!("alpine")),
            ("os.version", json!("3.20.3")),
            ("os.codename", json!(null)),
            ("package_manager", json!("apk")),
            ("init", json!("openrc")),
            ("virtualization", json!({"kind": "docker", "role": "container"})),
            ("timezone", json!("UTC")),
            ("cpus.count", json!(null)),
            ("memory.total", json!(null)),
            ("mounts", json!([])),
            ("interfaces.eth0.mac", json!("52:54:00:12:34:5a")),
            ("interfaces.eth0.mtu", json!(null)),
            ("users", json!({})),
            ("local", json!({})),
        ],
    );
}

#[test]
fn rocky_on_hyperv_with_apt_as_a_tool() {
    check(
        trees::ROCKY_9,
        &[
            ("fqdn", json!("web1.example.com")),
            ("os.version", json!("9.4")),
            ("os.major", json!(9)),
            ("os.codename", json!(null)),
            ("os.family", json!("redhat")),
            ("package_manager", json!("dnf")),
            ("virtualization", json!({"kind": "hyperv", "role": "vm"})),
        ],
    );
}

#[test]
fn oldest_debian_and_empty_host() {
    let old = "ID=debian\nVERSION_ID=\"8\"\nVERSION=\"8 (jessie)\"\n";
    check(&[("usr/lib/os-release", old)], &[("os.codename", json!("jessie"))]);
    let nothing = json!({"id": null, "version": null, "major": null, "codename": null, "family": null, "name": null});
    check(&[], &[("os", nothing), ("package_manager", json!(null)), ("users", json!({}))]);
}

#[test]
fn broken_local_fact_names_file_line_and_column() {
    let check = |name: &str, text: &str, expected: &str| {
        let (_directory, facts) = planted(&[("etc/hep/facts.d/good.json", "1")]);
        let path = facts.host.path("etc/hep/facts.d").join(name);
        fs::write(&path, text).unwrap();
        let failure = Failure::from(facts.get("local").unwrap().unwrap_err());
        assert_eq!(failure.message, expected);
        assert!(failure.hint.unwrap().contains("JSON"));
        // The other facts do not care, and the answer stays.
        fs::remove_file(path).unwrap();
        assert!(facts.get("local").unwrap().is_err() && facts.get("os").unwrap().is_ok());
    };
    check("bad.json", "{\n  \"a\": tru\n}\n", "/etc/hep/facts.d/bad.json:2:11: expected ident");
    check("empty.json", "", "/etc/hep/facts.d/empty.json:1:1: EOF while parsing a value");
    check("comma.json", "[1,]", "/etc/hep/facts.d/comma.json:1:4: trailing comma");
    check("bytes.json", "[1]\nx", "/etc/hep/facts.d/bytes.json:2:1: trailing characters");
    let long = " ".repeat((1 << 20) + 1);
    check("long.json", &long, "/etc/hep/facts.d/long.json holds more than 1048576 bytes");
}

#[test]
fn only_json_files_are_local_facts_and_none_is_run() {
    let (directory, facts) = planted(&[
        ("etc/hep/facts.d/.hidden.json", "not JSON"),
        ("etc/hep/facts.d/README", "not JSON"),
        ("etc/hep/facts.d/run.sh", "#!/bin/sh\ntouch ran\n"),
        ("etc/hep/facts.d/directory.json/", ""),
        ("etc/hep/facts.d/b.json", "{\"x\": [1, null]}"),
        ("etc/hep/facts.d/a.json", "\"text\""),
    ]);
    for name in ["run.sh", "b.json"] {
        let path = directory.path().join("etc/hep/facts.d").join(name);
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let pipe = directory.path().join("etc/hep/facts.d/pipe.json");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(read(&facts, "local"), json!({"a": "text", "b": {"x": [1, null]}}));
}

#[test]
fn fact_is_gathered_at_its_first_reading_and_kept() {
    let (directory, facts) = planted(&[]);
    let passwd = directory.path().join("etc/passwd");
    plant(directory.path(), &[("etc/passwd", "late:x:1000:1000::/home/late:/bin/sh\n")]);
    let before = read(&facts, "users");
    assert_eq!(before["late"]["uid"], 1000);
    fs::remove_file(passwd).unwrap();
    assert_eq!(read(&facts, "users"), before);
    assert!(facts.get("groups").is_none() && facts.get("os.id").is_none());
}

#[test]
fn odd_bytes_and_endless_tables_are_read_as_far_as_they_go() {
    let (directory, facts) = planted(&[("etc/", "")]);
    let mut passwd =
        b"odd:x:1:1:M\xfcller:/:/bin/sh\nodd:x:2:2::/:\nbroken:x\n:x:1:1:::\n".to_vec();
    passwd.extend("fill:x:2:2::/:\n".repeat(300_000).into_bytes());
    passwd.extend(b"beyond:x:3:3::/:\n");
    fs::write(directory.path().join("etc/passwd"), passwd).unwrap();
    let users = read(&facts, "users");
    assert_eq!(users["odd"]["gecos"], "M\u{fffd}ller");
    assert_eq!(users.as_object().unwrap().len(), 2);
}

#[test]
fn kinds_of_virtualization_are_told_apart() {
    let check = |tree: Tree, kind: &str, role: &str| {
        let (_directory, facts) = planted(tree);
        assert_eq!(read(&facts, "virtualization"), json!({"kind": kind, "role": role}));
    };
    let vendor = "sys/class/dmi/id/sys_vendor";
    let product = "sys/class/dmi/id/product_name";
    let clocks = "sys/devices/system/clocksource/clocksource0/available_clocksource";
    check(&[("run/.containerenv", "")], "podman", "container");
    check(&[("run/systemd/container", "systemd-nspawn\n")], "systemd-nspawn", "container");
    check(&[("proc/1/cgroup", "4:memory:/docker/8c2a\n")], "docker", "container");
    check(&[("proc/1/cgroup", "0::/init.scope\n")], "none", "none");
    check(&[("proc/1/environ", "A=b\0container=oci\0")], "oci", "container");
    check(
        &[("proc/sys/kernel/osrelease", "5.15.90.1-microsoft-standard-WSL2\n")],
        "wsl",
        "container",
    );
    check(&[("proc/vz/", "")], "openvz", "container");
    check(&[("proc/vz/", ""), ("proc/bc/", "")], "none", "none");
    check(&[(vendor, "VMware, Inc.\n")], "vmware", "vm");
    // VirtualBox can offer KVM's clock.
    check(&[(product, "VirtualBox\n"), (clocks, "kvm-clock tsc\n")], "virtualbox", "vm");
    check(&[(vendor, "QEMU\n"), (clocks, "kvm-clock tsc acpi_pm\n")], "kvm", "vm");
    check(&[(vendor, "QEMU\n"), (clocks, "tsc hpet acpi_pm\n")], "qemu", "vm");
    check(&[(vendor, "Microsoft Corporation\n"), (product, "Surface Pro\n")], "none", "none");
    check(&[("sys/hypervisor/type", "xen\n")], "xen", "vm");
    check(
        &[("sys/hypervisor/type", "xen\n"), ("proc/xen/capabilities", "control_d\n")],
        "none",
        "none",
    );
    check(&[("proc/device-tree/hypervisor/compatible", "linux,kvm\0")], "kvm", "vm");
    check(&[("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu hypervisor\n")], "other", "vm");
}

#[test]
fn this_machine_gives_sane_values() {
    let facts = Gathered::new();
    assert_shapes(&facts);
    assert!(read(&facts, "cpus")["count"].as_u64().unwrap() >= 1);
    let memory = read(&facts, "memory");
    assert!(memory["total"].as_u64().unwrap() > memory["free"].as_u64().unwrap());
    assert_eq!(read(&facts, "users")["root"]["uid"], 0);
    let mounts = read(&facts, "mounts");
    assert!(mounts.as_array().unwrap().iter().any(|mount| mount["path"] == "/"));
    assert!(!read(&facts, "hostname").as_str().unwrap().is_empty());
    assert_eq!(read(&facts, "interfaces")["lo"]["ipv4"][0]["address"], "127.0.0.1");
}
