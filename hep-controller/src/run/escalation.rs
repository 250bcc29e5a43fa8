//! The user that the hosts of a run continue as, and the password: from the plan, the inventory, the command line and
//! the config.

use crate::cli;
use crate::config;
use crate::inventory::{Host, Rights};
use crate::plan::compile::PlannedHost;
use crate::refusal::Refusal;
use crate::remote::Secret;
use crate::remote::password_command::{Printed, Sources};
use crate::stop::Stop;
use crate::ui::{Ui, complaints};
use hep_protocol::expression::has_expression;
use hep_protocol::plan::{HostPart, Plan};
use hep_protocol::rights::{ActAs, Means, Method, ROOT};
use hep_protocol::value::Json;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};

/// What a run says of other users than those of the logins.
pub(crate) struct Escalation<'a> {
    /// The method that its manifest names.
    pub(crate) method: Option<Method>,
    pub(crate) options: &'a cli::rights::Rights,
    pub(crate) config: &'a config::RightsDefaults,
}

impl Escalation<'_> {
    /// What each host's agent is told; nothing where no task runs as another user. Asks for a password if that is wished:
    /// no answer is `login`, the one that was typed for the login.
    ///
    /// # Errors
    /// A password cannot be asked for, or its command fails.
    pub(crate) fn means(
        &self,
        hosts: &[(Host, Start)],
        login: Option<&Secret>,
        stop: &Stop,
        ui: &mut Ui,
    ) -> Result<Vec<Option<Means>>, Refusal> {
        let nobody = hosts.iter().all(|(_, start)| *start == Start::Login);
        let wished = self.options.ask_become_pass && !nobody;
        let asked = if wished { Some(ask(login, stop, ui)?) } else { None };
        if self.options.ask_become_pass && nobody {
            ui.err("warning: `-K` asks for nothing here: no task becomes another user (`-b`, `become: true`)\n");
        }
        let mut printed = Printed::new(stop, complaints());
        let mut means = |host: &Rights, start: &Start| {
            let start = match start {
                Start::Login => return Ok(None),
                Start::User(user) => Some(user.clone()),
                Start::Each => None,
            };
            let (own, usual) = (self.options, self.config);
            let sources = Sources {
                typed: asked.as_ref(),
                line: own.become_password_command.as_deref(),
                host: (host.password.as_ref(), host.password_command.as_deref()),
                config: (usual.password.as_ref(), usual.password_command.as_deref()),
            };
            let password = printed
                .nearest(sources, "become_password_command")
                .map_err(|problem| Refusal::unless_stopped(problem, stop))?;
            let method = host.method.or(self.method).or(own.method);
            let method = method.or(usual.method).unwrap_or_default();
            Ok(Some(Means { method, password, start }))
        };
        hosts.iter().map(|(host, start)| means(&host.rights, start)).collect()
    }
}

fn ask(login: Option<&Secret>, stop: &Stop, ui: &mut Ui) -> Result<Secret, Refusal> {
    let question = match login {
        Some(_) => "become password [that of the login]: ",
        None => "become password: ",
    };
    match (ui.ask_password(question, stop), login) {
        (Ok(text), Some(login)) if text.is_empty() => Ok(login.clone()),
        (Ok(text), _) => Ok(Secret::new(text)),
        (Err(_), _) if stop.wanted() => Err(Refusal::Stopped),
        (Err(error), _) => Err(Refusal::new(
            format!("cannot ask for the password: {error}"),
            "without one, write `become_password=` or `become_password_command=` into the hosts file, or into \
             `become:` of the config",
        )),
    }
}

/// The user that a host's run has to continue as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// No task runs as another user.
    Login,
    /// All tasks do, or some that root can do for all.
    User(String),
    /// Some do, and none of them as root: each for itself.
    Each,
}

/// The users that the runs of hosts have to continue as, by their tasks and the inventory.
pub(crate) fn starts<'p>(plan: &Plan, hosts: &'p [PlannedHost]) -> Vec<Start> {
    // Most hosts are alike in this, and a plan may be long.
    let mut known: HashMap<(&[u32], String), Start> = HashMap::new();
    let start = |host: &'p PlannedHost| {
        let HostPart { plays, act_as, .. } = &host.part;
        let alike = (plays.as_slice(), format!("{act_as:?}"));
        known.entry(alike).or_insert_with(|| start_of(plan, &host.part)).clone()
    };
    hosts.iter().map(start).collect()
}

fn start_of(plan: &Plan, part: &HostPart) -> Start {
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
        Some(Value::String(name)) if !has_expression(name) => name.clone(),
        Some(_) | None => ROOT.to_owned(),
    };
    match wanted.map(|wanted| &wanted.0) {
        None | Some(Value::Bool(false)) => drop(users.insert(None)),
        Some(Value::Bool(true)) => drop(users.insert(Some(user))),
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
    fn check(tasks: &[Value], host: &Value, expected: Start) {
        let said = |pair: &Value| {
            let of = |at: usize| Some(Json(pair[at].clone())).filter(|json| !json.0.is_null());
            ActAs { wanted: of(0), user: of(1) }
        };
        let task = |pair: &Value| {
            let spec = Spec::Open { module: "debug".to_owned(), params: Json::default() };
            let control = Control { act_as: said(pair), ..Control::default() };
            Task { control: Some(Box::new(control)), ..Task::of("a", spec) }
        };
        let tasks = tasks.iter().map(task).collect();
        let plan = Plan::of_tasks(RunMode::Apply, DiffMode::Off, tasks);
        let part = HostPart { plays: vec![0], act_as: said(host), ..HostPart::default() };
        assert_eq!(start_of(&plan, &part), expected);
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
