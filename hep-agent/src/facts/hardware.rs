//! Processors and memory (proc_cpuinfo(5), proc_meminfo(5)).

use super::host::Host;
use super::{mapping, told};
use serde_json::Value as Json;
use std::collections::HashSet;

pub(super) fn cpus(host: &Host) -> Json {
    let info = host.text("proc/cpuinfo").unwrap_or_default();
    let online = host.value("sys/devices/system/cpu/online");
    let listed = || info.lines().filter(|line| key_and_value(line).0 == "processor").count();
    let count = online.and_then(|list| listed_in(&list)).unwrap_or_else(listed);
    let (cores, sockets) = topology(&info);
    mapping([
        ("count", tally(count)),
        ("cores", tally(cores)),
        ("sockets", tally(sockets)),
        ("model", told(model(&info).map(str::to_owned))),
    ])
}

/// A machine without processors is one that did not tell.
fn tally(count: usize) -> Json {
    (count > 0).then_some(count).into()
}

fn key_and_value(line: &str) -> (&str, &str) {
    let (key, value) = line.split_once(':').unwrap_or((line, ""));
    (key.trim(), value.trim())
}

/// How many numbers a list as `0-3,5` holds.
pub(super) fn listed_in(list: &str) -> Option<usize> {
    list.split(',').try_fold(0_usize, |sum, range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        sum.checked_add(last.checked_sub(first)?.checked_add(1)?)
    })
}

/// Cores and sockets: distinct pairs of `physical id` and `core id`, and distinct `physical id`s.
fn topology(info: &str) -> (usize, usize) {
    let (mut cores, mut sockets, mut socket) = (HashSet::new(), HashSet::new(), "");
    for line in info.lines() {
        match key_and_value(line) {
            ("physical id", id) => {
                socket = id;
                sockets.insert(id);
            }
            ("core id", id) => {
                cores.insert((socket, id));
            }
            _ => {}
        }
    }
    (cores.len(), sockets.len())
}

/// x86 and others, MIPS, POWER, RISC-V, and 32-bit ARM, where `Processor` is the model and `processor` the number.
fn model(info: &str) -> Option<&str> {
    let keys = ["model name", "cpu model", "cpu", "uarch", "Processor"];
    keys.iter().find_map(|wanted| {
        let mut entries = info.lines().map(key_and_value);
        entries.find(|(key, value)| key == wanted && !value.is_empty()).map(|(_, value)| value)
    })
}

pub(super) fn memory(host: &Host) -> Json {
    let info = host.text("proc/meminfo").unwrap_or_default();
    let bytes = |wanted: &str| {
        let entry = info.lines().map(key_and_value).find(|(key, _)| *key == wanted);
        let (_, value) = entry?;
        value.strip_suffix("kB")?.trim_end().parse::<u64>().ok()?.checked_mul(1024)
    };
    let fields = [
        ("total", "MemTotal"),
        ("free", "MemFree"),
        ("available", "MemAvailable"),
        ("swap_total", "SwapTotal"),
        ("swap_free", "SwapFree"),
    ];
    mapping(fields.map(|(name, wanted)| (name, bytes(wanted).into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_processors_are_counted() {
        let check = |list: &str, expected| assert_eq!(listed_in(list), expected, "{list}");
        check("0", Some(1));
        check("0-3,5", Some(5));
        check("", None);
        check("3-1", None);
        check("0-18446744073709551615", None);
    }
}
