//! Plans that hold together, and those that do not.

use super::*;

fn block(body: u32, rescue: u32, always: u32) -> Item {
    Item::Block(Box::new(Block { body, rescue, always, ..Block::default() }))
}

fn task() -> Task {
    Task::of("a", Spec::Open { module: "debug".to_owned(), params: Json::default() })
}

#[track_caller]
fn check(items: Vec<Item>, fault: Option<&str>) {
    check_all(vec![Play { items, tasks: vec![task()], ..Play::default() }], &[0], fault);
}

#[track_caller]
fn check_all(plays: Vec<Play>, host: &[u32], fault: Option<&str>) {
    let plan = Plan { settings: Settings::of(RunMode::Apply, DiffMode::Off), plays };
    let host = HostPart { plays: host.to_vec(), ..HostPart::default() };
    assert_eq!(plan.fault(&host).as_deref(), fault);
}

#[test]
fn counts_and_numbers_that_lead_nowhere_are_a_fault() {
    const PAST: Option<&str> = Some("a block reaches past what is around it");
    let task = || Item::Task(0);
    check(vec![block(2, 1, 1), block(0, 1, 0), task(), task(), task()], None);
    check(vec![block(1, 1, 0), task(), block(0, 0, 0), task()], None);
    check(vec![block(2, 0, 0), task()], PAST);
    check(vec![block(1, 1, 0), block(1, 0, 0), task()], PAST);
    check(vec![block(u32::MAX, 1, 0), task()], PAST);
    let deep = |depth: u32| (0..depth).rev().map(|inner| block(inner + 1, 0, 0)).chain([task()]);
    check(deep(32).collect(), None);
    check(deep(1000).collect(), PAST);
    check(vec![task(), Item::Task(1)], Some("there is no task 1"));
}

/// A play of so many tasks, the last a handler.
fn play(number: u32, first: u32, tasks: u32) -> Play {
    let handlers: Vec<u32> = (1..tasks).map(|behind| first + behind).collect();
    let (items, tasks) = (vec![Item::Task(first)], vec![task(); tasks as usize]);
    Play { number, first, tasks, items, handlers, ..Play::default() }
}

#[test]
fn plays_of_a_host_refer_to_nothing_but_themselves() {
    check_all(vec![play(1, 4, 2), play(3, 9, 1)], &[1, 3], None);
    let not_own = Some("its plays are not those of the host");
    check_all(vec![play(1, 4, 2), play(3, 9, 1)], &[1], not_own);
    check_all(vec![play(1, 4, 2)], &[1, 3], not_own);
    check_all(vec![play(1, 4, 2), play(1, 6, 2)], &[1, 1], Some("its plays are out of order"));
    check_all(vec![play(1, 4, 2), play(3, 5, 1)], &[1, 3], Some("task 5 is in two plays"));
    let past = play(0, u32::MAX, 1);
    check_all(vec![past], &[0], Some("task 4294967295 and those after it are too many"));
    let foreign = Play { handlers: vec![9], ..play(1, 4, 2) };
    check_all(vec![foreign, play(3, 9, 1)], &[1, 3], Some("there is no task 9"));
    let mut notifying = play(1, 4, 2);
    let control = Control { notify: vec![9], ..Control::default() };
    notifying.tasks[0].control = Some(Box::new(control));
    check_all(vec![notifying, play(3, 9, 1)], &[1, 3], Some("there is no task 9"));
}

#[test]
fn a_task_is_found_by_its_number() {
    let settings = Settings::of(RunMode::Apply, DiffMode::Off);
    let named = |name: &str| Task { name: name.to_owned(), ..task() };
    let play = |number, first, names: &[&str]| {
        let tasks = names.iter().map(|name| named(name)).collect();
        Play { number, first, tasks, ..Play::default() }
    };
    let plays = vec![play(1, 2, &["a", "b"]), play(2, 4, &[]), play(4, 4, &["c"])];
    let plan = Plan { settings, plays };
    let name = |number| plan.task(number).map(|task| task.name.as_str());
    let found: Vec<_> = (0..6).map(name).collect();
    assert_eq!(found, [None, None, Some("a"), Some("b"), Some("c"), None]);
    let all: Vec<_> = plan.tasks().map(|(number, task)| (number, &*task.name)).collect();
    assert_eq!(all, [(2, "a"), (3, "b"), (4, "c")]);
}
