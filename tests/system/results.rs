//! What programs write, as an operator meets it: too much of it, bytes that are not UTF-8, the reason of a failure, and line
//! ends in diffs.

use crate::operator::{Operator, Run, start};
use hep_tests::Flavour;

fn all(run: &Run) -> String {
    format!("{}{}", run.stdout, run.stderr)
}

/// A push whose report is for a person.
fn push(operator: &Operator, manifest: &str, options: &[&str]) -> Run {
    operator.write("manifest.yml", manifest);
    operator.run(&[&["push", "-i", "hosts"], options, &["manifest.yml"]].concat())
}

#[test]
fn long_output_is_kept_whole_or_said_to_be_cut() {
    let (_host, operator) = start(Flavour::Sysv);
    let manifest = "
- {name: fits, command: {shell: 'echo BEGIN; seq 1 700000'}, register: fits}
- {debug: {msg: 'first={{ fits.stdout_lines | first }} lines={{ fits.stdout_lines | length }} {{ fits.truncated }}'}}
- {name: long, command: {shell: 'echo BEGIN; seq 1 3000000; echo END; echo why >&2'}, register: long}
- {debug: {msg: 'last={{ long.stdout_lines | last }} {{ long.truncated }} {{ long.stderr }}'}}
- {assert: {that: \"long.stdout_lines[0] | int + 1 == long.stdout_lines[1] | int\"}}
";
    let run = push(&operator, manifest, &[]).ends(0);
    let said = all(&run);
    assert!(said.contains("first=BEGIN lines=700001 false"), "{said}");
    assert!(said.contains("last=END true why"), "{said}");
    assert_eq!(said.matches("note: stdout is truncated: of ").count(), 1, "{said}");
}

#[test]
fn bytes_that_are_not_utf8_are_named_and_not_written() {
    let (host, operator) = start(Flavour::Sysv);
    let manifest = "
- {name: latin, command: {shell: \"printf 'caf\\\\351\\\\n'\"}, register: r}
- {name: place, file: {dest: /srv/c4, content: '{{ r.stdout }}'}}
";
    let run = push(&operator, manifest, &[]).ends(1);
    let said = all(&run);
    assert!(said.contains("note: stdout is not UTF-8: 1 byte is replaced by U+FFFD"), "{said}");
    assert!(said.contains("bytes of the output of `latin` that are not UTF-8"), "{said}");
    assert!(!host.exists("/srv/c4"));
}

#[test]
fn reason_of_a_failure_stands_where_it_happened() {
    let (_host, operator) = start(Flavour::Sysv);
    let manifest = "- {name: breaks, command: {shell: 'for w in at-fir it-bro; do echo ${w}${w%%-*} >&2; done; exit 3'}}\n";
    let run = push(&operator, manifest, &[]).ends(1);
    let (blocks, summary) = run.stdout.split_once("\n\n").unwrap();
    assert!(blocks.contains("exit code 3\n           stderr: it-broit"), "{}", run.stdout);
    assert!(!blocks.contains("at-firat"), "{blocks}");
    assert!(summary.contains("at-firat\n    it-broit"), "{summary}");
}

#[test]
fn diff_shows_what_ends_its_lines() {
    let (host, operator) = start(Flavour::Sysv);
    host.write("/srv/crlf", "a\r\nb\r\n").unwrap();
    let manifest = "- {name: ends, file: {dest: /srv/crlf, content: \"a\\nb \\n\"}}\n";
    let run = push(&operator, manifest, &["--check", "--diff"]).ends(0);
    for line in ["-a\\u{d}\n", "+a\n", "-b\\u{d}\n", "+b\\u{20}\n"] {
        assert!(run.stdout.contains(line), "{line:?}: {}", run.stdout);
    }
}
