//! `--step`: the agent asks before each task, and the operator answers.

use super::*;

/// A job whose agents ask before each of the three tasks.
fn asking() -> Job {
    let mut job = job(&[]);
    job.pace = Pace::Asking;
    job
}

fn answering(answers: &'static [Answer]) -> impl Fn(u32) -> Receiver<Answer> {
    let left = std::cell::RefCell::new(answers.iter());
    move |_task| {
        let (sender, receiver) = channel();
        left.borrow_mut().next().into_iter().for_each(|answer| sender.send(*answer).unwrap());
        receiver
    }
}

#[test]
fn what_the_operator_answers_goes_to_the_agent() {
    let answers = &[Answer::Go(Go::Run), Answer::Go(Go::Skip), Answer::Go(Go::RunAll)];
    let script = |agent: &mut Agent| {
        agent.plan();
        let statuses =
            [(Go::Run, Status::Ok), (Go::Skip, Status::Skipped), (Go::RunAll, Status::Ok)];
        for (task, (go, status)) in (0..).zip(statuses) {
            agent.say(Reply::Ask { task });
            assert_eq!(agent.hear(), Some(Request::Go(go)));
            agent.task(task, status);
        }
        agent.done(End::Completed);
    };
    check_asking(&asking(), &Stop::default(), script, &answering(answers), "converged 2/0/0");
}

#[test]
fn an_agent_that_asks_on_when_it_shall_not_is_lost() {
    let script = |agent: &mut Agent| {
        agent.plan();
        agent.say(Reply::Ask { task: 0 });
        assert_eq!(agent.hear(), Some(Request::Go(Go::RunAll)));
        agent.task(0, Status::Ok);
        agent.say(Reply::Ask { task: 1 });
    };
    let expected = "lost 1/0/0: the agent asked about task 1 out of turn after `one`";
    let answers = &[Answer::Go(Go::RunAll)];
    check_asking(&asking(), &Stop::default(), script, &answering(answers), expected);
    check(
        &job(&[]),
        &Stop::default(),
        |agent| {
            agent.plan();
            agent.say(Reply::Ask { task: 0 });
        },
        "lost 0/0/0: the agent asked about task 0 out of turn before the first task",
    );
}

#[test]
fn an_operator_who_quits_stops_the_run() {
    let script = |agent: &mut Agent| {
        agent.plan();
        agent.task(0, Status::Ok);
        agent.say(Reply::Ask { task: 1 });
        assert_eq!(agent.hear(), Some(Request::Cancel));
        agent.done(End::Cancelled);
    };
    let expected = "stopped 1/0/0: stopped on request after `one`";
    let stop = Stop::default();
    check_asking(&asking(), &stop, script, &answering(&[Answer::Quit]), expected);
    assert_eq!(stop.wish(), Some(Stopping::Soon));
}

#[test]
fn an_agent_that_ends_or_goes_on_while_the_operator_thinks_is_lost() {
    let forever = |_task| {
        let (sender, receiver) = channel();
        std::mem::forget(sender);
        receiver
    };
    let script = |agent: &mut Agent| {
        agent.plan();
        agent.say(Reply::Ask { task: 0 });
    };
    let expected = "lost 0/0/0: the agent ended without a final message before the first task";
    check_asking(&asking(), &Stop::default(), script, &forever, expected);
    let script = |agent: &mut Agent| {
        agent.plan();
        agent.say(Reply::Ask { task: 0 });
        (0..40).for_each(|_| drop(agent.0.write_all(&[0; 65_536])));
    };
    let expected = "lost 0/0/0: the agent goes on while it should wait before the first task";
    check_asking(&asking(), &Stop::default(), script, &forever, expected);
    let expected = "lost 0/0/0: the operator could not be asked before the first task";
    let script = |agent: &mut Agent| {
        agent.plan();
        agent.say(Reply::Ask { task: 0 });
        agent.hear();
    };
    check_asking(&asking(), &Stop::default(), script, &nobody, expected);
}
