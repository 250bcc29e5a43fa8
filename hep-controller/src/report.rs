//! What a run finds out: events while it goes on, a value at its end, and the exit code that follows.
//! Prints nothing; `human` and `json` turn it into text, ui.rs puts that on the screen.

use crate::host::HostId;
use crate::stop::Stopping;
use crate::text::shown;
use hep_protocol::facts::Facts;
use hep_protocol::message::{Stream, Turn};
use hep_protocol::outcome::{Counts, Outcome};
use hep_protocol::plan::{Plan, Play, RunMode, Task};
use std::fmt;

pub(crate) mod ansible;
pub(crate) mod clock;
pub(crate) mod details;
pub(crate) mod fold;
pub(crate) mod human;
pub(crate) mod journal;
pub(crate) mod json;
pub(crate) mod mask;
pub(crate) mod profile;
pub(crate) mod ranges;
pub(crate) mod summary;
pub(crate) mod told;

/// What is known before the first event.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    /// The hosts' names, as the operator wrote them.
    pub(crate) hosts: Vec<String>,
    /// The plays, in their order.
    pub(crate) plays: Vec<PlayLabel>,
    /// The tasks of the plan.
    pub(crate) tasks: Vec<TaskLabel>,
    /// Whether hosts are changed.
    pub(crate) mode: RunMode,
    /// The hosts that run together, in the order of their turns.
    pub(crate) waves: Vec<Vec<HostId>>,
    /// How many characters a list of hosts may take.
    pub(crate) room: usize,
}

impl Run {
    /// A host's name.
    pub(crate) fn host(&self, host: HostId) -> &str {
        self.hosts.get(host.0).map_or("", String::as_str)
    }

    /// A task's label. Numbers from hosts were checked by whoever made the event.
    pub(crate) fn task(&self, task: u32) -> &TaskLabel {
        static NONE: TaskLabel =
            TaskLabel { name: String::new(), module: String::new(), role: Role::Task };
        self.tasks.get(task as usize).unwrap_or(&NONE)
    }

    /// What the operator is asked before a task.
    pub(crate) fn question(&self, host: HostId, task: u32) -> String {
        let TaskLabel { name, module, role } = self.task(task);
        let (name, host) = (shown(name), shown(self.host(host)));
        format!("{host}: {role}{name} ({module})")
    }
}

/// How a play is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlayLabel {
    /// Its name, else the pattern of its hosts.
    pub(crate) name: String,
    /// The number of its first task.
    pub(crate) first: u32,
    /// Whether it is for any host.
    pub(crate) has_hosts: bool,
}

impl PlayLabel {
    /// The labels of a plan's plays.
    pub(crate) fn all(plan: &Plan) -> Vec<PlayLabel> {
        let label = |play: &Play| PlayLabel {
            name: play.name.clone().unwrap_or_else(|| "all".to_owned()),
            first: play.first,
            has_hosts: true,
        };
        plan.plays.iter().map(label).collect()
    }
}

/// How a task is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TaskLabel {
    /// Its name, as written.
    pub(crate) name: String,
    /// Its module.
    pub(crate) module: String,
    pub(crate) role: Role,
}

impl TaskLabel {
    /// The labels of a plan's tasks.
    pub(crate) fn all(plan: &Plan) -> Vec<TaskLabel> {
        let label = |task: &Task| TaskLabel {
            name: task.name.clone(),
            module: task.spec.module().to_owned(),
            role: Role::Task,
        };
        let mut labels: Vec<TaskLabel> = plan.tasks().map(|(_, task)| label(task)).collect();
        for task in plan.handlers() {
            if let Some(label) = labels.get_mut(task as usize) {
                label.role = Role::Handler;
            }
        }
        labels
    }
}

/// What a task is in its play. Shown, it stands before the task's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Role {
    #[default]
    Task,
    Handler,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Role::Task => Ok(()),
            Role::Handler => f.write_str("handler: "),
        }
    }
}

/// Something happened. Task numbers are places in the plan and in range, turns of one host ascend; texts are a host's,
/// unescaped; a name is what the host made of a name with expressions.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Event {
    /// An agent answered.
    Connected { host: HostId, facts: Facts },
    /// A task began.
    Started { host: HostId, task: u32, turn: Turn, name: Option<String> },
    /// A process of the task wrote something.
    Output { host: HostId, task: u32, stream: Stream, data: Vec<u8> },
    /// The task waits for something, or got further.
    Progress { host: HostId, task: u32, text: String },
    /// A task ended.
    Finished { host: HostId, task: u32, turn: Turn, name: Option<String>, outcome: Outcome },
    /// Nothing more comes from this host.
    Ended(HostReport),
    /// The operator asked to stop, or the run itself has a reason to.
    Stopping(Stopping, Option<String>),
    /// A connection failed, and is tried again after so many seconds.
    Again { host: HostId, what: String, seconds: u64 },
}

/// The exit code of a run that was stopped on request: that of a shell for SIGINT.
pub(crate) const STOPPED: u8 = 130;

/// How one host's run ended. Always a value, never an early exit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostReport {
    pub(crate) host: HostId,
    pub(crate) status: HostStatus,
    pub(crate) counts: Counts,
    /// How many tasks that every run has did not have their turn; 0 where no run began.
    pub(crate) missing: u32,
    pub(crate) bytes_sent: u64,
    pub(crate) bytes_received: u64,
    /// From the first step towards the host to the last frame, in milliseconds.
    pub(crate) ms: u64,
    /// Why it is unreachable or lost, was stopped or not started.
    pub(crate) trouble: Option<Trouble>,
}

impl HostReport {
    /// The report of a host that nothing is known of yet.
    pub(crate) fn unreached(host: HostId) -> HostReport {
        HostReport {
            host,
            status: HostStatus::Unreachable,
            counts: Counts::default(),
            missing: 0,
            bytes_sent: 0,
            bytes_received: 0,
            ms: 0,
            trouble: None,
        }
    }
}

/// How one host's run ended, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum HostStatus {
    /// Every task ran, none failed.
    Converged,
    /// A task failed.
    Failed,
    /// No agent ever answered.
    Unreachable,
    /// An agent answered, and how its run ended is not known.
    Lost,
    /// The operator or the run's own limits ended it before its last task.
    Stopped,
    /// The run was stopped before its turn: it was not contacted.
    NotStarted,
}

impl fmt::Display for HostStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            HostStatus::Converged => "converged",
            HostStatus::Failed => "failed",
            HostStatus::Unreachable => "unreachable",
            HostStatus::Lost => "lost",
            HostStatus::Stopped => "stopped",
            HostStatus::NotStarted => "not started",
        })
    }
}

/// Why a host did not get to its last task. A host's texts, unescaped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// What was being done, and the cause.
    pub(crate) what: String,
    /// What to change.
    pub(crate) hint: Option<String>,
    /// The last that the agent, or a process of its task, wrote; may be empty.
    pub(crate) output: String,
}

impl Trouble {
    /// A cause without advice.
    pub(crate) fn new(what: impl Into<String>) -> Trouble {
        Trouble { what: what.into(), ..Trouble::default() }
    }
}

/// The end of a run over all its hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RunEnd {
    /// One a host, in the run's order.
    pub(crate) reports: Vec<HostReport>,
    /// Whether the operator asked to stop.
    pub(crate) cancelled: bool,
    /// How long all of it took, in milliseconds.
    pub(crate) ms: u64,
}

/// How a run ended, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunStatus {
    /// Every host is as wanted (in check mode: could be).
    Converged,
    /// A task failed somewhere.
    Failed,
    /// A host was unreachable or lost, and no task failed.
    Unreachable,
    /// The run stopped by itself, and neither of these happened: it took too long.
    Stopped,
    /// The operator asked to stop.
    Cancelled,
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            RunStatus::Converged => "converged",
            RunStatus::Failed => "failed",
            RunStatus::Unreachable => "unreachable",
            RunStatus::Stopped => "stopped",
            RunStatus::Cancelled => "cancelled",
        })
    }
}

/// Whether changes, made or pending, count as a failure of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnChange {
    /// They do not.
    Succeed,
    /// They do (`--fail-on-change`).
    Fail,
}

impl RunEnd {
    /// How it ended: the gravest of what happened.
    pub(crate) fn status(&self) -> RunStatus {
        let any = |status| self.reports.iter().any(|report| report.status == status);
        if self.cancelled {
            RunStatus::Cancelled
        } else if any(HostStatus::Failed) || self.reports.iter().any(|r| r.counts.failed > 0) {
            RunStatus::Failed
        } else if any(HostStatus::Unreachable) || any(HostStatus::Lost) {
            RunStatus::Unreachable
        } else if any(HostStatus::Stopped) || any(HostStatus::NotStarted) {
            RunStatus::Stopped
        } else {
            RunStatus::Converged
        }
    }

    /// The exit code of ansible-playbook: 4, if a host was not reached, or 2, if a task failed.
    pub(crate) fn exit_of_ansible(&self) -> u8 {
        let any = |status| self.reports.iter().any(|report| report.status == status);
        match self.status() {
            RunStatus::Cancelled => 99,
            _ if any(HostStatus::Unreachable) || any(HostStatus::Lost) => 4,
            RunStatus::Failed => 2,
            RunStatus::Unreachable | RunStatus::Stopped => 4,
            RunStatus::Converged => 0,
        }
    }

    /// The exit code, as `hep help push` lists them.
    pub(crate) fn exit(&self, on_change: OnChange) -> u8 {
        let moved = self.reports.iter().any(|r| r.counts.changed > 0 || r.counts.pending > 0);
        match self.status() {
            RunStatus::Converged if moved && on_change == OnChange::Fail => 4,
            RunStatus::Converged => 0,
            RunStatus::Failed => 1,
            RunStatus::Unreachable | RunStatus::Stopped => 3,
            RunStatus::Cancelled => STOPPED,
        }
    }
}

/// Text for the two streams of the process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Texts {
    /// What the run found: standard output.
    pub(crate) out: String,
    /// What goes on meanwhile: standard error.
    pub(crate) err: String,
}

/// A way to show a run.
pub(crate) trait View {
    /// Before anything happened.
    fn begin(&mut self) -> Texts;
    /// Something happened; `now` is the run's age in milliseconds.
    fn event(&mut self, event: Event, now: u64) -> Texts;
    /// Nothing did for a while.
    fn quiet(&mut self, now: u64) -> Texts;
    /// Everything has.
    fn end(&mut self, end: &RunEnd, exit: u8) -> Texts;
    /// What the operator is asked before a task, in one line.
    fn question(&self, host: HostId, task: u32) -> String;
    /// What goes on right now, in one line, for a terminal.
    fn status(&self, now: u64) -> Option<String>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(statuses: &[HostStatus], counts: Counts, cancelled: bool, codes: [u8; 2]) {
        let report = |status: &HostStatus| HostReport {
            host: HostId(0),
            status: *status,
            counts,
            missing: 0,
            bytes_sent: 0,
            bytes_received: 0,
            ms: 0,
            trouble: None,
        };
        let end = RunEnd { reports: statuses.iter().map(report).collect(), cancelled, ms: 0 };
        assert_eq!([end.exit(OnChange::Succeed), end.exit(OnChange::Fail)], codes, "{statuses:?}");
    }

    #[test]
    fn the_gravest_event_decides_the_exit_code() {
        use HostStatus::{Converged, Failed, Lost, NotStarted, Stopped, Unreachable};
        let none = Counts::default();
        check(&[], none, false, [0, 0]);
        check(&[Converged], none, false, [0, 0]);
        check(&[Converged], Counts { pending: 1, ..none }, false, [0, 4]);
        check(&[Converged], Counts { changed: 1, ..none }, false, [0, 4]);
        check(&[Converged, Unreachable], Counts { changed: 1, ..none }, false, [3, 3]);
        check(&[Lost, Failed, Unreachable], none, false, [1, 1]);
        check(&[Lost], none, false, [3, 3]);
        check(&[Lost], Counts { failed: 1, ..none }, false, [1, 1]);
        check(&[Converged, Failed], none, true, [130, 130]);
        check(&[Stopped, NotStarted], none, true, [130, 130]);
        // What stopped the run counts, not the hosts that it spared.
        check(&[Failed, Stopped, NotStarted], none, false, [1, 1]);
        check(&[Unreachable, Stopped, NotStarted], none, false, [3, 3]);
        check(&[Converged, Stopped], none, false, [3, 3]);
        check(&[Converged, NotStarted], Counts { changed: 1, ..none }, false, [3, 3]);
    }
}
