//! Python's patterns; the expected values are what Python 3.11 gives.

use super::*;

/// The first match in a text, between bars; or what is wrong.
#[track_caller]
fn check(pattern: &str, anchors: Anchors, text: &str, expected: &str) {
    let found = match Pattern::python(pattern, anchors) {
        Ok(pattern) => match pattern.find(text) {
            Some(found) => {
                format!("{}|{}|{}", &text[..found.start], &text[found.clone()], &text[found.end..])
            }
            None => "no match".to_owned(),
        },
        Err(error) => error,
    };
    assert_eq!(found, expected, "{pattern}");
}

#[test]
fn what_python_spells_otherwise_is_translated() {
    let line = |pattern, text, expected| check(pattern, Anchors::Line, text, expected);
    line(r"^a{{ x }}\/\<b\>", "a{{ x }}/<b>", "|a{{ x }}/<b>|");
    line(r"[[]a[]]", "x[a]", "x|[a]|");
    line(r"[]x]+", "a]x", "a|]x|");
    line(r"[a&&b]+", "&&", "|&&|");
    line(r"[--/]+", "a-./", "a|-./|");
    line(r"[\w-]+$", "a b-c\n", "a |b-c|\n");
    line(r"a{,2}b{1,}c{2}", "aabbcc", "|aabbcc|");
    line(r"\x41\u0042\101\0", "ABA\0", "|ABA\0|");
    line(r"(?i)(?#note)KEY\s*=\s*\Z", "key = ", "|key = |");
    line("(?x) a \\  b # comment\n c", "a bc", "|a bc|");
    line(r"(?P<name>a)(?:b)(?i:C)", "abc", "|abc|");
    line("é+.", "éé-", "|éé-|");
    line(r"\.\-\=\:\@\ \#", ".-=:@ #", "|.-=:@ #|");
}

#[test]
fn ends_are_where_python_sees_them() {
    check("^b$", Anchors::Line, "a\nb\n", "no match");
    check("b$", Anchors::Line, "b\n", "|b|\n");
    check("b$", Anchors::Line, "b\r\n", "no match");
    check("^b$", Anchors::Lines, "a\nb\nc", "a\n|b|\nc");
    check("b$", Anchors::Text, "b\nb\n", "b\n|b\n|");
    check("(?m)^b$", Anchors::Text, "a\nb\nc", "a\n|b|\nc");
}

#[test]
fn what_needs_another_engine_is_refused_by_name() {
    let check = |pattern, expected: &str| check(pattern, Anchors::Line, "", expected);
    check("a(?=b)", "the pattern `a(?=b)` looks around with `(?=`, which hep does not support");
    check("(?<!a)b", "the pattern `(?<!a)b` looks around with `(?<!`, which hep does not support");
    check(r"(a)\1", r"the pattern `(a)\1` refers back to a group, which hep does not support");
    check(
        "(?P<n>a)(?P=n)",
        "the pattern `(?P<n>a)(?P=n)` refers back to a group, which hep does not support",
    );
    check("a++", "the pattern `a++` has a possessive quantifier, which hep does not support");
    check("(?>a)", "the pattern `(?>a)` has an atomic group, which hep does not support");
    check(r"\pL", r"the pattern `\pL` has `\p`, which Python does not know");
    check("[a", "the pattern `[a` has a `[` that is never closed");
    check("a\\", "the pattern `a\\` ends in a backslash");
    check("(a", "`(a` is not a regular expression: found open group without closing ')'");
}

#[test]
fn all_matches_are_replaced_as_python_does() {
    let check = |pattern: &str, with: &str, text: &str, expected: &str, count: usize| {
        let pattern = Pattern::python(pattern, Anchors::Lines).unwrap();
        let with = Replacement::new(with, &pattern).unwrap();
        assert_eq!(pattern.replace_all(text, &with), (expected.to_owned(), count), "{pattern:?}");
    };
    check("a", "b", "banana", "bbnbnb", 3);
    check("x*", "-", "abxd", "-a-b--d-", 5);
    check(".*", "X", "abc", "XX", 2);
    check("^", "# ", "a\nb\n", "# a\n# b\n# ", 3);
    check(r"(\w)=(?P<v>\w)", r"\g<v>=\1\n\g<0>", "a=b", "b=a\na=b", 1);
    check("(a)|b", r"[\1]", "ab", "[a][]", 2);
    check("$", ";", "a\nb", "a;\nb;", 2);
}

#[test]
fn replacement_is_read_as_python_reads_it() {
    let check = |with: &str, expected: &str| {
        let pattern = Pattern::python("(a)", Anchors::Line).unwrap();
        let with = Replacement::new(with, &pattern).map(|with| pattern.expand("a", &with).unwrap());
        assert_eq!(with.unwrap_or_else(|error| error), expected);
    };
    check(r"\1\\1\n\t\.\-$1", "a\\1\n\t\\.\\-$1");
    check(r"\q", r"the replacement has `\q`, which Python does not know");
    check(r"\g<b>", "the replacement names the group `b`, and the pattern has 1");
    check(r"\2", "the replacement names the group `2`, and the pattern has 1");
}
