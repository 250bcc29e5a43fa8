//! Secrets in texts and in streams of bytes: each becomes [`MASK`]. Goes by value alone, so it must be told every secret,
//! and finds it also in the forms that hep's filters, reports and common programs make of a value. Hashes of a secret are no
//! secret; parts of one, and forms that mix its letters with others (encryption, compression), are not found.

use needle::{Fit, Head, Needle};
use std::borrow::Cow;
use std::collections::BTreeSet;

mod forms;
mod needle;
mod reports;

/// What stands in a secret's place; its length tells nothing.
pub const MASK: &str = "********";

/// A shorter secret is in too many innocent words: hiding it would take the report apart.
pub const SHORTEST: usize = 4;

/// Knows the secrets, and masks them.
#[derive(Clone, Default)]
pub struct Redactor {
    /// The longest first, so that of several at one place the longest counts.
    needles: Vec<Needle>,
    heads: Heads,
}

/// Where needles may begin, told by their first bytes: at most places none does, and a look there costs the same however many
/// needles there are.
#[derive(Clone, Default)]
struct Heads {
    /// A bit for each value of [`Heads::mix`].
    bits: Vec<u64>,
    /// How each needle may begin and its place, ascending.
    sorted: Vec<(Head, usize)>,
}

impl Heads {
    fn new(needles: &[Needle]) -> Self {
        let mut bits = vec![0; 1 << 12];
        let mut sorted = Vec::with_capacity(needles.len());
        for (at, needle) in needles.iter().enumerate() {
            for head in needle.heads() {
                sorted.push((head, at));
                let (word, bit) = Self::mix(head);
                if let Some(word) = bits.get_mut(word) {
                    *word |= bit;
                }
            }
        }
        sorted.sort_unstable();
        sorted.dedup();
        Self { bits, sorted }
    }

    /// The places of the needles that may begin like this text, ascending.
    fn of<'h>(&'h self, text: &[u8]) -> impl Iterator<Item = usize> + use<'h> {
        let head = text.first_chunk().map(|head| Head::of(*head)).filter(|head| {
            let (word, bit) = Self::mix(*head);
            self.bits.get(word).is_some_and(|word| word & bit != 0)
        });
        let from = head.map(|head| self.sorted.partition_point(|(other, _)| *other < head));
        let rest = from.and_then(|from| self.sorted.get(from..)).unwrap_or_default();
        rest.iter().take_while(move |(other, _)| Some(*other) == head).map(|(_, at)| *at)
    }

    /// Knuth's multiplicative hash: the word and the bit of its upper 18 bits.
    fn mix(Head(head): Head) -> (usize, u64) {
        let hash = head.wrapping_mul(2_654_435_769) >> 14;
        ((hash >> 6) as usize, 1 << (hash & 63))
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({})", self.needles.len())
    }
}

/// From where to where something is to be hidden.
type Range = (usize, usize);

impl Redactor {
    /// Of these secrets; parts shorter than [`SHORTEST`] bytes are left out.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut needles = BTreeSet::new();
        for secret in secrets {
            forms::each(secret, &mut |needle| {
                if needle.text().trim_ascii().len() >= SHORTEST {
                    needles.insert(needle);
                }
            });
        }
        let mut needles: Vec<Needle> = needles.into_iter().collect();
        needles.sort_by_key(|needle| std::cmp::Reverse(needle.text().len()));
        let heads = Heads::new(&needles);
        Self { needles, heads }
    }

    /// Whether there is nothing to hide.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.needles.is_empty()
    }

    /// The text with every secret masked.
    #[must_use]
    pub fn mask<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut found = self.found(text.as_bytes(), 0);
        found.extend(self.shortened(text.as_bytes()));
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let found = joined(found);
        // Needles are whole texts, so they begin and end between characters.
        let mut masked = String::with_capacity(text.len());
        let mut at = 0;
        for (start, end) in found {
            masked.push_str(text.get(at..start).unwrap_or_default());
            masked.push_str(MASK);
            at = end;
        }
        masked.push_str(text.get(at..).unwrap_or_default());
        Cow::Owned(masked)
    }

    /// Masks a text where it stands.
    pub fn mask_in(&self, text: &mut String) {
        if let Cow::Owned(masked) = self.mask(text) {
            *text = masked;
        }
    }

    /// The ranges that secrets cover, ascending, those that overlap made one; the first `covered` bytes are one too.
    fn found(&self, bytes: &[u8], covered: usize) -> Vec<Range> {
        let mut found: Vec<Range> = Vec::new();
        if covered > 0 {
            found.push((0, covered));
        }
        for at in 0..bytes.len() {
            let rest = bytes.get(at..).unwrap_or_default();
            let whole = |needle: &Needle| match needle.fit(rest) {
                Fit::Whole(length) => Some(length),
                Fit::None | Fit::Cut => None,
            };
            if let Some(length) = self.beginning(rest).find_map(whole) {
                found.push((at, at + length));
            }
        }
        joined(found)
    }

    /// The needles that may begin this text, the longest first.
    fn beginning(&self, text: &[u8]) -> impl Iterator<Item = &Needle> {
        self.heads.of(text).filter_map(|at| self.needles.get(at))
    }

    /// What is left of secrets before the dots that stand for a cut end.
    fn shortened(&self, bytes: &[u8]) -> Vec<Range> {
        let mut left = Vec::new();
        for start in 0..bytes.len() {
            let rest = bytes.get(start..).unwrap_or_default();
            for needle in self.beginning(rest) {
                let ends = SHORTEST..=needle.same(rest).min(needle.text().len() - 1);
                let cut = |end: &usize| {
                    let behind = rest.get(*end..).unwrap_or_default();
                    behind.starts_with(b"...") || behind.starts_with("\u{2026}".as_bytes())
                };
                left.extend(ends.filter(cut).map(|end| (start, start + end)));
            }
        }
        left
    }

    /// Drops what is left of a secret at the beginning of a text that lost what came before.
    pub fn drop_broken(&self, text: &mut String) {
        let left = |needle: &Needle| {
            let needle = needle.text();
            let ends = |n: &usize| {
                let (part, text) = (needle.get(needle.len() - n..), text.as_bytes().get(..*n));
                part.zip(text).is_some_and(|(part, text)| part.eq_ignore_ascii_case(text))
            };
            (1..needle.len()).rev().find(ends)
        };
        let longest = self.needles.iter().filter_map(left).max().unwrap_or(0);
        let at = (longest..=text.len()).find(|at| text.is_char_boundary(*at));
        drop(text.drain(..at.unwrap_or(0)));
    }

    /// Where a secret may begin that is cut off by the end.
    fn undecided(&self, bytes: &[u8]) -> usize {
        let longest = self.needles.first().map_or(0, Needle::longest);
        let from = bytes.len().saturating_sub(longest.saturating_sub(1));
        let begins = |at: &usize| {
            let rest = bytes.get(*at..).unwrap_or_default();
            let begins = |needle: &Needle| needle.fit(rest) == Fit::Cut;
            if rest.len() < SHORTEST {
                self.needles.iter().any(begins)
            } else {
                self.beginning(rest).any(begins)
            }
        };
        (from..bytes.len()).find(begins).unwrap_or(bytes.len())
    }
}

/// Ascending, those that overlap made one.
fn joined(mut ranges: Vec<Range>) -> Vec<Range> {
    ranges.sort_unstable();
    let mut joined: Vec<Range> = Vec::with_capacity(ranges.len());
    for (start, end) in ranges {
        match joined.last_mut() {
            Some(last) if start < last.1 => last.1 = last.1.max(end),
            Some(_) | None => joined.push((start, end)),
        }
    }
    joined
}

/// A stream that arrives in pieces. What may be the beginning of a secret is held back until it is known.
#[derive(Default)]
pub struct Stream {
    held: Vec<u8>,
    /// How many bytes of what is held belong to a secret whose mask has been given out.
    covered: usize,
}

impl Stream {
    /// Takes the next piece, and gives what may be shown by now.
    pub fn push(&mut self, redactor: &Redactor, data: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(data);
        let upto = redactor.undecided(&self.held);
        self.give(redactor, upto)
    }

    /// Gives what was held back: nothing follows it.
    pub fn finish(&mut self, redactor: &Redactor) -> Vec<u8> {
        self.give(redactor, self.held.len())
    }

    fn give(&mut self, redactor: &Redactor, upto: usize) -> Vec<u8> {
        let mut shown = Vec::with_capacity(upto);
        let (mut at, mut covered) = (0, 0);
        for (start, end) in redactor.found(&self.held, self.covered) {
            if start >= upto && !(start == 0 && self.covered > 0) {
                break;
            }
            shown.extend_from_slice(self.held.get(at..start).unwrap_or_default());
            if start > 0 || self.covered == 0 {
                shown.extend_from_slice(MASK.as_bytes());
            }
            at = end.min(upto);
            covered = end.saturating_sub(upto);
        }
        shown.extend_from_slice(self.held.get(at..upto).unwrap_or_default());
        self.held.drain(..upto);
        self.covered = covered;
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(secrets: &[&str], text: &str, expected: &str) {
        let redactor = Redactor::new(secrets.iter().copied());
        assert_eq!(redactor.mask(text), expected);
    }

    #[test]
    fn every_form_that_hep_makes_is_masked() {
        check(&["hunter22"], "a hunter22, hunter22!", "a ********, ********!");
        check(&["a\"b\nc/d ü"], r#"{"x":"a\"b\nc/d ü"}"#, r#"{"x":"********"}"#);
        check(&["a\"b\nc/d ü"], "a%22b%0Ac/d%20%C3%BC a%22b%0Ac%2Fd%20%C3%BC", "******** ********");
        check(&["hunter22"], "aHVudGVyMjI=", "********");
        check(&["it's me"], r"echo 'it'\''s me'", "echo '********'");
    }

    #[test]
    fn letters_are_found_in_either_case_and_backwards() {
        check(
            &["Hunter22"],
            "HUNTER22 hunter22 hUNTER22 22retnuH",
            "******** ******** ******** ********",
        );
        check(&["größe22"], "GRÖSSE22 GRöSSE22 Größe22", "******** GRöSSE22 ********");
    }

    /// What the shell, JSON and forms of the web make of a value, wherever it needs a mark.
    #[test]
    fn quoted_forms_are_masked() {
        let secret = r#"a$b 'c"d/ü"#;
        for form in [
            r#"a\$b\ \'c\"d/ü"#,
            r#"a\$b 'c\"d/ü"#,
            r#"a\$b 'c"d/ü"#,
            r#"a$b '\''c"d/ü"#,
            r#"a$b '"'"'c"d/ü"#,
            r#"a$b ''c"d/ü"#,
            r#"a$b 'c\"d/ü"#,
            r#"a$b 'c\"d\/\u00fc"#,
            r#"a$b 'c\"d\/\u00FC"#,
            "a%24b%20%27c%22d%2F%C3%BC",
            "a%24b%20%27c%22d%2f%c3%bc",
            "a%24b+%27c%22d%2F%C3%BC",
            "a%24b%20'c%22d%2F%C3%BC",
        ] {
            check(&[secret], &format!("x={form};"), "x=********;");
        }
    }

    /// `text` in base64, as programs print it.
    fn base64(text: &str) -> String {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(text)
    }

    /// Of a secret in base64 nothing may be left but what two letters beside it share with its first and last byte.
    fn check_base64(secret: &str, before: &str, behind: &str) {
        let redactor = Redactor::new([secret]);
        let plain = base64(&format!("{before}{secret}{behind}"));
        for text in [plain.clone(), plain.replace('+', "-").replace('/', "_")] {
            let masked = redactor.mask(&text);
            assert!(masked.contains(MASK), "{secret} in {text}: {masked}");
            let shown = masked.len() - MASK.len();
            let most = (before.len() + behind.len()).div_ceil(3) * 4 + 4;
            assert!(shown <= most, "{secret} in {text}: {masked}");
        }
    }

    #[test]
    fn base64_is_masked_at_every_alignment_in_both_alphabets() {
        for secret in ["hunter2222", "s3~?>?~", "\u{fe}\u{ff}>>??", "abcd"] {
            for before in ["", "b", "bo", "bob", "joe1:", "user:"] {
                for behind in ["", "\n", "@x", "@host/path"] {
                    check_base64(secret, before, behind);
                }
            }
        }
        check(&["hunter22"], "aHVudGVyMjI=", "********");
    }

    #[test]
    fn base64_and_hex_are_masked_over_line_breaks() {
        let secret = "correct horse battery staple";
        let redactor = Redactor::new([secret]);
        let whole = base64(&format!("user:{secret}:{}", "x".repeat(60)));
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        for (text, apart) in [(whole, "\n"), (hex.clone(), "\n"), (hex, "\r\n")] {
            for at in 1..text.len() {
                let text = format!("{}{apart}{}", &text[..at], &text[at..]);
                let masked = redactor.mask(&text);
                assert!(masked.contains(MASK), "{text}: {masked}");
            }
        }
    }

    #[test]
    fn hex_is_masked_however_its_bytes_are_set_apart() {
        let bytes = |apart: &str| {
            let hex: Vec<String> = "hunter22".bytes().map(|b| format!("{b:02x}")).collect();
            hex.join(apart)
        };
        for apart in ["", " ", ":", "%", "\\x"] {
            check(&["hunter22"], &format!("<{}>", bytes(apart)), "<********>");
            check(
                &["hunter22"],
                &format!("<{}>", bytes(apart).to_uppercase().replace('X', "x")),
                "<********>",
            );
        }
        check(&["hunter22"], "0000000 6875 6e74 6572 3232 0a", "0000000 ******** 0a");
        // od -tx1 of a secret that goes on in the next line.
        check(
            &["hunter22"],
            "0000000 78 78 78 68 75 6e\n0000020 74 65 72 32 32 0a\n",
            "0000000 78 78 78 ******** 0a\n",
        );
    }

    #[test]
    fn the_longest_counts_and_overlaps_become_one() {
        check(&["abcd", "abcdef"], "abcdef abcd", "******** ********");
        check(&["abcd", "cdef"], "xabcdefx", "x********x");
        check(&["aaaa"], "aaaaaaa b", "******** b");
        check(&["one line\nanother\nab"], "+another\n-one line\nab", "+********\n-********\nab");
    }

    #[test]
    fn what_is_left_of_a_cut_one_is_hidden() {
        check(&["hunter22"], "a `hunter...` hunt... hun...", "a `********...` ********... hun...");
        check(&["hünter22"], "hün\u{2026}", "********\u{2026}");
        let redactor = Redactor::new(["hünter22"]);
        for (text, expected) in
            [("nter22 a", " a"), ("22", ""), ("1 a", "1 a"), ("2\u{fc}", "\u{fc}")]
        {
            let mut left = text.to_owned();
            redactor.drop_broken(&mut left);
            assert_eq!(left, expected);
        }
    }

    #[test]
    fn short_ones_are_left() {
        check(&["abc", "", "    "], "abc    x", "abc    x");
        assert!(Redactor::new(["abc"]).is_empty());
    }

    /// A run may hold hundreds of secrets, and a program may write very much.
    #[test]
    fn many_secrets_cost_little_more_than_one() {
        let secrets: Vec<String> = (0..200_u64)
            .map(|n| format!("{:016x}-it's\"{n}", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
            .collect();
        let text = "Setting up libapache2-mod-php8.4 (8.4.1) 0123456789abcdef ........ ok\n";
        let text = text.repeat(1024 * 1024 / text.len());
        let masked = |secrets: &[String]| {
            let redactor = Redactor::new(secrets.iter().map(String::as_str));
            let begun = std::time::Instant::now();
            assert!(matches!(redactor.mask(&text), Cow::Borrowed(_)));
            let mut stream = Stream::default();
            let pieces = text.as_bytes().chunks(4096);
            let shown: usize = pieces.map(|piece| stream.push(&redactor, piece).len()).sum();
            assert_eq!(shown + stream.finish(&redactor).len(), text.len());
            begun.elapsed()
        };
        // The best of several: another program may have had the processor meanwhile.
        let best = |secrets: &[String]| (0..5).map(|_| masked(secrets)).min().unwrap();
        let (one, all) = (best(&secrets[..1]), best(&secrets));
        assert!(all < one * 5 + std::time::Duration::from_millis(20), "{one:?} and {all:?}");
        assert!(one + all < std::time::Duration::from_secs(20), "{one:?} and {all:?}");
    }

    /// However a stream is cut, no byte of a secret is shown and nothing else is lost.
    #[test]
    fn a_secret_cut_by_pieces_is_masked() {
        let redactor = Redactor::new(["hunter22", "er22xyz", "aaaa"]);
        let text = b"x hunter22 hunter2 hunter22xyz aaaaaa aaa hunt";
        for one in 0..text.len() {
            for two in one..text.len() {
                let mut stream = Stream::default();
                let mut shown = Vec::new();
                for piece in [&text[..one], &text[one..two], &text[two..]] {
                    shown.extend(stream.push(&redactor, piece));
                }
                shown.extend(stream.finish(&redactor));
                let shown = String::from_utf8(shown).unwrap();
                assert_eq!(shown, "x ******** hunter2 ******** ******** aaa hunt", "{one} {two}");
            }
        }
    }

    /// The same of the forms that may have something in between.
    #[test]
    fn an_encoded_secret_cut_by_pieces_is_masked() {
        let secret = "hunter2222";
        let redactor = Redactor::new([secret]);
        let texts = [
            (base64(&format!("bob:{secret}")), "Ym9iOm********I="),
            ("Ym9iOmh1bn\nRlcjIyMjI= x".to_owned(), "Ym9iOm********I= x"),
            ("68 75 6e 74\n0000020 65 72 32 32 32 32 a".to_owned(), "******** a"),
            (r"HUNTER\2222 hunter\x".to_owned(), r"******** hunter\x"),
        ];
        for (text, expected) in &texts {
            let text = text.as_bytes();
            for one in 0..text.len() {
                for two in one..text.len() {
                    let mut stream = Stream::default();
                    let mut shown = Vec::new();
                    for piece in [&text[..one], &text[one..two], &text[two..]] {
                        shown.extend(stream.push(&redactor, piece));
                    }
                    shown.extend(stream.finish(&redactor));
                    assert_eq!(String::from_utf8(shown).unwrap(), *expected, "{one} {two}");
                }
            }
        }
    }
}
