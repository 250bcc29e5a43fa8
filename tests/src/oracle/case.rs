//! The cases: playbooks in the directories of their categories, and which of them may share a host.
//!
//! `CATEGORY/NAME.yml` is a case, and so is `CATEGORY/NAME/site.yml`, with whatever lies beside it: an inventory (`inventory`,
//! `inventory.ini` or `inventory.yml`), roles, variables. The first line may give options: `# options: ["-e", "a=1"]`.

use crate::error::{Doing as _, Error, Result};
use std::fs;
use std::path::{Path, PathBuf};

/// Which runs a case is seen in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// It is about values or order: one run; hep's is preceded by a check, which must foretell it.
    Once,
    /// It is about what is done to a host: check, run, run again, check again.
    Converge,
}

/// Whether a check goes the way of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As far as can be known.
    Same,
    /// The playbook asks whether it is a check.
    ByMode,
}

/// Which cases run on one host, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sharing {
    /// All of the category: each writes below a directory of its own.
    Category,
    /// Those of one module, which is the first word of their names.
    Module,
}

/// A category: its directory, and how its cases run.
#[derive(Debug)]
struct Category {
    name: &'static str,
    course: Course,
    sharing: Sharing,
}

const fn values(name: &'static str) -> Category {
    Category { name, course: Course::Once, sharing: Sharing::Category }
}

/// All categories, in the order of a report.
const CATEGORIES: &[Category] = &[
    values("precedence"),
    values("inventory"),
    values("roles"),
    values("typing"),
    values("undefined"),
    values("filters"),
    values("lookups"),
    values("templates"),
    values("facts"),
    values("includes"),
    values("handlers"),
    values("blocks"),
    values("arguments"),
    Category { name: "everyday", course: Course::Converge, sharing: Sharing::Category },
    Category { name: "check", course: Course::Converge, sharing: Sharing::Category },
    Category { name: "files", course: Course::Converge, sharing: Sharing::Category },
    Category { name: "accounts", course: Course::Converge, sharing: Sharing::Module },
    Category { name: "system", course: Course::Converge, sharing: Sharing::Module },
];

/// One playbook.
#[derive(Debug, Clone)]
pub struct Case {
    /// The directory it is in.
    pub category: String,
    /// Its file's or directory's name.
    pub name: String,
    /// Where it is run from.
    pub dir: PathBuf,
    /// The playbook's path from there.
    pub playbook: String,
    /// What is given to both programs.
    pub options: Vec<String>,
    /// The inventories, from `dir`.
    pub inventories: Vec<String>,
    /// The runs it is seen in.
    pub course: Course,
    /// Whether its check foretells its push.
    pub way: Way,
    /// Cases of one group share a host.
    pub group: String,
}

impl Case {
    /// `CATEGORY/NAME`.
    pub fn id(&self) -> String {
        format!("{}/{}", self.category, self.name)
    }

    fn read(category: &Category, path: &Path) -> Result<Option<Self>> {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let extension = path.extension().unwrap_or_default();
        let (dir, playbook) = if path.join("site.yml").exists() {
            (path.to_owned(), "site.yml".to_owned())
        } else if path.is_file() && extension == "yml" {
            (path.parent().unwrap_or(path).to_owned(), format!("{name}.yml"))
        } else {
            return Ok(None);
        };
        let file = dir.join(&playbook);
        let text = fs::read_to_string(&file).doing(|| format!("read {}", file.display()))?;
        let options = options(&text).doing(|| format!("read the options of {}", file.display()))?;
        let asks = text.contains("ansible_check_mode");
        let way = if asks { Way::ByMode } else { Way::Same };
        let own = ["inventory", "inventory.ini", "inventory.yml"];
        let own = own.into_iter().filter(|name| playbook == "site.yml" && dir.join(name).exists());
        let mut inventories: Vec<String> = own.map(str::to_owned).collect();
        if inventories.is_empty() && !options.iter().any(|option| option == "-i") {
            inventories.push(super::cases_dir().join("hosts.ini").display().to_string());
        }
        let module = name.split('-').next().unwrap_or_default();
        let group = match category.sharing {
            Sharing::Category => category.name.to_owned(),
            Sharing::Module => format!("{}/{module}", category.name),
        };
        let (category, course) = (category.name.to_owned(), category.course);
        Ok(Some(Self { category, name, dir, playbook, options, inventories, course, way, group }))
    }
}

fn options(text: &str) -> serde_json::Result<Vec<String>> {
    let first = text.lines().next().and_then(|line| line.strip_prefix("# options:"));
    first.map_or(Ok(Vec::new()), serde_json::from_str)
}

/// All cases of a directory, by category and name.
pub fn discover(root: &Path) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for category in CATEGORIES {
        let directory = root.join(category.name);
        let Ok(entries) = fs::read_dir(&directory) else { continue };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            cases.extend(Case::read(category, &path)?);
        }
    }
    if cases.is_empty() { Err(Error::new("there is no case")) } else { Ok(cases) }
}
