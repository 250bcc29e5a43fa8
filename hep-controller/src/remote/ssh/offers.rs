//! What hep's own SSH and a host offer each other, for the word about what they do not share. libssh2 keeps the host's offer
//! to itself, so a second connection asks for it: version and `KEXINIT`, in clear, and nothing else
//! (RFC 4253, 4.2 and 7.1). No login and no secret goes that way.

use super::algorithms::{CIPHERS, MACS};
use crate::remote::Problem;
use crate::remote::demands::Algorithms;
use crate::remote::socket::{Handle, Socket};
use ssh2::{MethodType, Session};
use std::io::{self, Read, Write};
use std::time::{Duration, Instant};

/// The longest packet of a host, in bytes (RFC 4253, 6.1: at least 35,000), and what may come before its version.
const PACKET: usize = 64 * 1024;
const BEFORE_VERSION: usize = 16 * 1024;

/// How long a host may take that has just answered once.
const ANSWERS: Duration = Duration::from_secs(5);

/// How much of an offer is shown, in characters.
const SHOWN: usize = 1000;

/// `SSH_MSG_KEXINIT`, and the random bytes after it.
const KEXINIT: u8 = 20;
const COOKIE: usize = 16;

/// A name list that both sides must share a name of, in the order of `KEXINIT`.
const LISTS: [(MethodType, &str); 6] = [
    (MethodType::Kex, "key exchange method"),
    (MethodType::HostKey, "host key algorithm"),
    (MethodType::CryptCs, "cipher"),
    (MethodType::CryptSc, "cipher"),
    (MethodType::MacCs, "MAC"),
    (MethodType::MacSc, "MAC"),
];

/// What to say of a host with which the key exchange failed; nothing if they share what they must. hep offers what
/// ssh_config allows, and these host key algorithms.
pub(super) fn nothing_shared(
    socket: &Socket,
    allowed: &Algorithms,
    host_keys: &[&str],
    within: Duration,
) -> Option<Problem> {
    let hosts = host_offer(socket, within.min(ANSWERS)).ok()?;
    disagreement(&own_offer(allowed, host_keys)?, &hosts)
}

/// The names of each list.
type Offer = [Vec<String>; 6];

fn names(text: &str) -> Vec<String> {
    text.split(',').map(str::to_owned).collect()
}

fn own_offer(allowed: &Algorithms, host_keys: &[&str]) -> Option<Offer> {
    let session = Session::new().ok()?;
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let Algorithms { kex, host_keys: _, ciphers, macs, own_keys: _ } = allowed;
    let ciphers = ciphers.clone().unwrap_or_else(|| owned(&CIPHERS));
    let macs = macs.clone().unwrap_or_else(|| owned(&MACS));
    let wished = [
        kex.clone(),
        Some(owned(host_keys)),
        Some(ciphers.clone()),
        Some(ciphers),
        Some(macs.clone()),
        Some(macs),
    ];
    let mut offer = Offer::default();
    for (((method, _), list), wished) in LISTS.iter().zip(&mut offer).zip(wished) {
        let all: Vec<&str> = session.supported_algs(*method).ok()?;
        *list = match wished {
            Some(names) => names.into_iter().filter(|name| all.contains(&name.as_str())).collect(),
            None => owned(&all),
        };
    }
    Some(offer)
}

fn disagreement(own: &Offer, hosts: &Offer) -> Option<Problem> {
    let mut agreed: Vec<Option<&str>> = Vec::new();
    for (((_, what), own), hosts) in LISTS.iter().zip(own).zip(hosts) {
        // A cipher that authenticates by itself needs no MAC; each direction's stands two lists before its MAC.
        let cipher = agreed.len().checked_sub(2).and_then(|at| agreed.get(at)).copied().flatten();
        let sealed = cipher.is_some_and(|name| name.contains("gcm") || name.contains("poly1305"));
        let shared = own.iter().find(|name| hosts.contains(name)).map(String::as_str);
        if shared.is_none() && !(*what == "MAC" && sealed) {
            let text = format!(
                "the host and hep's own SSH share no {what}: the host offers {}; hep offers {}",
                shown(hosts),
                shown(own)
            );
            let hint = "`--transport openssh` uses the `ssh` of this machine, which may have one in common with the host";
            return Some(Problem::new(text).with_hint(hint));
        }
        agreed.push(shared);
    }
    None
}

/// The names without those that only mark what a side can do (RFC 8308; OpenSSH's strict key exchange). A host's bytes.
fn shown(list: &[String]) -> String {
    let marks = ["ext-info-", "kex-strict-"];
    let is_method = |name: &&String| !marks.iter().any(|mark| name.starts_with(mark));
    let names: Vec<&str> = list.iter().filter(is_method).map(String::as_str).collect();
    let text: String = names.join(", ").chars().take(SHOWN).collect();
    if text.is_empty() { "none".to_owned() } else { text }
}

fn host_offer(socket: &Socket, within: Duration) -> io::Result<Offer> {
    let end = Instant::now() + within;
    match socket.handle()? {
        Handle::Tcp(mut stream) => {
            stream.write_all(VERSION)?;
            read_offer(&mut |buffer| {
                stream.set_read_timeout(Some(left(end)?))?;
                stream.read(buffer)
            })
        }
        Handle::Pair(mut stream) => {
            stream.set_nonblocking(false)?;
            stream.write_all(VERSION)?;
            read_offer(&mut |buffer| {
                stream.set_read_timeout(Some(left(end)?))?;
                stream.read(buffer)
            })
        }
    }
}

const VERSION: &[u8] = b"SSH-2.0-hep\r\n";

fn left(end: Instant) -> io::Result<Duration> {
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

/// Reads up to the end of `KEXINIT`, never more than the bounds allow.
fn read_offer(read: &mut dyn FnMut(&mut [u8]) -> io::Result<usize>) -> io::Result<Offer> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match offer_in(&bytes) {
            Parsed::Offer(offer) => return Ok(offer),
            Parsed::Wrong => return Err(io::ErrorKind::InvalidData.into()),
            Parsed::Short => {}
        }
        match read(&mut buffer)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => bytes.extend_from_slice(buffer.get(..count).unwrap_or_default()),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Parsed {
    Offer(Offer),
    /// More must come.
    Short,
    /// It is no SSH, or too long.
    Wrong,
}

/// The offer in what a host says first: lines, of which the last is its version, and a packet.
fn offer_in(bytes: &[u8]) -> Parsed {
    let version = bytes.split_inclusive(|byte| *byte == b'\n').scan(0, |at, line| {
        *at += line.len();
        Some((line, *at))
    });
    let version = version.into_iter().find(|(line, _)| line.starts_with(b"SSH-"));
    let Some((_, at)) = version.filter(|(line, _)| line.ends_with(b"\n")) else {
        return if bytes.len() > BEFORE_VERSION { Parsed::Wrong } else { Parsed::Short };
    };
    let rest = bytes.get(at..).unwrap_or_default();
    let Some((length, rest)) = rest.split_first_chunk::<4>() else { return Parsed::Short };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    if length > PACKET {
        return Parsed::Wrong;
    }
    let Some(packet) = rest.get(..length) else { return Parsed::Short };
    lists_of(packet).map_or(Parsed::Wrong, Parsed::Offer)
}

/// The first lists of a `KEXINIT`, after the length of its padding.
fn lists_of(packet: &[u8]) -> Option<Offer> {
    let (_padding, payload) = packet.split_first()?;
    let (kind, rest) = payload.split_first()?;
    let mut rest = rest.get(COOKIE..).filter(|_| *kind == KEXINIT)?;
    let mut offer = Offer::default();
    for list in &mut offer {
        let (length, behind) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        *list = names(&String::from_utf8_lossy(behind.get(..length)?));
        rest = behind.get(length..)?;
    }
    Some(offer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(lists: [&str; 6]) -> Offer {
        lists.map(names)
    }

    /// What a host says first.
    fn greeting(lists: [&str; 6]) -> Vec<u8> {
        let mut packet = vec![4, KEXINIT];
        packet.extend([7; COOKIE]);
        for list in lists {
            packet.extend(u32::try_from(list.len()).unwrap().to_be_bytes());
            packet.extend(list.as_bytes());
        }
        packet.extend([0; 17]);
        let mut bytes = b"Welcome\r\nSSH-2.0-odd_1\r\n".to_vec();
        bytes.extend(u32::try_from(packet.len()).unwrap().to_be_bytes());
        bytes.extend(packet);
        bytes
    }

    const HOST: [&str; 6] = [
        "sntrup761x25519,ext-info-s",
        "ssh-ed25519",
        "aes256-ctr",
        "aes256-gcm",
        "hmac-a",
        "hmac-b",
    ];

    #[test]
    fn an_offer_is_read_however_it_comes_and_every_truncation_is_short() {
        let bytes = greeting(HOST);
        let whole = bytes.len();
        assert_eq!(offer_in(&bytes), Parsed::Offer(offer(HOST)));
        for length in 0..whole {
            assert_eq!(offer_in(&bytes[..length]), Parsed::Short, "{length}");
        }
    }

    #[test]
    fn what_is_no_offer_is_refused_before_it_is_read() {
        let long = [b"SSH-2.0-x\r\n".as_slice(), &[0xff; 4]].concat();
        assert_eq!(offer_in(&long), Parsed::Wrong);
        assert_eq!(offer_in(&[b'a'; BEFORE_VERSION + 1]), Parsed::Wrong);
        let other = [b"SSH-2.0-x\r\n".as_slice(), &[0, 0, 0, 2, 0, 1]].concat();
        assert_eq!(offer_in(&other), Parsed::Wrong);
        // A list longer than its packet.
        let mut bytes = greeting(HOST);
        let at = b"Welcome\r\nSSH-2.0-odd_1\r\n".len() + 4 + 2 + COOKIE;
        bytes[at..at + 4].copy_from_slice(&[0xff; 4]);
        assert_eq!(offer_in(&bytes), Parsed::Wrong);
    }

    #[test]
    fn the_first_list_that_shares_nothing_is_named() {
        let check = |own: [&str; 6], expected: Option<&str>| {
            let problem = disagreement(&offer(own), &offer(HOST));
            assert_eq!(problem.map(|problem| problem.what).as_deref(), expected);
        };
        check(HOST, None);
        let [kex, key, ctr, gcm, mac, _] = HOST;
        // With a cipher that needs none, no MAC is needed.
        check([kex, key, ctr, gcm, mac, "other"], None);
        check(
            [kex, key, ctr, gcm, "other", "other"],
            Some(
                "the host and hep's own SSH share no MAC: the host offers hmac-a; hep offers other",
            ),
        );
        check(
            ["curve25519,ext-info-c", key, ctr, gcm, mac, mac],
            Some(
                "the host and hep's own SSH share no key exchange method: the host offers sntrup761x25519; hep offers curve25519",
            ),
        );
    }
}
