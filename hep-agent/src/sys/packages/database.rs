//! What dpkg has: its database in memory, read from the text of `/var/lib/dpkg/status` (dpkg(1), "package states").

use super::control::each_stanza;
use super::{Version, matches};
use std::collections::BTreeMap;
use std::io::{self, BufRead};

/// What the administrator wants of a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    /// It should be there.
    Install,
    /// It should stay as it is.
    Hold,
    /// It should go.
    Deinstall,
    /// It should go with its configuration.
    Purge,
    /// Unknown.
    Unknown,
}

/// How far dpkg is with a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Only its configuration files are there.
    ConfigFiles,
    /// Its installation was begun and not finished.
    HalfInstalled,
    /// It is unpacked and not configured.
    Unpacked,
    /// Its configuration was begun and not finished.
    HalfConfigured,
    /// It waits for the triggers of other packages.
    TriggersAwaited,
    /// Its triggers are yet to run.
    TriggersPending,
    /// It is there and configured.
    Installed,
}

/// One package that dpkg knows something of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its name.
    pub(crate) name: String,
    /// Its architecture; `all` if it fits every one.
    pub(crate) arch: String,
    /// Its version; the one it had if only its configuration files are there.
    pub(crate) version: Version,
    /// What is wanted of it.
    pub(crate) want: Want,
    /// Whether dpkg says that it must be installed anew.
    pub(crate) reinstall: bool,
    /// How far dpkg is with it.
    pub(crate) status: Status,
    /// The virtual names it provides.
    pub(crate) provides: Vec<String>,
    /// What kind of package it is: `admin`, `libs`; empty where nothing says so.
    pub(crate) section: String,
    /// Whether it came for another package only (apt-mark(8)).
    pub(crate) auto: bool,
}

impl Entry {
    /// Whether it is there and works.
    pub(crate) fn is_installed(&self) -> bool {
        !self.reinstall
            && match self.status {
                Status::Installed | Status::TriggersAwaited | Status::TriggersPending => true,
                Status::ConfigFiles
                | Status::HalfInstalled
                | Status::Unpacked
                | Status::HalfConfigured => false,
            }
    }

    /// Whether more of it is there than configuration files.
    pub(crate) fn is_present(&self) -> bool {
        self.status != Status::ConfigFiles
    }

    /// Whether dpkg was interrupted at it.
    pub(crate) fn is_broken(&self) -> bool {
        self.is_present() && !self.is_installed()
    }
}

/// All that dpkg knows something of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Database {
    /// The architectures that packages may have, the machine's own first.
    pub(crate) architectures: Vec<String>,
    /// Whether dpkg was interrupted in writing its database.
    pub(crate) unfinished: bool,
    entries: BTreeMap<String, Vec<Entry>>,
}

impl Database {
    /// No package at all.
    pub(crate) fn new(architectures: Vec<String>) -> Self {
        Self { architectures, ..Self::default() }
    }

    /// Takes in dpkg's status file, or a piece of its journal, which is of the same form and newer. A stanza that cannot be
    /// understood is an error: what it hides might matter.
    pub(crate) fn read(&mut self, status: impl BufRead) -> io::Result<()> {
        let fields = ["Package", "Status", "Architecture", "Version", "Provides", "Section"];
        each_stanza(status, &fields, |stanza| {
            let (name, words) = (stanza.get("Package"), stanza.get("Status"));
            let sense = states(words).filter(|_| !name.is_empty()).ok_or_else(|| {
                let name = name.chars().take(100).collect::<String>().escape_debug().to_string();
                let words = words.chars().take(100).collect::<String>().escape_debug().to_string();
                io::Error::other(format!("package `{name}` has a strange state: `{words}`"))
            })?;
            let arch = stanza.get("Architecture");
            match sense {
                (want, reinstall, Some(status)) => self.insert(Entry {
                    name: name.to_owned(),
                    arch: arch.to_owned(),
                    version: Version::new(stanza.get("Version")),
                    want,
                    reinstall,
                    status,
                    provides: provided(stanza.get("Provides")).map(str::to_owned).collect(),
                    section: stanza.get("Section").to_owned(),
                    auto: false,
                }),
                (_, _, None) => self.remove(name, arch),
            }
            Ok(())
        })
    }

    /// What a name needs after it to mean this architecture: nothing for the machine's own.
    pub(crate) fn qualifier(&self, arch: &str) -> Option<String> {
        (arch != "all" && arch != self.native() && !arch.is_empty()).then(|| arch.to_owned())
    }

    /// The machine's own architecture.
    pub(crate) fn native(&self) -> &str {
        self.architectures.first().map_or("", String::as_str)
    }

    /// Puts an entry in place of the one with its name and architecture.
    pub(crate) fn insert(&mut self, entry: Entry) {
        let entries = self.entries.entry(entry.name.clone()).or_default();
        // A package that becomes `all` or ceases to be replaces its other self; only foreign ones live side by side.
        let native = self.architectures.first();
        let own = |arch: &str| arch == "all" || Some(arch) == native.map(String::as_str);
        entries.retain(|old| old.arch != entry.arch && !(own(&old.arch) && own(&entry.arch)));
        entries.push(entry);
    }

    /// Forgets an entry.
    pub(crate) fn remove(&mut self, name: &str, arch: &str) {
        if let Some(entries) = self.entries.get_mut(name) {
            entries.retain(|entry| entry.arch != arch);
            if entries.is_empty() {
                self.entries.remove(name);
            }
        }
    }

    /// The package that a name means: of the given architecture, or of the machine's own.
    pub(crate) fn get(&self, name: &str, arch: Option<&str>) -> Option<&Entry> {
        let entries = self.entries.get(name)?;
        entries.iter().find(|entry| self.fits(&entry.arch, arch))
    }

    /// The same, to change it.
    pub(crate) fn get_mut(&mut self, name: &str, arch: Option<&str>) -> Option<&mut Entry> {
        let found = self.get(name, arch)?.arch.clone();
        self.entries.get_mut(name)?.iter_mut().find(|entry| entry.arch == found)
    }

    /// Whether a package of this architecture is meant by a name with or without one (apt-get(8), `:any` and `:native`).
    pub(crate) fn fits(&self, arch: &str, wanted: Option<&str>) -> bool {
        match wanted {
            Some("any") => true,
            Some("all") | Some("native") | None => arch == "all" || arch == self.native(),
            Some(wanted) => arch == wanted || (arch == "all" && wanted == self.native()),
        }
    }

    /// Every entry, by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values().flatten()
    }

    /// Every entry, to change it.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.entries.values_mut().flatten()
    }

    /// The entries of the machine's own (or the given) architecture whose name matches a pattern.
    pub(crate) fn matching(&self, pattern: &str, arch: Option<&str>) -> Vec<&Entry> {
        let fits = |entry: &&Entry| self.fits(&entry.arch, arch) && matches(pattern, &entry.name);
        self.iter().filter(fits).collect()
    }

    /// An installed package that provides a virtual name.
    pub(crate) fn provider(&self, name: &str) -> Option<&Entry> {
        self.iter()
            .find(|entry| entry.is_installed() && entry.provides.iter().any(|own| own == name))
    }

    /// The names of the packages that dpkg was interrupted at.
    pub(crate) fn broken(&self) -> Vec<String> {
        self.iter().filter(|entry| entry.is_broken()).map(|entry| entry.name.clone()).collect()
    }

    /// Whether dpkg was interrupted and has to finish first.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.unfinished || self.iter().any(Entry::is_broken)
    }
}

/// The names in a `Provides` field, without their versions.
pub(crate) fn provided(field: &str) -> impl Iterator<Item = &str> {
    let name = |part: &str| part.split(['(', ':']).next().map(str::trim).map(str::len);
    field
        .split(',')
        .map(str::trim)
        .filter_map(move |part| part.get(..name(part)?))
        .filter(|name| !name.is_empty())
}

/// The three words of a `Status` field. The last is `None` for `not-installed`.
fn states(field: &str) -> Option<(Want, bool, Option<Status>)> {
    let mut words = field.split_ascii_whitespace();
    let want = match words.next()? {
        "install" => Want::Install,
        "hold" => Want::Hold,
        "deinstall" => Want::Deinstall,
        "purge" => Want::Purge,
        "unknown" => Want::Unknown,
        _ => return None,
    };
    let reinstall = match words.next()? {
        "ok" => false,
        "reinstreq" | "hold-reinstreq" | "hold" => true,
        _ => return None,
    };
    let status = match words.next()? {
        "not-installed" => None,
        "config-files" => Some(Status::ConfigFiles),
        "half-installed" => Some(Status::HalfInstalled),
        "unpacked" => Some(Status::Unpacked),
        "half-configured" => Some(Status::HalfConfigured),
        "triggers-awaited" => Some(Status::TriggersAwaited),
        "triggers-pending" => Some(Status::TriggersPending),
        "installed" => Some(Status::Installed),
        _ => return None,
    };
    Some((want, reinstall, status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> io::Result<Database> {
        let mut database = Database::new(vec!["amd64".to_owned(), "i386".to_owned()]);
        database.read(text.as_bytes()).map(|()| database)
    }

    fn entry(status: &str) -> Option<Entry> {
        let text = format!("Package: x\nStatus: {status}\nArchitecture: all\nVersion: 1.0\n");
        read(&text).unwrap().get("x", None).cloned()
    }

    #[test]
    fn states_are_told_apart() {
        let expected = [
            ("install ok installed", "installed"),
            ("hold ok installed", "installed"),
            ("deinstall ok installed", "installed"),
            ("install ok triggers-pending", "installed"),
            ("install ok triggers-awaited", "installed"),
            ("install reinstreq installed", "broken"),
            ("install reinstreq half-installed", "broken"),
            ("install ok unpacked", "broken"),
            ("install ok half-configured", "broken"),
            ("deinstall ok config-files", "configuration"),
            ("hold ok config-files", "configuration"),
            ("purge ok not-installed", "nothing"),
            ("unknown ok not-installed", "nothing"),
        ];
        for (status, expected) in expected {
            let found = match entry(status) {
                None => "nothing",
                Some(entry) if entry.is_installed() => "installed",
                Some(entry) if entry.is_broken() => "broken",
                Some(entry) if !entry.is_present() => "configuration",
                Some(_) => "?",
            };
            assert_eq!(found, expected, "{status}");
        }
        assert_eq!(entry("hold ok installed").unwrap().want, Want::Hold);
    }

    #[test]
    fn strange_states_are_errors() {
        for text in
            ["Package: x\nStatus: install ok\n", "Package: x\n", "Status: install ok installed\n"]
        {
            assert!(read(text).is_err(), "{text}");
        }
        let error = read("Package: x\nStatus: install ok great\n").unwrap_err();
        assert_eq!(error.to_string(), "package `x` has a strange state: `install ok great`");
    }

    #[test]
    fn architectures_live_side_by_side() {
        let stanza = |arch: &str, version: &str| {
            format!(
                "Package: libc6\nStatus: install ok installed\nArchitecture: {arch}\nVersion: {version}\n\n"
            )
        };
        let database = read(&(stanza("i386", "1") + &stanza("amd64", "2"))).unwrap();
        let version = |arch| database.get("libc6", arch).map(|entry| entry.version.as_str());
        assert_eq!(version(None), Some("2"));
        assert_eq!(version(Some("i386")), Some("1"));
        assert_eq!(version(Some("arm64")), None);
        let foreign = read(&stanza("i386", "1")).unwrap();
        assert_eq!(foreign.get("libc6", None), None);
    }

    #[test]
    fn virtual_names_are_had_from_installed_packages_only() {
        let stanza = |name: &str, status: &str| {
            format!(
                "Package: {name}\nStatus: {status}\nArchitecture: all\nProvides: mta, lib:any (= 2), x\n\n"
            )
        };
        let text = stanza("a", "deinstall ok config-files") + &stanza("b", "install ok installed");
        let database = read(&text).unwrap();
        let provider = |name| database.provider(name).map(|entry| entry.name.as_str());
        assert_eq!((provider("mta"), provider("lib"), provider("y")), (Some("b"), Some("b"), None));
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in "(Package: [a-c]\n|Status: (install|hold) ok (installed|unpacked)\n|\n| x\n|\\PC{0,9}\n){0,20}") {
            read(&text).ok();
        }
    }
}
