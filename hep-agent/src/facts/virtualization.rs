//! What the host runs in. A container comes first: a container in a virtual machine is a container.
//!
//! The traces are those that `systemd-detect-virt(1)` goes by, as far as files show them.

use super::host::Host;
use super::mapping;
use serde_json::Value as Json;

pub(super) fn fact(host: &Host) -> Json {
    let (kind, role) = match (container(host), vm(host)) {
        (Some(kind), _) => (kind, "container"),
        (None, Some(kind)) => (kind.to_owned(), "vm"),
        (None, None) => ("none".to_owned(), "none"),
    };
    mapping([("kind", kind.into()), ("role", role.into())])
}

fn container(host: &Host) -> Option<String> {
    let release = host.text("proc/sys/kernel/osrelease").unwrap_or_default();
    if release.contains("Microsoft") || release.contains("WSL") {
        return Some("wsl".to_owned());
    }
    // OpenVZ's own machine has the second too.
    if host.exists("proc/vz") && !host.exists("proc/bc") {
        return Some("openvz".to_owned());
    }
    named_by_manager(host).or_else(|| {
        let marks = [("run/.containerenv", "podman"), (".dockerenv", "docker")];
        let marked = marks.iter().find(|(path, _)| host.exists(path)).map(|(_, kind)| *kind);
        marked.or_else(|| by_control_group(host)).map(str::to_owned)
    })
}

/// The manager's word: as systemd in the container wrote it down, and as process 1 was given it. Only root reads the latter.
fn named_by_manager(host: &Host) -> Option<String> {
    host.value("run/systemd/container")
        .or_else(|| host.value("run/host/container-manager"))
        .or_else(|| {
            let environment = host.text("proc/1/environ")?;
            let named =
                environment.split('\0').find_map(|entry| entry.strip_prefix("container="))?;
            (!named.is_empty()).then(|| named.to_owned())
        })
}

/// Older container managers show in the name of process 1's control group.
fn by_control_group(host: &Host) -> Option<&'static str> {
    let groups = host.text("proc/1/cgroup")?;
    let marks = [("/kubepods", "kubernetes"), ("/docker", "docker"), ("/lxc", "lxc")];
    marks.iter().find(|(mark, _)| groups.contains(mark)).map(|(_, kind)| *kind)
}

/// What the firmware says of the machine, and whose it then is. Those who run KVM put their own names there.
const FIRMWARE: &[(&str, &str)] = &[
    ("VMware", "vmware"),
    ("VMW", "vmware"),
    ("innotek GmbH", "virtualbox"),
    ("VirtualBox", "virtualbox"),
    ("Xen", "xen"),
    ("Parallels", "parallels"),
    ("BHYVE", "bhyve"),
    ("Apple Virtualization", "apple"),
    ("KVM", "kvm"),
    ("OpenStack", "kvm"),
    ("KubeVirt", "kvm"),
    ("Google Compute Engine", "kvm"),
];

fn vm(host: &Host) -> Option<&'static str> {
    // Xen's first domain runs the others.
    let is_first_domain =
        host.text("proc/xen/capabilities").is_some_and(|words| words.contains("control_d"));
    if is_first_domain {
        return None;
    }
    let files = ["product_name", "sys_vendor", "board_vendor", "bios_vendor", "product_version"];
    let firmware =
        files.map(|file| host.value(&format!("sys/class/dmi/id/{file}")).unwrap_or_default());
    let says = |word: &str| firmware.iter().any(|text| text.starts_with(word));
    if let Some((_, kind)) = FIRMWARE.iter().find(|(word, _)| says(word)) {
        return Some(kind);
    }
    if says("Microsoft Corporation") && says("Virtual Machine") {
        return Some("hyperv");
    }
    by_kernel(host).or_else(|| {
        if says("QEMU") || says("Bochs") {
            return Some("qemu");
        }
        let info = host.text("proc/cpuinfo").unwrap_or_default();
        let flags = info.lines().find(|line| line.starts_with("flags")).unwrap_or_default();
        flags.split_whitespace().any(|flag| flag == "hypervisor").then_some("other")
    })
}

/// What the kernel found of its hypervisor: its interface, its clock, its entry in the device tree.
fn by_kernel(host: &Host) -> Option<&'static str> {
    if host.value("sys/hypervisor/type").as_deref() == Some("xen") {
        return Some("xen");
    }
    let clocks = "sys/devices/system/clocksource/clocksource0/available_clocksource";
    let tree = "proc/device-tree/hypervisor/compatible";
    let found = [clocks, tree].map(|path| host.value(path).unwrap_or_default()).join(" ");
    let marks = [("kvm", "kvm"), ("xen", "xen"), ("hyperv", "hyperv")];
    marks.iter().find(|(mark, _)| found.contains(mark)).map(|(_, kind)| *kind)
}
