//! The facts that Ansible's `setup` gathers, by its names: which collector gathers each, and which of hep's own facts has the
//! same value. Interfaces have facts of their own names besides.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What gathers some facts at once. Its name is a value of `gather_subset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Collector {
    /// `apparmor`.
    Apparmor,
    /// `caps`.
    Capabilities,
    /// `chroot`.
    Chroot,
    /// `cmdline`.
    CommandLine,
    /// `date_time`.
    DateTime,
    /// `distribution`.
    Distribution,
    /// `dns`.
    Dns,
    /// `env`.
    Environment,
    /// `fips`.
    Fips,
    /// `hardware`: its firmware.
    Firmware,
    /// `loadavg`.
    Load,
    /// `local`.
    Local,
    /// `lsb`.
    Lsb,
    /// `hardware`: its memory.
    Memory,
    /// `hardware`: its mounts.
    Mounts,
    /// `platform`: its full name.
    Names,
    /// `network`.
    Network,
    /// `pkg_mgr`.
    PackageManager,
    /// `platform`.
    Platform,
    /// `hardware`: its processors.
    Processors,
    /// `python`.
    Python,
    /// `selinux`.
    Selinux,
    /// `service_mgr`.
    ServiceManager,
    /// `ssh_pub_keys`.
    SshKeys,
    /// `systemd`.
    Systemd,
    /// `hardware`: how long it has been up.
    Uptime,
    /// `user`.
    User,
    /// `virtual`.
    Virtualization,
}

/// All collectors, each with the word for it in `gather_subset`, and whether it is of the subset `min`.
pub const COLLECTORS: [(Collector, &str, bool); 28] = [
    (Collector::Apparmor, "apparmor", true),
    (Collector::Capabilities, "caps", true),
    (Collector::Chroot, "chroot", false),
    (Collector::CommandLine, "cmdline", true),
    (Collector::DateTime, "date_time", true),
    (Collector::Distribution, "distribution", true),
    (Collector::Dns, "dns", true),
    (Collector::Environment, "env", true),
    (Collector::Fips, "fips", true),
    (Collector::Firmware, "hardware", false),
    (Collector::Load, "loadavg", false),
    (Collector::Local, "local", true),
    (Collector::Lsb, "lsb", true),
    (Collector::Memory, "hardware", false),
    (Collector::Mounts, "hardware", false),
    (Collector::Names, "platform", true),
    (Collector::Network, "network", false),
    (Collector::PackageManager, "pkg_mgr", true),
    (Collector::Platform, "platform", true),
    (Collector::Processors, "hardware", false),
    (Collector::Python, "python", true),
    (Collector::Selinux, "selinux", true),
    (Collector::ServiceManager, "service_mgr", true),
    (Collector::SshKeys, "ssh_pub_keys", true),
    (Collector::Systemd, "systemd", false),
    (Collector::Uptime, "hardware", false),
    (Collector::User, "user", true),
    (Collector::Virtualization, "virtual", false),
];

/// Subsets that hep knows and that have no facts on a host without what they ask: other programs' facts, and hardware that
/// hep does not look at.
const WITHOUT_FACTS: [&str; 6] =
    ["devices", "facter", "fibre_channel_wwn", "iscsi", "nvme", "ohai"];

/// A fact by Ansible's name.
#[derive(Clone, Copy, Debug)]
pub struct SetupFact {
    /// Its name below `ansible_facts`; as a variable it begins with [`PREFIX`].
    pub name: &'static str,
    /// What gathers it.
    pub collector: Collector,
    /// The path of hep's fact that has the same value, where there is one.
    pub same_as: Option<&'static str>,
}

/// What the name of a fact begins with as a variable.
pub const PREFIX: &str = "ansible_";

/// The name of all facts.
pub const ALL: &str = "ansible_facts";

/// The host's own facts as a variable; the only name that keeps [`PREFIX`] below [`ALL`].
pub const LOCAL: &str = "ansible_local";

const fn own(name: &'static str, collector: Collector) -> SetupFact {
    SetupFact { name, collector, same_as: None }
}

const fn alias(name: &'static str, collector: Collector, path: &'static str) -> SetupFact {
    SetupFact { name, collector, same_as: Some(path) }
}

/// The facts of every host, and those that only some have; not those of interfaces.
pub static SETUP_FACTS: &[SetupFact] = &[
    own("all_ipv4_addresses", Collector::Network),
    own("all_ipv6_addresses", Collector::Network),
    own("apparmor", Collector::Apparmor),
    own("architecture", Collector::Platform),
    own("bios_date", Collector::Firmware),
    own("bios_vendor", Collector::Firmware),
    own("bios_version", Collector::Firmware),
    own("board_asset_tag", Collector::Firmware),
    own("board_name", Collector::Firmware),
    own("board_serial", Collector::Firmware),
    own("board_vendor", Collector::Firmware),
    own("board_version", Collector::Firmware),
    own("chassis_asset_tag", Collector::Firmware),
    own("chassis_serial", Collector::Firmware),
    own("chassis_vendor", Collector::Firmware),
    own("chassis_version", Collector::Firmware),
    own("cmdline", Collector::CommandLine),
    own("date_time", Collector::DateTime),
    own("default_ipv4", Collector::Network),
    own("default_ipv6", Collector::Network),
    own("distribution", Collector::Distribution),
    own("distribution_file_parsed", Collector::Distribution),
    own("distribution_file_path", Collector::Distribution),
    own("distribution_file_variety", Collector::Distribution),
    own("distribution_major_version", Collector::Distribution),
    own("distribution_minor_version", Collector::Distribution),
    own("distribution_release", Collector::Distribution),
    own("distribution_version", Collector::Distribution),
    own("dns", Collector::Dns),
    own("domain", Collector::Names),
    own("effective_group_id", Collector::User),
    own("effective_user_id", Collector::User),
    own("env", Collector::Environment),
    own("fips", Collector::Fips),
    own("flags", Collector::Processors),
    own("form_factor", Collector::Firmware),
    own("fqdn", Collector::Names),
    own("hostname", Collector::Platform),
    own("interfaces", Collector::Network),
    own("is_chroot", Collector::Chroot),
    alias("kernel", Collector::Platform, "kernel.release"),
    alias("kernel_version", Collector::Platform, "kernel.version"),
    own("loadavg", Collector::Load),
    own("local", Collector::Local),
    own("locally_reachable_ips", Collector::Network),
    own("lsb", Collector::Lsb),
    alias("machine", Collector::Platform, "arch"),
    own("machine_id", Collector::Platform),
    own("memfree_mb", Collector::Memory),
    own("memory_mb", Collector::Memory),
    own("memtotal_mb", Collector::Memory),
    own("mounts", Collector::Mounts),
    alias("nodename", Collector::Platform, "hostname"),
    own("os_family", Collector::Distribution),
    own("pkg_mgr", Collector::PackageManager),
    own("proc_cmdline", Collector::CommandLine),
    own("processor", Collector::Processors),
    own("processor_cores", Collector::Processors),
    own("processor_count", Collector::Processors),
    own("processor_nproc", Collector::Processors),
    own("processor_threads_per_core", Collector::Processors),
    own("processor_vcpus", Collector::Processors),
    own("product_name", Collector::Firmware),
    own("product_serial", Collector::Firmware),
    own("product_uuid", Collector::Firmware),
    own("product_version", Collector::Firmware),
    own("python", Collector::Python),
    own("python_version", Collector::Python),
    own("real_group_id", Collector::User),
    own("real_user_id", Collector::User),
    own("selinux", Collector::Selinux),
    own("selinux_python_present", Collector::Selinux),
    own("service_mgr", Collector::ServiceManager),
    own("ssh_host_key_dsa_public", Collector::SshKeys),
    own("ssh_host_key_dsa_public_keytype", Collector::SshKeys),
    own("ssh_host_key_ecdsa_public", Collector::SshKeys),
    own("ssh_host_key_ecdsa_public_keytype", Collector::SshKeys),
    own("ssh_host_key_ed25519_public", Collector::SshKeys),
    own("ssh_host_key_ed25519_public_keytype", Collector::SshKeys),
    own("ssh_host_key_rsa_public", Collector::SshKeys),
    own("ssh_host_key_rsa_public_keytype", Collector::SshKeys),
    own("swapfree_mb", Collector::Memory),
    own("swaptotal_mb", Collector::Memory),
    alias("system", Collector::Platform, "kernel.name"),
    own("system_capabilities", Collector::Capabilities),
    own("system_capabilities_enforced", Collector::Capabilities),
    own("system_vendor", Collector::Firmware),
    own("systemd", Collector::Systemd),
    own("uptime_seconds", Collector::Uptime),
    own("user_dir", Collector::User),
    own("user_gecos", Collector::User),
    own("user_gid", Collector::User),
    own("user_id", Collector::User),
    own("user_shell", Collector::User),
    own("user_uid", Collector::User),
    own("userspace_architecture", Collector::Platform),
    own("userspace_bits", Collector::Platform),
    own("virtualization_role", Collector::Virtualization),
    own("virtualization_tech_guest", Collector::Virtualization),
    own("virtualization_tech_host", Collector::Virtualization),
    own("virtualization_type", Collector::Virtualization),
];

/// Facts that modules return: as a variable each has its bare name.
pub const OF_MODULES: [&str; 2] = ["packages", "services"];

/// What the names of facts begin with that the module `getent` returns.
pub const OF_GETENT: &str = "getent_";

/// The collector of the fact of this name below [`ALL`]. A name that looks like an interface's is the network's.
#[must_use]
pub fn collector_of(name: &str) -> Option<Collector> {
    let known = SETUP_FACTS.iter().find(|fact| fact.name == name).map(|fact| fact.collector);
    known.or_else(|| looks_like_interface(name).then_some(Collector::Network))
}

/// Whether a variable of this name is a fact as far as anybody can know before a host is asked.
#[must_use]
pub fn is_setup_name(name: &str) -> bool {
    let of_module = || OF_MODULES.contains(&name) || name.starts_with(OF_GETENT);
    match name.strip_prefix(PREFIX) {
        Some(bare) => name == ALL || collector_of(bare).is_some() || is_of_module(bare),
        None => of_module(),
    }
}

/// Content asks for them with the prefix too, and finds nothing.
fn is_of_module(bare: &str) -> bool {
    OF_MODULES.contains(&bare) || bare.starts_with(OF_GETENT)
}

/// Interfaces have numbers in their names, as a rule, or are of a well-known kind.
fn looks_like_interface(name: &str) -> bool {
    const KINDS: [&str; 8] = ["lo", "br_", "bond", "docker", "tun", "tap", "vlan", "wg"];
    let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let has_digit = name.chars().any(|c| c.is_ascii_digit());
    let kind = KINDS.iter().any(|kind| name == *kind || (*kind != "lo" && name.starts_with(kind)));
    is_plain && name.len() <= 16 && (has_digit || kind)
}

/// The collectors that a `gather_subset` asks for. Those of `min` are always among them, unless a word excludes them.
///
/// # Errors
/// The first word that is no subset; one that is excluded may be any.
pub fn chosen(subset: &[String]) -> Result<BTreeSet<Collector>, &str> {
    let minimal = || COLLECTORS.iter().filter(|row| row.2).map(|row| row.0);
    let all = || COLLECTORS.iter().map(|row| row.0);
    let (mut wanted, mut named): (BTreeSet<_>, BTreeSet<_>) =
        (minimal().collect(), BTreeSet::new());
    let mut excluded = BTreeSet::new();
    if subset.is_empty() {
        wanted.extend(all());
    }
    for word in subset.iter().flat_map(|words| words.split(',')).map(str::trim) {
        match word.strip_prefix('!').map_or((word, false), |word| (word, true)) {
            ("min", true) => excluded.extend(minimal()),
            ("all", true) => excluded.extend(all().filter(|one| minimal().all(|min| min != *one))),
            (word, true) => excluded.extend(collectors_of(word)),
            ("min", false) => wanted.extend(minimal()),
            ("all", false) => wanted.extend(all()),
            (word, false) if is_subset(word) => named.extend(collectors_of(word)),
            (word, false) => return Err(word),
        }
    }
    wanted.retain(|collector| !excluded.contains(collector));
    wanted.extend(named);
    let needed: Vec<Collector> = wanted.iter().flat_map(|one| needs(*one)).copied().collect();
    wanted.extend(needed);
    Ok(wanted)
}

/// The collectors that a word of a `gather_subset` means: by their own word, or by a fact.
fn collectors_of(word: &str) -> impl Iterator<Item = Collector> {
    let by_fact = SETUP_FACTS.iter().find(|fact| fact.name == word).map(|fact| fact.collector);
    let word_of = |one| COLLECTORS.iter().find(|row| row.0 == one).map(|row| row.1);
    let word = by_fact.and_then(word_of).unwrap_or(word);
    COLLECTORS.iter().filter(move |row| row.1 == word).map(|row| row.0)
}

/// What a collector brings along, because it asks what those have gathered.
fn needs(collector: Collector) -> &'static [Collector] {
    match collector {
        Collector::Firmware
        | Collector::Memory
        | Collector::Mounts
        | Collector::Processors
        | Collector::Uptime => &[Collector::Names, Collector::Platform],
        Collector::Network | Collector::ServiceManager => {
            &[Collector::Distribution, Collector::Names, Collector::Platform]
        }
        Collector::PackageManager => &[Collector::Distribution],
        Collector::Apparmor
        | Collector::Capabilities
        | Collector::Chroot
        | Collector::CommandLine
        | Collector::DateTime
        | Collector::Distribution
        | Collector::Dns
        | Collector::Environment
        | Collector::Fips
        | Collector::Load
        | Collector::Local
        | Collector::Lsb
        | Collector::Names
        | Collector::Platform
        | Collector::Python
        | Collector::Selinux
        | Collector::SshKeys
        | Collector::Systemd
        | Collector::User
        | Collector::Virtualization => &[],
    }
}

fn is_subset(word: &str) -> bool {
    WITHOUT_FACTS.contains(&word) || collectors_of(word).next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::unknown_field;

    #[test]
    fn every_name_is_there_once_and_an_alias_is_a_fact() {
        assert!(SETUP_FACTS.is_sorted_by(|fact, next| fact.name < next.name));
        assert!(COLLECTORS.is_sorted_by(|one, next| one.0 < next.0));
        for fact in SETUP_FACTS {
            if let Some(path) = fact.same_as {
                let path: Vec<&str> = path.split('.').collect();
                assert!(crate::facts::fact(path[0]).is_some(), "{path:?}");
                assert_eq!(unknown_field(&path), None);
            }
        }
    }

    #[test]
    fn names_of_facts_are_told_from_others() {
        for name in ["ansible_os_family", "ansible_facts", "ansible_eth0", "ansible_br_lan"] {
            assert!(is_setup_name(name), "{name}");
        }
        for name in ["packages", "getent_passwd", "ansible_lo", "ansible_enp0s3_100"] {
            assert!(is_setup_name(name), "{name}");
        }
        for name in ["ansible_os_famly", "os_family", "ansible_local_x", "ansible_check_mode"] {
            assert!(!is_setup_name(name), "{name}");
        }
    }

    #[test]
    fn subsets_choose_collectors_as_setup_does() {
        use Collector::{Distribution, Local, Names, Network, Platform};
        let check = |words: &str, expected: &[Collector]| {
            let subset = [words.to_owned()];
            let set = chosen(&subset).unwrap();
            assert_eq!(set.into_iter().collect::<Vec<_>>(), expected, "{words}");
        };
        let all: Vec<Collector> = COLLECTORS.iter().map(|row| row.0).collect();
        let minimal: Vec<Collector> =
            COLLECTORS.iter().filter(|row| row.2).map(|row| row.0).collect();
        let without = |from: &[Collector], gone: Collector| -> Vec<Collector> {
            from.iter().filter(|one| **one != gone).copied().collect()
        };
        check("all", &all);
        assert_eq!(chosen(&[]).map(|set| set.len()), Ok(all.len()));
        for words in ["!all", "min", "!network", "!all,min", "!hardware,!nope"] {
            check(words, &minimal);
        }
        check("!min", &[]);
        check("!all,!min", &[]);
        check("!all,!min,local", &[Local]);
        check("!all,!min,default_ipv4", &[Distribution, Names, Network, Platform]);
        check("!all,!min,os_family", &[Distribution]);
        check("!local", &without(&minimal, Local));
        check("all,!local", &without(&all, Local));
        check("!all,!local,local", &minimal);
        let hardware = COLLECTORS.iter().filter(|row| row.1 == "hardware").map(|row| row.0);
        let mut hardware: Vec<Collector> = hardware.chain([Names, Platform]).collect();
        hardware.sort_unstable();
        check("!all,!min,mounts", &hardware);
        assert_eq!(chosen(&["all,nope".to_owned()]), Err("nope"));
    }
}
