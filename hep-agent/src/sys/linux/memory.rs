//! What other processes and core files must not get of this process's memory: passwords, secrets, plans.

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit,
};
use std::io;
use std::sync::OnceLock;

/// The limit of core files that this process was started with.
static USUAL: OnceLock<Rlimit> = OnceLock::new();

/// Keeps other processes of this process's user from reading its memory and taking its descriptors (ptrace(2),
/// pidfd_getfd(2)), and the kernel from writing either into a core file. Programs that are started from here are as they
/// always were: execve(2) makes them dumpable again, and [`usual_core_files`] gives back the limit.
pub(crate) fn keep_private() {
    let usual = *USUAL.get_or_init(|| getrlimit(Resource::Core));
    stay_private();
    // A soft limit, so that children can have theirs back. Fails for a limit above the hard one only.
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: usual.maximum }).ok();
}

/// A change of the user gives a process its usual readers back where `fs.suid_dumpable` says so (proc(5)).
pub(super) fn stay_private() {
    // Fails for unknown values only.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).ok();
}

/// Gives a child the limit that this process was started with. Between fork and exec: a system call and no more.
pub(super) fn usual_core_files() -> io::Result<()> {
    match USUAL.get() {
        Some(usual) => Ok(setrlimit(Resource::Core, *usual)?),
        None => Ok(()),
    }
}
