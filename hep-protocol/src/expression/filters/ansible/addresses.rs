//! `ipaddr` and its kin, by the names of the collection ansible.utils: addresses and networks as Python's `netaddr` has them.

mod hardware;
mod net;
mod networks;

use super::super::{Registry, advise, described, refuse, shown};
use super::{iterated, string};
use minijinja::value::ValueKind;
use minijinja::{Error, Value};
use net::{Net, address_of, is_hostmask, of_number};

pub(super) fn register(engine: &mut Registry<'_>) {
    for (name, full, older, version) in [
        ("ipaddr", "ansible.utils.ipaddr", "ansible.netcommon.ipaddr", None),
        ("ipv4", "ansible.utils.ipv4", "ansible.netcommon.ipv4", Some(4)),
        ("ipv6", "ansible.utils.ipv6", "ansible.netcommon.ipv6", Some(6)),
    ] {
        for full in [name, full, older] {
            let filter = move |value: &Value, query: Option<Value>, of: Option<Value>| {
                use ValueKind::{Bool, Iterable, Number, Seq, String};
                let whole = value.kind() != Number || value.is_integer();
                if !matches!(value.kind(), Bool | Iterable | Number | Seq | String) || !whole {
                    let found = described(value);
                    return Err(refuse(format!("`{name}` takes an address, found {found}")));
                }
                let of = of.filter(|of| of.is_true()).map(|of| string(&of)).transpose()?;
                let version = version.or(of.and_then(|of| of.parse().ok()));
                ipaddr(value, &argument(query.as_ref())?, version)
            };
            engine.add_filter_named(full, &["query", "version", "alias"], filter);
        }
    }
    for full in ["ipwrap", "ansible.utils.ipwrap", "ansible.netcommon.ipwrap"] {
        engine.add_filter_named(full, &["query"], |value: &Value, query: Option<Value>| {
            wrapped(value, &argument(query.as_ref())?)
        });
    }
    networks::register(engine);
    hardware::register(engine);
}

/// A query as a text; none is empty.
fn argument(query: Option<&Value>) -> Result<String, Error> {
    let given = query.filter(|query| !query.is_undefined() && !query.is_none());
    given.map_or_else(|| Ok(String::new()), string)
}

/// How an address was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    /// Without a prefix.
    Address,
    /// With one.
    Network,
}

/// What a value says: a text, or a number of an address.
fn read(value: &str, version: Option<i64>) -> Option<(Net, Written)> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits(value) {
        let number = value.parse().ok()?;
        let four = || Net::of(false, number, 32);
        let net = if version == Some(6) { None } else { four() };
        return Some((net.or_else(|| Net::of(true, number, 128))?, Written::Address));
    }
    if let Some(net) = Net::parse(value) {
        let network = value.matches('/').count() == 1;
        return Some((net, if network { Written::Network } else { Written::Address }));
    }
    let (number, prefix) = value.split_once('/')?;
    let (number, prefix) = (number.trim().parse().ok()?, prefix.trim().parse().ok()?);
    let net = Net::of(false, number, prefix).or_else(|| Net::of(true, number, prefix))?;
    Some((net, Written::Network))
}

/// The answer to a query about a value, or to that about each item of a list, without those that are nothing.
fn ipaddr(value: &Value, query: &str, version: Option<i64>) -> Result<Value, Error> {
    if matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) {
        let items = iterated(value, "ipaddr")?;
        let answers = items.iter().map(|item| ipaddr(item, query, version));
        let answers = answers.collect::<Result<Vec<_>, _>>()?;
        return Ok(answers.into_iter().filter(Value::is_true).collect());
    }
    let text = match value.kind() {
        ValueKind::String | ValueKind::Number if value.is_true() => shown(value)?,
        _ => return Ok(Value::from(false)),
    };
    let Some((net, written)) = read(&text, version) else { return Ok(Value::from(false)) };
    if version.is_some_and(|version| version != net.version()) {
        return Ok(Value::from(false));
    }
    // A number is shown as the address that it is.
    let own = if Net::parse(&text).is_some() { text } else { net.to_string() };
    Asked { net, written, own: &own }.answer(query)
}

/// What a query is about.
struct Asked<'v> {
    net: Net,
    written: Written,
    /// The value itself.
    own: &'v str,
}

/// A text or nothing.
fn maybe(found: Option<String>) -> Value {
    found.map_or_else(|| Value::from(()), Value::from)
}

fn no_network() -> Error {
    refuse("`ipaddr`: this is an address and not a network")
}

impl Asked<'_> {
    fn answer(&self, query: &str) -> Result<Value, Error> {
        let Self { net, .. } = *self;
        let six = net.six;
        Ok(match query {
            "" if self.written == Written::Address => net.address().into(),
            "" | "cidr" => net.to_string().into(),
            "bool" => true.into(),
            "version" => net.version().into(),
            "prefix" => net.prefix.into(),
            "size" => match net.size() {
                Some(size) => number(size),
                None => return Err(refuse("`ipaddr`: the network has too many addresses")),
            },
            "size_usable" => match net.bits() {
                0 => 0.into(),
                1 => 2.into(),
                _ => number(net.hostmask() - 1),
            },
            "type" => if net.bits() == 0 || !net.is_first() { "address" } else { "network" }.into(),
            "netmask" => net.show(net.netmask()).into(),
            "hostmask" | "wildcard" => net.show(net.hostmask()).into(),
            "network" | "network_id" => net.show(net.first()).into(),
            "network_netmask" => {
                format!("{} {}", net.show(net.first()), net.show(net.netmask())).into()
            }
            "network_wildcard" => {
                format!("{} {}", net.show(net.first()), net.show(net.hostmask())).into()
            }
            "subnet" | "network/prefix" => net.cidr().to_string().into(),
            "broadcast" => maybe(net.broadcast().map(|last| net.show(last))),
            "revdns" => self.reverse().into(),
            "int" => match self.written {
                Written::Address => number(net.value),
                Written::Network => format!("{}/{}", net.value, net.prefix).into(),
            },
            "wrap" => match (six, self.written) {
                (false, _) => self.own.into(),
                (true, Written::Address) => format!("[{}]", net.address()).into(),
                (true, Written::Network) => format!("[{}]/{}", net.address(), net.prefix).into(),
            },
            "address" | "ip" | "host" | "ip/prefix" | "ip_netmask" | "net" | "address/prefix"
            | "gateway" | "gw" | "host/prefix" | "hostnet" | "router" => self.of_host(query),
            "ipv4" | "v4" => self.four(),
            "ipv6" | "v6" if six => self.own.into(),
            "ipv6" | "v6" => {
                let mapped = Net { six: true, value: 0xffff_0000_0000 + net.value, ..net };
                Net { prefix: net.prefix.saturating_add(96), ..mapped }.to_string().into()
            }
            "6to4" => self.six_to_four(),
            "link-local" | "loopback" | "lo" | "multicast" | "unicast" | "private" | "public" => {
                maybe(self.is_of_kind(query).then(|| self.own.to_owned()))
            }
            "first_usable" | "last_usable" | "range_usable" | "next_usable" | "previous_usable"
            | "peer" => return self.of_network(query),
            "cidr_lookup" => return Err(unknown(query)),
            other => return self.looked_up(other),
        })
    }

    /// Whether it is in a network, or its network's address of a number.
    fn looked_up(&self, query: &str) -> Result<Value, Error> {
        let Self { net, written, own } = *self;
        let digits = !query.is_empty() && query.bytes().all(|byte| byte.is_ascii_digit());
        if !digits && let Some((network, _)) = read(query, None) {
            let inside = network.cidr().holds(net);
            return Ok(maybe(inside.then(|| own.to_owned())));
        }
        if query.trim().parse::<f64>().is_err() {
            return Err(unknown(query));
        }
        Ok(match (net.bits(), written) {
            (0, Written::Address) => net.address().into(),
            (0, Written::Network) => net.to_string().into(),
            (_, _) => match query.trim().parse().ok().and_then(|index| net.nth(index)) {
                Some(found) => format!("{}/{}", net.show(found), net.prefix).into(),
                None => Value::from(false),
            },
        })
    }

    /// What of the value is a host's address.
    fn of_host(&self, query: &str) -> Value {
        let Self { net, .. } = *self;
        let (single, two) = (net.bits() == 0, net.bits() == 1);
        let is_host = single || two || !net.is_first();
        let both = || net.to_string();
        match query {
            "address" | "ip" => maybe((is_host || net.six).then(|| net.address())),
            "host" => maybe(is_host.then(both)),
            "ip/prefix" => maybe((two || !single && is_host).then(both)),
            "ip_netmask" => {
                let text = || format!("{} {}", net.address(), net.show(net.netmask()));
                maybe((two || !single && is_host).then(text))
            }
            "net" => maybe((!single && net.is_first()).then(both)),
            _ if net.bits() > 1 && [net.first(), net.last()].contains(&net.value) => {
                Value::from(false)
            }
            _ => both().into(),
        }
    }

    fn four(&self) -> Value {
        let Self { net, own, .. } = *self;
        if !net.six {
            return own.into();
        }
        let value = match net.value {
            value @ 0..=0xffff_ffff => Some(value),
            value @ ..=0xffff_ffff_ffff => value.checked_sub(0xffff_0000_0000),
            _ => None,
        };
        let prefix = net.prefix.checked_sub(96);
        let four = value.zip(prefix).and_then(|(value, prefix)| Net::of(false, value, prefix));
        four.map_or_else(|| Value::from(false), |four| four.to_string().into())
    }

    fn six_to_four(&self) -> Value {
        let Self { net, own, written } = *self;
        let host = net.bits() == 0 || !net.is_first();
        if net.six {
            let within = Net { prefix: 128, ..net }.value >> 112 == 0x2002;
            let asked = written == Written::Address || host && net.bits() > 0;
            return if within && asked { own.into() } else { Value::from(false) };
        }
        let known = self.is_of_kind("public") || self.is_of_kind("private");
        if !host || !known {
            return Value::from(false);
        }
        let [_, _, _, _, _, _, _, _, _, _, _, _, a, b, c, d] = net.value.to_be_bytes();
        format!("2002:{a:02x}{b:02x}:{c:02x}{d:02x}::1/48").into()
    }

    fn is_of_kind(&self, query: &str) -> bool {
        let Self { net, .. } = *self;
        let address = Net { prefix: net.width(), ..net };
        let multicast = |net| within(&["224.0.0.0/4", "ff00::/8"], net);
        let loopback = within(&["127.0.0.0/8", "::1/128"], address);
        match query {
            "link-local" => within(&["169.254.0.0/16", "fe80::/10"], address),
            "loopback" | "lo" => loopback,
            "multicast" => multicast(net),
            "unicast" => !multicast(net),
            "private" => !is_global(address),
            _ => {
                !multicast(address)
                    && is_global(address)
                    && !loopback
                    && !is_hostmask(net.value)
                    && !is_hostmask(net.value ^ net.max())
            }
        }
    }

    /// What networks alone have.
    fn of_network(&self, query: &str) -> Result<Value, Error> {
        let Self { net, written, .. } = *self;
        if written == Written::Address {
            return Err(no_network());
        }
        if query == "peer" {
            return match (net.bits(), net.value % 4) {
                (1, _) => Ok(of_number(net.value ^ 1).into()),
                (2, 0) => Err(refuse("`ipaddr`: the address of a /30 network has no peer")),
                (2, 3) => Err(refuse("`ipaddr`: the broadcast address of a /30 has no peer")),
                (2, _) => Ok(of_number(net.value ^ 3).into()),
                _ => Err(refuse("`ipaddr`: only a network of two hosts has a peer")),
            };
        }
        let Some((first, last)) = net.usable() else { return Ok(Value::from(())) };
        let usable = |found: Option<u128>| {
            let found = found.filter(|found| (first..=last).contains(found));
            maybe(found.map(of_number))
        };
        Ok(match query {
            "first_usable" => of_number(first).into(),
            "last_usable" => of_number(last).into(),
            "range_usable" => format!("{}-{}", of_number(first), of_number(last)).into(),
            "next_usable" => usable(net.value.checked_add(1)),
            _ => usable(net.value.checked_sub(1)),
        })
    }

    fn reverse(&self) -> String {
        let Self { net, .. } = *self;
        if net.six {
            let digits = format!("{:032x}", net.value);
            let digits = digits.chars().rev().map(|digit| format!("{digit}."));
            return digits.collect::<String>() + "ip6.arpa.";
        }
        let address = net.address();
        let parts: Vec<&str> = address.rsplit('.').collect();
        format!("{}.in-addr.arpa.", parts.join("."))
    }
}

/// A number, as small as it can be.
fn number(number: u128) -> Value {
    u64::try_from(number).map_or_else(|_| Value::from(number), Value::from)
}

fn unknown(query: &str) -> Error {
    advise(
        format!("`ipaddr` has no query `{query}`"),
        "write one such as `address`, `network`, `prefix`, `netmask`, a network or a number",
    )
}

/// Whether it is in one of these networks.
fn within(networks: &[&str], net: Net) -> bool {
    networks.iter().filter_map(|network| Net::parse(network)).any(|network| network.holds(net))
}

/// Whether an address can be reached from everywhere, by IANA's registries of special addresses.
fn is_global(net: Net) -> bool {
    const NOT: [&str; 25] = [
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.0.170/31",
        "192.0.2.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "240.0.0.0/4",
        "255.255.255.255/32",
        "::1/128",
        "::/128",
        "::ffff:0:0/96",
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "fc00::/7",
        "fe80::/10",
    ];
    const BUT: [&str; 8] = [
        "192.0.0.9/32",
        "192.0.0.10/32",
        "2001:1::1/128",
        "2001:1::2/128",
        "2001:3::/32",
        "2001:4:112::/48",
        "2001:20::/28",
        "2001:30::/28",
    ];
    !within(&NOT, net) || within(&BUT, net)
}

/// Addresses of version 6 in brackets; what is no address is left as it is.
fn wrapped(value: &Value, query: &str) -> Result<Value, Error> {
    let one = |item: &Value| {
        let found = ipaddr(item, query, None)?;
        if found.is_true() { ipaddr(&found, "wrap", None) } else { Ok(item.clone()) }
    };
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            let wrap = |item: &Value| {
                let found = ipaddr(item, query, None)?;
                if found.is_true() { ipaddr(item, "wrap", None) } else { Ok(item.clone()) }
            };
            iterated(value, "ipwrap")?.iter().map(wrap).collect()
        }
        ValueKind::String | ValueKind::Bool => Ok(one(value).unwrap_or_else(|_| value.clone())),
        _ => Err(refuse(format!("`ipwrap` takes an address, found {}", described(value)))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::seen;

    #[test]
    fn queries_give_what_ansible_was_seen_to_give() {
        seen(include_str!("addresses/seen.txt"));
    }
}
