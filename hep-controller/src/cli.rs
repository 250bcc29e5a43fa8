//! The command line. Says what was written there; `inputs` and `run/` fill in the rest.

pub(crate) mod completions;
pub(crate) mod limits;
pub(crate) mod rights;

use crate::remote::{HostKeyPolicy, Transport, UploadMode};
use clap::{Args, Parser, Subcommand, ValueEnum};
use completions::Shell;
use hep_protocol::hello::{BUILD_ID, PROTOCOL};
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

mod habits;
pub(crate) mod output;
pub(crate) mod playbook;

static VERSION: LazyLock<String> = LazyLock::new(|| {
    format!("{} (build {BUILD_ID}, protocol {PROTOCOL})", env!("CARGO_PKG_VERSION"))
});

const EXIT_CODES: &str = "\
Exit codes:
  0    every host converged; with --check, changes may be pending
  1    a task failed on some host
  2    the command line, config, inventory or manifest is wrong; no host was contacted
  3    no task failed, but a host was unreachable or lost, or the run exceeded --run-timeout
  4    with --fail-on-change: something changed or is pending
  130  stopped by Ctrl-C";

/// The headings of options in the help. Options without a heading come first.
const TARGETS: &str = "Targets and variables";
const LOGIN: &str = "Login";
const BECOME: &str = "Become";
const SELECTION: &str = "Selection";
const REPORT: &str = "Report";
const LIMITS: &str = "Limits";

const COMPLETIONS: &str = "\
Add this line to the startup file of the shell:
  bash  ~/.bashrc                  source <(hep completions bash)
  zsh   ~/.zshrc                   source <(hep completions zsh)
  fish  ~/.config/fish/config.fish hep completions fish | source";

/// Push configuration management: converges hosts over SSH to the state described by a YAML manifest.
#[derive(Debug, Parser)]
#[command(
    name = "hep",
    version = VERSION.as_str(),
    arg_required_else_help = true,
    after_help = "Without a command, `hep` means `hep push`: `hep -c config.yml -i hosts manifest.yml`."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Converge the hosts of an inventory to the state a manifest describes.
    #[command(after_long_help = EXIT_CODES)]
    Push(Box<Push>),
    /// Run Ansible playbooks on the hosts of an inventory.
    #[command(after_long_help = EXIT_CODES)]
    Playbook(Box<playbook::Playbook>),
    /// Converge this machine, as the user who runs hep.
    #[command(after_long_help = EXIT_CODES)]
    Apply(Apply),
    /// Check manifests, and with -c or -i also the config and inventory, without contacting a host.
    Validate(Validate),
    /// Write a manifest and all its files into one file, for `hep-agent apply` on a host.
    Bundle(Bundle),
    /// Show the hosts, groups and variables of an inventory.
    Hosts(Hosts),
    /// Show the facts of hosts that expressions can read, as JSON.
    Facts(Facts),
    /// Show the documentation of modules, keys, facts, filters and tests.
    Doc(Doc),
    /// Print the JSON Schema of manifests, for editors.
    Schema,
    /// Print the shell completion script, which completes options, files, hosts, groups, tags, tasks, facts and topics.
    #[command(after_help = COMPLETIONS)]
    Completions(Completions),
}

/// `hep push`.
#[derive(Debug, Default, Args)]
pub(crate) struct Push {
    /// The desired state of the hosts; default: `manifest` in the config.
    pub(crate) manifest: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) files: Files,
    #[command(flatten)]
    pub(crate) run: Run,
    #[command(flatten)]
    pub(crate) vars: Vars,
    #[command(flatten)]
    pub(crate) tasks: Tasks,
    /// Show the variables of a host and the source of each; contacts no host.
    #[arg(long, value_name = "HOST", help_heading = SELECTION, hide_short_help = true, add = completions::host())]
    pub(crate) show_vars: Option<String>,
    #[command(flatten)]
    pub(crate) login: Login,
    #[command(flatten)]
    pub(crate) rights: rights::Rights,
    #[command(flatten)]
    pub(crate) limits: limits::Limits,
    /// Only these hosts: a pattern such as `web:!web3`, or `@FILE` with one host per line.
    #[arg(short, long, value_name = "PATTERN", help_heading = TARGETS, add = completions::hosts())]
    pub(crate) limit: Option<String>,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// How hosts are reached: how many at a time, and for how long that is tried.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = LIMITS)]
pub(crate) struct Reach {
    /// Number of hosts to work on at a time.
    #[arg(long, value_name = "N", default_value = "32")]
    pub(crate) forks: Forks,
    /// Time limit for name resolution, connection and key exchange together, in seconds; default: 15, 15 and 20.
    #[arg(
        long,
        value_name = "SECONDS",
        hide_short_help = true,
        value_parser = limits::connect_seconds
    )]
    pub(crate) connect_timeout: Option<u64>,
}

/// The number of hosts at a time, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Forks(pub(crate) NonZeroUsize);

impl Forks {
    /// As many as without a word about it.
    pub(crate) const USUAL: Forks = match NonZeroUsize::new(32) {
        Some(n) => Forks(n),
        None => Forks(NonZeroUsize::MIN),
    };
}

impl Default for Forks {
    fn default() -> Forks {
        Forks(NonZeroUsize::MIN)
    }
}

impl std::str::FromStr for Forks {
    type Err = String;

    fn from_str(text: &str) -> Result<Forks, String> {
        // One thread per host: with more threads the machine would be busy with scheduling.
        match text.parse::<NonZeroUsize>() {
            Ok(n) if n.get() <= 1024 => Ok(Forks(n)),
            Ok(_) | Err(_) => Err("must be a number from 1 to 1024".to_owned()),
        }
    }
}

/// Config and inventory.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = TARGETS)]
pub(crate) struct Files {
    /// Defaults for other options; default: `hep.yml`, else `config.yml`, in the working directory.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The inventory: a file, a directory, or a list such as `web1,web2`; default: `hosts` in the config.
    #[arg(short = 'i', long = "hosts", visible_alias = "inventory", value_name = "FILE")]
    pub(crate) hosts: Option<PathBuf>,
}

/// How a run is carried out and reported.
#[derive(Debug, Default, Args)]
pub(crate) struct Run {
    /// Change nothing, show what would change.
    #[arg(long, help_heading = SELECTION)]
    pub(crate) check: bool,
    /// Show how the content of files changes.
    #[arg(long, help_heading = REPORT)]
    pub(crate) diff: bool,
    /// Report format.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", help_heading = REPORT)]
    pub(crate) output: Format,
    /// Exit with 4 if anything changed or is pending.
    #[arg(long, help_heading = REPORT, hide_short_help = true)]
    pub(crate) fail_on_change: bool,
    /// Ask before each task, one host at a time: `y` runs it, `n` skips it, `c` runs the rest, `q` stops.
    #[arg(long, help_heading = SELECTION)]
    pub(crate) step: bool,
    #[command(flatten)]
    pub(crate) told: output::Args,
}

/// Variables that override all others.
#[derive(Debug, Default, Args)]
pub(crate) struct Vars {
    /// Override variables: `name=value`, `{name: value}`, or a YAML file as `@FILE`.
    #[arg(short, long, value_name = "VARIABLE", help_heading = TARGETS, add = completions::extra())]
    pub(crate) extra: Vec<String>,
}

/// The tasks of a manifest that run.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = SELECTION)]
pub(crate) struct Tasks {
    /// Only tasks with one of these tags, or with the tag `always`.
    #[arg(long, value_name = "TAGS", value_delimiter = ',', add = completions::tags())]
    pub(crate) tags: Vec<String>,
    /// Skip tasks with one of these tags.
    #[arg(long, value_name = "TAGS", value_delimiter = ',', add = completions::tags())]
    pub(crate) skip_tags: Vec<String>,
    /// Begin with the task of this name.
    #[arg(long, value_name = "NAME", add = completions::tasks(), hide_short_help = true)]
    pub(crate) start_at: Option<String>,
    /// List the tasks that would run; contacts no host.
    #[arg(long)]
    pub(crate) list_tasks: bool,
}

/// The format of a run's report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Text for people.
    #[default]
    Human,
    /// One JSON object per line, for programs.
    Json,
    /// What ansible-playbook prints: PLAY, TASK, PLAY RECAP.
    Ansible,
}

/// The format of a listing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Text for people.
    #[default]
    Human,
    /// One JSON object per line, for programs.
    Json,
}

/// How to log in where a host's line does not say; overrides the config.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = LOGIN)]
pub(crate) struct Login {
    /// The user to log in as.
    #[arg(short, long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// The port of the SSH servers.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,
    /// The private key to log in with.
    #[arg(long, value_name = "FILE")]
    pub(crate) private_key: Option<PathBuf>,
    /// Ask for the login password.
    #[arg(short = 'k', long)]
    pub(crate) ask_pass: bool,
    /// A local command that prints the login password; run without a shell.
    #[arg(long, value_name = "COMMAND", hide_short_help = true)]
    pub(crate) password_command: Option<String>,
    /// What to do if a host's key is not in known_hosts; default: as ssh_config says, else `ask`.
    #[arg(long, value_enum, value_name = "POLICY")]
    pub(crate) host_key: Option<HostKeyPolicy>,
    /// The ssh_config to use, as with `ssh -F`; `none` uses none. Default: the files that `ssh` reads.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) ssh_config: Option<PathBuf>,
    /// How to upload the agent; default: `agent_upload` in the inventory, else the config, else `sftp`.
    #[arg(long, value_enum, value_name = "MODE", hide_short_help = true)]
    pub(crate) agent_upload: Option<UploadMode>,
    /// How to connect to the hosts; default: `hep_transport` in the inventory, else the config, else `ssh2`.
    #[arg(long, value_enum, value_name = "TRANSPORT", hide_short_help = true)]
    pub(crate) transport: Option<Transport>,
}

/// `hep apply`.
#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// The desired state of this machine.
    pub(crate) manifest: PathBuf,
    #[command(flatten)]
    pub(crate) rights: rights::Rights,
    #[command(flatten)]
    pub(crate) run: Run,
    #[command(flatten)]
    pub(crate) vars: Vars,
    #[command(flatten)]
    pub(crate) tasks: Tasks,
}

/// `hep validate`.
#[derive(Debug, Args)]
pub(crate) struct Validate {
    /// The manifests to check; default: `manifest` in the config.
    pub(crate) manifests: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) files: Files,
    #[command(flatten)]
    pub(crate) vars: Vars,
}

/// `hep bundle`.
#[derive(Debug, Args)]
pub(crate) struct Bundle {
    /// The desired state of the host.
    pub(crate) manifest: PathBuf,
    /// The file to write.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) vars: Vars,
    /// Make a bundle that changes nothing and shows what it would change.
    #[arg(long)]
    pub(crate) check: bool,
    /// Show how the content of files changes.
    #[arg(long)]
    pub(crate) diff: bool,
}

/// `hep hosts`.
#[derive(Debug, Args)]
pub(crate) struct Hosts {
    /// The hosts to show, such as `web:&prod`, `db*` or `web[0:2]`; default: all.
    #[arg(add = completions::hosts())]
    pub(crate) pattern: Option<String>,
    #[command(flatten)]
    pub(crate) files: Files,
    /// Output format; `json` is that of `ansible-inventory --list`.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: Output,
}

/// `hep facts`.
#[derive(Debug, Args)]
pub(crate) struct Facts {
    /// The hosts: a name, or a pattern such as `web:!web3`.
    #[arg(add = completions::hosts())]
    pub(crate) pattern: String,
    /// Only these facts, such as `os` or `memory`; default: all.
    #[arg(value_name = "NAME", add = completions::facts())]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) files: Files,
    #[command(flatten)]
    pub(crate) login: Login,
    /// Output format. Both are JSON with the facts of each host under its name; `human` is indented, and omits the name
    /// if there is only one host.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) reach: Reach,
}

/// `hep doc`.
#[derive(Debug, Args)]
pub(crate) struct Doc {
    /// A module, a topic, or a single key, parameter, fact, filter or test; default: list them all.
    #[arg(add = completions::topics())]
    pub(crate) topic: Option<String>,
}

/// `hep completions`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// Reads the command line. Without a command it is that of `push`.
///
/// # Errors
/// The message of the parser, which includes help and version.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut words: Vec<OsString> = words.into_iter().collect();
    if words.get(1).is_some_and(means_push) {
        words.insert(1, "push".into());
    }
    let command = words.get(1).map(|word| word.to_string_lossy().into_owned());
    let advised = |error| habits::advised(error, &command.unwrap_or_default());
    Cli::try_parse_from(words).map_err(advised)
}

/// Whether a first word is an option or a file of `push`. A word that is no file and does not look like one is left to
/// the parser, which suggests the intended command.
pub(crate) fn means_push(word: &OsString) -> bool {
    match word.to_str() {
        Some(
            "push" | "playbook" | "apply" | "validate" | "bundle" | "hosts" | "facts" | "doc"
            | "schema" | "completions" | "help" | "-h" | "--help" | "-V" | "--version",
        ) => false,
        Some(text) if text.starts_with('-') => true,
        Some(text) => text.contains(['/', '.']) || Path::new(text).is_file(),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Cli, String> {
        let words = line.split(' ').map(OsString::from);
        parse(words).map_err(|error| error.to_string())
    }

    fn push(line: &str) -> Push {
        let Command::Push(push) = parsed(line).unwrap().command else { panic!("{line}") };
        *push
    }

    #[test]
    fn the_definition_is_sound() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn without_a_command_it_is_push() {
        let push = push("hep -c config.yml -i examples/hosts examples/manifests/manifest.yml");
        assert_eq!(push.files.config, Some("config.yml".into()));
        assert_eq!(push.files.hosts, Some("examples/hosts".into()));
        assert_eq!(push.manifest, Some("examples/manifests/manifest.yml".into()));
        assert_eq!((push.reach.forks.0.get(), push.login.host_key), (32, None));
    }

    #[test]
    fn every_option_of_push_is_read() {
        let push = push(
            "hep push site.yml --forks 5 --check --diff --output json --host-key accept-new -u bob \
             --port 2222 --private-key k --ssh-config none --connect-timeout 3 --fail-on-change --step -v -k \
             --agent-upload cache --password-command pass",
        );
        let Run { check, diff, output, fail_on_change, step, told } = push.run;
        assert!(step);
        assert!(check && diff && fail_on_change && told.verbose == 1 && output == Format::Json);
        let Login { user, port, private_key, ask_pass, password_command, .. } = &push.login;
        assert_eq!(password_command.as_deref(), Some("pass"));
        assert_eq!((user.as_deref(), *port, *ask_pass), (Some("bob"), Some(2222), true));
        assert_eq!(private_key.as_deref(), Some(Path::new("k")));
        let Login { host_key, ssh_config, agent_upload, .. } = push.login;
        assert_eq!(ssh_config, Some("none".into()));
        assert_eq!(agent_upload, Some(UploadMode::Cache));
        assert_eq!(host_key, Some(HostKeyPolicy::AcceptNew));
        assert_eq!((push.reach.forks.0.get(), push.reach.connect_timeout), (5, Some(3)));
    }

    #[test]
    fn a_mistyped_command_is_no_manifest() {
        let error = parsed("hep psuh site.yml").unwrap_err();
        assert!(error.contains("'psuh'") && error.contains("'push'"), "{error}");
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        for line in ["--forks 0", "--forks 5000", "--port 0", "--port 70000", "--connect-timeout 0"]
        {
            assert!(parsed(&format!("hep push {line}")).is_err(), "{line}");
        }
    }

    #[test]
    fn options_are_grouped_and_few_in_the_short_help() {
        let (short, long) =
            (parsed("hep push -h").unwrap_err(), parsed("hep push --help").unwrap_err());
        for group in [TARGETS, LOGIN, BECOME, SELECTION, REPORT, LIMITS] {
            assert!(long.contains(&format!("\n{group}:\n")), "{group}\n{long}");
            assert!(short.contains(&format!("\n{group}:\n")), "{group}\n{short}");
        }
        assert!(short.lines().count() < 60, "{} lines\n{short}", short.lines().count());
        assert!(long.contains("--password-command") && !short.contains("--password-command"));
        assert!(long.contains("Exit codes") && !short.contains("Exit codes"));
    }

    #[test]
    fn help_is_a_command() {
        assert!(parsed("hep help").unwrap_err().contains("validate"));
        assert!(parsed("hep help push").unwrap_err().contains("--forks"));
    }

    #[test]
    fn the_version_names_the_build() {
        assert!(parsed("hep --version").unwrap_err().contains(BUILD_ID));
    }
}
