//! Address space under a limit (`ulimit -v`): one heap for all threads, and the number of workers whose work
//! has room in it. An allocation that fails aborts the program, so that threads are left out before.

use std::fs;

use rustix::process::{Resource, getrlimit};

/// The reason for which no more threads are started.
pub(super) const NO_ROOM: &str = "the limit on address space, ulimit -v, has no room for more";

const MIB: u64 = 1024 * 1024;

/// The address space of one worker: its stack of 2 MiB, the one of a name look-up's thread, and what a TLS
/// connection and the buffers take.
const WORKER: u64 = 7 * MIB / 2;

/// The address space that a worker needs in addition for decoding: windows of up to 16 MiB (brotli), held
/// together with the decoder's tables.
const DECODER: u64 = 20 * MIB;

/// The address space for what is no worker: up to four other threads, the trusted certificates, lists.
const OTHERS: u64 = 10 * MIB;

/// The address space without which not even one worker gets through a plain request.
const LEAST: u64 = 5 * MIB;

/// The number of workers that have room; `None` if there is no limit.
pub(super) fn workers(decodes: bool) -> Option<usize> {
    let limit = getrlimit(Resource::As).current?;
    let used = fs::read_to_string("/proc/self/status").ok();
    let used = used.as_deref().and_then(virtual_size)?;
    Some(fitting(limit.saturating_sub(used), decodes))
}

/// The number of workers that have room in `free` bytes. One always gets its chance, unless it cannot even
/// start.
fn fitting(free: u64, decodes: bool) -> usize {
    if free < LEAST {
        return 0;
    }
    let each = WORKER + if decodes { DECODER } else { 0 };
    let fitting = free.saturating_sub(OTHERS) / each;
    usize::try_from(fitting).unwrap_or(usize::MAX).max(1)
}

/// The size of the address space in bytes: the field `VmSize` of `/proc/self/status`, in KiB there.
fn virtual_size(status: &str) -> Option<u64> {
    let field = status
        .lines()
        .find_map(|line| line.strip_prefix("VmSize:"))?;
    let kib: u64 = field.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kib.checked_mul(1024)
}

/// Restarts the program with one heap (arena) for all threads, if the address space is limited.
///
/// glibc reserves 64 MiB for a heap of each thread, as long as they fit. The stacks of threads that start
/// later, and the allocations of those without a heap, then find no room, however little memory is in use.
/// mimalloc, which the static binary has, reserves a piece of up to 1 GiB, and threads find none beside that: it is told
/// to reserve nothing. Both read their settings only when a program starts. Returns if there is nothing to do, or if the
/// restart fails: fewer threads fit then.
pub fn share_heap_under_limit() {
    #[cfg(all(target_os = "linux", any(target_env = "gnu", target_env = "musl")))]
    {
        use std::env;
        use std::os::unix::process::CommandExt;
        use std::process::Command;

        const SETTING: (&str, &str) = match cfg!(target_env = "musl") {
            true => ("MIMALLOC_ARENA_RESERVE", "0"),
            false => ("MALLOC_ARENA_MAX", "1"),
        };
        let (name, value) = SETTING;
        if getrlimit(Resource::As).current.is_none() || env::var_os(name).is_some() {
            return;
        }
        let Ok(program) = env::current_exe() else {
            return;
        };
        let mut arguments = env::args_os();
        let mut command = Command::new(program);
        if let Some(own) = arguments.next() {
            command.arg0(own);
        }
        // Returns only if it fails.
        let _ = command.args(arguments).env(name, value).exec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_workers_fit_as_have_room_for_stack_and_work() {
        for (free_mib, decodes, expected) in [
            (0, false, 0),
            (4, false, 0),
            (5, false, 1),
            (10, false, 1),
            (10 + 7, false, 2),
            (10 + 35, false, 10),
            (10 + 7 * 32, false, 64),
            (10 + 235, true, 10),
            (5, true, 1),
        ] {
            let found = fitting(free_mib * MIB, decodes);
            assert_eq!(found, expected, "{free_mib} MiB, decodes: {decodes}");
        }
        assert!(fitting(u64::MAX, false) > 1_000_000);
    }

    #[test]
    fn the_size_of_the_address_space_is_read_from_the_status() {
        let status = "Name:\tpfetch\nVmPeak:\t  9000 kB\nVmSize:\t    8192 kB\nVmLck:\t 0 kB\n";
        assert_eq!(virtual_size(status), Some(8 * MIB));
        for bad in [
            "",
            "VmSize:",
            "VmSize: kB",
            "VmSize: x kB",
            "VmSize: 5 MB",
            "VmSize: 99999999999999999999 kB",
        ] {
            assert_eq!(virtual_size(bad), None, "{bad:?}");
        }
    }
}
