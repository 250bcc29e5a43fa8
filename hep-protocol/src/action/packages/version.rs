//! Versions of Debian packages and how they compare (deb-version(7)).

use serde::Serialize;
use std::cmp::Ordering;
use std::fmt;

/// A version as dpkg writes it: `[epoch:]upstream[-revision]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Version(String);

impl Version {
    /// The version that a text writes. Any text compares; dpkg lets only sound ones into its database.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The version as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Which of two versions is the newer. Different texts may be equally new: `1.0` and `0:1.00`.
    pub fn compare(&self, other: &Self) -> Ordering {
        let (epoch, upstream, revision) = self.parts();
        let (other_epoch, other_upstream, other_revision) = other.parts();
        compare_numbers(epoch, other_epoch)
            .then_with(|| compare_parts(upstream, other_upstream))
            .then_with(|| compare_parts(revision, other_revision))
    }

    /// Epoch, upstream version and revision; a missing one is as `0`, and an empty revision is as `0` too.
    fn parts(&self) -> (&str, &str, &str) {
        let (epoch, rest) = self.0.split_once(':').unwrap_or(("0", &self.0));
        let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
        (epoch, upstream, revision)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Compares by turns a run of other characters and a run of digits, until one decides.
fn compare_parts(mut left: &str, mut right: &str) -> Ordering {
    while !left.is_empty() || !right.is_empty() {
        let (left_words, left_rest) = split(left, |c| !c.is_ascii_digit());
        let (right_words, right_rest) = split(right, |c| !c.is_ascii_digit());
        let (left_number, left_rest) = split(left_rest, |c| c.is_ascii_digit());
        let (right_number, right_rest) = split(right_rest, |c| c.is_ascii_digit());
        let order = compare_words(left_words, right_words)
            .then_with(|| compare_numbers(left_number, right_number));
        if order.is_ne() {
            return order;
        }
        (left, right) = (left_rest, right_rest);
    }
    Ordering::Equal
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()))
}

/// Letters come before other characters, a tilde before everything, even before the end.
fn compare_words(left: &str, right: &str) -> Ordering {
    let rank = |c: Option<char>| match c {
        Some('~') => -1,
        None => 0,
        Some(c) if c.is_ascii_alphabetic() => i64::from(u32::from(c)),
        Some(c) => i64::from(u32::from(c)) + 256,
    };
    let (mut left, mut right) = (left.chars(), right.chars());
    loop {
        let (one, other) = (left.next(), right.next());
        let order = rank(one).cmp(&rank(other));
        if order.is_ne() || (one.is_none() && other.is_none()) {
            return order;
        }
    }
}

/// Compares digits as a number of any length; none is zero.
fn compare_numbers(left: &str, right: &str) -> Ordering {
    let (left, right) = (left.trim_start_matches('0'), right.trim_start_matches('0'));
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_deb_version_says() {
        // Each is older than the next; the first row holds the manual page's own example.
        for row in [
            "~~ ~~a ~ 1 a",
            "1.0~beta1~svn1245 1.0~beta1 1.0 1.0-1 1.0-2 1.0-10 1.0+b1 1.0.1 1.1 1.10",
            "2.4.62-1~deb12u1 2.4.62-1~deb12u2 2.4.62-1 2.4.62-1+b1 2.4.63",
            "9.9 1:0.1 1:0.2-1 2:0",
            "1a 1b 1+ 1.",
            "0 0.1 1~rc1 1",
            "7.0-1 7.0-1a 7.0-1.1 7.0a",
            "99999999999999999998 99999999999999999999 100000000000000000000",
        ] {
            let versions: Vec<Version> = row.split(' ').map(Version::new).collect();
            for (place, older) in versions.iter().enumerate() {
                for newer in versions.iter().skip(place + 1) {
                    assert_eq!(older.compare(newer), Ordering::Less, "{older} < {newer}");
                    assert_eq!(newer.compare(older), Ordering::Greater, "{newer} > {older}");
                }
            }
        }
    }

    #[test]
    fn different_texts_may_be_equally_new() {
        for (one, other) in [("1.0", "0:1.0"), ("1.0", "1.00"), ("1.0-0", "1.0"), ("1.0-", "1.0")] {
            assert_eq!(Version::new(one).compare(&Version::new(other)), Ordering::Equal, "{one}");
        }
    }
}
