//! `hep`: the journey of a manifest, from the operator's files to hosts and back to the screen.

mod agent_binary;
mod bundle;
mod cli;
mod config;
mod diagnostic;
mod drive;
mod fleet;
mod inventory;
mod manifest;
mod remote;
mod report;
mod settings;
mod source;
mod stop;
mod ui;
mod words;
mod yaml;

use cli::{Command, Output};
use config::{Config, LogLevel};
use diagnostic::Diagnostics;
use drive::{Job, greet};
use fleet::{Fleet, Launch, Tick};
use hep_protocol::plan::{DiffMode, Plan, RunMode};
use inventory::{Inventory, Surroundings};
use manifest::{Compiled, Manifest, SearchPath};
use remote::{HostKeys, Identities, Options, Problem, Secret, Stage, Timeouts, Unreachable};
use report::human::{Human, Verbosity};
use report::json::Json;
use report::text::{chain, count, shown};
use report::{OnChange, Run, TaskLabel, View};
use settings::{Logins, Refusal, Usual};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use stop::Stop;
use ui::Ui;

/// Usage, config, hosts file or manifest: nothing was contacted.
const REFUSED: u8 = 2;

fn main() -> ExitCode {
    let mut ui = Ui::new();
    let done = match cli::parse(std::env::args_os()) {
        Ok(cli) => match cli.command {
            Command::Push(args) => push(&args, &mut ui),
            Command::Apply(args) => apply(&args, &mut ui),
            Command::Validate(args) => validate(&args, &mut ui),
            Command::Bundle(args) => write_bundle(&args, &mut ui),
        },
        Err(words) => {
            ui.usage(&words);
            Ok(if words.use_stderr() { ExitCode::from(REFUSED) } else { ExitCode::SUCCESS })
        }
    };
    let code = done.unwrap_or_else(|refusal| {
        refuse(&refusal, &mut ui);
        ExitCode::from(match refusal {
            Refusal::Mistakes(_) | Refusal::Other { .. } => REFUSED,
            Refusal::Stopped => report::STOPPED,
        })
    });
    // Without its report a run is no success; a code that says more stays.
    if ui.out_lost && code == ExitCode::SUCCESS { ExitCode::FAILURE } else { code }
}

/// `hep push`.
fn push(args: &cli::Push, ui: &mut Ui) -> Result<ExitCode, Refusal> {
    let config = config(&args.files, args.manifest.as_slice())?;
    let manifest_path = settings::manifest(args.manifest.as_deref(), &config)?;
    let hosts_path = settings::hosts(args.files.hosts.as_deref(), &config)?;
    let usual = Usual::of_system();
    let (compiled, inventory) = read(&manifest_path, &hosts_path, &usual)?;
    let stop = Stop::on_signals().map_err(no_signals)?;
    let asked = ask_password(&args.login, &stop, ui)?;
    let logins = Logins { login: &args.login, asked, config: &config, usual: &usual };
    let targets = settings::targets(inventory, &logins)?;
    settings::check_keys(&targets, &logins)?;
    let hosts = targets.iter().map(|target| target.name.clone()).collect();
    let run = run(&compiled, &args.run, hosts, args.forks.0.get());
    let job = job(compiled, &args.run)?;
    let host_keys = HostKeys::of_user(usual.home.as_deref());
    host_keys.warnings().iter().for_each(|line| ui.err(&format!("warning: {}\n", shown(line))));
    let asker = ui.asker(&stop);
    let options = Options {
        policy: args.login.host_key.into(),
        host_keys: &host_keys,
        confirm: &asker,
        timeouts: timeouts(args),
        identities: Identities::of_user(usual.home.as_deref()),
        agents: &|machine| {
            agent_binary::for_machine(machine)
                .map_err(|error| Problem::new(chain(&error)).with_hint(error.hint()))
        },
    };
    let launch: &Launch = &|host, way| match targets.get(host.0) {
        Some(target) => remote::ssh::launch(target, &options, way, greet),
        None => Err(unreachable_local(Problem::new("no such host"))),
    };
    let (hosts, forks) = (targets.len(), run.forks);
    let view = view(run, &args.run, &config, ui);
    let fleet = Fleet { hosts, forks, job: &job, launch, stop: &stop };
    Ok(perform(&fleet, view, on_change(&args.run), ui))
}

/// `hep apply`.
fn apply(args: &cli::Apply, ui: &mut Ui) -> Result<ExitCode, Refusal> {
    let compiled = compile(&args.manifest).map_err(Refusal::Mistakes)?;
    let run = run(&compiled, &args.run, vec![LOCALHOST.to_owned()], 1);
    let job = job(compiled, &args.run)?;
    let agent = agent_binary::local().map_err(|error| Refusal::new(chain(&error), error.hint()))?;
    let launch: &Launch = &|_, _| {
        let started = match &agent {
            agent_binary::LocalAgent::File(path) => remote::local::start_file(path),
            agent_binary::LocalAgent::Bytes(bytes) => remote::local::start_bytes(bytes),
        };
        let failed = |error| Problem::new(format!("cannot start the agent: {error}"));
        let mut link = started.map_err(|error| unreachable_local(failed(error)))?;
        let facts = greet(link.as_mut()).map_err(unreachable_local)?;
        Ok((link, facts))
    };
    let stop = Stop::on_signals().map_err(no_signals)?;
    let view = view(run, &args.run, &Config::default(), ui);
    let fleet = Fleet { hosts: 1, forks: 1, job: &job, launch, stop: &stop };
    Ok(perform(&fleet, view, on_change(&args.run), ui))
}

/// `hep validate`.
fn validate(args: &cli::Validate, ui: &mut Ui) -> Result<ExitCode, Refusal> {
    let config = config(&args.files, &args.manifests)?;
    let manifests = match args.manifests.as_slice() {
        [] => vec![settings::manifest(None, &config)?],
        given => given.to_vec(),
    };
    let (mut mistakes, mut sound) = (Diagnostics::default(), String::new());
    for path in &manifests {
        match compile(path) {
            Ok(compiled) => sound.push_str(&verdict(path, &count(compiled.tasks.len(), "task"))),
            Err(found) => mistakes.extend(found),
        }
    }
    let hosts_path = args.files.hosts.clone().or(config.hosts);
    if let Some(path) = hosts_path {
        match Inventory::read(&path, &surroundings(&Usual::of_system())?) {
            Ok(inventory) => sound.push_str(&verdict(&path, &count(inventory.hosts.len(), "host"))),
            Err(found) => mistakes.extend(found),
        }
    }
    ui.out(&sound);
    mistakes.unless(ExitCode::SUCCESS).map_err(Refusal::Mistakes)
}

fn verdict(path: &Path, what: &str) -> String {
    format!("{}: {what}, no mistake found\n", shown(&path.to_string_lossy()))
}

/// `hep bundle`.
fn write_bundle(args: &cli::Bundle, ui: &mut Ui) -> Result<ExitCode, Refusal> {
    let compiled = compile(&args.manifest).map_err(Refusal::Mistakes)?;
    let tasks = count(compiled.tasks.len(), "task");
    let contents = Arc::clone(&compiled.contents);
    let plan = plan(compiled, args.check, args.diff);
    bundle::write(&args.output, plan, &contents).map_err(Refusal::plain)?;
    let path = shown(&args.output.to_string_lossy());
    ui.err(&format!("{path}: {tasks}; on the host: `hep-agent apply {path}`\n"));
    Ok(ExitCode::SUCCESS)
}

/// The host's name in a run without a network.
const LOCALHOST: &str = "localhost";

/// Runs the job and shows it. From here on the exit code is the run's.
fn perform(
    fleet: &Fleet<'_>,
    mut view: Box<dyn View>,
    on_change: OnChange,
    ui: &mut Ui,
) -> ExitCode {
    ui.show(&view.begin());
    let end = fleet.run(&mut |tick, now| {
        match tick {
            Tick::Event(event) => ui.show(&view.event(event, now)),
            Tick::Quiet => {}
        }
        ui.status(view.status(now).as_deref());
    });
    let exit = end.exit(on_change);
    ui.status(None);
    ui.show(&view.end(&end, exit));
    ExitCode::from(exit)
}

fn on_change(args: &cli::Run) -> OnChange {
    if args.fail_on_change { OnChange::Fail } else { OnChange::Succeed }
}

fn no_signals(error: std::io::Error) -> Refusal {
    Refusal::plain(format!("cannot watch for signals: {error}"))
}

fn view(run: Run, args: &cli::Run, config: &Config, ui: &Ui) -> Box<dyn View> {
    let verbosity = match config.log_level {
        _ if args.verbose > 0 => Verbosity::Verbose,
        Some(LogLevel::Debug) => Verbosity::Verbose,
        Some(LogLevel::Info | LogLevel::Warning) | None => Verbosity::Normal,
        Some(LogLevel::Error | LogLevel::Critical) => Verbosity::Quiet,
    };
    match args.output {
        Output::Human => Box::new(Human::new(run, ui.out_colour, verbosity)),
        Output::Json => Box::new(Json::new(run, diff_mode(args.diff))),
    }
}

/// The config; its mistakes come with those of the files that are named without it.
fn config(files: &cli::Files, manifests: &[PathBuf]) -> Result<Config, Refusal> {
    let mut mistakes = match settings::config(files.config.as_deref()) {
        Err(Refusal::Mistakes(mistakes)) => mistakes,
        other => return other,
    };
    let compiled = manifests.iter().map(|path| compile(path).err());
    compiled.flatten().for_each(|found| mistakes.extend(found));
    if let Some(path) = &files.hosts {
        let inventory = Inventory::read(path, &surroundings(&Usual::of_system())?);
        inventory.err().into_iter().for_each(|found| mistakes.extend(found));
    }
    Err(Refusal::Mistakes(mistakes))
}

/// Manifest and hosts file, with the mistakes of both at once.
fn read(manifest: &Path, hosts: &Path, usual: &Usual) -> Result<(Compiled, Inventory), Refusal> {
    let inventory = Inventory::read(hosts, &surroundings(usual)?);
    match (compile(manifest), inventory) {
        (Ok(compiled), Ok(inventory)) => Ok((compiled, inventory)),
        (Err(mistakes), Ok(_)) | (Ok(_), Err(mistakes)) => Err(Refusal::Mistakes(mistakes)),
        (Err(mut mistakes), Err(more)) => {
            mistakes.extend(more);
            Err(Refusal::Mistakes(mistakes))
        }
    }
}

fn compile(path: &Path) -> Result<Compiled, Diagnostics> {
    let manifest = Manifest::read(path)?;
    // Only relative sources need it, and those are sought beside the manifest too.
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    manifest::compile(&manifest, &SearchPath::new(path, &here))
}

fn surroundings(usual: &Usual) -> Result<Surroundings, Refusal> {
    let here = std::env::current_dir();
    let here =
        here.map_err(|error| Refusal::plain(format!("there is no working directory: {error}")))?;
    Ok(Surroundings { working_directory: here, home: usual.home.clone() })
}

fn run(compiled: &Compiled, args: &cli::Run, hosts: Vec<String>, forks: usize) -> Run {
    let label = |task: &hep_protocol::plan::Task| TaskLabel {
        name: task.name.clone(),
        module: task.spec.module(),
    };
    Run {
        hosts,
        tasks: compiled.tasks.iter().map(label).collect(),
        mode: run_mode(args.check),
        forks,
    }
}

fn job(compiled: Compiled, args: &cli::Run) -> Result<Job, Refusal> {
    let contents = Arc::clone(&compiled.contents);
    let plan = plan(compiled, args.check, args.diff);
    Job::new(plan, contents)
        .map_err(|error| Refusal::plain(format!("the plan cannot be sent: {}", chain(&error))))
}

fn plan(compiled: Compiled, check: bool, diff: bool) -> Plan {
    Plan { mode: run_mode(check), diff: diff_mode(diff), tasks: compiled.tasks }
}

fn run_mode(check: bool) -> RunMode {
    if check { RunMode::Check } else { RunMode::Apply }
}

fn diff_mode(diff: bool) -> DiffMode {
    if diff { DiffMode::Unified } else { DiffMode::Off }
}

fn timeouts(args: &cli::Push) -> Timeouts {
    let usual = Timeouts::default();
    match args.connect_timeout.map(Duration::from_secs) {
        Some(limit) => usual.reaching_within(limit),
        None => usual,
    }
}

fn ask_password(login: &cli::Login, stop: &Stop, ui: &mut Ui) -> Result<Option<Secret>, Refusal> {
    if !login.ask_pass {
        return Ok(None);
    }
    let asked = ui.ask_password("SSH password: ", stop);
    let failed = |error| {
        if stop.wanted() {
            return Refusal::Stopped;
        }
        let hint =
            "without one, write `password=` into the hosts file or `ssh.password` into the config";
        Refusal::new(format!("the password could not be asked for: {error}"), hint)
    };
    asked.map(|text| Some(Secret::new(text))).map_err(failed)
}

/// This machine as a host that could not be reached.
fn unreachable_local(problem: Problem) -> Unreachable {
    let Problem { what, hint } = problem;
    Unreachable { host: LOCALHOST.to_owned(), stage: Stage::Start, what, hint, source: None }
}

fn refuse(refusal: &Refusal, ui: &mut Ui) {
    match refusal {
        Refusal::Mistakes(mistakes) => ui.err(&mistakes.render(ui.err_colour)),
        Refusal::Stopped => ui.err("stopped on request: nothing was contacted\n"),
        Refusal::Other { what, hint } => {
            ui.error(&shown(what), hint.as_deref().map(shown).as_deref())
        }
    }
}
