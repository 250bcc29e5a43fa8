//! What programs write, as an operator meets it: too much of it, bytes that are not UTF-8, the reason of a failure, and line
//! ends in diffs.

use crate::operator::start;
use hep_tests::Flavour;

#[test]
fn diff_shows_what_ends_its_lines() {
    let (host, operator) = start(Flavour::Sysv);
    host.write("/srv/crlf", "a\r\nb\r\n").unwrap();
    let manifest = "- {name: ends, file: {dest: /srv/crlf, content: \"a\\nb \\n\"}}\n";
    let run = operator.push(manifest, &["--check", "--diff"]).ends(0);
    for line in ["-a\\u{d}\n", "+a\n", "-b\\u{d}\n", "+b\\u{20}\n"] {
        assert!(run.stdout.contains(line), "{line:?}: {}", run.stdout);
    }
}
