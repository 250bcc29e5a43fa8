//! From a command line to a run: what is asked of the manifest, how to log in, the user that the hosts' runs continue
//! as, and how an agent comes onto each of them. What can be known to be wrong is refused before the first packet.

pub(crate) mod escalation;
pub(crate) mod failed_hosts;
pub(crate) mod launcher;
mod login;
pub(crate) mod options;
pub(crate) mod playbook;
pub(crate) mod screen;

use crate::check::targets::Targets;
use crate::inventory::Host;
use crate::plan::compile::PlannedHost;
use crate::refusal::Refusal;
use escalation::{Start, starts};
use hep_protocol::plan::{HostPart, Plan, Settings};
use std::sync::Arc;

/// One host of a run.
pub(crate) struct HostRun {
    /// As the inventory has it.
    pub(crate) host: Host,
    /// The user that its run continues as.
    pub(crate) start: Start,
    /// What it is sent of the plan as its own.
    pub(crate) part: HostPart,
    /// The plan's settings as it is told them.
    pub(crate) settings: Arc<Settings>,
}

impl HostRun {
    /// The hosts that a plan is for, in its order.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn all(
        planned: Vec<PlannedHost>,
        plan: &Plan,
        targets: &Targets,
    ) -> Result<Vec<HostRun>, Refusal> {
        let starts = starts(plan, &planned);
        let run = |(planned, start)| {
            let PlannedHost { target, part, settings } = planned;
            Some(HostRun { host: targets.host(target)?, start, part, settings })
        };
        let all: Option<Vec<HostRun>> = planned.into_iter().zip(starts).map(run).collect();
        all.filter(|all| !all.is_empty()).ok_or_else(|| {
            let hint = "`hep hosts PATTERN` lists the hosts that a pattern selects";
            Refusal::new("no host is in the `hosts` of any play", hint)
        })
    }

    /// What is needed to reach it, and what it is sent.
    pub(crate) fn split(self) -> ((Host, Start), (HostPart, Arc<Settings>)) {
        let HostRun { host, start, part, settings } = self;
        ((host, start), (part, settings))
    }
}
