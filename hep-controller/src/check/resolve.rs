//! The hosts each play of a manifest is for, which handlers its tasks notify, and which variables it has. Evaluates
//! nothing but the names of files of variables.

use super::Input;
use super::handlers;
use super::select::{self, Chosen};
use super::targets::{NoHosts, Targets};
use super::variables::{self, Definition};
use crate::ast::{Crossing, ManifestPlay, Way, merged};
use crate::diagnostic::{Diagnostic, Diagnostics};
use hep_protocol::expression::{Language, Rank};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// A manifest's plays, with what their names mean.
pub(super) struct Resolved<'m> {
    pub(super) plays: Vec<ResolvedPlay<'m>>,
    pub(super) chosen: Chosen,
    pub(super) warnings: Vec<String>,
    pub(super) problems: Diagnostics,
}

/// A play with what is its own.
pub(crate) struct ResolvedPlay<'m> {
    pub(crate) play: &'m ManifestPlay,
    /// Its hosts, by their numbers among the targets.
    pub(crate) members: Vec<usize>,
    /// Its own variables and those of its files, weakest first.
    pub(crate) vars: Vec<Definition>,
    /// Whether some variables could not be read, which was reported.
    pub(super) incomplete: bool,
    /// The handlers that each task and handler notifies, by the numbers of both.
    pub(crate) notified: HashMap<usize, Vec<usize>>,
    /// Why tasks cannot be done that reach beyond their hosts, by their numbers.
    pub(crate) crossed: HashMap<usize, Diagnostic>,
}

impl ResolvedPlay<'_> {
    /// All its variables, by their ranks.
    pub(crate) fn layers(&self) -> Vec<(Rank, Map<String, Value>)> {
        let of_roles = self.play.layers.iter().filter(|(rank, _)| *rank != Rank::Play);
        let mut layers = merged(of_roles, None);
        layers.push((Rank::Play, variables::mapping(&self.vars)));
        layers
    }
}

/// Resolves all plays.
///
/// # Errors
/// The manifest's own mistakes, and what is wrong with the choice of tasks.
pub(super) fn resolve<'m>(
    input: &Input<'m>,
    language: &Language,
) -> Result<Resolved<'m>, Diagnostics> {
    let Input { manifest, options, .. } = input;
    let mut problems = manifest.problems.clone();
    let mut warnings = Vec::new();
    let mut chosen = match select::choose(manifest, &options.choice) {
        Ok(chosen) => chosen,
        Err(found) => {
            problems.extend(found);
            return Err(problems);
        }
    };
    let mut plays = Vec::new();
    for play in &manifest.plays {
        let members = members(input, play, &mut problems, &mut warnings);
        let notified = handlers::notified(play, &mut problems);
        handlers::choose(play, &notified, &mut chosen);
        let mut of_vars = Diagnostics::default();
        let vars = variables::of_play(play, &options.extra, language, &mut of_vars);
        let incomplete =
            !of_vars.is_empty() || play.vars().iter().any(|piece| piece.node.has_broken());
        problems.extend(of_vars);
        let crossed = crossed(play, &members, input.targets);
        plays.push(ResolvedPlay { play, members, vars, incomplete, notified, crossed });
    }
    Ok(Resolved { plays, chosen, warnings, problems })
}

/// The tasks of a play that reach from these hosts to others, each with the reason why hep cannot do that.
fn crossed(
    play: &ManifestPlay,
    members: &[usize],
    targets: &Targets,
) -> HashMap<usize, Diagnostic> {
    let mut crossed = HashMap::new();
    let stays = |way: &Way| match way {
        Way::Once => members.len() <= 1,
        Way::Elsewhere(to) => members.iter().all(|member| targets.is_host(*member, to)),
    };
    play.each_task(&mut |task| {
        let crossing = task.origin.crossings.iter().find(|crossing| !stays(&crossing.way));
        if let Some(Crossing { problem, .. }) = crossing {
            crossed.insert(task.number, problem.clone());
        }
    });
    crossed
}

/// The hosts of a play.
fn members(
    input: &Input<'_>,
    play: &ManifestPlay,
    problems: &mut Diagnostics,
    warnings: &mut Vec<String>,
) -> Vec<usize> {
    let pattern = play.hosts.as_ref();
    match input.targets.select(pattern.map(|spot| spot.text.as_str())) {
        Ok(members) => {
            let none = members.is_empty() && !input.targets.is_limited();
            if let (true, Some(pattern)) = (none, pattern) {
                let name = play.name.as_deref().map_or(String::new(), |name| format!(" `{name}`"));
                warnings.push(format!("the play{name} has no hosts: none is `{}`", pattern.text));
            }
            members
        }
        Err(NoHosts { message, hint }) => {
            if let Some(spot) = pattern {
                let problem = spot.problem(message);
                problems.push(problem.with(hint));
            }
            Vec::new()
        }
    }
}
