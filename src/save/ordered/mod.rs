//! Bodies one after another: to one output, in the order of the input, whatever the order in which
//! they come.
//!
//! The first body that is not out yet is passed on as it comes. Those that are early wait: small ones
//! in memory, as far as that is allotted, others in an unnamed temporary file. A thread of its own
//! writes the output, so that a reader who is slow holds up nobody but the bodies themselves.

mod body;

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};

pub use body::Body;

use super::xattr::Record;

/// Read from a temporary file at once.
const PIECE: usize = 128 * 1024;

/// The output that bodies follow one another on. Clones are of the same one.
#[derive(Clone)]
pub struct Concat {
    shared: Arc<Shared>,
    progress: Receiver<()>,
}

/// Why an output ended before its time.
#[derive(Debug, Clone)]
pub enum ConcatEnd {
    /// It could not be written: this sort of error, in these words.
    Output(io::ErrorKind, String),
    /// The body of the target with this index is not to be had, and may not be left out.
    Gap {
        /// The target's.
        index: u64,
        /// How much of it is out already.
        given: u64,
    },
    /// The run was stopped.
    Stopped,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    /// The index of the body whose turn it is.
    next: u64,
    waiting: HashMap<u64, Waiting>,
    /// Bytes in memory.
    memory: usize,
    gaps: u64,
    gaps_allowed: u64,
    end: Option<ConcatEnd>,
}

/// A body on its way to the output.
#[derive(Default)]
struct Waiting {
    memory: VecDeque<Vec<u8>>,
    in_memory: usize,
    file: Option<Arc<File>>,
    /// Bytes written to the file, and read from it.
    spilled: u64,
    read: u64,
    /// The last bytes taken in, so that they can be compared when they come again.
    tail: Vec<u8>,
    /// Bytes taken in, and passed on.
    held: u64,
    given: u64,
    /// Whether nothing of it may be passed on before it is known to be right.
    is_unproven: bool,
    /// Whether it has broken off, and whether it can be continued is not known yet.
    is_broken_off: bool,
    /// Whether it is all there, once that is known; if not, it will never be.
    is_whole: Option<bool>,
    record: Option<Record>,
    is_resumable: bool,
}

impl Concat {
    /// Begins. Up to `gaps_allowed` bodies may be left out; with one more the output ends before its
    /// place. When the output ends before its time, `on_end` is called.
    ///
    /// # Errors
    ///
    /// If the writing thread cannot be started.
    pub fn start(
        out: impl Write + Send + 'static,
        gaps_allowed: u64,
        on_end: impl FnOnce() + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                next: 0,
                waiting: HashMap::new(),
                memory: 0,
                gaps: 0,
                gaps_allowed,
                end: None,
            }),
            changed: Condvar::new(),
        });
        let (sender, progress) = bounded(1);
        let own = Arc::clone(&shared);
        // Not joined: it may wait for whoever reads the output.
        thread::Builder::new()
            .name("pfetch-output".to_owned())
            .spawn(move || {
                own.write(out, &sender);
                on_end();
            })?;
        Ok(Concat { shared, progress })
    }

    /// The body of the target with this index begins, or begins again. If it is unproven, nothing of
    /// it is passed on before it is [concluded](Concat::conclude).
    pub fn body(&self, index: u64, is_unproven: bool) -> Body {
        Body::new(&self.shared, index, is_unproven)
    }

    /// There will be no more of this target's body: it is whole, or it is not to be had.
    pub fn conclude(&self, index: u64, is_whole: bool) {
        let mut state = self.shared.lock();
        state.waiting.entry(index).or_default().is_whole = Some(is_whole);
        drop(state);
        self.shared.changed.notify_all();
    }

    /// The index of the body whose turn it is: all before it are out.
    pub fn next(&self) -> u64 {
        self.shared.lock().next
    }

    /// Says whenever a body is out.
    pub fn progress(&self) -> &Receiver<()> {
        &self.progress
    }

    /// Why it ended, if it has.
    pub fn end(&self) -> Option<ConcatEnd> {
        self.shared.lock().end.clone()
    }

    /// Takes and passes on nothing more.
    pub fn close(&self) {
        self.shared.end(ConcatEnd::Stopped);
    }
}

impl fmt::Debug for Concat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Concat").finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Plain moves and assignments only under this lock, so a poisoned one is still consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, why: ConcatEnd) {
        let mut state = self.lock();
        state.end.get_or_insert(why);
        state.waiting.clear();
        drop(state);
        self.changed.notify_all();
    }

    /// The writing thread: until the end.
    fn write(&self, mut out: impl Write, progress: &Sender<()>) {
        let mut buffer = Vec::new();
        loop {
            let file = match self.turn(&mut buffer) {
                Some(Turn::Memory) => None,
                Some(Turn::File(file, from, count)) => Some((file, from, count)),
                Some(Turn::Out) => {
                    // Whoever waits for it need only know that there was something.
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
                self.end(ConcatEnd::Output(error.kind(), error.to_string()));
                return;
            }
            buffer.clear();
        }
    }

    /// Waits for the next thing to do. `None` at the end.
    fn turn(&self, buffer: &mut Vec<u8>) -> Option<Turn> {
        let mut guard = self.lock();
        loop {
            let state = &mut *guard;
            if state.end.is_some() {
                return None;
            }
            let index = state.next;
            if let Some(waiting) = state.waiting.get_mut(&index) {
                let may_pass = match waiting.is_whole {
                    None => !waiting.is_unproven && !waiting.is_broken_off,
                    Some(is_whole) => is_whole,
                };
                if may_pass {
                    if waiting.read < waiting.spilled {
                        let from = waiting.read;
                        let left = usize::try_from(waiting.spilled - from).unwrap_or(PIECE);
                        let count = left.min(PIECE);
                        waiting.read += count as u64;
                        waiting.given += count as u64;
                        let file = waiting.file.clone().expect("what is spilled is in a file");
                        return Some(Turn::File(file, from, count));
                    }
                    if let Some(piece) = waiting.memory.pop_front() {
                        waiting.in_memory -= piece.len();
                        waiting.given += piece.len() as u64;
                        state.memory -= piece.len();
                        *buffer = piece;
                        // There is room again.
                        self.changed.notify_all();
                        return Some(Turn::Memory);
                    }
                }
                match waiting.is_whole {
                    None => {}
                    Some(is_whole) => {
                        if !is_whole {
                            state.gaps += 1;
                            let given = waiting.given;
                            // What is out cannot be taken back.
                            if given > 0 || state.gaps > state.gaps_allowed {
                                state.end = Some(ConcatEnd::Gap { index, given });
                                state.waiting.clear();
                                self.changed.notify_all();
                                return None;
                            }
                        }
                        state.memory -= waiting.in_memory;
                        state.waiting.remove(&index);
                        state.next += 1;
                        // The next one may have been waiting for its turn.
                        self.changed.notify_all();
                        return Some(Turn::Out);
                    }
                }
            }
            guard = self.wait(guard);
        }
    }
}

/// What the writing thread is to do next.
enum Turn {
    /// To write what it was given.
    Memory,
    /// To write so many bytes of a file, from there on.
    File(Arc<File>, u64, usize),
    /// Nothing: a body is out.
    Out,
}
