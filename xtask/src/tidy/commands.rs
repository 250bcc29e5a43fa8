//! Rules that ask a program: cargo for what each crate links, hep for its commands and flags.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};

use crate::shell::{self, Failure};
use crate::tidy::layout;
use crate::tidy::tree::Tree;
use crate::tidy::{Finding, Verdict};

/// What a package must not link, not even through another.
struct Claim {
    package: &'static str,
    without: &'static [&'static str],
}

static CLAIMS: &[Claim] = &[
    Claim {
        package: "hep-agent",
        without: &[
            "ssh2",
            "libssh2-sys",
            "openssl-sys",
            "clap",
            "serde_yaml",
            "serde-saphyr",
            "schemars",
            "hep-controller",
        ],
    },
    Claim { package: "hep-controller", without: &["hep-agent", "hep-tests"] },
    Claim {
        package: "hep-protocol",
        without: &["nix", "libc", "rustix", "ssh2", "hep-agent", "hep-controller"],
    },
    // It has to build before the libraries of hep are installed.
    Claim { package: "xtask", without: &["ssh2", "openssl-sys", "hep-controller"] },
];

/// Dependencies point inward: controller -> protocol <- agent.
pub(super) fn dependencies(tree: &Tree) -> Result<Verdict, Failure> {
    let mut findings = Vec::new();
    for claim in CLAIMS {
        let linked = linked_by(claim.package)?;
        let broken = claim.without.iter().filter(|name| linked.contains(**name));
        findings.extend(broken.map(|name| Finding {
            path: manifest_of(tree, claim.package),
            line: None,
            says: format!(
                "{} links {name}: see `cargo tree -p {} -i {name}`",
                claim.package, claim.package
            ),
        }));
    }
    Ok(Verdict::Findings(findings))
}

fn manifest_of(tree: &Tree, package: &str) -> PathBuf {
    let named = Path::new(package).join("Cargo.toml");
    if tree.workspace.root.join(&named).exists() { named } else { "Cargo.toml".into() }
}

/// The names of all packages linked into one, for the machine of most hosts: others add libc for processor features.
fn linked_by(package: &str) -> Result<BTreeSet<String>, Failure> {
    let mut tree = shell::cargo();
    tree.args(["tree", "--package", package, "--edges", "normal", "--prefix", "none"]);
    tree.args(["--format", "{p}", "--target", "x86_64-unknown-linux-gnu"]);
    let lines = shell::output(&mut tree)?;
    let names = lines.lines().filter_map(|line| line.split_whitespace().next());
    Ok(names.map(str::to_owned).collect())
}

/// What hep offers and nobody wrote down cannot be found by its users.
pub(super) fn help(tree: &Tree) -> Result<Verdict, Failure> {
    if layout::documentation(tree).next().is_none() {
        return Ok(Verdict::NotChecked("there is no README.md".to_owned()));
    }
    let hep = env::var_os("HEP_BIN").map_or_else(|| tree.workspace.debug_hep(), PathBuf::from);
    if !hep.exists() {
        return Ok(Verdict::NotChecked("hep is not built: `cargo build`".to_owned()));
    }
    let ask =
        |arguments: &[&str]| shell::output(shell::command(&hep).args(arguments).arg("--help"));
    let top = ask(&[])?;
    let commands = commands_in(&top);
    let mut offered = flags_in(&top);
    for command in &commands {
        offered.extend(flags_in(&ask(&[command])?));
    }
    offered.extend(commands.into_iter().map(|command| format!("hep {command}")));
    let documented =
        |word: &str| layout::documentation(tree).any(|file| layout::mentions(&file.text, word));
    let missing = offered.into_iter().filter(|word| !documented(word));
    let says = |word| format!("`{word}` is in hep's help, but not in README.md or docs/");
    let finding = |word| Finding { path: "README.md".into(), line: None, says: says(word) };
    Ok(Verdict::Findings(missing.map(finding).collect()))
}

/// The long flags that a help text defines: those that stand first in a line, or after a short one.
fn flags_in(help: &str) -> BTreeSet<String> {
    let defined = help.lines().filter_map(|line| {
        let line = line.trim_start();
        let flag = line
            .split_once(", ")
            .filter(|(short, _)| short.len() == 2)
            .map_or(line, |(_, long)| long);
        let end =
            flag.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(flag.len());
        flag.get(..end).filter(|flag| flag.starts_with("--") && flag.len() > 2)
    });
    // Everybody knows these two.
    defined.filter(|flag| !["--help", "--version"].contains(flag)).map(str::to_owned).collect()
}

/// The words of the help text's list of commands.
fn commands_in(help: &str) -> Vec<String> {
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let entries = list.take_while(|line| line.starts_with("  "));
    // Deeper lines continue a description.
    let entries = entries.filter(|line| !line.starts_with("   "));
    let names = entries.filter_map(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELP: &str = "\
Converges hosts

Usage: hep [OPTIONS] [MANIFEST]

Commands:
  push   Converge hosts, as --check says
           and more
  help   Print this message

Options:
  -c, --config <CONFIG>  Where --nothing is defined
      --fail-on-change   Exit 4
  -h, --help             Print help
";

    #[test]
    fn flags_are_read_where_they_are_defined() {
        assert_eq!(
            flags_in(HELP).into_iter().collect::<Vec<_>>(),
            ["--config", "--fail-on-change"]
        );
    }

    #[test]
    fn commands_are_read_from_their_list() {
        assert_eq!(commands_in(HELP), ["push"]);
    }
}
