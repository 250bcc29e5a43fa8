//! Hardware addresses, in the ways in which systems write them.

use super::super::super::{Registry, refuse};
use super::super::string;
use super::{argument, networks, unknown};
use minijinja::{Error, Value};

pub(super) fn register(engine: &mut Registry<'_>) {
    for (short, full, older) in [
        ("hwaddr", "ansible.utils.hwaddr", "ansible.netcommon.hwaddr"),
        ("macaddr", "ansible.utils.macaddr", "ansible.netcommon.macaddr"),
    ] {
        for name in [short, full, older] {
            engine.add_filter_named(
                name,
                &["query", "alias"],
                move |value: &Value, query: Option<Value>, _alias: Option<Value>| {
                    written(short, &string(value)?, &argument(query.as_ref())?)
                },
            );
        }
    }
    for name in ["slaac", "ansible.utils.slaac", "ansible.netcommon.slaac"] {
        engine.add_filter_named(name, &["query"], |value: &Value, query: Option<Value>| {
            let address = parsed(&argument(query.as_ref())?);
            networks::automatic(value, address.map(identifier))
        });
    }
}

/// One of 48 bits, or of 64.
#[derive(Clone, Copy)]
enum Address {
    Short(u64),
    Long(u64),
}

/// Digits of a number to the base 16.
fn number(text: &str) -> Option<&str> {
    let digits = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    Some(text).filter(|_| digits && !text.is_empty())
}

fn parsed(text: &str) -> Option<Address> {
    let parts = |separator: char| text.split(separator).map(number).collect::<Option<Vec<_>>>();
    for separator in [':', '-', '.'] {
        let Some(parts) = parts(separator).filter(|parts| parts.len() > 1) else { continue };
        let longest = parts.iter().map(|part| part.len()).max()?;
        let shortest = parts.iter().map(|part| part.len()).min()?;
        let dotted = separator == '.';
        let width = match (parts.len(), dotted) {
            (6, false) => Some((2, 8, false)).filter(|_| longest <= 2),
            (3, _) => Some((4, 16, false)).filter(|_| longest <= 4),
            (2, false) => Some((6, 24, false)).filter(|_| longest <= 6 && shortest >= 5),
            (8, false) => Some((2, 8, true)).filter(|_| longest <= 2),
            (4, _) => Some((4, 16, true)).filter(|_| longest <= 4),
            _ => None,
        };
        let (_, bits, long) = width?;
        let mut value = 0_u64;
        for part in parts {
            value = value.checked_shl(bits)? | u64::from_str_radix(part, 16).ok()?;
        }
        return Some(if long { Address::Long(value) } else { Address::Short(value) });
    }
    let value = u64::from_str_radix(number(text)?, 16).ok()?;
    match text.len() {
        11 | 12 => Some(Address::Short(value)),
        16 => Some(Address::Long(value)),
        _ => None,
    }
}

/// The last half of an automatic address.
fn identifier(address: Address) -> u64 {
    const UNIVERSAL: u64 = 0x0200_0000_0000_0000;
    match address {
        Address::Long(value) => value ^ UNIVERSAL,
        Address::Short(value) => {
            (value >> 24 << 40 | 0xff_fe00_0000 | value & 0xff_ffff) ^ UNIVERSAL
        }
    }
}

fn written(filter: &str, text: &str, query: &str) -> Result<Value, Error> {
    let Some(address) = parsed(text) else {
        return match query {
            "" | "bool" => Ok(Value::from(())),
            _ => Err(refuse(format!("`{filter}` takes a hardware address, found `{text}`"))),
        };
    };
    let (value, long) = match address {
        Address::Short(value) => (value, false),
        Address::Long(value) => (value, true),
    };
    let words = |bits: u32, write: fn(u64) -> String, between: &str| {
        let count = 48_u32.checked_div(bits).unwrap_or_default();
        let word = |place: u32| {
            let shift = bits.saturating_mul(count.saturating_sub(place).saturating_sub(1));
            write(value.checked_shr(shift).unwrap_or_default() & ((1 << bits) - 1))
        };
        (0..count).map(word).collect::<Vec<_>>().join(between)
    };
    Ok(match query {
        "" => text.into(),
        "bool" => true.into(),
        "int" => value.into(),
        _ if long => return Err(refuse(format!("`{filter}` writes addresses of six bytes"))),
        "bare" => format!("{value:012X}").into(),
        "cisco" => words(16, |word| format!("{word:04x}"), ".").into(),
        "eui48" | "win" => words(8, |word| format!("{word:02X}"), "-").into(),
        "linux" => words(8, |word| format!("{word:02x}"), ":").into(),
        "pgsql" | "postgresql" | "psql" => words(24, |word| format!("{word:06x}"), ":").into(),
        "unix" => words(8, |word| format!("{word:x}"), ":").into(),
        other => return Err(unknown(other)),
    })
}
