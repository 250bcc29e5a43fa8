//! Interfaces, addresses and default routes.

use super::host::Host;
use super::{mapping, named, told};
use crate::sys::linux::machine::Interface;
use serde_json::Value as Json;
use std::fmt::Display;
use std::net::{Ipv4Addr, Ipv6Addr};

pub(super) fn interfaces(host: &Host) -> Json {
    named(&mut (host.interfaces)().into_iter().map(|interface| {
        let said = |file: &str| host.value(&format!("sys/class/net/{}/{file}", interface.name));
        let mac = said("address").or_else(|| interface.mac.map(mac_text));
        let value = mapping([
            // Loopback and tunnels have an address of zeros, or none.
            ("mac", told(mac.filter(|mac| mac.chars().any(|c| !matches!(c, '0' | ':'))))),
            ("mtu", said("mtu").and_then(|mtu| mtu.parse::<u32>().ok()).into()),
            ("up", interface.up.into()),
            ("ipv4", with_prefixes(&interface.ipv4)),
            ("ipv6", with_prefixes(&interface.ipv6)),
        ]);
        (interface.name, value)
    }))
}

fn mac_text(mac: [u8; 6]) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

fn with_prefixes<D: Display>(addresses: &[(D, u32)]) -> Json {
    let described = |(ip, prefix): &(D, u32)| {
        mapping([("address", format!("{ip}").into()), ("prefix", (*prefix).into())])
    };
    addresses.iter().map(described).collect()
}

pub(super) fn addresses(host: &Host) -> Json {
    let interfaces = (host.interfaces)();
    let ipv4: Vec<String> = interfaces.iter().flat_map(outward_ipv4).collect();
    let ipv6: Vec<String> = interfaces.iter().flat_map(outward_ipv6).collect();
    mapping([("ipv4", ipv4.into()), ("ipv6", ipv6.into())])
}

/// Loopback's addresses can be of any network, and others can have one of loopback's: neither is reached from outside.
fn outward_ipv4(interface: &Interface) -> impl Iterator<Item = String> {
    let addresses = interface.ipv4.iter().filter(|_| !interface.loopback).map(|(ip, _)| ip);
    addresses.filter(|ip| !ip.is_loopback() && !ip.is_link_local()).map(Ipv4Addr::to_string)
}

fn outward_ipv6(interface: &Interface) -> impl Iterator<Item = String> {
    let addresses = interface.ipv6.iter().filter(|_| !interface.loopback).map(|(ip, _)| ip);
    addresses.filter(|ip| !ip.is_loopback() && !ip.is_unicast_link_local()).map(Ipv6Addr::to_string)
}

/// A default route: its metric, its interface, and the router, if there is one.
struct Route<'a> {
    metric: u32,
    interface: &'a str,
    gateway: Option<String>,
}

/// The flags of a route (linux/route.h, linux/ipv6_route.h): in use, and refusing what is sent.
const RTF_UP: u32 = 0x1;
const RTF_REJECT: u32 = 0x200;

pub(super) fn default_ipv4(host: &Host) -> Json {
    let table = host.text("proc/net/route").unwrap_or_default();
    let best = table.lines().filter_map(ipv4_default).min_by_key(|route| route.metric);
    described(host, best, |interface| outward_ipv4(interface).next())
}

pub(super) fn default_ipv6(host: &Host) -> Json {
    let table = host.text("proc/net/ipv6_route").unwrap_or_default();
    let best = table.lines().filter_map(ipv6_default).min_by_key(|route| route.metric);
    described(host, best, |interface| outward_ipv6(interface).next())
}

fn described(
    host: &Host,
    route: Option<Route<'_>>,
    first: impl Fn(&Interface) -> Option<String>,
) -> Json {
    let name = route.as_ref().map(|route| route.interface.to_owned());
    let interfaces = (host.interfaces)();
    let interface = interfaces.iter().find(|known| Some(&known.name) == name.as_ref());
    let address = interface.and_then(first);
    mapping([
        ("interface", told(name)),
        ("gateway", told(route.and_then(|route| route.gateway))),
        ("address", told(address)),
    ])
}

/// `eth0 00000000 010200C0 0003 0 0 100 00000000 ...`: interface, destination, gateway, flags, two counters, the metric in
/// decimal digits, mask. Addresses are in the order of the machine's memory.
fn ipv4_default(line: &str) -> Option<Route<'_>> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [interface, "00000000", gateway, flags, _, _, metric, "00000000", ..] = *fields.as_slice()
    else {
        return None;
    };
    let gateway = u32::from_str_radix(gateway, 16).ok()?.to_ne_bytes();
    let gateway = Ipv4Addr::from(gateway);
    let gateway = (!gateway.is_unspecified()).then(|| gateway.to_string());
    let metric = metric.parse().ok()?;
    is_used(flags).then_some(Route { metric, interface, gateway })
}

/// `00..0 00 00..0 00 fe80..1 00000400 1 0 00000003 eth0`: destination and its prefix, source and its prefix, next hop,
/// metric, two counters, flags, interface; all numbers are hexadecimal.
fn ipv6_default(line: &str) -> Option<Route<'_>> {
    const ANY: &str = "00000000000000000000000000000000";
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [to, "00", _, _, gateway, metric, _, _, flags, interface] = *fields.as_slice() else {
        return None;
    };
    let gateway = Ipv6Addr::from(u128::from_str_radix(gateway, 16).ok()?);
    let gateway = (!gateway.is_unspecified()).then(|| gateway.to_string());
    let metric = u32::from_str_radix(metric, 16).ok()?;
    // The kernel keeps a route on loopback that refuses what has no other.
    (to == ANY && is_used(flags)).then_some(Route { metric, interface, gateway })
}

fn is_used(flags: &str) -> bool {
    let flags = u32::from_str_radix(flags, 16).unwrap_or(0);
    flags & RTF_UP != 0 && flags & RTF_REJECT == 0
}
