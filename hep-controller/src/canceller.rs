//! Cutting a link, or the way to one, from another thread.

use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Cuts the launch or the link it was given to. Clones cut the same one. A cut wakes the owner out of any wait, and its
/// calls then fail; it never blocks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Canceller(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    cancelled: bool,
    cuts: Vec<Cut>,
}

/// What to do to end a wait.
#[derive(Debug)]
pub(crate) enum Cut {
    Socket(TcpStream),
    Pair(UnixStream),
}

impl Canceller {
    pub(crate) fn cancel(&self) {
        let mut state = self.lock();
        state.cancelled = true;
        state.cuts.iter().for_each(Cut::carry_out);
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.lock().cancelled
    }

    /// From now on a cancel carries this out too; at once if it was called before.
    pub(crate) fn cuts(&self, cut: Cut) {
        let mut state = self.lock();
        if state.cancelled {
            cut.carry_out();
        }
        state.cuts.push(cut);
    }

    /// Lets go of sockets: what was to be cut has ended.
    pub(crate) fn forget(&self) {
        self.lock().cuts.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cut {
    /// Failures are of no interest: what is gone already needs no cut.
    fn carry_out(&self) {
        match self {
            Cut::Socket(socket) => drop(socket.shutdown(Shutdown::Both)),
            Cut::Pair(socket) => drop(socket.shutdown(Shutdown::Both)),
        }
    }
}
