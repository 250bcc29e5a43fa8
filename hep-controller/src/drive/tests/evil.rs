//! What a broken or hostile host may say after its greeting: hep is rid of it, and never holds more of it than it
//! shows. Each way proves that it took effect: by the verdict, which names it, or by what the host got to hear.

use super::*;
use hep_protocol::message::{LONGEST_REPLY, OUTPUT_OF_TASK, Stream};
use hep_protocol::outcome::{Change, Details, ItemOutcome};
use std::time::Instant;

/// What hep may take more of memory while a host does its worst, in bytes.
const MEMORY: u64 = 192 * 1024 * 1024;

/// The most memory that this process had, in bytes (proc(5), VmHWM).
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// Drives a host that greets, hears its plan and does its worst; it is lost for that. Speed is no matter of this test, but
/// whoever is held forever would not be here at all.
fn lost(job: &Job, worst: impl FnOnce(&mut Agent) + Send + 'static, expected: &str) {
    let before = peak();
    let script = |agent: &mut Agent| {
        agent.plan();
        worst(agent);
    };
    check(job, &Stop::default(), script, &format!("lost {expected}"));
    let grown = peak().saturating_sub(before);
    assert!(grown < MEMORY, "{} MiB more", grown >> 20);
}

/// Says the same until nobody listens any more.
fn flood(agent: &mut Agent, replies: &[Reply]) {
    let bytes: Vec<u8> = replies.iter().flat_map(|reply| frame::encode(reply).unwrap()).collect();
    while agent.0.write_all(&bytes).is_ok() {}
}

fn raw(agent: &mut Agent, bytes: &[u8]) {
    drop(agent.0.write_all(bytes));
}

fn output(size: usize) -> Reply {
    Reply::Output { task: 0, stream: Stream::Stdout, data: vec![b'\n'; size] }
}

#[test]
fn frames_that_are_none() {
    let job = job(&[]);
    let check = |bytes: Vec<u8>, what: &str| {
        let worst = move |agent: &mut Agent| raw(agent, &bytes);
        lost(&job, worst, &format!("0/0/0: {what} before the first task"));
    };
    let long = |len: u32| {
        let most = LONGEST_REPLY;
        format!("a frame of {len} bytes is longer than the {most} that are allowed")
    };
    let head = |len: u32| [len.to_le_bytes().as_slice(), &[b'A'; 1000]].concat();
    check(head(0x7fff_ffff), &long(0x7fff_ffff));
    // Nothing of it is read.
    check(head(64 << 20), &long(64 << 20));
    let packed = [(20_u32 | 1 << 31).to_le_bytes().as_slice(), &[0; 20]].concat();
    check(packed, "a frame could not be decoded: it is packed");
    check(vec![0; 4000], "a frame could not be decoded: UnexpectedEnd { additional: 1 }");
}

#[test]
fn noise_in_the_place_of_frames() {
    let job = job(&[]);
    for seed in 0..20_u32 {
        let noise =
            (0..4000).flat_map(move |n| *Digest::of(format!("{seed} {n}").as_bytes()).as_bytes());
        let bytes: Vec<u8> = noise.collect();
        let mut link = agent(move |agent| {
            agent.greet();
            agent.plan();
            raw(agent, &bytes);
        });
        let ahead = job.opening(HostId(0)).unwrap();
        greeting(&Stop::default(), ahead).exchange(&mut link).unwrap();
        let drive = Drive { job: &job, host: HostId(0), stop: &Stop::default(), meeting: None };
        let status = drive.run(&mut link, &mut |_| {}, &nobody).status;
        assert_eq!(status, HostStatus::Lost, "{seed}");
    }
}

/// A sound run with some of its bytes changed: whatever comes of it, it comes to an end, and is converged only if no frame
/// was harmed in what it means.
#[test]
fn frames_that_were_changed_on_their_way() {
    let job = job(&[]);
    let mut sound = Vec::new();
    for task in 0..3 {
        sound.extend(frame::encode(&started(task)).unwrap());
        let outcome = outcome(Status::Ok);
        sound.extend(frame::encode(&Reply::Finished { task, outcome }).unwrap());
    }
    sound.extend(frame::encode(&Reply::Done(End::Completed)).unwrap());
    let mut harmed = 0;
    for at in 0..sound.len() {
        let mut bytes = sound.clone();
        bytes[at] ^= Digest::of(&at.to_le_bytes()).as_bytes()[0] | 1;
        let mut link = agent(move |agent| {
            agent.greet();
            agent.plan();
            raw(agent, &bytes);
        });
        let ahead = job.opening(HostId(0)).unwrap();
        greeting(&Stop::default(), ahead).exchange(&mut link).unwrap();
        let drive = Drive { job: &job, host: HostId(0), stop: &Stop::default(), meeting: None };
        harmed +=
            usize::from(drive.run(&mut link, &mut |_| {}, &nobody).status != HostStatus::Converged);
    }
    assert!(harmed > sound.len() / 2, "{harmed} of {}", sound.len());
}

#[test]
fn words_out_of_turn() {
    let job = job(&[]);
    let check = |replies: Vec<Reply>, what: &str| {
        lost(&job, move |agent| flood(agent, &replies), what);
    };
    check(
        vec![started(7777)],
        "0/0/0: the agent speaks of task 7777, which is none of its own before the first task",
    );
    let finished = Reply::Finished { task: 0, outcome: outcome(Status::Ok) };
    check(vec![finished], "0/0/0: the agent ended task 0 out of turn before the first task");
    check(
        vec![Reply::Done(End::Completed)],
        "0/0/0: the agent says that all is done, and it is not before the first task",
    );
    check(vec![Reply::Hello(facts())], "0/0/0: the agent greeted twice before the first task");
    check(
        vec![Reply::Ask { task: 0 }],
        "0/0/0: the agent asked about task 0 out of turn before the first task",
    );
}

#[test]
fn output_without_end() {
    let job = job(&[]);
    let task = |what: &str| format!("0/0/0: the agent sent {what} during `one`");
    for size in [60_000, 16, 1] {
        let worst = move |agent: &mut Agent| {
            agent.start(0);
            let bytes = frame::encode(&output(size)).unwrap().repeat(1 + 60_000 / (size + 16));
            while agent.0.write_all(&bytes).is_ok() {}
        };
        lost(&job, worst, &task("more than 16 MiB of output of one task"));
    }
    let worst = |agent: &mut Agent| {
        agent.start(0);
        flood(agent, &[output(0)]);
    };
    lost(&job, worst, &task("output without a byte"));
    let worst = |agent: &mut Agent| {
        agent.start(0);
        let text = "\u{1b}[2Jx\r\n".repeat(8000);
        flood(agent, &[Reply::Progress { task: 0, text }]);
    };
    lost(&job, worst, &task("more than 128 MiB of progress"));
}

/// As much as an agent of hep sends is no reason to lose it.
#[test]
fn output_as_much_as_there_may_be() {
    let script = |agent: &mut Agent| {
        agent.plan();
        for task in 0..3 {
            agent.start(task);
            for _ in 0..OUTPUT_OF_TASK >> 16 {
                let data = vec![b'x'; 1 << 16];
                agent.say(Reply::Output { task, stream: Stream::Stderr, data });
            }
            agent.say(Reply::Finished { task, outcome: outcome(Status::Ok) });
        }
        agent.done(End::Completed);
    };
    check(&job(&[]), &Stop::default(), script, "converged 3/0/0");
}

#[test]
fn outcomes_larger_than_any() {
    let job = job(&[]);
    let changed = |changes| Outcome::new(Status::Ok, Details { changes, ..Details::default() });
    let change = |size| Change::new("x".repeat(size));
    let check = |outcome: Outcome, what: &str| {
        let worst = move |agent: &mut Agent| {
            agent.start(0);
            agent.say(Reply::Finished { task: 0, outcome });
        };
        lost(&job, worst, &format!("0/0/0: {what} during `one`"));
    };
    let sound = || outcome(Status::Ok);
    let most = "the agent told too much of task 0: 200001 changes, notes and items, and 200000 are allowed";
    check(changed(vec![change(0); 200_001]), most);
    let item = ItemOutcome {
        label: String::new(),
        status: Status::Ok,
        details: Details::default(),
        ms: 0,
    };
    check(Outcome { items: vec![item; 200_001], ..sound() }, most);
    let size = 16 << 20;
    check(
        changed(vec![change(size)]),
        "the agent told too much of task 0: 16777280 bytes of changes, and 16777216 are allowed",
    );
    // As many as their number says would not fit into any memory.
    let worst = |agent: &mut Agent| {
        agent.start(0);
        let mut body =
            frame::encode(&Reply::Finished { task: 0, outcome: outcome(Status::Ok) }).unwrap();
        body.truncate(6);
        body.extend([1, 252, 255, 255, 255, 255]);
        let len = u32::try_from(body.len() - 4).unwrap();
        body.splice(..4, len.to_le_bytes());
        raw(agent, &body);
    };
    let what = "0/0/0: a frame could not be decoded: UnexpectedEnd { additional: 1 } during `one`";
    lost(&job, worst, what);
}

#[test]
fn contents_again_and_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("large");
    let content: &'static [u8] = vec![b'l'; 2 * CHUNK].leak();
    fs::write(&path, content).unwrap();
    let job = job(&[(&path, content)]);
    let ask = |wants: Vec<Want>, what: &str| {
        let (sender, heard) = channel();
        let worst = move |agent: &mut Agent| {
            agent.task(0, Status::Ok);
            agent.start(1);
            agent.say(Reply::Want(wants));
            sender.send(agent.rest()).unwrap();
        };
        lost(&job, worst, &format!("1/0/0: {what} during `two`"));
        assert_eq!(heard.recv().unwrap(), b"", "something was sent");
    };
    let want = |bytes: &[u8]| Want { digest: Digest::of(bytes), from: 0 };
    let not_own = "the agent asked for a content that no task of its needs";
    ask(vec![want(b"a secret of another's")], not_own);
    ask((0..400).map(|n: u32| want(&n.to_le_bytes())).collect(), not_own);
    ask(vec![want(content); 500], "the agent asked for a content more often than its task may");
}

#[test]
fn host_that_says_nothing_is_held_to_the_time_of_the_run() {
    let stop = Arc::new(Stop::default());
    let asking = Arc::clone(&stop);
    let script = move |agent: &mut Agent| {
        agent.plan();
        asking.halt("the run took longer than 1 s");
        // What is asked of it it hears, and does nothing.
        assert_eq!(agent.hear(), Some(Request::Cancel));
        asking.halt("the run took longer than 1 s");
    };
    let why = "the link was cut, since the run took longer than 1 s, before the first task";
    check(&job(&[]), &stop, script, &format!("stopped 0/0/0: {why}"));
}

/// In the place of a greeting.
#[test]
fn greetings_that_are_none() {
    let check = |worst: fn(&mut Agent), expected: &str| {
        let (before, begun) = (peak(), Instant::now());
        let mut link = agent(worst);
        let problem =
            greeting(&Stop::default(), Opening::default()).exchange(&mut link).unwrap_err();
        drop(link);
        assert!(problem.what.starts_with(expected), "{}", problem.what);
        assert!(problem.what.lines().count() <= 5 && problem.what.len() < 5000, "{problem:?}");
        assert!(peak() - before < MEMORY);
        // Against being held forever, not for speed.
        assert!(begun.elapsed() < Duration::from_secs(60));
    };
    let none = "no greeting of hep in the stream, which says: ";
    check(|agent| while agent.0.write_all(&[b'A'; 65536]).is_ok() {}, none);
    check(|agent| while agent.0.write_all(&b"banner banner\n".repeat(4000)).is_ok() {}, none);
    check(|agent| while agent.0.write_all(&[0; 65536]).is_ok() {}, none);
    check(
        |agent| {
            raw(agent, &b"\x1b]0;owned\x07\x1b[2J\x1b[31mhep-agent\n".repeat(5));
            hello::read(&mut agent.0).unwrap();
        },
        none,
    );
    check(
        |agent| {
            let mut greeting = Vec::new();
            hello::write(&mut greeting).unwrap();
            greeting.splice(8..44, [&[4, 0, 0, 0][..], &[b'0'; 32]].concat());
            raw(agent, &greeting);
            hello::read(&mut agent.0).unwrap();
        },
        "the other side is another build of hep: 00000000000000000000000000000000 (protocol 4)",
    );
    check(
        |agent| {
            hello::write(&mut agent.0).unwrap();
            raw(agent, &(64_u32 << 20).to_le_bytes());
            while agent.0.write_all(&[7; 65536]).is_ok() {}
        },
        "a frame of 67108864 bytes is longer than the 262144 that are allowed",
    );
}
