//! Fleets of scripted agents: some converge, some fail, some cannot be reached, one brings hep itself down.

use super::*;
use crate::drive::tests::{Agent, agent, job, job_of_plays};
use crate::report::OnChange;
use hep_protocol::dialect::Dialect;
use hep_protocol::message::{End, Reply, Request, Turn};
use hep_protocol::outcome::{Details, Outcome, Status};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

/// An agent that greets, then follows the script.
fn launched(greeting: &Greeting<'_>, script: impl FnOnce(&mut Agent) + Send + 'static) -> Reached {
    let mut link = agent(|agent| {
        agent.greet();
        script(agent);
    });
    match greeting.exchange(&mut link) {
        Ok(facts) => Ok((Box::new(link), facts)),
        Err(problem) => Err(Unreachable { what: problem.what, ..unreachable() }),
    }
}

type Reached = Result<(Box<dyn Link>, Facts), Unreachable>;

fn converges(agent: &mut Agent) {
    agent.plan();
    (0..3).for_each(|task| agent.task(task, Status::Ok));
    agent.done(End::Completed);
}

pub(crate) fn unreachable() -> Unreachable {
    let hint = Some("look".to_owned());
    let what = "no answer".to_owned();
    Unreachable {
        host: "web".to_owned(),
        stage: Stage::Connect,
        what,
        hint,
        source: None,
        output: String::new(),
        hung_up: false,
    }
}

/// The reports as `host status trouble`, of a run that `launch` makes.
fn check(
    hosts: usize,
    forks: usize,
    stop: &Stop,
    launch: &Launch<'_>,
    expected: &[&str],
) -> RunEnd {
    let job = job(&[]);
    let batches = [Batch { hosts: (0..hosts).collect(), ..Batch::default() }];
    let limits = Limits::default();
    let fleet = Fleet { hosts, forks, job: &job, launch, stop, batches: &batches, limits };
    let end = fleet.run(&mut |_, _| {});
    let line = |report: &HostReport| {
        let trouble = report.trouble.as_ref().map_or("", |trouble| trouble.what.as_str());
        format!("{} {} {trouble}", report.host.0, report.status).trim_end().to_owned()
    };
    assert_eq!(end.reports.iter().map(line).collect::<Vec<_>>(), expected);
    end
}

#[test]
fn no_host_is_in_the_way_of_another() {
    let launch: &Launch<'_> = &|greeting, _| match greeting.host.0 {
        0 => Err(unreachable()),
        1 => panic!("a mistake of hep's"),
        2 => launched(greeting, |agent| drop(agent.plan())),
        3 => launched(greeting, |agent| {
            agent.plan();
            agent.task(0, Status::Failed);
            agent.done(End::Failed);
        }),
        _ => launched(greeting, converges),
    };
    let expected = [
        "0 unreachable connect: no answer",
        "1 lost hep itself failed: a mistake of hep's",
        "2 lost the agent ended without a final message before the first task; the agent was killed by signal KILL",
        "3 failed",
        "4 converged",
    ];
    for forks in [1, 2, 32] {
        let end = check(5, forks, &Stop::default(), launch, &expected);
        assert!(!end.cancelled);
        assert_eq!((end.reports[4].bytes_sent, end.reports[4].bytes_received), (1, 2));
    }
}

#[test]
fn no_more_hosts_at_a_time_than_wished() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let launch: &Launch<'_> = &|greeting, _| {
        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        let now = Arc::clone(&now);
        launched(greeting, move |agent| {
            agent.plan();
            thread::sleep(Duration::from_millis(5));
            now.fetch_sub(1, Ordering::SeqCst);
            (0..3).for_each(|task| agent.task(task, Status::Ok));
            agent.done(End::Completed);
        })
    };
    let expected: Vec<String> = (0..12).map(|host| format!("{host} converged")).collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check(12, 3, &Stop::default(), launch, &expected);
    assert_eq!(most.load(Ordering::SeqCst), 3);
}

#[test]
fn a_wish_to_stop_spares_hosts_that_did_not_begin() {
    let stop = Stop::default();
    let launch: &Launch<'_> = &|greeting, _| {
        if greeting.host.0 == 1 {
            stop.ask();
        }
        launched(greeting, converges)
    };
    let expected = [
        "0 converged",
        "1 stopped stopped on request before the first task",
        "2 not started stopped on request before the host was contacted",
    ];
    let end = check(3, 1, &stop, launch, &expected);
    assert!(end.cancelled);
}

#[test]
fn the_screen_hears_of_everything_on_one_thread() {
    let job = job(&[]);
    let stop = Stop::default();
    let launch: &Launch<'_> = &|greeting, _| launched(greeting, converges);
    let heard = Mutex::new(Vec::new());
    let asked = AtomicBool::new(false);
    let (batches, limits) = ([Batch { hosts: vec![0], ..Batch::default() }], Limits::default());
    let stop = &stop;
    Fleet { hosts: 1, forks: 1, job: &job, launch, stop, batches: &batches, limits }.run(
        &mut |tick, _| {
            if !asked.swap(true, Ordering::SeqCst) {
                stop.ask();
            }
            if let Tick::Event(event) = tick {
                heard.lock().unwrap().push(match event {
                    Event::Connected { .. } => "connected",
                    Event::Started { .. } => "started",
                    Event::Finished { .. } => "finished",
                    Event::Stopping(..) => "stopping",
                    Event::Again { .. } => "again",
                    Event::Ended(_) => "ended",
                    Event::Output { .. } | Event::Progress { .. } => "other",
                });
            }
        },
    );
    let heard = heard.into_inner().unwrap();
    assert_eq!(heard.iter().filter(|word| **word == "stopping").count(), 1);
    let rest: Vec<_> = heard.into_iter().filter(|word| *word != "stopping").collect();
    let task = ["started", "finished"];
    assert_eq!(rest, [&["connected"][..], &task, &task, &task, &["ended"]].concat());
}

/// The hosts that were reached, in their order, and each report's status and cause, of a run in batches. The hosts named
/// are not reached.
fn in_batches(batches: &[Batch], lost: &[usize]) -> (Vec<usize>, Vec<String>, RunEnd) {
    let (job, stop) = (job(&[]), Stop::default());
    let reached = Mutex::new(Vec::new());
    let launch: &Launch<'_> = &|greeting, _| {
        let host = greeting.host.0;
        reached.lock().unwrap().push(host);
        if lost.contains(&host) { Err(unreachable()) } else { launched(greeting, converges) }
    };
    let hosts = batches.iter().map(|batch| batch.hosts.len()).sum();
    let (forks, stop, limits) = (1, &stop, Limits::default());
    let fleet = Fleet { hosts, forks, job: &job, launch, stop, batches, limits };
    let end = fleet.run(&mut |_, _| {});
    let told = |report: &HostReport| report.trouble.as_ref().map(|t| t.what.clone());
    let told = end.reports.iter().map(|report| told(report).unwrap_or_default()).collect();
    (reached.into_inner().unwrap(), told, end)
}

fn batch(hosts: &[usize]) -> Batch {
    Batch { hosts: hosts.to_vec(), ..Batch::default() }
}

#[test]
fn batches_have_their_turn_one_after_the_other() {
    let (reached, _, end) = in_batches(&[batch(&[2]), batch(&[0, 1])], &[]);
    assert_eq!(reached, [2, 0, 1]);
    let order: Vec<usize> = end.reports.iter().map(|report| report.host.0).collect();
    assert_eq!((order, end.cancelled), (vec![0, 1, 2], false));
}

#[test]
fn a_batch_in_which_all_fail_ends_the_run() {
    let (reached, told, end) = in_batches(&[batch(&[0]), batch(&[1, 2])], &[0]);
    assert_eq!(reached, [0]);
    let why = "stopped, since all hosts of a batch failed, before the host was contacted";
    assert_eq!(told[1..], [why, why]);
    assert_eq!((end.cancelled, end.exit(OnChange::Succeed)), (false, 3));
    let (reached, ..) = in_batches(&[batch(&[0, 1]), batch(&[2])], &[0]);
    assert_eq!(reached, [0, 1, 2]);
}

#[test]
fn more_failures_than_a_play_allows_end_the_run() {
    let most = |percent| Batch { most_failed: Some(percent), ..batch(&[0, 1, 2, 3]) };
    let (reached, told, _) = in_batches(&[most(24), batch(&[4])], &[0]);
    assert_eq!(reached, [0]);
    let why = "stopped, since 1 of 4 hosts failed, more than 24 %, before the host was contacted";
    assert_eq!(told[4], why);
    let (reached, ..) = in_batches(&[most(25), batch(&[4])], &[0]);
    assert_eq!(reached, [0, 1, 2, 3, 4]);
    let fatal = Batch { fatal: true, ..batch(&[0, 1, 2]) };
    let (reached, ..) = in_batches(&[fatal, batch(&[3])], &[1]);
    assert_eq!(reached, [0, 1]);
}

#[test]
fn only_connections_are_tried_again_and_as_often_as_wished() {
    let tries = |retries, hung_up, stage| {
        let (job, stop, tried) = (job(&[]), Stop::default(), AtomicUsize::new(0));
        let launch: &Launch<'_> = &|_, _| {
            tried.fetch_add(1, Ordering::SeqCst);
            Err(Unreachable { hung_up, stage, ..unreachable() })
        };
        let limits = Limits { connect_retries: retries, ..Limits::default() };
        let (batches, stop) = ([batch(&[0])], &stop);
        let fleet =
            Fleet { hosts: 1, forks: 1, job: &job, launch, stop, batches: &batches, limits };
        fleet.run(&mut |_, _| {});
        tried.into_inner()
    };
    assert_eq!(tries(None, false, Stage::Connect), 1);
    assert_eq!(tries(Some(1), false, Stage::Connect), 2);
    assert_eq!(tries(Some(0), true, Stage::Connect), 1);
    assert_eq!(tries(None, true, Stage::Connect), 3);
    assert_eq!(tries(Some(5), false, Stage::HostKey), 1);
    assert_eq!(tries(Some(5), false, Stage::Login), 1);
}

#[test]
fn a_run_that_takes_too_long_is_stopped_with_the_reason() {
    let (job, stop) = (job(&[]), Stop::default());
    let launch: &Launch<'_> = &|_, way| {
        while !way.is_cancelled() {
            thread::sleep(Duration::from_millis(10));
        }
        Err(unreachable())
    };
    let limits = Limits { run_timeout: Some(Duration::from_millis(50)), ..Limits::default() };
    let (batches, stop) = ([batch(&[0, 1])], &stop);
    let fleet = Fleet { hosts: 2, forks: 1, job: &job, launch, stop, batches: &batches, limits };
    let end = fleet.run(&mut |_, _| {});
    let last = end.reports[1].trouble.as_ref().map(|trouble| trouble.what.as_str());
    let why = "stopped, since the run took longer than 0 s, before the host was contacted";
    assert_eq!((last, end.cancelled), (Some(why), false));
    let statuses: Vec<String> = end.reports.iter().map(|r| r.status.to_string()).collect();
    assert_eq!(statuses, ["stopped", "not started"]);
    assert_eq!((end.status().to_string().as_str(), end.exit(OnChange::Succeed)), ("stopped", 3));
}

#[test]
fn who_stopped_the_run_first_decides_its_exit_code() {
    let stop = Stop::default();
    stop.ask();
    stop.halt("the run took too long as well");
    assert!(stop.cancelled());
    let stop = Stop::default();
    stop.halt("a host failed");
    stop.ask();
    assert!(!stop.cancelled());
}

/// What the tasks of a host's plays come to, or that its agent is gone when it is to begin a play.
type Script = [Option<Status>];

fn follows(agent: &mut Agent, script: &Script, host: u64) {
    agent.plan();
    let mut alone = false;
    for (play, status) in (0..).zip(script) {
        if play > 0 && !alone {
            agent.say(Reply::Waits { play });
            match agent.hear() {
                Some(Request::GoAhead { alone: none }) => alone = none,
                Some(Request::Cancel) => return agent.done(End::Cancelled),
                other => panic!("{other:?}"),
            }
        }
        let Some(status) = *status else { return };
        // The later host is the faster one.
        thread::sleep(Duration::from_millis(30 / (host + 1)));
        agent.say(Reply::Started { task: play, turn: Turn(vec![play, 0]), name: None });
        let failure = (status == Status::Failed).then(Default::default);
        let outcome = Outcome::new(status, Details { failure, ..Details::default() });
        agent.say(Reply::Finished { task: play, outcome });
        if status == Status::Failed {
            return agent.done(End::Failed);
        }
    }
    agent.done(End::Completed);
}

/// Hosts that all run as many plays as their scripts have entries: `host.play` as tasks began, then reports.
fn in_order(
    dialect: Dialect,
    forks: usize,
    scripts: &[&'static Script],
) -> (Vec<String>, Vec<String>) {
    let waits: Vec<Vec<u32>> =
        scripts.iter().map(|script| (1..script.len() as u32).collect()).collect();
    let plays: Vec<Vec<u32>> =
        scripts.iter().map(|script| (0..script.len() as u32).collect()).collect();
    let hosts: Vec<(&[u32], &[u32])> =
        plays.iter().zip(&waits).map(|(p, w)| (&p[..], &w[..])).collect();
    let job = job_of_plays(3, dialect, &hosts);
    let stop = Stop::default();
    let launch: &Launch<'_> = &|greeting, _| {
        let script = scripts[greeting.host.0];
        let first = greeting.host.0 as u64;
        launched(greeting, move |agent| follows(agent, script, first))
    };
    let (batches, limits) = ([batch(&(0..scripts.len()).collect::<Vec<_>>())], Limits::default());
    let mut began = Vec::new();
    let fleet = Fleet {
        hosts: scripts.len(),
        forks,
        job: &job,
        launch,
        stop: &stop,
        batches: &batches,
        limits,
    };
    let end = fleet.run(&mut |tick, _| {
        if let Tick::Event(Event::Started { host, turn, .. }) = tick {
            began.push(format!("{}.{}", turn.0[0], host.0));
        }
    });
    let told = |report: &HostReport| {
        let trouble = report
            .trouble
            .as_ref()
            .map_or("", |trouble| trouble.what.split(" after").next().unwrap());
        format!("{} {trouble}", report.status).trim_end().to_owned()
    };
    (began, end.reports.iter().map(told).collect())
}

#[test]
fn plays_are_in_order_across_hosts() {
    for forks in [1, 2, 32] {
        let one: &'static Script = &[Some(Status::Ok); 3];
        let all: &[&Script] = &[one; 3];
        let (began, told) = in_order(Dialect::Hep, forks, all);
        let plays: Vec<&str> = began.iter().map(|began| &began[..1]).collect();
        assert_eq!(plays, ["0", "0", "0", "1", "1", "1", "2", "2", "2"], "{forks}");
        assert_eq!(told, ["converged"; 3]);
    }
    // A failed host drops out, and a lost one is not waited for.
    let scripts: &[&'static Script] = &[
        &[Some(Status::Ok), Some(Status::Failed), Some(Status::Ok)],
        &[Some(Status::Ok), None],
        &[Some(Status::Ok), Some(Status::Ok), Some(Status::Ok)],
    ];
    for forks in [1, 3] {
        let (began, told) = in_order(Dialect::Hep, forks, scripts);
        assert_eq!(began.last().map(String::as_str), Some("2.2"), "{began:?}");
        assert_eq!(began.len(), 6);
        assert_eq!(&told[0], "failed");
        assert!(told[1].starts_with("lost"), "{told:?}");
        assert_eq!(&told[2], "converged");
    }
}

#[test]
fn no_play_follows_one_that_all_its_hosts_failed_in_ansible_s_dialect() {
    let scripts: &[&'static Script] =
        &[&[Some(Status::Failed), Some(Status::Ok)], &[Some(Status::Failed), Some(Status::Ok)]];
    let (_, told) = in_order(Dialect::Ansible, 2, scripts);
    assert_eq!(told, ["failed", "failed"]);
    // The first play is not for all.
    let job = job_of_plays(2, Dialect::Ansible, &[(&[0], &[]), (&[1], &[1])]);
    let stop = Stop::default();
    let launch: &Launch<'_> = &|greeting, _| match greeting.host.0 {
        0 => Err(unreachable()),
        _ => launched(greeting, |agent| {
            agent.plan();
            agent.say(Reply::Waits { play: 1 });
            assert_eq!(agent.hear(), Some(Request::Cancel));
            agent.done(End::Cancelled);
        }),
    };
    let (batches, limits) = ([batch(&[0, 1])], Limits::default());
    let fleet =
        Fleet { hosts: 2, forks: 2, job: &job, launch, stop: &stop, batches: &batches, limits };
    let end = fleet.run(&mut |_, _| {});
    let why = end.reports[1].trouble.as_ref().map(|trouble| trouble.what.as_str());
    let stopped = [
        "stopped, since all hosts of the play `play 0` failed, before the first task",
        "stopped, since all hosts of the play `play 0` failed, before the host was contacted",
    ];
    assert!(why.is_some_and(|why| stopped.contains(&why)), "{why:?}");
}
