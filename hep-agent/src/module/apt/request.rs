//! What has to be asked of apt: the task's packages against what dpkg has and what the index offers.

use super::State;
use crate::nearest::nearest;
use crate::sys::packages::*;
use crate::sys::{Cause, SysError};
use hep_protocol::task::apt::{Action, Apt};
use hep_protocol::value::{AbsPath, Package};
use std::collections::BTreeMap;
use std::time::Duration;

/// What was read of the host before apt is asked.
pub(super) struct Facts {
    /// What dpkg has.
    pub(super) database: Database,
    /// How current the index is.
    pub(super) index: Index,
    /// What the package files of the task say of themselves.
    pub(super) files: BTreeMap<AbsPath, PackageFile>,
    /// What the index offers, if a name needs it.
    pub(super) catalogue: Option<Catalogue>,
}

/// What the task comes to.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Request {
    /// What apt is told to act on.
    pub(super) targets: Vec<Target>,
    /// What the index does not have yet, but may when its turn comes.
    pub(super) unforeseen: Vec<Delta>,
    /// Every package the task means, there or yet to come.
    pub(super) meant: Vec<Meant>,
    /// The earlier task whose real run would put a package file in place.
    pub(super) depends: Option<Cause>,
}

/// A package that the task means.
#[derive(Debug, PartialEq)]
pub(super) struct Meant {
    /// Its name.
    pub(super) name: String,
    /// Its architecture, if not the machine's own.
    pub(super) arch: Option<String>,
    /// Whether its own name is in the task, rather than a pattern or a name that it provides.
    pub(super) by_name: bool,
}

impl Meant {
    /// Whether this is the package that a delta is of: a namesake of another architecture is not.
    pub(super) fn is(&self, delta: &Delta, database: &Database) -> bool {
        let arch = if delta.arch.is_empty() { database.native() } else { &delta.arch };
        self.name == delta.name && database.fits(arch, self.arch.as_deref())
    }
}

/// The packages that dpkg was interrupted at and the task does not name.
pub(super) fn strangers(params: &Apt, facts: &Facts) -> Vec<String> {
    let named = |entry: &Entry, package: &Package| match package {
        Package::Named { name, arch, .. } => {
            let fits = facts.database.fits(&entry.arch, arch.as_deref());
            fits && if name.is_pattern() {
                matches(name.as_str(), &entry.name)
            } else {
                entry.name == name.as_str()
            }
        }
        Package::File(path) => facts.files.get(path).is_some_and(|file| file.name == entry.name),
    };
    // What is needed to build a source package says nothing of the package itself.
    let acts = params.action != Action::BuildDep;
    let asked = |entry: &&Entry| acts && params.package.iter().any(|package| named(entry, package));
    let broken = facts.database.iter().filter(|entry| entry.is_broken());
    broken.filter(|entry| !asked(entry)).map(|entry| entry.name.clone()).collect()
}

/// The packages that the task means and dpkg was interrupted at.
pub(super) fn broken_targets(state: &State) -> Vec<&Entry> {
    let database = &state.facts.database;
    let meant = state.request.meant.iter();
    let entries = meant.filter_map(|meant| database.get(&meant.name, meant.arch.as_deref()));
    entries.filter(|entry| entry.is_broken()).collect()
}

/// A name that leads nowhere, in words, and what to do about it.
struct Problem {
    message: String,
    hint: String,
}

/// Whether the index has to be read to know what the task means: not for names that dpkg has.
pub(super) fn needs_catalogue(params: &Apt, database: &Database) -> bool {
    let installs = match params.action {
        Action::Install | Action::Latest => true,
        Action::Remove | Action::Purge | Action::BuildDep => false,
    };
    installs
        && params.package.iter().any(|package| match package {
            Package::Named { name, arch, version } => {
                let entry = database.get(name.as_str(), arch.as_deref());
                let there = entry.filter(|entry| entry.is_installed());
                match (there, version) {
                    _ if name.is_pattern() => true,
                    (None, _) => true,
                    (Some(_), None) => false,
                    (Some(entry), Some(glob)) => {
                        params.action == Action::Latest || !matches(glob, entry.version.as_str())
                    }
                }
            }
            Package::File(_) => false,
        })
}

/// What has to be asked of apt; nothing if all is as wanted. Every name that leads nowhere is in the one error.
pub(super) fn request(params: &Apt, facts: &Facts) -> Result<Request, SysError> {
    let mut request = Request::default();
    let mut problems = Vec::new();
    for package in params.package.iter() {
        let result = match params.action {
            Action::Install | Action::Latest => install(params, facts, package, &mut request),
            Action::Remove | Action::Purge => {
                remove(params, facts, package, &mut request);
                Ok(())
            }
            Action::BuildDep => {
                let target = target(package.to_string(), None, None);
                request.targets.push(target);
                Ok(())
            }
        };
        problems.extend(result.err());
    }
    match problems.first() {
        None => Ok(request),
        Some(Problem { hint, .. }) => {
            let messages: Vec<&str> = problems.iter().map(|p| p.message.as_str()).collect();
            Err(SysError::new(messages.join("; ")).hint(hint.clone()))
        }
    }
}

fn target(name: String, arch: Option<String>, version: Option<Version>) -> Target {
    Target::Named { name, arch, version }
}

fn install(
    params: &Apt,
    facts: &Facts,
    package: &Package,
    request: &mut Request,
) -> Result<(), Problem> {
    match package {
        Package::File(path) => {
            install_file(facts, path, request);
            Ok(())
        }
        Package::Named { name, arch, version } => {
            let wanted = Wanted {
                name: name.as_str(),
                arch: arch.as_deref(),
                version: version.as_deref(),
                newest: params.action == Action::Latest,
                by_name: !name.is_pattern(),
                facts,
            };
            wanted.is_of_this_host()?;
            if name.is_pattern() { wanted.pattern(request) } else { wanted.name(request) }
        }
    }
}

/// Converged if this very version is there: a file is a version.
fn install_file(facts: &Facts, path: &AbsPath, request: &mut Request) {
    if let Some(file) = facts.files.get(path) {
        let entry = facts.database.get(&file.name, Some(&file.arch));
        let arch = facts.database.qualifier(&file.arch);
        if let Some(cause) = &file.depends {
            // Its name may say anything: only what it would be put there for is known to be installed by then.
            let done = entry.is_some_and(|e| e.is_installed() && e.version.as_str().is_empty());
            if !done {
                let from = entry.filter(|entry| entry.is_present()).map(|e| e.version.clone());
                let (name, arch) = (file.name.clone(), arch.clone().unwrap_or_default());
                request.unforeseen.push(Delta { name, arch, from, to: After::Unforeseen });
                request.depends.get_or_insert_with(|| cause.clone());
            }
        } else if entry.is_none_or(|entry| !entry.is_installed() || entry.version != file.version) {
            request.targets.push(Target::File(path.clone()));
        }
        request.meant.push(Meant { name: file.name.clone(), arch, by_name: true });
    }
}

fn remove(params: &Apt, facts: &Facts, package: &Package, request: &mut Request) {
    let Package::Named { name, arch, .. } = package else { return };
    let entries = if name.is_pattern() {
        facts.database.matching(name.as_str(), arch.as_deref())
    } else {
        facts.database.get(name.as_str(), arch.as_deref()).into_iter().collect()
    };
    for entry in entries.into_iter().filter(|e| params.action == Action::Purge || e.is_present()) {
        let arch = facts.database.qualifier(&entry.arch);
        let by_name = !name.is_pattern();
        request.meant.push(Meant { name: entry.name.clone(), arch: arch.clone(), by_name });
        request.targets.push(target(entry.name.clone(), arch, None));
    }
}

/// A package by name, as the task wants it installed.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    name: &'a str,
    arch: Option<&'a str>,
    version: Option<&'a str>,
    newest: bool,
    by_name: bool,
    facts: &'a Facts,
}

impl Wanted<'_> {
    /// Whether the host takes packages of this architecture at all.
    fn is_of_this_host(&self) -> Result<(), Problem> {
        let known = &self.facts.database.architectures;
        match self.arch {
            Some(arch)
                if !["all", "any", "native"].contains(&arch)
                    && !known.iter().any(|own| own == arch) =>
            {
                Err(Problem {
                    message: format!(
                        "the host does not take packages of architecture `{arch}`: it is {}",
                        known.join(", ")
                    ),
                    hint: format!(
                        "a task before may run `dpkg --add-architecture {arch}`, with `update_cache: true` here"
                    ),
                })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// All known packages whose name matches.
    fn pattern(self, request: &mut Request) -> Result<(), Problem> {
        let database = &self.facts.database;
        let offered = self.facts.catalogue.iter().flat_map(Catalogue::names);
        let mut names: Vec<&str> = offered
            .filter(|name| matches(self.name, name) && !self.offers(name).is_empty())
            .collect();
        let there = database.matching(self.name, self.arch);
        names.extend(there.iter().filter(|e| e.is_present()).map(|entry| entry.name.as_str()));
        names.sort_unstable();
        names.dedup();
        if names.is_empty() && self.facts.index.gap.is_some() {
            request.unforeseen.push(self.unforeseen());
            return Ok(());
        }
        if names.is_empty() {
            let message = format!("no package matches `{}`", self.name);
            return Err(Problem { message, hint: self.hint() });
        }
        for name in names {
            // A version that only some of them have narrows the pattern.
            let fits = self.version.is_none_or(|glob| {
                let entry = database.get(name, self.arch);
                entry.is_some_and(|e| matches(glob, e.version.as_str()))
                    || self.offers(name).iter().any(|v| matches(glob, v.as_str()))
            });
            if fits {
                Wanted { name, ..self }.name(request)?;
            }
        }
        Ok(())
    }

    fn name(self, request: &mut Request) -> Result<(), Problem> {
        let entry = self.facts.database.get(self.name, self.arch);
        let there = entry.filter(|entry| entry.is_installed());
        let fits =
            |entry: &Entry| self.version.is_none_or(|glob| matches(glob, entry.version.as_str()));
        match there {
            Some(entry) if fits(entry) && !self.newest => {
                self.mean(request);
                Ok(())
            }
            Some(_) if self.version.is_none() => {
                self.ask(request, None);
                Ok(())
            }
            Some(_) | None => self.find(entry, request),
        }
    }

    /// The package is not there as wanted: what of the index is it?
    fn find(self, entry: Option<&Entry>, request: &mut Request) -> Result<(), Problem> {
        let offers = self.offers(self.name);
        let gap = self.facts.index.gap.is_some();
        let present = entry.is_some_and(Entry::is_present);
        match self.version {
            Some(glob) => {
                let newest = offers.iter().find(|version| matches(glob, version.as_str()));
                let there = entry
                    .filter(|entry| entry.is_installed() && matches(glob, entry.version.as_str()))
                    .filter(|entry| newest.is_none_or(|new| entry.version.compare(new).is_ge()));
                match (there, newest) {
                    (Some(_), _) => self.mean(request),
                    (None, Some(version)) => self.ask(request, Some((*version).clone())),
                    (None, None) if gap => self.foresee_nothing(request),
                    (None, None) if offers.is_empty() && !present => return Err(self.unknown()),
                    (None, None) => return Err(self.no_such_version(glob, &offers)),
                }
            }
            None if !offers.is_empty() || present => self.ask(request, None),
            None => return self.virtual_name(request),
        }
        Ok(())
    }

    /// A name that no package bears: whoever provides it will do.
    fn virtual_name(self, request: &mut Request) -> Result<(), Problem> {
        let installed = self.facts.database.provider(self.name);
        let providers = self.facts.catalogue.as_ref().map(|c| c.providers(self.name));
        let mut providers = providers.unwrap_or_default();
        providers.retain(|provider| !self.offers(provider).is_empty());
        match (installed, providers.as_slice()) {
            (Some(provider), _) => {
                let arch = self.facts.database.qualifier(&provider.arch);
                let arch = arch.as_deref();
                let provider = Wanted { name: &provider.name, arch, by_name: false, ..self };
                if self.newest {
                    provider.ask(request, None)
                } else {
                    provider.mean(request)
                }
                Ok(())
            }
            (None, [only]) => {
                Wanted { name: only, ..self }.ask(request, None);
                Ok(())
            }
            (None, []) if self.facts.index.gap.is_some() => {
                self.foresee_nothing(request);
                Ok(())
            }
            (None, []) => Err(self.unknown()),
            (None, several) => Err(Problem {
                message: format!(
                    "`{}` is provided by several packages: {}",
                    self.name,
                    quoted(several)
                ),
                hint: "name the one you want".to_owned(),
            }),
        }
    }

    /// The versions of a package that can be had, newest first.
    fn offers(&self, name: &str) -> Vec<&Version> {
        let fits = |arch: &str| self.facts.database.fits(arch, self.arch);
        self.facts.catalogue.as_ref().map(|c| c.versions(name, fits)).unwrap_or_default()
    }

    fn mean(&self, request: &mut Request) {
        let arch = self.arch.and_then(|arch| self.facts.database.qualifier(arch));
        let (name, by_name) = (self.name.to_owned(), self.by_name);
        request.meant.push(Meant { name, arch, by_name });
    }

    fn ask(&self, request: &mut Request, version: Option<Version>) {
        self.mean(request);
        let arch = self.arch.map(str::to_owned);
        let target = target(self.name.to_owned(), arch, version);
        if !request.targets.contains(&target) {
            request.targets.push(target);
        }
    }

    fn foresee_nothing(&self, request: &mut Request) {
        self.mean(request);
        request.unforeseen.push(self.unforeseen());
    }

    /// The package, of which only an index that is not there yet could tell more.
    fn unforeseen(&self) -> Delta {
        let database = &self.facts.database;
        let known = |arch: &&str| database.architectures.iter().any(|own| own == arch);
        let arch = self.arch.filter(known).and_then(|arch| database.qualifier(arch));
        let (name, arch) = (self.name.to_owned(), arch.unwrap_or_default());
        Delta { name, arch, from: None, to: After::Unforeseen }
    }

    fn unknown(&self) -> Problem {
        let known = self.facts.catalogue.iter().flat_map(Catalogue::names);
        let near = nearest(self.name, known);
        let near = match near.as_slice() {
            [] => String::new(),
            [one] => format!(": nearest is `{one}`"),
            several => format!(": nearest are {}", quoted(several)),
        };
        Problem { message: format!("there is no package `{}`{near}", self.name), hint: self.hint() }
    }

    fn hint(&self) -> String {
        let empty = self.facts.catalogue.as_ref().is_none_or(Catalogue::is_empty);
        let old = self.facts.index.age.is_none_or(|age| age > Duration::from_secs(24 * 3600));
        if empty {
            "the host's package index is empty: add `update_cache: true`"
        } else if old && !self.facts.index.refreshed {
            "correct the name; if the package is new, add `update_cache: true`"
        } else {
            "correct the name, or add the source that has the package to the host"
        }
        .to_owned()
    }

    fn no_such_version(&self, glob: &str, offers: &[&Version]) -> Problem {
        let shown: Vec<&str> = offers.iter().take(5).map(|version| version.as_str()).collect();
        let shown = if shown.is_empty() { "none".to_owned() } else { quoted(&shown) };
        Problem {
            message: format!("`{}` has no version `{glob}`: there are {shown}", self.name),
            hint: "write one of these, or a pattern as `1.2*`; `update_cache: true` may bring newer ones".to_owned(),
        }
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
