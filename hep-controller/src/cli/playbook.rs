//! The command line of `hep playbook`: that of ansible-playbook, with hep's own options for what Ansible has not.

use super::rights::methods;
use super::{BECOME, Forks, Format, LIMITS, LOGIN, REPORT, SELECTION, TARGETS};
use super::{completions, limits, output};
use crate::remote::{HostKeyPolicy, Transport, UploadMode};
use clap::{ArgAction, Args};
use hep_protocol::rights::Method;
use std::path::PathBuf;

/// `hep playbook`.
#[derive(Debug, Default, Args)]
pub(crate) struct Playbook {
    /// Ansible playbooks, run one after the other.
    #[arg(required_unless_present = "explain_support")]
    pub(crate) playbooks: Vec<PathBuf>,
    /// Inventories: a file, a directory, or a list such as `web1,web2,`; may be repeated, later ones beat earlier ones.
    /// Default: `inventory` in ansible.cfg.
    #[arg(short, long, visible_alias = "inventory-file", value_name = "FILE", help_heading = TARGETS)]
    pub(crate) inventory: Vec<PathBuf>,
    /// Only these hosts: a pattern such as `web:!web3`, or `@FILE` with one host per line.
    #[arg(short, long, alias = "subset", value_name = "PATTERN", help_heading = TARGETS)]
    pub(crate) limit: Option<String>,
    /// Override variables: `name=value` is a text, `{name: value}` and `@FILE` are YAML or JSON.
    #[arg(short, long, value_name = "VARIABLES", help_heading = TARGETS)]
    pub(crate) extra_vars: Vec<String>,
    #[command(flatten)]
    pub(crate) selection: Selection,
    #[command(flatten)]
    pub(crate) login: Login,
    #[command(flatten)]
    pub(crate) rights: Rights,
    #[command(flatten)]
    pub(crate) report: Report,
    #[command(flatten)]
    pub(crate) limits: Limits,
    #[command(flatten)]
    pub(crate) vault: Vault,
}

/// The tasks that run, and what is shown in place of a run.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = SELECTION)]
pub(crate) struct Selection {
    /// Change nothing, show what would change.
    #[arg(short = 'C', long)]
    pub(crate) check: bool,
    /// Only tasks with one of these tags, or with the tag `always`.
    #[arg(short, long, value_name = "TAGS", value_delimiter = ',', add = completions::tags())]
    pub(crate) tags: Vec<String>,
    /// Skip tasks with one of these tags.
    #[arg(long, value_name = "TAGS", value_delimiter = ',', add = completions::tags())]
    pub(crate) skip_tags: Vec<String>,
    /// Begin with the task of this name.
    #[arg(long, value_name = "NAME")]
    pub(crate) start_at_task: Option<String>,
    /// Ask before each task, one host at a time: `y` runs it, `n` skips it, `c` runs the rest, `q` stops.
    #[arg(long)]
    pub(crate) step: bool,
    /// List the tasks that would run; contacts no host.
    #[arg(long)]
    pub(crate) list_tasks: bool,
    /// List the tags; contacts no host.
    #[arg(long)]
    pub(crate) list_tags: bool,
    /// List the hosts of each play; contacts no host.
    #[arg(long)]
    pub(crate) list_hosts: bool,
    /// Check the playbooks; contacts no host.
    #[arg(long)]
    pub(crate) syntax_check: bool,
    /// List, for all playbooks and roles below a directory, what hep runs of them and what not; contacts no host.
    #[arg(long, value_name = "DIR", conflicts_with = "playbooks")]
    pub(crate) explain_support: Option<PathBuf>,
    /// Take Ansible's side of notified handlers, modes, bare `include` and commands in a check; its screen and exit codes.
    #[arg(long)]
    pub(crate) as_ansible: bool,
    /// Run notified handlers even on hosts where a task fails; hep always does, except with --as-ansible.
    #[arg(long)]
    pub(crate) force_handlers: bool,
}

/// How to log in where variables and keywords do not say.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = LOGIN)]
pub(crate) struct Login {
    /// The user to log in as.
    #[arg(short, long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// The private key to log in with.
    #[arg(long, visible_alias = "key-file", value_name = "FILE")]
    pub(crate) private_key: Option<PathBuf>,
    /// How to connect: `ssh` or `local`.
    #[arg(short, long, value_name = "CONNECTION")]
    pub(crate) connection: Option<String>,
    /// Ask for the login password.
    #[arg(short = 'k', long)]
    pub(crate) ask_pass: bool,
    /// A file with the login password, or a program that prints it.
    #[arg(long, alias = "conn-pass-file", value_name = "FILE", hide_short_help = true)]
    pub(crate) connection_password_file: Option<PathBuf>,
    /// Time limit for connecting to a host, in seconds.
    #[arg(short = 'T', long, value_name = "SECONDS", value_parser = limits::connect_seconds)]
    pub(crate) timeout: Option<u64>,
    /// Options for `ssh`, such as `-o ProxyJump=bastion`.
    #[arg(long, value_name = "OPTIONS", allow_hyphen_values = true, hide_short_help = true)]
    pub(crate) ssh_common_args: Option<String>,
    /// More of them.
    #[arg(long, value_name = "OPTIONS", allow_hyphen_values = true, hide_short_help = true)]
    pub(crate) ssh_extra_args: Option<String>,
    /// What to do if a host's key is not in known_hosts; default: as ssh_config says, else `ask`.
    #[arg(long, value_enum, value_name = "POLICY", hide_short_help = true)]
    pub(crate) host_key: Option<HostKeyPolicy>,
    /// The ssh_config to use, as with `ssh -F`; `none` uses none. Default: the files that `ssh` reads.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) ssh_config: Option<PathBuf>,
    /// How to upload the agent; default: `sftp`.
    #[arg(long, value_enum, value_name = "MODE", hide_short_help = true)]
    pub(crate) agent_upload: Option<UploadMode>,
    /// How hep connects where Ansible says `ssh`; default: `ssh2`.
    #[arg(long, value_enum, value_name = "TRANSPORT", hide_short_help = true)]
    pub(crate) transport: Option<Transport>,
    /// Taken for Ansible's sake: hep has no use for them.
    #[arg(long = "sftp-extra-args", aliases = ["scp-extra-args", "module-path"], short_alias = 'M', value_name = "OPTIONS", allow_hyphen_values = true, hide = true)]
    pub(crate) unused: Vec<String>,
    /// Taken for Ansible's sake: hep keeps no facts.
    #[arg(long, hide = true)]
    pub(crate) flush_cache: bool,
}

/// The user tasks run as, unless variables or keywords say.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = BECOME)]
pub(crate) struct Rights {
    /// Run tasks as another user: root, or that of `--become-user`.
    #[arg(id = "become", short = 'b', long = "become")]
    pub(crate) wanted: bool,
    /// The user to become; default: `root`.
    #[arg(id = "become_user", long = "become-user", value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// The program for that; default: `sudo`.
    #[arg(id = "become_method", long = "become-method", value_parser = methods(), value_name = "METHOD")]
    pub(crate) method: Option<Method>,
    /// Ask for the password of `sudo`, `doas` or `su`.
    #[arg(short = 'K', long)]
    pub(crate) ask_become_pass: bool,
    /// A file with that password, or a program that prints it.
    #[arg(long, alias = "become-pass-file", value_name = "FILE", hide_short_help = true)]
    pub(crate) become_password_file: Option<PathBuf>,
}

/// How much is reported, and how.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = REPORT)]
pub(crate) struct Report {
    /// Show how the content of files changes.
    #[arg(short = 'D', long)]
    pub(crate) diff: bool,
    /// Report format; `ansible` is what ansible-playbook prints. Default: `human`, with --as-ansible `ansible`.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) output: Option<Format>,
    /// Exit with 4 if anything changed or is pending.
    #[arg(long, hide_short_help = true, conflicts_with = "as_ansible")]
    pub(crate) fail_on_change: bool,
    #[command(flatten)]
    pub(crate) told: output::Args,
}

/// How many hosts at a time, and for how long.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = LIMITS)]
#[group(skip)]
pub(crate) struct Limits {
    /// Number of hosts to work on at a time; default: 32.
    #[arg(short, long, value_name = "N")]
    pub(crate) forks: Option<Forks>,
    #[command(flatten)]
    pub(crate) of_run: limits::Limits,
}

/// Ansible's options for vaults.
#[derive(Debug, Default, Args)]
pub(crate) struct Vault {
    #[arg(long, hide = true, action = ArgAction::Append)]
    pub(crate) vault_id: Vec<String>,
    #[arg(long, alias = "vault-pass-file", hide = true, action = ArgAction::Append)]
    pub(crate) vault_password_file: Vec<PathBuf>,
    #[arg(short = 'J', long, alias = "ask-vault-pass", hide = true)]
    pub(crate) ask_vault_password: bool,
}
