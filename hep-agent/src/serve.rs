//! Requests in, replies out: one run for a controller on the other end of standard input and output.

mod allowance;
mod become_user;
mod replies;

use crate::engine;
use crate::escalate::Ticket;
use crate::inbox::{Ending, Inbox, Received, Work};
use crate::outside::Outside;
use crate::sys::SysError;
use crate::{facts, uploaded};
use allowance::Allowance;
use become_user::{Begun, Rights};
use hep_protocol::blob::Want;
use hep_protocol::message::{End, Go, LONGEST_REPLY, Reply, Request};
use hep_protocol::outcome::{Details, Failure, Outcome, Status};
use hep_protocol::value::Json;
use hep_protocol::{frame, frame::FrameError, hello};
use replies::Replies;
use std::fs::File;
use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

/// Through how much requests are read, in bytes: many small contents come in one go.
const INPUT: usize = 64 * 1024;

/// `hep-agent serve`.
pub(crate) fn main() -> ExitCode {
    uploaded::remove_own_file();
    crate::sys::linux::leave_caller();
    match crate::sys::linux::take_standard_streams() {
        Ok((input, output)) => serve(input, output),
        Err(error) => crate::say::refuse(&format!(
            "hep-agent: cannot take over the standard streams: {error}"
        )),
    }
}

/// `hep-agent act`: goes on with a run that another agent began as the login's user.
pub(crate) fn go_on(socket: &str, uid: &str) -> ExitCode {
    let taken = Ticket::parse(socket, uid)
        .ok_or_else(|| SysError::new("this is for hep's own use"))
        .and_then(|ticket| become_user::take_over(&ticket));
    match taken {
        Ok((input, output, rights)) => {
            let controller = Arc::new(Controller::new(Box::new(output)));
            controller.reply(Reply::Became);
            run(input, None, &controller, &rights)
        }
        Err(error) => crate::say::refuse(&format!("hep-agent: {}", crate::sys::words(error))),
    }
}

/// Serves one run. The exit code is a courtesy; what counts is the `Done` frame.
fn serve(mut input: File, output: File) -> ExitCode {
    let streams = output.try_clone();
    let controller = Arc::new(Controller::new(Box::new(output)));
    controller.greet();
    if let Err(error) = hello::read(&mut input) {
        return crate::say::refuse(&format!("hep-agent: {error}"));
    }
    // Nothing after this request is read here: who goes on with the run finds the rest in the stream.
    let means = match frame::read_packed(&mut input) {
        Ok(Some(Request::Become(means))) => means,
        first => return run(input, Some(first), &controller, &Rights::of_login(None)),
    };
    match streams.map_err(|e| SysError::io("cannot pass on the streams", e)) {
        Err(error) => become_user::refused(&controller, error),
        Ok(output) => match become_user::begin(means, &input, &output) {
            Ok(Begun::Here(rights)) => {
                controller.reply(Reply::Became);
                run(input, None, &controller, &rights)
            }
            Ok(Begun::There(started)) => {
                drop((input, output, controller));
                become_user::outlast(started)
            }
            Err(error) => become_user::refused(&controller, error),
        },
    }
}

/// Does what the controller wants, on its streams, as this process's user.
fn run(
    input: File,
    first: Option<Received>,
    controller: &Arc<Controller>,
    rights: &Rights,
) -> ExitCode {
    let reader = Arc::clone(&controller.inbox);
    // Never joined: it may wait for a controller that has nothing more to say.
    std::thread::spawn(move || reader.fill(first, &mut io::BufReader::with_capacity(INPUT, input)));
    // Begins only here: who gives the streams away must hold none of them.
    let sender = Arc::clone(controller);
    std::thread::spawn(move || sender.keep_sending());
    let outside: Arc<dyn Outside> = Arc::<Controller>::clone(controller);
    match controller.inbox.work() {
        Ok(Work::Plan(plan, host)) => {
            let end = engine::run_for(&plan, *host, &outside, rights.others());
            outside.reply(Reply::Done(end));
            ExitCode::SUCCESS
        }
        Ok(Work::Facts) => match facts::Gathered::new().all() {
            Ok(all) => {
                outside.reply(Reply::Facts(Json(all)));
                outside.reply(Reply::Done(End::Completed));
                ExitCode::SUCCESS
            }
            Err(error) => crate::say::refuse(&format!("hep-agent: {}", crate::sys::words(error))),
        },
        Err(Ending::Meant) => crate::say::refuse("hep-agent: the stream ended without a plan"),
        Err(Ending::Lost(how)) => crate::say::refuse(&format!("hep-agent: {how}")),
    }
}

/// The controller, as the engine sees it.
struct Controller {
    inbox: Arc<Inbox>,
    replies: Replies,
    /// Held until what it lets pass is sent: the controller counts in the order in which it comes.
    allowance: Mutex<Allowance>,
}

impl Controller {
    fn new(output: Box<dyn Write + Send>) -> Self {
        let (inbox, allowance) = (Arc::new(Inbox::default()), Mutex::default());
        Self { inbox, replies: Replies::new(output), allowance }
    }

    fn greet(&self) {
        let mut bytes = Vec::new();
        // Writing to a vector cannot fail.
        hello::write(&mut bytes).ok();
        self.send(&bytes);
        self.reply(Reply::Hello(facts::gather()));
    }

    /// A controller that does not take its bytes is gone: the run stops after the current step.
    fn send(&self, bytes: &[u8]) {
        self.heed(self.replies.send(bytes));
    }

    fn heed(&self, sent: io::Result<()>) {
        if sent.is_err() {
            self.inbox.cancel();
        }
    }

    fn tell(&self, reply: &Reply) {
        let encoded = frame::encode(reply).and_then(|bytes| match bytes.len() {
            0..=LONGEST_REPLY => Ok(bytes),
            len => Err(FrameError::TooLong { len: len as u64, most: LONGEST_REPLY }),
        });
        match encoded {
            Ok(bytes) if may_wait(reply) => self.heed(self.replies.gather(&bytes)),
            Ok(bytes) => self.send(&bytes),
            Err(error) => {
                // What the engine and the controller hold of this run is not the same any more.
                self.inbox.cancel();
                let instead = unsent(reply, &error).and_then(|reply| frame::encode(&reply).ok());
                instead.iter().for_each(|bytes| self.send(bytes));
            }
        }
    }

    /// Sends in the background what waits for more. Ends when nobody takes it any more.
    fn keep_sending(&self) {
        let ended = self.replies.keep_sending();
        self.heed(ended);
    }
}

/// Whether a reply may wait for the next: those of tasks that change nothing, of which there may be thousands a second.
fn may_wait(reply: &Reply) -> bool {
    match reply {
        Reply::Started { .. } => true,
        Reply::Finished { outcome, .. } => outcome.status == Status::Ok,
        Reply::Hello(_)
        | Reply::Became
        | Reply::Refused(_)
        | Reply::Want(_)
        | Reply::Facts(_)
        | Reply::Ask { .. }
        | Reply::Waits { .. }
        | Reply::Output { .. }
        | Reply::Progress { .. }
        | Reply::Done(_) => false,
    }
}

/// What is said in the place of an outcome that cannot be sent.
fn unsent(reply: &Reply, error: &FrameError) -> Option<Reply> {
    let Reply::Finished { task, outcome } = reply else { return None };
    let message = format!("the outcome of the task cannot be reported: {error}");
    let failure = Some(Failure { message, ..Failure::default() });
    let details = Details { failure, ..Details::default() };
    let outcome = Outcome { ms: outcome.ms, ..Outcome::new(Status::Failed, details) };
    Some(Reply::Finished { task: *task, outcome })
}

impl Outside for Controller {
    fn reply(&self, mut reply: Reply) {
        let mut allowance = self.allowance.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut reply {
            Reply::Output { data, .. } => {
                allowance.cut(data);
                if data.is_empty() {
                    return;
                }
            }
            Reply::Started { .. } => allowance.begin(),
            Reply::Finished { outcome, .. } => allowance.tell(outcome),
            Reply::Hello(_)
            | Reply::Became
            | Reply::Refused(_)
            | Reply::Want(_)
            | Reply::Facts(_)
            | Reply::Ask { .. }
            | Reply::Waits { .. }
            | Reply::Progress { .. }
            | Reply::Done(_) => {}
        }
        self.tell(&reply);
    }

    fn open(&self, want: Want) -> io::Result<Box<dyn Read>> {
        self.inbox.open(want, |wants| self.reply(Reply::Want(wants)))
    }

    fn foresee(&self, wants: Vec<(Want, u64)>) {
        // Steps come next, or were just done: whatever becomes of this process then, the controller knows of them.
        self.send(&[]);
        self.inbox.foresee(wants, |wants| self.reply(Reply::Want(wants)));
    }

    fn cancelled(&self) -> bool {
        self.inbox.cancelled()
    }

    fn ask(&self, task: u32) -> Go {
        self.reply(Reply::Ask { task });
        self.inbox.answer()
    }

    fn wait(&self, play: u32) -> bool {
        self.reply(Reply::Waits { play });
        self.inbox.go_ahead()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hep_protocol::frame::MAX_FRAME;

    #[test]
    fn outcome_that_fits_into_no_frame_is_a_failure_and_stops_the_run() {
        let (mut reader, writer) = io::pipe().unwrap();
        let controller = Controller::new(Box::new(writer));
        let details = Details { notes: vec!["x".repeat(MAX_FRAME)], ..Details::default() };
        let outcome = Outcome::new(Status::Changed, details);
        controller.reply(Reply::Finished { task: 3, outcome });
        let Some(Reply::Finished { task: 3, outcome }) = frame::read(&mut reader).unwrap() else {
            panic!("no outcome came")
        };
        let message = outcome.details.failure.unwrap().message;
        assert!(message.starts_with("the outcome of the task cannot be reported: "), "{message}");
        assert_eq!((outcome.status, controller.cancelled()), (Status::Failed, true));
    }
}
