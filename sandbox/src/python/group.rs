//! A process together with those that it started: signalled as one, so that nothing is left behind.

use std::io;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::process::{Child, Command};

/// A group of processes that may be gone already. Clones mean the same group.
#[derive(Clone, Debug)]
pub(crate) struct Group(Arc<Mutex<Option<u32>>>);

/// Starts a process as the leader of a group of its own.
pub(super) fn spawn_leader(command: &mut Command) -> io::Result<Child> {
    #[cfg(unix)]
    command.process_group(0);
    command.spawn()
}

impl Group {
    pub(super) fn of(leader: &Child) -> Self {
        Self(Arc::new(Mutex::new(leader.id())))
    }

    /// Asks the code to stop, as Ctrl-C does.
    pub(crate) fn interrupt(&self) {
        #[cfg(unix)]
        self.signal(rustix::process::Signal::INT);
        #[cfg(not(unix))]
        self.kill();
    }

    /// Ends it at once.
    pub(crate) fn kill(&self) {
        #[cfg(unix)]
        self.signal(rustix::process::Signal::KILL);
    }

    /// To be called before the leader is waited for: after that its number may be another process's.
    pub(super) fn forget(&self) {
        *self.0.lock() = None;
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        let leader = self.0.lock();
        let leader = leader.and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
        if let Some(leader) = leader {
            // an error means that it is gone, which is what was wanted
            let _ = rustix::process::kill_process_group(leader, signal);
        }
    }
}
