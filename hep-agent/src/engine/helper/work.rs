//! The helper's own side: tries of single tasks as this process's user, for the agent that started it.

use super::{Answer, Errand, Word};
use crate::converge::{Tried, converge};
use crate::engine::machine::Machine;
use crate::engine::verdict;
use crate::escalate::{Ticket, arrive};
use crate::inbox::Inbox;
use crate::module::Input;
use crate::outside::Outside;
use crate::render::Names;
use crate::sys::SysError;
use hep_protocol::blob::Want;
use hep_protocol::frame;
use hep_protocol::message::{Go, Reply, Request};
use hep_protocol::outcome::Details;
use hep_protocol::plan::{DiffMode, HostPart, Plan, RunMode, Spec};
use std::io::{self, BufReader, Read};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// How often a helper whose try goes on says that it is there.
const BEAT: Duration = Duration::from_secs(1);

/// `hep-agent assist`.
pub(crate) fn main(socket: &str, uid: &str) -> ExitCode {
    let met = Ticket::parse(socket, uid)
        .ok_or_else(|| SysError::new("this is for hep's own use"))
        .and_then(|ticket| arrive(&ticket));
    let served = met.and_then(|stream| {
        serve(stream).map_err(|e| SysError::io("cannot serve the agent that started this one", e))
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => crate::say::refuse(&format!("hep-agent: {}", crate::sys::words(error))),
    }
}

/// Makes one try after the other until the other side is gone.
pub(super) fn serve(stream: UnixStream) -> io::Result<()> {
    let reader = stream.try_clone()?;
    let busy = AtomicBool::new(false);
    let station = Arc::new(Station { inbox: Arc::default(), stream: Mutex::new(stream), busy });
    let (sender, errands) = channel();
    let inbox = Arc::clone(&station.inbox);
    // Never joined: it ends with the stream.
    std::thread::spawn(move || hear(&mut BufReader::new(reader), &inbox, &sender));
    let beating = Arc::downgrade(&station);
    std::thread::spawn(move || beat(&beating));
    work(&station, &errands);
    Ok(())
}

/// Says that this process is there while it makes a try, until nobody works any more.
fn beat(station: &Weak<Station>) {
    loop {
        std::thread::sleep(BEAT);
        let Some(station) = station.upgrade() else { return };
        if station.busy.load(Ordering::SeqCst) {
            station.say(&Answer::Alive).ok();
        }
    }
}

/// Sorts what comes until the stream ends.
fn hear(reader: &mut dyn Read, inbox: &Inbox, errands: &Sender<Box<Errand>>) {
    while let Ok(Some(word)) = frame::read(reader) {
        match word {
            Word::Errand(errand) => drop(errands.send(errand)),
            Word::Request(request) if matches!(*request, Request::Cancel) => inbox.cancel(),
            Word::Request(request) => inbox.stream(*request),
        }
    }
    inbox.lose("the agent that started this one is gone");
}

fn work(station: &Arc<Station>, errands: &Receiver<Box<Errand>>) {
    let plan = Plan::of_tasks(RunMode::Apply, DiffMode::Off, Vec::new());
    let names = Names::of_host(&plan, HostPart::default());
    let outside: Arc<dyn Outside> = Arc::<Station>::clone(station);
    let mut machine: Option<Machine> = None;
    while let Ok(errand) = errands.recv() {
        station.busy.store(true, Ordering::SeqCst);
        let Errand { task, start, diff, mode, check } = *errand;
        let machine = machine.get_or_insert_with(|| Machine::new(mode, &outside));
        let input =
            Input { task: &task, diff, names: &names, kept: start.kept, result: start.result };
        let done = match &task.spec {
            Spec::Typed(spec) => machine.with(check, |host, _| {
                host.begin_task(start);
                converge(spec, &input, host)
            }),
            Spec::Open { .. } => None,
        };
        let tried = done.unwrap_or_else(|| failed("the task came unrendered"));
        station.busy.store(false, Ordering::SeqCst);
        station.done(tried);
    }
}

fn failed(message: &str) -> Tried {
    let failure = Some(verdict::failure(message));
    Tried { details: Details { failure, ..Details::default() }, ..Tried::default() }
}

/// The agent that started this one, as the machine sees it.
struct Station {
    inbox: Arc<Inbox>,
    stream: Mutex<UnixStream>,
    /// Whether a try goes on.
    busy: AtomicBool,
}

impl Station {
    /// A receiver that does not take it is gone; this run then stops after the current step.
    fn say(&self, answer: &Answer) -> Result<(), frame::FrameError> {
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        frame::write(&mut *stream, answer).inspect_err(|error| match error {
            frame::FrameError::Io(_) => self.inbox.cancel(),
            frame::FrameError::TooLong { .. } | frame::FrameError::Malformed(_) => {}
        })
    }

    fn done(&self, tried: Tried) {
        let said = self.say(&Answer::Done(Box::new(tried)));
        if let Err(frame::FrameError::TooLong { .. } | frame::FrameError::Malformed(_)) = said {
            let tried = failed("the outcome of the task is too long to be reported");
            self.say(&Answer::Done(Box::new(tried))).ok();
        }
    }
}

impl Outside for Station {
    fn reply(&self, reply: Reply) {
        self.say(&Answer::Reply(reply)).ok();
    }

    fn open(&self, want: Want) -> io::Result<Box<dyn Read>> {
        self.inbox.open(want, |wants| self.reply(Reply::Want(wants)))
    }

    fn foresee(&self, wants: Vec<(Want, u64)>) {
        self.inbox.foresee(wants, |wants| self.reply(Reply::Want(wants)));
    }

    fn cancelled(&self) -> bool {
        self.inbox.cancelled()
    }

    /// Helpers are asked for tries that have been agreed to.
    fn ask(&self, _task: u32) -> Go {
        Go::Run
    }
}
