//! A wish to stop reaches an agent wherever it is.

use super::*;

#[test]
fn a_wish_to_stop_reaches_a_silent_agent() {
    let stop = Arc::new(Stop::default());
    let asking = Arc::clone(&stop);
    let script = move |agent: &mut Agent| {
        agent.plan();
        agent.start(0);
        asking.ask();
        assert_eq!(agent.hear(), Some(Request::Cancel));
        agent.say(Reply::Finished { task: 0, outcome: outcome(Status::Changed) });
        agent.done(End::Cancelled);
    };
    check(&job(&[]), &stop, script, "stopped 0/1/0: stopped on request after `one`");
}

#[test]
fn a_wish_to_stop_goes_between_the_pieces_of_a_content() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("large");
    // More than what a socket holds: the sender waits for this reader.
    let content: &'static [u8] = vec![b'l'; 16 * CHUNK].leak();
    fs::write(&path, content).unwrap();
    let stop = Arc::new(Stop::default());
    let asking = Arc::clone(&stop);
    let script = move |agent: &mut Agent| {
        agent.plan();
        agent.task(0, Status::Ok);
        agent.start(1);
        agent.say(want(content));
        assert!(matches!(agent.hear(), Some(Request::Blob { last: false, .. })));
        asking.ask();
        let mut before = 0;
        while let Some(Request::Blob { last, .. }) = agent.hear() {
            assert!(!last, "the wish came behind the content");
            before += 1;
        }
        assert!(before < 8, "the wish came behind {before} pieces");
        // The current step gets the rest.
        while let Some(Request::Blob { last: false, .. }) = agent.hear() {}
        agent.done(End::Cancelled);
    };
    let expected = "lost 1/0/0: the agent ended its run within a task during `two`";
    check(&job(&[(&path, content)]), &stop, script, expected);
}

#[test]
fn a_failure_is_an_end_too_when_the_run_was_stopped_behind_it() {
    let script = |agent: &mut Agent| {
        agent.plan();
        agent.task(0, Status::Failed);
        agent.done(End::Cancelled);
    };
    check(&job(&[]), &Stop::default(), script, "failed 0/0/1");
    let rescued = |agent: &mut Agent| {
        agent.plan();
        agent.task(0, Status::Rescued);
        agent.task(1, Status::Ignored);
        agent.task(2, Status::Ok);
        agent.done(End::Completed);
    };
    check(&job(&[]), &Stop::default(), rescued, "converged 1/0/0");
}

#[test]
fn a_cut_link_is_told_as_that() {
    let stop = Arc::new(Stop::default());
    let asking = Arc::clone(&stop);
    let script = move |agent: &mut Agent| {
        agent.plan();
        agent.start(0);
        asking.ask();
        asking.ask();
    };
    check(&job(&[]), &stop, script, "stopped 0/0/0: the link was cut on request during `one`");
}
