//! What the hosts of a run are sent: each its own plays, encoded once, and what goes out before a host says anything.

use super::content;
use super::expected::{self, Expected, Standing};
use crate::host::HostId;
use crate::local_files::contents::Contents;
use crate::remote::Link;
use hep_protocol::blob::{Digest, Want};
use hep_protocol::dialect::Dialect;
use hep_protocol::frame::{self, FrameError};
use hep_protocol::message::Request;
use hep_protocol::plan::{HostPart, Pace, Plan, Play, Settings};
use std::collections::hash_map::{Entry, HashMap};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

/// A content no larger than this is sent before it is asked for: asking costs a round trip.
const SMALL: u64 = 64 * 1024;

/// What all contents that nobody asked for may take together, in bytes. On a converged host they come for nothing: half a
/// second on a line of 1 Mbit/s, packed, where asking would cost one round trip.
pub(super) const AHEAD: u64 = 128 * 1024;

/// Pieces that are sent go out together up to so many bytes; one that is longer is not copied for it.
const TOGETHER: usize = 64 * 1024;

/// What the hosts of a run are sent: encoded once, and shared by all to whom it belongs. No host is sent anything of a play
/// that it does not run.
pub(crate) struct Job {
    /// Small contents, as frames.
    pub(super) small: BTreeMap<Digest, Vec<u8>>,
    /// The plays, each as a frame.
    pub(super) plays: Vec<Vec<u8>>,
    pub(super) shares: Vec<Share>,
    hosts: Vec<Own>,
    pub(super) tasks: Vec<Expected>,
    /// What the tasks of each play are to those who run it.
    standing: Vec<Vec<(u32, Standing)>>,
    /// The names of the plays that the run cannot do without, by the plays' numbers.
    vital: Vec<Option<String>>,
    pub(super) pace: Pace,
    pub(super) contents: Arc<Contents>,
}

/// What is a host's own.
struct Own {
    /// Its part, as a frame.
    part: Vec<u8>,
    /// Its place in [`Job::shares`].
    share: usize,
    /// The plays before which it waits for others.
    waits: Vec<u32>,
}

/// What hosts have in common that run the same plays, and read the same of what all plays can read.
pub(super) struct Share {
    /// Those of the plays.
    plays: Vec<u32>,
    /// The contents that go ahead, in [`Job::small`].
    ahead: Vec<Digest>,
    /// As a frame.
    settings: Vec<u8>,
}

impl Job {
    /// Encodes a plan, and for each host its part with the settings as it is told them. Hosts are in the run's order.
    ///
    /// # Errors
    /// A play, the settings or a host's part does not fit into a frame.
    pub(crate) fn new(
        plan: Plan,
        hosts: impl IntoIterator<Item = (HostPart, Arc<Settings>)>,
        contents: Arc<Contents>,
    ) -> Result<Job, FrameError> {
        let Plan { settings: Settings { pace, .. }, plays } = plan;
        let mut job = Job {
            small: BTreeMap::new(),
            tasks: plays.iter().flat_map(|play| &play.tasks).map(Expected::of).collect(),
            standing: plays.iter().map(expected::standing).collect(),
            plays: Vec::with_capacity(plays.len()),
            shares: Vec::new(),
            hosts: Vec::new(),
            vital: plays.iter().map(vital).collect(),
            pace,
            contents,
        };
        for play in plays {
            job.plays.push(frame::encode_packed(&Request::Play(play))?);
        }
        let mut shares = HashMap::new();
        for (part, settings) in hosts {
            // Settings that are equal are one.
            let alike = (part.plays.clone(), Arc::as_ptr(&settings));
            let share = match shares.entry(alike) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(new) => *new.insert(job.add_share(&part, &settings)?),
            };
            let waits = part.waits.clone();
            let part = frame::encode_packed(&Request::Host(part))?;
            job.hosts.push(Own { part, share, waits });
        }
        Ok(job)
    }

    /// Encodes what a host shares with those like it.
    fn add_share(&mut self, part: &HostPart, settings: &Settings) -> Result<usize, FrameError> {
        let plays = part.plays.clone();
        let tasks = plays.iter().filter_map(|play| self.standing.get(*play as usize)).flatten();
        let tasks = tasks.filter_map(|(task, _)| self.tasks.get(*task as usize));
        let own: BTreeSet<Digest> = tasks.flat_map(|task| &task.contents).copied().collect();
        let mut ahead = Vec::new();
        for (digest, _) in self.contents.ahead(&own, SMALL, AHEAD) {
            if !self.small.contains_key(digest) {
                // One that cannot be had the agent will ask for, and then gets the reason.
                let Some(frames) = whole(digest, &self.contents)? else { continue };
                self.small.insert(*digest, frames);
            }
            ahead.push(*digest);
        }
        let settings = frame::encode_packed(&Request::Begin(settings.clone()))?;
        self.shares.push(Share { plays, ahead, settings });
        Ok(self.shares.len() - 1)
    }

    /// All that a host is sent before it says anything.
    pub(crate) fn opening(&self, host: HostId) -> Option<Opening<'_>> {
        let Own { part, share, waits: _ } = self.hosts.get(host.0)?;
        let Share { plays, ahead, settings } = self.shares.get(*share)?;
        let mut pieces: Vec<&[u8]> = Vec::with_capacity(ahead.len() + plays.len() + 2);
        pieces.extend(ahead.iter().filter_map(|digest| self.small.get(digest)).map(Vec::as_slice));
        pieces.push(part);
        pieces.extend(
            plays.iter().filter_map(|play| self.plays.get(*play as usize)).map(Vec::as_slice),
        );
        pieces.push(settings);
        Some(Opening(pieces))
    }

    /// The plays that a host runs, ascending.
    pub(crate) fn plays_of(&self, host: HostId) -> &[u32] {
        let share = self.hosts.get(host.0).and_then(|own| self.shares.get(own.share));
        share.map_or(&[], |share| share.plays.as_slice())
    }

    /// Those before which it waits for other hosts.
    pub(crate) fn waits_of(&self, host: HostId) -> &[u32] {
        self.hosts.get(host.0).map_or(&[], |own| own.waits.as_slice())
    }

    /// What ends the run when all hosts of a play have failed: its name, in Ansible's dialect.
    pub(crate) fn vital(&self, play: u32) -> Option<&str> {
        self.vital.get(play as usize)?.as_deref()
    }

    /// What each task of the plan is to a host.
    pub(super) fn standing(&self, host: HostId) -> Vec<Standing> {
        expected::standing_in(self.tasks.len(), &self.standing, self.plays_of(host))
    }
}

/// In Ansible's dialect no play follows one that all its hosts have failed.
fn vital(play: &Play) -> Option<String> {
    let name = || play.name.clone().unwrap_or_else(|| (play.number + 1).to_string());
    match play.dialect {
        Dialect::Ansible => Some(name()),
        Dialect::Hep => None,
    }
}

/// What a host is sent before it says anything, in pieces that hosts share.
#[derive(Clone, Default)]
pub(crate) struct Opening<'a>(pub(super) Vec<&'a [u8]>);

impl Opening<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// In bytes.
    pub(crate) fn len(&self) -> usize {
        self.0.iter().map(|piece| piece.len()).sum()
    }

    /// Writes it after the greeting. What is short goes out together: that is fewer packets than one for each piece.
    pub(super) fn send(&self, hello: &[u8], link: &mut dyn Link) -> io::Result<()> {
        let mut together = hello.to_vec();
        for piece in &self.0 {
            if together.len() + piece.len() > TOGETHER {
                link.write_all(&together)?;
                together.clear();
            }
            if piece.len() > TOGETHER {
                link.write_all(piece)?;
            } else {
                together.extend_from_slice(piece);
            }
        }
        link.write_all(&together)?;
        link.flush()
    }
}

/// A content as frames, if all of it can be had.
fn whole(digest: &Digest, contents: &Contents) -> Result<Option<Vec<u8>>, FrameError> {
    let mut bytes = Vec::new();
    let mut put = |request: &Request| {
        bytes.extend(frame::encode_packed(request)?);
        Ok(())
    };
    match content::send(&mut put, contents, &Want { digest: *digest, from: 0 })? {
        content::Sent::Whole => Ok(Some(bytes)),
        content::Sent::Unavailable(_) => Ok(None),
    }
}
