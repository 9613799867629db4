//! Bodies one after another: to one output, in the order of the input, whatever the order in which
//! they come.
//!
//! The first body that is not out yet is passed on as it comes. Those that are early wait: small ones
//! in memory, as far as that is allotted, others in an unnamed temporary file. A thread of its own
//! writes the output, so that a reader who is slow holds up nobody but the bodies themselves.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};
use rustix::io::Errno;

use super::FileError;
use super::draft::{Ask, ContentRange, Refused, Version};
use super::record::Record;

/// The most that one early body keeps in memory, and all of them together.
const BODY_MEMORY: usize = 64 * 1024;
const ALL_MEMORY: usize = 8 * 1024 * 1024;

/// How far the body whose turn it is may be ahead of the output.
const AHEAD: usize = 1024 * 1024;

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

/// One target's end of the output.
pub struct Body {
    shared: Arc<Shared>,
    index: u64,
    /// A copy of what is remembered of what is there.
    held: u64,
    record: Option<Record>,
    /// How much was there before the response that is being read.
    held_before: u64,
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
        let mut state = self.shared.lock();
        let waiting = state.waiting.entry(index).or_default();
        waiting.is_unproven = is_unproven;
        Body {
            shared: Arc::clone(&self.shared),
            index,
            held: waiting.held,
            record: waiting.record.clone().filter(|_| waiting.is_resumable),
            held_before: 0,
        }
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

impl Body {
    /// What to ask for at `url`.
    pub fn ask(&self, url: &str) -> Ask<'_> {
        let record = self.record.as_ref().filter(|record| record.is_from(url));
        let validator = record.and_then(|record| record.validators.strong());
        Ask {
            unless: None,
            range: validator
                .filter(|_| self.held > 0)
                .map(|validator| (self.held, validator)),
        }
    }

    /// A whole body is about to come.
    ///
    /// # Errors
    ///
    /// If a part of it is out already.
    pub fn start(&mut self, url: &str, version: Version) -> Result<(), Refused> {
        let mut guard = self.shared.lock();
        let state = &mut *guard;
        if state.end.is_some() {
            return Err(Refused::Ended);
        }
        let waiting = state.waiting.entry(self.index).or_default();
        if waiting.given > 0 {
            return Err(Refused::Begun(waiting.given));
        }
        state.memory -= waiting.in_memory;
        *waiting = Waiting {
            is_unproven: waiting.is_unproven,
            // The proof is of all of it, so all of it has to come at once.
            is_resumable: version.is_plain
                && version.validators.strong().is_some()
                && !waiting.is_unproven,
            record: Some(Record::new(url, version.validators, version.length)),
            ..Waiting::default()
        };
        self.held_before = 0;
        Ok(())
    }

    /// A later part of the body is about to come. Returns whether it fits.
    pub fn go_on(&mut self, range: ContentRange, version: &Version) -> bool {
        let mut state = self.shared.lock();
        let Some(waiting) = state.waiting.get_mut(&self.index) else {
            return false;
        };
        let Some(record) = &mut waiting.record else {
            return false;
        };
        let fits = record.is_continued_by(range, version) && range.first == waiting.held;
        if fits {
            record.length = Some(range.length);
            self.held_before = range.first;
            waiting.is_broken_off = false;
            self.shared.changed.notify_all();
        }
        fits
    }

    /// How much was there before the response that is being read.
    pub fn held_before(&self) -> u64 {
        self.held_before
    }

    /// Whether what is there, which is to be `length` bytes, is all.
    pub fn is_all(&mut self, length: u64) -> bool {
        let state = self.shared.lock();
        let waiting = state.waiting.get(&self.index);
        waiting.is_some_and(|waiting| waiting.held == length)
    }

    /// What is there is of no use for going on.
    pub fn forget(&mut self) {
        self.record = None;
        let mut state = self.shared.lock();
        if let Some(waiting) = state.waiting.get_mut(&self.index) {
            waiting.is_resumable = false;
        }
    }

    /// Takes the next bytes. Waits while the output is far behind.
    ///
    /// # Errors
    ///
    /// If they cannot be kept, or the output has ended.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        let mut guard = self.shared.lock();
        loop {
            let state = &mut *guard;
            if state.end.is_some() {
                return Err(Refused::Ended);
            }
            let is_turn = state.next == self.index;
            let waiting = state.waiting.entry(self.index).or_default();
            if let Some(file) = waiting.file.clone() {
                let at = waiting.spilled;
                drop(guard);
                file.write_all_at(bytes, at).map_err(unspilled)?;
                let mut state = self.shared.lock();
                if let Some(waiting) = state.waiting.get_mut(&self.index) {
                    waiting.spilled += bytes.len() as u64;
                    waiting.held += bytes.len() as u64;
                }
                break;
            }
            let fits = if is_turn && !waiting.is_unproven {
                if waiting.in_memory >= AHEAD {
                    guard = self.shared.wait(guard);
                    continue;
                }
                true
            } else {
                waiting.in_memory + bytes.len() <= BODY_MEMORY
                    && state.memory + bytes.len() <= ALL_MEMORY
            };
            if fits {
                waiting.memory.push_back(bytes.to_vec());
                waiting.in_memory += bytes.len();
                waiting.held += bytes.len() as u64;
                state.memory += bytes.len();
                break;
            }
            // From here on it goes to a file, what there is of it first.
            let file = tempfile::tempfile().map_err(unspilled)?;
            for piece in waiting.memory.drain(..) {
                file.write_all_at(&piece, waiting.spilled)
                    .map_err(unspilled)?;
                waiting.spilled += piece.len() as u64;
            }
            state.memory -= waiting.in_memory;
            waiting.in_memory = 0;
            waiting.file = Some(Arc::new(file));
        }
        self.shared.changed.notify_all();
        Ok(())
    }

    /// Takes the last bytes, and looks whether it is all there.
    ///
    /// # Errors
    ///
    /// If not, or as for [`write`](Body::write).
    pub fn complete(&mut self, last: &[u8]) -> Result<(), Refused> {
        if !last.is_empty() {
            self.write(last)?;
        }
        let state = self.shared.lock();
        let Some(waiting) = state.waiting.get(&self.index) else {
            return Err(Refused::Ended);
        };
        let length = waiting.record.as_ref().and_then(|record| record.length);
        match length {
            Some(length) if length != waiting.held => Err(Refused::Short {
                held: waiting.held,
                length,
            }),
            _ => Ok(()),
        }
    }
}

/// An attempt is over. Should there be another, what is there of the body may have to be replaced, so
/// no more of it is passed on before that is known.
impl Drop for Body {
    fn drop(&mut self) {
        if let Some(waiting) = self.shared.lock().waiting.get_mut(&self.index) {
            waiting.is_broken_off = true;
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body")
            .field("index", &self.index)
            .finish_non_exhaustive()
    }
}

fn unspilled(error: io::Error) -> Refused {
    let errno = Errno::from_io_error(&error).unwrap_or(Errno::IO);
    let folder = std::env::temp_dir();
    let what = format!(
        "cannot keep an early body in {} (TMPDIR)",
        crate::text::escape(&folder.display().to_string())
    );
    Refused::File(FileError::refused(&what, errno))
}
