//! Packages in memory: dpkg's database as it would be, and what apt would do on top of it.

use super::files::Origin;
use super::{Overlay, may_be_anything};
use crate::sys::files::ObserveFiles;
use crate::sys::packages::*;
use crate::sys::{Cause, Effect, Observe, Subject, SysError};
use hep_protocol::task::apt::Debconf;
use hep_protocol::value::AbsPath;
use std::collections::BTreeMap;
use std::time::Duration;

/// What is different about packages.
#[derive(Default)]
pub(super) struct Changed {
    /// The database as it would be, from the first change on.
    database: Option<Database>,
    /// Whether an earlier task, or this one, would have refreshed the index.
    refreshed: bool,
    /// Whether this task would have.
    refreshed_now: bool,
    answers: BTreeMap<String, String>,
    /// The files that packages would have come from, by name.
    files: BTreeMap<String, AbsPath>,
}

impl Changed {
    /// What only the task before did is over.
    pub(super) fn begin_task(&mut self) {
        self.refreshed_now = false;
    }
}

impl<O: Observe> ObservePackages for Overlay<O> {
    fn packages(&self) -> Result<Database, SysError> {
        match &self.packages.database {
            Some(database) => Ok(database.clone()),
            None => self.base.packages(),
        }
    }

    fn settle(&self, patience: Duration) -> Result<(), SysError> {
        self.base.settle(patience)
    }

    fn may_change_packages(&self) -> bool {
        self.base.may_change_packages()
    }

    fn package_index(&self) -> Result<Index, SysError> {
        let base = self.base.package_index()?;
        let command = self.causes.iter().rfind(|cause| may_be_anything(cause));
        let (age, gap) = if self.packages.refreshed {
            (Some(Duration::ZERO), Some(Gap::Refresh))
        } else if self.sources_changed()? {
            (None, command.cloned().map(Gap::Step))
        } else {
            (base.age, command.cloned().map(Gap::Step))
        };
        Ok(Index { age, refreshed: self.packages.refreshed_now, gap })
    }

    fn catalogue(&self) -> Result<Catalogue, SysError> {
        self.base.catalogue()
    }

    /// Of what would be installed nobody knows it.
    fn origins(&self) -> Result<Origins, SysError> {
        self.base.origins()
    }

    fn package_file(&self, path: &AbsPath) -> Result<Option<PackageFile>, SysError> {
        let later = |cause| Ok(Some(by_name(path, cause)));
        match (self.origin(path)?, self.depends(Subject::There(path))) {
            (Origin::Base(_) | Origin::Step, Some(cause)) => later(cause),
            (Origin::Base(at), None) => self.base.package_file(&at),
            (Origin::Step, None) => later(Cause::File(path.to_string())),
            (Origin::Nowhere, _) => match self.depends(Subject::Path(path)) {
                Some(cause) => later(cause),
                None => Ok(None),
            },
        }
    }

    fn answers(&self, questions: &[&str]) -> Result<BTreeMap<String, String>, SysError> {
        let mut answers = self.base.answers(questions)?;
        let changed = self.packages.answers.iter();
        answers.extend(
            changed
                .filter(|(question, _)| questions.contains(&question.as_str()))
                .map(|(question, value)| (question.clone(), value.clone())),
        );
        Ok(answers)
    }

    fn simulate(
        &self,
        transaction: &Transaction,
        _assumed: Option<&Assumed<'_>>,
    ) -> Result<Vec<Delta>, SysError> {
        let view = self.packages()?;
        let (transaction, mut deltas) = self.without_unknown(transaction, &view)?;
        let asks = match transaction.verb {
            Verb::Upgrade(_) | Verb::Autoremove => true,
            Verb::Install | Verb::Remove | Verb::Purge | Verb::BuildDep => {
                !transaction.targets.is_empty()
            }
        };
        if asks {
            let changed = self.packages.database.as_ref();
            let files = &self.packages.files;
            let assumed = changed.map(|database| Assumed { database, files });
            deltas.extend(self.base.simulate(&transaction, assumed.as_ref())?);
        }
        Ok(deltas)
    }
}

impl<O: Observe> Overlay<O> {
    /// Whether an earlier task would change where packages come from.
    fn sources_changed(&self) -> Result<bool, SysError> {
        let path = |text: &str| text.parse::<AbsPath>().map_err(|e| SysError::new(e.to_string()));
        let directory = path("/etc/apt/sources.list.d")?;
        let names = |files: &dyn ObserveFiles| match files.lstat(&directory)? {
            Some(_) => files.list(&directory),
            None => Ok(Vec::new()),
        };
        let own = names(self)?;
        if own != names(&self.base)? {
            return Ok(true);
        }
        let mut sources = vec![path("/etc/apt/sources.list")?];
        for name in own {
            sources.push(path(&format!("{directory}/{name}"))?);
        }
        for source in sources {
            let (meta, old) = (self.lstat(&source)?, self.base.lstat(&source)?);
            let differs = match (&meta, &old) {
                (Some(meta), Some(old)) => meta.size != old.size || meta.id != old.id,
                (None, None) => false,
                (Some(_), None) | (None, Some(_)) => true,
            };
            if differs {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The transaction without what the base's apt cannot know: packages that only a fresh index, or a package file that is
    /// not there yet, would have. For these the result is told at once.
    fn without_unknown(
        &self,
        transaction: &Transaction,
        view: &Database,
    ) -> Result<(Transaction, Vec<Delta>), SysError> {
        let (mut targets, mut deltas) = (Vec::new(), Vec::new());
        let removes = match transaction.verb {
            Verb::Remove => Some(After::Removed),
            Verb::Purge => Some(After::Purged),
            Verb::Install | Verb::BuildDep | Verb::Upgrade(_) | Verb::Autoremove => None,
        };
        for target in &transaction.targets {
            match target {
                Target::Named { name, arch, .. } => {
                    let entry = view.get(name, arch.as_deref());
                    let unforeseen = entry.filter(|entry| entry.version.as_str().is_empty());
                    match (unforeseen, &removes) {
                        (Some(entry), Some(to)) => deltas.push(Delta {
                            name: name.clone(),
                            arch: entry.arch.clone(),
                            from: entry.is_present().then(Version::default),
                            to: to.clone(),
                        }),
                        // Whatever version it would have is the newest.
                        (Some(_), None) => {}
                        (None, _) => targets.push(target.clone()),
                    }
                }
                Target::File(_) => targets.push(target.clone()),
            }
        }
        Ok((Transaction { targets, ..transaction.clone() }, deltas))
    }
}

/// Does to a database what a transaction would. What is not among the `asked` came for others.
fn apply(database: &mut Database, deltas: &[Delta], asked: &[&str]) {
    for Delta { name, arch, to, .. } in deltas {
        let arch = if arch.is_empty() { database.native().to_owned() } else { arch.clone() };
        let old = database.get(name, Some(&arch)).cloned();
        let version = match to {
            After::Version(version) => version.clone(),
            After::Unforeseen => Version::default(),
            After::Removed => {
                if let Some(entry) = database.get_mut(name, Some(&arch)) {
                    (entry.status, entry.want) = (Status::ConfigFiles, Want::Deinstall);
                }
                continue;
            }
            After::Purged => {
                old.iter().for_each(|old| database.remove(&old.name, &old.arch));
                continue;
            }
        };
        let auto = old.as_ref().filter(|old| old.is_present()).is_none_or(|old| old.auto);
        let want = old.as_ref().map_or(Want::Install, |old| old.want);
        database.insert(Entry {
            name: name.clone(),
            arch,
            version,
            want: if want == Want::Hold { want } else { Want::Install },
            reinstall: false,
            status: Status::Installed,
            section: old.as_ref().map(|old| old.section.clone()).unwrap_or_default(),
            provides: old.map(|old| old.provides).unwrap_or_default(),
            auto: auto && !asked.contains(&name.as_str()),
        });
    }
}

/// What the usual name of a package file tells: `name_version_arch.deb`. Of any other the path stands for the name.
fn by_name(path: &AbsPath, cause: Cause) -> PackageFile {
    let usual = path.name().strip_suffix(".deb").and_then(|name| {
        let (name, rest) = name.split_once('_')?;
        let (version, arch) = rest.split_once('_').unwrap_or((rest, "all"));
        // An epoch's colon is not part of a file's name.
        Some((name.to_owned(), Version::new(version), arch.to_owned()))
    });
    let (name, version, arch) =
        usual.unwrap_or_else(|| (path.to_string(), Version::default(), "all".to_owned()));
    PackageFile { name, version, arch, depends: Some(cause) }
}

impl<O: Observe> Overlay<O> {
    /// What dpkg's database would say afterwards.
    pub(super) fn apply_package(&mut self, action: &PackageAction) -> Result<Effect, SysError> {
        let before = self.packages()?;
        match action {
            PackageAction::Refresh { .. } => {
                (self.packages.refreshed, self.packages.refreshed_now) = (true, true);
                let note = "the package index would be refreshed first; versions may differ";
                return Ok(Effect::Noted(note.to_owned()));
            }
            PackageAction::Answer { answer: Debconf { question, value, .. }, .. } => {
                self.packages.answers.insert(question.clone(), value.clone());
                return Ok(Effect::Changed);
            }
            PackageAction::Recover { names, .. } => self.recover(names)?,
            PackageAction::Transact(transact) => self.transact(transact)?,
            PackageAction::MarkManual { names, .. } => {
                self.change_named(names, &|entry| entry.auto = false)?;
            }
            PackageAction::Hold { names, to, .. } => {
                let want = match to {
                    Hold::Keep => Want::Hold,
                    Hold::Release => Want::Install,
                };
                self.change_named(names, &|entry| entry.want = want)?;
            }
        }
        Ok(Effect::of(self.packages()? != before))
    }

    fn recover(&mut self, names: &[String]) -> Result<(), SysError> {
        let mut database = self.packages()?;
        database.unfinished = false;
        let finished = |entry: &&mut Entry| entry.is_broken() && names.contains(&entry.name);
        for entry in database.iter_mut().filter(finished) {
            (entry.status, entry.reinstall) = (Status::Installed, false);
        }
        self.packages.database = Some(database);
        Ok(())
    }

    fn transact(&mut self, transact: &Transact) -> Result<(), SysError> {
        let Transact { transaction, foreseen, asked: _ } = transact;
        let mut database = self.packages()?;
        let mut asked = Vec::new();
        for target in &transaction.targets {
            match target {
                Target::Named { name, .. } => asked.push(name.clone()),
                Target::File(path) => {
                    if let Some(file) = self.package_file(path)? {
                        self.packages.files.insert(file.name.clone(), path.clone());
                        asked.push(file.name);
                    }
                }
            }
        }
        let unforeseen = foreseen.iter().filter(|delta| delta.to == After::Unforeseen);
        asked.extend(unforeseen.map(|delta| delta.name.clone()));
        if transaction.verb == Verb::BuildDep {
            // apt has its reasons to keep them, which only the source package's own control data tells.
            asked.extend(foreseen.iter().map(|delta| delta.name.clone()));
        }
        let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
        if transaction.verb == Verb::Install {
            // One that is only to be configured is in no line of the simulation.
            let finished =
                |entry: &&mut Entry| entry.is_broken() && asked.contains(&entry.name.as_str());
            for entry in database.iter_mut().filter(finished) {
                (entry.status, entry.reinstall) = (Status::Installed, false);
            }
        }
        apply(&mut database, foreseen, &asked);
        let new = foreseen.iter().filter(|delta| {
            delta.from.is_none() && matches!(delta.to, After::Version(_) | After::Unforeseen)
        });
        let names: Vec<String> = new.map(|delta| delta.name.clone()).collect();
        if !names.is_empty() {
            let catalogue = self.base.catalogue()?;
            for entry in database.iter_mut().filter(|entry| names.contains(&entry.name)) {
                entry.provides = catalogue.provided_by(&entry.name);
            }
            self.expect(Cause::Packages(names));
        }
        self.packages.database = Some(database);
        Ok(())
    }

    /// Makes as if dpkg had been interrupted at a package.
    #[cfg(test)]
    pub(crate) fn spoil(&mut self, name: &str) {
        self.change_named(&[name.to_owned()], &|entry| entry.status = Status::HalfConfigured)
            .unwrap();
    }

    fn change_named(
        &mut self,
        names: &[String],
        change: &dyn Fn(&mut Entry),
    ) -> Result<(), SysError> {
        let mut database = self.packages()?;
        for name in names {
            let (name, arch) = match name.split_once(':') {
                Some((name, arch)) => (name, Some(arch)),
                None => (name.as_str(), None),
            };
            if let Some(entry) = database.get_mut(name, arch) {
                change(entry);
            }
        }
        self.packages.database = Some(database);
        Ok(())
    }
}
