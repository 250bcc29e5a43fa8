//! From the command line of `hep playbook` and Ansible's configuration to what a run of hep needs. Variables beat keywords
//! of plays, those beat the command line, and that beats the configuration.

pub(crate) mod explain;
pub(crate) mod listing;
mod ways;

use crate::ast::Manifest;
use crate::check::variables::{Definition, Extra};
use crate::check::{Input, Options};
use crate::cli::playbook::{Playbook, Selection};
use crate::cli::{self, Forks, Format};
use crate::config::ansible::{AnsibleConfig, environment};
use crate::config::{Config, RightsDefaults, SshDefaults};
use crate::diagnostic::Diagnostics;
use crate::inputs::LocalUser;
use crate::inventory::{AnsibleSources, Inventory, Surroundings};
use crate::read::ansible::{Gathering, Settings};
use crate::refusal::Refusal;
use crate::remote::{HostKeyPolicy, Secret, Transport};
use crate::report::Run;
use crate::source::plain;
use hep_protocol::plan::HandlersOnFailure;
use hep_protocol::rights::ActAs;
use hep_protocol::value::Json;
use serde_json::{Map, Value};
use std::num::NonZeroUsize;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

pub(crate) use ways::follow_plays;

/// What a run of playbooks needs beside them.
pub(crate) struct Prepared {
    /// The same as options of `hep push`.
    pub(crate) args: cli::Push,
    /// What is weaker than all that is said of hosts and plays.
    pub(crate) config: Config,
    pub(crate) options: Options,
    pub(crate) ansible: AnsibleConfig,
    as_ansible: bool,
    around: Surroundings,
    /// What the inventory says weakest of all.
    ssh_arguments: Vec<(&'static str, String)>,
}

/// Reads configuration and options.
///
/// # Errors
/// What is wrong with them.
pub(crate) fn prepare(args: Playbook, usual: &LocalUser) -> Result<Prepared, Refusal> {
    let around = usual.surroundings()?;
    let ansible = AnsibleConfig::read(&environment(), &around).map_err(Refusal::Mistakes)?;
    refuse_vault(&args)?;
    let mut extra = Extra::read_ansible(&args.extra_vars).map_err(Refusal::Mistakes)?;
    if let Some(managed) = &ansible.managed {
        extra.definitions.insert(0, managed_by(managed)?);
    }
    let config = config(&args, &ansible)?;
    let ssh_arguments = ssh_arguments(&args, &ansible);
    let becomes = args.rights.wanted || ansible.becomes;
    let user = args.rights.user.clone().or_else(|| ansible.become_user.clone());
    let act_as = ActAs {
        wanted: becomes.then(|| Json(true.into())),
        user: user.map(|user| Json(user.into())),
    };
    let foreign = magic(&args, &ansible);
    let as_ansible = args.selection.as_ansible;
    let args = as_push(args, &ansible)?;
    let timeout = args.limits.task_timeout.or(ansible.task_timeout);
    let of_run = Options::of_run(&args.vars, &args.tasks, &args.run, &args.rights, timeout)?;
    let login_user = args.login.user.clone().or_else(|| ansible.remote_user.clone());
    let options = Options { extra, act_as, foreign, login_user, ..of_run };
    Ok(Prepared { args, config, options, ansible, as_ansible, around, ssh_arguments })
}

/// The magic variables that command line and configuration give.
fn magic(args: &Playbook, ansible: &AnsibleConfig) -> Map<String, Value> {
    let forks = args.limits.forks.map(|Forks(forks)| forks.get()).or(ansible.forks);
    let sources = if args.inventory.is_empty() { &ansible.inventory } else { &args.inventory };
    let absolute = |path: &PathBuf| match path.to_str() {
        Some(list) if list.contains(',') => list.into(),
        Some(_) | None => {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            path.to_string_lossy().into_owned()
        }
    };
    let all = [
        ("ansible_config_file", Some(ansible.file.as_ref().map(absolute).into())),
        ("ansible_forks", forks.map(Value::from)),
        ("ansible_inventory_sources", Some(sources.iter().map(absolute).collect())),
        ("ansible_limit", args.limit.clone().map(Value::from)),
        ("ansible_verbosity", Some(args.report.told.verbose.max(ansible.verbosity).into())),
    ];
    let said = all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    said.collect()
}

impl Prepared {
    /// The settings that decide how playbooks are read.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            roles_path: self.ansible.roles_path.clone(),
            collections_path: self.ansible.collections_path.clone(),
            extra: self.options.extra.vars(),
            as_ansible: self.as_ansible,
            gathering: if self.ansible.explicit_facts {
                Gathering::Explicit
            } else {
                Gathering::Implicit
            },
        }
    }

    /// The playbooks, as they are run.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub(crate) fn manifest(
        &self,
        playbooks: &[PathBuf],
        handlers: HandlersOnFailure,
    ) -> Result<Manifest, Diagnostics> {
        let mut manifest = Manifest::read_playbooks(playbooks, &self.settings())?;
        for play in &mut manifest.plays {
            play.on_failure = handlers;
        }
        Ok(manifest)
    }

    /// The inventory of playbooks; with it a word, if there is none.
    ///
    /// # Errors
    /// Every mistake in it.
    pub(crate) fn inventory(
        &self,
        given: &[PathBuf],
        playbooks: &[PathBuf],
    ) -> Result<Inventory, Refusal> {
        let usual = [PathBuf::from("/etc/ansible/hosts")];
        let paths = match (given, self.ansible.inventory.as_slice()) {
            ([], []) if usual.iter().all(|path| path.exists()) => usual.as_slice(),
            ([], configured) => configured,
            (given, _) => given,
        };
        let directory = directory(playbooks)?;
        let wanted = AnsibleSources {
            paths,
            playbook: &directory,
            extra: &self.options.extra.vars(),
            defaults: &self.ssh_arguments,
            config: self.ansible.file.as_deref(),
        };
        let mut inventory =
            Inventory::read_ansible(&wanted, &self.around).map_err(Refusal::Mistakes)?;
        if paths.is_empty() {
            let word =
                "no inventory is named: there is this machine alone, and `all` does not mean it";
            inventory.warnings.push(word.to_owned());
        }
        Ok(inventory)
    }
}

/// What becomes of notified handlers when a task fails.
pub(crate) fn handlers(selection: &Selection) -> HandlersOnFailure {
    match (selection.as_ansible, selection.force_handlers) {
        (true, false) => HandlersOnFailure::Skip,
        (true, true) | (false, _) => HandlersOnFailure::Run,
    }
}

/// Calls plays without a name by their hosts, and says which have none.
pub(crate) fn name_plays(run: &mut Run, input: &Input<'_>) {
    let plays = run.plays.iter_mut().zip(&input.manifest.plays);
    for (label, play) in plays {
        let pattern = play.hosts.as_ref().map(|spot| spot.text.as_str());
        label.name = play.name.clone().unwrap_or_else(|| pattern.unwrap_or("all").to_owned());
        label.has_hosts = input.targets.select(pattern).is_ok_and(|hosts| !hosts.is_empty());
    }
}

/// The directory that `group_vars` and `host_vars` are looked for in, beside those of the inventory.
fn directory(playbooks: &[PathBuf]) -> Result<PathBuf, Refusal> {
    let of = |playbook: &PathBuf| {
        let directory = playbook.parent().unwrap_or(Path::new("")).to_owned();
        std::path::absolute(&directory).unwrap_or(directory)
    };
    let first = playbooks.first().map(of).unwrap_or_default();
    let has_vars = |directory: &PathBuf| {
        ["group_vars", "host_vars"].iter().any(|name| directory.join(name).is_dir())
    };
    let others: Vec<PathBuf> = playbooks.iter().map(of).filter(|other| *other != first).collect();
    if !others.is_empty() && others.iter().chain([&first]).any(has_vars) {
        let what = "the playbooks are in several directories, which have variables of their own";
        return Err(Refusal::new(what, "run them one after the other"));
    }
    Ok(first)
}

/// What hep cannot do yet with vaults.
fn refuse_vault(args: &Playbook) -> Result<(), Refusal> {
    let vault = &args.vault;
    if vault.vault_id.is_empty()
        && vault.vault_password_file.is_empty()
        && !vault.ask_vault_password
    {
        return Ok(());
    }
    Err(Refusal::new(
        "hep does not open Ansible's vaults",
        "leave the option out: only what is read of a vault stops a run; hand the values over as \
         `-e @<(ansible-vault view secrets.yml)`, or decrypt the file with `ansible-vault decrypt`",
    ))
}

/// The variable that stands for `ansible_managed` of the configuration.
fn managed_by(text: &str) -> Result<Definition, Refusal> {
    let placeholders = ["{file}", "{host}", "{uid}", "%"];
    if placeholders.iter().any(|placeholder| text.contains(placeholder)) {
        let what = format!("`ansible_managed = {text}` names file, host, user or time");
        let hint = "write a text without them: with them each run would change the files";
        return Err(Refusal::new(what, hint));
    }
    let (name, origin) = ("ansible_managed".to_owned(), "ansible.cfg".to_owned());
    Ok(Definition { name, value: text.into(), origin })
}

/// What is weaker than variables and keywords: the command line, then ansible.cfg.
fn config(args: &Playbook, ansible: &AnsibleConfig) -> Result<Config, Refusal> {
    let transport = match args.login.connection.as_deref() {
        None => ansible.transport,
        Some(word) => connection(word)?,
    };
    let mut ssh = SshDefaults {
        username: args.login.user.clone().or_else(|| ansible.remote_user.clone()),
        private_key: args.login.private_key.clone().or_else(|| ansible.private_key.clone()),
        port: ansible.remote_port,
        agent_upload: args.login.agent_upload,
        transport: transport.or(args.login.transport),
        ..SshDefaults::default()
    };
    let file = args.login.connection_password_file.as_ref().or(ansible.password_file.as_ref());
    if let Some(file) = file {
        (ssh.password, ssh.password_command) = password_of(file)?;
    }
    let mut rights = RightsDefaults {
        user: None,
        method: args.rights.method.or(ansible.become_method),
        ..RightsDefaults::default()
    };
    let file = args.rights.become_password_file.as_ref();
    if let Some(file) = file.or(ansible.become_password_file.as_ref()) {
        (rights.password, rights.password_command) = password_of(file)?;
    }
    Ok(Config { ssh, rights, ..Config::default() })
}

/// What a connection of Ansible's means; nothing more than usual for SSH.
///
/// # Errors
/// hep has no such connection.
fn connection(word: &str) -> Result<Option<Transport>, Refusal> {
    let name = word.rsplit('.').next().unwrap_or_default();
    match name {
        "local" => Ok(Some(Transport::Local)),
        "ssh" | "smart" | "paramiko" | "paramiko_ssh" | "libssh" => Ok(None),
        _ => {
            let what = format!("hep has no connection `{}`", crate::yaml::shorten(word));
            Err(Refusal::new(what, "write `ssh` or `local`, or leave the hosts out with `--limit`"))
        }
    }
}

/// The password in a file, or the program that prints it.
fn password_of(file: &Path) -> Result<(Option<Secret>, Option<String>), Refusal> {
    let failed = |error: std::io::Error| {
        let what = format!("cannot read the password in `{}`: {}", file.display(), plain(&error));
        Refusal::new(what, "name a file with the password alone, or a program that prints it")
    };
    let about = std::fs::metadata(file).map_err(failed)?;
    if about.permissions().mode() & 0o111 != 0 {
        let file = std::path::absolute(file).map_err(failed)?;
        return Ok((None, Some(format!("'{}'", file.display()))));
    }
    let text = std::fs::read_to_string(file).map_err(failed)?;
    let text = text.trim();
    crate::secrets::learn(text);
    Ok((Some(Secret::new(text)), None))
}

/// Words for `ssh`, by the variables that beat them.
fn ssh_arguments(args: &Playbook, ansible: &AnsibleConfig) -> Vec<(&'static str, String)> {
    let given = [
        ("ansible_ssh_common_args", &args.login.ssh_common_args),
        ("ansible_ssh_extra_args", &args.login.ssh_extra_args),
    ];
    let given = given.into_iter().filter_map(|(name, text)| Some((name, text.clone()?)));
    ansible.ssh_arguments.iter().cloned().chain(given).collect()
}

/// The options as those of `hep push`, with what the configuration says where they say nothing.
fn as_push(args: Playbook, ansible: &AnsibleConfig) -> Result<cli::Push, Refusal> {
    let Playbook { limit, selection, login, rights, report, limits, .. } = args;
    let mut told = report.told;
    if !told.quiet {
        told.verbose = told.verbose.max(ansible.verbosity);
    }
    let usual = if selection.as_ansible { Format::Ansible } else { Format::Human };
    let or = |given: Vec<String>, configured: &Vec<String>| {
        if given.is_empty() { configured.clone() } else { given }
    };
    let lax = (ansible.host_key_checking == Some(false)).then_some(HostKeyPolicy::Lax);
    let configured = ansible.forks.and_then(|forks| NonZeroUsize::new(forks.min(1024)));
    let mut of_run = limits.of_run;
    of_run.connect_retries = of_run.connect_retries.or(ansible.retries.filter(|n| *n > 0));
    Ok(cli::Push {
        run: cli::Run {
            check: selection.check,
            diff: report.diff || ansible.diff,
            output: report.output.unwrap_or(usual),
            fail_on_change: report.fail_on_change,
            step: selection.step,
            told,
        },
        tasks: cli::Tasks {
            tags: or(selection.tags, &ansible.tags),
            skip_tags: or(selection.skip_tags, &ansible.skip_tags),
            start_at: selection.start_at_task,
            list_tasks: false,
        },
        login: cli::Login {
            ask_pass: login.ask_pass || ansible.ask_pass,
            host_key: login.host_key.or(lax),
            ssh_config: login.ssh_config,
            ..cli::Login::default()
        },
        rights: cli::rights::Rights {
            ask_become_pass: rights.ask_become_pass || ansible.become_ask_pass,
            ..cli::rights::Rights::default()
        },
        limits: of_run,
        limit,
        reach: cli::Reach {
            forks: limits.forks.unwrap_or(configured.map_or(Forks::USUAL, Forks)),
            connect_timeout: login.timeout.or(ansible.timeout),
        },
        ..cli::Push::default()
    })
}
