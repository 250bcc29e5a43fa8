//! A small world of packages that can be had, and an apt for it that behaves: dependencies come along, conflicts go,
//! and what does not fit together is refused.

use super::Empty;
use crate::sys::SysError;
use crate::sys::packages::*;
use hep_protocol::value::AbsPath;
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

const PROVIDES: &[(&str, &str)] = &[("mail-a", "mail-agent"), ("mail-b", "mail-agent"), ("only-one", "lonely")];

impl ObservePackages for Empty {
    fn packages(&self) -> Result<Database, SysError> {
        Ok(Database::new(vec!["amd64".to_owned()]))
    }

    fn settle(&self, _patience: Duration) -> Result<(), SysError> {
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
            let provides = provides.map_or(String::new(), |(_, name)| format!("Provides: {name}\n"));
            format!("Package: {name}\nVersion: {version}\nArchitecture: all\n{provides}\n")
        };
        let list: String = WORLD.iter().map(stanza).collect();
        let mut catalogue = Catalogue::default();
        catalogue.read(list.as_bytes()).map_err(|e| SysError::io("cannot read the world", e))?;
        Ok(catalogue)
    }

    fn package_file(&self, _path: &AbsPath) -> Result<Option<PackageFile>, SysError> {
        Ok(None)
    }

    fn answers(&self, _questions: &[&str]) -> Result<BTreeMap<String, String>, SysError> {
        Ok(BTreeMap::new())
    }

    fn simulate(&self, transaction: &Transaction) -> Result<Vec<Delta>, SysError> {
        let mut chosen: Vec<(String, String)> = Vec::new();
        let installs = match transaction.verb {
            Verb::Install | Verb::BuildDep | Verb::Upgrade(_) => true,
            // There is nothing to remove here.
            Verb::Remove | Verb::Purge | Verb::Autoremove => false,
        };
        for target in transaction.targets.iter().filter(|_| installs) {
            if let Target::Named { name, version, .. } = target {
                choose(&mut chosen, name, version.as_ref().map(Version::as_str))?;
            }
        }
        for (name, _) in &chosen {
            let conflicts = WORLD.iter().filter(|(own, ..)| own == name).flat_map(|world| world.3);
            for conflict in conflicts {
                if chosen.iter().any(|(other, _)| other == conflict) {
                    return Err(SysError::new(format!("{name} conflicts with {conflict}")));
                }
            }
        }
        let delta = |(name, version): (String, String)| Delta {
            name,
            arch: "all".to_owned(),
            from: None,
            to: After::Version(Version::new(version)),
        };
        Ok(chosen.into_iter().map(delta).collect())
    }
}

fn choose(chosen: &mut Vec<(String, String)>, name: &str, version: Option<&str>) -> Result<(), SysError> {
    if chosen.iter().any(|(old, _)| old == name) {
        return Ok(());
    }
    let fits = |world: &&(&str, &str, &[&str], &[&str])| {
        world.0 == name && version.is_none_or(|version| version == world.1)
    };
    let (name, version, depends, _) = WORLD
        .iter()
        .find(fits)
        .ok_or_else(|| SysError::new(format!("Unable to locate package {name}")))?;
    chosen.push(((*name).to_owned(), (*version).to_owned()));
    depends.iter().try_for_each(|name| choose(chosen, name, None))
}
