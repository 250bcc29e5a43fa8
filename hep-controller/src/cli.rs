//! The command line. Says what was written there; what it leaves open, `settings` fills in.

pub(crate) mod completions;
pub(crate) mod limits;
pub(crate) mod rights;

use crate::remote::HostKeyPolicy;
use clap::{Args, Parser, Subcommand, ValueEnum};
use completions::Shell;
use hep_protocol::hello::{BUILD_ID, PROTOCOL};
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

mod habits;
pub(crate) mod output;
mod transport;
mod upload;

static VERSION: LazyLock<String> = LazyLock::new(|| {
    format!("{} (build {BUILD_ID}, protocol {PROTOCOL})", env!("CARGO_PKG_VERSION"))
});

const EXIT_CODES: &str = "\
Exit codes:
  0    every host converged; with --check also when changes are pending
  1    a task failed on some host
  2    the command line, config, hosts file or manifest is wrong; nothing was contacted
  3    some host was unreachable or lost, or the run took longer than --run-timeout, and no task failed
  4    with --fail-on-change: something was changed, or is pending
  130  stopped on request (Ctrl-C)";

/// The groups of options in the help. What is in none of them stands first.
const TARGETS: &str = "Targets";
const LOGIN: &str = "Login";
const BECOME: &str = "Become";
const SELECTION: &str = "Selection";
const REPORT: &str = "Report";
const LIMITS: &str = "Limits";

const COMPLETIONS: &str = "\
In the shell's start file:
  bash  ~/.bashrc                  source <(hep completions bash)
  zsh   ~/.zshrc                   source <(hep completions zsh)
  fish  ~/.config/fish/config.fish hep completions fish | source";

/// Converges hosts over SSH from a YAML manifest.
#[derive(Debug, Parser)]
#[command(
    name = "hep",
    version = VERSION.as_str(),
    arg_required_else_help = true,
    after_help = "Without a command, `hep` is `hep push`: `hep -c config.yml -i hosts manifest.yml`."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make all hosts of a hosts file what a manifest says.
    #[command(after_long_help = EXIT_CODES)]
    Push(Box<Push>),
    /// Make this machine what a manifest says, as the user who runs hep.
    #[command(after_long_help = EXIT_CODES)]
    Apply(Apply),
    /// Check manifests, and with -c or -i also config and hosts file, without contacting a host.
    Validate(Validate),
    /// Write a manifest with all its files into one file, for `hep-agent apply` on a host.
    Bundle(Bundle),
    /// Show the hosts, groups and variables of an inventory.
    Hosts(Hosts),
    /// Show what hosts are: the facts that expressions may read, as JSON.
    Facts(Facts),
    /// Show what modules there are and what they take.
    Doc(Doc),
    /// Print the JSON Schema of manifests, for editors.
    Schema,
    /// Print what makes a shell complete the words of a line: options, files, hosts, groups, tags.
    #[command(after_help = COMPLETIONS)]
    Completions(Completions),
}

/// `hep push`.
#[derive(Debug, Default, Args)]
pub(crate) struct Push {
    /// What the hosts shall be; default: `manifest` of the config.
    pub(crate) manifest: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) files: Files,
    #[command(flatten)]
    pub(crate) run: Run,
    #[command(flatten)]
    pub(crate) vars: Vars,
    #[command(flatten)]
    pub(crate) tasks: Tasks,
    /// Show the variables of a host, each with where it comes from, and contact nothing.
    #[arg(long, value_name = "HOST", help_heading = SELECTION, hide_short_help = true, add = completions::hosts())]
    pub(crate) show_vars: Option<String>,
    #[command(flatten)]
    pub(crate) login: Login,
    #[command(flatten)]
    pub(crate) rights: rights::Rights,
    #[command(flatten)]
    pub(crate) limits: limits::Limits,
    /// Only these of the hosts: a pattern as `web:!web3`, or `@FILE` with one host a line.
    #[arg(short, long, value_name = "PATTERN", help_heading = TARGETS, add = completions::hosts())]
    pub(crate) limit: Option<String>,
    /// How many hosts to work on at a time.
    #[arg(long, value_name = "N", default_value = "32", help_heading = LIMITS)]
    pub(crate) forks: Forks,
    /// How long a host's name, the connection and the key exchange may take together, in seconds; without it 15, 15
    /// and 20.
    #[arg(
        long,
        value_name = "SECONDS",
        help_heading = LIMITS,
        hide_short_help = true,
        value_parser = clap::value_parser!(u64).range(1..=86_400)
    )]
    pub(crate) connect_timeout: Option<u64>,
}

/// How many hosts at a time; at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Forks(pub(crate) NonZeroUsize);

impl Default for Forks {
    fn default() -> Forks {
        Forks(NonZeroUsize::MIN)
    }
}

impl std::str::FromStr for Forks {
    type Err = String;

    fn from_str(text: &str) -> Result<Forks, String> {
        // A thread a host: more than this and the machine is busy with itself.
        match text.parse::<NonZeroUsize>() {
            Ok(n) if n.get() <= 1024 => Ok(Forks(n)),
            Ok(_) | Err(_) => Err("a number from 1 to 1024 is needed".to_owned()),
        }
    }
}

/// Config and hosts file.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = TARGETS)]
pub(crate) struct Files {
    /// Defaults for the rest; `hep.yml`, or else `config.yml`, of the working directory is taken if it is there.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The hosts: a file with one a line, YAML, or a directory; default: `hosts` of the config.
    #[arg(short = 'i', long = "hosts", visible_alias = "inventory", value_name = "FILE")]
    pub(crate) hosts: Option<PathBuf>,
}

/// How a run is done and shown.
#[derive(Debug, Default, Args)]
pub(crate) struct Run {
    /// Change nothing, tell what would be changed.
    #[arg(long)]
    pub(crate) check: bool,
    /// Show how the content of files changes.
    #[arg(long, help_heading = REPORT)]
    pub(crate) diff: bool,
    /// For whom the report is.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT", help_heading = REPORT)]
    pub(crate) output: Output,
    /// Exit with 4 if anything was changed, or is pending.
    #[arg(long, help_heading = REPORT, hide_short_help = true)]
    pub(crate) fail_on_change: bool,
    /// Ask before each task, one host at a time: `y` runs it, `n` leaves it out, `c` runs all from there on, `q` stops.
    #[arg(long)]
    pub(crate) step: bool,
    #[command(flatten)]
    pub(crate) told: output::Args,
}

/// Variables that beat all others.
#[derive(Debug, Default, Args)]
pub(crate) struct Vars {
    /// A variable as `name=value`, several as `{name: value}`, or a YAML file of them as `@FILE`.
    #[arg(short, long, value_name = "VARIABLE")]
    pub(crate) extra: Vec<String>,
}

/// Which tasks of a manifest are run.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = SELECTION)]
pub(crate) struct Tasks {
    /// Only tasks with one of these tags, and those with the tag `always`.
    #[arg(long, value_name = "TAGS", value_delimiter = ',', add = completions::tags())]
    pub(crate) tags: Vec<String>,
    /// No tasks with one of these tags.
    #[arg(long, value_name = "TAGS", value_delimiter = ',', add = completions::tags())]
    pub(crate) skip_tags: Vec<String>,
    /// Begin with the task of this name.
    #[arg(long, value_name = "NAME", add = completions::tasks(), hide_short_help = true)]
    pub(crate) start_at: Option<String>,
    /// Show the tasks that would be run, and contact nothing.
    #[arg(long)]
    pub(crate) list_tasks: bool,
}

/// For whom a report is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// A person.
    #[default]
    Human,
    /// A program: one JSON object a line.
    Json,
}

/// How to log in where a host's line does not say; wins over the config.
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
    /// Ask for the password to log in with.
    #[arg(short = 'k', long)]
    pub(crate) ask_pass: bool,
    /// A command on this machine that prints that password; started without a shell.
    #[arg(long, value_name = "COMMAND", hide_short_help = true)]
    pub(crate) password_command: Option<String>,
    /// What to do about a host whose key is not in known_hosts; default: what ssh_config says, else `ask`.
    #[arg(long, value_enum, value_name = "POLICY")]
    pub(crate) host_key: Option<HostKey>,
    /// The ssh_config that counts, as with `ssh -F`; `none` for none. Default: those that `ssh` reads.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) ssh_config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) upload: upload::Upload,
    #[command(flatten)]
    pub(crate) way: transport::Way,
}

/// What to do about an unknown host key. A key other than the known one is refused by all but the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum HostKey {
    /// Ask at the terminal; without one, refuse.
    Ask,
    /// Refuse.
    Strict,
    /// Trust it and record it.
    AcceptNew,
    /// Check nothing and record nothing.
    Off,
}

impl From<HostKey> for HostKeyPolicy {
    fn from(word: HostKey) -> HostKeyPolicy {
        match word {
            HostKey::Ask => HostKeyPolicy::Ask,
            HostKey::Strict => HostKeyPolicy::Strict,
            HostKey::AcceptNew => HostKeyPolicy::AcceptNew,
            HostKey::Off => HostKeyPolicy::Off,
        }
    }
}

/// `hep apply`.
#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// What this machine shall be.
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
    /// The manifests; default: `manifest` of the config.
    pub(crate) manifests: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) files: Files,
    #[command(flatten)]
    pub(crate) vars: Vars,
}

/// `hep bundle`.
#[derive(Debug, Args)]
pub(crate) struct Bundle {
    /// What the host shall be.
    pub(crate) manifest: PathBuf,
    /// The file to write.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) vars: Vars,
    /// Make a bundle that changes nothing and tells what it would change.
    #[arg(long)]
    pub(crate) check: bool,
    /// Show how the content of files changes.
    #[arg(long)]
    pub(crate) diff: bool,
}

/// `hep hosts`.
#[derive(Debug, Args)]
pub(crate) struct Hosts {
    /// Which hosts, as `web:&prod`, `db*` or `web[0:2]`; default: all.
    #[arg(add = completions::hosts())]
    pub(crate) pattern: Option<String>,
    #[command(flatten)]
    pub(crate) files: Files,
    /// For whom it is: JSON is of the shape that `ansible-inventory --list` has.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: Output,
}

/// `hep facts`.
#[derive(Debug, Args)]
pub(crate) struct Facts {
    /// Which hosts: one's name, or a pattern as `web:!web3`.
    #[arg(add = completions::hosts())]
    pub(crate) pattern: String,
    /// Only these facts, as `os` or `memory`; default: all.
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) files: Files,
    #[command(flatten)]
    pub(crate) login: Login,
    /// How many hosts to ask at a time.
    #[arg(long, value_name = "N", default_value = "32", help_heading = LIMITS)]
    pub(crate) forks: Forks,
    /// How long a host's name, the connection and the key exchange may take together, in seconds.
    #[arg(
        long,
        value_name = "SECONDS",
        help_heading = LIMITS,
        hide_short_help = true,
        value_parser = clap::value_parser!(u64).range(1..=86_400)
    )]
    pub(crate) connect_timeout: Option<u64>,
    /// For whom it is. Both are JSON with the facts of each host under its name; `human` is indented, and has of one host its
    /// facts alone.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: Output,
}

/// `hep doc`.
#[derive(Debug, Args)]
pub(crate) struct Doc {
    /// A module, a topic, or a single key, fact, filter or test; without it the list of all.
    pub(crate) topic: Option<String>,
}

/// `hep completions`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell.
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// Reads the command line. Without a verb it is that of `push`.
///
/// # Errors
/// What the parser has to say: help and version too.
pub(crate) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
    let mut words: Vec<OsString> = words.into_iter().collect();
    if words.get(1).is_some_and(means_push) {
        words.insert(1, "push".into());
    }
    Cli::try_parse_from(words).map_err(habits::advised)
}

/// Whether a first word is an option or a file of `push`. A word that is neither a file nor looks like one is left to
/// the parser, which knows the verb that was meant.
pub(crate) fn means_push(word: &OsString) -> bool {
    match word.to_str() {
        Some(
            "push" | "apply" | "validate" | "bundle" | "hosts" | "facts" | "doc" | "schema"
            | "completions" | "help" | "-h" | "--help" | "-V" | "--version",
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
    fn without_a_verb_it_is_push() {
        let push = push("hep -c config.yml -i examples/hosts examples/manifests/manifest.yml");
        assert_eq!(push.files.config, Some("config.yml".into()));
        assert_eq!(push.files.hosts, Some("examples/hosts".into()));
        assert_eq!(push.manifest, Some("examples/manifests/manifest.yml".into()));
        assert_eq!((push.forks.0.get(), push.login.host_key), (32, None));
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
        assert!(check && diff && fail_on_change && told.verbose == 1 && output == Output::Json);
        let Login { user, port, private_key, ask_pass, password_command, .. } = &push.login;
        assert_eq!(password_command.as_deref(), Some("pass"));
        assert_eq!((user.as_deref(), *port, *ask_pass), (Some("bob"), Some(2222), true));
        assert_eq!(private_key.as_deref(), Some(Path::new("k")));
        let Login { host_key, ssh_config, upload, .. } = push.login;
        assert_eq!(ssh_config, Some("none".into()));
        assert_eq!(upload.mode(), Some(crate::remote::UploadMode::Cache));
        assert_eq!(host_key, Some(HostKey::AcceptNew));
        assert_eq!((push.forks.0.get(), push.connect_timeout), (5, Some(3)));
    }

    #[test]
    fn a_mistyped_verb_is_no_manifest() {
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
    fn help_is_a_verb() {
        assert!(parsed("hep help").unwrap_err().contains("validate"));
        assert!(parsed("hep help push").unwrap_err().contains("--forks"));
    }

    #[test]
    fn the_version_names_the_build() {
        assert!(parsed("hep --version").unwrap_err().contains(BUILD_ID));
    }
}
