//! What apt's index offers: every name with its versions, and who provides which virtual name.

use super::Version;
use super::control::each_stanza;
use super::database::provided;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead};

/// One version of a package that can be had.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Offer {
    version: Version,
    arch: String,
}

/// Every package that can be had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Catalogue {
    offers: BTreeMap<String, Vec<Offer>>,
    providers: BTreeMap<String, BTreeSet<String>>,
}

impl Catalogue {
    /// Adds the packages of one `Packages` file.
    pub(crate) fn read(&mut self, list: impl BufRead) -> io::Result<()> {
        let fields = ["Package", "Version", "Architecture", "Provides"];
        each_stanza(list, &fields, |stanza| {
            let name = stanza.get("Package");
            let offer = Offer {
                version: Version::new(stanza.get("Version")),
                arch: stanza.get("Architecture").to_owned(),
            };
            for virtual_name in provided(stanza.get("Provides")) {
                let providers = self.providers.entry(virtual_name.to_owned()).or_default();
                providers.insert(name.to_owned());
            }
            match self.offers.get_mut(name) {
                Some(offers) if offers.contains(&offer) => {}
                Some(offers) => offers.push(offer),
                None => drop(self.offers.insert(name.to_owned(), vec![offer])),
            }
            Ok(())
        })
    }

    /// Whether nothing can be had, as on a host whose index was never fetched.
    pub(crate) fn is_empty(&self) -> bool {
        self.offers.is_empty()
    }

    /// Every name, sorted.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.offers.keys().map(String::as_str)
    }

    /// The versions of a package in the architectures that `fits` accepts, newest first.
    pub(crate) fn versions(&self, name: &str, fits: impl Fn(&str) -> bool) -> Vec<&Version> {
        let offers = self.offers.get(name).into_iter().flatten();
        let mut versions: Vec<&Version> =
            offers.filter(|offer| fits(&offer.arch)).map(|offer| &offer.version).collect();
        versions.sort_by(|one, other| other.compare(one));
        versions.dedup();
        versions
    }

    /// The virtual names that a package provides, in one version or another.
    pub(crate) fn provided_by(&self, name: &str) -> Vec<String> {
        let own = self.providers.iter().filter(|(_, providers)| providers.contains(name));
        own.map(|(virtual_name, _)| virtual_name.clone()).collect()
    }

    /// The names of the packages that provide a virtual name, sorted.
    pub(crate) fn providers(&self, name: &str) -> Vec<&str> {
        self.providers.get(name).into_iter().flatten().map(String::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_newest_first_and_architectures_apart() {
        let list = "Package: a\nVersion: 1.9\nArchitecture: amd64\nProvides: v (= 1), w\n
Package: a\nVersion: 1.10\nArchitecture: amd64\n
Package: a\nVersion: 2\nArchitecture: i386\n
Package: b\nVersion: 1\nArchitecture: all\nProvides: v\n";
        let mut catalogue = Catalogue::default();
        catalogue.read(list.as_bytes()).unwrap();
        let versions = |name: &str, arch: &str| -> Vec<String> {
            catalogue.versions(name, |a| a == arch).iter().map(|v| v.to_string()).collect()
        };
        assert_eq!(versions("a", "amd64"), ["1.10", "1.9"]);
        assert_eq!(versions("a", "i386"), ["2"]);
        assert_eq!(
            (catalogue.providers("v"), catalogue.providers("w")),
            (vec!["a", "b"], vec!["a"])
        );
        assert_eq!(catalogue.names().collect::<Vec<_>>(), ["a", "b"]);
    }
}
