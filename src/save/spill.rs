//! Spilled bodies: bytes in memory up to a limit, past that in an unnamed temporary file.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::error::{BodyError, FileError, errno_of};
use crate::model::text::escape;

/// The most bytes of one body in memory.
const BODY_MEMORY: usize = 1024 * 1024;

/// The most bytes that memory is set aside for before they come: a server may state any length.
const MAX_EXPECTED: usize = 64 * 1024;

/// The buffers that are kept for later bodies, of each worker. At any moment its last body may be on its way into the
/// pack, and the one before that.
const SPARE_PER_WORKER: usize = 2;

/// The bytes that are read from the temporary file at once.
const CHUNK: usize = 256 * 1024;

/// The memory for all bodies together. Clones share it.
#[derive(Debug, Clone)]
pub(super) struct MemoryBudget(Arc<SharedMemory>);

#[derive(Debug)]
struct SharedMemory {
    /// The bytes that bodies may still have in memory.
    left: AtomicUsize,
    /// Buffers of bodies that are gone. One that was freed by another thread than allocates the next would cost a lock
    /// of the allocator, and a part of the heap that is given back and taken again.
    spare: Mutex<Vec<Vec<u8>>>,
    max_spare: usize,
}

impl MemoryBudget {
    /// A budget of one full body for each of so many workers.
    pub(super) fn of_workers(workers: usize) -> Self {
        let workers = workers.max(1);
        MemoryBudget(Arc::new(SharedMemory {
            left: AtomicUsize::new(workers.saturating_mul(BODY_MEMORY)),
            spare: Mutex::default(),
            max_spare: workers.saturating_mul(SPARE_PER_WORKER),
        }))
    }

    /// An empty buffer that has been one of a body, if there is one.
    fn take_spare(&self) -> Option<Vec<u8>> {
        self.spare().pop()
    }

    /// Keeps the buffer of a body that is gone, if it is a small one.
    fn keep_spare(&self, mut buffer: Vec<u8>) {
        if (1..=MAX_EXPECTED).contains(&buffer.capacity()) {
            buffer.clear();
            let mut spare = self.spare();
            if spare.len() < self.0.max_spare {
                spare.push(buffer);
            }
        }
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        // No thread can panic while it has the lock, and empty buffers are whole in any case.
        self.0.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes so many bytes from the budget, if it has them.
    fn take(&self, bytes: usize) -> bool {
        let taken = self
            .0
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(bytes)
            });
        taken.is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.0.left.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// The bytes of one body.
#[derive(Debug)]
pub(super) struct SpillBuffer {
    budget: MemoryBudget,
    memory: Vec<u8>,
    /// The temporary file, once the body does not fit in memory.
    file: Option<File>,
    /// The bytes in memory and in the file.
    length: u64,
}

impl SpillBuffer {
    pub(super) fn new(budget: &MemoryBudget) -> Self {
        SpillBuffer {
            budget: budget.clone(),
            memory: Vec::new(),
            file: None,
            length: 0,
        }
    }

    /// The number of bytes.
    pub(super) fn len(&self) -> u64 {
        self.length
    }

    /// The bytes, if they are in memory.
    pub(super) fn in_memory(&self) -> Option<&[u8]> {
        self.file.is_none().then_some(&self.memory)
    }

    /// Makes room in memory for this many bytes, which are likely to come. It saves copies of what has come already.
    pub(super) fn expect(&mut self, bytes: u64) {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        if self.memory.capacity() == 0 {
            self.memory = self.budget.take_spare().unwrap_or_default();
        }
        self.memory.reserve_exact(bytes.min(MAX_EXPECTED));
    }

    /// Drops the bytes.
    pub(super) fn clear(&mut self) {
        self.budget.give_back(self.memory.len());
        self.budget.keep_spare(std::mem::take(&mut self.memory));
        self.file = None;
        self.length = 0;
    }

    /// Appends bytes.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let fits = self.file.is_none()
            && self.memory.len() + bytes.len() <= BODY_MEMORY
            && self.budget.take(bytes.len());
        if fits {
            self.memory.extend_from_slice(bytes);
        } else {
            // From here on the body goes to a file, the bytes in memory first.
            let file = match self.file.take() {
                Some(file) => file,
                None => {
                    let file = tempfile::tempfile()?;
                    file.write_all_at(&self.memory, 0)?;
                    self.budget.give_back(self.memory.len());
                    self.memory = Vec::new();
                    file
                }
            };
            file.write_all_at(bytes, self.length)?;
            self.file = Some(file);
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// Reads the bytes from the first to the last, in pieces.
    pub(super) fn read<E: From<io::Error>>(
        &self,
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(file) = &self.file else {
            return take(&self.memory);
        };
        let mut buffer = vec![0; CHUNK];
        let mut at = 0;
        while at < self.length {
            let left = usize::try_from(self.length - at).unwrap_or(CHUNK);
            let piece = &mut buffer[..left.min(CHUNK)];
            file.read_exact_at(piece, at)?;
            take(piece)?;
            at += piece.len() as u64;
        }
        Ok(())
    }
}

impl io::Write for &mut SpillBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        SpillBuffer::write(self, bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for SpillBuffer {
    fn drop(&mut self) {
        self.budget.give_back(self.memory.len());
        self.budget.keep_spare(std::mem::take(&mut self.memory));
    }
}

/// The error of a temporary file that cannot be made, written or read.
pub(super) fn spill_error(error: &io::Error) -> BodyError {
    let folder = std::env::temp_dir();
    let what = format!(
        "cannot keep a body in {} (TMPDIR)",
        escape(&folder.display().to_string())
    );
    BodyError::File(FileError::refused(&what, errno_of(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(buffer: &SpillBuffer) -> Vec<u8> {
        let mut all = Vec::new();
        let read: io::Result<()> = buffer.read(|piece| {
            all.extend_from_slice(piece);
            Ok(())
        });
        read.expect("its file can be read");
        all
    }

    #[test]
    fn bytes_are_the_same_in_memory_and_in_a_file_and_memory_is_bounded() {
        let budget = MemoryBudget::of_workers(1);
        for length in [0, 1, BODY_MEMORY, BODY_MEMORY + 1, 3 * BODY_MEMORY + 17] {
            let bytes: Vec<u8> = (0..=250).cycle().take(length).collect();
            let mut buffer = SpillBuffer::new(&budget);
            for piece in bytes.chunks(100_003) {
                buffer.write(piece).expect("there is room");
            }
            assert_eq!(buffer.len(), length as u64);
            assert!(content(&buffer) == bytes, "{length} bytes");
            assert_eq!(
                buffer.file.is_some(),
                length > BODY_MEMORY,
                "{length} bytes"
            );
            assert!(buffer.memory.len() <= BODY_MEMORY);
            buffer.clear();
            assert_eq!((buffer.len(), content(&buffer)), (0, Vec::new()));
        }
        assert_eq!(budget.0.left.load(Ordering::Relaxed), BODY_MEMORY);
    }

    #[test]
    fn buffers_come_again_empty_as_many_and_as_large_as_is_small() {
        let budget = MemoryBudget::of_workers(1);
        let body = |length: usize| {
            let mut buffer = SpillBuffer::new(&budget);
            buffer.expect(length as u64);
            buffer.write(&vec![7; length]).expect("there is room");
            buffer
        };
        drop([100, 100, 100, MAX_EXPECTED + 1].map(body));
        assert_eq!(budget.spare().len(), SPARE_PER_WORKER);
        let mut next = SpillBuffer::new(&budget);
        next.expect(u64::MAX);
        assert_eq!(budget.spare().len(), SPARE_PER_WORKER - 1);
        assert_eq!(next.memory.capacity(), MAX_EXPECTED);
        assert_eq!((next.len(), next.in_memory()), (0, Some(&[][..])));
        next.write(&[8]).expect("there is room");
        assert_eq!(content(&next), [8]);
        assert_eq!(budget.0.left.load(Ordering::Relaxed), BODY_MEMORY - 1);
    }

    #[test]
    fn a_body_that_finds_the_budget_taken_goes_to_a_file() {
        let budget = MemoryBudget::of_workers(1);
        let mut first = SpillBuffer::new(&budget);
        first.write(&[1; BODY_MEMORY - 10]).expect("there is room");
        let mut second = SpillBuffer::new(&budget);
        second.write(&[2; 11]).expect("there is room");
        assert!(first.file.is_none() && second.file.is_some());
        assert_eq!(content(&second), [2; 11]);
        drop(first);
        let mut third = SpillBuffer::new(&budget);
        third.write(&[3; 11]).expect("there is room");
        assert!(third.file.is_none(), "the budget was given back");
    }
}
