//! Who publishes what is installed: the origin of the list that has a package's version (apt_preferences(5)).

use super::control::each_stanza;
use super::{Database, Version};
use std::collections::HashMap;
use std::io::{self, BufRead};

/// Origins of installed versions, by name and version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origins(HashMap<(String, String), String>);

impl Origins {
    /// Takes in one `Packages` file of this origin: what it has of the installed versions.
    pub(crate) fn read(
        &mut self,
        list: impl BufRead,
        origin: &str,
        installed: &Database,
    ) -> io::Result<()> {
        each_stanza(list, &["Package", "Version"], |stanza| {
            let (name, version) = (stanza.get("Package"), stanza.get("Version"));
            let is_there = installed
                .get(name, Some("any"))
                .is_some_and(|entry| entry.is_installed() && entry.version.as_str() == version);
            if is_there {
                let key = (name.to_owned(), version.to_owned());
                self.0.entry(key).or_insert_with(|| origin.to_owned());
            }
            Ok(())
        })
    }

    /// Who publishes this version; empty if no list has it.
    pub(crate) fn of(&self, name: &str, version: &Version) -> &str {
        self.0.get(&(name.to_owned(), version.as_str().to_owned())).map_or("", String::as_str)
    }
}

/// What a `Release` file, signed or not, says of its origin.
pub(crate) fn origin_of(release: impl BufRead) -> io::Result<String> {
    let mut origin = String::new();
    each_stanza(release, &["Origin"], |stanza| {
        if origin.is_empty() {
            stanza.get("Origin").clone_into(&mut origin);
        }
        Ok(())
    })?;
    Ok(origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_installed_versions_have_an_origin() {
        let status = "Package: a\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n\n\
            Package: b\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n";
        let mut installed = Database::new(vec!["amd64".to_owned()]);
        installed.read(status.as_bytes()).unwrap();
        let list = "Package: a\nVersion: 1\n\nPackage: b\nVersion: 2\n";
        let mut origins = Origins::default();
        origins.read(list.as_bytes(), "Debian", &installed).unwrap();
        let of = |name| origins.of(name, &Version::new("1"));
        assert_eq!((of("a"), of("b")), ("Debian", ""));
    }

    #[test]
    fn signed_releases_say_their_origin_too() {
        let signed =
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nOrigin: Debian\nLabel: Debian\n";
        assert_eq!(origin_of(signed.as_bytes()).unwrap(), "Debian");
    }
}
