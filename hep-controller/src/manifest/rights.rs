//! As whom tasks run: the keys `become`, `become_user` and `become_method`, from the outside to the inside; and what the
//! hosts of a run need to become those users.

use super::values::Value;
use super::{Piece, Spot};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::words::alternatives;
use crate::yaml::shorten;
use hep_protocol::expression::has_expression;
use hep_protocol::plan::{HostPart, Plan};
use hep_protocol::rights::{ActAs, Method, ROOT};
use hep_protocol::value::Json;
use serde_json::Value as Any;
use std::collections::BTreeSet;

/// The keys, as written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rights {
    pub(crate) wanted: Option<Piece>,
    pub(crate) user: Option<Piece>,
    pub(crate) method: Option<(Method, Spot)>,
}

/// The user that a task's own keys name though nothing around it says that it shall be become.
pub(super) fn idle_user<'r>(own: &'r Rights, all: &Rights, usual: &ActAs) -> Option<&'r Piece> {
    own.user.as_ref().filter(|_| all.wanted.is_none() && usual.wanted.is_none())
}

/// The methods, for messages.
pub(crate) fn methods() -> String {
    alternatives(&Method::ALL.map(|(name, _)| name))
}

/// The method of that name.
pub(crate) fn method(name: &str) -> Option<Method> {
    Method::ALL.iter().find(|(known, _)| *known == name).map(|(_, method)| *method)
}

impl Rights {
    /// Reads one of the keys; whether it is one.
    pub(super) fn take(&mut self, key: &str, value: &mut Value<'_>) -> bool {
        match key {
            "become" => self.wanted = value.truth_or_expression(),
            "become_user" => self.user = user(value),
            "become_method" => self.method = read_method(value),
            _ => return false,
        }
        true
    }

    /// What holds inside of something that says these.
    pub(super) fn within(&self, outer: &Rights) -> Rights {
        Rights {
            wanted: self.wanted.clone().or_else(|| outer.wanted.clone()),
            user: self.user.clone().or_else(|| outer.user.clone()),
            method: self.method.clone().or_else(|| outer.method.clone()),
        }
    }

    /// As it travels; `usual` is what the command line says.
    pub(super) fn act_as(&self, usual: &ActAs) -> ActAs {
        let value = |piece: &Option<Piece>| piece.as_ref().map(|piece| Json(piece.node.to_json()));
        ActAs {
            wanted: value(&self.wanted).or_else(|| usual.wanted.clone()),
            user: value(&self.user).or_else(|| usual.user.clone()),
        }
    }
}

fn user(value: &mut Value<'_>) -> Option<Piece> {
    let text = value.text()?.text;
    if text.trim().is_empty() {
        value.refuse("`become_user` is empty", "write a user's name, as `become_user: postgres`");
        return None;
    }
    Some(value.piece())
}

fn read_method(value: &mut Value<'_>) -> Option<(Method, Spot)> {
    let spot = value.text()?;
    let found = method(&spot.text);
    if found.is_none() {
        let message = format!("hep knows no `become_method: {}`", shorten(&spot.text));
        value.refuse(message, format!("write {}", methods()));
    }
    found.map(|method| (method, spot))
}

/// The method of a run: that of its tasks, which must be one and the same.
pub(super) fn of_run<'r>(
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

/// What a value means where a truth value is wanted: the words of inventories too.
pub(crate) fn truth(value: &Any) -> Option<bool> {
    match value {
        Any::Bool(truth) => Some(*truth),
        Any::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(true),
            "false" | "no" | "off" | "0" => Some(false),
            _ => None,
        },
        Any::Null | Any::Number(_) | Any::Array(_) | Any::Object(_) => None,
    }
}

/// As whom a host's run has to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// No task runs as another user.
    Login,
    /// All tasks do, or some that root can do for all.
    User(String),
    /// Some do, and none of them as root: each for itself.
    Each,
}

/// As whom a host's run has to go on, by its tasks and what the inventory says of it.
pub(crate) fn start(plan: &Plan, part: &HostPart) -> Start {
    // `None` for the login's user; who is not known may be root.
    let mut users: BTreeSet<Option<String>> = BTreeSet::new();
    let plays = plan.plays.iter().filter(|play| part.plays.contains(&play.number));
    for task in plays.flat_map(|play| &play.tasks) {
        let own = task.control.as_ref().map(|control| &control.act_as);
        as_whom(own, &part.act_as, &mut users);
    }
    let others: Vec<&String> = users.iter().flatten().collect();
    match others.as_slice() {
        [] => Start::Login,
        [one] if users.len() == 1 => Start::User((*one).clone()),
        others if others.iter().any(|user| *user == ROOT) => Start::User(ROOT.to_owned()),
        _ => Start::Each,
    }
}

fn as_whom(own: Option<&ActAs>, host: &ActAs, users: &mut BTreeSet<Option<String>>) {
    let own = |get: fn(&ActAs) -> Option<&Json>| own.and_then(get);
    let wanted = host.wanted.as_ref().or_else(|| own(|own| own.wanted.as_ref()));
    let user = host.user.as_ref().or_else(|| own(|own| own.user.as_ref()));
    let user = match user.map(|user| &user.0) {
        Some(Any::String(name)) if !has_expression(name) => name.clone(),
        Some(_) | None => ROOT.to_owned(),
    };
    match wanted.map(|wanted| &wanted.0) {
        None | Some(Any::Bool(false)) => drop(users.insert(None)),
        Some(Any::Bool(true)) => drop(users.insert(Some(user))),
        Some(_) => users.extend([None, Some(user)]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hep_protocol::plan::{Control, DiffMode, RunMode, Spec, Task};
    use serde_json::json;

    /// `tasks` and `host` as `[wanted, user]`.
    #[track_caller]
    fn check(tasks: &[Any], host: &Any, expected: Start) {
        let said = |pair: &Any| {
            let of = |at: usize| Some(Json(pair[at].clone())).filter(|json| !json.0.is_null());
            ActAs { wanted: of(0), user: of(1) }
        };
        let task = |pair: &Any| {
            let spec = Spec::Open { module: "debug".to_owned(), params: Json::default() };
            let control = Control { act_as: said(pair), ..Control::default() };
            Task { control: Some(Box::new(control)), ..Task::of("a", spec) }
        };
        let tasks = tasks.iter().map(task).collect();
        let plan = Plan::of_tasks(RunMode::Apply, DiffMode::Off, tasks);
        let part = HostPart { plays: vec![0], act_as: said(host), ..HostPart::default() };
        assert_eq!(start(&plan, &part), expected);
    }

    #[test]
    fn the_run_goes_on_as_whom_most_of_it_needs() {
        let (none, root) = (json!([]), json!([true]));
        let postgres = json!([true, "postgres"]);
        let user = |name: &str| Start::User(name.to_owned());
        check(std::slice::from_ref(&none), &none, Start::Login);
        check(&[json!([false, "postgres"])], &none, Start::Login);
        check(&[json!([null, "postgres"])], &none, Start::Login);
        check(&[root.clone(), root.clone()], &none, user("root"));
        check(std::slice::from_ref(&postgres), &none, user("postgres"));
        check(&[none.clone(), root.clone(), postgres.clone()], &none, user("root"));
        check(&[none.clone(), postgres.clone()], &none, Start::Each);
        check(&[postgres.clone(), json!([true, "www-data"])], &none, Start::Each);
        check(&[json!([true, "{{ u }}"])], &none, user("root"));
        check(&[json!(["{{ w }}", "postgres"])], &none, Start::Each);
    }

    #[test]
    fn the_inventory_beats_the_tasks() {
        check(&[json!([])], &json!([true]), Start::User("root".to_owned()));
        check(&[json!([true])], &json!([false]), Start::Login);
        check(&[json!([true, "a"]), json!([true])], &json!([null, "b"]), Start::User("b".into()));
    }
}
