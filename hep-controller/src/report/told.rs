//! What `-vv`, `--log` and `--profile` add to a view of a run.

use super::clock::Clock;
use super::journal::{self, Depth, stamped};
use super::profile::Profile;
use super::{Event, Run, RunEnd, Texts, View};
use crate::host::HostId;
use crate::text::Colour;
use std::io::Write;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// How the profile is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Human(Colour),
    Json,
}

/// A view and what is told beside it.
pub(crate) struct Told {
    pub(crate) view: Box<dyn View>,
    pub(crate) run: Run,
    pub(crate) clock: Arc<Clock>,
    pub(crate) depth: Depth,
    /// The log, until it cannot be written any more.
    pub(crate) log: Option<Box<dyn Write>>,
    pub(crate) profile: Option<Profile>,
    pub(crate) form: Form,
}

impl Told {
    /// Writes to the log; the first failure is told and ends it.
    fn log<'a>(&mut self, lines: impl Iterator<Item = &'a str>) -> String {
        let Some(log) = &mut self.log else { return String::new() };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let text = stamped(lines, u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
        let text = crate::secrets::masked(&text);
        match log.write_all(text.as_bytes()).and_then(|()| log.flush()) {
            Ok(()) => String::new(),
            Err(error) => {
                self.log = None;
                format!("warning: the log ends here, the run goes on: {error}\n")
            }
        }
    }
}

impl View for Told {
    fn begin(&mut self) -> Texts {
        let line = journal::begin(&self.run);
        let warning = self.log([line.as_str()].into_iter());
        let Texts { out, err } = self.view.begin();
        Texts { out, err: warning + &err }
    }

    fn event(&mut self, event: Event, now: u64) -> Texts {
        let mut told = String::new();
        if self.log.is_some() || self.depth > Depth::Known {
            let lines = journal::lines(&self.run, &self.clock, &event);
            told = self.log(lines.iter().map(|(_, line)| line.as_str()));
            let shown = lines.iter().filter(|(depth, _)| {
                *depth > Depth::Known && *depth <= self.depth && self.form != Form::Json
            });
            shown.for_each(|(_, line)| told.push_str(&format!("{line}\n")));
        }
        if let (Some(profile), Event::Finished { host, task, outcome, .. }) =
            (&mut self.profile, &event)
        {
            profile.add(*host, *task, outcome.ms);
        }
        let Texts { out, err } = self.view.event(event, now);
        Texts { out, err: told + &err }
    }

    fn quiet(&mut self, now: u64) -> Texts {
        self.view.quiet(now)
    }

    fn end(&mut self, end: &RunEnd, exit: u8) -> Texts {
        let line = journal::end(end, exit);
        let warning = self.log([line.as_str()].into_iter());
        let Texts { out, err } = self.view.end(end, exit);
        let out = match (&self.profile, self.form) {
            (None, _) => out,
            (Some(profile), Form::Human(colour)) => {
                out + &profile.human(&self.run, &self.clock, colour)
            }
            // The run's own object is the last.
            (Some(profile), Form::Json) => profile.json(&self.run, &self.clock) + &out,
        };
        Texts { out, err: warning + &err }
    }

    fn question(&self, host: HostId, task: u32) -> String {
        self.view.question(host, task)
    }

    fn status(&self, now: u64) -> Option<String> {
        self.view.status(now)
    }
}

#[cfg(test)]
mod tests;
