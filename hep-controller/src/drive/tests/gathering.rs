//! Facts that an agent is asked for in place of a run.

use super::*;

#[test]
fn facts_are_a_mapping() {
    let check = |reply: Option<Reply>, expected: Result<(), &str>| {
        let mut link = agent(move |agent| {
            agent.greet();
            assert_eq!(agent.hear(), Some(Request::Facts));
            reply.into_iter().for_each(|reply| agent.say(reply));
        });
        greeting(&Stop::default(), Opening::default()).exchange(&mut link).unwrap();
        let told = super::super::facts(&mut link).map(drop).map_err(|problem| problem.what);
        assert_eq!(told, expected.map_err(str::to_owned));
    };
    check(Some(Reply::Facts(Json(serde_json::json!({"os": "debian"})))), Ok(()));
    let other = Err("the agent did not tell the facts of its host");
    check(Some(Reply::Facts(Json(serde_json::json!(["os"])))), other);
    check(Some(Reply::Done(End::Completed)), other);
    let much = Json(serde_json::json!({"os": "x".repeat(FACTS)}));
    check(Some(Reply::Facts(much)), Err("the facts take more than 8 MiB"));
    check(None, Err("the stream ended in place of the facts"));
}

#[test]
fn facts_that_come_a_byte_now_and_then_are_not_waited_for() {
    let mut link = agent(|agent| {
        agent.greet();
        let bytes = [&1_000_u32.to_le_bytes()[..], &[b'x'; 1000]].concat();
        for byte in bytes {
            if agent.0.write_all(&[byte]).is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
    });
    greeting(&Stop::default(), Opening::default()).exchange(&mut link).unwrap();
    let told = facts_within(Duration::from_secs(1), &mut link);
    assert_eq!(told.unwrap_err().what, "the facts did not come within 1 s");
}
