//! `cargo xtask tidy`: the rules of ARCHITECTURE.md that no compiler checks, one function each, listed in [`RULES`].
//! Reads the source tree, cargo's dependency tree and hep's own help; changes nothing.

mod code;
mod commands;
mod floors;
mod layout;
mod modules;
mod names;
pub(crate) mod tree;

use std::fmt;
use std::path::PathBuf;

use crate::shell::{self, Failure};
use crate::tidy::tree::Tree;
use crate::workspace::Workspace;

/// One rule: what it says, and the function that finds where it is broken.
struct Rule {
    name: &'static str,
    says: &'static str,
    check: fn(&Tree) -> Result<Verdict, Failure>,
}

#[rustfmt::skip]
static RULES: &[Rule] = &[
    Rule { name: "header", says: "every file opens with `//!`: what it is for", check: layout::header },
    Rule { name: "length", says: "files near 300 lines, 500 at most, unless listed with a reason", check: layout::length },
    Rule { name: "same-name", says: "one noun per module: task, module, example, documentation", check: layout::same_name },
    Rule { name: "foreign", says: "no path of one machine, no address of a foreign host", check: layout::foreign },
    Rule { name: "security", says: "each test that SECURITY.md names is there", check: layout::security },
    Rule { name: "unsafe", says: "only hep-agent/src/sys/linux may have unsafe code", check: names::unsafe_code },
    Rule { name: "paths", says: "of the agent's files only walk.rs opens a path", check: names::paths },
    Rule { name: "crates", says: "what one place speaks with is named there alone", check: names::crates },
    Rule { name: "floors", says: "no file imports from a higher floor than its own", check: floors::upwards },
    Rule { name: "circles", says: "at most five files import each other in a circle", check: floors::circles },
    Rule { name: "modules", says: "what is known of a module stands in its own files", check: modules::names },
    Rule { name: "dependencies", says: "what each crate must not link", check: commands::dependencies },
    Rule { name: "help", says: "every command and flag of hep is in the documentation", check: commands::help },
];

/// What a rule came to.
#[derive(Debug)]
enum Verdict {
    Findings(Vec<Finding>),
    /// What the rule looks at is not there; why.
    NotChecked(String),
}

/// One place where a rule is broken.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    path: PathBuf,
    /// From 1; none when the whole file is meant.
    line: Option<usize>,
    says: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.path.display(), self.says),
            None => write!(f, "{}: {}", self.path.display(), self.says),
        }
    }
}

/// Checks every rule, says all findings, and fails if there is one.
pub(crate) fn tidy(workspace: &Workspace) -> Result<(), Failure> {
    let tree = Tree::read(workspace)?;
    let mut broken = 0;
    for rule in RULES {
        match (rule.check)(&tree)? {
            Verdict::Findings(findings) => {
                broken += findings.len();
                for finding in findings {
                    shell::say(&format!("{finding} (tidy: {}: {})", rule.name, rule.says));
                }
            }
            Verdict::NotChecked(why) => {
                shell::say(&format!("tidy: {}: not checked: {why}", rule.name));
            }
        }
    }
    if broken > 0 {
        return Err(Failure::Told(format!("tidy: {broken} findings")));
    }
    shell::say(&format!("tidy: {} rules hold in {} files", RULES.len(), tree.files.len()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_is_tidy() {
        let workspace = Workspace::find().unwrap();
        tidy(&workspace).unwrap();
    }
}
