//! Interfaces and addresses as `ip` of iproute2 tells them; a host without it has no such facts, as under Ansible.

use super::super::host::{Host, Ran};
use super::super::mapping;
use super::some;
use serde_json::{Map, Value as Json};
use std::fs;
use std::net::Ipv4Addr;

type Facts = Map<String, Json>;

/// Addresses out in the world, to which the default routes lead. Nothing is sent there.
const OUTSIDE: [(&str, &str); 2] = [("-4", "8.8.8.8"), ("-6", "2404:6800:400a:800::1012")];

pub(super) fn facts(host: &Host) -> Facts {
    if host.program("ip").is_none() {
        return Facts::new();
    }
    let [mut default_ipv4, mut default_ipv6] =
        OUTSIDE.map(|(family, address)| route(host, family, address));
    let mut interfaces = devices(host);
    let (mut ipv4, mut ipv6) = (Vec::new(), Vec::new());
    for line in said(host, &["-o", "addr", "show"]).lines() {
        let Some(address) = Address::parse(line) else { continue };
        let list = if address.is_ipv6 { &mut ipv6 } else { &mut ipv4 };
        if !address.text.starts_with("127.") && address.text != "::1" {
            list.push(Json::from(address.text));
        }
        let default = if address.is_ipv6 { &mut default_ipv6 } else { &mut default_ipv4 };
        address.add(&mut interfaces, default);
    }
    let order: Vec<Json> = interfaces.iter().map(|(name, _)| variable(name).into()).collect();
    let reachable = |family: &str| {
        let routes = said(host, &[family, "route", "show", "table", "local"]);
        let mut all: Vec<String> = Vec::new();
        for line in routes.lines() {
            let mut words = line.split_whitespace();
            if let (Some("local"), Some(address)) = (words.next(), words.next())
                && !all.iter().any(|known| known == address)
            {
                all.push(address.to_owned());
            }
        }
        Json::from(all)
    };
    let mut facts = some([
        ("interfaces", Json::Array(order)),
        ("default_ipv4", Json::Object(default_ipv4)),
        ("default_ipv6", Json::Object(default_ipv6)),
        ("all_ipv4_addresses", ipv4.into()),
        ("all_ipv6_addresses", ipv6.into()),
        ("locally_reachable_ips", mapping([("ipv4", reachable("-4")), ("ipv6", reachable("-6"))])),
    ]);
    for (name, interface) in interfaces {
        facts.insert(as_variable(&name), Json::Object(interface));
    }
    facts
}

fn said(host: &Host, arguments: &[&str]) -> String {
    host.ask("ip", arguments).map(|Ran { stdout, .. }| stdout).unwrap_or_default()
}

/// An interface's name in lists.
fn variable(name: &str) -> String {
    name.replace(':', "_")
}

/// An interface's name as that of a fact.
fn as_variable(name: &str) -> String {
    name.replace([':', '-', '.'], "_")
}

/// What leads to an address.
fn route(host: &Host, family: &str, address: &str) -> Facts {
    let said = said(host, &[family, "route", "get", address]);
    let words: Vec<&str> = said.lines().next().unwrap_or_default().split_whitespace().collect();
    let mut route = Facts::new();
    if words.first() != Some(&address) {
        return route;
    }
    for pair in words.windows(2) {
        let name = match *pair {
            ["dev", _] => "interface",
            ["src", _] => "address",
            ["via", gateway] if gateway != address => "gateway",
            _ => continue,
        };
        route.extend(pair.last().map(|value| (name.to_owned(), Json::from(*value))));
    }
    route
}

/// The interfaces in the directory's order, with what the kernel says of each.
fn devices(host: &Host) -> Vec<(String, Facts)> {
    let entries = fs::read_dir(host.path("sys/class/net")).into_iter().flatten().flatten();
    let directories = entries.filter(|entry| entry.path().is_dir());
    let names = directories.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.map(|name| (name.clone(), device(host, &name))).collect()
}

fn device(host: &Host, name: &str) -> Facts {
    let at = |file: &str| format!("sys/class/net/{name}/{file}");
    let value = |file: &str| host.value(&at(file));
    let base = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let number = |text: String| text.parse::<i64>().ok();
    let mut facts = super::one("device", name.into());
    let mut add = |name: &str, value: Option<Json>| {
        facts.extend(value.map(|value| (name.to_owned(), value)));
    };
    let mac = value("address").filter(|mac| mac != "00:00:00:00:00:00");
    add("macaddress", mac.map(Json::from));
    add("mtu", value("mtu").and_then(number).map(Json::from));
    add("active", value("operstate").map(|state| (state != "down").into()));
    let module = fs::canonicalize(host.path(&at("device/driver/module"))).ok();
    add("module", module.map(|path| base(&path.to_string_lossy()).into()));
    let kind = value("type").map(|kind| match &*kind {
        "1" => "ether",
        "32" => "infiniband",
        "512" => "ppp",
        "772" => "loopback",
        "65534" => "tunnel",
        _ => "unknown",
    });
    add("type", kind.map(Json::from));
    if host.exists(&at("bridge")) {
        add("type", Some("bridge".into()));
        let members = fs::read_dir(host.path(&at("brif"))).into_iter().flatten().flatten();
        let members = members.map(|entry| entry.file_name().to_string_lossy().into_owned());
        add("interfaces", Some(members.collect()));
        add("id", Some(value("bridge/bridge_id").unwrap_or_default().into()));
        add("stp", Some((value("bridge/stp_state").as_deref() == Some("1")).into()));
    }
    if host.exists(&at("bonding")) {
        let word = |file: &str| {
            let said = value(&format!("bonding/{file}")).unwrap_or_default();
            Json::from(said.split_whitespace().next().unwrap_or_default())
        };
        let slaves = value("bonding/slaves").unwrap_or_default();
        add("type", Some("bonding".into()));
        add("slaves", Some(slaves.split_whitespace().collect()));
        ["mode", "miimon", "lacp_rate"].into_iter().for_each(|file| add(file, Some(word(file))));
        add("primary", value("bonding/primary").map(Json::from));
    }
    add("perm_macaddress", value("bonding_slave/perm_hwaddr").map(Json::from));
    add("pciid", host.link(&at("device")).map(|target| base(&target).into()));
    add("speed", value("speed").and_then(number).map(Json::from));
    let flags =
        value("flags").and_then(|text| u32::from_str_radix(text.trim_start_matches("0x"), 16).ok());
    // IFF_PROMISC.
    add("promisc", flags.map(|flags| (flags & 0x100 != 0).into()));
    facts
}

/// One address of an interface: a line of `ip -o addr`.
struct Address<'a> {
    device: &'a str,
    /// What the address is called itself; the interface's name, as a rule.
    label: &'a str,
    text: &'a str,
    prefix: &'a str,
    broadcast: &'a str,
    scope: &'a str,
    is_ipv6: bool,
    is_secondary: bool,
}

impl<'a> Address<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let line = line.split('\\').next()?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, device, family, address, ..] = *words.as_slice() else { return None };
        let is_ipv6 = match family {
            "inet" => false,
            "inet6" => true,
            _ => return None,
        };
        let after = |word: &str| {
            let at = words.iter().position(|known| *known == word)?;
            words.get(at.checked_add(1)?).copied()
        };
        // The other end of a link has the prefix, if there is one.
        let peer = after("peer").filter(|_| is_ipv6).and_then(|peer| peer.split_once('/'));
        let (text, prefix) = match address.split_once('/') {
            Some(pair) => pair,
            None => {
                (address, peer.map_or(if is_ipv6 { "128" } else { "32" }, |(_, prefix)| prefix))
            }
        };
        Some(Self {
            device,
            label: words.last().copied().filter(|_| !is_ipv6).unwrap_or(device),
            text,
            prefix,
            broadcast: after("brd").unwrap_or_default(),
            scope: after("scope").unwrap_or_default(),
            is_ipv6,
            is_secondary: words.contains(&"secondary"),
        })
    }

    /// Puts it into its interface, and into the default route that leaves by it.
    fn add(&self, interfaces: &mut Vec<(String, Facts)>, default: &mut Facts) {
        let described = self.described();
        let at = interfaces.iter().position(|(known, _)| known == self.device);
        let device = at.and_then(|at| interfaces.get(at)).map(|(_, facts)| facts.clone());
        let device = device.unwrap_or_default();
        if default.get("address").and_then(Json::as_str) == Some(self.text) {
            let own = described.as_object().into_iter().flatten();
            let own = own.filter(|(name, _)| *name != "address");
            default.extend(own.map(|(name, value)| (name.clone(), value.clone())));
            for name in ["macaddress", "mtu", "type"] {
                default.extend(device.get(name).map(|value| (name.to_owned(), value.clone())));
            }
            if !self.is_ipv6 {
                default.insert("alias".to_owned(), self.label.into());
            }
        }
        let name = if self.is_ipv6 { self.device } else { self.label };
        if !interfaces.iter().any(|(known, _)| known == name) {
            interfaces.push((name.to_owned(), Facts::new()));
        }
        let Some((_, facts)) = interfaces.iter_mut().find(|(known, _)| known == name) else {
            return;
        };
        let is_first = !self.is_secondary && !facts.contains_key("ipv4");
        let list = match (self.is_ipv6, is_first) {
            (true, _) => "ipv6",
            (false, true) => {
                facts.insert("ipv4".to_owned(), described);
                return;
            }
            (false, false) => "ipv4_secondaries",
        };
        let all = facts.entry(list).or_insert_with(|| Json::Array(Vec::new()));
        all.as_array_mut().into_iter().for_each(|all| all.push(described.clone()));
    }

    fn described(&self) -> Json {
        if self.is_ipv6 {
            return mapping([
                ("address", self.text.into()),
                ("prefix", self.prefix.into()),
                ("scope", self.scope.into()),
            ]);
        }
        let bits = self.prefix.parse::<u32>().unwrap_or(32).min(32);
        let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
        let address = self.text.parse::<Ipv4Addr>().map_or(0, u32::from);
        mapping([
            ("address", self.text.into()),
            ("broadcast", self.broadcast.into()),
            ("netmask", Ipv4Addr::from(mask).to_string().into()),
            ("network", Ipv4Addr::from(address & mask).to_string().into()),
            ("prefix", self.prefix.into()),
        ])
    }
}
