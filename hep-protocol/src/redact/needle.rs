//! What is looked for in place of a secret, and how much may differ: the case of letters, line breaks within base64, and what
//! sets bytes in hex apart.

use super::SHORTEST;

/// How much more than a needle's length may stand between its letters, in bytes.
const BETWEEN: usize = 32;

/// One form of a secret.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Needle {
    text: Vec<u8>,
    kind: Kind,
}

/// What may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// The case of letters, and backslashes before any letter.
    Plain,
    /// White space and what stands for a line break in JSON.
    Base64,
    /// The case of letters, and what sets bytes apart; after a line break also an offset, as od(1) writes it.
    Hex,
}

/// The first bytes of a needle; none is shorter. Letters that differ in their case alone have one head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Head(pub(super) u32);

impl Head {
    pub(super) fn of(bytes: [u8; SHORTEST]) -> Self {
        // The bit that tells capital letters apart; others share a head by it as well, and are told apart later.
        Self(u32::from_le_bytes(bytes) | 0x2020_2020)
    }
}

/// Whether a text begins with a needle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// It does not.
    None,
    /// So many of its bytes are the needle.
    Whole(usize),
    /// It ends within the needle.
    Cut,
}

impl Needle {
    pub(super) fn new(text: &str, kind: Kind) -> Self {
        Self { text: text.as_bytes().to_vec(), kind }
    }

    /// The form as it is without anything in between.
    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// How long a text may be that it fits.
    pub(super) fn longest(&self) -> usize {
        2 * self.text.len() + BETWEEN
    }

    /// How the texts may begin that it fits.
    pub(super) fn heads(&self) -> Vec<Head> {
        let Some([a, b, c, d]) = self.text.first_chunk().copied() else { return Vec::new() };
        let whole = [[a, b, c, d]];
        let (r, n) = (b'\r', b'\n');
        let broken =
            [[a, b, c, n], [a, b, n, c], [a, n, b, c], [a, b, c, r], [a, b, r, n], [a, r, n, b]];
        let apart = [[a, b, b' ', c], [a, b, b':', c], [a, b, b'%', c], [a, b, b'\\', b'x']];
        let heads: Vec<[u8; SHORTEST]> = match self.kind {
            // Letters that may need a backslash may have one.
            Kind::Plain => {
                let e = b'\\';
                let escaped = [(b, [a, e, b, c]), (c, [a, b, e, c]), (d, [a, b, c, e])];
                let escaped = escaped.into_iter().chain([(c, [a, e, b, e])]);
                let escaped = escaped.filter(|(letter, _)| !letter.is_ascii_alphanumeric());
                whole.into_iter().chain(escaped.map(|(_, head)| head)).collect()
            }
            Kind::Base64 => whole.into_iter().chain(broken).collect(),
            Kind::Hex => whole.into_iter().chain(broken).chain(apart).collect(),
        };
        heads.into_iter().map(Head::of).collect()
    }

    /// How many letters are the same at the beginning of a text, with nothing in between.
    pub(super) fn same(&self, text: &[u8]) -> usize {
        let pairs = self.text.iter().zip(text);
        pairs.take_while(|(one, other)| self.kind.is_same(**one, **other)).count()
    }

    /// Whether a text begins with it.
    pub(super) fn fit(&self, text: &[u8]) -> Fit {
        let (mut at, mut between, mut open) = (0, 0, false);
        for letter in &self.text {
            loop {
                let rest = text.get(at..).unwrap_or_default();
                let Some(next) = rest.first() else { return Fit::Cut };
                if self.kind.is_same(*letter, *next) {
                    at += 1;
                    break;
                }
                let passed = if at == 0 { 0 } else { self.kind.passed(rest) };
                open |= passed > 0 && self.kind == Kind::Hex && may_be_offset(rest);
                between += passed;
                if passed == 0 || between > self.text.len() + BETWEEN {
                    return if open { Fit::Cut } else { Fit::None };
                }
                at += passed;
            }
        }
        Fit::Whole(at)
    }
}

impl Kind {
    fn is_same(self, letter: u8, other: u8) -> bool {
        match self {
            Self::Plain | Self::Hex => letter.eq_ignore_ascii_case(&other),
            Self::Base64 => letter == other,
        }
    }

    /// How many bytes at the beginning of a text may stand between two letters.
    fn passed(self, text: &[u8]) -> usize {
        match (self, text) {
            (Self::Plain, [b'\\', ..]) => 1,
            (Self::Plain, _) => 0,
            (Self::Base64, [b'\\', b'n' | b'r', ..]) => 2,
            (Self::Base64, [b' ' | b'\t' | b'\r' | b'\n' | b'\\', ..]) => 1,
            (Self::Base64, _) => 0,
            (Self::Hex, [b'\n', line @ ..]) => 1 + offset(line),
            (Self::Hex, [b'\\' | b'0', b'x', ..]) => 2,
            // What comes next tells.
            (Self::Hex, [b'0']) => 1,
            (Self::Hex, [b' ' | b'\t' | b'\r' | b':' | b'-' | b',' | b'%' | b'\\', ..]) => 1,
            (Self::Hex, _) => 0,
        }
    }
}

/// How long the number is that begins a line of od(1) or xxd(1): six digits or more, apart from what follows.
fn offset(line: &[u8]) -> usize {
    let digits = digits(line);
    match line.get(digits) {
        Some(b' ' | b':') if digits >= 6 => digits,
        Some(_) | None => 0,
    }
}

/// Whether a text ends within the number that may begin its next line.
fn may_be_offset(text: &[u8]) -> bool {
    let line = text.strip_prefix(b"\n").unwrap_or_default();
    (1..=16).contains(&line.len()) && digits(line) == line.len()
}

fn digits(line: &[u8]) -> usize {
    line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count()
}
