//! An address with its prefix, as Python's `netaddr` has it: `192.168.1.10/24` keeps its host part.

use std::net::{Ipv4Addr, Ipv6Addr};

/// An address of either version, in a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Net {
    pub(super) six: bool,
    /// The address as a number.
    pub(super) value: u128,
    pub(super) prefix: u32,
}

/// The largest address of version 4.
const MAX_FOUR: u128 = 0xffff_ffff;

impl Net {
    /// A text: `10.0.0.1`, `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `::1/64`. `None` if it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let (six, value) = address_of(address)?;
        let net = Self { six, value, prefix: if six { 128 } else { 32 } };
        let Some(prefix) = prefix else { return Some(net) };
        let number = prefix.trim();
        let number = number.strip_prefix('+').unwrap_or(number);
        let prefix = match number.parse::<u32>() {
            Ok(prefix) => prefix,
            Err(_) => net.masked(prefix)?,
        };
        (prefix <= net.width()).then_some(Self { prefix, ..net })
    }

    /// The prefix that a mask stands for: `255.255.255.0`, or by its hosts `0.0.0.255`.
    fn masked(self, mask: &str) -> Option<u32> {
        let (six, mask) = address_of(mask)?;
        if six != self.six {
            return None;
        }
        let flipped = mask ^ self.max();
        if is_hostmask(flipped) {
            Some(self.width() - flipped.count_ones())
        } else {
            is_hostmask(mask).then(|| self.width() - mask.count_ones())
        }
    }

    /// An address by its number, if the version has it.
    pub(super) fn of(six: bool, value: u128, prefix: u32) -> Option<Self> {
        let net = Self { six, value, prefix };
        (value <= net.max() && prefix <= net.width()).then_some(net)
    }

    pub(super) fn version(self) -> i64 {
        if self.six { 6 } else { 4 }
    }

    /// How many bits an address has.
    pub(super) fn width(self) -> u32 {
        if self.six { 128 } else { 32 }
    }

    pub(super) fn max(self) -> u128 {
        if self.six { u128::MAX } else { MAX_FOUR }
    }

    /// How many bits tell the hosts of the network apart: 0 where it is a single address.
    pub(super) fn bits(self) -> u32 {
        self.width().saturating_sub(self.prefix)
    }

    /// How many addresses it has; `None` for 2^128.
    pub(super) fn size(self) -> Option<u128> {
        1_u128.checked_shl(self.bits())
    }

    pub(super) fn hostmask(self) -> u128 {
        self.size().map_or(u128::MAX, |size| size - 1)
    }

    pub(super) fn netmask(self) -> u128 {
        self.max() ^ self.hostmask()
    }

    pub(super) fn first(self) -> u128 {
        self.value & self.netmask()
    }

    pub(super) fn last(self) -> u128 {
        self.value | self.hostmask()
    }

    /// Whether the address is that of the network itself.
    pub(super) fn is_first(self) -> bool {
        self.value == self.first()
    }

    /// The last address of a network that has more than two.
    pub(super) fn broadcast(self) -> Option<u128> {
        (self.bits() > 1).then(|| self.last())
    }

    /// The first and last addresses of hosts; `None` where there is one address only.
    pub(super) fn usable(self) -> Option<(u128, u128)> {
        match self.bits() {
            0 => None,
            1 => Some((self.first(), self.last())),
            _ => Some((self.first().saturating_add(1), self.last().saturating_sub(1))),
        }
    }

    /// The network without its host part.
    pub(super) fn cidr(self) -> Self {
        Self { value: self.first(), ..self }
    }

    /// An address of the network by its place; negative ones count from the end.
    pub(super) fn nth(self, index: i128) -> Option<u128> {
        let distance = index.unsigned_abs();
        if index < 0 {
            let within = distance.saturating_sub(1) <= self.hostmask();
            within.then(|| self.last().wrapping_sub(distance).wrapping_add(1))
        } else {
            (distance <= self.hostmask()).then(|| self.first().wrapping_add(distance))
        }
    }

    /// Whether all addresses of another one are in it.
    pub(super) fn holds(self, other: Self) -> bool {
        self.six == other.six
            && self.prefix <= other.prefix
            && Self { prefix: self.prefix, ..other }.first() == self.first()
    }

    /// The address alone.
    pub(super) fn address(self) -> String {
        shown(self.six, self.value)
    }

    /// Another address of this version.
    pub(super) fn show(self, value: u128) -> String {
        shown(self.six, value)
    }
}

impl std::fmt::Display for Net {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address(), self.prefix)
    }
}

/// Whether only the last bits are set, or none.
pub(super) fn is_hostmask(value: u128) -> bool {
    value & value.wrapping_add(1) == 0
}

/// A version and a number.
pub(super) fn address_of(text: &str) -> Option<(bool, u128)> {
    let four = text.parse::<Ipv4Addr>().map(|address| (false, u32::from(address).into()));
    four.ok().or_else(|| Some((true, text.parse::<Ipv6Addr>().ok()?.into())))
}

/// An address of a number whose version nobody tells: small ones are of version 4.
pub(super) fn of_number(value: u128) -> String {
    shown(value > MAX_FOUR, value)
}

/// As C's `inet_ntop` writes it, which shows addresses of version 4 in those of version 6.
fn shown(six: bool, value: u128) -> String {
    let four = || Ipv4Addr::from(u32::try_from(value & MAX_FOUR).unwrap_or_default());
    match six {
        false => four().to_string(),
        true if (0x1_0000..=MAX_FOUR).contains(&value) => format!("::{}", four()),
        true => Ipv6Addr::from(value).to_string(),
    }
}
