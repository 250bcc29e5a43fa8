//! Python's patterns; the expected values are what Python 3.11 gives.

use super::*;

/// The first match in a text, between bars; or what is wrong.
#[track_caller]
fn check(pattern: &str, anchors: Anchors, text: &str, expected: &str) {
    let found = match Python::new(pattern, anchors) {
        Ok(pattern) => match pattern.find(text).unwrap_or_else(|error| panic!("{error}")) {
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
fn what_is_no_pattern_says_why() {
    let check = |pattern, expected: &str| check(pattern, Anchors::Line, "", expected);
    check(
        "(a)?(?(1)b|c)",
        "the pattern `(a)?(?(1)b|c)` has a condition `(?(`, which hep does not support",
    );
    check(r"\pL", r"the pattern `\pL` has `\p`, which Python does not know");
    check("[a", "the pattern `[a` has a `[` that is never closed");
    check("a\\", "the pattern `a\\` ends in a backslash");
    check("(a", "`(a` is not a regular expression: found open group without closing ')'");
    check("(?=a", "the pattern `(?=a` has a `(` without a `)`");
    check("(?=a))", "the pattern `(?=a))` has a `)` without a `(`");
    check("(?=*)", "the pattern `(?=*)` repeats nothing");
    check(r"(a)\2", r"the pattern `(a)\2` refers back to `2`, which is no group");
    check("(?<=a+)", "the pattern `(?<=a+)` looks back at something that may be longer or shorter");
}

#[test]
fn patterns_look_around_and_refer_back() {
    let line = |pattern, text, expected| check(pattern, Anchors::Line, text, expected);
    line("^a(?==9)", "a=9", "|a|=9");
    line("F(?= BAZ)", "F bar F BAZ", "F bar |F| BAZ");
    line("(?<=G )B.Z", "BAZ G BAZ", "BAZ G |BAZ|");
    line("(?<!é)b", "éb b", "éb |b|");
    line("^(?!#).*x$", "#x", "no match");
    line("^(?!#).*x$", "y x\n", "|y x|\n");
    line(r"(\w)\1", "abccd", "ab|cc|d");
    line(r#"(?P<q>['"]).*?(?P=q)"#, r#"x='a"b' "#, r#"x=|'a"b'| "#);
    line(r"(?i)(?<=A)B+c?(?-i:D)", "abbD", "a|bbD|");
    line("(?:ab|a)(?!b)c{1,2}?", "abcc", "|abc|c");
    line("a++b", "aab", "|aab|");
    line("a++a", "aaa", "no match");
    line("(?>a|ab)c", "abc", "no match");
    line(r"[^\W\d_a-c]+(?=\.)", "abcxyz.", "abc|xyz|.");
    line(r"\bfoo\b(?!=)", "foo= foo", "foo= |foo|");
    line("(?s)a.(?=b)", "a\nb", "|a\n|b");
    line("(?:(?=x)|y)*z", "yyz", "|yyz|");
    check("^b(?=$)", Anchors::Lines, "a\nb\nc", "a\n|b|\nc");
    check("b(?=$)", Anchors::Text, "b\nb\n", "b\n|b|\n");
}

#[test]
fn endless_search_is_given_up() {
    let pattern = Python::new("(?:a*)*(?=b)c", Anchors::Line).unwrap();
    let text = "a".repeat(100);
    let told = pattern.is_match(&text).unwrap_err();
    assert!(told.starts_with("the pattern `(?:a*)*(?=b)c` takes too long"), "{told}");
    let pattern = Python::new("(?:ab)*(?=c)", Anchors::Line).unwrap();
    let told = pattern.is_match(&"ab".repeat(1000)).unwrap_err();
    assert_eq!(told, "the pattern `(?:ab)*(?=c)` repeats a group too often on this text");
}

#[test]
fn all_matches_are_replaced_as_python_does() {
    let check = |pattern: &str, with: &str, text: &str, expected: &str, count: usize| {
        let pattern = Python::new(pattern, Anchors::Lines).unwrap();
        let with = Replacement::new(with, &pattern).unwrap();
        assert_eq!(
            pattern.replace_all(text, &with),
            Ok((expected.to_owned(), count)),
            "{pattern:?}"
        );
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
        let pattern = Python::new("(a)", Anchors::Line).unwrap();
        let with = Replacement::new(with, &pattern)
            .map(|with| pattern.expand("a", &with).unwrap().unwrap());
        assert_eq!(with.unwrap_or_else(|error| error), expected);
    };
    check(r"\1\\1\n\t\.\-$1", "a\\1\n\t\\.\\-$1");
    check(r"\q", r"the replacement has `\q`, which Python does not know");
    check(r"\g<b>", "the replacement names the group `b`, and the pattern has 1");
    check(r"\2", "the replacement names the group `2`, and the pattern has 1");
}
