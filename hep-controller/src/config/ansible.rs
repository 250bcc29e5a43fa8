//! ansible.cfg and the environment's `ANSIBLE_*`: what of Ansible's configuration hep does, what it refuses since hosts
//! would become something else without it, and what it passes over.
//!
//! An environment variable beats the file. Of the files only the first that is there is read: that of `ANSIBLE_CONFIG`,
//! `ansible.cfg` of the working directory, `~/.ansible.cfg`, `/etc/ansible/ansible.cfg`.

mod file;
mod table;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::inventory::Surroundings;
use crate::remote::Transport;
use crate::source::{Source, Span};
use crate::writers;
use hep_protocol::rights::Method;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use table::{Effect, SETTINGS, is_yes, of_key};

/// What Ansible's configuration says, as far as hep does it.
#[derive(Debug, Default)]
pub(crate) struct AnsibleConfig {
    /// The file that was read.
    pub(crate) file: Option<PathBuf>,
    pub(crate) inventory: Vec<PathBuf>,
    pub(crate) roles_path: Vec<PathBuf>,
    pub(crate) collections_path: Vec<PathBuf>,
    pub(crate) remote_user: Option<String>,
    pub(crate) remote_port: Option<u16>,
    pub(crate) private_key: Option<PathBuf>,
    /// Whether hosts' keys have to be known.
    pub(crate) host_key_checking: Option<bool>,
    pub(crate) forks: Option<usize>,
    /// For a connection, in seconds.
    pub(crate) timeout: Option<u64>,
    pub(crate) retries: Option<u32>,
    pub(crate) transport: Option<Transport>,
    pub(crate) ask_pass: bool,
    pub(crate) password_file: Option<PathBuf>,
    pub(crate) becomes: bool,
    pub(crate) become_user: Option<String>,
    pub(crate) become_method: Option<Method>,
    pub(crate) become_ask_pass: bool,
    pub(crate) become_password_file: Option<PathBuf>,
    /// Whether plays gather facts only if they say so.
    pub(crate) explicit_facts: bool,
    /// For a task, in seconds.
    pub(crate) task_timeout: Option<u32>,
    pub(crate) verbosity: u8,
    pub(crate) diff: bool,
    pub(crate) tags: Vec<String>,
    pub(crate) skip_tags: Vec<String>,
    /// What `ansible_managed` stands for.
    pub(crate) managed: Option<String>,
    /// Where it says that one failure ends the run for all hosts.
    pub(crate) any_errors_fatal: Option<Diagnostic>,
    /// Words for `ssh`, by the variables that would say them.
    pub(crate) ssh_arguments: Vec<(&'static str, String)>,
    /// What is passed over, and changes nothing on hosts.
    pub(crate) mentions: Vec<String>,
    pub(crate) warnings: Vec<String>,
}

/// A setting with where it is said.
#[derive(Clone, Debug)]
struct Said {
    value: String,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    File(Arc<Source>, Span),
    Variable(String),
}

impl Said {
    fn diagnostic(&self, message: String) -> Diagnostic {
        match &self.place {
            Place::File(source, span) => Diagnostic::at(source, *span, message),
            Place::Variable(name) => Diagnostic::of_file(Path::new(name), message),
        }
    }

    /// What relative paths begin at: the file, else the working directory.
    fn base<'a>(&'a self, around: &'a Surroundings) -> &'a Path {
        match &self.place {
            Place::File(source, _) => source.path.parent().unwrap_or(Path::new("")),
            Place::Variable(_) => &around.working_directory,
        }
    }

    fn place(&self) -> String {
        match &self.place {
            Place::File(source, span) => {
                let before = source.text.get(..span.start).unwrap_or_default();
                let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
                format!("{}:{line}", source.path.display())
            }
            Place::Variable(name) => name.clone(),
        }
    }
}

/// The environment, as names and texts.
pub(crate) type Environment = BTreeMap<String, String>;

/// The environment of this process; what is no text has no name in it.
pub(crate) fn environment() -> Environment {
    let text = |(name, value): (OsString, OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text).collect()
}

impl AnsibleConfig {
    /// Reads the configuration.
    ///
    /// # Errors
    /// A file that cannot be read, values that are none, and settings that hep does not do although hosts would become
    /// something else without them.
    pub(crate) fn read(
        environment: &Environment,
        around: &Surroundings,
    ) -> Result<AnsibleConfig, Diagnostics> {
        let mut reading = Reading {
            config: AnsibleConfig::default(),
            said: BTreeMap::new(),
            environment,
            around,
            problems: Diagnostics::default(),
        };
        if let Some(path) = reading.file() {
            let source = Source::read(&path)?;
            reading.lines(&source);
            reading.config.file = Some(path);
        }
        reading.variables();
        reading.judge();
        reading.take();
        reading.problems.unless(reading.config)
    }
}

struct Reading<'a> {
    config: AnsibleConfig,
    /// By `section.key`.
    said: BTreeMap<String, Said>,
    environment: &'a Environment,
    around: &'a Surroundings,
    problems: Diagnostics,
}

impl Reading<'_> {
    /// The file that counts. One in a working directory that others may write is passed over, with a word.
    fn file(&mut self) -> Option<PathBuf> {
        const NAME: &str = "ansible.cfg";
        if let Some(given) = self.environment.get("ANSIBLE_CONFIG") {
            let path = self.around.working_directory.join(expanded(given, self.around));
            let path = if path.is_dir() { path.join(NAME) } else { path };
            if path.exists() {
                return Some(path);
            }
        }
        let here = self.around.working_directory.join(NAME);
        if here.is_file() {
            match writers::exposed(&here) {
                None => return Some(PathBuf::from(NAME)),
                Some(exposed) => self.config.warnings.push(format!(
                    "{NAME} of the working directory is ignored: {exposed}; `ANSIBLE_CONFIG={NAME}` takes it all the same"
                )),
            }
        }
        let own = self.around.home.as_ref().map(|home| home.join(".ansible.cfg"));
        let system = PathBuf::from("/etc/ansible").join(NAME);
        own.into_iter().chain([system]).find(|path| path.is_file())
    }

    fn lines(&mut self, source: &Arc<Source>) {
        for file::Line { key, value, span } in file::lines(source) {
            let said = Said { value, place: Place::File(Arc::clone(source), span) };
            self.said.insert(key, said);
        }
    }

    fn variables(&mut self) {
        let known = SETTINGS.iter().filter(|setting| !setting.variable.is_empty());
        for setting in known {
            if let Some(value) = self.environment.get(setting.variable) {
                let place = Place::Variable(setting.variable.to_owned());
                self.said.insert(setting.key.to_owned(), Said { value: value.clone(), place });
            }
        }
        let foreign = self.environment.keys().filter(|name| {
            name.starts_with("ANSIBLE_")
                && *name != "ANSIBLE_CONFIG"
                && !SETTINGS.iter().any(|setting| setting.variable == **name)
        });
        let mentions = foreign.map(|name| format!("{name} changes nothing here"));
        self.config.mentions.extend(mentions);
    }

    /// What is refused, what is done otherwise, and what is passed over.
    fn judge(&mut self) {
        for (key, said) in &self.said {
            let name = key.split_once('.').map_or(key.as_str(), |(_, name)| name);
            let effect = of_key(key).map_or(Effect::Mentioned, |setting| setting.effect);
            match effect {
                Effect::Taken => {}
                Effect::Only(values, _)
                    if values.contains(&said.value.to_ascii_lowercase().as_str()) => {}
                Effect::Only(_, hint) => {
                    let message =
                        format!("hep does not do what `{name} = {}` asks for", said.value);
                    self.problems.push(said.diagnostic(message).hint(hint));
                }
                Effect::Warned(why) => {
                    let usual = is_yes(&said.value);
                    if !usual {
                        let line = format!("{}: `{name}` is ignored: {why}", said.place());
                        self.config.warnings.push(line);
                    }
                }
                Effect::Mentioned => {
                    let line = format!("{}: `{name}` changes nothing here", said.place());
                    self.config.mentions.push(line);
                }
            }
        }
    }

    fn text(&self, key: &str) -> Option<String> {
        self.said.get(key).map(|said| said.value.trim().to_owned()).filter(|text| !text.is_empty())
    }

    fn truth(&self, key: &str) -> Option<bool> {
        self.text(key).map(|text| is_yes(&text))
    }

    fn list(&self, key: &str) -> Vec<String> {
        let text = self.text(key).unwrap_or_default();
        let words = text.split([',', '\n']).map(str::trim).filter(|word| !word.is_empty());
        words.map(str::to_owned).collect()
    }

    fn number<T: std::str::FromStr>(&mut self, key: &str) -> Option<T> {
        let said = self.said.get(key)?;
        let number = said.value.trim().parse().ok();
        if number.is_none() {
            let message = format!("`{}` is not a number that fits here", said.value);
            self.problems.push(said.diagnostic(message).hint("write a whole number"));
        }
        number
    }

    fn path(&self, key: &str) -> Option<PathBuf> {
        let said = self.said.get(key).filter(|said| !said.value.is_empty())?;
        Some(self.resolved(&said.value, said))
    }

    /// Several paths.
    fn paths(&self, key: &str, separator: &[char]) -> Vec<PathBuf> {
        let Some(said) = self.said.get(key) else { return Vec::new() };
        let words = said.value.split(separator).map(str::trim).filter(|word| !word.is_empty());
        words.map(|word| self.resolved(word, said)).collect()
    }

    fn resolved(&self, word: &str, said: &Said) -> PathBuf {
        let here = self.around.working_directory.to_string_lossy();
        let word = word.replace("{{CWD}}", &here).replace("{{ CWD }}", &here);
        said.base(self.around).join(expanded(&word, self.around))
    }

    /// Fills in what is taken.
    fn take(&mut self) {
        self.config.inventory = match self.said.get("defaults.inventory") {
            // A list of names is no path.
            Some(said) if said.value.trim_end().ends_with(',') => vec![said.value.trim().into()],
            Some(_) | None => self.paths("defaults.inventory", &[',']),
        };
        let home = self
            .path("defaults.home")
            .or_else(|| self.around.home.as_ref().map(|home| home.join(".ansible")));
        self.config.roles_path = self.paths("defaults.roles_path", &[':']);
        if !self.said.contains_key("defaults.roles_path") {
            let own = home.iter().map(|home| home.join("roles"));
            let system = ["/usr/share/ansible/roles", "/etc/ansible/roles"].map(PathBuf::from);
            self.config.roles_path = own.chain(system).collect();
        }
        let key = ["defaults.collections_path", "defaults.collections_paths"]
            .into_iter()
            .find(|key| self.said.contains_key(*key));
        self.config.collections_path = match key {
            Some(key) => self.paths(key, &[':']),
            None => {
                let own = home.iter().map(|home| home.join("collections"));
                own.chain([PathBuf::from("/usr/share/ansible/collections")]).collect()
            }
        };
        self.take_login();
        self.take_rights();
        self.take_run();
    }

    fn take_login(&mut self) {
        self.config.remote_user = self.text("defaults.remote_user");
        self.config.remote_port = self.number("defaults.remote_port");
        self.config.private_key = self.path("defaults.private_key_file");
        let checking = ["ssh_connection.host_key_checking", "defaults.host_key_checking"];
        self.config.host_key_checking = checking.into_iter().find_map(|key| self.truth(key));
        self.config.forks = self.number("defaults.forks");
        self.config.timeout = self.number("defaults.timeout");
        self.config.retries = self.number("ssh_connection.retries");
        self.config.ask_pass = self.truth("defaults.ask_pass").unwrap_or_default();
        self.config.password_file = self.path("defaults.connection_password_file");
        let arguments = [
            ("ansible_ssh_args", "ssh_connection.ssh_args"),
            ("ansible_ssh_common_args", "ssh_connection.ssh_common_args"),
            ("ansible_ssh_extra_args", "ssh_connection.ssh_extra_args"),
        ];
        let said = arguments.into_iter().filter_map(|(name, key)| Some((name, self.text(key)?)));
        self.config.ssh_arguments = said.collect();
        let Some(said) = self.said.get("defaults.transport") else { return };
        match said.value.rsplit('.').next().unwrap_or_default() {
            "local" => self.config.transport = Some(Transport::Local),
            word if crate::inventory::is_connection(word) => {}
            word => {
                let message = format!("hep has no connection `{word}`");
                self.problems.push(said.diagnostic(message).hint("write `ssh` or `local`"));
            }
        }
    }

    fn take_rights(&mut self) {
        self.config.becomes = self.truth("privilege_escalation.become").unwrap_or_default();
        self.config.become_user = self.text("privilege_escalation.become_user");
        self.config.become_ask_pass =
            self.truth("privilege_escalation.become_ask_pass").unwrap_or_default();
        self.config.become_password_file = self.path("defaults.become_password_file");
        let Some(said) = self.said.get("privilege_escalation.become_method") else { return };
        let word = said.value.rsplit('.').next().unwrap_or_default();
        match Method::named(word) {
            Some(method) => self.config.become_method = Some(method),
            None => {
                let message = format!("hep knows no way `{word}` to become another user");
                let hint = format!("write {}", Method::names());
                self.problems.push(said.diagnostic(message).hint(hint));
            }
        }
    }

    fn take_run(&mut self) {
        self.config.task_timeout = self.number("defaults.task_timeout").filter(|n| *n > 0);
        self.config.verbosity = self.number("defaults.verbosity").unwrap_or_default();
        self.config.diff = self.truth("diff.always").unwrap_or_default();
        self.config.tags = self.list("tags.run");
        self.config.skip_tags = self.list("tags.skip");
        self.config.managed = self.text("defaults.ansible_managed");
        if let Some(said) = self.said.get("defaults.any_errors_fatal").filter(|s| is_yes(&s.value))
        {
            let message = "hep does not end the run of all hosts when one fails".to_owned();
            let hint = "remove it, or work on one host at a time with `serial: 1` and `max_fail_percentage`";
            self.config.any_errors_fatal = Some(said.diagnostic(message).hint(hint));
        }
        let Some(said) = self.said.get("defaults.gathering") else { return };
        match said.value.as_str() {
            "implicit" => {}
            "explicit" => self.config.explicit_facts = true,
            "smart" => {
                let line = format!(
                    "{}: facts are as new in each play as with `gathering = implicit`",
                    said.place()
                );
                self.config.warnings.push(line);
            }
            word => {
                let message = format!("`{word}` is not a way to gather facts");
                let hint = "write `implicit`, `explicit` or `smart`";
                self.problems.push(said.diagnostic(message).hint(hint));
            }
        }
    }
}

/// A path with `~` and `$NAME` resolved.
fn expanded(word: &str, around: &Surroundings) -> PathBuf {
    let word = match (word.strip_prefix('~'), &around.home) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
            return home.join(rest.trim_start_matches('/'));
        }
        (Some(_) | None, _) => word,
    };
    PathBuf::from(word)
}

#[cfg(test)]
mod tests;
