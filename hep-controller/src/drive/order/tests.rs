//! What an agent says well and badly, one reply after the other.

use super::*;
use hep_protocol::blob::Digest;
use hep_protocol::message::Stream;
use hep_protocol::outcome::Details;
use std::collections::BTreeSet;

fn at(task: u32, turn: &[u32]) -> Reply {
    Reply::Started { task, turn: Turn(turn.to_vec()), name: None }
}

fn started(task: u32) -> Reply {
    at(task, &[0, task])
}

fn outcome(status: Status) -> Outcome {
    let bad = matches!(status, Status::Failed | Status::Ignored | Status::Rescued);
    let failure = bad.then(Failure::default);
    Outcome::new(status, Details { failure, ..Details::default() })
}

fn finished(task: u32, status: Status) -> Reply {
    Reply::Finished { task, outcome: outcome(status) }
}

fn ran(task: u32, turn: &[u32], status: Status) -> [Reply; 2] {
    [at(task, turn), finished(task, status)]
}

fn output(task: u32) -> Reply {
    Reply::Output { task, stream: Stream::Stdout, data: b"x".to_vec() }
}

const NOT_OWN: &str = "the agent speaks of task 4, which is none of its own";

/// Two tasks that every run has, the first with one content; a task of a block, a handler, and a task of another host.
fn check_at(pace: Pace, replies: Vec<Reply>, expected: &str) {
    let tasks = [("one", 8), ("two", 0), ("in a block", 0), ("handler", 0), ("foreign", 8)];
    let tasks = tasks.map(|(name, wants)| {
        let digest = Digest::of(if name == "one" { b"x" } else { b"y" });
        let contents = (wants > 0).then_some(digest).into_iter().collect();
        Expected { name: name.to_owned(), wants, contents }
    });
    use Standing::{Foreign, May, Must};
    let mut order = Order::new(HostId(0), &tasks, vec![Must, Must, May, May, Foreign], pace);
    let count = replies.len();
    for (index, reply) in replies.into_iter().enumerate() {
        let verdict = match order.take(reply) {
            Ok(Next::Over(end)) => format!("{end:?}"),
            Ok(_) => "fine".to_owned(),
            Err(what) => what,
        };
        let expected = if index + 1 == count { expected } else { "fine" };
        assert_eq!(verdict, expected, "reply {index}");
    }
}

/// The verdict on the last reply; all before it must be in order.
fn check(replies: Vec<Reply>, expected: &str) {
    check_at(Pace::Straight, replies, expected);
}

fn all(parts: &[&[Reply]]) -> Vec<Reply> {
    parts.concat()
}

#[test]
fn a_run_in_order_ends_well() {
    use Status::{Changed, Failed, Ignored, Ok, Rescued, Skipped};
    let done = [Reply::Done(End::Completed)];
    let both = [ran(0, &[0, 0], Ok), ran(1, &[0, 1], Skipped)].concat();
    check(all(&[&both, &done]), "Completed");
    let ignored = [ran(0, &[0, 0], Ignored), ran(1, &[0, 1], Rescued)].concat();
    check(all(&[&ignored, &done]), "Completed");
    // Handlers and what lies in blocks run as often as it takes; turns may leave out numbers.
    let handlers = [ran(3, &[0, 7], Changed), ran(3, &[0, 8, 0], Ok), ran(2, &[0, 8, 1, 5], Ok)];
    check(all(&[&both, &handlers.concat(), &done]), "Completed");
    let failed = [ran(0, &[0, 0], Failed), ran(3, &[0, 9], Changed)].concat();
    check(all(&[&failed, &[Reply::Done(End::Failed)]]), "Failed");
    check(vec![Reply::Done(End::Cancelled)], "Cancelled");
    check(all(&[&failed, &[Reply::Done(End::Cancelled)]]), "Cancelled");
    check(vec![started(0), output(0), finished(0, Ok), output(0)], "fine");
}

#[test]
fn what_a_failure_kept_from_its_turn_is_counted() {
    use Standing::{May, Must, Should};
    let check = |replies: Vec<Reply>, expected: u32| {
        let task = Expected { name: "x".to_owned(), wants: 0, contents: BTreeSet::new() };
        let tasks = [task.clone(), task.clone(), task.clone(), task];
        let standing = vec![Must, Should, Should, May];
        let mut order = Order::new(HostId(0), &tasks, standing, Pace::Straight);
        replies.into_iter().for_each(|reply| drop(order.take(reply).unwrap()));
        assert_eq!(order.missing(), expected);
    };
    let begun = [ran(0, &[0, 0], Status::Ok), ran(1, &[0, 1, 0], Status::Failed)].concat();
    check(all(&[&begun, &[Reply::Done(End::Failed)]]), 1);
    check(begun, 1);
    check(vec![Reply::Done(End::Cancelled)], 3);
    let rescued = [ran(0, &[0, 0], Status::Ok), ran(1, &[0, 1, 0], Status::Rescued)].concat();
    check(all(&[&rescued, &[Reply::Done(End::Completed)]]), 0);
}

#[test]
fn turns_ascend() {
    let then = |first: &[u32], second: &[u32], good: bool| {
        let replies = all(&[&ran(0, first, Status::Ok), &[at(2, second)]]);
        check(replies, if good { "fine" } else { "the agent began task 2 out of turn" });
    };
    then(&[0, 1], &[0, 2], true);
    then(&[0, 1], &[0, 1, 0], true);
    then(&[0, 1, 9], &[0, 2], true);
    then(&[0, 1, 9], &[1], true);
    then(&[0, 1], &[0, 1], false);
    then(&[0, 1], &[0, 0, 5], false);
    then(&[1], &[0, 9], false);
    then(&[0], &[], false);
    then(&[0], &[1; DEEPEST], true);
    then(&[0], &[1; DEEPEST + 1], false);
}

#[test]
fn anything_else_is_named() {
    let done = Reply::Done(End::Completed);
    check(vec![at(0, &[])], "the agent began task 0 out of turn");
    check(vec![started(0), at(2, &[0, 9])], "the agent began task 2 out of turn");
    check(vec![started(4)], NOT_OWN);
    check(vec![started(u32::MAX)], "the agent speaks of task 4294967295, which is none of its own");
    check(vec![finished(0, Status::Ok)], "the agent ended task 0 out of turn");
    check(vec![started(0), finished(1, Status::Ok)], "the agent ended task 1 out of turn");
    let twice = all(&[&ran(0, &[0], Status::Ok), &[finished(0, Status::Ok)]]);
    check(twice, "the agent ended task 0 out of turn");
    check(vec![started(0), output(1)], "the agent spoke of task 1 before it began");
    check(vec![output(4)], "the agent spoke of task 4 before it began");
    check(vec![started(0), done.clone()], "the agent ended its run within a task");
    check(vec![Reply::Facts(Default::default())], "the agent told facts that nobody asked for");
}

#[test]
fn an_end_is_what_the_tasks_say() {
    let done = |end| [Reply::Done(end)];
    let not = "the agent says that all is done, and it is not";
    check(done(End::Completed).to_vec(), not);
    check(all(&[&ran(0, &[0], Status::Ok), &done(End::Completed)]), not);
    let both = |status| [ran(0, &[0], Status::Ok), ran(1, &[1], status)].concat();
    let failed = "the agent says that all is done, and a task failed";
    check(all(&[&both(Status::Failed), &done(End::Completed)]), failed);
    let none = "the agent says that a task failed, and none did";
    check(all(&[&both(Status::Rescued), &done(End::Failed)]), none);
    check(done(End::Failed).to_vec(), none);
}

#[test]
fn failures_are_where_they_belong() {
    let refused = |outcome: Outcome| {
        check(
            vec![started(0), Reply::Finished { task: 0, outcome }],
            "the agent gave no sound outcome for task 0",
        );
    };
    for status in [Status::Failed, Status::Ignored, Status::Rescued] {
        refused(Outcome::new(status, Details::default()));
    }
    for status in [Status::Ok, Status::Changed, Status::Pending, Status::Skipped] {
        let failure = Some(Failure::default());
        refused(Outcome::new(status, Details { failure, ..Details::default() }));
    }
    let (label, details) = (String::new(), Details::default());
    let item = ItemOutcome { label, status: Status::Failed, details, ms: 0 };
    refused(Outcome { items: vec![item], ..outcome(Status::Ok) });
}

#[test]
fn an_agent_asks_only_if_it_shall_and_between_tasks() {
    let asks = |task| Reply::Ask { task };
    let out = "the agent asked about task 0 out of turn";
    check(vec![asks(0)], out);
    check_at(Pace::Asking, vec![asks(0), started(0), finished(0, Status::Ok), asks(1)], "fine");
    check_at(Pace::Asking, vec![started(2), asks(0)], out);
    check_at(Pace::Asking, vec![asks(4)], NOT_OWN);
    let tasks = [Expected { name: "one".to_owned(), wants: 0, contents: BTreeSet::new() }];
    let mut order = Order::new(HostId(0), &tasks, vec![Standing::Must], Pace::Asking);
    assert_eq!(order.take(asks(0)), Ok(Next::Ask(0)));
    order.ask_no_more();
    assert_eq!(order.take(asks(0)), Err(out.to_owned()));
}

#[test]
fn an_agent_that_tells_too_much_is_lost() {
    let notes = vec![String::new(); 200_001];
    let outcome = Outcome::new(Status::Ok, Details { notes, ..Details::default() });
    check(
        vec![started(0), Reply::Finished { task: 0, outcome }],
        "the agent told too much of task 0: 200001 changes, notes and items, and 200000 are allowed",
    );
}

#[test]
fn wants_are_bounded_by_what_a_task_has() {
    let wants = |n| Reply::Want(vec![Want { digest: Digest::of(b"x"), from: 0 }; n]);
    let want = || wants(1);
    let refused = "the agent asked for a content that no task of its needs";
    let often = "the agent asked for a content more often than its task may";
    check(vec![want()], refused);
    let mut replies = vec![started(0)];
    replies.extend((0..8).map(|_| want()));
    check(replies.clone(), "fine");
    replies.push(want());
    check(replies, often);
    check(vec![started(0), wants(8)], "fine");
    check(vec![started(0), wants(9)], often);
    check(vec![started(0), wants(1), wants(8)], often);
    check(vec![started(0), wants(0)], "the agent asked for 0 contents at once");
    check(vec![started(0), wants(513)], "the agent asked for 513 contents at once");
    check(vec![started(0), finished(0, Status::Ok), want()], refused);
    check(vec![started(0), finished(0, Status::Ok), started(1), want()], refused);
}

#[test]
fn content_of_another_hosts_task_is_not_given() {
    let want = |content: &[u8]| Want { digest: Digest::of(content), from: 0 };
    let refused = "the agent asked for a content that no task of its needs";
    check(vec![started(0), Reply::Want(vec![want(b"x")])], "fine");
    check(vec![started(0), Reply::Want(vec![want(b"y")])], refused);
    check(vec![started(0), Reply::Want(vec![want(b"x"), want(b"y")])], refused);
}

#[test]
fn long_texts_are_kept_in_part() {
    let tasks = [Expected { name: "one".to_owned(), wants: 0, contents: BTreeSet::new() }];
    let mut order = Order::new(HostId(0), &tasks, vec![Standing::Must], Pace::Straight);
    assert_eq!(order.place(), "before the first task");
    let name = Some("n".repeat(10_000));
    order.take(Reply::Started { task: 0, turn: Turn(vec![0]), name }).unwrap();
    assert_eq!(order.place().len(), "during ``".len() + NAME);
    let mut data = vec![b'a'; 3 * OUTPUT];
    data.extend_from_slice(b"end");
    let told = order.take(Reply::Output { task: 0, stream: Stream::Stderr, data }).unwrap();
    assert!(matches!(told, Next::Tell(Event::Output { data, .. }) if data.len() == OUTPUT));
    assert_eq!(order.output().len(), OUTPUT);
    assert!(order.output().ends_with("aend"));
    assert_eq!(end_of_text("\u{fc}".repeat(OUTPUT)).len(), OUTPUT);
    assert_eq!(end_of_text(format!("{}x", "\u{fc}".repeat(OUTPUT))).len(), OUTPUT - 1);
}

#[test]
fn an_agent_waits_before_its_plays_in_order_and_begins_none_earlier() {
    let none = || Expected { name: String::new(), wants: 0, contents: [].into_iter().collect() };
    let tasks = [none(), none()];
    let order = || {
        let standing = vec![Standing::Must, Standing::Must];
        Order::new(HostId(0), &tasks, standing, Pace::Straight).waiting(&[1, 2])
    };
    let begins = |play| Reply::Started { task: 0, turn: Turn(vec![play, 0]), name: None };
    assert!(matches!(order().take(begins(0)), Ok(Next::Tell(_))));
    assert!(order().take(begins(1)).unwrap_err().contains("out of turn"));
    assert!(order().take(Reply::Waits { play: 2 }).unwrap_err().contains("out of turn"));
    let mut order = order();
    assert_eq!(order.take(Reply::Waits { play: 1 }), Ok(Next::Wait(1)));
    assert!(matches!(order.take(begins(1)), Ok(Next::Tell(_))));
    assert!(order.take(Reply::Waits { play: 2 }).unwrap_err().contains("out of turn"));
}
