//! `user@host:port` and its parts.

use std::net::Ipv6Addr;

/// A host as one word.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) user: Option<String>,
    /// A name or an address, without brackets.
    pub(super) host: String,
    pub(super) port: Option<u16>,
}

/// Why a word is no host.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoAddress {
    pub(super) message: String,
    pub(super) hint: &'static str,
}

/// Reads `host`, `host:port`, `user@host`, `::1`, `[::1]`, `[::1]:port`.
///
/// # Errors
/// What is wrong, and how it is written.
pub(super) fn parse(word: &str) -> Result<Address, NoAddress> {
    let shown = crate::yaml::shorten(word);
    let refuse = |message: String, hint| Err(NoAddress { message, hint });
    // A user of a directory service may have an `@`; a host never has.
    let (user, rest) = match word.rsplit_once('@') {
        Some(("", _)) => {
            return refuse(
                format!("there is no user before the `@` of `{shown}`"),
                "write `user@host`",
            );
        }
        Some((user, rest)) => (Some(user.to_owned()), rest),
        None => (None, word),
    };
    let bracketed = rest.strip_prefix('[').and_then(|inner| inner.split_once(']'));
    let (host, port_text) = match bracketed {
        Some((host, "")) if is_ipv6(host) => (host, None),
        Some((host, after)) if is_ipv6(host) && after.starts_with(':') => (host, after.get(1..)),
        Some(_) => {
            return refuse(
                format!("`{shown}` is not an address"),
                "write an address as `[::1]:2222`",
            );
        }
        None if is_ipv6(rest) => (rest, None),
        None => match rest.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (rest, None),
        },
    };
    if host.contains(['[', ']']) {
        return refuse(
            format!("`{shown}` is no host: this version of hep has no ranges"),
            "write each host on its own line",
        );
    }
    if !is_ipv6(host) && !is_name(host) {
        return refuse(
            format!("`{shown}` is not the name or address of a host"),
            "write it as `web1.example.org`, `192.0.2.7`, `web1:2222` or `[2001:db8::7]:2222`",
        );
    }
    let port = match port_text.map(|text| port(text).ok_or(text)) {
        None => None,
        Some(Ok(port)) => Some(port),
        Some(Err(text)) => {
            let message = format!("`{}` is not a port", crate::yaml::shorten(text));
            return refuse(message, "write a number from 1 to 65535 after the `:`");
        }
    };
    Ok(Address { user, host: host.to_owned(), port })
}

/// A port's number: decimal digits alone.
pub(super) fn port(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port != 0)
}

/// An IPv6 address, with a zone perhaps: `fe80::1%eth0`.
fn is_ipv6(text: &str) -> bool {
    let (address, zone) = text.split_once('%').unwrap_or((text, "0"));
    let sound = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    address.parse::<Ipv6Addr>().is_ok() && !zone.is_empty() && zone.chars().all(sound)
}

/// A name as resolvers and `~/.ssh/config` know them.
fn is_name(text: &str) -> bool {
    let sound = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    !text.is_empty()
        && text.len() <= 253
        && !text.starts_with(['-', '.'])
        && text.chars().all(sound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(word: &str, user: Option<&str>, host: &str, port: Option<u16>) {
        let expected = Address { user: user.map(str::to_owned), host: host.to_owned(), port };
        assert_eq!(parse(word), Ok(expected), "{word}");
    }

    #[test]
    fn every_form_of_an_address_is_taken_apart() {
        check("web1", None, "web1", None);
        check("192.0.2.7:2222", None, "192.0.2.7", Some(2222));
        check("::1", None, "::1", None);
        check("[::1]", None, "::1", None);
        check("[::1]:2222", None, "::1", Some(2222));
        check("fe80::1%eth0", None, "fe80::1%eth0", None);
        check("root@web1:22", Some("root"), "web1", Some(22));
        check("me@corp@web1", Some("me@corp"), "web1", None);
        check("root@[::1]:22", Some("root"), "::1", Some(22));
    }

    #[test]
    fn anything_else_is_no_address() {
        for word in [
            "",
            "@web",
            "web:",
            "web:0",
            "web:65536",
            "web:+1",
            "a b",
            "-x",
            "we;b",
            "[x]",
            "web[01:10]",
            "[::1]x",
            "../x",
            "ho\0st",
        ] {
            assert!(parse(word).is_err(), "{word}");
        }
    }
}
