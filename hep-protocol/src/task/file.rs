//! Parameters of `file`: files, directories and links on the host.

use super::{About, BadParam, Effect, Local, Params};
use crate::value::{Argv, Dest, Mode, Owner, PermissionBits, any_path, document};
use serde::{Deserialize, Serialize};

/// What is known of the module.
pub const ABOUT: About = About {
    main: Some("dest"),
    results: Some(&["backup_file"]),
    local: Some(Local {
        parameters: &["src", "template"],
        template: Some("template"),
        only_with: Some(("action", "present")),
    }),
    foreign: &[(
        "action",
        &[
            ("absent", "absent"),
            ("directory", "directory"),
            ("file", "present"),
            ("hard", "hardlink"),
            ("link", "link"),
            ("touch", "touch"),
        ],
    )],
    ..About::module("file", Effect::Acts)
};

/// The desired state of the path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// A file with the content of `src` or `content`; without either, an existing path is given attributes.
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
    /// A file, created empty if missing; its times are set to now.
    Touch,
}

/// Parameters of `file`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The desired state of the path. Default: `present`.
    #[serde(default)]
    pub action: Action,
    /// The path on the host; with a slash at the end, or if it is a directory there, `src` is put into it. For a directory as
    /// `src` it is the directory to put it into, which is made if it is missing.
    #[serde(alias = "path")]
    #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["path"])))]
    pub dest: Dest,
    /// With `present`, a local file or directory (with a trailing slash: only its content); with `link` and `hardlink`,
    /// the target.
    #[serde(default)]
    pub src: Option<String>,
    /// With `link` and `hardlink`, the target, where `src` could be taken for a local file.
    #[serde(default, deserialize_with = "any_path")]
    pub target: Option<Box<str>>,
    /// A file on the host that has the content, or a directory there (with a trailing slash: only its content).
    #[serde(default)]
    pub copy_of: Option<Box<Dest>>,
    /// The content itself.
    #[serde(default, deserialize_with = "document")]
    pub content: Option<String>,
    /// A local template, rendered on the host.
    #[serde(default)]
    pub template: Option<String>,
    /// Jinja's rules for the template, as its own first line may have them: `lstrip_blocks: true, newline_sequence: '\r\n'`.
    #[serde(default)]
    pub template_rules: Option<Box<str>>,
    /// The owner, by name or number.
    #[serde(default)]
    pub owner: Option<Owner>,
    /// The group, by name or number.
    #[serde(default)]
    pub group: Option<Owner>,
    /// The mode; `preserve`: that of the file it is copied from. For a tree, that of its files: its directories get execute
    /// permission where they get read permission.
    #[serde(default, alias = "mod")]
    #[cfg_attr(feature = "schema", schemars(extend("x-aliases" = ["mod"])))]
    pub mode: Option<Mode>,
    /// The mode of the directories of a tree, if it is not to be made from `mode`.
    #[serde(default)]
    pub directory_mode: Option<Box<Mode>>,
    /// Whether a new file without a mode is executable if the local file is. Default: `true`.
    #[serde(default)]
    pub executable: Option<bool>,
    /// Whether an existing file may get other content. `false`: it stays as it is, with its owner and mode. Default: `true`.
    #[serde(default)]
    pub overwrite: Option<bool>,
    /// With `touch`: an existing file keeps its times.
    #[serde(default)]
    pub keep_times: bool,
    /// With `absent`: remove a directory with its content. With `directory`: apply owner, group and mode recursively.
    #[serde(default)]
    pub recurse: bool,
    /// With `directory` and `recurse`: do not descend into mounted file systems. Default: `true`.
    #[serde(default)]
    pub one_file_system: Option<bool>,
    /// Create missing parent directories (0755, owned by the agent's user).
    #[serde(default)]
    pub parents: bool,
    /// Give the parent directories that are made the owner and group of the task, and its `directory_mode` or `mode`. Those of
    /// a directory to put things into are made in any case.
    #[serde(default)]
    pub parents_alike: bool,
    /// With `absent`: remove a directory with its content, as `recurse` does; no other action minds it.
    #[serde(default)]
    pub remove_content: bool,
    /// Replace a file of another type; allow a link without a target.
    #[serde(default)]
    pub force: bool,
    /// Change the target of a link at `dest` instead of replacing the link. With `link`: owner, group and mode are for what
    /// the link leads to.
    #[serde(default)]
    pub follow: bool,
    /// Keep the old content next to the new; its name contains the time.
    #[serde(default)]
    pub backup: bool,
    /// Rewrite the existing file, for files that cannot be replaced (bind mounts); not atomic.
    #[serde(default)]
    pub in_place: bool,
    /// A command that must accept the new content before it replaces the old; `%s` is its path.
    #[serde(default)]
    pub validate: Option<Argv>,
}

impl Params for File {
    fn mode(&self) -> Option<&Mode> {
        self.mode.as_ref()
    }

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

    fn template_rules(&self) -> &str {
        self.template_rules.as_deref().unwrap_or_default()
    }

    fn fill(&mut self, content: String, mode: PermissionBits) {
        (self.content, self.template, self.template_rules) = (Some(content), None, None);
        if self.mode.as_ref().is_some_and(Mode::is_of_source) {
            self.mode = Some(mode.into());
        }
    }

    fn check(&self) -> Result<(), BadParam> {
        let action = self.action;
        let is = |actions: &[Action]| actions.contains(&action);
        let linking = is(&[Action::Link, Action::Hardlink]);
        let filled = self.content.is_some() || self.template.is_some() || self.copy_of.is_some();
        let copies = is(&[Action::Present]) && (self.src.is_some() || filled);
        self.check_src(linking)?;
        self.check_template()?;
        BadParam::when(
            (self.src.is_some() || self.copy_of.is_some()) && self.content.is_some(),
            "content",
            "`src` and `content` both set the content of the file",
            "keep one of them",
        )?;
        BadParam::when(
            self.content.is_some() && !is(&[Action::Present]),
            "content",
            "`content` requires `action: present`",
            "remove `content`, or the action",
        )?;
        self.check_recurse()?;
        let copied = self.src.is_some() || self.template.is_some() || self.copy_of.is_some();
        BadParam::own_mode(self.mode.as_ref().filter(|_| !(is(&[Action::Present]) && copied)))?;
        BadParam::own_mode(self.directory_mode.as_deref())?;
        BadParam::when(
            self.validate.is_some() && !copies,
            "validate",
            "`validate` needs new content to check",
            "give `src` or `content`, or remove `validate`",
        )?;
        BadParam::validate(self.validate.as_ref())?;
        BadParam::when(
            self.in_place && !copies,
            "in_place",
            "`in_place` applies to new content, and there is none",
            "give `src` or `content`, or remove `in_place`",
        )?;
        BadParam::when(
            self.backup && !copies,
            "backup",
            "`backup` applies to new content, and there is none",
            "give `src` or `content`, or remove `backup`",
        )?;
        BadParam::when(
            self.dest.into
                && (self.content.is_some()
                    || self.template.is_some()
                    || is(&[Action::Touch, Action::Hardlink])),
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
            "`recurse` requires `action: absent` or `action: directory`",
            "remove it; a directory as `src` is copied whole in any case",
        )?;
        BadParam::when(
            self.one_file_system.is_some() && !(self.recurse && is_directory),
            "one_file_system",
            "`one_file_system` needs `action: directory` with `recurse: true`",
            "add `recurse: true`, or remove it; removals never enter mounted file systems",
        )
    }

    fn check_template(&self) -> Result<(), BadParam> {
        BadParam::when(
            self.template_rules.is_some() && self.template.is_none(),
            "template_rules",
            "`template_rules` needs a template",
            "give `template`, or remove `template_rules`",
        )?;
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
            "`template` and `src` or `content` both set the content of the file",
            "keep one of them",
        )?;
        BadParam::when(
            self.action != Action::Present,
            "template",
            "`template` requires `action: present`",
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
            linking && self.src.is_none() && self.target.is_none(),
            "action",
            "a link needs `src`: what it points to",
            "add `src: /path/it/points/to`",
        )?;
        // The ancestor's manifests give `src` with `absent`; it says nothing there and harms nothing.
        BadParam::when(
            self.src.is_some() && matches!(self.action, Action::Directory | Action::Touch),
            "src",
            "`src` has no meaning with this action",
            "to copy a directory with its content, write `action: present`",
        )
    }
}
