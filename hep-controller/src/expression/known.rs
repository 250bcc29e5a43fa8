//! The names in scope, as far as they are known before a host is asked, and the judgement over an expression that reads them.

use super::{Field, Hunch, Mapping, Name, Path, Problem, Reading, foreign};
use crate::diagnostic::Diagnostic;
use crate::words::{alternatives, nearest};
use crate::yaml::shorten;
use hep_protocol::names::{BUILT_IN, RESULT};
use std::collections::{BTreeMap, HashSet};

mod shape;

pub(crate) use shape::Shape;

/// The names in scope; inner ones hide outer ones of the same name.
#[derive(Debug, Default)]
pub(crate) struct Known<'a> {
    outer: Option<&'a Known<'a>>,
    names: BTreeMap<String, Thing>,
    /// What a condition on the way here said is defined.
    assured: Vec<Path>,
    /// What is said of names that are not in scope here, though they are elsewhere.
    explained: BTreeMap<String, String>,
    /// Whether names may be missing for a mistake that was reported.
    silent: bool,
    /// Whether a file of hosts, which was not named, may have more of them.
    without_hosts: bool,
    /// What to say of a name that is nowhere.
    advice: Option<String>,
}

/// What a name stands for.
#[derive(Clone, Debug)]
struct Thing {
    origin: Origin,
    shape: Shape,
}

/// Where a name comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The host itself.
    Fact,
    /// Manifest, inventory or command line.
    Variable,
    /// `register` or `set`.
    Result,
    /// `loop`.
    LoopVariable,
}

impl<'a> Known<'a> {
    /// What every host has: the facts, also below `facts`; its own name and the groups.
    pub(crate) fn of_every_host() -> Known<'static> {
        let mut known = Known::default();
        let facts = || hep_protocol::facts::FACTS.iter();
        let shape = |fact: &hep_protocol::facts::Fact| Shape::of_fact(&fact.shape);
        let all = facts().map(|fact| (fact.name.to_owned(), shape(fact))).collect();
        known.add("facts", Origin::Fact, Shape::Fields(all));
        facts().for_each(|fact| known.add(fact.name, Origin::Fact, shape(fact)));
        for (name, _) in BUILT_IN {
            // Facts know what is below them.
            if name != "facts" {
                known.add(name, Origin::Fact, Shape::of_built_in(name));
            }
        }
        // The engine's own, for parameters that are to be left out.
        known.add("omit", Origin::Fact, Shape::Leaf("nothing"));
        known
    }

    /// A scope inside of this one.
    pub(crate) fn inner(&'a self) -> Known<'a> {
        Known { outer: Some(self), ..Known::default() }
    }

    /// One more name. `Shape::Any` when anything may be below it.
    pub(crate) fn add(&mut self, name: &str, origin: Origin, shape: Shape) {
        self.names.insert(name.to_owned(), Thing { origin, shape });
    }

    /// What to say of a name if it is not in scope.
    pub(crate) fn explain(&mut self, name: &str, hint: &str) {
        self.explained.insert(name.to_owned(), hint.to_owned());
    }

    /// Says nothing of names that are not in scope.
    pub(crate) fn be_silent(&mut self) {
        self.silent = true;
    }

    /// Has a file of hosts named where a name is not in scope.
    pub(crate) fn miss_hosts(&mut self) {
        self.without_hosts = true;
    }

    /// What to say of a name that is nowhere; the first word counts.
    pub(crate) fn advise(&mut self, hint: String) {
        self.advice.get_or_insert(hint);
    }

    fn advice(&self) -> Option<&str> {
        self.advice.as_deref().or_else(|| self.outer.and_then(Known::advice))
    }

    fn misses_hosts(&self) -> bool {
        self.without_hosts || self.outer.is_some_and(Known::misses_hosts)
    }

    fn explanation(&self, name: &str) -> Option<&str> {
        let own = self.explained.get(name).map(String::as_str);
        own.or_else(|| self.outer.and_then(|outer| outer.explanation(name)))
    }

    fn is_silent(&self) -> bool {
        self.silent || self.outer.is_some_and(Known::is_silent)
    }

    /// The names that a condition tests: after it they are defined.
    pub(crate) fn assure(&mut self, condition: &Reading) {
        self.assured.extend(condition.assured.iter().cloned());
    }

    fn get(&self, name: &str) -> Option<&Thing> {
        self.names.get(name).or_else(|| self.outer.and_then(|outer| outer.get(name)))
    }

    fn names(&self) -> Vec<&str> {
        let mut all = self.outer.map(Known::names).unwrap_or_default();
        all.extend(self.names.keys().map(String::as_str));
        all
    }

    fn is_assured(&self, path: &[String]) -> bool {
        let own = self.assured.iter().any(|one| path.starts_with(one) || one.starts_with(path));
        own || self.outer.is_some_and(|outer| outer.is_assured(path))
    }
}

/// Everything wrong with a text that is read in a scope, each at its place.
pub(crate) fn judge(reading: &Reading, known: &Known<'_>, mapping: &Mapping) -> Vec<Diagnostic> {
    problems(reading, known).iter().map(|problem| mapping.diagnostic(problem)).collect()
}

/// Whether there is nothing wrong with it, for which its place in the file need not be known.
pub(crate) fn is_sound(reading: &Reading, known: &Known<'_>) -> bool {
    problems(reading, known).is_empty()
}

fn problems(reading: &Reading, known: &Known<'_>) -> Vec<Problem> {
    let mut said = HashSet::new();
    let names = reading.names.iter().filter(|name| !name.guarded);
    let names = names.filter_map(|name| judge_name(name, known));
    // The same mistake twice in one text is one.
    let names =
        names.filter(|problem| said.insert((problem.message.clone(), problem.hint.clone())));
    let mut problems: Vec<Problem> = reading.problems.iter().cloned().chain(names).collect();
    problems.sort_by_key(|problem| (problem.range.start, problem.range.end));
    problems
}

fn judge_name(name: &Name, known: &Known<'_>) -> Option<Problem> {
    let fields = name.fields.iter().map(|field| field.name.clone());
    let path: Path = std::iter::once(name.name.clone()).chain(fields).collect();
    if known.is_assured(&path) {
        return None;
    }
    match known.get(&name.name) {
        Some(thing) => judge_fields(name, thing),
        None if known.is_silent() => None,
        None => Some(undefined(name, known)),
    }
}

fn undefined(name: &Name, known: &Known<'_>) -> Problem {
    let fields: Vec<&str> = name.fields.iter().map(|field| field.name.as_str()).collect();
    let message = |name: &str| format!("`{}` is not defined", shorten(name));
    if let Some((advice, taken)) = foreign::instead(&name.name, &fields) {
        let last = taken.checked_sub(1).and_then(|last| name.fields.get(last));
        let end = last.map_or(name.range.end, |field| field.range.end);
        let below = fields.get(..taken).unwrap_or_default();
        let full = std::iter::once(&*name.name).chain(below.iter().copied()).collect::<Vec<_>>();
        return Problem::new(name.range.start..end, message(&full.join("."))).hint(advice);
    }
    let problem = Problem::new(name.range.clone(), message(&name.name));
    if let Some(advice) = foreign::value(&name.name) {
        return problem.hint(advice);
    }
    // A name cannot be `result` but in what is read after a try.
    if let Some(Shape::Fields(fields)) = known.get(RESULT).map(|thing| &thing.shape)
        && fields.iter().any(|(field, _)| *field == name.name)
    {
        return problem.hint(format!("write `{RESULT}.{}`", name.name));
    }
    if let Some(hint) = known.explanation(&name.name) {
        return problem.hint(hint);
    }
    match (nearest(&name.name, known.names()), &name.hunch) {
        (_, Hunch::Dashed(range, written)) => {
            let meant = written.replace('-', "_");
            Problem::new(range.clone(), message(written))
                .hint(format!("names have no `-`: write `{meant}`, or `A - B` to subtract"))
        }
        (Some(near), Hunch::Text) => {
            let quoted = shorten(&name.name);
            problem.hint(format!("did you mean `{near}`? A text needs quotes: `'{quoted}'`"))
        }
        (Some(near), Hunch::Name) => problem.hint(format!("did you mean `{near}`?")),
        (None, Hunch::Text) => {
            problem.hint(format!("a text needs quotes: `'{}'`", shorten(&name.name)))
        }
        (None, Hunch::Name) if known.misses_hosts() => {
            let problem = problem.hint(
                "no inventory was read: name it with `-i FILE`, or give the variable in `vars` or with `-e`; where it may be missing, write `default(..)`",
            );
            Problem { without_hosts: true, ..problem }
        }
        (None, Hunch::Name) if let Some(advice) = known.advice() => problem.hint(advice),
        (None, Hunch::Name) => problem.hint(
            "give it in `vars`, the inventory or with `-e`; where it may be missing, write `default(..)`",
        ),
    }
}

/// The first name below one that is not there.
fn judge_fields(name: &Name, thing: &Thing) -> Option<Problem> {
    let mut shape = &thing.shape;
    let mut above = shorten(&name.name);
    for field in &name.fields {
        shape = match shape.below(&field.name) {
            Ok(below) => below,
            Err(missing) => return Some(no_field(&above, field, thing.origin, &missing)),
        };
        above = format!("{above}.{}", shorten(&field.name));
    }
    None
}

fn no_field(above: &str, field: &Field, origin: Origin, missing: &shape::Missing<'_>) -> Problem {
    let wanted = shorten(&field.name);
    let known = match missing {
        shape::Missing::Leaf(what) => {
            let message = format!("`{above}` is {what}: there is no `{wanted}` in it");
            return Problem::new(field.range.clone(), message);
        }
        shape::Missing::List => {
            let message = format!("`{above}` is a list: there is no `{wanted}` in it");
            let hint =
                format!("write `{above}[0].{wanted}`, or `{above} | map(attribute='{wanted}')`");
            return Problem::new(field.range.clone(), message).hint(hint);
        }
        shape::Missing::Repeated => {
            let message = format!("`{above}` is the result of a loop: `{wanted}` is in its items");
            let hint =
                format!("write `{above}.results[0].{wanted}`, or loop over `{above}.results`");
            return Problem::new(field.range.clone(), message).hint(hint);
        }
        shape::Missing::Field(known) => known,
    };
    let problem = Problem::new(field.range.clone(), format!("`{above}` has no `{wanted}`"));
    let foreign = match (origin, &*field.name) {
        (Origin::Result, "stat") => {
            Some("what the module found is in the result itself".to_owned())
        }
        (Origin::Result, "message" | "error") => Some("write `msg`".to_owned()),
        (Origin::Result, "success" | "succeeded") => Some(format!("write `not {above}.failed`")),
        (Origin::Result, "exit_code" | "exit_status" | "returncode" | "status" | "code")
            if known.contains(&"rc") =>
        {
            Some("write `rc`".to_owned())
        }
        _ => None,
    };
    if let Some(hint) = foreign {
        return problem.hint(hint);
    }
    match nearest(&field.name, known.iter().copied()) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None if known.is_empty() => problem.hint("it is empty"),
        None if known.len() > 20 => problem,
        None => problem.hint(format!("it has {}", alternatives(known).replace(" or ", " and "))),
    }
}
