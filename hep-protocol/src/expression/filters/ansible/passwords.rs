//! `password_hash`: what crypt(5) calls `$6$`, `$5$` and `$1$`, with salt and rounds as Ansible chooses them.

use super::super::kinds::text;
use super::super::{Registry, advise, charge, refuse};
use super::{chance, string};
use md5::{Digest as _, Md5};
use minijinja::value::Rest;
use minijinja::{Error, State, Value};

/// A rarer kind of hash would be computed for minutes.
const MOST_ROUNDS: u32 = 10_000_000;

/// The digits of crypt(5), from 0 to 63.
const DIGITS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

pub(super) fn register(engine: &mut Registry<'_>) {
    engine.add_filter_named(
        "password_hash",
        &["hashtype", "salt", "salt_size", "rounds", "ident"],
        |state: &State, value: &Value, options: Rest<Value>| {
            let given = |at: usize| options.get(at).filter(|value| value.is_true());
            let (salt, size, rounds) = (given(1), given(2), given(3));
            let kind = given(0).map_or_else(|| Ok("sha512".to_owned()), string)?;
            let kind = Kind::of(&kind)?;
            let salt = match salt {
                Some(salt) => string(salt)?,
                None => {
                    let size = size.map(|size| whole("salt_size", size)).transpose()?;
                    let size = size.and_then(|size| usize::try_from(size).ok());
                    let size = size.unwrap_or(kind.longest_salt());
                    chance::bytes(state, size.min(kind.longest_salt()))?
                        .into_iter()
                        .map(|byte| digit(u32::from(byte)))
                        .collect()
                }
            };
            let rounds = rounds.map(|rounds| whole("rounds", rounds)).transpose()?;
            hashed(state, &text(value, "password_hash")?, kind, &salt, rounds)
        },
    );
}

fn whole(name: &str, value: &Value) -> Result<u32, Error> {
    value
        .as_str()
        .map_or_else(
            || u32::try_from(value.clone()).map_err(|_| ()),
            |text| text.trim().parse().map_err(|_| ()),
        )
        .map_err(|()| refuse(format!("`password_hash` takes a whole number as `{name}`")))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Md5,
    Sha256,
    Sha512,
}

impl Kind {
    fn of(name: &str) -> Result<Self, Error> {
        match name {
            "md5" | "md5_crypt" => Ok(Self::Md5),
            "sha256" | "sha256_crypt" => Ok(Self::Sha256),
            "sha512" | "sha512_crypt" => Ok(Self::Sha512),
            _ => Err(advise(
                format!("`password_hash` has no `{name}`"),
                "write `sha512`, `sha256` or `md5`",
            )),
        }
    }

    fn longest_salt(self) -> usize {
        match self {
            Self::Md5 => 8,
            Self::Sha256 | Self::Sha512 => 16,
        }
    }
}

fn digit(number: u32) -> char {
    let at = usize::try_from(number % 64).unwrap_or_default();
    DIGITS.get(at).map_or('.', |digit| char::from(*digit))
}

fn hashed(
    state: &State,
    password: &str,
    kind: Kind,
    salt: &str,
    rounds: Option<u32>,
) -> Result<String, Error> {
    if let Some(odd) = salt.chars().find(|c| !c.is_ascii() || !DIGITS.contains(&(*c as u8))) {
        let message = format!("`password_hash`: a salt cannot have `{odd}`");
        return Err(advise(message, "use letters, digits, `.` and `/`"));
    }
    if salt.len() > kind.longest_salt() {
        let longest = kind.longest_salt();
        return Err(refuse(format!("`password_hash`: a salt has at most {longest} characters")));
    }
    if password.contains('\0') {
        return Err(refuse("`password_hash`: a password cannot have a NUL"));
    }
    let usual = match kind {
        Kind::Md5 if rounds.is_some() => {
            return Err(refuse("`password_hash`: `md5` has no `rounds`"));
        }
        Kind::Md5 => return Ok(format!("$1${salt}${}", md5_crypt(password, salt))),
        Kind::Sha256 => 535_000,
        Kind::Sha512 => 656_000,
    };
    let rounds = rounds.unwrap_or(usual);
    let known = sha_crypt::Params::new(rounds).ok().filter(|_| rounds <= MOST_ROUNDS);
    let Some(params) = known else {
        return Err(refuse(format!(
            "`password_hash`: `rounds` are 1000 to {MOST_ROUNDS}, found {rounds}"
        )));
    };
    charge(state, usize::try_from(rounds).unwrap_or(usize::MAX))?;
    let (mark, digest) = match kind {
        Kind::Sha256 => {
            let hash = sha_crypt::sha256_crypt(password.as_bytes(), salt.as_bytes(), params);
            ('5', encoded(&hash, &order([0, 10, 20], |[a, b, c]| [c, a, b]), &[31, 30]))
        }
        Kind::Md5 | Kind::Sha512 => {
            let hash = sha_crypt::sha512_crypt(password.as_bytes(), salt.as_bytes(), params);
            ('6', encoded(&hash, &order([0, 21, 42], |[a, b, c]| [b, c, a]), &[63]))
        }
    };
    // Five thousand are meant where none are written.
    let written = if rounds == 5000 { String::new() } else { format!("rounds={rounds}$") };
    Ok(format!("${mark}${written}{salt}${digest}"))
}

/// The places of a digest's bytes, three by three, as SHA-crypt mixes them: each triple is the one before, turned by one and a
/// place further.
fn order(first: [usize; 3], turned: fn([usize; 3]) -> [usize; 3]) -> Vec<[usize; 3]> {
    let next = |triple: &[usize; 3]| Some(turned(*triple).map(|place| place.saturating_add(1)));
    let Some(third) = first.last() else { return Vec::new() };
    std::iter::successors(Some(first), next).take(third / 2).collect()
}

/// Bytes in crypt's digits: each triple with its lowest bits first, then what is left.
fn encoded(hash: &[u8], order: &[[usize; 3]], rest: &[usize]) -> String {
    let byte = |at: &usize| u32::from(hash.get(*at).copied().unwrap_or_default());
    let number = |places: &[usize]| places.iter().fold(0, |number, at| number << 8 | byte(at));
    let digits = |mut number: u32, count: u32| {
        let mut text = String::new();
        for _ in 0..count {
            text.push(digit(number));
            number >>= 6;
        }
        text
    };
    let all: String = order.iter().map(|triple| digits(number(triple), 4)).collect();
    let count = if rest.len() == 2 { 3 } else { 2 };
    all + &digits(number(rest), count)
}

/// Poul-Henning Kamp's MD5-crypt.
fn md5_crypt(password: &str, salt: &str) -> String {
    let (password, salt) = (password.as_bytes(), salt.as_bytes());
    let inner = Md5::new().chain_update(password).chain_update(salt).chain_update(password);
    let inner = inner.finalize();
    let mut outer = Md5::new().chain_update(password).chain_update(b"$1$").chain_update(salt);
    for at in (0..password.len()).step_by(16) {
        let length = password.len().saturating_sub(at).min(16);
        outer.update(inner.get(..length).unwrap_or_default());
    }
    let mut left = password.len();
    while left > 0 {
        let first = password.get(..1).unwrap_or_default();
        outer.update(if left & 1 == 1 { b"\0" } else { first });
        left >>= 1;
    }
    let mut hash = outer.finalize();
    for round in 0..1000_u32 {
        let mut next = Md5::new();
        if round & 1 == 1 {
            next.update(password)
        } else {
            next.update(hash)
        }
        if round % 3 != 0 {
            next.update(salt);
        }
        if round % 7 != 0 {
            next.update(password);
        }
        if round & 1 == 1 {
            next.update(hash)
        } else {
            next.update(password)
        }
        hash = next.finalize();
    }
    const ORDER: [[usize; 3]; 5] = [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]];
    encoded(&hash, &ORDER, &[11])
}

#[cfg(test)]
mod tests {
    use super::super::tests::seen;

    #[test]
    fn hashes_are_those_of_ansible() {
        seen(include_str!("passwords/seen.txt"));
    }
}
