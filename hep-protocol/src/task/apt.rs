//! Parameters of `apt`: Debian packages.

use super::{About, BadParam, Effect, Params};
use crate::value::{OneOrMany, Package};
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About = About {
    main: Some("package"),
    results: Some(&[]),
    foreign: &[(
        "action",
        &[
            ("absent", "remove"),
            ("build-dep", "build-dep"),
            ("latest", "latest"),
            ("present", "install"),
        ],
    )],
    ..About::module("apt", Effect::Acts)
};

/// What to do with the packages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Install them, in any version; packages installed only as dependencies are marked as manually installed.
    #[default]
    Install,
    /// Install the newest version.
    Latest,
    /// Remove them; configuration files stay.
    Remove,
    /// Remove them with their configuration files.
    Purge,
    /// Install what is needed to build them.
    BuildDep,
}

/// How to upgrade all installed packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Upgrade {
    /// Remove nothing and install nothing new (`apt-get upgrade`).
    Safe,
    /// Install new packages if needed, remove nothing (`apt-get upgrade --with-new-pkgs`).
    Full,
    /// Do whatever the new versions need, including removals (`apt-get dist-upgrade`).
    Dist,
}

/// An answer to a question that a package asks with debconf(7) while it is configured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Debconf {
    /// The package that asks.
    pub package: String,
    /// The question: `postfix/main_mailer_type`.
    pub question: String,
    /// Its type: `select`, `string`, `boolean`, `password` ...
    #[serde(rename = "type")]
    pub kind: String,
    /// The answer.
    pub value: String,
}

/// Parameters of `apt`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Apt {
    /// One package or a list: `nginx`, `nginx=1.22*`, `libc6:arm64`, `/srv/tool.deb` (a path on the host).
    /// A pattern, `php8.2-*`, is every known package whose name matches (when removing: every installed one).
    #[serde(default, alias = "name", alias = "packages")]
    #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["name", "packages"])))]
    pub package: OneOrMany<Package>,
    /// What to do with them. Default: `install`.
    #[serde(default)]
    pub action: Action,
    /// With `remove`: their configuration files go, too, as with `purge`.
    #[serde(default)]
    pub purge: bool,
    /// Refresh the package index first.
    #[serde(default)]
    pub update_cache: bool,
    /// With `update_cache`: refresh only if the index is older than this, in seconds.
    #[serde(default)]
    pub cache_valid_time: Option<u32>,
    /// Whether to install recommended packages. Default: the host's setting.
    #[serde(default)]
    pub install_recommends: Option<bool>,
    /// The release to take packages from, such as `bookworm-backports`.
    #[serde(default)]
    pub default_release: Option<String>,
    /// Whether an older version may replace a newer one.
    #[serde(default)]
    pub allow_downgrade: bool,
    /// Whether packages that were not named may be removed.
    #[serde(default)]
    pub allow_removals: bool,
    /// Remove packages that were installed as dependencies and are no longer needed.
    #[serde(default)]
    pub autoremove: bool,
    /// `true` holds the packages at their version, `false` releases them. Either lets this task change packages that
    /// are on hold; without it a held package that would have to change is an error.
    #[serde(default)]
    pub hold: Option<bool>,
    /// Options for dpkg. Default: `[force-confdef, force-confold]`.
    #[serde(default)]
    pub dpkg_options: Option<Vec<String>>,
    /// The answer of `policy-rc.d` while packages are configured: `101` keeps services from starting.
    #[serde(default)]
    pub policy_rc_d: Option<u8>,
    /// Upgrade all installed packages.
    #[serde(default)]
    pub upgrade: Option<Upgrade>,
    /// How long to wait for another package manager, in seconds. Default: 300.
    #[serde(default)]
    pub lock_timeout: Option<u32>,
    /// Answers to questions that the packages ask.
    #[serde(default)]
    pub debconf: Vec<Debconf>,
    /// Finish an interrupted run of dpkg first (`dpkg --configure -a`).
    #[serde(default)]
    pub recover: bool,
}

impl Params for Apt {
    fn title(&self) -> String {
        let verb = match self.action {
            Action::Install => "install",
            Action::Latest => "latest",
            Action::Remove => "remove",
            Action::Purge => "purge",
            Action::BuildDep => "build dependencies of",
        };
        let names: Vec<String> = self.package.iter().take(3).map(Package::to_string).collect();
        let more = if self.package.len() > 3 { ", ..." } else { "" };
        match (names.is_empty(), self.upgrade) {
            (false, _) => format!("{verb} {}{more}", names.join(", ")),
            (true, Some(_)) => "upgrade packages".to_owned(),
            (true, None) if self.autoremove => "packages that are needed no more".to_owned(),
            (true, None) if self.recover && !self.update_cache => "interrupted dpkg".to_owned(),
            (true, None) => "package index".to_owned(),
        }
    }

    /// Package managers are not stopped half-way, only waited for.
    fn patience(&mut self) -> Option<&mut Option<u32>> {
        Some(&mut self.lock_timeout)
    }

    fn check(&self) -> Result<(), BadParam> {
        let none = self.package.is_empty();
        let acts = self.update_cache
            || self.upgrade.is_some()
            || self.autoremove
            || self.recover
            || !self.debconf.is_empty();
        BadParam::when(
            none && !acts,
            "package",
            "there is nothing to do: no package is named",
            "add `package: NAME` or a list, or `update_cache: true`, or `upgrade: safe`",
        )?;
        BadParam::when(
            none && self.action != Action::Install,
            "action",
            "the action has no package to act on",
            "add `package: NAME`",
        )?;
        BadParam::when(
            none && self.hold.is_some(),
            "hold",
            "there is no package to hold",
            "add `package: NAME`",
        )?;
        BadParam::when(
            !none && self.upgrade.is_some(),
            "upgrade",
            "`upgrade` takes all installed packages, so `package` cannot narrow it",
            "use `action: latest` for the named ones, or a task of its own for `upgrade`",
        )?;
        BadParam::when(
            self.cache_valid_time.is_some() && !self.update_cache,
            "cache_valid_time",
            "`cache_valid_time` says when `update_cache` may be skipped, and that is not set",
            "add `update_cache: true`",
        )?;
        let removes = matches!(self.action, Action::Remove | Action::Purge);
        BadParam::when(
            removes
                && self.package.iter().any(|p| {
                    matches!(p, Package::File(_) | Package::Named { version: Some(_), .. })
                }),
            "package",
            "packages are removed by name, without a version or a file",
            "write the name alone",
        )?;
        BadParam::when(
            removes && self.hold == Some(true),
            "hold",
            "a package that is removed cannot be held",
            "remove `hold`",
        )?;
        self.check_words()
    }
}

impl Apt {
    /// What ends up as words of a command line, or in a file that dpkg reads.
    fn check_words(&self) -> Result<(), BadParam> {
        let word = |text: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic()) && !text.starts_with('-')
        };
        BadParam::when(
            self.default_release.as_deref().is_some_and(|release| !word(release)),
            "default_release",
            "this is not the name of a release",
            "write it as `bookworm-backports`",
        )?;
        BadParam::when(
            self.dpkg_options.iter().flatten().any(|option| !word(option)),
            "dpkg_options",
            "options of dpkg are written without leading dashes or spaces",
            "write `[force-confnew]`",
        )?;
        BadParam::when(
            self.debconf.iter().any(|d| {
                !word(&d.package)
                    || !word(&d.question)
                    || !word(&d.kind)
                    || d.value.contains(['\n', '\0'])
            }),
            "debconf",
            "an answer needs a package, a question and a type without spaces, and a value of one line",
            "write `{package: postfix, question: postfix/mailname, type: string, value: example.org}`",
        )
    }
}
