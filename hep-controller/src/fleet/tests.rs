//! Fleets of scripted agents: some converge, some fail, some cannot be reached, one brings hep itself down.

use super::*;
use crate::drive::tests::{Agent, agent, job};
use crate::remote::Stage;
use hep_protocol::message::End;
use hep_protocol::outcome::Status;
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
    let end = Fleet { hosts, forks, job: &job, launch, stop }.run(&mut |_, _| {});
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
        "2 lost the agent ended without a last word before the first task; the agent was killed by signal KILL",
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
        "1 unreachable connect: stopped on request before the first task",
        "2 unreachable stopped on request before the host was contacted",
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
    Fleet { hosts: 1, forks: 1, job: &job, launch, stop: &stop }.run(&mut |tick, _| {
        if !asked.swap(true, Ordering::SeqCst) {
            stop.ask();
        }
        if let Tick::Event(event) = tick {
            heard.lock().unwrap().push(match event {
                Event::Connected { .. } => "connected",
                Event::Started { .. } => "started",
                Event::Finished { .. } => "finished",
                Event::Stopping(_) => "stopping",
                Event::Ended(_) => "ended",
                Event::Output { .. } | Event::Progress { .. } => "other",
            });
        }
    });
    let heard = heard.into_inner().unwrap();
    assert_eq!(heard.iter().filter(|word| **word == "stopping").count(), 1);
    let rest: Vec<_> = heard.into_iter().filter(|word| *word != "stopping").collect();
    let task = ["started", "finished"];
    assert_eq!(rest, [&["connected"][..], &task, &task, &task, &["ended"]].concat());
}
