//! What a task does: one module and its parameters. This crate's one list of modules; what is known of each stands in its
//! own file.

pub mod alternatives;
pub mod apt;
pub mod apt_repository;
pub mod assert;
pub mod authorized_key;
pub mod blockinfile;
pub mod command;
pub mod debug;
pub mod fail;
pub mod file;
pub mod find;
pub mod flush;
pub mod getent;
pub mod group;
pub mod hostname;
pub mod ini_file;
pub mod lineinfile;
pub mod locale_gen;
pub mod package_facts;
pub mod ping;
pub mod replace;
pub mod service;
pub mod service_facts;
pub mod set;
pub mod setup;
pub mod slurp;
pub mod stat;
pub mod sysctl;
pub mod timezone;
pub mod user;
pub mod validate_argument_spec;
pub mod wait_for;

pub use crate::about::{About, Effect, Form, Local};

use crate::decode::{self, Homes, Mistake, Tree, What};
use crate::dialect::Dialect;
use crate::expression::{Anchors, Python, Replacement};
use crate::value::{Argv, Mode, PermissionBits};
use serde::{Deserialize, Serialize};

/// The modules, each by its file and the type of its parameters.
macro_rules! modules {
    ($($(#[$what:meta])* $module:ident::$Params:ident,)*) => {
        /// One module with its parameters. In a manifest the variant's name is the key: `file: {dest: /etc/motd}`.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(rename_all = "snake_case")]
        pub enum TaskSpec {
            $($(#[$what])* $Params($module::$Params),)*
        }

        impl TaskSpec {
            /// Every module's name, sorted: the keys a task may have.
            pub const MODULES: [&'static str; [$($module::ABOUT.name),*].len()] =
                [$($module::ABOUT.name),*];

            /// What is known of the module.
            #[must_use]
            pub fn about(&self) -> &'static About {
                match self { $(Self::$Params(_) => &$module::ABOUT,)* }
            }

            /// What every module's parameters can say of themselves.
            #[must_use]
            pub fn params(&self) -> &dyn Params {
                match self { $(Self::$Params(params) => params,)* }
            }

            /// The same, to change them.
            pub fn params_mut(&mut self) -> &mut dyn Params {
                match self { $(Self::$Params(params) => params,)* }
            }

            /// The names of the module's parameters, with other names of them.
            #[cfg(feature = "schema")]
            #[must_use]
            pub fn parameters(module: &str) -> Vec<String> {
                $(if module == $module::ABOUT.name {
                    return crate::about::names(schemars::schema_for!($module::$Params).as_value());
                })*
                Vec::new()
            }

            /// Decodes the parameters of the module of this name; nothing checks yet whether they go together.
            ///
            /// # Errors
            /// The first mistake; also when there is no such module.
            pub fn decode_in(
                dialect: Dialect,
                module: &str,
                params: &impl Tree,
                homes: Homes<'_>,
            ) -> Result<Self, Mistake> {
                $(if module == $module::ABOUT.name {
                    let about = &$module::ABOUT;
                    return decode::decode_in(dialect, about, params, homes).map(Self::$Params);
                })*
                let (word, known) = (module.to_owned(), &Self::MODULES);
                Err(Mistake::new(What::UnknownVariant { word, known }))
            }
        }

        impl About {
            /// What is known of the module of this name.
            #[must_use]
            pub fn of(name: &str) -> &'static Self {
                static ALL: [&About; TaskSpec::MODULES.len()] = [$(&$module::ABOUT),*];
                let place = TaskSpec::MODULES.binary_search(&name).ok();
                place.and_then(|place| ALL.get(place)).copied().unwrap_or(&Self::UNKNOWN)
            }
        }
    };
}

modules! {
    /// Which of several programs a name stands for.
    alternatives::Alternatives,
    /// Debian packages.
    apt::Apt,
    /// A line of apt's sources.
    apt_repository::AptRepository,
    /// Conditions that must hold.
    assert::Assert,
    /// SSH keys that let somebody log in.
    authorized_key::AuthorizedKey,
    /// Lines between two marks in a file.
    blockinfile::Blockinfile,
    /// A program to run.
    command::Command,
    /// Shows a message or a value.
    debug::Debug,
    /// Fails with a message.
    fail::Fail,
    /// Files, directories and links.
    file::File,
    /// Files below directories.
    find::Find,
    /// Notified handlers, now.
    flush::Flush,
    /// Entries of the host's databases.
    getent::Getent,
    /// Groups of users.
    group::Group,
    /// The name of the host.
    hostname::Hostname,
    /// An option in a file of sections.
    ini_file::IniFile,
    /// A line of a file.
    lineinfile::Lineinfile,
    /// Locales that programs can use.
    locale_gen::LocaleGen,
    /// The packages of the host.
    package_facts::PackageFacts,
    /// Whether tasks reach the host.
    ping::Ping,
    /// What a pattern matches in a file.
    replace::Replace,
    /// Services.
    service::Service,
    /// The services of the host.
    service_facts::ServiceFacts,
    /// Variables.
    set::Set,
    /// The facts of Ansible's `setup`.
    setup::Setup,
    /// The content of a file.
    slurp::Slurp,
    /// What a path is.
    stat::Stat,
    /// Parameters of the kernel.
    sysctl::Sysctl,
    /// The time zone of the host.
    timezone::Timezone,
    /// Users.
    user::User,
    /// Arguments that must be as described.
    validate_argument_spec::ValidateArgumentSpec,
    /// Waits for a port, a file or a line in a file.
    wait_for::WaitFor,
}

/// What both sides ask of a module's parameters without knowing the module.
pub trait Params {
    /// A task's name when the manifest gives none: `restart apache2`.
    fn title(&self) -> String;

    /// The local files or directories that the parameters name, as written.
    fn sources(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Parameters that are expressions by themselves, without braces.
    fn expressions(&self) -> Vec<&str> {
        Vec::new()
    }

    /// The variables that the task gives to those after it.
    fn variables(&self) -> Vec<&str> {
        Vec::new()
    }

    /// Those variables with their values, as they are written.
    fn given(&self) -> Option<serde_json::Map<String, serde_json::Value>> {
        None
    }

    /// The values of those variables, as far as they may be kept as they are written.
    fn kept(&self) -> Vec<&serde_json::Value> {
        Vec::new()
    }

    /// The local file in the template language that gives the content.
    fn template(&self) -> Option<&str> {
        None
    }

    /// Jinja's rules for it, as a template's first line has them.
    fn template_rules(&self) -> &str {
        ""
    }

    /// Puts what the template gave in its place, and the mode of its file where that counts.
    fn fill(&mut self, _content: String, _mode: PermissionBits) {}

    /// The mode that it gives what it makes or changes.
    fn mode(&self) -> Option<&Mode> {
        None
    }

    /// How long the task may wait, in seconds, where a task's `timeout` may shorten that.
    fn patience(&mut self) -> Option<&mut Option<u32>> {
        None
    }

    /// Whether the result keeps newlines at the end of what its program wrote.
    fn keeps_ends(&self) -> bool {
        false
    }

    /// Whether the result has what its program wrote as a terminal shows it.
    fn shows_terminal(&self) -> bool {
        false
    }

    /// Checks what no single parameter can know: which go together and which do not.
    ///
    /// # Errors
    /// The first parameter that does not fit the others.
    fn check(&self) -> Result<(), BadParam>;

    /// The same for parameters of a dialect.
    ///
    /// # Errors
    /// The first parameter that does not fit the others.
    fn check_in(&self, _dialect: Dialect) -> Result<(), BadParam> {
        self.check()
    }
}

/// A parameter that does not fit the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadParam {
    /// The parameter's key; the place of the message.
    pub key: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

impl BadParam {
    /// Refuses when `wrong`: the form that every check takes.
    ///
    /// # Errors
    /// The parameter, when `wrong`.
    pub fn when(wrong: bool, key: &'static str, message: &str, hint: &str) -> Result<(), Self> {
        if wrong {
            Err(Self { key, message: message.to_owned(), hint: hint.to_owned() })
        } else {
            Ok(())
        }
    }
}

/// Whether something should be there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is there.
    #[default]
    Present,
    /// It is not.
    Absent,
}

impl State {
    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Absent => "absent",
        }
    }

    /// For a title: `line`, `no line`.
    fn of(self, what: &str) -> String {
        match self {
            Self::Present => what.to_owned(),
            Self::Absent => format!("no {what}"),
        }
    }
}

/// What is wrong with parameters that several modules have.
impl BadParam {
    /// A regular expression in Python's syntax.
    fn pattern(
        key: &'static str,
        written: Option<&str>,
        anchors: Anchors,
    ) -> Result<Option<Python>, Self> {
        let hint = "it is read as Python's `re` reads it";
        let pattern = written.map(|written| Python::new(written, anchors)).transpose();
        pattern.map_err(|message| Self { key, message, hint: hint.to_owned() })
    }

    /// What comes instead of a pattern's match.
    fn replacement(key: &'static str, written: &str, pattern: &Python) -> Result<(), Self> {
        let hint = r"write `\\` for a backslash of its own".to_owned();
        let replacement = Replacement::new(written, pattern);
        replacement.map(|_| ()).map_err(|message| Self { key, message, hint })
    }

    /// Where new lines go: patterns, or words for the ends of the file.
    fn places(after: Option<&str>, before: Option<&str>) -> Result<(), Self> {
        Self::when(
            after.is_some() && before.is_some(),
            "insertbefore",
            "`insertafter` and `insertbefore` both say where new lines go",
            "keep one of them",
        )?;
        let is_pattern = |place: &&str| !["BOF", "EOF"].contains(place);
        Self::pattern("insertafter", after.filter(is_pattern), Anchors::Line)?;
        Self::pattern("insertbefore", before.filter(is_pattern), Anchors::Line).map(|_| ())
    }

    /// A mode where nothing is copied.
    fn own_mode(mode: Option<&Mode>) -> Result<(), Self> {
        Self::when(
            mode.is_some_and(Mode::is_of_source),
            "mode",
            "`mode: preserve` takes the mode of a file that is copied, and there is none",
            "write the mode, as in `mode: \"0644\"`",
        )
    }

    /// A command that checks a file's new content.
    fn validate(command: Option<&Argv>) -> Result<(), Self> {
        let is_blind = |command: &Argv| !command.parts().iter().any(|part| part.contains("%s"));
        Self::when(
            command.is_some_and(is_blind),
            "validate",
            "`validate` has no `%s`, so it would not check the new content",
            "write `%s` where the command takes the file, as in `nginx -t -c %s`",
        )
    }
}
