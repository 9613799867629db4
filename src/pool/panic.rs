//! Isolation of a caller's code: a panic becomes an error text.

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs a caller's code. A panic in it becomes an error with the panic's text.
///
/// Unwind safety is the caller's to see to: it drops, or rebuilds, what the code could have left broken.
pub(super) fn guarded<T>(code: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(code)).map_err(|panic| {
        let text = message(&*panic);
        // The payload is a caller's code too: its destructor may panic in turn. The payload of that
        // second panic is leaked, or this would have no end.
        if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(panic))) {
            mem::forget(second);
        }
        text
    })
}

/// The text of a panic, as the standard library's hook would print it.
fn message(panic: &(dyn Any + Send)) -> String {
    if let Some(text) = panic.downcast_ref::<&str>() {
        (*text).to_owned()
    } else if let Some(text) = panic.downcast_ref::<String>() {
        text.clone()
    } else {
        "(a panic whose payload is not text)".to_owned()
    }
}
