//! Processors, memory, load and mounts, in Ansible's units.

use super::super::host::Host;
use super::super::mapping;
use super::{one, some};
use crate::sys::linux::machine::{Capacity, capacity};
use crate::sys::linux::unescaped_mount;
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

type Facts = Map<String, Json>;

/// What is counted in proc_cpuinfo(5).
#[derive(Default)]
struct Counted {
    listed: Vec<Json>,
    entries: usize,
    vendors: usize,
    models: usize,
    processors: usize,
    /// By `physical id`, the cores of each, if it says so.
    sockets: Vec<(String, usize)>,
    /// By `core id`, the processors of the socket around the first.
    cores: Vec<(String, usize)>,
    flags: Option<String>,
}

/// The last entry of that name, or a new one.
fn entry<'a>(list: &'a mut Vec<(String, usize)>, name: &str) -> Option<&'a mut (String, usize)> {
    if !list.iter().any(|(known, _)| known == name) {
        list.push((name.to_owned(), 1));
    }
    list.iter_mut().find(|(known, _)| known == name)
}

fn counted(info: &str) -> Counted {
    let mut all = Counted::default();
    let (mut socket, mut core) = ("0".to_owned(), "0".to_owned());
    for line in info.lines() {
        let (key, value) = line.split_once(':').unwrap_or((line, ""));
        let (key, value) = (key.trim(), value.trim());
        match key {
            "model name" | "Processor" | "vendor_id" | "cpu" | "Vendor" | "processor" => {
                all.listed.push(value.into());
                all.entries += 1;
                all.vendors += usize::from(key == "vendor_id");
                all.models += usize::from(key == "model name");
                all.processors += usize::from(key == "processor");
            }
            "flags" => all.flags = Some(value.to_owned()),
            "physical id" => {
                value.clone_into(&mut socket);
                entry(&mut all.sockets, value);
            }
            "core id" => {
                value.clone_into(&mut core);
                entry(&mut all.cores, value);
            }
            "cpu cores" | "siblings" => {
                let number = value.parse().unwrap_or(0);
                let of = if key == "siblings" {
                    entry(&mut all.cores, &core)
                } else {
                    entry(&mut all.sockets, &socket)
                };
                of.into_iter().for_each(|(_, count)| *count = number);
            }
            _ => {}
        }
    }
    all
}

pub(super) fn processors(host: &Host) -> Facts {
    let Some(info) = host.text("proc/cpuinfo") else { return Facts::new() };
    let all = counted(&info);
    let machine = (host.uname)().machine;
    let by_number = ["armv", "aarch", "ppc"].iter().any(|kind| machine.starts_with(kind));
    let number = match (by_number, all.vendors) {
        (true, _) => all.processors,
        (false, vendors) if vendors > 0 && vendors == all.models => vendors,
        (false, _) => all.entries,
    };
    let count = if all.sockets.is_empty() { number } else { all.sockets.len() };
    let cores = all.sockets.first().map_or(1, |(_, cores)| (*cores).max(1));
    let siblings = all.cores.first().map_or(1, |(_, siblings)| *siblings);
    // As Python rounds: a half to the even number.
    let (whole, rest) = (siblings / cores, siblings % cores);
    let up = rest * 2 > cores || (rest * 2 == cores && whole % 2 == 1);
    let threads = whole + usize::from(up);
    let mut facts = some([
        ("processor", Json::Array(all.listed)),
        ("processor_count", count.into()),
        ("processor_cores", cores.into()),
        ("processor_threads_per_core", threads.into()),
        ("processor_vcpus", (threads * count * cores).into()),
        ("processor_nproc", allowed(host).unwrap_or(all.processors).into()),
    ]);
    let flags = all.flags.map(|flags| flags.split_whitespace().collect());
    facts.extend(flags.map(|flags: Json| ("flags".to_owned(), flags)));
    facts
}

/// How many processors this process may use.
fn allowed(host: &Host) -> Option<usize> {
    let status = host.text("proc/self/status")?;
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"))?;
    super::super::hardware::listed_in(list.trim())
}

pub(super) fn memory(host: &Host) -> Facts {
    let Some(info) = host.text("proc/meminfo") else { return Facts::new() };
    let sizes: BTreeMap<&str, i64> = info
        .lines()
        .filter_map(|line| {
            let (key, value) = line.split_once(':')?;
            let kilobytes: i64 = value.split_whitespace().next()?.parse().ok()?;
            Some((key, kilobytes / 1024))
        })
        .collect();
    let of = |key: &str| sizes.get(key).copied();
    let minus = |one: Option<i64>, other: Option<i64>| Some(one? - other?);
    let plus = |all: [&str; 3]| all.iter().try_fold(0, |sum, key| Some(sum + of(key)?));
    let (total, free) = (of("MemTotal"), of("MemFree"));
    let nocache = plus(["Cached", "MemFree", "Buffers"]);
    let (swap, swap_free) = (of("SwapTotal"), of("SwapFree"));
    let all = mapping([
        (
            "real",
            mapping([
                ("total", total.into()),
                ("used", minus(total, free).into()),
                ("free", free.into()),
            ]),
        ),
        ("nocache", mapping([("free", nocache.into()), ("used", minus(total, nocache).into())])),
        (
            "swap",
            mapping([
                ("total", swap.into()),
                ("free", swap_free.into()),
                ("used", minus(swap, swap_free).into()),
                ("cached", of("SwapCached").into()),
            ]),
        ),
    ]);
    let mut facts = one("memory_mb", all);
    for (name, value) in [
        ("memtotal_mb", total),
        ("memfree_mb", free),
        ("swaptotal_mb", swap),
        ("swapfree_mb", swap_free),
    ] {
        facts.extend(value.map(|value| (name.to_owned(), value.into())));
    }
    facts
}

pub(super) fn load(host: &Host) -> Facts {
    let said = host.value("proc/loadavg").unwrap_or_default();
    let numbers: Vec<f64> =
        said.split_whitespace().take(3).filter_map(|word| word.parse().ok()).collect();
    let [one_minute, five, fifteen] = *numbers.as_slice() else { return Facts::new() };
    let load = mapping([("1m", one_minute.into()), ("5m", five.into()), ("15m", fifteen.into())]);
    one("loadavg", load)
}

pub(super) fn uptime(host: &Host) -> Facts {
    let said = host.value("proc/uptime").unwrap_or_default();
    let whole = said.split('.').next().and_then(|digits| digits.parse::<u64>().ok());
    whole.map_or_else(Facts::new, |seconds| one("uptime_seconds", seconds.into()))
}

/// How long a file system may take to say how large it is, if nobody says.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is mounted from a device or a server.
pub(super) fn mounts(host: &Host, patience: Option<Duration>) -> Facts {
    let patience = patience.unwrap_or(PATIENCE);
    let table = host.text("proc/self/mounts").unwrap_or_default();
    let bound = bound(host);
    let mut mounts: Vec<(String, Json)> = Vec::new();
    for line in table.lines() {
        let fields: Vec<String> = line.split_whitespace().map(unescaped_mount).collect();
        let [device, at, fstype, options, dump, pass, ..] = fields.as_slice() else { continue };
        let is_device = device.starts_with(['/', '\\']) || device.contains(":/");
        if !is_device || fstype == "none" {
            continue;
        }
        let bind = if bound.contains(at) { ",bind" } else { "" };
        let number = |text: &str| Json::from(text.parse::<u32>().unwrap_or_default());
        let mut mount = some([
            ("mount", at.as_str().into()),
            ("device", device.as_str().into()),
            ("fstype", fstype.as_str().into()),
            ("options", format!("{options}{bind}").into()),
            ("dump", number(dump)),
            ("passno", number(pass)),
            ("uuid", uuid(host, device).unwrap_or_else(|| "N/A".to_owned()).into()),
        ]);
        mount.extend(sizes(host.path(at.trim_start_matches('/')), patience));
        // What is mounted over another has its place.
        match mounts.iter_mut().find(|(known, _)| known == at) {
            Some((_, known)) => *known = Json::Object(mount),
            None => mounts.push((at.clone(), Json::Object(mount))),
        }
    }
    one("mounts", mounts.into_iter().map(|(_, mount)| mount).collect())
}

/// Where something other than the root of a file system is mounted.
fn bound(host: &Host) -> BTreeSet<String> {
    let table = host.text("proc/self/mountinfo").unwrap_or_default();
    let paths = table.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().take(5).collect();
        let [_, _, _, root, at] = *fields.as_slice() else { return None };
        (root != "/").then(|| unescaped_mount(at))
    });
    if host.program("findmnt").is_some() { paths.collect() } else { BTreeSet::new() }
}

/// The sizes of the file system at a path. One that does not answer is not waited for much longer.
fn sizes(path: PathBuf, patience: Duration) -> Facts {
    let (sender, answer) = channel();
    thread::spawn(move || sender.send(capacity(&path)).ok());
    match answer.recv_timeout(patience) {
        Ok(Some(room)) => {
            let Capacity { unit, block, blocks, blocks_free, inodes, inodes_free } = room;
            some([
                ("size_total", unit.saturating_mul(blocks).into()),
                ("size_available", unit.saturating_mul(blocks_free).into()),
                ("block_size", block.into()),
                ("block_total", blocks.into()),
                ("block_available", blocks_free.into()),
                ("block_used", blocks.saturating_sub(blocks_free).into()),
                ("inode_total", inodes.into()),
                ("inode_available", inodes_free.into()),
                ("inode_used", inodes.saturating_sub(inodes_free).into()),
            ])
        }
        Ok(None) => Facts::new(),
        Err(_) => one("note", "Could not get extra information due to timeout".into()),
    }
}

/// By the links that udev keeps.
fn uuid(host: &Host, device: &str) -> Option<String> {
    let wanted = host.path(device.trim_start_matches('/')).canonicalize().ok()?;
    let links = host.path("dev/disk/by-uuid").read_dir().ok()?.flatten();
    let mut links = links.filter(|link| link.path().canonicalize().ok().as_ref() == Some(&wanted));
    Some(links.next()?.file_name().to_string_lossy().into_owned())
}
