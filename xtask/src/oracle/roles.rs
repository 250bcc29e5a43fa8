//! Whole roles by both tools, each on a fresh host: a role's own `tests/test.yml`, or a playbook that only names the role.

use std::fs;
use std::path::Path;

use hep_tests::oracle::case::{Case, Course, Way};
use hep_tests::oracle::{Tool, cases_dir, suite};

use super::environment;
use crate::demo::{harness, write};
use crate::shell::{self, Failure};
use crate::workspace::Workspace;

/// Compares the roles of a directory whose names contain one of the words.
pub(super) fn compare(
    workspace: &Workspace,
    directory: &Path,
    words: &[String],
) -> Result<(), Failure> {
    let ansible = environment::ensure(workspace)?;
    let place = workspace.target.join("oracle/roles");
    let directory = directory.canonicalize().map_err(shell::file_error("find", directory))?;
    let mut cases = Vec::new();
    for entry in fs::read_dir(&directory).map_err(shell::file_error("list", &directory))?.flatten()
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_wanted = words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
        if entry.path().join("tasks").is_dir() && is_wanted {
            cases.push(case(&place, &directory, &name)?);
        }
    }
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    let hep = suite::play(&Tool::hep(), &cases).map_err(harness)?;
    let theirs = suite::play(&ansible.tool(), &cases).map_err(harness)?;
    let verdicts = suite::compare(&cases, &theirs, &hep);
    suite::tell(&verdicts);
    shell::say(&suite::table(&verdicts));
    Ok(())
}

/// A case around a role. The settings of its directory say where roles are, to both tools.
fn case(place: &Path, roles: &Path, name: &str) -> Result<Case, Failure> {
    let dir = place.join(name);
    fs::create_dir_all(&dir).map_err(shell::file_error("create", &dir))?;
    write(&dir.join("ansible.cfg"), &format!("[defaults]\nroles_path = {}\n", roles.display()))?;
    let own = roles.join(name).join("tests/test.yml");
    let playbook = dir.join("site.yml");
    if own.exists() {
        let text = fs::read_to_string(&own).map_err(shell::file_error("read", &own))?;
        // A role's own test is made for the machine that it lies on, and finds the role around it.
        let text =
            text.replace("hosts: localhost", "hosts: all").replace("connection: local\n", "\n");
        write(&playbook, &text.replace("- ../../\n", &format!("- {name}\n")))?;
    } else {
        write(&playbook, &format!("- hosts: all\n  become: true\n  roles:\n    - {name}\n"))?;
    }
    let inventory = cases_dir().join("hosts.ini").display().to_string();
    Ok(Case {
        category: "roles".to_owned(),
        name: name.to_owned(),
        dir,
        playbook: "site.yml".to_owned(),
        options: Vec::new(),
        inventories: vec![inventory],
        course: Course::Converge,
        way: Way::Same,
        group: format!("roles/{name}"),
    })
}
