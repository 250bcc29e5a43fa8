//! The files that a command works on where it does not name them, and what is usual on this machine. Contacts nothing.

use crate::config::{self, Config, Whose};
use crate::inventory::{self, Inventory, NoSelection, Surroundings};
use crate::refusal::Refusal;
use crate::source::Source;
use crate::words::{all_of, alternatives};
use crate::writers;
use std::path::{Path, PathBuf};

/// The config that is taken without being asked for.
const OWN_CONFIG: &str = "hep.yml";

/// The same with YAML's other ending, which is not taken.
const SPELT_OTHERWISE: &str = "hep.yaml";

/// The older name for it, which other programs use too.
const SHARED_CONFIG: &str = "config.yml";

/// The config: the one given, else a usual one of the working directory if it is there, else an empty one. With it a word
/// about a file that was passed over.
///
/// # Errors
/// Every mistake in it. Unasked, that others may write it: it names commands to run.
pub(crate) fn config(given: Option<&Path>) -> Result<(Config, Option<String>), Refusal> {
    if let Some(path) = given {
        let word = path.to_string_lossy();
        if inventory::is_connection(&word) && !path.exists() {
            let hint = format!(
                "`-c` names the config; to connect another way, write {}",
                alternatives(&["--transport ssh2", "--transport openssh", "--transport local"])
            );
            return Err(Refusal::new(format!("there is no config `{word}`"), hint));
        }
        return Ok((Config::read(path).map_err(Refusal::Mistakes)?, None));
    }
    let (own, shared) = (Path::new(OWN_CONFIG), Path::new(SHARED_CONFIG));
    if own.is_file() {
        return unasked(own).map(|config| (config, None));
    }
    let spelt = Path::new(SPELT_OTHERWISE).is_file().then(|| {
        format!("{SPELT_OTHERWISE} is ignored: rename it to `{OWN_CONFIG}`, or name it with `-c`")
    });
    if !shared.is_file() {
        return Ok((Config::default(), spelt));
    }
    let source = Source::read(shared).map_err(Refusal::Mistakes)?;
    match config::whose(&source) {
        Whose::Own => unasked(shared).map(|config| (config, spelt)),
        Whose::Foreign(None) => Ok((Config::default(), spelt)),
        Whose::Foreign(Some(key)) => {
            let word = format!(
                "{SHARED_CONFIG} is ignored: it has `{key}`, which is not a key of hep's config; hep's own config is `{OWN_CONFIG}`, \
                 or is named with `-c`"
            );
            Ok((Config::default(), Some(spelt.unwrap_or(word))))
        }
    }
}

/// A config that the operator has not named.
fn unasked(path: &Path) -> Result<Config, Refusal> {
    if let Some(exposed) = writers::exposed(path) {
        let path = path.display();
        let what = format!(
            "`{path}` in the working directory is not used, since others can change it: {exposed}"
        );
        let hint = format!("`-c {path}` takes it all the same; it may name commands that hep runs");
        return Err(Refusal::new(what, hint));
    }
    Config::read(path).map_err(Refusal::Mistakes)
}

/// The manifest to push.
///
/// # Errors
/// Nothing names one.
pub(crate) fn manifest(given: Option<&Path>, config: &Config) -> Result<PathBuf, Refusal> {
    let found = given.or(config.manifest.as_deref()).map(Path::to_owned);
    found.ok_or_else(|| {
        Refusal::new(
            "no manifest is named",
            "name it as in `hep push site.yml`, or write `manifest: site.yml` into the config given with `-c`, \
             or into `./hep.yml`",
        )
    })
}

/// The hosts file.
///
/// # Errors
/// Nothing names one.
pub(crate) fn hosts(given: Option<&Path>, config: &Config) -> Result<PathBuf, Refusal> {
    let found = given.or(config.hosts.as_deref()).map(Path::to_owned);
    found.ok_or_else(|| {
        Refusal::new(
            "no hosts file is named",
            "name it with `-i hosts`, or write `hosts: hosts` into the config given with `-c`, or into \
             `./hep.yml`; `hep apply` works on this machine and needs none",
        )
    })
}

/// The hosts to work on, as numbers: those of the pattern, all without one, that the limit leaves.
///
/// # Errors
/// What is wrong with pattern or limit, and that no host is left.
pub(crate) fn chosen(
    inventory: &Inventory,
    pattern: Option<&str>,
    limit: Option<&str>,
) -> Result<Vec<usize>, Refusal> {
    let refused = |NoSelection { message, hint }| Refusal::Other { what: message, hint };
    let chosen = match pattern {
        Some(pattern) => inventory.select(pattern).map_err(refused)?,
        // The number after the last host's is this machine's, which nobody means who does not name it.
        None if limit.is_some() => (0..=inventory.hosts.len()).collect(),
        None => (0..inventory.hosts.len()).collect(),
    };
    let left = match limit {
        Some(limit) => inventory.limit(&chosen, limit).map_err(refused)?,
        None => chosen,
    };
    if left.is_empty() {
        let words: Vec<&str> = pattern.into_iter().chain(limit).collect();
        let what = format!("no host is in {}", all_of(&words));
        return Err(Refusal::new(what, "`hep hosts` shows those there are"));
    }
    Ok(left)
}

/// What is usual on this machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct LocalUser {
    /// The name of the user who runs hep.
    pub(crate) user: Option<String>,
    /// What `~` stands for.
    pub(crate) home: Option<PathBuf>,
    /// The home directory of the system's user list.
    pub(crate) system_home: Option<PathBuf>,
}

impl LocalUser {
    /// As the system says.
    pub(crate) fn of_system() -> LocalUser {
        let user = users::get_current_username().and_then(|name| name.into_string().ok());
        let own = users::get_user_by_uid(users::get_current_uid());
        let system_home = own.map(|own| users::os::unix::UserExt::home_dir(&own).to_owned());
        LocalUser {
            user,
            home: std::env::home_dir().filter(|home| home.is_absolute()),
            system_home,
        }
    }

    /// Where paths begin.
    ///
    /// # Errors
    /// The working directory is gone.
    pub(crate) fn surroundings(&self) -> Result<Surroundings, Refusal> {
        let here = std::env::current_dir();
        let here = here
            .map_err(|error| Refusal::plain(format!("there is no working directory: {error}")))?;
        Ok(Surroundings { working_directory: here, home: self.home.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_no_config() {
        for word in ["local", "ssh", "paramiko"] {
            let refused = config(Some(Path::new(word))).unwrap_err();
            let Refusal::Other { hint: Some(hint), .. } = refused else { panic!("{refused:?}") };
            assert!(hint.contains("`--transport local`"), "{hint}");
        }
        let refused = config(Some(Path::new("elsewhere"))).unwrap_err();
        assert!(matches!(refused, Refusal::Mistakes(_)), "{refused:?}");
    }

    #[test]
    fn whoever_misses_a_file_learns_the_three_ways_to_name_it() {
        let config = Config::default();
        for refused in [manifest(None, &config), hosts(None, &config)] {
            let Err(Refusal::Other { hint: Some(hint), .. }) = refused else {
                panic!("{refused:?}")
            };
            assert!(hint.contains("`-c`") && hint.contains("`./hep.yml`"), "{hint}");
        }
        let config = Config { manifest: Some("a".into()), hosts: Some("b".into()), ..config };
        assert_eq!(manifest(None, &config).unwrap(), Path::new("a"));
        assert_eq!(hosts(None, &config).unwrap(), Path::new("b"));
        assert_eq!(hosts(Some(Path::new("c")), &config).unwrap(), Path::new("c"));
    }
}
