//! Which files below a directory are playbooks, and which directories are roles.

use crate::refusal::Refusal;
use crate::source::{Source, plain};
use crate::yaml::{self, Kind as Node};
use std::fs;
use std::path::{Path, PathBuf};

/// How deep directories may nest.
const MAX_DEPTH: usize = 16;

/// How large a playbook may be, in bytes.
const MAX_SIZE: u64 = 4 << 20;

/// Directories without playbooks: of roles, of inventories, of other programs.
const OTHERS: [&str; 14] = [
    "tasks",
    "handlers",
    "defaults",
    "vars",
    "meta",
    "templates",
    "files",
    "library",
    "group_vars",
    "host_vars",
    "module_utils",
    "node_modules",
    "venv",
    "plugins",
];

/// What something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Playbook,
    Role,
}

impl Kind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Kind::Playbook => "playbook",
            Kind::Role => "role",
        }
    }
}

/// A playbook or role.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) kind: Kind,
    pub(super) path: PathBuf,
}

/// All of them, in the order of their paths.
///
/// # Errors
/// The directory cannot be read.
pub(super) fn find(directory: &Path) -> Result<Vec<Found>, Refusal> {
    let mut found = Vec::new();
    below(directory, 0, &mut found).map_err(|error| {
        let what = format!("cannot read `{}`: {}", directory.display(), plain(&error));
        Refusal::new(what, "name a directory with playbooks or roles in it")
    })?;
    Ok(found)
}

fn below(directory: &Path, depth: usize, found: &mut Vec<Found>) -> std::io::Result<()> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(directory)?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    if is_role(directory) {
        found.push(Found { kind: Kind::Role, path: directory.to_owned() });
    }
    for path in paths {
        let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
        // A link leads to what is looked at elsewhere, or out of the directory.
        let about = fs::symlink_metadata(&path)?;
        if name.starts_with('.') || about.is_symlink() {
            continue;
        }
        if about.is_dir() {
            if depth < MAX_DEPTH && !OTHERS.contains(&&*name) {
                // One that cannot be read hides nothing else.
                below(&path, depth + 1, found).unwrap_or_default();
            }
        } else if about.len() <= MAX_SIZE && is_playbook(&path) {
            found.push(Found { kind: Kind::Playbook, path });
        }
    }
    Ok(())
}

/// Whether a directory has the parts of a role.
fn is_role(directory: &Path) -> bool {
    let main = |part: &str| {
        ["yml", "yaml", "json"]
            .iter()
            .any(|ending| directory.join(part).join(format!("main.{ending}")).is_file())
    };
    main("tasks") || (main("meta") && (main("handlers") || main("defaults")))
}

/// Whether a file is a list of plays.
fn is_playbook(path: &Path) -> bool {
    let ending = path.extension().and_then(|ending| ending.to_str());
    let Some("yml" | "yaml") = ending else { return false };
    let Ok(source) = Source::read(path) else { return false };
    let (root, _, _) = yaml::parse_foreign(&source);
    let Some(Node::Seq(items)) = root.map(|root| root.kind) else { return false };
    let is_play = |item: &yaml::Node| {
        let keys = item.entries().iter().map(|entry| entry.key.text.rsplit('.').next());
        keys.flatten().any(|key| matches!(key, "hosts" | "import_playbook"))
    };
    items.iter().any(is_play)
}
