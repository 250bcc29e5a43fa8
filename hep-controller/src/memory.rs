//! What other processes and core files must not get of hep's memory: passwords, keys, secrets of manifests.

use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit,
};
use std::io;
use std::process::{Child, Command};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The limit of core files that hep was started with.
static USUAL: OnceLock<Rlimit> = OnceLock::new();

/// Held while the limit is the usual one.
static STARTING: Mutex<()> = Mutex::new(());

/// Keeps other processes of the operator's from reading hep's memory and taking its descriptors (ptrace(2),
/// pidfd_getfd(2)), and the kernel from writing either into a core file. What is behind `/proc/PID/exe` and `/proc/PID/fd`
/// is from now on for hep and root alone.
pub(crate) fn keep_private() {
    USUAL.get_or_init(|| getrlimit(Resource::Core));
    // Fails for unknown values only.
    set_dumpable_behavior(DumpableBehavior::NotDumpable).ok();
    no_core_files();
}

/// Starts a program with the limit that hep was started with. A crash of hep at this moment leaves no core file either: the
/// kernel writes none of a process that is not dumpable, however it is limited.
pub(crate) fn start(command: &mut Command) -> io::Result<Child> {
    let Some(usual) = USUAL.get() else { return command.spawn() };
    let _one_at_a_time = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    setrlimit(Resource::Core, *usual)?;
    let started = command.spawn();
    no_core_files();
    started
}

/// A soft limit, so that it can be lifted for programs.
fn no_core_files() {
    let maximum = USUAL.get().and_then(|usual| usual.maximum);
    // Fails for a limit above the hard one only.
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum }).ok();
}
