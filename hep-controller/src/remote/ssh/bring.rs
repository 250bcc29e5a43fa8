//! Brings the agent over a session that is logged in: a shell that waits is started at once, the agent comes by SFTP or
//! through the shell's input, and what is to be said to it is sent without waiting for its greeting.

use super::link::SshLink;
use super::send::{self, Sent, Unsent};
use super::stream::{Noise, Stream};
use super::wire::{Broken, Wire};
use super::{Failed, Launch};
use crate::agent_binary::Agent;
use crate::remote::launcher::{self, Delivery, Form, Launcher, Ready};
use crate::remote::upload::{self, CANDIDATES, NOT_UNPACKED, UploadMode};
use crate::remote::{Exit, Link, Problem, Stage, Unreachable};
use hep_protocol::hello::MAX_NOISE;
use ssh2::Sftp;
use std::time::Instant;

/// Reads the agent's greeting.
pub(super) type Hello<'a, T> = dyn FnMut(&mut dyn Link) -> Result<T, Problem> + 'a;

/// What is to be brought, and how.
pub(super) struct Parcel<'a> {
    pub(super) sftp: &'a Sftp,
    pub(super) agent: &'a Agent,
    pub(super) form: Form,
    /// How many bytes may be sent and not acknowledged.
    pub(super) under_way: usize,
}

/// A shell of ours on the host.
struct Shell {
    launcher: Launcher,
    stream: Stream,
    ready: Ready,
}

/// What became of the agent in a file.
enum Tried<T> {
    Runs(Box<SshLink>, T),
    /// It may run where the shell itself finds a place for it, in this form; the session is good for that.
    NotHere(Box<Wire>, Form),
}

/// From a session that is logged in to an agent that has greeted.
pub(super) fn bring<T>(
    launch: Launch<'_>,
    mut wire: Wire,
    hello: &mut Hello<'_, T>,
) -> Result<(Box<dyn Link>, T), Unreachable> {
    let mode = launch.options.upload;
    let failed = launch.failed(Stage::Upload);
    let timeouts = launch.options.timeouts;
    let mut begun = Instant::now();
    let (shell, sftp) = match mode {
        UploadMode::Sftp => begin_with_sftp(launch, &mut wire).map_err(&failed)?,
        UploadMode::Exec | UploadMode::Cache => (begin(launch, &mut wire).map_err(&failed)?, None),
    };
    let Shell { launcher, mut stream, ready } = shell;
    let Ready::Waits { machine, mut form } = ready else {
        return start(launch, wire, stream, 0, hello).map(|(link, greeting)| (link as _, greeting));
    };
    let agent = (launch.options.agents)(&machine).map_err(launch.fails(Stage::Upload))?;
    if let Some(sftp) = sftp {
        let under_way = under_way(stream.room());
        let parcel = Parcel { sftp: &sftp, agent: &agent, form, under_way };
        let all = timeouts.upload_of(form.of(&agent).len()).saturating_sub(begun.elapsed());
        wire.limit_moving(timeouts.upload, all);
        match by_sftp(launch, wire, stream, &parcel, &launcher, hello)? {
            Tried::Runs(mut link, greeting) => {
                link.run_on(Some(sftp));
                return Ok((link, greeting));
            }
            Tried::NotHere(back, other) => (wire, form) = (*back, other),
        }
        (launch.options.entered)(Stage::Upload);
        begun = Instant::now();
        stream = begin(launch, &mut wire).map_err(&failed)?.stream;
    }
    let size = form.of(&agent).len();
    wire.limit_moving(timeouts.upload, timeouts.upload_of(size).saturating_sub(begun.elapsed()));
    deliver(&mut wire, &mut stream, &Delivery::of(&agent, form)).map_err(&failed)?;
    (launch.options.entered)(Stage::Start);
    start(launch, wire, stream, size, hello).map(|(link, greeting)| (link as _, greeting))
}

/// A shell in a channel of its own, whose answer is not waited for.
fn shell(launch: Launch<'_>, wire: &mut Wire) -> Result<(Launcher, ssh2::Channel), Failed> {
    let known = match launch.options.upload {
        UploadMode::Cache => launch.options.known,
        UploadMode::Sftp | UploadMode::Exec => &[],
    };
    let launcher = Launcher::new(known)
        .map_err(|error| Failed::new(Problem::new(format!("no random name: {error}"))))?;
    let channel = wire
        .run(|session| session.channel_session())
        .map_err(|source| Failed::because("the host opens no session", source))?;
    Ok((launcher, channel))
}

fn begin(launch: Launch<'_>, wire: &mut Wire) -> Result<Shell, Failed> {
    let (launcher, mut channel) = shell(launch, wire)?;
    wire.run(|_| channel.exec(launcher.command()))
        .map_err(|source| Failed::because("the host runs no command", source))?;
    first_word(wire, Stream::new(channel), launcher)
}

/// The shell, and SFTP where the host has it, in as few round trips as one after the other would take for SFTP and one.
fn begin_with_sftp(launch: Launch<'_>, wire: &mut Wire) -> Result<(Shell, Option<Sftp>), Failed> {
    let (launcher, mut channel) = shell(launch, wire)?;
    let (asked, sftp) = wire
        .both(|_| channel.exec(launcher.command()), |session| session.sftp())
        .map_err(|source| Failed::because("the host went away", source))?;
    asked.map_err(|source| Failed::because("the host runs no command", source))?;
    // What libssh2 says of a server that ends at once is what it says of a lost connection: the shell's answer tells.
    let sftp = sftp.ok();
    Ok((first_word(wire, Stream::new(channel), launcher)?, sftp))
}

fn first_word(wire: &mut Wire, mut stream: Stream, launcher: Launcher) -> Result<Shell, Failed> {
    let said = stream
        .line_after(wire, &launcher.mark(), MAX_NOISE)
        .map_err(|source| Failed::because("the answer to `uname -sm` was not read", source))?;
    let no_host = |said: &str| Failed::new(launcher::no_host(said));
    match said {
        Ok(line) => match Launcher::ready(&line) {
            Some(ready) => Ok(Shell { launcher, stream, ready }),
            None => Err(no_host(line.split_once(' ').map_or("", |(_, system)| system))),
        },
        Err(Noise(noise)) => Err(no_host(&noise)),
    }
}

/// Three quarters of what the host has room for, since it says only now and then that there is room again: OpenSSH, which
/// has room for 2 MiB, whenever a twentieth of that was taken.
fn under_way(room: u32) -> usize {
    usize::try_from(room / 4 * 3).unwrap_or(usize::MAX).max(4096)
}

/// Upload by SFTP into the first directory that takes it, and start there. Takes the wire, so that an error ends the
/// connection first of all.
fn by_sftp<T>(
    launch: Launch<'_>,
    mut wire: Wire,
    mut stream: Stream,
    parcel: &Parcel<'_>,
    launcher: &Launcher,
    hello: &mut Hello<'_, T>,
) -> Result<Tried<T>, Unreachable> {
    let fails = launch.fails(Stage::Upload);
    let mut refusals = Vec::new();
    for candidate in CANDIDATES {
        match send::send(&mut wire, parcel, launcher.place(candidate)) {
            Ok(sent) => {
                (launch.options.entered)(Stage::Start);
                let run = launcher::run(&sent.place, parcel.form);
                write(&mut wire, &mut stream, run.as_bytes())
                    .map_err(launch.failed(Stage::Start))?;
                return started(launch, wire, stream, parcel, sent, hello);
            }
            Err(Unsent::Directory(why)) => {
                refusals.push(format!("{}: {why}", upload::shown(candidate)));
            }
            Err(Unsent::Failed(failed)) => return Err(launch.failed(Stage::Upload)(failed)),
        }
    }
    Err(fails(launcher::no_directory(&refusals.join("; "))))
}

/// The hello of an agent in a file.
fn started<T>(
    launch: Launch<'_>,
    mut wire: Wire,
    stream: Stream,
    parcel: &Parcel<'_>,
    mut sent: Sent,
    hello: &mut Hello<'_, T>,
) -> Result<Tried<T>, Unreachable> {
    let timeouts = launch.options.timeouts;
    wire.limit_patiently(timeouts.start_of(launch.options.ahead));
    let mut link = Box::new(SshLink::new(wire, stream, timeouts.finish));
    (launch.options.entered)(Stage::Hello);
    let problem = match hello(&mut *link) {
        Ok(greeting) => {
            link.keep(sent);
            return Ok(Tried::Runs(link, greeting));
        }
        Err(problem) => problem,
    };
    // Half of the time that a host has once it is given up is for what was brought there.
    let (ending, was_silent, mut wire) = link.give_up(timeouts.finish / 2);
    wire.limit_patiently(timeouts.finish / 2);
    sent.remove(&mut wire, parcel.sftp);
    // If SFTP shows another tree than the shell sees, the file is where the shell does not find it.
    let unseen = ending.exit == Exit::Code(127) && ending.stderr.contains("hep-agent");
    if launch.cancel.is_cancelled() {
        Err(launch.fails(Stage::Hello)(Problem::new("cancelled")))
    } else if was_silent && (unseen || upload::is_refused_by_directory(&ending)) {
        wire.limit(timeouts.upload);
        let is_packed = !ending.stderr.contains(NOT_UNPACKED);
        Ok(Tried::NotHere(Box::new(wire), if is_packed { parcel.form } else { Form::Plain }))
    } else {
        let stage = if was_silent { Stage::Start } else { Stage::Hello };
        Err(launch.fails(stage)(launcher::with_ending(problem, &ending)))
    }
}

/// The hello of an agent that the shell starts from what it was sent, or has kept. Of what it was sent much may be under way.
fn start<T>(
    launch: Launch<'_>,
    mut wire: Wire,
    stream: Stream,
    sent: usize,
    hello: &mut Hello<'_, T>,
) -> Result<(Box<SshLink>, T), Unreachable> {
    let timeouts = launch.options.timeouts;
    wire.limit_patiently(timeouts.start_of(sent + launch.options.ahead));
    let mut link = Box::new(SshLink::new(wire, stream, timeouts.finish));
    (launch.options.entered)(Stage::Hello);
    let problem = match hello(&mut *link) {
        Ok(greeting) => {
            link.run_on(None);
            return Ok((link, greeting));
        }
        Err(problem) => problem,
    };
    let (ending, was_silent, wire) = link.give_up(timeouts.finish);
    drop(wire);
    if launch.cancel.is_cancelled() {
        return Err(launch.fails(Stage::Hello)(Problem::new("cancelled")));
    }
    let (stage, problem) = launcher::not_started(problem, &ending, was_silent);
    Err(launch.fails(stage)(problem))
}

/// Writes the agent to a shell that waits for it. One that has ended says why to who reads on.
fn deliver(wire: &mut Wire, stream: &mut Stream, delivery: &Delivery<'_>) -> Result<(), Failed> {
    for part in delivery.parts() {
        write(wire, stream, part)?;
    }
    Ok(())
}

fn write(wire: &mut Wire, stream: &mut Stream, bytes: &[u8]) -> Result<(), Failed> {
    let mut rest = bytes;
    while !rest.is_empty() {
        match stream.write(wire, rest) {
            Ok(written) => rest = rest.get(written..).unwrap_or_default(),
            Err(Broken::Ended) => return Ok(()),
            Err(error) if error.is_fatal() => {
                return Err(Failed::because("the host went away during the upload", error));
            }
            // A closed channel: the shell has ended.
            Err(_) => return Ok(()),
        }
    }
    Ok(())
}
