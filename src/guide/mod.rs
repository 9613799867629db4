//! Guide to the program: how it behaves in detail, page by page. The README has the commands.
//!
//! These modules own text only. They stand in the documentation of the crate, so that `cargo doc --open` shows
//! them beside the types that they speak of.
//!
//! * [`input`]: lists, JSON lines, and how they are read.
//! * [`servers`]: what a server takes, retries, and when one is given up.
//! * [`saving`]: files, their names, resuming, replacing, and bodies on standard output.
//! * [`measuring`]: what the times mean, comparisons, sweeps, baselines, assertions.
//! * [`reports`]: the terminal, JSON Lines, templates, reports in files, replays.
//! * [`scale`]: one list on several machines, and the engines that share it out.
//! * [`speed`]: what was measured beside other programs, and which goals are missed.
//! * [`guarantees`]: memory, time, signals, secrets, what redirects take along.

pub mod guarantees {
    #![doc = include_str!("guarantees.md")]
}
pub mod input {
    #![doc = include_str!("input.md")]
}
pub mod measuring {
    #![doc = include_str!("measuring.md")]
}
pub mod reports {
    #![doc = include_str!("reports.md")]
    // Here and not in the page, which is read outside of the documentation too.
    //!
    //! [`guide::measuring`]: super::measuring
    //! [`report::JsonLines`]: crate::report::JsonLines
}
pub mod saving {
    #![doc = include_str!("saving.md")]
}
pub mod scale {
    #![doc = include_str!("scale.md")]
    // Here and not in the page, which is read outside of the documentation too.
    //!
    //! [`guide::input`]: super::input
    //! [`guide::reports`]: super::reports
}
pub mod servers {
    #![doc = include_str!("servers.md")]
}
pub mod speed {
    #![doc = include_str!("speed.md")]
}
