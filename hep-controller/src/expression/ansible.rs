//! Ansible's own variables, and what is written in hep.

use hep_protocol::truth::{Reader, truth};

/// The name of Ansible's, or the beginning of it with a `.`, and what to write.
const INSTEAD: [(&str, &str); 56] = [
    ("ansible_all_ipv4_addresses", "write `addresses.ipv4`"),
    ("ansible_architecture", "write `arch`"),
    ("ansible_become", "login and rights are set in the inventory and in the config"),
    ("ansible_check_mode", "write `check_mode`"),
    ("ansible_date_time", "hep's expressions read no clock; register the output of `date`"),
    ("ansible_default_ipv4", "write `default_ipv4`"),
    ("ansible_default_ipv4.address", "write `default_ipv4.address`"),
    ("ansible_default_ipv6", "write `default_ipv6`"),
    ("ansible_default_ipv6.address", "write `default_ipv6.address`"),
    ("ansible_devices", "register the output of `lsblk`"),
    ("ansible_diff_mode", "leave it out: a diff is shown with `--diff`"),
    ("ansible_distribution", "write `os.id`, in small letters: `os.id == 'debian'`"),
    ("ansible_distribution_file_variety", "write `os.family`"),
    ("ansible_distribution_major_version", "write `os.major`"),
    ("ansible_distribution_release", "write `os.codename`"),
    ("ansible_distribution_version", "write `os.version`"),
    ("ansible_domain", "write `fqdn`"),
    ("ansible_env", "register the output of `env`"),
    ("ansible_facts", "facts stand by their own names: `os.codename`, or below `facts`"),
    ("ansible_fqdn", "write `fqdn`"),
    ("ansible_host", "write `host`"),
    ("ansible_hostname", "write `hostname`"),
    ("ansible_interfaces", "write `interfaces`"),
    ("ansible_kernel", "write `kernel.release`"),
    ("ansible_kernel_version", "write `kernel.version`"),
    ("ansible_local", "write `local`"),
    ("ansible_lsb", "write `os`"),
    ("ansible_lsb.codename", "write `os.codename`"),
    ("ansible_lsb.id", "write `os.id`"),
    ("ansible_machine", "write `arch`"),
    ("ansible_managed", "write the sentence out, or put it into a variable"),
    ("ansible_memfree_mb", "write `memory.free`, in bytes"),
    ("ansible_memory_mb", "write `memory`"),
    ("ansible_memtotal_mb", "write `memory.total`, in bytes: `memory.total // 1048576`"),
    ("ansible_mounts", "write `mounts`"),
    ("ansible_nodename", "write `hostname`"),
    ("ansible_os_family", "write `os.family`, in small letters: `os.family == 'debian'`"),
    ("ansible_pkg_mgr", "write `package_manager`"),
    ("ansible_play_hosts", "write `groups.all`"),
    ("ansible_processor", "write `cpus.model`"),
    ("ansible_processor_cores", "write `cpus.cores`"),
    ("ansible_processor_count", "write `cpus.sockets`"),
    ("ansible_processor_vcpus", "write `cpus.count`"),
    ("ansible_python", "hep needs no Python on the host"),
    ("ansible_service_mgr", "write `init`"),
    ("ansible_system", "write `kernel.name`"),
    (
        "ansible_user",
        "the name of the login is set in the inventory; the host's users are in `users`",
    ),
    ("ansible_user_id", "the host's users are in `users`"),
    ("ansible_virtualization_role", "write `virtualization.role`"),
    ("ansible_virtualization_type", "write `virtualization.kind`"),
    ("hostvars", "a host knows its own variables alone; give shared ones to a group"),
    ("inventory_hostname", "write `host`"),
    ("inventory_hostname_short", "write `host`, or `hostname`"),
    ("play_hosts", "write `groups.all`"),
    ("playbook_dir", "leave it out: `src` is sought beside the manifest"),
    ("role_path", "leave it out: `src` is sought beside the manifest"),
];

/// What to write for one of Ansible's names with what is read below it, and how many of the names below are part of it.
pub(super) fn instead(name: &str, fields: &[&str]) -> Option<(&'static str, usize)> {
    let find = |wanted: &str| {
        INSTEAD.iter().find(|(known, _)| *known == wanted).map(|(_, advice)| *advice)
    };
    match (name, fields) {
        ("ansible_facts", [first, rest @ ..]) => {
            let longer = rest.first().and_then(|second| find(&format!("ansible_{first}.{second}")));
            let (longer, shorter) =
                (longer.map(|found| (found, 2)), find(&format!("ansible_{first}")));
            longer.or(shorter.map(|found| (found, 1))).or_else(|| Some((find(name)?, 0)))
        }
        (name, fields) => {
            let longer = fields.first().and_then(|first| find(&format!("{name}.{first}")));
            longer.map(|found| (found, 1)).or_else(|| Some((find(name)?, 0))).or_else(|| {
                let usual = "`hep facts HOST` shows the facts there are, and Ansible's settings of a host are in the inventory";
                name.starts_with("ansible_").then_some((usual, 0))
            })
        }
    }
}

/// What to write for a word that is a value elsewhere.
pub(super) fn value(name: &str) -> Option<&'static str> {
    match name {
        "null" | "nil" | "NULL" | "Null" | "undefined" => Some("write `none`"),
        word => {
            let meant = truth(word, Reader::Yaml11)?;
            Some(if meant { "write `true`" } else { "write `false`" })
        }
    }
}
