//! What a host is at one moment, as far as it differs from its root: files, accounts, packages, services, mounts, its name.

use super::normal::{self, Places};
use crate::Host;
use crate::error::{Doing as _, Result};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::Path;

/// Each thing by its kind and name, such as `file /etc/motd`, and what it is like.
pub type State = BTreeMap<String, Value>;

/// Where cases leave their results; these are kept as values and texts, whatever their size.
pub const RESULTS: &str = "/tmp/oracle";

/// The longest text that is kept as it is.
const SHOWN: usize = 1500;

/// Reads a host that stands on `root`.
pub fn read(host: &Host, root: &Path, places: &Places) -> Result<State> {
    let names = Names::read(host)?;
    let mut state = State::new();
    let look = Look { names, packaged: packaged(host), places };
    files(host, root, &look, &mut state)?;
    accounts(host, &mut state)?;
    packages(host, &mut state)?;
    services(host, &mut state)?;
    mounts(host, &mut state)?;
    let name = host.exec_ok(&["hostname"])?;
    state.insert("hostname".to_owned(), json!(name.trim_end()));
    Ok(state)
}

/// What became of a host between two moments; null for what is gone.
pub fn delta(before: &State, after: &State) -> State {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    let now = |name: &String| after.get(name).cloned().unwrap_or(Value::Null);
    changed.map(|name| (name.clone(), now(name))).collect()
}

/// Users and groups by their numbers.
struct Names {
    users: BTreeMap<u32, String>,
    groups: BTreeMap<u32, String>,
}

impl Names {
    fn read(host: &Host) -> Result<Self> {
        let numbered = |path: &str| -> Result<BTreeMap<u32, String>> {
            let text = host.read(path)?;
            let number = |line: &str| {
                let mut fields = line.split(':');
                let name = fields.next()?.to_owned();
                Some((fields.nth(1)?.parse().ok()?, name))
            };
            Ok(text.lines().filter_map(number).collect())
        };
        Ok(Self { users: numbered("/etc/passwd")?, groups: numbered("/etc/group")? })
    }

    fn owner(&self, uid: u32, gid: u32) -> String {
        let name = |names: &BTreeMap<u32, String>, number: u32| {
            names.get(&number).cloned().unwrap_or_else(|| number.to_string())
        };
        format!("{}:{}", name(&self.users, uid), name(&self.groups, gid))
    }
}

/// The files that packages brought since the root was made; their contents depend on versions.
fn packaged(host: &Host) -> BTreeSet<String> {
    let lists = host.upper_dir().join("var/lib/dpkg/info");
    let entries = fs::read_dir(lists).into_iter().flatten().flatten();
    let lists = entries.filter(|entry| entry.path().extension().is_some_and(|end| end == "list"));
    let texts = lists.filter_map(|entry| fs::read_to_string(entry.path()).ok());
    texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// What is known before files are looked at.
struct Look<'a> {
    names: Names,
    packaged: BTreeSet<String>,
    places: &'a Places,
}

/// What the upper layer of the overlay holds, as the host sees it. It also holds what is as in the root, such as the
/// directories above a changed file.
fn files(host: &Host, root: &Path, look: &Look<'_>, state: &mut State) -> Result<()> {
    let upper = host.upper_dir();
    let mut directories = vec![String::new()];
    while let Some(directory) = directories.pop() {
        let real = upper.join(directory.trim_start_matches('/'));
        let Ok(entries) = fs::read_dir(&real) else { continue };
        for entry in entries.flatten() {
            let path = format!("{directory}/{}", entry.file_name().to_string_lossy());
            if normal::is_ignored(&path) {
                continue;
            }
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                directories.push(path.clone());
            }
            let below = |root: &Path| root.join(path.trim_start_matches('/'));
            let now = file(&below(&host.root_dir()), &path, look)?;
            if now != file(&below(root), &path, look)? {
                state.insert(format!("file {}", normal::path(&path)), now);
            }
        }
    }
    Ok(())
}

fn file(seen: &Path, path: &str, look: &Look<'_>) -> Result<Value> {
    let Ok(metadata) = fs::symlink_metadata(seen) else { return Ok(Value::Null) };
    let owner = look.names.owner(metadata.uid(), metadata.gid());
    let mode = format!("{:04o}", metadata.mode() & 0o7777);
    let kind = metadata.file_type();
    if kind.is_symlink() {
        let to = fs::read_link(seen).doing(|| format!("read the link {path}"))?;
        return Ok(json!({"is": "link", "owner": owner, "to": to.to_string_lossy()}));
    }
    if !kind.is_file() {
        let is = match kind {
            kind if kind.is_dir() => "directory",
            kind if kind.is_fifo() => "fifo",
            kind if kind.is_socket() => "socket",
            _ => "device",
        };
        return Ok(json!({"is": is, "mode": mode, "owner": owner}));
    }
    let mut file = json!({"is": "file", "mode": mode, "owner": owner});
    if let Some(fields) = file.as_object_mut().filter(|_| !look.packaged.contains(path)) {
        let bytes = fs::read(seen).doing(|| format!("read {path}"))?;
        let (field, value) = content(path, bytes, look.places);
        fields.insert(field.to_owned(), value);
        if metadata.nlink() > 1 {
            fields.insert("links".to_owned(), json!(metadata.nlink()));
        }
    }
    Ok(file)
}

fn content(path: &str, bytes: Vec<u8>, places: &Places) -> (&'static str, Value) {
    let is_result = path.starts_with(RESULTS);
    match String::from_utf8(bytes) {
        Ok(text) if is_result && path.ends_with(".json") => {
            let text = places.hide(&text);
            match serde_json::from_str(&text) {
                Ok(value) => ("json", normal::value(value)),
                Err(_) => ("text", json!(text)),
            }
        }
        Ok(text) if is_result || text.len() <= SHOWN => ("text", json!(places.hide(&text))),
        Ok(text) => ("sha256", json!(digest(text.as_bytes()))),
        Err(error) => ("sha256", json!(digest(error.as_bytes()))),
    }
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Accounts and groups, field by field; the day of a password's change only as far as there is one.
fn accounts(host: &Host, state: &mut State) -> Result<()> {
    let files =
        [("user", "passwd"), ("shadow", "shadow"), ("group", "group"), ("gshadow", "gshadow")];
    for (kind, file) in files {
        for line in host.read(&format!("/etc/{file}"))?.lines() {
            let mut fields: Vec<&str> = line.split(':').collect();
            let name = fields.first().copied().unwrap_or_default();
            let key = format!("{kind} {name}");
            if let Some(day) = fields.get_mut(2).filter(|day| kind == "shadow" && day.len() > 3) {
                *day = "DAY";
            }
            state.insert(key, json!(fields.join(":")));
        }
    }
    Ok(())
}

fn packages(host: &Host, state: &mut State) -> Result<()> {
    let text = host.read("/var/lib/dpkg/status")?;
    for paragraph in text.split("\n\n") {
        let field = |name: &str| paragraph.lines().find_map(|line| line.strip_prefix(name));
        if let (Some(name), Some(status)) = (field("Package: "), field("Status: ")) {
            state.insert(format!("package {name}"), json!(status));
        }
    }
    // What apt installed for others; there is no such file before the first of them.
    for paragraph in host.read("/var/lib/apt/extended_states").unwrap_or_default().split("\n\n") {
        let field = |name: &str| paragraph.lines().find_map(|line| line.strip_prefix(name));
        if let (Some(name), Some("1")) = (field("Package: "), field("Auto-Installed: ")) {
            state.insert(format!("automatic {name}"), json!(true));
        }
    }
    Ok(())
}

/// Services of packages, not those that systemd starts and stops by itself.
fn services(host: &Host, state: &mut State) -> Result<()> {
    let list = ["systemctl", "list-units", "--type=service", "--all", "--plain", "--no-legend"];
    for line in host.exec_ok(&list)?.lines() {
        let mut words = line.split_whitespace();
        let unit = words.next().unwrap_or_default();
        let own = ["systemd-", "user", "session", "dbus", "polkit", "ssh@"];
        if !own.iter().any(|own| unit.starts_with(own)) {
            let rest: Vec<&str> = words.take(3).collect();
            state.insert(format!("service {unit}"), json!(rest.join(" ")));
        }
    }
    Ok(())
}

fn mounts(host: &Host, state: &mut State) -> Result<()> {
    for line in host.read("/proc/1/mounts")?.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        if let [source, target, kind, options, ..] = words.as_slice()
            && !target.starts_with("/run/user")
            && !target.starts_with("/run/credentials")
            && *target != "/"
        {
            let known = json!([source, kind, options]);
            state.insert(format!("mount {target}"), known);
        }
    }
    Ok(())
}
