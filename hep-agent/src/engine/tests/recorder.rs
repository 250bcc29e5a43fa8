//! Every example is undone by the inverses of the actions that it comes to, on an overlay of this machine and below a
//! directory of it. The recorder keeps former contents itself, since actions have none.

use super::*;
use crate::converge::testing;
use crate::sys::accounts::{AccountAction, AccountChange, Home};
use crate::sys::files::{
    Content, Durable, FileAction, FileKind, FileState, Former, NewAttrs, NewFile, NewLink, Place,
};
use crate::sys::packages::{Hold, PackageAction};
use crate::sys::services::{ServiceAction, ServiceJob, Verb};
use crate::sys::settings::Setting;
use crate::sys::{Host, Observe};
use hep_protocol::action::Action;
use hep_protocol::blob::{Source, SourceFile};
use hep_protocol::plan::{CheckPolicy, NamedSource, OnError};
use hep_protocol::value::{AbsPath, PermissionBits};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// What is at a path, with all below it.
#[derive(Clone, Debug, PartialEq)]
enum Kept {
    Nothing,
    File(Former, Vec<u8>),
    Link(Former),
    Directory(Former, BTreeMap<String, Kept>),
}

impl Kept {
    fn of(host: &dyn Observe, path: &AbsPath) -> Self {
        let Some(meta) = host.lstat(path).unwrap() else { return Self::Nothing };
        let mut former = Former { kind: meta.kind, size: 0, target: None, attrs: meta.attrs };
        match meta.kind {
            FileKind::File => {
                former.size = meta.size;
                Self::File(former, host.read(path, u64::MAX).unwrap().unwrap())
            }
            FileKind::Link => {
                former.target = Some(host.read_link(path).unwrap());
                Self::Link(former)
            }
            FileKind::Directory => {
                let below = host.list(path).unwrap().into_iter();
                let kept = |name: String| {
                    let kept = Self::of(host, &path.join(&name).unwrap());
                    (name, kept)
                };
                Self::Directory(former, below.map(kept).collect())
            }
            FileKind::Special => panic!("no example touches {path}"),
        }
    }

    /// The actions that make it at a path where nothing is.
    fn again(&self, path: &AbsPath) -> Vec<FileAction> {
        let (place, from, durable) = (Place::of(path.clone()), None, Durable::AtOnce);
        let detail = String::new();
        match self {
            Self::Nothing => Vec::new(),
            Self::File(former, bytes) => {
                let to = FileState { content: Content::inline(bytes), attrs: former.attrs.clone() };
                let (backup, validate, in_place) = (false, None, false);
                let file = NewFile { place, from, to, backup, validate, in_place, durable, detail };
                vec![FileAction::Put(Box::new(file))]
            }
            Self::Link(former) => {
                let target = former.target.clone().unwrap();
                let to = NewLink { target, attrs: former.attrs.clone() };
                vec![FileAction::Link { place, from, to, durable, detail }]
            }
            Self::Directory(former, below) => {
                let to = former.attrs.clone();
                let made = FileAction::MakeDirectory { place, from, to, durable, detail };
                let below =
                    below.iter().flat_map(|(name, kept)| kept.again(&path.join(name).unwrap()));
                std::iter::once(made).chain(below).collect()
            }
        }
    }
}

/// What brings back what was before an action; or why nothing does.
fn inverse(action: &Action, kept: &Kept, host: &dyn Observe) -> Result<Vec<Action>, &'static str> {
    let files = |actions: Vec<FileAction>| Ok(actions.into_iter().map(Action::File).collect());
    match action {
        Action::File(action) => match action {
            FileAction::Put(file) => files(back(file.place.path(), kept, host)),
            FileAction::MakeDirectory { place, .. }
            | FileAction::Link { place, .. }
            | FileAction::Hardlink { place, .. }
            | FileAction::Remove { place, .. } => files(back(place.path(), kept, host)),
            FileAction::Set { place, from: Some(from), to, detail } => {
                let (from, to) = (Some(to.clone()), from.clone());
                let (place, detail) = (place.clone(), detail.clone());
                files(vec![FileAction::Set { place, from, to, detail }])
            }
            FileAction::SetBelow { root, entries, detail } => {
                let back = |new: &NewAttrs| NewAttrs {
                    place: new.place.clone(),
                    from: new.to.clone(),
                    to: new.from.clone(),
                };
                let (root, detail) = (root.clone(), detail.clone());
                let entries = entries.iter().map(back).collect();
                files(vec![FileAction::SetBelow { root, entries, detail }])
            }
            // Nothing but times is different, or nothing was there.
            FileAction::Set { from: None, .. }
            | FileAction::Flush { .. }
            | FileAction::Touch { .. } => Ok(Vec::new()),
        },
        Action::Package(action) => match action {
            PackageAction::Hold { names, to, patience } => {
                let to = match to {
                    Hold::Keep => Hold::Release,
                    Hold::Release => Hold::Keep,
                };
                let (names, patience) = (names.clone(), *patience);
                Ok(vec![Action::Package(PackageAction::Hold { names, to, patience })])
            }
            PackageAction::Transact(_) => Err("versions that went may not be had any more"),
            PackageAction::Recover { .. } => Err("what dpkg left half done is not wanted back"),
            PackageAction::Refresh { .. } => Err("an older index is not to be had"),
            PackageAction::Answer { .. } => Err("debconf was not asked for its former answer"),
            PackageAction::MarkManual { .. } => Err("apt is never told that for others' sake"),
        },
        Action::Service(action) => service_back(action),
        Action::Account(AccountAction::User(change)) => {
            let back = AccountAction::User(Box::new(exchanged(change)?));
            Ok(vec![Action::Account(back)])
        }
        Action::Account(AccountAction::Group(change)) => {
            let back = AccountAction::Group(exchanged(change)?);
            Ok(vec![Action::Account(back)])
        }
        Action::Setting(setting) => {
            let Setting { what, from, to, by } = setting.clone();
            Ok(vec![Action::Setting(Setting { what, from: to, to: from, by })])
        }
        Action::Program(_) => Err("nobody knows what a program does"),
        Action::Wait(_) => Ok(Vec::new()),
    }
}

fn service_back(action: &ServiceAction) -> Result<Vec<Action>, &'static str> {
    match action {
        ServiceAction::Act(job) => {
            let verb = match job.verb {
                Verb::Start => Verb::Stop,
                Verb::Stop => Verb::Start,
                Verb::Enable => Verb::Disable,
                Verb::Disable => Verb::Enable,
                Verb::Mask => Verb::Unmask,
                Verb::Unmask => Verb::Mask,
                Verb::Restart | Verb::Reload => return Err("it ran before, and it runs"),
            };
            let job = ServiceJob { verb, ..job.clone() };
            Ok(vec![Action::Service(ServiceAction::Act(job))])
        }
        ServiceAction::RefreshUnits | ServiceAction::ReadUnits => {
            Err("the former units are on no disk")
        }
    }
}

/// An account as it was; who had it added has its home directory removed by the inverse of that.
fn exchanged<T: Clone>(change: &AccountChange<T>) -> Result<AccountChange<T>, &'static str> {
    let AccountChange { name, from, to, by: _, home } = change.clone();
    match home {
        Home::Stays => {
            Ok(AccountChange { name, from: to, to: from, by: Vec::new(), home: Home::Stays })
        }
        Home::Removed(_) | Home::Moved(..) => Err("what was in a home directory is nowhere kept"),
    }
}

/// What is at a path goes, and what was there comes again.
fn back(path: &AbsPath, kept: &Kept, host: &dyn Observe) -> Vec<FileAction> {
    let gone = match Kept::of(host, path) {
        Kept::Nothing => None,
        Kept::File(former, _) | Kept::Link(former) | Kept::Directory(former, _) => {
            Some(FileAction::Remove { place: Place::of(path.clone()), from: Some(former) })
        }
    };
    gone.into_iter().chain(kept.again(path)).collect()
}

/// The place of what an action changes.
fn subject(action: &Action) -> Option<&AbsPath> {
    match action {
        Action::File(action) => match action {
            FileAction::Put(file) => Some(file.place.path()),
            FileAction::Set { place, .. }
            | FileAction::MakeDirectory { place, .. }
            | FileAction::Link { place, .. }
            | FileAction::Hardlink { place, .. }
            | FileAction::Remove { place, .. } => Some(place.path()),
            FileAction::SetBelow { root, .. } => Some(root),
            FileAction::Flush { .. } | FileAction::Touch { .. } => None,
        },
        Action::Package(_)
        | Action::Service(_)
        | Action::Account(_)
        | Action::Setting(_)
        | Action::Program(_)
        | Action::Wait(_) => None,
    }
}

/// All actions of a run, with what was there before each.
type Recorded = Vec<(Action, Kept)>;

/// What came of a plan that was run and undone.
struct Undone {
    /// How many actions on files were undone.
    files: usize,
    /// Why others were not.
    reasons: Vec<&'static str>,
    /// The tasks about files that failed, each with its words.
    failed: Vec<String>,
}

/// Runs a plan, and undoes it on the same host.
fn undone(plan: &Plan, contents: HashMap<Digest, Vec<u8>>) -> Undone {
    let recorded: Rc<RefCell<Recorded>> = Rc::default();
    let ear = Arc::new(Ear { contents, ..Ear::default() });
    let outside: Arc<dyn Outside> = Arc::clone(&ear) as _;
    let mut walk = Walk::new(plan, manifest::host(plan), &outside, Others::default());
    let record = Rc::clone(&recorded);
    testing::recorded(
        move |action, host| {
            let kept = subject(action).map_or(Kept::Nothing, |path| Kept::of(host, path));
            record.borrow_mut().push((action.clone(), kept));
        },
        || walk.run(),
    );
    let recorded = recorded.take();
    let undo = |host: &mut dyn Host, _| {
        let mut reasons = Vec::new();
        for (action, kept) in recorded.iter().rev() {
            match inverse(action, kept, host) {
                Ok(back) => back.iter().for_each(|action| drop(host.apply(action).unwrap())),
                Err(reason) => reasons.push(reason),
            }
        }
        // The first to touch a path saw what was there before the run.
        for (action, kept) in &recorded {
            let Some(path) = subject(action) else { continue };
            let first = recorded.iter().find(|(action, _)| subject(action) == Some(path));
            if first.is_some_and(|first| std::ptr::eq(&first.1, kept)) {
                assert_eq!(Kept::of(host, path), *kept, "{path}, after {action} was undone");
            }
        }
        let files = recorded.iter().filter(|(action, _)| matches!(action, Action::File(_)));
        (files.count(), reasons)
    };
    let (files, reasons) = walk.machine.with(CheckPolicy::AsRun, undo).unwrap();
    let heard = ear.heard.lock().unwrap();
    let failed = heard.iter().filter_map(|reply| {
        let Reply::Finished { task, outcome } = reply else { return None };
        let task = plan.task(*task).unwrap();
        let of_files = task.spec.about().local.is_some();
        let failed = outcome.status == Status::Failed && of_files;
        failed.then(|| format!("{}: {:?}", task.name, outcome.details))
    });
    Undone { files, reasons, failed: failed.collect() }
}

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

/// Every example as a play, by its file.
fn plays() -> Vec<(PathBuf, Value)> {
    let mut plays = Vec::new();
    for directory in ["", "manifests", "roles"] {
        for entry in fs::read_dir(examples().join(directory)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "yml") {
                plays.push((path.clone(), play(&fs::read_to_string(path).unwrap())));
            }
        }
    }
    assert!(plays.len() > 10);
    plays
}

#[allow(clippy::disallowed_methods, reason = "examples are sound, and nobody is told of places")]
fn play(text: &str) -> Value {
    let mut play: Value = serde_yaml::from_str(text).unwrap();
    if play.is_array() {
        play = json!({"tasks": play});
    }
    flatten(&mut play);
    play
}

/// As the tests' plans have it: a loop's keys are the task's own, and modes are texts. What apt would do is this machine's
/// affair and takes its time.
fn flatten(value: &mut Value) {
    match value {
        Value::Array(all) => {
            all.retain(|value| value.get("apt").is_none());
            all.iter_mut().for_each(flatten);
        }
        // `0755`, which is not a number to everybody.
        Value::Number(mode) if mode.is_f64() => {
            *value = mode.to_string().trim_end_matches(".0").into()
        }
        Value::Object(entries) => {
            entries.values_mut().for_each(flatten);
            if let Some(Value::Object(control)) = entries.remove("loop_control") {
                entries.extend(control);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The plan of an example, with the local files that its tasks name, and their contents.
fn compiled(mode: RunMode, path: &Path, play: &Value) -> (Plan, HashMap<Digest, Vec<u8>>) {
    let (mut plan, mut contents) = (plan(mode, std::slice::from_ref(play)), HashMap::new());
    let beside = [path.parent().unwrap().to_owned(), examples().join("..")];
    for task in plan.plays.iter_mut().flat_map(|play| &mut play.tasks) {
        task.on_error = OnError::GoOn;
        let spec = serde_json::to_value(&task.spec).unwrap();
        for written in ["src", "template"].into_iter().filter_map(|key| named(&spec, key)) {
            if written.starts_with('/') {
                continue;
            }
            let file = beside.iter().find_map(|above| fs::read(above.join(&written)).ok());
            let Some(bytes) = file else { continue };
            let (name, size) = (written.clone(), bytes.len() as u64);
            let (digest, mode) = (Digest::of(&bytes), PermissionBits(0o644));
            let file = SourceFile { name, digest, size, mode };
            contents.insert(file.digest, bytes);
            task.sources.push(NamedSource { written, source: Source::File(file) });
        }
    }
    (plan, contents)
}

/// The text under a key, wherever it stands.
fn named(value: &Value, key: &str) -> Option<String> {
    let Value::Object(entries) = value else { return None };
    let own = entries.get(key).and_then(Value::as_str).map(str::to_owned);
    own.or_else(|| entries.values().find_map(|value| named(value, key)))
}

#[test]
fn every_example_is_undone_on_an_overlay() {
    let (mut files, mut reasons) = (0, Vec::new());
    for (path, play) in plays() {
        let (plan, contents) = compiled(RunMode::Check, &path, &play);
        let undone = undone(&plan, contents);
        files += undone.files;
        reasons.extend(undone.reasons);
    }
    assert!(files > 10, "{files}");
    assert!(reasons.contains(&"nobody knows what a program does"), "{reasons:?}");
}

/// What a play leaves if only its files are worked on, below a directory, by and for whoever runs the test.
fn moved(value: &Value, root: &str) -> Value {
    match value {
        Value::String(text) if text.starts_with('/') => format!("{root}{text}").into(),
        Value::Array(all) => {
            let foreign = [
                "service",
                "command",
                "wait_for",
                "user",
                "group",
                "hostname",
                "timezone",
                "sysctl",
                "locale_gen",
                "alternatives",
            ];
            let is_own = |value: &&Value| !foreign.iter().any(|module| value.get(module).is_some());
            all.iter().filter(is_own).map(|value| moved(value, root)).collect()
        }
        Value::Object(entries) => {
            let kept = entries.iter().filter(|(key, _)| {
                // What a backup keeps is meant to stay.
                let dropped = ["owner", "group", "validate", "notify", "handlers", "backup"];
                !dropped.contains(&key.as_str())
            });
            let mut moved: serde_json::Map<String, Value> =
                kept.map(|(key, value)| (key.clone(), moved_entry(key, value, root))).collect();
            if moved.get("dest").is_some() && moved.get("action") != Some(&json!("absent")) {
                moved.insert("parents".to_owned(), json!(true));
            }
            Value::Object(moved)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn moved_entry(key: &str, value: &Value, root: &str) -> Value {
    if key == "content" { value.clone() } else { moved(value, root) }
}

/// Something for examples to replace and to remove.
fn furnish(root: &Path) {
    for directory in ["etc/nginx/sites-enabled", "etc/haproxy", "srv/greeting/index.php/x"] {
        fs::create_dir_all(root.join(directory)).unwrap();
    }
    for file in ["etc/farewell", "etc/nginx/nginx.conf", "etc/site.conf", "etc/passwd"] {
        fs::write(root.join(file), file).unwrap();
    }
    std::os::unix::fs::symlink("nowhere", root.join("etc/greeting.txt")).unwrap();
    std::os::unix::fs::symlink("x", root.join("etc/nginx/sites-enabled/default")).unwrap();
}

#[test]
fn every_example_is_undone_below_a_directory() {
    let mut files = 0;
    for (path, play) in plays() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        furnish(&root);
        let text = root.to_str().unwrap();
        let (plan, contents) = compiled(RunMode::Apply, &path, &moved(&play, text));
        let host = crate::sys::linux::Linux::new(Arc::new(Ear::default()));
        let before = Kept::of(&host, &text.parse().unwrap());
        let undone = undone(&plan, contents);
        assert_eq!(undone.failed, [""; 0], "{}", path.display());
        files += undone.files;
        assert_eq!(Kept::of(&host, &text.parse().unwrap()), before, "{}", path.display());
    }
    assert!(files > 10, "{files}");
}

#[test]
fn packages_and_services_name_what_cannot_be_undone() {
    let host = crate::sys::overlay::empty::Empty;
    let patience = std::time::Duration::ZERO;
    let names = || vec!["x".to_owned()];
    let check = |action: Action, expected: Result<&str, &str>| {
        let told = inverse(&action, &Kept::Nothing, &host);
        let told = told.map(|back| back.iter().map(Action::to_string).collect::<String>());
        assert_eq!(told.as_deref().map_err(|reason| *reason), expected, "{action}");
    };
    let hold = |to| Action::Package(PackageAction::Hold { names: names(), to, patience });
    check(hold(Hold::Keep), Ok("unhold x"));
    check(hold(Hold::Release), Ok("hold x"));
    let mark = PackageAction::MarkManual { names: names(), patience };
    check(Action::Package(mark), Err("apt is never told that for others' sake"));
    let index = Action::Package(PackageAction::Refresh { patience });
    check(index, Err("an older index is not to be had"));
    let act = |verb| {
        let name = "x".to_owned().try_into().unwrap();
        let job = ServiceJob { verb, name, pattern: None, timeout: patience };
        Action::Service(ServiceAction::Act(job))
    };
    check(act(Verb::Start), Ok("stop x"));
    check(act(Verb::Disable), Ok("enable x"));
    check(act(Verb::Restart), Err("it ran before, and it runs"));
}
