//! From a checked manifest to a plan: passes on what blocks say, and makes flat items of nested entries.

mod control;
mod foreign;
mod warnings;

use super::batches::{Batch, batches, set_waits};
use super::facts::Read;
use super::reads;
use crate::ast::{Batching, Entry, ManifestBlock, ManifestTask, Spot};
use crate::check::resolve::ResolvedPlay;
use crate::check::select::Chosen;
use crate::check::targets::Targets;
use crate::check::{Checked, Input, Programs, check};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::local_files::Contents;
use crate::local_files::search::Local;
use crate::read::ansible::crossing::failing;
use crate::secrets;
use control::{Inherited, conditions, control_of, looped};
use hep_protocol::dialect::Dialect;
use hep_protocol::expression::{ANSWERS, Rank};
use hep_protocol::plan::{
    Block, HostPart, Item, Layer, NamedSource, OnError, Plan, Play, Privacy, Settings, Spec, Task,
};
use hep_protocol::rights::Method;
use hep_protocol::value::{Json, Secret};
use serde_json::{Map, Value};
use std::collections::hash_map::{self, HashMap};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the hosts of a run do, and what each of them is sent of it.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// All of it. No host is sent another's plays.
    pub(crate) plan: Plan,
    /// The hosts that have a play.
    pub(crate) hosts: Vec<PlannedHost>,
    /// The contents that the tasks refer to by digest.
    pub(crate) contents: Arc<Contents>,
    /// By which program tasks become others, if they say.
    pub(crate) method: Option<Method>,
    /// The hosts that run together.
    pub(crate) batches: Vec<Batch>,
    /// What is no mistake and may be none of the operator's intentions.
    pub(crate) warnings: Vec<String>,
}

/// What is a host's own.
#[derive(Debug)]
pub(crate) struct PlannedHost {
    /// Its number among the targets.
    pub(crate) target: usize,
    pub(crate) part: HostPart,
    /// The plan's settings as it is told them.
    pub(crate) settings: Arc<Settings>,
}

/// Compiles a manifest for its hosts.
///
/// # Errors
/// Every mistake of the manifest, every local file that is missing, unreadable or nothing that can be sent, and everything
/// that would go wrong on some host as far as that can be known; each at its place.
pub(crate) fn compile(input: &Input<'_>) -> Result<Compiled, Diagnostics> {
    let Input { manifest, targets, options } = input;
    let Checked {
        plays: checked,
        chosen,
        files,
        answered,
        contents,
        warnings,
        mut problems,
        doubts: _,
    } = check(input, Programs::Start)?;
    let mut emitter =
        Emitter { input, chosen: &chosen, files: &files, count: 0, warnings, methods: Vec::new() };
    let plays = (0_u32..).zip(&checked).map(|(number, play)| emitter.play(number, play)).collect();
    let Emitter { warnings, methods, .. } = emitter;
    let method = become_method(&methods, &mut problems);
    let settings = Settings {
        mode: options.mode,
        diff: options.diff,
        pace: options.pace,
        extra: json(options.extra.vars()),
        groups: json(targets.groups.clone()),
        task_timeout: options.task_timeout,
        facts: None,
    };
    let mut plan = Plan { settings, plays };
    let (numbers, mut parts): (Vec<usize>, Vec<HostPart>) =
        parts(targets, &checked, answered).unzip();
    let contents = Arc::new(contents);
    let batching: Vec<&Batching> = manifest.plays.iter().map(|play| &play.batching).collect();
    let mut batches = batches(&batching, &parts);
    set_waits(&batching, &mut batches, &mut parts);
    let read = Read::by(manifest.dialect, &plan, &parts, &contents);
    if manifest.dialect == Dialect::Ansible {
        let known = foreign::Known {
            input,
            plays: &checked,
            batches: &batches,
            read: &read.magic,
            members: &numbers,
        };
        foreign::tell(&known, &mut plan, &mut parts);
    }
    plan.settings.facts = read.facts;
    let settings = reads::settings(&plan, &parts, &contents);
    let each = numbers.into_iter().zip(parts).zip(settings);
    let planned = |((target, part), settings)| PlannedHost { target, part, settings };
    let mut hosts: Vec<PlannedHost> = each.map(planned).collect();
    if let Err(why) = tell_secrets(&mut hosts, &plan) {
        problems.push(Diagnostic::of_file(&manifest.source.path, why));
    }
    let problems = problems.grouped();
    problems.unless(Compiled { plan, hosts, contents, method, batches, warnings })
}

/// A mapping as it travels; none at all if it is empty.
fn json(map: Map<String, Value>) -> Json {
    if map.is_empty() { Json::default() } else { Json(Value::Object(map)) }
}

/// Variables as they travel.
fn travelling(layers: Vec<(Rank, Map<String, Value>)>) -> Vec<Layer> {
    layers.into_iter().map(|(rank, vars)| (rank, json(vars))).collect()
}

/// The parts of those hosts that some play is for, by the hosts' numbers among the targets.
fn parts(
    targets: &Targets,
    plays: &[ResolvedPlay<'_>],
    mut answered: BTreeMap<usize, Map<String, Value>>,
) -> impl Iterator<Item = (usize, HostPart)> {
    let mut parts: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    for (number, play) in (0_u32..).zip(plays) {
        play.members.iter().for_each(|member| parts.entry(*member).or_default().push(number));
    }
    parts.into_iter().filter_map(move |(member, plays)| {
        let host = targets.members.get(member)?;
        let (name, groups) = (host.name.clone(), host.groups.clone());
        let (mut vars, act_as) = (host.vars.clone(), host.act_as.clone());
        if let Some(answers) = answered.remove(&member) {
            vars.insert(ANSWERS.to_owned(), Value::Object(answers));
        }
        let vars = json(vars);
        Some((member, HostPart { name, groups, vars, plays, act_as, ..HostPart::default() }))
    })
}

/// Tells each host the secrets that are in what it is sent, and no others.
fn tell_secrets(hosts: &mut [PlannedHost], plan: &Plan) -> Result<(), String> {
    let of_play = |play: &Play| Ok((play.number, secrets::within(play)?));
    let of_plays = plan.plays.iter().map(of_play).collect::<Result<HashMap<_, _>, String>>()?;
    // Hosts share their settings.
    let mut of_settings: HashMap<*const Settings, BTreeSet<Secret>> = HashMap::new();
    for PlannedHost { part, settings, .. } in hosts {
        let mut all = secrets::within(&*part)?;
        all.extend(part.plays.iter().filter_map(|play| of_plays.get(play)).flatten().cloned());
        let shared = match of_settings.entry(Arc::as_ptr(settings)) {
            hash_map::Entry::Occupied(known) => known.into_mut(),
            hash_map::Entry::Vacant(new) => new.insert(secrets::within(settings.as_ref())?),
        };
        all.extend(shared.iter().cloned());
        part.secrets = all.into_iter().collect();
    }
    Ok(())
}

/// Makes the plan's plays of checked ones.
struct Emitter<'m> {
    input: &'m Input<'m>,
    chosen: &'m Chosen,
    files: &'m BTreeMap<usize, Vec<Local>>,
    /// How many tasks the plays so far have.
    count: u32,
    warnings: Vec<String>,
    /// What tasks say of methods.
    methods: Vec<(Method, Spot)>,
}

impl Emitter<'_> {
    fn play(&mut self, number: u32, resolved: &ResolvedPlay<'_>) -> Play {
        let ResolvedPlay { play, notified, crossed, .. } = resolved;
        let first = self.count;
        // Every chosen task has its place in the plan: the tasks in order, then the handlers.
        let mut numbers = HashMap::new();
        play.each_task(&mut |task| {
            if self.chosen.has(task.number) {
                numbers.insert(task.number, self.count);
                self.count = self.count.saturating_add(1);
            }
        });
        let mut flat = Flat { emitter: self, notified, crossed, numbers, tasks: Vec::new() };
        let mut items = Vec::new();
        let around = Inherited { act_as: play.act_as.clone(), ..Inherited::default() };
        flat.entries(&play.entries, &around, &mut items);
        let handlers = play.handlers.iter().filter_map(|task| flat.task(task, &around)).collect();
        let (name, on_failure) = (play.name.clone(), play.on_failure);
        let dialect = flat.emitter.input.manifest.dialect;
        let layers = travelling(resolved.layers());
        Play {
            number,
            name,
            dialect,
            layers,
            first,
            tasks: flat.tasks,
            items,
            handlers,
            on_failure,
        }
    }
}

/// Makes flat items of the nested entries of a play.
struct Flat<'f, 'm> {
    emitter: &'f mut Emitter<'m>,
    notified: &'f HashMap<usize, Vec<usize>>,
    crossed: &'f HashMap<usize, Diagnostic>,
    /// The places in the plan of the play's tasks and handlers.
    numbers: HashMap<usize, u32>,
    tasks: Vec<Task>,
}

impl Flat<'_, '_> {
    fn entries(&mut self, entries: &[Entry], inherited: &Inherited, items: &mut Vec<Item>) {
        for entry in entries {
            match entry {
                Entry::Task(task) => {
                    items.extend(self.task(task, inherited).map(Item::Task));
                }
                Entry::Block(block) => self.block(block, inherited, items),
                Entry::Flush => items.push(Item::Flush),
            }
        }
    }

    fn block(&mut self, block: &ManifestBlock, inherited: &Inherited, items: &mut Vec<Item>) {
        let ManifestBlock { control, layers: _, body, rescue, always, gate: _ } = block;
        let inherited = inherited.with(control);
        let at = items.len();
        let mut counts = [0_u32; 3];
        for (part, count) in [body, rescue, always].into_iter().zip(&mut counts) {
            let before = items.len();
            self.entries(part, &inherited, items);
            *count = u32::try_from(items.len() - before).unwrap_or(u32::MAX);
        }
        let layers = block.layers();
        let plain = control.when.is_empty()
            && control.each.is_none()
            && layers.is_empty()
            && !control.choice
            && rescue.is_empty()
            && always.is_empty();
        if items.len() > at && !plain {
            let [body, rescue, always] = counts;
            let block = Block {
                name: control.name.as_ref().map(|name| name.text.clone()),
                body,
                rescue,
                always,
                when: conditions(&control.when),
                each: control.each.as_deref().map(looped),
                layers: travelling(layers),
                choice: control.choice,
            };
            items.insert(at, Item::Block(Box::new(block)));
        }
    }

    /// Puts a chosen task into the plan.
    fn task(&mut self, task: &ManifestTask, inherited: &Inherited) -> Option<u32> {
        let number = *self.numbers.get(&task.number)?;
        let inherited = inherited.with(&task.control);
        self.emitter.methods.extend(inherited.act_as.method.clone());
        self.tell_of_idle_user(&task.control.act_as, &inherited.act_as);
        self.tell_of_generous_mode(task);
        let notified = self.notified.get(&task.number).into_iter().flatten();
        let notify = notified.filter_map(|handler| self.numbers.get(handler)).copied().collect();
        let on_error = inherited.on_error.clone().unwrap_or(OnError::Stop);
        let source = |local: &Local| NamedSource {
            written: local.written.clone(),
            source: local.source.clone(),
        };
        let files = self.emitter.files.get(&task.number).map_or(&[][..], Vec::as_slice);
        let sources = files.iter().map(source).collect();
        let usual = &self.emitter.input.options.act_as;
        let control = control_of(task, inherited, notify, usual);
        let spec = match (self.crossed.get(&task.number), &task.spec) {
            (Some(problem), _) => Spec::Typed(failing(problem.in_a_line())),
            (None, Some(spec)) => Spec::Typed(Arc::clone(spec)),
            (None, None) => {
                Spec::Open { module: task.module.text.clone(), params: Json(task.params.to_json()) }
            }
        };
        let privacy = control.as_ref().map_or(Privacy::Open, |control| control.privacy);
        let name = task.title_in(privacy);
        self.tasks.push(Task { name, spec, sources, on_error, control });
        Some(number)
    }
}

/// The method of a run: that of its tasks, which must be one and the same.
fn become_method(said: &[(Method, Spot)], problems: &mut Diagnostics) -> Option<Method> {
    let (method, _) = said.first()?;
    if let Some((_, other)) = said.iter().find(|(other, _)| other != method) {
        let name = method.name();
        let message = format!("a run has one `become_method`, but `{name}` is set elsewhere in it");
        let hint = "keep one of them; `become_method=` of a host in the inventory overrides both";
        problems.push(other.problem(message).hint(hint));
    }
    Some(*method)
}
