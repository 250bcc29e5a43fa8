//! File modes, octal and symbolic, as chmod(1) reads them.

use super::{InvalidValue, kind, text_value};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// The twelve permission bits of a file: `0o0644`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PermissionBits(pub u16);

impl fmt::Display for PermissionBits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

impl fmt::Debug for PermissionBits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A wanted mode: `0644`, `644`, `0o644`, symbolic as `u=rw,g=r,o=` and `u+x`, or `preserve`: that of what is copied.
///
/// Digits are octal always; a number in a manifest is read by its digits, so that `644` means what it does to chmod.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mode {
    text: String,
    wanted: Wanted,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Wanted {
    /// That of what is copied.
    Source,
    Exactly(u16),
    Clauses(Vec<Clause>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Operator {
    Add,
    Remove,
    Set,
}

/// One `who` `operator` `permissions` of a symbolic mode.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Clause {
    /// Whose bits: any of 0o4700, 0o2070, 0o1007.
    who: u16,
    operator: Operator,
    permissions: String,
}

/// The word for the mode of what is copied.
const PRESERVE: &str = "preserve";

const USER: u16 = 0o4700;
const GROUP: u16 = 0o2070;
const OTHER: u16 = 0o1007;

impl Mode {
    /// What is odd about a mode by which group or others may do what the owner may not, which is hardly ever meant; of a
    /// symbolic mode nothing is known without a file.
    #[must_use]
    pub fn doubt(&self) -> Option<String> {
        if !self.favours_others() {
            return None;
        }
        let written = &self.text;
        let decimal = written.parse::<u16>().ok().filter(|_| !written.starts_with('0'));
        let meant = decimal.map(|number| format!("{number:04o}"));
        let fits = |mode: &String| mode.parse::<Self>().is_ok_and(|mode| !mode.favours_others());
        let hint = match meant.filter(fits) {
            Some(mode) => format!("; digits are octal: {written} in decimal is `{mode}`"),
            None => String::new(),
        };
        Some(format!("the mode `{written}` gives group or others more than the owner{hint}"))
    }

    fn favours_others(&self) -> bool {
        match &self.wanted {
            Wanted::Exactly(bits) => {
                let (owner, group, others) = ((bits >> 6) & 7, (bits >> 3) & 7, bits & 7);
                (group | others) & !owner != 0
            }
            Wanted::Source | Wanted::Clauses(_) => false,
        }
    }

    /// Whether it is that of what is copied.
    #[must_use]
    pub fn is_of_source(&self) -> bool {
        self.wanted == Wanted::Source
    }

    /// The bits a file gets that has `current` now; `directory` decides what `X` means. Where it is that of what is copied, who
    /// knows that has to say it.
    #[must_use]
    pub fn apply(&self, current: PermissionBits, directory: bool) -> PermissionBits {
        PermissionBits(match &self.wanted {
            Wanted::Source => current.0,
            Wanted::Exactly(bits) => *bits,
            Wanted::Clauses(clauses) => {
                clauses.iter().fold(current.0, |bits, clause| clause.apply(bits, directory))
            }
        })
    }
}

impl Clause {
    fn apply(&self, bits: u16, directory: bool) -> u16 {
        let wanted =
            self.permissions.chars().map(|c| permission(c, bits, directory)).fold(0, |a, b| a | b);
        let wanted = wanted & self.who;
        match self.operator {
            Operator::Add => bits | wanted,
            Operator::Remove => bits & !wanted,
            // chmod(1) keeps a directory's set-id bits unless they are named.
            Operator::Set if directory => (bits & (!self.who | 0o6000)) | wanted,
            Operator::Set => (bits & !self.who) | wanted,
        }
    }
}

/// A permission letter as bits for everybody; the clause's `who` masks them.
fn permission(letter: char, bits: u16, directory: bool) -> u16 {
    let for_all = |three: u16| three * 0o111;
    match letter {
        'r' => 0o444,
        'w' => 0o222,
        'x' => 0o111,
        'X' if directory || bits & 0o111 != 0 => 0o111,
        's' => 0o6000,
        't' => 0o1000,
        'u' => for_all((bits >> 6) & 7),
        'g' => for_all((bits >> 3) & 7),
        'o' => for_all(bits & 7),
        _ => 0,
    }
}

impl From<PermissionBits> for Mode {
    fn from(bits: PermissionBits) -> Self {
        Self { text: bits.to_string(), wanted: Wanted::Exactly(bits.0) }
    }
}

impl TryFrom<String> for Mode {
    type Error = InvalidValue;

    fn try_from(text: String) -> Result<Self, InvalidValue> {
        let hint = "write octal digits such as `0644`, or clauses such as `u=rw,g=r,o=`";
        let wanted = if text == PRESERVE {
            Some(Wanted::Source)
        } else if text.starts_with(|c: char| c.is_ascii_digit()) {
            parse_octal(&text).map(Wanted::Exactly)
        } else {
            text.split(',')
                .map(parse_clauses)
                .collect::<Option<Vec<_>>>()
                .map(|c| Wanted::Clauses(c.concat()))
        };
        match wanted {
            Some(wanted) => Ok(Self { text, wanted }),
            None => Err(InvalidValue::new("a mode", &text, hint)),
        }
    }
}

fn parse_octal(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    let sound =
        (1..=5).contains(&digits.len()) && digits.bytes().all(|b| (b'0'..=b'7').contains(&b));
    u16::from_str_radix(digits, 8).ok().filter(|bits| sound && *bits <= 0o7777)
}

/// `ug+rw-x`: one who, and one or more operators with their permissions.
fn parse_clauses(text: &str) -> Option<Vec<Clause>> {
    let at = text.find(['+', '-', '='])?;
    let (who, mut rest) = text.split_at(at);
    let who = who.chars().try_fold(0, |bits, c| {
        Some(
            bits | match c {
                'u' => USER,
                'g' => GROUP,
                'o' => OTHER,
                'a' => 0o7777,
                _ => return None,
            },
        )
    })?;
    let who = if who == 0 { 0o7777 } else { who };
    let mut clauses = Vec::new();
    while let Some(symbol) = rest.chars().next() {
        let operator = match symbol {
            '+' => Operator::Add,
            '-' => Operator::Remove,
            _ => Operator::Set,
        };
        let after = rest.get(1..)?;
        let end = after.find(['+', '-', '=']).unwrap_or(after.len());
        let (permissions, next) = after.split_at(end);
        let copies = permissions.chars().any(|c| "ugo".contains(c));
        let letters = if copies { "ugo" } else { "rwxXst" };
        if !permissions.chars().all(|c| letters.contains(c)) || (copies && permissions.len() > 1) {
            return None;
        }
        clauses.push(Clause { who, operator, permissions: permissions.to_owned() });
        rest = next;
    }
    Some(clauses)
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

text_value!(Mode);

impl Serialize for Mode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Mode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            deserializer.deserialize_newtype_struct(kind::MODE, ModeVisitor)
        } else {
            deserializer.deserialize_string(ModeVisitor)
        }
    }
}

struct ModeVisitor;

impl<'de> de::Visitor<'de> for ModeVisitor {
    type Value = Mode;

    fn visit_newtype_struct<D: Deserializer<'de>>(self, value: D) -> Result<Mode, D::Error> {
        value.deserialize_any(self)
    }

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mode such as `0644` or `u=rw,g=r,o=`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Mode, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, digits: u64) -> Result<Mode, E> {
        self.visit_str(&digits.to_string())
    }

    fn visit_i64<E: de::Error>(self, digits: i64) -> Result<Mode, E> {
        self.visit_str(&digits.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, current: u16, expected: u16) {
        let mode: Mode = text.parse().unwrap();
        assert_eq!(mode.apply(PermissionBits(current), false), PermissionBits(expected), "{text}");
    }

    #[test]
    fn octal_spellings_mean_the_same() {
        for text in ["0644", "644", "0o644", "00644"] {
            check(text, 0o7777, 0o644);
        }
        check("4755", 0, 0o4755);
        check("0", 0o777, 0);
    }

    #[test]
    fn symbolic_clauses_do_what_chmod_does() {
        check("u=rw,g=r,o=", 0o777, 0o640);
        check("u+x", 0o644, 0o744);
        check("a-w", 0o666, 0o444);
        check("+x", 0o644, 0o755);
        check("u+s", 0o755, 0o4755);
        check("go=u", 0o640, 0o666);
        check("a+X", 0o644, 0o644);
        check("a+X", 0o744, 0o755);
        check("o+t", 0o755, 0o1755);
        check("u=rwx,g-w+x", 0o664, 0o754);
    }

    #[test]
    fn mode_of_the_source_leaves_what_is_there() {
        check("preserve", 0o640, 0o640);
        assert!("preserve".parse::<Mode>().unwrap().is_of_source());
        assert_eq!(Mode::from(PermissionBits(0o640)), "0640".parse().unwrap());
    }

    #[test]
    fn set_id_bits_of_a_directory_stay_unless_named() {
        let mode: Mode = "g=rx".parse().unwrap();
        assert_eq!(mode.apply(PermissionBits(0o2775), true), PermissionBits(0o2755));
    }

    #[test]
    fn what_chmod_refuses_is_refused() {
        for text in ["0999", "420.0", "", "rw-r--r--", "u=q", "77777", "u=ro", "0x1ff"] {
            assert!(text.parse::<Mode>().is_err(), "{text}");
        }
    }
}
