//! What the hosts of a run are sent: encoded once, and what goes out before a host says anything.

use super::content;
use super::expected::{self, Expected, Standing};
use crate::manifest::Contents;
use crate::remote::Link;
use crate::report::HostId;
use hep_protocol::blob::Want;
use hep_protocol::frame::{self, FrameError};
use hep_protocol::message::Request;
use hep_protocol::plan::{HostPart, Pace, Plan};
use std::io;
use std::sync::Arc;

/// A content no larger than this is sent before it is asked for: asking costs a round trip.
const SMALL: u64 = 64 * 1024;

/// What all contents that nobody asked for may take together, in bytes. On a converged host they come for nothing: half a
/// second on a line of 1 Mbit/s, packed, where asking would cost one round trip.
pub(super) const AHEAD: u64 = 128 * 1024;

/// What is sent first goes out with the greeting, up to so many bytes; the rest is not copied for it.
const FIRST: usize = 64 * 1024;

/// What the hosts of a run are sent: encoded once, most of it shared by all.
pub(crate) struct Job {
    /// Small contents, as frames.
    pub(super) ahead: Vec<u8>,
    plan: Vec<u8>,
    /// What is each host's own, as a frame, and the plays it runs.
    hosts: Vec<(Vec<u8>, Vec<u32>)>,
    pub(super) tasks: Vec<Expected>,
    /// What the tasks of each play are to those who run it.
    plays: Vec<Vec<(u32, Standing)>>,
    pub(super) pace: Pace,
    pub(super) contents: Arc<Contents>,
}

impl Job {
    /// Encodes a plan, and the parts of the hosts, which are in the run's order.
    ///
    /// # Errors
    /// The plan, or a host's part of it, does not fit into a frame.
    pub(crate) fn new(
        plan: Plan,
        hosts: Vec<HostPart>,
        contents: Arc<Contents>,
    ) -> Result<Job, FrameError> {
        let tasks = plan.tasks.iter().map(Expected::of).collect();
        let plays = plan.plays.iter().map(expected::standing).collect();
        let pace = plan.pace;
        let host = |part: HostPart| {
            let own = part.plays.clone();
            frame::encode_packed(&Request::Host(part)).map(|bytes| (bytes, own))
        };
        let hosts = hosts.into_iter().map(host).collect::<Result<_, _>>()?;
        let ahead = ahead(&contents)?;
        let plan = frame::encode_packed(&Request::Plan(plan))?;
        Ok(Job { ahead, plan, hosts, tasks, plays, pace, contents })
    }

    /// All that a host is sent before it says anything.
    pub(crate) fn opening(&self, host: HostId) -> Option<Opening<'_>> {
        let (part, _) = self.hosts.get(host.0)?;
        Some(Opening([&self.ahead, part, &self.plan]))
    }

    pub(super) fn standing(&self, host: HostId) -> Vec<Standing> {
        let own = self.hosts.get(host.0).map(|(_, plays)| plays.as_slice());
        expected::standing_in(self.tasks.len(), &self.plays, own.unwrap_or_default())
    }
}

/// What a host is sent before it says anything, in pieces that hosts share.
#[derive(Clone, Copy, Default)]
pub(crate) struct Opening<'a>([&'a [u8]; 3]);

impl Opening<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|piece| piece.is_empty())
    }

    /// Writes it behind the greeting. What is short goes out in one write: that is fewer packets than four.
    pub(super) fn send(&self, hello: &[u8], link: &mut dyn Link) -> io::Result<()> {
        let mut first = hello.to_vec();
        for piece in self.0 {
            if first.len() + piece.len() <= FIRST {
                first.extend_from_slice(piece);
            } else {
                link.write_all(&first)?;
                first.clear();
                link.write_all(piece)?;
            }
        }
        link.write_all(&first)?;
        link.flush()
    }
}

/// The contents that are sent before they are asked for, as frames.
fn ahead(contents: &Contents) -> Result<Vec<u8>, FrameError> {
    let mut bytes = Vec::new();
    for (digest, _) in contents.ahead(SMALL, AHEAD) {
        let before = bytes.len();
        let mut put = |request: &Request| {
            bytes.extend(frame::encode_packed(request)?);
            Ok(())
        };
        match content::send(&mut put, contents, &Want { digest: *digest, from: 0 })? {
            content::Sent::Whole => {}
            // The agent will ask for it, and then gets the reason.
            content::Sent::Unavailable(_) => bytes.truncate(before),
        }
    }
    Ok(bytes)
}
