//! What the host runs in, or runs, by the traces that `setup` goes by and in its order: the first that is found gives type
//! and role, and all of them are listed.

use super::super::host::Host;
use super::firmware::DIRECTORY;
use super::some;
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;

/// What was found so far.
#[derive(Default)]
struct Found {
    first: Option<(String, &'static str)>,
    guest: BTreeSet<String>,
    host: BTreeSet<String>,
}

impl Found {
    fn guest(&mut self, kind: &str) {
        self.guest.insert(kind.to_owned());
        self.first.get_or_insert_with(|| (kind.to_owned(), "guest"));
    }

    fn host(&mut self, kind: &str) {
        self.host.insert(kind.to_owned());
        self.first.get_or_insert_with(|| (kind.to_owned(), "host"));
    }
}

pub(super) fn facts(host: &Host) -> Map<String, Json> {
    let mut found = Found::default();
    containers(host, &mut found);
    xen(host, &mut found);
    firmware(host, &mut found);
    processors(host, &mut found);
    modules(host, &mut found);
    let (kind, role) = found.first.unwrap_or_else(|| ("NA".to_owned(), "NA"));
    let list = |set: BTreeSet<String>| set.into_iter().collect::<Json>();
    some([
        ("virtualization_type", kind.into()),
        ("virtualization_role", role.into()),
        ("virtualization_tech_guest", list(found.guest)),
        ("virtualization_tech_host", list(found.host)),
    ])
}

fn containers(host: &Host, found: &mut Found) {
    for line in host.text("proc/1/cgroup").unwrap_or_default().lines() {
        if line.contains("/docker/") || is_docker_scope(line) {
            found.guest("docker");
        }
        if line.contains("/lxc/") || line.contains("/machine.slice/machine-lxc") {
            found.guest("lxc");
        }
        if line.contains("/system.slice/containerd.service") {
            found.guest("containerd");
        }
    }
    for entry in host.text("proc/1/environ").unwrap_or_default().split('\0') {
        for kind in ["lxc", "podman"] {
            if entry.contains(&format!("container={kind}")) {
                found.guest(kind);
            }
        }
        if entry.strip_prefix("container=").is_some_and(|kind| !kind.is_empty()) {
            found.guest("container");
        }
    }
    if host.exists("proc/vz") && !host.exists("proc/lve") {
        if host.exists("proc/bc") { found.host("openvz") } else { found.guest("openvz") }
    }
    let said = host.value("run/systemd/container");
    if let Some(kind) = &said {
        found.guest(kind);
    }
    if host.exists(".dockerenv") || host.exists(".dockerinit") {
        found.guest("docker");
    }
    let kinds = ["docker", "lxc", "podman", "openvz", "containerd"];
    if said.is_some() || kinds.iter().any(|kind| found.guest.contains(*kind)) {
        found.guest.insert("container".to_owned());
    }
}

/// `/docker-` and hexadecimal digits, a scope of systemd's.
fn is_docker_scope(line: &str) -> bool {
    line.split("/docker-").skip(1).any(|rest| {
        rest.strip_prefix(|c: char| c.is_ascii_hexdigit()).is_some_and(|rest| {
            rest.trim_start_matches(|c: char| c.is_ascii_hexdigit()).starts_with(".scope")
        })
    })
}

fn xen(host: &Host, found: &mut Found) {
    if host.exists("proc/xen") {
        let words = host.text("proc/xen/capabilities").unwrap_or_default();
        if words.contains("control_d") {
            found.host("xen");
        } else {
            found.first.get_or_insert_with(|| ("xen".to_owned(), "guest"));
        }
    }
}

/// A file of the firmware's, the texts that it may have, and what they mean.
const FIRMWARE: &[(&str, &[&str], &str)] = &[
    ("product_name", &["KVM", "KVM Server", "Bochs", "AHV", "CloudStack KVM Hypervisor"], "kvm"),
    ("sys_vendor", &["oVirt"], "oVirt"),
    ("product_family", &["RHV"], "RHV"),
    ("product_name", &["RHEV Hypervisor"], "RHEV"),
    ("product_name", &["VMware*"], "VMware"),
    ("product_name", &["OpenStack Compute", "OpenStack Nova"], "openstack"),
    ("bios_vendor", &["Xen"], "xen"),
    ("bios_vendor", &["innotek GmbH"], "virtualbox"),
    ("bios_vendor", &["Amazon EC2", "DigitalOcean", "Hetzner", "Linode"], "kvm"),
    ("sys_vendor", &["QEMU", "Amazon EC2", "DigitalOcean", "Google", "Scaleway", "Nutanix"], "kvm"),
    ("sys_vendor", &["KubeVirt"], "KubeVirt"),
    ("sys_vendor", &["Microsoft Corporation"], "VirtualPC"),
    ("sys_vendor", &["Parallels Software International Inc."], "parallels"),
    ("sys_vendor", &["OpenStack Foundation"], "openstack"),
];

fn firmware(host: &Host, found: &mut Found) {
    for (file, texts, kind) in FIRMWARE {
        let Some(said) = host.value(&format!("{DIRECTORY}/{file}")) else { continue };
        let fits = |text: &&str| match text.strip_suffix('*') {
            Some(start) => said.starts_with(start),
            None => said == **text,
        };
        if texts.iter().any(fits) {
            found.guest(kind);
        }
    }
}

fn processors(host: &Host, found: &mut Found) {
    for line in host.text("proc/cpuinfo").unwrap_or_default().lines() {
        let (key, value) = line.split_once(':').unwrap_or((line, ""));
        match key.trim() {
            "model name" if value.contains("QEMU Virtual CPU") => found.guest("kvm"),
            "model name" if value.contains("UML") => found.guest("uml"),
            "vendor_id" if value.contains("User Mode Linux") => found.guest("uml"),
            "machine" if value.contains("CHRP IBM pSeries (emulated by qemu)") => {
                found.guest("kvm");
            }
            _ => {}
        }
    }
}

fn modules(host: &Host, found: &mut Found) {
    let text = host.text("proc/modules").unwrap_or_default();
    let loaded = |name: &str| text.lines().any(|line| line.split(' ').next() == Some(name));
    if loaded("kvm") {
        found.host("kvm");
    }
    if loaded("vboxdrv") {
        found.host("virtualbox");
    }
    if loaded("virtio") {
        found.host.insert("kvm".to_owned());
        found.first.get_or_insert_with(|| ("kvm".to_owned(), "guest"));
    }
    let product = host.ask("dmidecode", &["-s", "system-product-name"]);
    let product = product.filter(|ran| ran.code == Some(0)).map(|ran| ran.stdout);
    let product = product.unwrap_or_default();
    let named = product.lines().find(|line| !line.starts_with('#')).unwrap_or_default();
    if named.trim().starts_with("VMware") {
        found.guest("VMware");
    }
    if product.contains("BHYVE") {
        found.guest("bhyve");
    }
    if host.exists("dev/kvm") {
        found.host("kvm");
    }
}
