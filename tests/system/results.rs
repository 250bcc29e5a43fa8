//! What programs write, as an operator meets it: too much of it, bytes that are not UTF-8, the reason of a failure, and line
//! ends in diffs.

use crate::operator::start;
use hep_tests::Flavour;

#[test]
fn reason_of_a_failure_stands_where_it_happened() {
    let (_host, operator) = start(Flavour::Sysv);
    let manifest =
        "- {name: breaks, command: {shell: 'echo first >&2; echo the reason >&2; exit 3'}}\n";
    let run = operator.push(manifest, &[]).ends(1);
    let (blocks, summary) = run.stdout.split_once("\n\n").unwrap();
    assert!(blocks.contains("exit code 3\n           stderr: the reason"), "{}", run.stdout);
    assert!(!blocks.contains("first"), "{blocks}");
    assert!(summary.contains("first\n    the reason"), "{summary}");
}

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
