//! `hep`: the journey of a manifest, from the operator's files to hosts and back to the screen.

mod agent_binary;
mod ast;
mod bundle;
mod canceller;
mod check;
mod cli;
mod config;
mod diagnostic;
mod doc;
mod drive;
mod expression;
mod facts;
mod fleet;
mod helper_entry;
mod host;
mod inputs;
mod inventory;
mod local_files;
mod memory;
mod open;
mod plan;
mod read;
mod refusal;
mod remote;
mod report;
mod run;
mod schema;
mod secrets;
mod source;
mod stop;
mod text;
mod ui;
mod wildcard;
mod words;
mod writers;
mod yaml;

use ast::Manifest;
use check::targets::Targets;
use check::{Input, Options};
use cli::{Command, Format, Output, completions};
use config::Config;
use diagnostic::Diagnostics;
use drive::Job;
use fleet::gather::Gather;
use fleet::{Fleet, Launch, waves};
use hep_protocol::dialect::Dialect;
use hep_protocol::plan::{HostPart, Plan, Settings};
use host::{HostId, LOCALHOST};
use inputs::LocalUser;
use inventory::{Host, Inventory};
use local_files::Contents;
use plan::compile::{Compiled, compile};
use refusal::Refusal;
use report::{PlayLabel, Run, RunEnd, TaskLabel};
use run::escalation::{Escalation, Start};
use run::launcher::{LaunchOptions, Launcher, launch_here, local_agent, wishes_to_stop};
use run::playbook::explain::Support;
use run::playbook::listing::{self, Wanted as Listed};
use run::{HostRun, failed_hosts, options, playbook, screen};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use text::{chain, count, shown, shown_json};
use ui::Ui;

/// Usage, config, hosts file or manifest: nothing was contacted.
const REFUSED: u8 = 2;

/// A host did not say what it was asked.
const UNREACHABLE: u8 = 3;

fn main() -> ExitCode {
    memory::keep_private();
    let mut ui = Ui::new();
    if let Some(code) = helper_entry::answered(&mut ui) {
        return code;
    }
    let done = match cli::parse(std::env::args_os()) {
        Ok(cli) => match cli.command {
            Command::Push(args) => push(&args, &mut ui),
            Command::Playbook(args) => playbook(*args, &mut ui),
            Command::Apply(args) => apply(&args, &mut ui),
            Command::Validate(args) => validate(&args, &mut ui),
            Command::Bundle(args) => write_bundle(&args, &mut ui),
            Command::Hosts(args) => hosts(&args, &mut ui),
            Command::Facts(args) => facts(&args, &mut ui),
            Command::Doc(args) => doc(&args, &mut ui),
            Command::Completions(args) => completions(&args, &mut ui),
            Command::Schema => {
                ui.out(&schema::text());
                Ok(ExitCode::SUCCESS)
            }
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
    let config = config(&args.files, args.manifest.as_slice(), ui)?;
    let manifest_path = inputs::manifest(args.manifest.as_deref(), &config)?;
    let hosts_path = inputs::hosts(args.files.hosts.as_deref(), &config)?;
    let usual = LocalUser::of_system();
    let options = Options::of_run(
        &args.vars,
        &args.tasks,
        &args.run,
        &args.rights,
        args.limits.task_timeout,
    )?
    .usually_as(config.rights.user.as_deref());
    let around = usual.surroundings()?;
    let (manifest, inventory) =
        options::read(&manifest_path, &hosts_path, &around, &options).map_err(Refusal::Mistakes)?;
    warn(&inventory.warnings, ui);
    let targets = targets(inventory, args.limit.as_deref())?;
    let input = Input { manifest: &manifest, targets: &targets, options: &options };
    if let Some(text) = shown_instead(&input, &args.tasks, args.show_vars.as_deref())? {
        ui.out(&text);
        return Ok(ExitCode::SUCCESS);
    }
    let (end, _) = converge(&input, args, &config, &usual, ui)?;
    Ok(end)
}

/// `hep playbook`.
fn playbook(args: cli::playbook::Playbook, ui: &mut Ui) -> Result<ExitCode, Refusal> {
    let as_ansible = args.selection.as_ansible;
    let done = play(args, ui);
    match done {
        Ok((_, Some(end))) if as_ansible => Ok(ExitCode::from(end.exit_of_ansible())),
        Ok((code, _)) => Ok(code),
        Err(refusal) if as_ansible => {
            refuse(&refusal, ui);
            Ok(ExitCode::from(refusal.exit_of_ansible()))
        }
        Err(refusal) => Err(refusal),
    }
}

/// The run of playbooks, or what is shown in its place.
fn play(args: cli::playbook::Playbook, ui: &mut Ui) -> Result<(ExitCode, Option<RunEnd>), Refusal> {
    let usual = LocalUser::of_system();
    let (playbooks, given) = (args.playbooks.clone(), args.inventory.clone());
    let (explained, listed) = (args.selection.explain_support.clone(), Listed::of(&args.selection));
    let (syntax_check, format) = (args.selection.syntax_check, args.report.output);
    let handlers = playbook::handlers(&args.selection);
    let prepared = playbook::prepare(args, &usual)?;
    warn(&prepared.ansible.warnings, ui);
    if prepared.args.run.told.verbose > 0 {
        prepared.ansible.mentions.iter().for_each(|line| ui.err(&format!("note: {line}\n")));
    }
    if let Some(directory) = explained {
        let support = Support::of(&directory, &prepared.settings(), &prepared.options)?;
        ui.out(&match format {
            Some(Format::Json) => shown_json(&format!("{:#}\n", support.json())),
            Some(Format::Human | Format::Ansible) | None => support.text(),
        });
        return Ok((ExitCode::SUCCESS, None));
    }
    let manifest = prepared.manifest(&playbooks, handlers).map_err(Refusal::Mistakes)?;
    let warnings: Vec<String> = manifest.warnings.sorted().iter().map(|w| w.in_a_line()).collect();
    warn(&warnings, ui);
    if syntax_check {
        let titles: String = playbooks.iter().map(|path| listing::title(path)).collect();
        let mistakes = manifest.mistakes().unless(()).map_err(Refusal::Mistakes);
        return mistakes.map(|()| ui.out(&titles)).map(|()| (ExitCode::SUCCESS, None));
    }
    let inventory = prepared.inventory(&given, &playbooks)?;
    warn(&inventory.warnings, ui);
    let targets = targets(inventory, prepared.args.limit.as_deref())?;
    let input = Input { manifest: &manifest, targets: &targets, options: &prepared.options };
    if let Some(wanted) = listed {
        let text = listing::listing(&input, &playbooks, wanted).map_err(Refusal::Mistakes)?;
        ui.out(&text);
        return Ok((ExitCode::SUCCESS, None));
    }
    converge(&input, &prepared.args, &prepared.config, &usual, ui)
}

/// The run of a manifest on its hosts.
fn converge(
    input: &Input<'_>,
    args: &cli::Push,
    config: &Config,
    usual: &LocalUser,
    ui: &mut Ui,
) -> Result<(ExitCode, Option<RunEnd>), Refusal> {
    let Compiled { plan, hosts, contents, method, batches, warnings } =
        compile(input).map_err(Refusal::Mistakes)?;
    warn(&warnings, ui);
    if hosts.is_empty() && input.manifest.dialect == Dialect::Ansible {
        ui.err("warning: no play has hosts: there is nothing to do\n");
        return Ok((ExitCode::SUCCESS, None));
    }
    let mut hosts = HostRun::all(hosts, &plan, input.targets)?;
    playbook::follow_plays(&mut hosts, input.manifest, &input.options.extra)
        .map_err(Refusal::Mistakes)?;
    let forks = forks(args, ui)?;
    args.limits.failed_hosts.as_deref().map_or(Ok(()), failed_hosts::check)?;
    let mut run = run_of(&plan, &hosts, waves(&batches, forks));
    playbook::name_plays(&mut run, input);
    let names = run.hosts.clone();
    let (ways_in, parts): (Vec<_>, Vec<_>) = hosts.into_iter().map(HostRun::split).unzip();
    let (login, connect_timeout) = (&args.login, args.reach.connect_timeout);
    let escalation = Escalation { method, options: &args.rights, config: &config.rights };
    let ways = LaunchOptions { login, connect_timeout, config, usual, escalation };
    let launcher = Launcher::new(ways_in, &ways, ui)?;
    let job = job(plan, parts, contents)?;
    let launch: &Launch = &|greeting, way| launcher.launch(greeting, way);
    let view = screen::view(run, &args.run, config, Arc::clone(&launcher.clock), ui)?;
    launcher.ask_about_keys(forks, ui)?;
    let limits = args.limits.of_run();
    let (hosts, job, stop, batches) = (names.len(), &job, &launcher.stop, &batches);
    let fleet = Fleet { hosts, forks, job, launch, stop, batches, limits };
    let (end, code) = screen::perform(&fleet, view, &args.run, ui);
    if let Some(missed) = launcher.missed() {
        ui.err(&format!("warning: {missed}\n"));
    }
    if let Some(file) = &args.limits.failed_hosts {
        failed_hosts::keep_and_tell(file, &end, &names, ui);
    }
    Ok((code, Some(end)))
}

/// `hep apply`.
fn apply(args: &cli::Apply, ui: &mut Ui) -> Result<ExitCode, Refusal> {
    let options = Options::of_run(&args.vars, &args.tasks, &args.run, &args.rights, None)?;
    let manifest = Manifest::read(&args.manifest).map_err(Refusal::Mistakes)?;
    let targets = Targets::this_machine(LOCALHOST);
    let input = Input { manifest: &manifest, targets: &targets, options: &options };
    if let Some(text) = shown_instead(&input, &args.tasks, None)? {
        ui.out(&text);
        return Ok(ExitCode::SUCCESS);
    }
    let Compiled { plan, hosts, contents, method, batches, warnings } =
        compile(&input).map_err(Refusal::Mistakes)?;
    warn(&warnings, ui);
    can_step(&args.run, ui)?;
    let hosts = HostRun::all(hosts, &plan, &targets)?;
    let run = run_of(&plan, &hosts, waves(&batches, 1));
    let (ways_in, parts): (Vec<_>, Vec<_>) = hosts.into_iter().map(HostRun::split).unzip();
    let (stop, agent, config) = (wishes_to_stop()?, local_agent()?, Config::default());
    let escalation = Escalation { method, options: &args.rights, config: &config.rights };
    let means = escalation.means(&ways_in, None, &stop, ui)?;
    let job = job(plan, parts, contents)?;
    let launch: &Launch = &|greeting, _| {
        let means = means.first().and_then(Option::as_ref);
        launch_here(&agent, LOCALHOST, means, greeting)
    };
    let view = screen::view(run, &args.run, &config, Arc::default(), ui)?;
    let (job, stop, batches) = (&job, &stop, &batches);
    let limits = fleet::Limits::default();
    let fleet = Fleet { hosts: 1, forks: 1, job, launch, stop, batches, limits };
    Ok(screen::perform(&fleet, view, &args.run, ui).1)
}

/// `hep validate`.
fn validate(args: &cli::Validate, ui: &mut Ui) -> Result<ExitCode, Refusal> {
    let config = config(&args.files, &args.manifests, ui)?;
    let manifests = match args.manifests.as_slice() {
        [] => vec![inputs::manifest(None, &config)?],
        given => given.to_vec(),
    };
    let options = Options::to_validate(&args.vars)?;
    let (mut mistakes, mut sound) = (Diagnostics::default(), String::new());
    let mut targets = Targets::some_host(LOCALHOST);
    let hosts_path = args.files.hosts.clone().or(config.hosts);
    let mut hosts_sound = String::new();
    if let Some(path) = hosts_path {
        match Inventory::read(&path, &LocalUser::of_system().surroundings()?) {
            Ok(inventory) => {
                warn(&inventory.warnings, ui);
                hosts_sound = verdict(&path, &count(inventory.hosts.len(), "host"));
                mistakes.extend(inventory.obstacles());
                targets = Targets::of(inventory);
            }
            Err(found) => {
                targets = Targets::unreadable(LOCALHOST);
                mistakes.extend(found);
            }
        }
    }
    for path in &manifests {
        match Manifest::read(path) {
            Ok(manifest) => {
                let input = Input { manifest: &manifest, targets: &targets, options: &options };
                match compile(&input) {
                    Ok(Compiled { plan, warnings, .. }) => {
                        warn(&warnings, ui);
                        sound.push_str(&verdict(path, &count(plan.tasks().count(), "task")));
                    }
                    Err(found) => mistakes.extend(found),
                }
            }
            Err(found) => mistakes.extend(found),
        }
    }
    sound.push_str(&hosts_sound);
    ui.out(&sound);
    mistakes.unless(ExitCode::SUCCESS).map_err(Refusal::Mistakes)
}

fn verdict(path: &Path, what: &str) -> String {
    format!("{}: {what}, no mistake found\n", shown(&path.to_string_lossy()))
}

/// `hep bundle`.
fn write_bundle(args: &cli::Bundle, ui: &mut Ui) -> Result<ExitCode, Refusal> {
    let options = Options::new(&args.vars, args.check, args.diff)?;
    let manifest = Manifest::read(&args.manifest).map_err(Refusal::Mistakes)?;
    let targets = Targets::this_machine(LOCALHOST);
    let input = Input { manifest: &manifest, targets: &targets, options: &options };
    let Compiled { plan, contents, warnings, .. } = compile(&input).map_err(Refusal::Mistakes)?;
    warn(&warnings, ui);
    let tasks = count(plan.tasks().count(), "task");
    bundle::write(&args.output, plan, &contents).map_err(Refusal::plain)?;
    let path = shown(&args.output.to_string_lossy());
    ui.err(&format!("{path}: {tasks}; on the host: `hep-agent apply {path}`\n"));
    Ok(ExitCode::SUCCESS)
}

/// `hep hosts`.
fn hosts(args: &cli::Hosts, ui: &mut Ui) -> Result<ExitCode, Refusal> {
    let config = config(&args.files, &[], ui)?;
    let path = inputs::hosts(args.files.hosts.as_deref(), &config)?;
    let inventory = Inventory::read(&path, &LocalUser::of_system().surroundings()?);
    let inventory = inventory.map_err(Refusal::Mistakes)?;
    warn(&inventory.warnings, ui);
    let chosen = inputs::chosen(&inventory, args.pattern.as_deref(), None)?;
    ui.out(&match args.output {
        Output::Human => inventory.tree(&chosen),
        Output::Json => shown_json(&format!("{:#}\n", inventory.json(&chosen))),
    });
    if args.output == Output::Json && inventory.has_passwords(&chosen) {
        ui.err("note: passwords, and the commands that print them, are left out\n");
    }
    Ok(ExitCode::SUCCESS)
}

/// `hep facts`.
fn facts(args: &cli::Facts, ui: &mut Ui) -> Result<ExitCode, Refusal> {
    facts::check(&args.names)?;
    let config = config(&args.files, &[], ui)?;
    let path = inputs::hosts(args.files.hosts.as_deref(), &config)?;
    let usual = LocalUser::of_system();
    let inventory = Inventory::read(&path, &usual.surroundings()?).map_err(Refusal::Mistakes)?;
    warn(&inventory.warnings, ui);
    let chosen = inputs::chosen(&inventory, Some(&args.pattern), None)?;
    let hosts: Vec<Host> = chosen.iter().filter_map(|n| inventory.host(*n).cloned()).collect();
    let names: Vec<String> = hosts.iter().map(|host| host.name.clone()).collect();
    let (login, connect_timeout) = (&args.login, args.reach.connect_timeout);
    let escalation = Escalation {
        method: None,
        options: &cli::rights::Rights::default(),
        config: &config.rights,
    };
    let ways = LaunchOptions { login, connect_timeout, config: &config, usual: &usual, escalation };
    let ways_in = hosts.into_iter().map(|host| (host, Start::Login)).collect();
    let launcher = Launcher::new(ways_in, &ways, ui)?;
    let launch: &Launch = &|greeting, way| launcher.launch(greeting, way);
    let (hosts, forks) = (names.len(), args.reach.forks.0.get());
    launcher.ask_about_keys(forks, ui)?;
    let gather = Gather { hosts, forks, launch, stop: &launcher.stop, inquiry: &drive::facts };
    let answers = names.into_iter().zip(gather.run()).collect();
    ui.out(&match args.output {
        Output::Human => facts::human(&answers, &args.names),
        Output::Json => facts::json(&answers, &args.names),
    });
    let missing = answers.iter().filter_map(|(host, answer)| Some((host, answer.as_ref().err()?)));
    for (host, trouble) in missing.clone() {
        let what = format!("{}: {}", shown(host), shown(&trouble.what));
        ui.error(&what, trouble.hint.as_deref().map(shown).as_deref());
    }
    Ok(match (launcher.stop.wanted(), missing.count()) {
        (true, _) => ExitCode::from(report::STOPPED),
        (false, 0) => ExitCode::SUCCESS,
        (false, _) => ExitCode::from(UNREACHABLE),
    })
}

/// `hep doc`.
fn doc(args: &cli::Doc, ui: &mut Ui) -> Result<ExitCode, Refusal> {
    ui.out(&doc::page(args.topic.as_deref(), ui.out_colour)?);
    Ok(ExitCode::SUCCESS)
}

/// `hep completions`.
fn completions(args: &cli::Completions, ui: &mut Ui) -> Result<ExitCode, Refusal> {
    ui.out(&completions::script(args.shell).map_err(Refusal::plain)?);
    Ok(ExitCode::SUCCESS)
}

/// The config; its mistakes come with those of the files that are named without it.
fn config(files: &cli::Files, manifests: &[PathBuf], ui: &mut Ui) -> Result<Config, Refusal> {
    let mut mistakes = match inputs::config(files.config.as_deref()) {
        Ok((config, passed_over)) => {
            warn(passed_over.as_slice(), ui);
            return Ok(config);
        }
        Err(Refusal::Mistakes(mistakes)) => mistakes,
        Err(other) => return Err(other),
    };
    for path in manifests {
        mistakes.extend(Manifest::read(path).map_or_else(|found| found, Manifest::mistakes));
    }
    if let Some(path) = &files.hosts {
        let inventory = Inventory::read(path, &LocalUser::of_system().surroundings()?);
        inventory.err().into_iter().for_each(|found| mistakes.extend(found));
    }
    Err(Refusal::Mistakes(mistakes))
}

/// The hosts of an inventory that a limit leaves.
fn targets(inventory: Inventory, limit: Option<&str>) -> Result<Targets, Refusal> {
    match limit {
        None => Ok(Targets::of(inventory)),
        Some(limit) => {
            let chosen = inputs::chosen(&inventory, None, Some(limit))?;
            Ok(Targets::of(inventory).limited_to(chosen))
        }
    }
}

/// What is shown in place of a run, if that is wished.
fn shown_instead(
    input: &Input<'_>,
    tasks: &cli::Tasks,
    show_vars: Option<&str>,
) -> Result<Option<String>, Refusal> {
    match show_vars {
        Some(host) => options::variables_as_text(input, host).map(Some),
        None if tasks.list_tasks => options::tasks_as_text(input).map(Some),
        None => Ok(None),
    }
}

fn warn(warnings: &[String], ui: &mut Ui) {
    warnings.iter().for_each(|line| ui.err(&format!("warning: {}\n", shown(line))));
}

fn run_of(plan: &Plan, hosts: &[HostRun], waves: Vec<Vec<HostId>>) -> Run {
    let hosts = hosts.iter().map(|run| run.host.name.clone()).collect();
    let (plays, tasks) = (PlayLabel::all(plan), TaskLabel::all(plan));
    Run { hosts, plays, tasks, mode: plan.settings.mode, waves, room: usize::MAX }
}

fn job(
    plan: Plan,
    hosts: Vec<(HostPart, Arc<Settings>)>,
    contents: Arc<Contents>,
) -> Result<Job, Refusal> {
    Job::new(plan, hosts, contents)
        .map_err(|error| Refusal::plain(format!("the plan cannot be sent: {}", chain(&error))))
}

/// How many hosts at a time: one where the operator is asked before each task.
fn forks(args: &cli::Push, ui: &Ui) -> Result<usize, Refusal> {
    can_step(&args.run, ui)?;
    Ok(if args.run.step { 1 } else { args.reach.forks.0.get() })
}

fn can_step(args: &cli::Run, ui: &Ui) -> Result<(), Refusal> {
    if args.step && !ui.can_ask() {
        let what = "`--step` asks before each task, and there is no terminal to ask at";
        return Err(Refusal::new(what, "run hep at a terminal, or leave out `--step`"));
    }
    Ok(())
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
