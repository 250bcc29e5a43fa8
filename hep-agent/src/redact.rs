//! The host's secrets in what leaves it: every reply goes through here. The host itself keeps true values.

use crate::outside::Outside;
use hep_protocol::blob::Want;
use hep_protocol::message::{Go, Reply, Stream as Where};
use hep_protocol::redact::{Redactor, Stream};
use hep_protocol::value::{Json, Secret};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// The outside with everything masked on its way there.
pub(crate) fn around(outside: &Arc<dyn Outside>, secrets: &[Secret]) -> Arc<dyn Outside> {
    let redactor = Redactor::new(secrets.iter().map(Secret::reveal));
    if redactor.is_empty() {
        return Arc::clone(outside);
    }
    Arc::new(Masked { outside: Arc::clone(outside), redactor, streams: Mutex::default() })
}

struct Masked {
    outside: Arc<dyn Outside>,
    redactor: Redactor,
    streams: Mutex<Streams>,
}

/// What the present task's processes write, each stream for itself.
#[derive(Default)]
struct Streams {
    task: u32,
    stdout: Stream,
    stderr: Stream,
}

impl Streams {
    fn of(&mut self, stream: Where) -> &mut Stream {
        match stream {
            Where::Stdout => &mut self.stdout,
            Where::Stderr => &mut self.stderr,
        }
    }
}

impl Outside for Masked {
    fn reply(&self, reply: Reply) {
        match reply {
            Reply::Output { task, stream, data } => {
                let data = {
                    let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
                    streams.task = task;
                    streams.of(stream).push(&self.redactor, &data)
                };
                self.output(task, stream, data);
            }
            Reply::Started { task, turn, name } => {
                self.give_out_held();
                let name = name.map(|name| self.redactor.mask(&name).into_owned());
                self.outside.reply(Reply::Started { task, turn, name });
            }
            Reply::Finished { task, mut outcome } => {
                self.give_out_held();
                self.redactor.mask_outcome(&mut outcome);
                self.outside.reply(Reply::Finished { task, outcome });
            }
            Reply::Progress { task, text } => {
                let text = self.redactor.mask(&text).into_owned();
                self.outside.reply(Reply::Progress { task, text });
            }
            Reply::Refused(mut failure) => {
                self.redactor.mask_failure(&mut failure);
                self.outside.reply(Reply::Refused(failure));
            }
            Reply::Facts(Json(mut facts)) => {
                self.redactor.mask_value(&mut facts);
                self.outside.reply(Reply::Facts(Json(facts)));
            }
            // These hold no text of the host's but its facts at the greeting, which is before any secret is known.
            Reply::Hello(_)
            | Reply::Became
            | Reply::Want(_)
            | Reply::Ask { .. }
            | Reply::Waits { .. }
            | Reply::Done(_) => {
                self.outside.reply(reply);
            }
        }
    }

    fn open(&self, want: Want) -> io::Result<Box<dyn io::Read>> {
        self.outside.open(want)
    }

    fn foresee(&self, wants: Vec<(Want, u64)>) {
        self.outside.foresee(wants);
    }

    fn cancelled(&self) -> bool {
        self.outside.cancelled()
    }

    fn ask(&self, task: u32) -> Go {
        self.outside.ask(task)
    }

    fn wait(&self, play: u32) -> bool {
        self.outside.wait(play)
    }
}

impl Masked {
    fn output(&self, task: u32, stream: Where, data: Vec<u8>) {
        if !data.is_empty() {
            self.outside.reply(Reply::Output { task, stream, data });
        }
    }

    /// Gives out what was held back: its task writes no more.
    fn give_out_held(&self) {
        let (task, rest) = {
            let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
            let rest = [Where::Stdout, Where::Stderr]
                .map(|stream| (stream, streams.of(stream).finish(&self.redactor)));
            (streams.task, rest)
        };
        for (stream, data) in rest {
            self.output(task, stream, data);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hep_protocol::outcome::{Change, Details, Failure, ItemOutcome, Outcome, Status, Told};

    #[derive(Default)]
    struct Ear(Mutex<Vec<Reply>>);

    impl Outside for Ear {
        fn reply(&self, reply: Reply) {
            self.0.lock().unwrap().push(reply);
        }

        fn open(&self, _: Want) -> io::Result<Box<dyn io::Read>> {
            Err(io::ErrorKind::NotFound.into())
        }

        fn cancelled(&self) -> bool {
            false
        }

        fn ask(&self, _: u32) -> Go {
            Go::Run
        }
    }

    #[test]
    fn nothing_that_leaves_shows_a_secret() {
        let ear = Arc::new(Ear::default());
        let outside: Arc<dyn Outside> = Arc::clone(&ear) as _;
        let masked = around(&outside, &[Secret::new("hunter22")]);
        let text = || "a hunter22 b".to_owned();
        let failure = Failure {
            message: text(),
            hint: Some(text()),
            exit: None,
            stdout: text(),
            stderr: text(),
        };
        let action = Told::Action(Json(serde_json::json!({"subject": [text()]})));
        let change = Change { line: text(), diff: Some(text()), action };
        let details =
            Details { changes: vec![change], notes: vec![text()], failure: Some(failure.clone()) };
        let item =
            ItemOutcome { label: text(), status: Status::Failed, details: details.clone(), ms: 0 };
        let outcome = Outcome { status: Status::Failed, details, items: vec![item], ms: 0 };
        masked.reply(Reply::Started { task: 1, turn: Default::default(), name: Some(text()) });
        masked.reply(Reply::Progress { task: 1, text: text() });
        for piece in ["one hun", "ter22 hun"] {
            let data = piece.as_bytes().to_vec();
            masked.reply(Reply::Output { task: 1, stream: Where::Stdout, data });
        }
        masked.reply(Reply::Finished { task: 1, outcome });
        masked.reply(Reply::Refused(failure));
        masked.reply(Reply::Facts(Json(serde_json::json!({"a": [text()]}))));
        let replies = ear.0.lock().unwrap();
        let shown = format!("{replies:?}");
        assert!(!shown.contains("hunter22") && shown.contains("a ******** b"), "{shown}");
        let written: Vec<u8> = replies
            .iter()
            .filter_map(|reply| {
                let Reply::Output { data, .. } = reply else { return None };
                Some(data.clone())
            })
            .flatten()
            .collect();
        assert_eq!(String::from_utf8(written).unwrap(), "one ******** hun");
    }
}
