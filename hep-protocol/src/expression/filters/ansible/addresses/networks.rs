//! Networks in networks: parts of them, their hosts by number, and several of them made one.

use super::super::super::{Registry, advise, refuse};
use super::super::{iterated, string};
use super::{Net, address_of, argument, ipaddr, maybe, of_number, read};
use minijinja::{Error, Value};

pub(super) fn register(engine: &mut Registry<'_>) {
    let no = || Value::from(false);
    for name in ["ipsubnet", "ansible.utils.ipsubnet", "ansible.netcommon.ipsubnet"] {
        engine.add_filter_named(
            name,
            &["query", "index"],
            |value: &Value, query: Option<Value>, index: Option<Value>| {
                let query = argument(query.as_ref())?;
                let index = argument(index.as_ref())?;
                let index = Some(index).filter(|index| !index.is_empty());
                let index = index.map(|index| whole("ipsubnet", &index)).transpose()?;
                subnet(value, &query, index)
            },
        );
    }
    for name in ["nthhost", "ansible.utils.nthhost", "ansible.netcommon.nthhost"] {
        engine.add_filter_named(name, &["query"], move |value: &Value, query: Option<Value>| {
            let index = argument(query.as_ref())?.trim().parse::<i128>().ok();
            Ok(match network(value)?.zip(index) {
                Some((net, index)) if index < 0 || net.nth(index).is_some() => {
                    let found = net.nth(index);
                    let beyond = || refuse("`nthhost`: the network has not so many addresses");
                    net.show(found.ok_or_else(beyond)?).into()
                }
                Some(_) | None => no(),
            })
        });
    }
    for (short, name, older, sign) in [
        (
            "next_nth_usable",
            "ansible.utils.next_nth_usable",
            "ansible.netcommon.next_nth_usable",
            1,
        ),
        (
            "previous_nth_usable",
            "ansible.utils.previous_nth_usable",
            "ansible.netcommon.previous_nth_usable",
            -1,
        ),
    ] {
        for name in [short, name, older] {
            engine.add_filter_named(name, &["offset"], move |value: &Value, offset: &Value| {
                let offset = whole(short, &string(offset)?)?.saturating_mul(sign);
                let Some(net) = network(value)? else { return Ok(no()) };
                Ok(maybe(net.usable().and_then(|(first, last)| {
                    let found = moved(net.value, offset)?;
                    (first..=last).contains(&found).then(|| of_number(found))
                })))
            });
        }
    }
    register_relations(engine);
    register_forms(engine);
}

/// Other addresses, and other ways to write them.
fn register_forms(engine: &mut Registry<'_>) {
    for name in ["ipmath", "ansible.utils.ipmath"] {
        engine.add_filter_named(name, &["amount"], |value: &Value, amount: &Value| {
            let (text, amount) = (string(value)?, whole("ipmath", &string(amount)?)?);
            let net = Net::parse(&text).ok_or_else(|| no_address("ipmath", &text))?;
            let found = moved(net.value, amount).filter(|found| *found <= net.max());
            let beyond = || refuse("`ipmath`: there is no such address");
            Ok::<_, Error>(net.show(found.ok_or_else(beyond)?))
        });
    }
    for name in ["ip4_hex", "ansible.utils.ip4_hex", "ansible.netcommon.ip4_hex"] {
        engine.add_filter_named(name, &["delimiter"], |value: &Value, between: Option<Value>| {
            let (text, between) = (string(value)?, argument(between.as_ref())?);
            let Some((false, value)) = address_of(&text) else {
                return Err(no_address("ip4_hex", &text));
            };
            let bytes = u32::try_from(value).unwrap_or_default().to_be_bytes();
            Ok(bytes.map(|byte| format!("{byte:02x}")).join(&between))
        });
    }
    for name in ["cidr_merge", "ansible.utils.cidr_merge", "ansible.netcommon.cidr_merge"] {
        engine.add_filter_named(name, &["action"], |value: &Value, action: Option<Value>| {
            let action = argument(action.as_ref())?;
            merged(value, if action.is_empty() { "merge" } else { &action })
        });
    }
}

/// Whether networks are in others.
fn register_relations(engine: &mut Registry<'_>) {
    for (usable, short, name, older) in [
        (
            false,
            "network_in_network",
            "ansible.utils.network_in_network",
            "ansible.netcommon.network_in_network",
        ),
        (
            true,
            "network_in_usable",
            "ansible.utils.network_in_usable",
            "ansible.netcommon.network_in_usable",
        ),
    ] {
        for name in [short, name, older] {
            engine.add_filter_named(name, &["test"], move |value: &Value, test: &Value| {
                let (first, last) = if usable { hosts(value)? } else { span(value)? };
                let (begin, end) = span(test)?;
                Ok::<_, Error>([begin, end].iter().all(|one| (first..=last).contains(one)))
            });
        }
    }
    for name in [
        "reduce_on_network",
        "ansible.utils.reduce_on_network",
        "ansible.netcommon.reduce_on_network",
    ] {
        engine.add_filter_named(name, &["network"], |value: &Value, network: &Value| {
            let (first, last) = span(network)?;
            let mut inside = Vec::new();
            for item in iterated(value, "reduce_on_network")? {
                let (begin, end) = span(&item)?;
                if [begin, end].iter().all(|one| (first..=last).contains(one)) {
                    inside.push(item);
                }
            }
            Ok::<_, Error>(inside)
        });
    }
}

fn no_address(filter: &str, text: &str) -> Error {
    advise(format!("`{filter}` takes an address, found `{text}`"), "write one such as `10.0.0.1`")
}

fn whole(filter: &str, text: &str) -> Result<i128, Error> {
    text.trim().parse().map_err(|_| {
        let message = format!("`{filter}` takes a whole number, found `{text}`");
        advise(message, "make it one: `x | int`")
    })
}

fn moved(value: u128, by: i128) -> Option<u128> {
    let distance = by.unsigned_abs();
    if by < 0 { value.checked_sub(distance) } else { value.checked_add(distance) }
}

/// The network that a value is, without host bits if it has none of its own.
fn network(value: &Value) -> Result<Option<Net>, Error> {
    Ok(read(&string(value)?, None).map(|(net, _)| net))
}

/// The first and last number of a network's addresses; those of what is none are 0.
fn span(value: &Value) -> Result<(u128, u128), Error> {
    let net = network(value)?.map(Net::cidr);
    Ok(net.map_or((0, 0), |net| match net.bits() {
        1 => (net.first(), net.first()),
        _ => (net.first(), net.last()),
    }))
}

/// The same of its hosts.
fn hosts(value: &Value) -> Result<(u128, u128), Error> {
    let net = network(value)?.map(Net::cidr);
    Ok(net.map_or((0, 0), |net| net.usable().unwrap_or((net.value, net.value))))
}

/// A network of another size around an address or in a network; how many there are; which one another is.
fn subnet(value: &Value, query: &str, index: Option<i128>) -> Result<Value, Error> {
    let Some(net) = network(value)?.map(Net::cidr) else { return Ok(Value::from(false)) };
    let of = |prefix: u32, value: u128| Net { value, prefix, ..net }.to_string();
    if query.is_empty() {
        return Ok(net.to_string().into());
    }
    if !query.bytes().all(|byte| byte.is_ascii_digit()) {
        return place(net, query);
    }
    let Some(prefix) = query.parse::<u32>().ok().filter(|prefix| *prefix <= net.width()) else {
        return Ok(Value::from(false));
    };
    let single = net.bits() == 0;
    let count = prefix.checked_sub(net.prefix);
    let around = |index: i128| {
        // The largest first; negative ones count from the smallest.
        let all = i128::from(net.width() - prefix);
        let place = if index < 0 { index.saturating_add(all) } else { index };
        let place = u32::try_from(place).ok().filter(|place| i128::from(*place) < all);
        let place = place.ok_or_else(|| refuse("`ipsubnet`: there is no such network"))?;
        let prefix = prefix.saturating_add(place);
        Ok(Value::from(Net { prefix, ..net }.cidr().to_string()))
    };
    match (index, single, count) {
        (None, true, _) => around(0),
        (None, false, None) => {
            Err(refuse(format!("`ipsubnet`: a network of /{} has none of /{prefix}", net.prefix)))
        }
        (None, false, Some(128)) => Ok("340282366920938463463374607431768211456".into()),
        (None, false, Some(count)) => Ok((1_u128 << count).to_string().into()),
        (Some(index), true, _) => {
            let width = i128::from(net.width());
            let beyond = index.saturating_mul(2) > width + 1;
            if beyond || index < i128::from(prefix) - width {
                return Ok(Value::from(false));
            }
            around(index)
        }
        (Some(0), false, None) => Ok(of(prefix, net.value).into()),
        (Some(_), false, None) => Ok(Value::from(false)),
        (Some(index), false, Some(_)) => {
            // Numbered within the bits between both prefixes.
            let numbered = Net { prefix: net.width() - prefix + net.prefix, value: 0, ..net };
            let found = numbered.nth(index).map(|index| {
                let bits = net.width() - prefix;
                net.value | index.checked_shl(bits).unwrap_or_default()
            });
            Ok(found.map_or_else(|| Value::from(false), |found| of(prefix, found).into()))
        }
    }
}

/// Which part of another network one is, counted from 1.
fn place(net: Net, query: &str) -> Result<Value, Error> {
    let Some((around, _)) = read(query, None) else { return Err(no_address("ipsubnet", query)) };
    let around = if around.is_first() { around.cidr() } else { around };
    let shift = net.width().checked_sub(around.prefix);
    let same = |shift: u32| {
        let top = |value: u128| value.checked_shr(shift).unwrap_or_default();
        top(net.value) == top(around.value) && around.prefix <= net.prefix
    };
    if !shift.is_some_and(same) {
        return Err(refuse(format!("`ipsubnet`: {net} is not in {}", around.cidr())));
    }
    let inside = Net { prefix: around.prefix, ..net }.hostmask() & net.value;
    let number = inside.checked_shr(net.bits()).unwrap_or_default();
    Ok(number.saturating_add(1).to_string().into())
}

/// Addresses and networks as few networks, or as the one around all of them.
fn merged(value: &Value, action: &str) -> Result<Value, Error> {
    let mut nets = Vec::new();
    for item in iterated(value, "cidr_merge")? {
        let text = string(&item)?;
        nets.push(Net::parse(&text).ok_or_else(|| no_address("cidr_merge", &text))?);
    }
    match action {
        "merge" => Ok(joined(nets).into_iter().map(|net| Value::from(net.to_string())).collect()),
        "span" => {
            let key = |net: &Net| (net.six, net.first(), net.last());
            let (Some(low), Some(high)) =
                (nets.iter().copied().min_by_key(key), nets.iter().copied().max_by_key(key))
            else {
                return Ok(Value::from(()));
            };
            if nets.len() == 1 {
                return Ok(low.to_string().into());
            }
            if low.six != high.six {
                return Err(refuse("`cidr_merge`: addresses of both versions have no network"));
            }
            let (mut around, mut at) = (Net { value: high.last(), ..high }, high.last());
            while around.prefix > 0 && at > low.first() {
                around.prefix -= 1;
                at = around.first();
            }
            Ok(Net { value: at, ..around }.to_string().into())
        }
        other => {
            Err(advise(format!("`cidr_merge` has no action `{other}`"), "write `merge` or `span`"))
        }
    }
}

/// Ranges that meet or overlap are joined, and taken apart again into as few networks as there can be.
fn joined(mut nets: Vec<Net>) -> Vec<Net> {
    // By their ends, since those that end first are joined last.
    nets.sort_by_key(|net| (net.six, net.last(), net.first(), net.prefix));
    let mut ranges: Vec<(Net, u128, u128, bool)> = Vec::new();
    for net in nets {
        let (mut first, last, mut whole) = (net.first(), net.last(), true);
        while let Some((before, begin, end, _)) = ranges.last().copied() {
            if before.six != net.six || first.saturating_sub(1) > end {
                break;
            }
            (first, whole) = (first.min(begin), false);
            ranges.pop();
        }
        ranges.push((net, first, last, whole));
    }
    let mut all = Vec::new();
    for (net, first, last, whole) in ranges {
        if whole {
            all.push(net);
            continue;
        }
        let mut at = first;
        loop {
            let fits = |prefix: &u32| {
                let part = Net { value: at, prefix: *prefix, ..net };
                part.is_first() && part.last() <= last
            };
            let prefix = (0..=net.width()).find(fits).unwrap_or(net.width());
            let part = Net { value: at, prefix, ..net };
            all.push(part);
            match part.last().checked_add(1) {
                Some(next) if next <= last => at = next,
                Some(_) | None => break,
            }
        }
    }
    all
}

/// An address made of a network and a hardware address.
pub(super) fn automatic(value: &Value, identifier: Option<u64>) -> Result<Value, Error> {
    let found = network(value)?.filter(|net| net.six).zip(identifier);
    let version = ipaddr(value, "version", None)?;
    Ok(match found {
        Some((net, identifier)) if version == Value::from(6) => {
            net.show(net.first().wrapping_add(identifier.into())).into()
        }
        Some(_) | None => Value::from(false),
    })
}
