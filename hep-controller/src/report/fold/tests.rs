//! Hosts that take the same way, and hosts that do not, in every order of events.

use super::*;
use Status::{Changed, Failed, Ok as Fine, Rescued};
use hep_protocol::outcome::Change;

fn outcome(status: Status, line: &str, ms: u64) -> Outcome {
    let changes = if line.is_empty() { vec![] } else { vec![Change::new(line)] };
    Outcome { ms, ..Outcome::new(status, Details { changes, ..Details::default() }) }
}

/// A fold over so many hosts, so many of them in a wave.
fn fold_of(hosts: usize, wave: usize) -> Fold {
    let hosts: Vec<HostId> = (0..hosts).map(HostId).collect();
    Fold::new(hosts.chunks(wave).map(Vec::from).collect())
}

/// A task of a flat plan.
fn finish(fold: &mut Fold, host: usize, task: u32, outcome: Outcome) {
    fold.finished(HostId(host), task, Turn(vec![0, task]), None, outcome, 0);
}

/// `task: status[hosts] ...` for each block that is ready.
fn shown(fold: &mut Fold) -> String {
    shown_at(fold, 0)
}

/// The same at some time, with `~` after what is not all of a wave's.
fn shown_at(fold: &mut Fold, now: u64) -> String {
    let text = |ready| match ready {
        Ready::Wave(hosts) => format!("wave {}-{}", hosts.start, hosts.end),
        Ready::Block(Block { task, whole, groups }) => {
            let group = |g: &Group| {
                let hosts: Vec<String> = g.hosts.iter().map(|h| h.0.to_string()).collect();
                format!(" {}[{}]", g.status, hosts.join(","))
            };
            let rest = if whole { "" } else { " ~" };
            format!("{task}:{}{rest}", groups.iter().map(group).collect::<String>())
        }
    };
    fold.ready(now).into_iter().map(text).collect::<Vec<_>>().join("\n")
}

#[test]
fn one_host_is_shown_at_once() {
    let mut fold = fold_of(1, 32);
    finish(&mut fold, 0, 0, outcome(Fine, "", 1));
    assert_eq!(shown(&mut fold), "0: ok[0]");
    finish(&mut fold, 0, 1, outcome(Changed, "x", 1));
    assert_eq!(shown(&mut fold), "1: changed[0]");
    fold.ended(HostId(0));
    assert_eq!(shown(&mut fold), "");
}

#[test]
fn a_task_waits_for_the_hosts_that_still_run() {
    let mut fold = fold_of(3, 32);
    finish(&mut fold, 2, 0, outcome(Changed, "x", 7));
    finish(&mut fold, 2, 1, outcome(Fine, "", 1));
    finish(&mut fold, 0, 0, outcome(Changed, "x", 1));
    assert_eq!(shown(&mut fold), "");
    fold.ended(HostId(1));
    assert_eq!(shown(&mut fold), "0: changed[0,2]");
    finish(&mut fold, 0, 1, outcome(Changed, "y", 1));
    assert_eq!(shown(&mut fold), "1: changed[0] ok[2]");
}

#[test]
fn later_waves_wait_for_earlier_ones() {
    let mut fold = fold_of(3, 2);
    finish(&mut fold, 2, 0, outcome(Fine, "", 1));
    fold.ended(HostId(2));
    finish(&mut fold, 0, 0, outcome(Fine, "", 1));
    fold.ended(HostId(0));
    assert_eq!(shown(&mut fold), "");
    fold.ended(HostId(1));
    assert_eq!(shown(&mut fold), "wave 0-2\n0: ok[0]\nwave 2-3\n0: ok[2]");
}

#[test]
fn the_first_batch_is_shown_while_the_others_wait() {
    let mut fold = Fold::new(vec![vec![HostId(1)], vec![HostId(0), HostId(2)]]);
    finish(&mut fold, 1, 0, outcome(Failed, "", 1));
    assert_eq!(shown(&mut fold), "wave 0-1\n0: failed[1]");
    fold.ended(HostId(1));
    finish(&mut fold, 2, 0, outcome(Fine, "", 1));
    finish(&mut fold, 0, 0, outcome(Fine, "", 1));
    assert_eq!(shown(&mut fold), "wave 1-3\n0: ok[0,2]");
}

#[test]
fn a_slow_host_holds_the_others_for_a_while_and_comes_later() {
    let mut fold = fold_of(3, 32);
    finish(&mut fold, 0, 0, outcome(Fine, "", 1));
    finish(&mut fold, 1, 0, outcome(Fine, "", 1));
    finish(&mut fold, 1, 1, outcome(Fine, "", 1));
    assert_eq!(shown_at(&mut fold, PATIENCE - 1), "");
    assert_eq!(shown_at(&mut fold, PATIENCE), "0: ok[0,1] ~\n1: ok[1] ~");
    finish(&mut fold, 2, 0, outcome(Changed, "x", 1));
    assert_eq!(shown_at(&mut fold, PATIENCE), "0: changed[2] ~");
    finish(&mut fold, 0, 1, outcome(Fine, "", 1));
    fold.ended(HostId(2));
    assert_eq!(shown_at(&mut fold, PATIENCE), "1: ok[0] ~");
}

#[test]
fn a_failure_hardly_waits_and_takes_along_what_is_before_it() {
    let mut fold = fold_of(4, 3);
    finish(&mut fold, 0, 0, outcome(Fine, "", 1));
    finish(&mut fold, 0, 1, outcome(Failed, "", 1));
    finish(&mut fold, 3, 0, outcome(Fine, "", 1));
    assert_eq!(shown_at(&mut fold, SHORT - 1), "");
    assert_eq!(shown_at(&mut fold, SHORT), "wave 0-3\n0: ok[0] ~\n1: failed[0] ~");
    assert_eq!(shown_at(&mut fold, PATIENCE), "wave 3-4\n0: ok[3]");
}

#[test]
fn a_failed_host_holds_nobody() {
    let mut fold = fold_of(2, 32);
    finish(&mut fold, 0, 0, outcome(Failed, "", 1));
    fold.ended(HostId(0));
    for task in 0..3 {
        finish(&mut fold, 1, task, outcome(Fine, "", 1));
    }
    assert_eq!(shown(&mut fold), "0: failed[0] ok[1]\n1: ok[1]\n2: ok[1]");
}

#[test]
fn a_host_that_begins_a_later_task_holds_nobody() {
    let mut fold = fold_of(2, 32);
    // A handler of the first host only, while the second is already in the next play.
    fold.finished(HostId(0), 5, Turn(vec![0, 9, 0, 0]), None, outcome(Fine, "", 1), 0);
    fold.started(HostId(1), Turn(vec![0, 9]));
    assert_eq!(shown(&mut fold), "");
    fold.started(HostId(1), Turn(vec![1, 0]));
    assert_eq!(shown(&mut fold), "5: ok[0]");
}

#[test]
fn results_that_differ_in_names_or_elements_are_no_equals() {
    let item = |label: &str, ms| ItemOutcome {
        label: label.to_owned(),
        status: Fine,
        details: Details::default(),
        ms,
    };
    let mut fold = fold_of(5, 32);
    let results = [(None, "a", 1), (None, "a", 2), (None, "b", 1), (Some("n"), "a", 1)];
    for (host, (name, label, ms)) in results.into_iter().enumerate() {
        let outcome = Outcome { items: vec![item(label, ms)], ..outcome(Fine, "", 1) };
        fold.finished(HostId(host), 0, Turn(vec![0]), name.map(str::to_owned), outcome, 0);
    }
    fold.ended(HostId(4));
    assert_eq!(shown(&mut fold), "0: ok[0,1] ok[2] ok[3]");
}

/// One host's way: a task, its turn, how it ended, and a line.
type Step = (u32, &'static [u32], Status, &'static str);

/// Plays the ways of all hosts, whose turn it is told by `draws`, and gives all that is shown.
fn play(ways: &[&[Step]], wave: usize, draws: &[usize]) -> String {
    let mut fold = fold_of(ways.len(), wave);
    let mut at = vec![0; ways.len()];
    let mut text = Vec::new();
    // Hosts that were not drawn often enough come at the end. A host begins, finishes, and ends at last.
    let most = ways.iter().map(|way| way.len()).max().unwrap_or(0) * 2 + 1;
    let rest = (0..ways.len()).flat_map(|host| std::iter::repeat_n(host, most));
    for host in draws.iter().copied().chain(rest) {
        match ways[host].get(at[host] / 2) {
            Some((_, turn, ..)) if at[host].is_multiple_of(2) => {
                fold.started(HostId(host), Turn(turn.to_vec()));
            }
            Some((task, turn, status, line)) => {
                let outcome = outcome(*status, line, 1);
                fold.finished(HostId(host), *task, Turn(turn.to_vec()), None, outcome, 0);
            }
            None => fold.ended(HostId(host)),
        }
        at[host] += 1;
        text.push(shown(&mut fold));
    }
    assert!(fold.pending.is_empty());
    text.retain(|part| !part.is_empty());
    text.join("\n")
}

/// A flat plan.
const STRAIGHT: &[Step] =
    &[(0, &[0, 0], Fine, "x"), (1, &[0, 1], Fine, "x"), (2, &[0, 2], Changed, "a")];

proptest::proptest! {
    /// Five hosts with three tasks each, the second host failing at its second, in waves of two.
    #[test]
    fn the_order_of_events_does_not_show(draws in proptest::collection::vec(0_usize..5, 120)) {
        let failing: &[Step] = &[(0, &[0, 0], Fine, "x"), (1, &[0, 1], Failed, "")];
        let other: &[Step] =
            &[(0, &[0, 0], Fine, "x"), (1, &[0, 1], Fine, "x"), (2, &[0, 2], Changed, "b")];
        let ways = [STRAIGHT, failing, STRAIGHT, other, other];
        proptest::prop_assert_eq!(
            play(&ways, 2, &draws),
            "wave 0-2\n0: ok[0,1]\n1: ok[0] failed[1]\n2: changed[0]\n\
             wave 2-4\n0: ok[2,3]\n1: ok[2,3]\n2: changed[2] changed[3]\n\
             wave 4-5\n0: ok[4]\n1: ok[4]\n2: changed[4]"
        );
    }

    /// Four hosts: one without handlers, two with the same handler in the first run of them, of which one has another in
    /// the second run, and one that fails and then runs its handlers.
    #[test]
    fn handlers_of_some_hosts_stand_at_their_turns(draws in proptest::collection::vec(0_usize..4, 80)) {
        let ways: [&[Step]; 4] = [
            &[(0, &[0, 0], Fine, ""), (1, &[0, 1], Fine, ""), (4, &[1, 0], Fine, "")],
            &[(0, &[0, 0], Changed, ""), (1, &[0, 1], Fine, ""), (2, &[0, 2, 0, 0], Fine, ""), (4, &[1, 0], Fine, "")],
            &[
                (0, &[0, 0], Changed, ""),
                (1, &[0, 1], Changed, ""),
                (2, &[0, 2, 0, 0], Fine, ""),
                (3, &[0, 2, 1, 1], Fine, ""),
                (4, &[1, 0], Fine, ""),
            ],
            &[(0, &[0, 0], Changed, ""), (1, &[0, 1], Failed, ""), (2, &[0, 2, 0, 0], Fine, "")],
        ];
        proptest::prop_assert_eq!(
            play(&ways, 32, &draws),
            "0: ok[0] changed[1,2,3]\n1: ok[0,1] changed[2] failed[3]\n2: ok[1,2,3]\n3: ok[2]\n4: ok[0,1,2]"
        );
    }

    /// Three hosts in waves of two: one takes the body of a block alone, one the rescue, both its `always`; the third
    /// does not enter the block.
    #[test]
    fn rescues_of_some_hosts_stand_between_body_and_always(draws in proptest::collection::vec(0_usize..3, 60)) {
        let ways: [&[Step]; 3] = [
            &[(0, &[0, 1, 0, 0], Fine, ""), (1, &[0, 1, 0, 1], Fine, ""), (3, &[0, 1, 0, 3], Fine, "")],
            &[(0, &[0, 1, 0, 0], Rescued, ""), (2, &[0, 1, 0, 2], Fine, ""), (3, &[0, 1, 0, 3], Fine, "")],
            &[(4, &[0, 2], Fine, "")],
        ];
        proptest::prop_assert_eq!(
            play(&ways, 2, &draws),
            "wave 0-2\n0: ok[0] rescued[1]\n1: ok[0]\n2: ok[1]\n3: ok[0,1]\nwave 2-3\n4: ok[2]"
        );
    }

    /// A looped block that runs twice on one host, once on another and not at all on the third.
    #[test]
    fn rounds_of_a_block_stand_one_after_the_other(draws in proptest::collection::vec(0_usize..3, 60)) {
        let ways: [&[Step]; 3] = [
            &[
                (0, &[0, 0, 0, 0], Fine, ""),
                (1, &[0, 0, 0, 1], Fine, ""),
                (0, &[0, 0, 1, 0], Fine, ""),
                (1, &[0, 0, 1, 1], Fine, ""),
                (2, &[0, 3], Fine, ""),
            ],
            &[(0, &[0, 0, 0, 0], Changed, ""), (1, &[0, 0, 0, 1], Fine, ""), (2, &[0, 3], Fine, "")],
            &[(2, &[0, 3], Fine, "")],
        ];
        proptest::prop_assert_eq!(
            play(&ways, 32, &draws),
            "0: ok[0] changed[1]\n1: ok[0,1]\n0: ok[0]\n1: ok[0]\n2: ok[0,1,2]"
        );
    }
}
