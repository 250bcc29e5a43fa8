//! `cargo xtask loc`: how many lines of code each crate ships. Comments, blank lines and tests do not count, so that
//! neither documentation nor a test is ever a reason to hesitate.

use std::path::Path;

use crate::shell::{self, Failure};
use crate::tidy::tree::{File, Tree};
use crate::workspace::Workspace;

/// The crates that count: the test harness is a test.
const CRATES: [&str; 4] = ["hep-protocol", "hep-agent", "hep-controller", "xtask"];

/// Prints a line for each crate, and the sum.
pub(crate) fn loc(workspace: &Workspace) -> Result<(), Failure> {
    let tree = Tree::read(workspace)?;
    let mut sum = 0;
    for name in CRATES {
        let lines: usize = tree
            .below(name)
            .filter(|file| file.is_rust() && !is_test(&file.path))
            .map(|file: &File| code_lines(&file.text))
            .sum();
        shell::say(&format!("{name:<16}{lines:>7}"));
        sum += lines;
    }
    shell::say(&format!("{:<16}{sum:>7}", "in all"));
    Ok(())
}

/// Whether a whole file is tests or benchmarks.
fn is_test(path: &Path) -> bool {
    path.ends_with("tests.rs")
        || path
            .components()
            .any(|part| ["tests", "benches"].map(AsRef::as_ref).contains(&part.as_os_str()))
}

/// The lines of code of one file, as rustfmt lays it out: an inline test module ends where a brace stands below its `mod`.
fn code_lines(text: &str) -> usize {
    let mut lines = text.lines().peekable();
    let mut count = 0;
    while let Some(line) = lines.next() {
        if line.trim() != "#[cfg(test)]" {
            count += usize::from(is_code(line));
            continue;
        }
        let mut skipped = vec![line];
        while let Some(attribute) = lines.next_if(|line| line.trim_start().starts_with("#[")) {
            skipped.push(attribute);
        }
        match lines.next_if(|line| is_inline_module(line)) {
            Some(opening) => {
                let indent = opening.len() - opening.trim_start().len();
                let end = format!("{}}}", " ".repeat(indent));
                while lines.next().is_some_and(|line| line != end) {}
            }
            None => count += skipped.len(),
        }
    }
    count
}

fn is_code(line: &str) -> bool {
    let line = line.trim_start();
    !line.is_empty() && !line.starts_with("//")
}

/// `mod tests {`, whatever its visibility.
fn is_inline_module(line: &str) -> bool {
    let line = line.trim();
    line.ends_with('{') && line.split_whitespace().any(|word| word == "mod")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_blanks_and_test_modules_are_no_code() {
        let text = "//! A file.\n\nuse a::b;\n\n/// One.\nfn f() {\n    // Why.\n    g();\n}\n
#[cfg(test)]\nmod tests {\n    fn h() {\n    }\n}\n\n#[cfg(test)]\nmod fakes;\nstruct S;\n";
        assert_eq!(code_lines(text), 7);
    }

    #[test]
    fn directories_of_tests_are_left_out() {
        assert!(is_test(Path::new("hep-agent/src/engine/tests/loops.rs")));
        assert!(is_test(Path::new("hep-agent/benches/agent.rs")));
        assert!(is_test(Path::new("hep-agent/src/inbox/tests.rs")));
        assert!(!is_test(Path::new("hep-controller/src/remote/test_server.rs")));
    }
}
