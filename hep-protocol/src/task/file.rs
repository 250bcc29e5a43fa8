//! Parameters of `file`: files, directories and links on the host.

use super::{About, BadParam, Effect, Local, Params};
use crate::value::{Argv, Dest, Mode, Owner};
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About = About {
    main: Some("dest"),
    results: Some(&[]),
    local: Some(Local {
        parameters: &["src", "template"],
        template: "template",
        only_with: ("action", "present"),
    }),
    ..About::module("file", Effect::Acts)
};

/// What the path shall be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// A file with the content of `src` or `content`; without either, an existing path gets its attributes.
    #[default]
    Present,
    /// Nothing.
    Absent,
    /// A directory.
    Directory,
    /// A symbolic link to `src`.
    Link,
    /// A hard link to `src`.
    Hardlink,
    /// A file, made empty if there is none; times are set to now.
    Touch,
}

/// Parameters of `file`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct File {
    /// What the path shall be. Default: `present`.
    #[serde(default)]
    pub action: Action,
    /// The path on the host; with a slash at the end, or if it is a directory there, `src` is put into it. For a directory as
    /// `src` it is the directory to put it into, which is made if it is missing.
    #[serde(alias = "path")]
    #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["path"])))]
    pub dest: Dest,
    /// For `present` a local file or directory (a slash at its end: only what is in it); for `link` and `hardlink`
    /// what the link points to.
    #[serde(default)]
    pub src: Option<String>,
    /// The content itself.
    #[serde(default)]
    pub content: Option<String>,
    /// A local file in the template language; what it gives on the host is the content.
    #[serde(default)]
    pub template: Option<String>,
    /// The owner, by name or number.
    #[serde(default)]
    pub owner: Option<Owner>,
    /// The group, by name or number.
    #[serde(default)]
    pub group: Option<Owner>,
    /// The mode; for a tree, copied or with `recurse`, that of its files: its directories get execute where they get read.
    #[serde(default, alias = "mod")]
    #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["mod"])))]
    pub mode: Option<Mode>,
    /// `absent`: also a directory with all below it. `directory`: owner, group and mode also for all below it, as for a tree.
    #[serde(default)]
    pub recurse: bool,
    /// `directory` with `recurse`: what is mounted below the directory keeps its owner, group and mode. Default: `true`.
    #[serde(default)]
    pub one_file_system: Option<bool>,
    /// Make missing parent directories (0755, owned by the agent's user).
    #[serde(default)]
    pub parents: bool,
    /// Replace something of another type that is in the way; let a link point to nothing.
    #[serde(default)]
    pub force: bool,
    /// Work on what a link at `dest` points to, instead of replacing the link.
    #[serde(default)]
    pub follow: bool,
    /// Keep the old content beside the new, named with the time.
    #[serde(default)]
    pub backup: bool,
    /// Rewrite the file itself, for one that cannot be replaced (a bind mount); not atomic.
    #[serde(default)]
    pub in_place: bool,
    /// A command that must accept the new content, whose path stands for `%s`, before it replaces the old.
    #[serde(default)]
    pub validate: Option<Argv>,
}

impl Params for File {
    fn title(&self) -> String {
        let verb = match self.action {
            Action::Present => "file",
            Action::Absent => "no",
            Action::Directory => "directory",
            Action::Link => "link",
            Action::Hardlink => "hard link",
            Action::Touch => "touch",
        };
        format!("{verb} {}", self.dest)
    }

    fn sources(&self) -> Vec<&str> {
        match self.action {
            Action::Present => {
                [&self.src, &self.template].into_iter().flatten().map(String::as_str).collect()
            }
            Action::Absent
            | Action::Directory
            | Action::Link
            | Action::Hardlink
            | Action::Touch => vec![],
        }
    }

    fn template(&self) -> Option<&str> {
        self.template.as_deref()
    }

    fn fill(&mut self, content: String) {
        (self.content, self.template) = (Some(content), None);
    }

    fn check(&self) -> Result<(), BadParam> {
        let action = self.action;
        let is = |actions: &[Action]| actions.contains(&action);
        let linking = is(&[Action::Link, Action::Hardlink]);
        let filled = self.content.is_some() || self.template.is_some();
        let copies = is(&[Action::Present]) && (self.src.is_some() || filled);
        self.check_src(linking)?;
        self.check_template()?;
        BadParam::when(
            self.src.is_some() && self.content.is_some(),
            "content",
            "`src` and `content` both say what the file shall hold",
            "keep one of them",
        )?;
        BadParam::when(
            self.content.is_some() && !is(&[Action::Present]),
            "content",
            "`content` goes with `action: present` only",
            "remove `content`, or the action",
        )?;
        self.check_recurse()?;
        BadParam::when(
            self.validate.is_some() && !copies,
            "validate",
            "`validate` needs new content to look at",
            "give `src` or `content`, or remove `validate`",
        )?;
        BadParam::when(
            self.validate
                .as_ref()
                .is_some_and(|v| !v.parts().iter().any(|part| part.contains("%s"))),
            "validate",
            "`validate` has no `%s`, so it would not look at the new content",
            "write `%s` where the command takes the file, as in `nginx -t -c %s`",
        )?;
        BadParam::when(
            self.in_place && !copies,
            "in_place",
            "`in_place` says how new content is written, and there is none",
            "give `src` or `content`, or remove `in_place`",
        )?;
        BadParam::when(
            self.backup && !copies,
            "backup",
            "`backup` keeps what new content replaces, and there is none",
            "give `src` or `content`, or remove `backup`",
        )?;
        BadParam::when(
            self.dest.into && (filled || is(&[Action::Touch, Action::Hardlink])),
            "dest",
            "`dest` ends in `/`, but this is a file without a name of its own",
            "write the file's full path",
        )
    }
}

impl File {
    fn check_recurse(&self) -> Result<(), BadParam> {
        let is_directory = self.action == Action::Directory;
        BadParam::when(
            self.recurse && !is_directory && self.action != Action::Absent,
            "recurse",
            "`recurse` goes with `action: absent` and `action: directory` only",
            "remove it; a directory as `src` is copied whole in any case",
        )?;
        BadParam::when(
            self.one_file_system.is_some() && !(self.recurse && is_directory),
            "one_file_system",
            "`one_file_system` says how far `recurse` goes with `action: directory`, and there is none",
            "add `recurse: true`, or remove it; a removal never goes into what is mounted",
        )
    }

    fn check_template(&self) -> Result<(), BadParam> {
        let Some(template) = &self.template else { return Ok(()) };
        BadParam::when(
            template.is_empty() || template.contains('\0'),
            "template",
            "`template` is empty or has a NUL byte",
            "name a file",
        )?;
        BadParam::when(
            self.src.is_some() || self.content.is_some(),
            "template",
            "`template` and `src` or `content` both say what the file shall hold",
            "keep one of them",
        )?;
        BadParam::when(
            self.action != Action::Present,
            "template",
            "`template` goes with `action: present` only",
            "remove `template`, or the action",
        )
    }

    fn check_src(&self, linking: bool) -> Result<(), BadParam> {
        BadParam::when(
            self.src.as_ref().is_some_and(|src| src.is_empty() || src.contains('\0')),
            "src",
            "`src` is empty or has a NUL byte",
            "name a file",
        )?;
        BadParam::when(
            linking && self.src.is_none(),
            "action",
            "a link needs `src`: what it points to",
            "add `src: /path/it/points/to`",
        )?;
        // The ancestor's manifests give `src` with `absent`; it says nothing there and harms nothing.
        BadParam::when(
            self.src.is_some() && matches!(self.action, Action::Directory | Action::Touch),
            "src",
            "`src` means nothing with this action",
            "to copy a directory with all below it write `action: present`",
        )
    }
}
