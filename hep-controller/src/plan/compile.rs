//! From a checked manifest to a plan: chooses the tasks, hands down what blocks say, resolves handlers, and has everything
//! verified for every host.

mod task;
mod warnings;

use super::batches::{Batch, batches};
use super::reads;
use crate::ast::control::{Control as Keys, ManifestLoop};
use crate::ast::rights::Rights;
use crate::ast::{
    Batching, Entry, Manifest, ManifestBlock, ManifestPlay, ManifestTask, Piece, Spot,
};
use crate::check::handlers::Handlers;
use crate::check::select::{self, Chosen};
use crate::check::targets::{Audience, NoHosts};
use crate::check::variables::{self, Definition};
use crate::check::verify::Verifier;
use crate::check::{Order, PlayToVerify};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::local_files::contents::Contents;
use crate::local_files::search::{SearchPath, Sources, at_place};
use crate::secrets;
use hep_protocol::expression::{Language, has_expression};
use hep_protocol::plan::{
    Block, CheckPolicy, Condition, HostPart, Item, Loop, NamedSource, OnError, Plan, Play, Privacy,
    Settings, Spec, Task,
};
use hep_protocol::rights::Method;
use hep_protocol::value::{Json, Secret};
use serde_json::{Map, Value};
use std::collections::hash_map::{self, HashMap};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// What the hosts of a run do, and what each of them is sent of it.
#[derive(Debug)]
pub(crate) struct Compiled {
    /// All of it. No host is sent another's plays.
    pub(crate) plan: Plan,
    /// The hosts that have a play, by their numbers in the audience.
    pub(crate) hosts: Vec<(usize, HostPart)>,
    /// The plan's settings as each of these hosts is told them, in the same order.
    pub(crate) settings: Vec<Arc<Settings>>,
    /// The contents that the tasks refer to by digest.
    pub(crate) contents: Arc<Contents>,
    /// By which program tasks become others, if they say.
    pub(crate) method: Option<Method>,
    /// Who has a turn with whom.
    pub(crate) batches: Vec<Batch>,
    /// What is no mistake and may be none of the operator's intentions.
    pub(crate) warnings: Vec<String>,
}

/// Compiles a manifest for its hosts.
///
/// # Errors
/// Every mistake of the manifest, every local file that is missing, unreadable or nothing that can be sent, and everything
/// that would go wrong on some host as far as that can be known; each at its place.
pub(crate) fn compile(manifest: &Manifest, order: &Order<'_>) -> Result<Compiled, Diagnostics> {
    let search = SearchPath::new(&manifest.source.path, order.working_directory);
    let mut run = Run {
        order,
        language: Language::new(),
        sources: Sources::new(&search, &manifest.source),
        problems: manifest.problems.clone(),
        warnings: Vec::new(),
        tasks: Vec::new(),
        numbers: HashMap::new(),
        paths: BTreeMap::new(),
        rights: Vec::new(),
    };
    let mut chosen = match select::choose(manifest, order.choice) {
        Ok(chosen) => chosen,
        Err(found) => {
            run.problems.extend(found);
            return Err(run.problems);
        }
    };
    let (plays, members) = run.plays(manifest, &mut chosen);
    for piece in &manifest.loose_sources {
        let written = piece.node.text().filter(|text| !has_expression(text)).unwrap_or_default();
        let found = (!written.is_empty()).then(|| run.sources.find(&piece.source, written));
        if let Some(Err(troubles)) = found {
            run.problems.extend(at_place(piece, troubles));
        }
    }
    let Run { sources, mut problems, warnings, rights, .. } = run;
    let method = become_method(rights.iter(), &mut problems);
    let settings = Settings {
        mode: order.mode,
        diff: order.diff,
        pace: order.pace,
        extra: json(order.extra.vars()),
        groups: json(order.audience.groups.clone()),
        task_timeout: order.task_timeout,
    };
    let plan = Plan { settings, plays };
    let mut hosts = hosts(order.audience, &members);
    let contents = Arc::new(sources.contents);
    let parts: Vec<&HostPart> = hosts.iter().map(|(_, part)| part).collect();
    let settings = reads::settings(&plan, &parts, &contents);
    let batching: Vec<&Batching> = manifest.plays.iter().map(|play| &play.batching).collect();
    let batches = batches(&batching, &parts);
    let parts = hosts.iter_mut().map(|(_, part)| part);
    if let Err(why) = tell_secrets(parts.zip(&settings), &plan) {
        problems.push(Diagnostic::of_file(&manifest.source.path, why));
    }
    let problems = problems.grouped();
    problems.unless(Compiled { plan, hosts, settings, contents, method, batches, warnings })
}

/// A mapping as it travels; none at all if it is empty.
fn json(map: Map<String, Value>) -> Json {
    if map.is_empty() { Json::default() } else { Json(Value::Object(map)) }
}

/// What is each host's own: those that some play is for.
fn hosts(audience: &Audience, plays: &[Vec<usize>]) -> Vec<(usize, HostPart)> {
    let mut parts: BTreeMap<usize, Vec<u32>> = BTreeMap::new();
    for (number, members) in (0_u32..).zip(plays) {
        members.iter().for_each(|member| parts.entry(*member).or_default().push(number));
    }
    let part = |(member, plays): (usize, Vec<u32>)| {
        let host = audience.members.get(member)?;
        let (name, groups) = (host.name.clone(), host.groups.clone());
        let (vars, act_as) = (json(host.vars.clone()), host.act_as.clone());
        let part = HostPart { name, groups, vars, plays, act_as, ..HostPart::default() };
        Some((member, part))
    };
    parts.into_iter().filter_map(part).collect()
}

/// Tells each host the secrets that are in what it is sent, and no others.
fn tell_secrets<'h>(
    hosts: impl Iterator<Item = (&'h mut HostPart, &'h Arc<Settings>)>,
    plan: &Plan,
) -> Result<(), String> {
    let of_play = |play: &Play| Ok((play.number, secrets::within(play)?));
    let of_plays = plan.plays.iter().map(of_play).collect::<Result<HashMap<_, _>, String>>()?;
    // Hosts share their settings.
    let mut of_settings: HashMap<*const Settings, BTreeSet<Secret>> = HashMap::new();
    for (part, settings) in hosts {
        let mut all = secrets::within(part)?;
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

/// What blocks say of the tasks in them.
#[derive(Clone, Default)]
struct Inherited {
    on_error: Option<OnError>,
    env: Vec<Json>,
    notify: Vec<Spot>,
    privacy: Option<Privacy>,
    check: Option<CheckPolicy>,
    timeout: Option<Json>,
    act_as: Rights,
}

impl Inherited {
    fn with(&self, keys: &Keys) -> Inherited {
        let Inherited { on_error, env, notify, privacy, check, timeout, act_as } = self.clone();
        Inherited {
            on_error: keys.on_error.clone().or(on_error),
            env: env.into_iter().chain(keys.env.iter().map(value)).collect(),
            notify: notify.into_iter().chain(keys.notify.iter().cloned()).collect(),
            privacy: keys.privacy.or(privacy),
            check: keys.check.or(check),
            timeout: keys.timeout.as_ref().map(value).or(timeout),
            act_as: keys.act_as.within(&act_as),
        }
    }
}

fn value(piece: &Piece) -> Json {
    Json(piece.node.to_json())
}

struct Run<'m> {
    order: &'m Order<'m>,
    language: Language,
    sources: Sources<'m>,
    problems: Diagnostics,
    warnings: Vec<String>,
    /// The tasks of all plays so far.
    tasks: Vec<Task>,
    /// The places in the plan of the manifest's tasks.
    numbers: HashMap<usize, u32>,
    /// Where the local files of tasks are, by the tasks' numbers and the texts that name them.
    paths: BTreeMap<(usize, String), PathBuf>,
    /// What the tasks say of methods.
    rights: Vec<Rights>,
}

impl Run<'_> {
    /// All plays, and the hosts of each.
    fn plays(&mut self, manifest: &Manifest, chosen: &mut Chosen) -> (Vec<Play>, Vec<Vec<usize>>) {
        let (mut plays, mut all_members, mut prepared) = (Vec::new(), Vec::new(), Vec::new());
        for (number, play) in (0_u32..).zip(&manifest.plays) {
            let members = self.members(play);
            let handlers = Handlers::of(play, &mut self.problems);
            notified(play, &handlers, chosen);
            self.number(play, chosen);
            let mut of_vars = Diagnostics::default();
            let vars = variables::of_play(play, self.order.extra, &self.language, &mut of_vars);
            let incomplete = !of_vars.is_empty() || play.has_broken_vars();
            self.problems.extend(of_vars);
            plays.push(Play { number, ..self.play(play, &handlers, chosen, &vars) });
            all_members.push(members.clone());
            prepared.push(PlayToVerify { play, members, vars, incomplete });
        }
        self.verify(&prepared, chosen);
        for play in plays.iter_mut().rev() {
            play.tasks = self.tasks.split_off(play.first as usize);
        }
        (plays, all_members)
    }

    fn verify(&mut self, prepared: &[PlayToVerify<'_>], chosen: &Chosen) {
        let paths = std::mem::take(&mut self.paths);
        let mut verifier =
            Verifier::new(self.order, &self.language, &mut self.sources, chosen, paths);
        verifier.plays(prepared);
        let (problems, found) = verifier.finish();
        self.problems.extend(problems);
        for (number, sources) in found {
            let place = self.numbers.get(&number).map(|number| *number as usize);
            if let Some(task) = place.and_then(|place| self.tasks.get_mut(place)) {
                task.sources = sources;
            }
        }
    }

    fn members(&mut self, play: &ManifestPlay) -> Vec<usize> {
        let pattern = play.hosts.as_ref();
        let members = match self.order.audience.select(pattern.map(|spot| spot.text.as_str())) {
            Ok(members) => members,
            Err(NoHosts { message, hint }) => {
                if let Some(spot) = pattern {
                    let problem = spot.problem(message);
                    self.problems.push(match hint {
                        Some(hint) => problem.hint(hint),
                        None => problem,
                    });
                }
                return Vec::new();
            }
        };
        let none = members.is_empty() && !self.order.audience.is_limited();
        if let (true, Some(pattern)) = (none, pattern) {
            let name = play.name.as_deref().map_or(String::new(), |name| format!(" `{name}`"));
            self.warnings.push(format!("the play{name} has no hosts: none is `{}`", pattern.text));
        }
        members
    }

    /// Gives every chosen task of a play its place in the plan: its tasks in order, then its handlers.
    fn number(&mut self, play: &ManifestPlay, chosen: &Chosen) {
        let mut next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        play.each_task(&mut |task| {
            if chosen.has(task) {
                self.numbers.insert(task.number, next);
                next = next.saturating_add(1);
            }
        });
    }

    /// A play of the plan, but for its number and its tasks.
    fn play(
        &mut self,
        play: &ManifestPlay,
        handlers: &Handlers<'_>,
        chosen: &Chosen,
        vars: &[Definition],
    ) -> Play {
        let first = u32::try_from(self.tasks.len()).unwrap_or(u32::MAX);
        let mut flat = Flat { run: self, handlers, chosen };
        let mut items = Vec::new();
        let around = Inherited { act_as: play.act_as.clone(), ..Inherited::default() };
        flat.entries(&play.entries, &around, &mut items);
        let mut numbers = Vec::new();
        for handler in &play.handlers {
            numbers.extend(flat.task(handler, &around));
        }
        Play {
            number: 0,
            name: play.name.clone(),
            vars: json(variables::mapping(vars)),
            first,
            // Only when all plays are verified are their local files known.
            tasks: Vec::new(),
            items,
            handlers: numbers,
            on_failure: play.on_failure,
        }
    }
}

/// Takes in the handlers that chosen tasks notify, and those that these notify. All, where nothing was left out.
fn notified(play: &ManifestPlay, handlers: &Handlers<'_>, chosen: &mut Chosen) {
    if chosen.everything {
        play.handlers.iter().for_each(|handler| chosen.add(handler.number));
        return;
    }
    // Its mistakes are told when the plan is made.
    let mut unheard = Diagnostics::default();
    let mut names: Vec<Spot> = Vec::new();
    notifications(&play.entries, &[], chosen, &mut names);
    while let Some(name) = names.pop() {
        for number in handlers.find(&name, &mut unheard) {
            let handler = play.handlers.iter().find(|handler| handler.number == *number);
            if let Some(handler) = handler.filter(|handler| !chosen.has(handler)) {
                chosen.add(handler.number);
                names.extend(handler.control.notify.iter().cloned());
            }
        }
    }
}

fn notifications(entries: &[Entry], around: &[Spot], chosen: &Chosen, names: &mut Vec<Spot>) {
    for entry in entries {
        match entry {
            Entry::Task(task) if chosen.has(task) => {
                names.extend(around.iter().chain(&task.control.notify).cloned());
            }
            Entry::Task(_) => {}
            Entry::Block(block) => {
                let ManifestBlock { control, body, rescue, always, .. } = block.as_ref();
                let around: Vec<Spot> = around.iter().chain(&control.notify).cloned().collect();
                for part in [body, rescue, always] {
                    notifications(part, &around, chosen, names);
                }
            }
        }
    }
}

/// Makes flat items of nested entries.
struct Flat<'f, 'm> {
    run: &'f mut Run<'m>,
    handlers: &'f Handlers<'f>,
    chosen: &'f Chosen,
}

impl Flat<'_, '_> {
    fn entries(&mut self, entries: &[Entry], inherited: &Inherited, items: &mut Vec<Item>) {
        for entry in entries {
            match entry {
                Entry::Task(task) => {
                    items.extend(self.task(task, inherited).map(Item::Task));
                }
                Entry::Block(block) => self.block(block, inherited, items),
            }
        }
    }

    fn block(&mut self, block: &ManifestBlock, inherited: &Inherited, items: &mut Vec<Item>) {
        let ManifestBlock { control, file_vars: _, body, rescue, always } = block;
        let inherited = inherited.with(control);
        let at = items.len();
        let mut counts = [0_u32; 3];
        for (part, count) in [body, rescue, always].into_iter().zip(&mut counts) {
            let before = items.len();
            self.entries(part, &inherited, items);
            *count = u32::try_from(items.len() - before).unwrap_or(u32::MAX);
        }
        let vars = block.vars();
        let plain = control.when.is_empty()
            && control.each.is_none()
            && vars.is_empty()
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
                vars: json(vars),
            };
            items.insert(at, Item::Block(Box::new(block)));
        }
    }

    /// Puts a chosen task into the plan.
    fn task(&mut self, task: &ManifestTask, inherited: &Inherited) -> Option<u32> {
        let inherited = inherited.with(&task.control);
        let mut notify: Vec<u32> = Vec::new();
        for name in &inherited.notify {
            let numbers = self.handlers.find(name, &mut self.run.problems);
            for number in numbers.iter().filter_map(|number| self.run.numbers.get(number)) {
                if !notify.contains(number) {
                    notify.push(*number);
                }
            }
        }
        let number =
            self.run.numbers.get(&task.number).copied().filter(|_| self.chosen.has(task))?;
        if inherited.act_as.method.is_some() {
            self.run.rights.push(inherited.act_as.clone());
        }
        self.tell_of_idle_user(&task.control.act_as, &inherited.act_as);
        self.tell_of_generous_mode(task);
        let on_error = inherited.on_error.clone().unwrap_or(OnError::Stop);
        let mut sources = Vec::new();
        if let Some(spec) = &task.spec {
            for written in spec.params().sources() {
                match self.run.sources.find(&task.module.source, written) {
                    Ok(local) => {
                        let (written, source) = (written.to_owned(), local.source);
                        self.run.paths.insert((task.number, written.clone()), local.path);
                        sources.push(NamedSource { written, source });
                    }
                    Err(troubles) => {
                        self.run.problems.extend(at_place(&task.parameter(written), troubles));
                    }
                }
            }
        }
        let control = task.plan_control(inherited, notify, &self.run.order.act_as);
        let spec = match &task.spec {
            Some(spec) => Spec::Typed(spec.clone()),
            None => {
                Spec::Open { module: task.module.text.clone(), params: Json(task.params.to_json()) }
            }
        };
        let privacy = control.as_ref().map_or(Privacy::Open, |control| control.privacy);
        let name = task.title_in(privacy);
        self.run.tasks.push(Task { name, spec, sources, on_error, control });
        Some(number)
    }
}

fn conditions(spots: &[Spot]) -> Vec<Condition> {
    spots.iter().map(|spot| Condition(spot.text.clone())).collect()
}

fn looped(each: &ManifestLoop) -> Loop {
    Loop {
        over: value(&each.over),
        var: each.var.clone(),
        index: each.index.clone(),
        label: each.label.as_ref().map(|label| label.text.clone()),
    }
}

/// The method of a run: that of its tasks, which must be one and the same.
fn become_method<'r>(
    rights: impl Iterator<Item = &'r Rights>,
    problems: &mut Diagnostics,
) -> Option<Method> {
    let mut first: Option<&(Method, Spot)> = None;
    for said in rights.filter_map(|rights| rights.method.as_ref()) {
        match first {
            None => first = Some(said),
            Some((method, _)) if *method == said.0 => {}
            Some((method, _)) => {
                let message = format!(
                    "one run has one `become_method`, and `{}` stands elsewhere in it",
                    method.name()
                );
                let hint =
                    "keep one of them; `become_method=` of a host in the inventory beats both";
                let problem = Diagnostic::at(&said.1.source, said.1.span, message);
                problems.push(problem.hint(hint));
                break;
            }
        }
    }
    first.map(|(method, _)| *method)
}
