//! From text to targets: arguments, files and standard input, read lazily.
//!
//! * `line` decides what one line means: a URL, a JSON object, a comment, or a mistake.
//! * [`Source`] yields items in input order. Files and standard input are read by a thread of their
//!   own, because reading them may wait (for a pipe, say) while results have to be reported; it
//!   stays a bounded number of lines ahead of the run, so the length of a list costs no memory.

mod line;
mod reader;

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::{Arc, OnceLock};

use crossbeam_channel::Receiver;

use crate::model::outcome::{Failure, FailureKind, Outcome};
use crate::model::target::{DefaultScheme, Target, Verb};

pub use line::MAX_LINE_BYTES;
use line::Meaning;

/// What a list's lines mean by themselves.
#[derive(Debug, Clone, Copy, Default)]
pub struct InputConfig {
    /// The scheme for schemeless text.
    pub default_scheme: DefaultScheme,
    /// What is done with a target whose line does not say.
    pub verb: Verb,
    /// Whether lines may name the files that their bodies are saved in.
    pub names_files: bool,
}

/// One thing that the input holds.
#[derive(Debug)]
pub enum Item {
    /// A target.
    Target(Arc<Target>),
    /// Something that should have been one.
    Bad(BadTarget),
}

/// Input that is not a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadTarget {
    /// Position in the whole input, as a target's.
    pub index: u64,
    /// An excerpt that is safe to show, without credentials.
    pub excerpt: Arc<str>,
    /// Where it is and what is wrong with it.
    pub message: String,
}

impl BadTarget {
    /// The outcome that it is counted as.
    pub fn into_outcome(self) -> Outcome {
        let failure = Failure {
            kind: FailureKind::Input,
            phase: None,
            message: self.message,
            is_transient: false,
        };
        Outcome::untried(self.index, self.excerpt, Verb::Get, failure)
    }
}

/// A list that could not be read, or not to its end: its name, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The file's name, or `<stdin>`.
    pub name: String,
    /// The reason, in a line.
    pub reason: String,
}

/// A named list to read.
pub struct List {
    /// The name for messages.
    pub name: String,
    /// Its bytes.
    pub bytes: Box<dyn Read + Send>,
}

/// What the reading thread has to tell.
#[derive(Debug)]
pub enum Message {
    /// Items, in order.
    Items(Vec<Item>),
    /// A list failed; the next one goes on.
    Unreadable(Unreadable),
}

/// What [`Source::next`] found.
#[derive(Debug)]
pub enum Next {
    /// The next item.
    Item(Item),
    /// A list failed.
    Unreadable(Unreadable),
    /// Nothing yet: wait for [`Source::feed`].
    Wait,
    /// There is nothing more.
    End,
}

/// All the input of a run, in order.
#[derive(Debug)]
pub struct Source {
    ready: VecDeque<Next>,
    feed: Option<Receiver<Message>>,
    total: Arc<OnceLock<u64>>,
}

impl Source {
    /// Arguments first, then the lists in their order.
    ///
    /// # Errors
    ///
    /// If the reading thread cannot be started.
    pub fn new(arguments: &[String], lists: Vec<List>, config: InputConfig) -> io::Result<Self> {
        let mut ready = VecDeque::with_capacity(arguments.len());
        let mut index = 0;
        for (position, text) in arguments.iter().enumerate() {
            let place = || format!("argument {}", position + 1);
            // What a list would take for a comment is here a URL that is not one.
            let meaning = line::url(text, config, None);
            ready.push_back(Next::Item(item(index, place, meaning)));
            index += 1;
        }
        let total = Arc::new(OnceLock::new());
        let feed = if lists.is_empty() {
            total.get_or_init(|| index);
            None
        } else {
            Some(reader::start(lists, config, index, Arc::clone(&total))?)
        };
        Ok(Source { ready, feed, total })
    }

    /// The next item, if there is one without waiting.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator could not say that the next item is not there yet"
    )]
    pub fn next(&mut self) -> Next {
        if self.ready.is_empty()
            && let Some(feed) = &self.feed
        {
            match feed.try_recv() {
                Ok(message) => self.accept(message),
                Err(crossbeam_channel::TryRecvError::Empty) => return Next::Wait,
                Err(crossbeam_channel::TryRecvError::Disconnected) => self.feed = None,
            }
        }
        self.ready.pop_front().unwrap_or(Next::End)
    }

    /// How many items there are in all, once the input has been read to its end. That may be well
    /// before they have all been taken.
    pub fn total(&self) -> Option<u64> {
        self.total.get().copied()
    }

    /// Where the reading thread's messages arrive, while there may be more of them.
    pub fn feed(&self) -> Option<&Receiver<Message>> {
        self.feed.as_ref()
    }

    /// Takes a message that was received from [`feed`](Source::feed).
    pub fn accept(&mut self, message: Message) {
        match message {
            Message::Items(items) => self.ready.extend(items.into_iter().map(Next::Item)),
            Message::Unreadable(list) => self.ready.push_back(Next::Unreadable(list)),
        }
    }

    /// Everything that has been read and not yet taken; the rest will not be read.
    pub fn close(&mut self) -> impl Iterator<Item = Item> + use<> {
        self.feed = None;
        std::mem::take(&mut self.ready)
            .into_iter()
            .filter_map(|next| match next {
                Next::Item(item) => Some(item),
                _ => None,
            })
    }
}

impl std::fmt::Debug for List {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("List")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Gives what a line means its place in the input.
fn item(
    index: u64,
    place: impl FnOnce() -> String,
    meaning: Result<Meaning, line::BadLine>,
) -> Item {
    match meaning {
        Ok(Meaning {
            location,
            verb,
            headers,
            output,
            sha256,
        }) => Item::Target(Arc::new(Target {
            index,
            location,
            verb,
            headers,
            output,
            sha256,
        })),
        Err(bad) => Item::Bad(BadTarget {
            index,
            excerpt: bad.excerpt,
            message: format!("{}: {}", place(), bad.reason),
        }),
    }
}
