//! Ordered output: bodies are written to one output in the order of the input, whatever the order in
//! which they are received.
//!
//! The next body of the output is written as it is received. Those after it are buffered: small ones in
//! memory, up to a limit, others in an unnamed temporary file. A separate thread writes the output, so that
//! a slow reader blocks only the workers (backpressure), not the thread of the run.

mod body;
mod stream;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};

pub use body::OrderedBody;
pub use stream::open_stream;

use super::xattr::FileRecord;

/// The bytes that are read from a temporary file at once.
const CHUNK: usize = 128 * 1024;

/// The output of bodies in the order of the input. Clones share it.
#[derive(Clone)]
pub struct OrderedOutput {
    shared: Arc<SharedOutput>,
    progress: Receiver<()>,
}

/// The reason for which the output ended early.
#[derive(Debug, Clone)]
pub enum OutputEnd {
    /// Writing failed, with this kind of error and this message.
    Failed(io::ErrorKind, String),
    /// The body of a target could not be fetched, and may not be left out.
    Gap {
        /// The target's index.
        index: u64,
        /// The bytes of the body that are written already.
        written: u64,
    },
    /// The run was stopped.
    Stopped,
}

/// The state that the workers, the run and the writing thread share.
struct SharedOutput {
    state: Mutex<OutputState>,
    changed: Condvar,
}

struct OutputState {
    /// The index of the next body of the output.
    next: u64,
    /// The indexes, at or after `next`, that have no body.
    skipped: VecDeque<Range<u64>>,
    /// The number of bodies before `next`.
    passed: u64,
    /// The bodies that have begun and are not written whole, by their index.
    buffered: HashMap<u64, BufferedBody>,
    /// The bytes of all bodies that are in memory.
    memory: usize,
    /// The bodies that were left out.
    gaps: u64,
    gaps_allowed: u64,
    end: Option<OutputEnd>,
}

/// A body on its way to the output.
#[derive(Default)]
struct BufferedBody {
    memory: VecDeque<Vec<u8>>,
    /// The bytes in `memory`.
    in_memory: usize,
    /// The temporary file, once the body does not fit in memory.
    file: Option<Arc<File>>,
    /// The bytes written to the file.
    spilled: u64,
    /// The bytes read from the file.
    read: u64,
    /// The last bytes received, to be compared when the body is resumed.
    tail: Vec<u8>,
    /// The bytes received.
    received: u64,
    /// The bytes written to the output.
    written: u64,
    /// True if the body must be verified as a whole before any of it is written.
    is_unverified: bool,
    /// True after the attempt has ended, until it is known that another one continues the body.
    is_broken_off: bool,
    /// The conclusion, once there is one: true if the body is whole, false if it never will be.
    is_whole: Option<bool>,
    record: Option<FileRecord>,
    is_resumable: bool,
    /// The fewest bytes that the whole body may have.
    least_length: u64,
}

impl OrderedOutput {
    /// Starts the writing thread. Up to `gaps_allowed` bodies may be left out; with one more the output
    /// ends before its place. When the output ends early, `on_end` is called.
    ///
    /// # Errors
    ///
    /// If the writing thread cannot be started.
    pub fn start(
        out: impl Write + Send + 'static,
        gaps_allowed: u64,
        on_end: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(SharedOutput {
            state: Mutex::new(OutputState {
                next: 0,
                skipped: VecDeque::new(),
                passed: 0,
                buffered: HashMap::new(),
                memory: 0,
                gaps: 0,
                gaps_allowed,
                end: None,
            }),
            changed: Condvar::new(),
        });
        let (sender, progress) = bounded(1);
        let own = Arc::clone(&shared);
        // Not joined, because it may be blocked for as long as the reader of the output likes.
        thread::Builder::new()
            .name("pfetch-output".to_owned())
            .spawn(move || {
                own.write(out, &sender);
                on_end();
            })?;
        Ok(OrderedOutput { shared, progress })
    }

    /// The body of the target with this index, for one attempt to receive it. An unverified one is written
    /// only after its [conclusion](OrderedOutput::conclude).
    pub fn body(&self, index: u64, is_unverified: bool) -> OrderedBody {
        OrderedBody::new(&self.shared, index, is_unverified)
    }

    /// Concludes the body of this target: it is whole, or it cannot be fetched.
    pub fn conclude(&self, index: u64, is_whole: bool) {
        let mut state = self.shared.lock();
        state.buffered.entry(index).or_default().is_whole = Some(is_whole);
        drop(state);
        self.shared.changed.notify_all();
    }

    /// Skips indexes that have no body, because other shards have their targets. To be called before there is a
    /// body behind them, in their order.
    pub fn skip(&self, indexes: Range<u64>) {
        let mut state = self.shared.lock();
        state.skipped.push_back(indexes);
        state.skip();
        drop(state);
        self.shared.changed.notify_all();
    }

    /// The number of bodies that are written or left out.
    pub fn passed(&self) -> u64 {
        self.shared.lock().passed
    }

    /// The index of the next body of the output: all before it are written.
    pub fn next(&self) -> u64 {
        self.shared.lock().next
    }

    /// A channel with a message after one or more bodies were written.
    pub fn progress(&self) -> &Receiver<()> {
        &self.progress
    }

    /// The reason for which the output ended early, if it did.
    pub fn end(&self) -> Option<OutputEnd> {
        self.shared.lock().end.clone()
    }

    /// Closes the output: nothing more is received or written.
    pub fn close(&self) {
        self.shared.end(OutputEnd::Stopped);
    }
}

impl fmt::Debug for OrderedOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OrderedOutput").finish_non_exhaustive()
    }
}

impl SharedOutput {
    fn lock(&self) -> MutexGuard<'_, OutputState> {
        // Only plain moves and assignments are done under this lock, so the state is consistent even if a
        // thread panicked.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, OutputState>) -> MutexGuard<'a, OutputState> {
        self.changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, why: OutputEnd) {
        let mut state = self.lock();
        state.end.get_or_insert(why);
        state.buffered.clear();
        drop(state);
        self.changed.notify_all();
    }

    /// Runs the writing thread until the output ends.
    fn write(&self, mut out: impl Write, progress: &Sender<()>) {
        let mut buffer = Vec::new();
        loop {
            let file = match self.next_step(&mut buffer) {
                Some(WriteStep::Memory) => None,
                Some(WriteStep::File(file, from, count)) => Some((file, from, count)),
                Some(WriteStep::BodyWritten) => {
                    // A full channel has a message already, and one is enough.
                    let _ = progress.try_send(());
                    continue;
                }
                None => return,
            };
            let ready = match file {
                Some((file, from, count)) => {
                    buffer.resize(count, 0);
                    file.read_exact_at(&mut buffer, from)
                }
                None => Ok(()),
            };
            let written = ready
                .and_then(|()| out.write_all(&buffer))
                .and_then(|()| out.flush());
            if let Err(error) = written {
                self.end(OutputEnd::Failed(error.kind(), error.to_string()));
                return;
            }
            buffer.clear();
        }
    }

    /// Waits for the next step of the writing thread. `None` once the output has ended.
    fn next_step(&self, buffer: &mut Vec<u8>) -> Option<WriteStep> {
        let mut guard = self.lock();
        loop {
            let state = &mut *guard;
            if state.end.is_some() {
                return None;
            }
            if let Some(step) = state.next_chunk(buffer) {
                if matches!(step, WriteStep::Memory) {
                    // Some memory is free again.
                    self.changed.notify_all();
                }
                return Some(step);
            }
            if let Some(is_end) = state.advance() {
                // The next body may have been waiting for its turn.
                self.changed.notify_all();
                return (!is_end).then_some(WriteStep::BodyWritten);
            }
            guard = self.wait(guard);
        }
    }
}

impl OutputState {
    /// Takes the next bytes of the next body, if there are any that may be written. Bytes in memory are
    /// moved to `buffer`.
    fn next_chunk(&mut self, buffer: &mut Vec<u8>) -> Option<WriteStep> {
        let body = self.buffered.get_mut(&self.next)?;
        let may_write = match body.is_whole {
            None => !body.is_unverified && !body.is_broken_off,
            Some(is_whole) => is_whole,
        };
        if !may_write {
            return None;
        }
        if body.read < body.spilled {
            let from = body.read;
            let left = usize::try_from(body.spilled - from).unwrap_or(CHUNK);
            let count = left.min(CHUNK);
            body.read += count as u64;
            body.written += count as u64;
            let file = body.file.clone().expect("what is spilled is in a file");
            return Some(WriteStep::File(file, from, count));
        }
        let chunk = body.memory.pop_front()?;
        body.in_memory -= chunk.len();
        body.written += chunk.len() as u64;
        self.memory -= chunk.len();
        *buffer = chunk;
        Some(WriteStep::Memory)
    }

    /// Goes on to the body after the next one, if that is concluded. Returns true if the output has to
    /// end instead, because the body is missing and may not be left out.
    fn advance(&mut self) -> Option<bool> {
        let index = self.next;
        let body = self.buffered.get(&index)?;
        if !body.is_whole? {
            self.gaps += 1;
            let written = body.written;
            // Written bytes cannot be taken back.
            if written > 0 || self.gaps > self.gaps_allowed {
                self.end = Some(OutputEnd::Gap { index, written });
                self.buffered.clear();
                return Some(true);
            }
        }
        self.memory -= body.in_memory;
        self.buffered.remove(&index);
        self.next += 1;
        self.passed += 1;
        self.skip();
        Some(false)
    }

    /// Passes over the indexes that have no body.
    fn skip(&mut self) {
        while let Some(range) = self.skipped.front()
            && range.start <= self.next
        {
            self.next = self.next.max(range.end);
            self.skipped.pop_front();
        }
    }
}

/// A step of the writing thread.
enum WriteStep {
    /// Write the buffer.
    Memory,
    /// Write bytes of a file: the position of the first, and their number.
    File(Arc<File>, u64, usize),
    /// Give notice: a body is written.
    BodyWritten,
}
