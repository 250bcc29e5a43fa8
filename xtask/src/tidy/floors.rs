//! Rules about which files import which. A crate is built in floors, which ARCHITECTURE.md lists from the ground up: a file
//! imports from its own floor and from those below. And no more than a few files import each other in a circle.
//!
//! An import is a path that begins with `crate` or `super`, in `use` or elsewhere, outside of tests. A parent that names its
//! children imports nothing: the module is divided, and the parent is its door.

use std::collections::{BTreeMap, BTreeSet};
use std::slice;

use crate::shell::Failure;
use crate::tidy::code::{self, Token};
use crate::tidy::names::is_test;
use crate::tidy::tree::{File, Tree};
use crate::tidy::{Finding, Verdict};

/// The crates that are built in floors.
const HOUSES: [&str; 3] = ["hep-protocol", "hep-agent", "hep-controller"];

/// The most files of a circle.
const MOST: usize = 5;

/// The names of the modules that lead to a file; of the root none.
type Module = Vec<String>;

/// What a file imports: the line and the module.
type Imports = BTreeSet<(usize, Module)>;

/// Nothing looks up: whoever reads a floor need not know those above.
pub(super) fn upwards(tree: &Tree) -> Result<Verdict, Failure> {
    let Some(page) = tree.below("ARCHITECTURE.md").next() else {
        return Ok(Verdict::NotChecked("there is no ARCHITECTURE.md".to_owned()));
    };
    let mut findings = Vec::new();
    for house in HOUSES {
        let floors = floors(&page.text, house);
        let floor = |module: &[String]| {
            let doors = (module.len().min(1)..=module.len()).rev();
            let doors = doors.filter_map(|length| module.get(..length));
            doors.map(|door| door.join("::")).find_map(|door| floors.get(&door).copied())
        };
        for (module, (file, imports)) in &modules(tree, house) {
            let finding = |line, says| Finding { path: file.path.clone(), line, says };
            let Some(own) = floor(module) else {
                let says = format!("no floor of `{house}` in ARCHITECTURE.md names it");
                findings.push(finding(None, says));
                continue;
            };
            let up = imports.iter().filter(|(_, to)| floor(to).is_some_and(|other| other > own));
            let says = |to: &Module| format!("`{}` is on a higher floor", to.join("::"));
            findings.extend(up.map(|(line, to)| finding(Some(*line), says(to))));
        }
    }
    Ok(Verdict::Findings(findings))
}

/// Who reads one file of a circle has to read them all.
pub(super) fn circles(tree: &Tree) -> Result<Verdict, Failure> {
    let circles = HOUSES.iter().flat_map(|house| circles_of(&modules(tree, house)));
    Ok(Verdict::Findings(circles.collect()))
}

fn circles_of(modules: &BTreeMap<Module, (&File, Imports)>) -> Vec<Finding> {
    let mut reached: BTreeMap<&Module, BTreeSet<&Module>> = BTreeMap::new();
    for start in modules.keys() {
        let (mut seen, mut ahead) = (BTreeSet::new(), vec![start]);
        while let Some((_, imports)) = ahead.pop().and_then(|next| modules.get(next)) {
            ahead.extend(imports.iter().map(|(_, to)| to).filter(|to| seen.insert(*to)));
        }
        reached.insert(start, seen);
    }
    let mut findings = Vec::new();
    for (start, seen) in &reached {
        let circle: Vec<&Module> = seen
            .iter()
            .filter(|to| reached.get(*to).is_some_and(|back| back.contains(start)))
            .copied()
            .collect();
        let is_told_here = circle.first() == Some(start);
        if let Some((file, _)) = modules.get(*start).filter(|_| is_told_here && circle.len() > MOST)
        {
            let names: Vec<String> = circle.iter().map(|module| module.join("::")).collect();
            let says = format!("a circle of {} files: {}", names.len(), names.join(", "));
            findings.push(Finding { path: file.path.clone(), line: None, says });
        }
    }
    findings
}

/// The floor of each module that the table names: in the first column of "floors of `CRATE`", a row or a part between
/// semicolons for each floor.
fn floors(page: &str, house: &str) -> BTreeMap<String, usize> {
    let title = format!("| floors of `{house}`");
    let rows = page.lines().skip_while(|line| !line.starts_with(&title)).skip(2);
    let cells = rows.map_while(|row| row.strip_prefix("| ")?.split(" | ").next());
    let floors = cells.flat_map(|cell| cell.split(';')).enumerate();
    let names = floors.flat_map(|(floor, part)| {
        part.split('`').skip(1).step_by(2).map(move |name| (name, floor))
    });
    let root = |name: &str| ["main", "lib"].contains(&name);
    names.map(|(name, floor)| (if root(name) { "" } else { name }.to_owned(), floor)).collect()
}

/// The files of a crate, each with what it imports of the others.
fn modules<'a>(tree: &'a Tree, house: &str) -> BTreeMap<Module, (&'a File, Imports)> {
    let source = format!("{house}/src");
    let files: BTreeMap<Module, &File> = tree
        .files
        .iter()
        .filter(|file| file.path.starts_with(&source) && file.is_rust() && !is_test(&file.path))
        .map(|file| (module_of(file, &source), file))
        .collect();
    let imports = |own: &Module, file: &File| {
        let found = imports(own, &file.code).into_iter();
        let files = found.filter_map(|(line, mut path)| {
            while !files.contains_key(&path) {
                path.pop()?;
            }
            Some((line, path))
        });
        files.filter(|(_, to)| to != own).collect()
    };
    files.iter().map(|(own, file)| (own.clone(), (*file, imports(own, file)))).collect()
}

fn module_of(file: &File, source: &str) -> Module {
    let path = file.path.strip_prefix(source).unwrap_or(&file.path).with_extension("");
    let parts = path.iter().map(|part| part.to_string_lossy().into_owned());
    parts.filter(|part| part != "main" && part != "lib").collect()
}

/// All paths that begin with `crate` or `super`, from the root on, with their lines.
fn imports(own: &[String], tokens: &[Token]) -> Imports {
    let mut found = BTreeSet::new();
    let mut rest = tokens;
    while let Some((token, after)) = rest.split_first() {
        rest = if let [word, name, brace, inside @ ..] = rest
            && (word.text.as_str(), brace.text.as_str()) == ("mod", "{")
        {
            let after = code::after_item(rest);
            let inside = inside.get(..inside.len() - after.len()).unwrap_or_default();
            found.extend(imports(&[own, slice::from_ref(&name.text)].concat(), inside));
            after
        } else if code::starts(rest, &["(", "in", "crate"]) {
            // A visibility.
            rest.get(3..).unwrap_or_default()
        } else if ["crate", "super"].iter().any(|root| code::starts(rest, &[root, ":", ":"])) {
            let mut seen = Vec::new();
            let after = follow(own.to_vec(), rest, &mut seen);
            found.extend(seen.into_iter().map(|path| (token.line, path)));
            after
        } else {
            after
        };
    }
    found
}

/// Follows a path, or a tree of them, and gives what is left.
fn follow<'a>(mut path: Module, mut rest: &'a [Token], found: &mut Vec<Module>) -> &'a [Token] {
    while let Some((token, after)) = rest.split_first() {
        match token.text.as_str() {
            "crate" => path.clear(),
            "super" => drop(path.pop()),
            "self" => {}
            "{" => {
                rest = after;
                while let Some((token, after)) = rest.split_first() {
                    rest = match token.text.as_str() {
                        "}" => return after,
                        "," => after,
                        _ => follow(path.clone(), rest, found),
                    };
                }
                return rest;
            }
            name => path.push(name.to_owned()),
        }
        if !code::starts(after, &[":", ":"]) {
            found.push(path);
            return after;
        }
        rest = after.get(2..).unwrap_or_default();
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::names::tests::check;

    #[test]
    fn an_import_from_a_higher_floor_is_found() {
        let table = "| floors of `hep-protocol`, from the ground up | what |\n|---|---|\n| `sys`; `sys::linux` | the host |\n| `engine` | turns |\n| `lib` | all |\n\n";
        let files = [
            ("ARCHITECTURE.md", table),
            ("hep-protocol/src/lib.rs", "mod sys; use crate::engine::run;"),
            (
                "hep-protocol/src/sys.rs",
                "mod linux;\nuse crate::{engine::{self, Outside}, sys::linux::Linux};",
            ),
            ("hep-protocol/src/sys/linux.rs", "use super::Host; fn f() { crate::engine::run(); }"),
            (
                "hep-protocol/src/engine.rs",
                "use crate::sys::Host; #[cfg(test)] mod tests { use crate::run; }",
            ),
            ("hep-protocol/src/other.rs", ""),
        ];
        let expected = [
            "hep-protocol/src/other.rs: no floor of `hep-protocol` in ARCHITECTURE.md names it",
            "hep-protocol/src/sys.rs:2: `engine` is on a higher floor",
            "hep-protocol/src/sys.rs:2: `sys::linux` is on a higher floor",
            "hep-protocol/src/sys/linux.rs:1: `engine` is on a higher floor",
        ];
        check(upwards, &files, &expected);
    }

    #[test]
    fn a_large_circle_is_found_and_a_small_one_is_not() {
        let next = |name, text| (name, text);
        let files = [
            next("hep-protocol/src/a.rs", "use crate::b::B as _;"),
            next("hep-protocol/src/b.rs", "use super::{c::C, g};"),
            next("hep-protocol/src/c.rs", "use crate::d::*;"),
            next("hep-protocol/src/d.rs", "fn f() { crate::e::g::<u8>() }"),
            next("hep-protocol/src/e.rs", "pub(crate) use crate::f; mod inner { use super::E; }"),
            next("hep-protocol/src/f.rs", "use crate::a; use crate::g;"),
            next("hep-protocol/src/g.rs", "use crate::h;"),
            next("hep-protocol/src/h.rs", "use crate::g;"),
        ];
        check(circles, &files, &["hep-protocol/src/a.rs: a circle of 6 files: a, b, c, d, e, f"]);
    }
}
