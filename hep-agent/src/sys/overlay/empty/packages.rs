//! A small world of packages that can be had, and an apt for it that behaves: dependencies come along, conflicts go,
//! and what does not fit together is refused.

use super::Empty;
use crate::sys::SysError;
use crate::sys::packages::*;
use hep_protocol::value::AbsPath;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

/// Name, version, what it depends on, what it conflicts with. Newer versions first.
const WORLD: &[(&str, &str, &[&str], &[&str])] = &[
    ("apache2", "2.4.62-1", &["apache2-bin", "apache2-data"], &[]),
    ("apache2-bin", "2.4.62-1", &[], &[]),
    ("apache2-data", "2.4.62-1", &[], &[]),
    ("greeter", "2.0", &[], &[]),
    ("greeter", "1.1", &[], &[]),
    ("greeter", "1.0", &[], &[]),
    ("libapache2-mod-php", "2:8.2+93", &["libapache2-mod-php8.2"], &[]),
    ("libapache2-mod-php8.2", "8.2.29-1", &[], &[]),
    ("mail-a", "1.0", &[], &["mail-b"]),
    ("mail-b", "1.0", &[], &["mail-a"]),
    ("needs-greeter", "1.0", &["greeter"], &[]),
    ("no-greeter", "1.0", &[], &["greeter"]),
    ("only-one", "1.0", &[], &[]),
    ("php", "2:8.2+93", &["php8.2"], &[]),
    ("php8.2", "8.2.29-1", &[], &[]),
    ("php8.2-cli", "8.2.29-1", &[], &[]),
    ("php8.2-fpm", "8.2.29-1", &[], &[]),
];

const PROVIDES: &[(&str, &str)] =
    &[("mail-a", "mail-agent"), ("mail-b", "mail-agent"), ("only-one", "lonely")];

thread_local! {
    /// The package that another dpkg is at work on until it is waited for; each test has a thread of its own.
    static AT_WORK_ON: Cell<Option<&'static str>> = const { Cell::new(None) };

    /// How often apt was asked what it would do.
    static ASKED: Cell<usize> = const { Cell::new(0) };
}

impl Empty {
    /// Makes as if another dpkg were at work on a package, and done as soon as it is waited for.
    pub(crate) fn is_at_work_on(name: &'static str) {
        AT_WORK_ON.set(Some(name));
    }

    /// How often apt was asked what it would do since this was asked.
    pub(crate) fn asked() -> usize {
        ASKED.replace(0)
    }
}

impl ObservePackages for Empty {
    fn packages(&self) -> Result<Database, SysError> {
        let mut database = Database::new(vec!["amd64".to_owned()]);
        if let Some(name) = AT_WORK_ON.get() {
            database.insert(Entry {
                name: name.to_owned(),
                arch: "all".to_owned(),
                version: Version::new("1.0"),
                want: Want::Install,
                reinstall: false,
                status: Status::HalfConfigured,
                provides: Vec::new(),
                section: String::new(),
                auto: false,
            });
        }
        Ok(database)
    }

    fn settle(&self, _patience: Duration) -> Result<(), SysError> {
        AT_WORK_ON.set(None);
        Ok(())
    }

    fn may_change_packages(&self) -> bool {
        true
    }

    fn package_index(&self) -> Result<Index, SysError> {
        Ok(Index { age: Some(Duration::from_secs(100)), refreshed: false, gap: None })
    }

    fn catalogue(&self) -> Result<Catalogue, SysError> {
        let stanza = |&(name, version, _, _): &(&str, &str, &[&str], &[&str])| {
            let provides = PROVIDES.iter().find(|(provider, _)| *provider == name);
            let provides =
                provides.map_or(String::new(), |(_, name)| format!("Provides: {name}\n"));
            format!("Package: {name}\nVersion: {version}\nArchitecture: all\n{provides}\n")
        };
        let list: String = WORLD.iter().map(stanza).collect();
        let mut catalogue = Catalogue::default();
        catalogue.read(list.as_bytes()).map_err(|e| SysError::io("cannot read the world", e))?;
        Ok(catalogue)
    }

    fn origins(&self) -> Result<Origins, SysError> {
        Ok(Origins::default())
    }

    fn package_file(&self, _path: &AbsPath) -> Result<Option<PackageFile>, SysError> {
        Ok(None)
    }

    fn answers(&self, _questions: &[&str]) -> Result<BTreeMap<String, String>, SysError> {
        Ok(BTreeMap::new())
    }

    fn simulate(
        &self,
        transaction: &Transaction,
        assumed: Option<&Assumed<'_>>,
    ) -> Result<Vec<Delta>, SysError> {
        ASKED.set(ASKED.get() + 1);
        let nothing = Database::default();
        let mut resolver = Resolver {
            database: assumed.map_or(&nothing, |assumed| assumed.database),
            deltas: Vec::new(),
        };
        let targets = transaction.targets.iter().filter_map(|target| match target {
            Target::Named { name, version, .. } => Some((name.as_str(), version.as_ref())),
            Target::File(_) => None,
        });
        for (name, version) in targets {
            match transaction.verb {
                Verb::Install | Verb::BuildDep => resolver.install(name, version)?,
                Verb::Remove => resolver.remove(name, After::Removed),
                Verb::Purge => resolver.remove(name, After::Purged),
                Verb::Upgrade(_) | Verb::Autoremove => {}
            }
        }
        Ok(resolver.deltas)
    }
}

/// What is there and what would become of it.
struct Resolver<'a> {
    database: &'a Database,
    deltas: Vec<Delta>,
}

impl Resolver<'_> {
    fn there(&self, name: &str) -> Option<Version> {
        let entry = self.database.get(name, None).filter(|entry| entry.is_present());
        entry.map(|entry| entry.version.clone())
    }

    /// The newest version, unless one is given; needed packages only if they are not there.
    fn install(&mut self, name: &str, version: Option<&Version>) -> Result<(), SysError> {
        let fits = |world: &&(&str, &str, &[&str], &[&str])| {
            world.0 == name && version.is_none_or(|version| version.as_str() == world.1)
        };
        let (name, version, depends, conflicts) = WORLD
            .iter()
            .find(fits)
            .ok_or_else(|| SysError::new(format!("Unable to locate package {name}")))?;
        if self.deltas.iter().any(|delta| conflicts.contains(&delta.name.as_str())) {
            return Err(SysError::new(format!("{name} does not fit with the others")));
        }
        let (from, to) = (self.there(name), Version::new(*version));
        if from.as_ref() != Some(&to) {
            let (name, arch) = ((*name).to_owned(), "all".to_owned());
            self.deltas.push(Delta { name, arch, from, to: After::Version(to) });
        }
        for conflict in *conflicts {
            if self.there(conflict).is_some() {
                self.remove(conflict, After::Removed);
            }
        }
        for need in *depends {
            if self.there(need).is_none() && !self.deltas.iter().any(|delta| delta.name == *need) {
                self.install(need, None)?;
            }
        }
        Ok(())
    }

    fn remove(&mut self, name: &str, to: After) {
        if self.database.get(name, None).is_some() {
            let (name, from) = (name.to_owned(), self.there(name));
            self.deltas.push(Delta { name, arch: String::new(), from, to });
        }
    }
}
