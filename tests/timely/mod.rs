//! A bound on how long a test may take, so that a pool that hangs fails its test.

use std::convert::Infallible;
use std::panic::resume_unwind;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, bounded};

/// Longer than anything here takes on the busiest machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Runs a test's body on a thread of its own, and fails if it has not ended in good time.
pub(crate) fn timely(body: impl FnOnce() + Send + 'static) {
    let (ended, end) = bounded::<Infallible>(0);
    let test = thread::current().name().unwrap_or("a test").to_owned();
    let body = thread::Builder::new()
        .name(test.clone())
        .spawn(move || {
            let _ended = ended;
            body();
        })
        .expect("the system has a thread for a test");
    match end.recv_timeout(PATIENCE) {
        Err(RecvTimeoutError::Timeout) => panic!("{test} still runs after {PATIENCE:?}: it hangs"),
        Err(RecvTimeoutError::Disconnected) => {
            if let Err(panic) = body.join() {
                resume_unwind(panic);
            }
        }
    }
}
