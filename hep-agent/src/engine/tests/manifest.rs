//! Plans for tests, written as manifests are, in JSON: what the controller would compile, without its checks.

use hep_protocol::blob::{Digest, Source, SourceFile};
use hep_protocol::dialect::Dialect;
use hep_protocol::expression::{Rank, has_expression};
use hep_protocol::plan::*;
use hep_protocol::rights::ActAs;
use hep_protocol::task::TaskSpec;
use hep_protocol::value::{Json, PermissionBits};
use serde_json::{Value, json};
use std::sync::Arc;

/// Plays in a row for one host: each a list of tasks, or a mapping with `tasks`, `handlers`, `vars`,
/// `handlers_on_failure`, `foreign` (its dialect is Ansible's). A task that is a text only says it.
pub(crate) fn plan(mode: RunMode, plays: &[Value]) -> Plan {
    let mut tasks = Vec::new();
    let numbered = (0_u32..).zip(plays);
    let plays = numbered.map(|(number, written)| play(number, &mut tasks, written)).collect();
    Plan { settings: Settings::of(mode, DiffMode::Off), plays }
}

/// The host that runs all plays of a plan.
pub(crate) fn host(plan: &Plan) -> HostPart {
    let plays = plan.plays.iter().map(|play| play.number).collect();
    HostPart { name: "web1".into(), groups: vec!["web".into()], plays, ..HostPart::default() }
}

/// A template's text as the source `t.j2`.
pub(crate) fn template(text: &str) -> NamedSource {
    let (digest, size) = (Digest::of(text.as_bytes()), text.len() as u64);
    let file = SourceFile { name: "t.j2".into(), digest, size, mode: PermissionBits(0o644) };
    NamedSource { written: "t.j2".into(), source: Source::File(file) }
}

/// Adds the play's tasks to those of the plays before it.
fn play(number: u32, tasks: &mut Vec<Task>, written: &Value) -> Play {
    let list = if written.is_array() { written } else { &written["tasks"] };
    let handlers = array(&written["handlers"]);
    let first = u32::try_from(tasks.len()).unwrap();
    let names: Vec<&str> = handlers.iter().map(|one| one["name"].as_str().unwrap()).collect();
    let handler =
        |name: &str| first + u32::try_from(names.iter().position(|n| *n == name).unwrap()).unwrap();
    let compiled: Vec<Task> = handlers.iter().map(|one| task(one, &handler)).collect();
    tasks.extend(compiled);
    let mut items = Vec::new();
    array(list).iter().for_each(|one| entry(tasks, &mut items, one, &handler));
    Play {
        number,
        name: None,
        dialect: if written["foreign"] == true { Dialect::Ansible } else { Dialect::Hep },
        layers: vec![(Rank::Play, Json(written["vars"].clone()))],
        first,
        tasks: tasks.get(first as usize..).unwrap().to_vec(),
        items,
        handlers: (first..).take(handlers.len()).collect(),
        on_failure: match written["handlers_on_failure"].as_str() {
            Some("skip") => HandlersOnFailure::Skip,
            _ => HandlersOnFailure::Run,
        },
    }
}

fn array(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn entry(
    tasks: &mut Vec<Task>,
    items: &mut Vec<Item>,
    written: &Value,
    number: &dyn Fn(&str) -> u32,
) {
    if written["block"].is_null() {
        items.push(Item::Task(u32::try_from(tasks.len()).unwrap()));
        let task = task(written, number);
        return tasks.push(task);
    }
    let at = items.len();
    items.push(Item::Block(Box::default()));
    let mut section = |key: &str, items: &mut Vec<Item>| {
        let before = items.len();
        array(&written[key]).iter().for_each(|one| entry(tasks, items, one, number));
        u32::try_from(items.len() - before).unwrap()
    };
    let (body, rescue) = (section("block", items), section("rescue", items));
    let always = section("always", items);
    let when = conditions(&written["when"]);
    let layers = vec![(Rank::Task, Json(written["vars"].clone()))];
    let each = each(written);
    *items.get_mut(at).unwrap() = Item::Block(Box::new(Block {
        name: None,
        body,
        rescue,
        always,
        when,
        each,
        layers,
        choice: false,
    }));
}

fn task(written: &Value, number: &dyn Fn(&str) -> u32) -> Task {
    let Value::Object(keys) = written else {
        let said = json!({"name": written, "debug": {"msg": written}});
        return task(&said, number);
    };
    let (module, params) =
        keys.iter().find(|(key, _)| TaskSpec::MODULES.contains(&key.as_str())).unwrap();
    // A command alone is its program and arguments.
    let params = match (module.as_str(), params) {
        ("command", Value::String(_) | Value::Array(_)) => json!({"argv": params}),
        (_, params) => params.clone(),
    };
    let spec = if !written["gives"].is_null() {
        // As it is written.
        Spec::Typed(Arc::new(serde_json::from_value(json!({module: params})).unwrap()))
    } else if has_expression(&params.to_string()) {
        Spec::Open { module: module.clone(), params: Json(params) }
    } else {
        Spec::Typed(Arc::new(TaskSpec::from_json(module, &params).unwrap()))
    };
    let name = written["name"].as_str().unwrap_or(module);
    Task {
        sources: written["template_text"].as_str().map(template).into_iter().collect(),
        on_error: match &written["ignore_error"] {
            Value::Bool(true) => OnError::GoOn,
            Value::String(condition) => OnError::Ask(Condition(condition.clone())),
            Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_) => OnError::Stop,
        },
        control: Some(Box::new(control(written, number))),
        ..Task::of(name, spec)
    }
}

fn control(written: &Value, number: &dyn Fn(&str) -> u32) -> Control {
    let some = |key: &str| (!written[key].is_null()).then(|| Json(written[key].clone()));
    let judged = |key: &str| some(key).map(|value| conditions(&value.0));
    let retry = (!written["retries"].is_null()).then(|| Retry {
        retries: Json(written["retries"].clone()),
        delay: some("delay").unwrap_or(Json(json!(0))),
        until: conditions(&written["until"]),
    });
    Control {
        choice: false,
        gives: given(&written["gives"]),
        ends_play: false,
        when: conditions(&written["when"]),
        each: each(written),
        register: written["register"].as_str().map(str::to_owned),
        notify: array(&written["notify"]).iter().map(|n| number(n.as_str().unwrap())).collect(),
        retry,
        changed_when: judged("changed_when"),
        failed_when: judged("failed_when"),
        layers: vec![(Rank::Task, Json(written["vars"].clone()))],
        env: array(&written["env"]).into_iter().map(Json).collect(),
        timeout: some("timeout"),
        privacy: match written["sensitive"].as_bool() {
            Some(true) => Privacy::Sensitive,
            _ => Privacy::Open,
        },
        check: match written["check"].as_str() {
            Some("always") => CheckPolicy::Always,
            Some("never") => CheckPolicy::Never,
            _ => CheckPolicy::AsRun,
        },
        act_as: ActAs { wanted: some("become"), user: some("become_user") },
    }
}

/// What a task gives: `included`, or `defaults`; of the file that `chosen` names.
fn given(written: &Value) -> Option<Box<Gives>> {
    let rank = match written["rank"].as_str()? {
        "defaults" => Rank::RoleDefaults,
        _ => Rank::IncludedVars,
    };
    let chosen = written["chosen"].as_str().map(str::to_owned);
    let names = array(&written["files"]);
    let names = names.iter().filter_map(Value::as_str);
    let files = names.map(|name| (name.to_owned(), format!("/vars/{name}"))).collect();
    Some(Box::new(Gives { rank, chosen, files }))
}

/// One condition or a list; `true` and `false` are conditions too.
fn conditions(written: &Value) -> Vec<Condition> {
    match written {
        Value::Null => Vec::new(),
        Value::Array(all) => all.iter().flat_map(conditions).collect(),
        Value::String(text) => vec![Condition(text.clone())],
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            vec![Condition(written.to_string())]
        }
    }
}

fn each(written: &Value) -> Option<Loop> {
    let text = |key: &str| written[key].as_str().map(str::to_owned);
    (!written["loop"].is_null()).then(|| Loop {
        over: Json(written["loop"].clone()),
        var: text("var").unwrap_or("item".into()),
        index: text("index"),
        label: text("label"),
        kind: text("with"),
        pause: (!written["pause"].is_null()).then(|| Json(written["pause"].clone())),
        extended: written["extended"] == true,
    })
}
