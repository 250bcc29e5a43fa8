//! What Ansible makes of the same files.

use super::super::file::edit::tests::{self, never_settles};
use serde_json::{Value, json};

#[track_caller]
fn check(old: &str, params: Value, expected: &str) {
    tests::check("replace", Some(old), params, expected);
}

#[test]
fn all_matches_are_replaced() {
    let all = |regexp: &str, with: &str, expected| {
        check("a=1\nb=1\na=1\n", json!({"regexp": regexp, "replace": with}), expected);
    };
    all("^a=1$", "a=2", "2 replacements made|a=2\nb=1\na=2\n");
    all("^zz", "x", "|a=1\nb=1\na=1\n");
    all(r"^(b)=(\d)", r"\2", "1 replacements made|a=1\n1\na=1\n");
    all(r"(?P<k>b)=", r"\g<k>: ", "1 replacements made|a=1\nb: 1\na=1\n");
    all("1\nb", "-", "1 replacements made|a=-=1\na=1\n");
    all("(?i)^A", "c", "2 replacements made|c=1\nb=1\nc=1\n");
    all("a", "a", "|a=1\nb=1\na=1\n");
    check("a\nb\n", json!({"regexp": "^a\n"}), "1 replacements made|b\n");
    check("a\r\n", json!({"regexp": "\\r$"}), "1 replacements made|a\n");
    check("x", json!({"regexp": "x", "replace": r"a\\b\tc"}), "1 replacements made|a\\b\tc");
    let end = json!({"regexp": r"\Z", "replace": "e"});
    never_settles("replace", "x", end, ["1 replacements made|xe", "1 replacements made|xee"]);
}

#[test]
fn part_of_the_file_is_between_patterns() {
    let part = |after: Option<&str>, before: Option<&str>, expected| {
        let mut params = json!({"regexp": "^x", "replace": "y"});
        for (key, pattern) in [("after", after), ("before", before)] {
            if let Some(pattern) = pattern {
                params[key] = json!(pattern);
            }
        }
        check("x\nbegin\nx\nx\nend\nx\n", params, expected);
    };
    part(Some("begin"), Some("end"), "2 replacements made|x\nbegin\ny\ny\nend\nx\n");
    part(Some("end\n"), None, "1 replacements made|x\nbegin\nx\nx\nend\ny\n");
    part(None, Some("begin"), "1 replacements made|y\nbegin\nx\nx\nend\nx\n");
    let none = "Pattern for before/after params did not match the given file: \
         nope(?P<subsection>.*)|x\nbegin\nx\nx\nend\nx\n";
    part(Some("nope"), None, none);
}

#[test]
fn file_must_be_there() {
    tests::check("replace", None, json!({"regexp": "x"}), "failed: /f does not exist");
    let wrong = json!({"regexp": "("});
    check(
        "x",
        wrong,
        "refused: `(` is not a regular expression: found open group without closing ')'",
    );
}
