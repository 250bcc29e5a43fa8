//! Words of Ansible's, Jinja's and Python's expressions that hep has not, with what to write instead: the only table of them.

use hep_protocol::truth::{Reader, truth};

/// Words, with blanks between them, and what to write in their place.
type Table = [(&'static str, &'static str)];

/// What to write in place of a word.
pub(super) fn advice(table: &Table, word: &str) -> Option<&'static str> {
    let word = word.strip_prefix("ansible.builtin.").unwrap_or(word);
    let row = table.iter().find(|(words, _)| words.split(' ').any(|known| known == word));
    row.map(|(_, advice)| *advice)
}

/// What to write for one of Ansible's names with what is read below it, and how many of the names below are part of it.
pub(super) fn instead(name: &str, fields: &[&str]) -> Option<(&'static str, usize)> {
    let find = |wanted: &str| advice(VARIABLES, wanted);
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
    advice(VALUES, name).or_else(|| {
        let meant = truth(name, Reader::Yaml11)?;
        Some(if meant { "write `true`" } else { "write `false`" })
    })
}

/// Filters.
pub(super) const FILTERS: &Table = &[
    ("expanduser", "write the path out: the host's users are in the fact `users`"),
    ("fileglob", "write the names out, or copy the directory as a whole"),
    ("from_yaml", "put the values into a file of `vars_files`, or read JSON with `from_json`"),
    ("from_yaml_all", "put the values into files of `vars_files`"),
    ("human_readable", "write the division out: `VALUE / 1048576`"),
    ("ipaddr ansible.utils.ipaddr ipv4", "addresses are facts: `default_ipv4`, `interfaces`"),
    ("items2dictionary", "write `items2dict`"),
    ("json_query", "write `map(attribute='NAME')`, `selectattr` or a path: `NAME.FIELD`"),
    ("len", "write `length`"),
    ("md5 to_uuid", "write `hash('sha256')`"),
    ("e escape", "leave it out: hep escapes nothing; for a shell write `quote`"),
    ("attr", "write `VALUE[NAME]`"),
    ("lines", "write `VALUE.splitlines()`"),
    ("safe", "leave it out: hep escapes nothing"),
    ("pprint", "write `to_nice_json`"),
    ("password_hash", "put the hash itself into a variable: `openssl passwd -6` makes one"),
    ("random", "hep's expressions always give the same value: put it into a variable"),
    ("realpath abspath", "use the module `stat` and `register`"),
    ("sha1", "write `hash('sha1')`"),
    ("shuffle", "hep's expressions always give the same value: put the list into a variable"),
    ("startswith", "write `VALUE.startswith('..')`"),
    ("endswith", "write `VALUE.endswith('..')`"),
    ("str", "write `string`"),
    ("strftime to_datetime", "hep's expressions read no clock"),
    ("strip", "write `trim`"),
    ("subelements", "write two loops, one including the other"),
    ("vault unvault", "hep has no vault: give secrets in a file of their own"),
    ("human_to_bytes", "write the number of bytes"),
];

/// Tests; `V` stands for what is tested.
pub(super) const TESTS: &Table = &[
    ("dict", "write `is mapping`"),
    ("directory exists file link", "use the module `stat` and `register`"),
    ("empty", "write `V | length == 0`"),
    ("finished", "leave it out: hep's tasks are finished when the next begins"),
    ("list", "write `is sequence`"),
    ("null", "write `is none`"),
    ("ok passed", "write `V is succeeded`"),
    ("reachable", "leave it out: a host that is not reachable runs no tasks"),
    ("startswith startingwith", "write `V.startswith('..')`"),
    ("endswith endingwith", "write `V.endswith('..')`"),
];

/// Functions.
pub(super) const FUNCTIONS: &Table = &[
    (
        "lookup query q",
        "expressions read nothing from outside: use variables, facts and registered results",
    ),
    ("all", "write `VALUE is all`"),
    ("any", "write `VALUE is any`"),
    ("now", "hep's expressions read no clock; where it must be, register the output of `date`"),
    ("len", "write `VALUE | length`"),
    ("str", "write `VALUE | string`"),
    ("print", "write the value alone"),
    ("defined", "write `NAME is defined`"),
    ("undefined", "write `NAME is undefined`"),
    ("enumerate", "write `loop.index0` in the loop"),
    ("isinstance type", "write a test: `is string`, `is number`, `is mapping`, `is sequence`"),
    ("open", "register the output of a command that reads the file"),
];

/// Lookups, by their plugin.
pub(super) const LOOKUPS: &Table = &[
    ("env", "give the value with `-e NAME=VALUE`"),
    ("file", "write `file: {src: .., dest: ..}`, or put the text into a variable"),
    ("template", "write `file: {template: .., dest: ..}`"),
    ("password", "make the password beforehand, and put it into a file of `vars_files`"),
    (
        "pipe",
        "run the command beforehand and give its output with `-e`, or on the host with `register`",
    ),
    ("vars", "write `NAME` itself, or keep the values in a mapping: `NAME[KEY]`"),
    ("dict", "write `NAME | dict2items`"),
    ("fileglob", "copy the directory as a whole: `file: {src: DIRECTORY/, dest: ..}`"),
    ("first_found", "write `include` with `when`, or `default(..)`"),
    ("url", "download the file beforehand"),
];

/// Variables; with a `.`, what is read below one.
const VARIABLES: &Table = &[
    ("ansible_all_ipv4_addresses", "write `addresses.ipv4`"),
    ("ansible_architecture ansible_machine", "write `arch`"),
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
    ("ansible_distribution_release ansible_lsb.codename", "write `os.codename`"),
    ("ansible_distribution_version", "write `os.version`"),
    ("ansible_domain ansible_fqdn", "write `fqdn`"),
    ("ansible_env", "register the output of `env`"),
    ("ansible_facts", "facts have their own names: `os.codename`, or below `facts`"),
    ("ansible_host inventory_hostname", "write `host`"),
    ("ansible_hostname ansible_nodename", "write `hostname`"),
    ("ansible_interfaces", "write `interfaces`"),
    ("ansible_kernel", "write `kernel.release`"),
    ("ansible_kernel_version", "write `kernel.version`"),
    ("ansible_local", "write `local`"),
    ("ansible_lsb", "write `os`"),
    ("ansible_lsb.id", "write `os.id`"),
    ("ansible_managed", "write the sentence out, or put it into a variable"),
    ("ansible_memfree_mb", "write `memory.free`, in bytes"),
    ("ansible_memory_mb", "write `memory`"),
    ("ansible_memtotal_mb", "write `memory.total`, in bytes: `memory.total // 1048576`"),
    ("ansible_mounts", "write `mounts`"),
    ("ansible_os_family", "write `os.family`, in small letters: `os.family == 'debian'`"),
    ("ansible_pkg_mgr", "write `package_manager`"),
    ("ansible_play_hosts play_hosts", "write `groups.all`"),
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
    ("hostvars", "a host has only its own variables; set shared ones in a group"),
    ("inventory_hostname_short", "write `host`, or `hostname`"),
    ("playbook_dir role_path", "leave it out: hep looks for `src` next to the manifest"),
];

/// Words that are a value elsewhere, beside those that say yes or no.
const VALUES: &Table = &[("null nil NULL Null undefined", "write `none`")];
