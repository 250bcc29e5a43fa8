//! A run on the operator's screen: which report is made of it, and what goes on while it is performed.

use crate::cli::{self, Format};
use crate::config::{Config, LogLevel};
use crate::fleet::{Fleet, Question, Tick};
use crate::refusal::Refusal;
use crate::report::ansible::Ansible;
use crate::report::clock::Clock;
use crate::report::human::{Human, Verbosity};
use crate::report::journal::Depth;
use crate::report::json::Json;
use crate::report::profile::Profile;
use crate::report::told::{Form, Told};
use crate::report::{OnChange, Run, RunEnd, View, mask};
use crate::stop::Stop;
use crate::ui::Ui;
use std::process::ExitCode;
use std::sync::Arc;

/// What shows a run, as the command line wishes it.
///
/// # Errors
/// The log cannot be written.
pub(crate) fn view(
    mut run: Run,
    args: &cli::Run,
    config: &Config,
    clock: Arc<Clock>,
    ui: &Ui,
) -> Result<Box<dyn View>, Refusal> {
    let told = &args.told;
    run.room = if told.verbose > 0 { usize::MAX } else { ui.width().saturating_sub(40).max(20) };
    let verbosity = match config.log_level {
        _ if args.told.quiet => Verbosity::Failures,
        _ if args.told.verbose > 0 => Verbosity::Verbose,
        Some(LogLevel::Debug) => Verbosity::Verbose,
        Some(LogLevel::Info | LogLevel::Warning) | None => Verbosity::Normal,
        Some(LogLevel::Error | LogLevel::Critical) => Verbosity::Quiet,
    };
    let (view, form): (Box<dyn View>, Form) = match args.output {
        Format::Human => (
            Box::new(Human::new(run.clone(), ui.out_colour, verbosity)),
            Form::Human(ui.out_colour),
        ),
        Format::Ansible => {
            (Box::new(Ansible::new(run.clone(), told.verbose > 0)), Form::Human(ui.out_colour))
        }
        Format::Json => (
            Box::new(Json::new(
                run.clone(),
                super::options::diff_mode(args.diff),
                Arc::clone(&clock),
            )),
            Form::Json,
        ),
    };
    let log = told.open_log()?.map(|file| Box::new(file) as Box<dyn std::io::Write>);
    let depth = match told.verbose {
        0 | 1 => Depth::Known,
        2 => Depth::Agent,
        _ => Depth::Way,
    };
    let profile = told.profile.then(Profile::default);
    Ok(Box::new(Told { view, run, clock, depth, log, profile, form }))
}

/// Runs the job and shows it. From here on the exit code is the run's.
pub(crate) fn perform(
    fleet: &Fleet<'_>,
    mut view: Box<dyn View>,
    args: &cli::Run,
    ui: &mut Ui,
) -> (RunEnd, ExitCode) {
    ui.show(&view.begin());
    let mut end = fleet.run(&mut |tick, now| {
        match tick {
            Tick::Event(event) => ui.show(&view.event(mask::event(event), now)),
            Tick::Ask(question) => ask(question, view.as_ref(), fleet.stop, ui),
            Tick::Quiet => ui.show(&view.quiet(now)),
        }
        ui.status(view.status(now).as_deref());
    });
    let on_change = if args.fail_on_change { OnChange::Fail } else { OnChange::Succeed };
    let exit = end.exit(on_change);
    end.reports.iter_mut().for_each(mask::report);
    ui.status(None);
    ui.show(&view.end(&end, exit));
    (end, ExitCode::from(exit))
}

/// Asks the operator whether a task may begin.
fn ask(question: Question, view: &dyn View, stop: &Stop, ui: &mut Ui) {
    match ui.ask_step(&view.question(question.host, question.task), stop) {
        Ok(answer) => question.answer(answer),
        Err(error) => ui.error(&format!("cannot ask the operator: {error}"), None),
    }
}
