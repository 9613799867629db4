//! The input of a run: parses arguments, files and standard input into targets, lazily.
//!
//! * `line` parses one line: a URL, a JSON object, a comment, or a mistake.
//! * [`Source`] yields items in input order. `reader` reads files and standard input on a thread of its
//!   own, because a read may block (on a pipe, say) while results are reported. It stays a bounded
//!   number of lines ahead of the run (backpressure), so the length of a list costs no memory.
//! * `shard` decides which items belong to a run that takes one shard of its input.
//! * `count` counts the items of lists that are regular files, beside the run; `list_file` reads these at an offset of
//!   its own.
//! * `repeat` has the whole of it read several times.

mod beginning;
mod count;
mod feed;
mod line;
mod list_file;
mod reader;
mod repeat;
mod shard;

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvError, TryRecvError};

use crate::model::meta::Meta;
use crate::model::outcome::{Failure, FailureKind, Outcome};
use crate::model::target::{DefaultScheme, Target, Verb};
use crate::model::unreadable_list::UnreadableList;

pub use feed::TargetSender;
pub use line::MAX_LINE_BYTES;
use line::{BadLine, ParsedLine, UnparsedItem};
pub(crate) use list_file::FileVersion;
pub use list_file::ListFile;
use reader::rounds::{self, RoundLengths};
use repeat::{Arguments, RepeatedList};
pub use repeat::{ReadOnce, Repeat, RewrittenList};
use shard::ShardFilter;
pub use shard::{Shard, ShardBy, ShardError, Sharding, UnevenShards};

/// The defaults for lines that do not say it themselves.
#[derive(Debug, Clone, Copy, Default)]
pub struct InputConfig {
    /// The scheme for schemeless text.
    pub default_scheme: DefaultScheme,
    /// The end of each line.
    pub separator: Separator,
    /// The action of a target whose line names none.
    pub verb: Verb,
    /// Tells that bodies become files, which lines may name (`"output"`). The targets of other shards are then
    /// items too, because names depend on the whole list.
    pub names_files: bool,
    /// The shard of the input that the run takes; `None` takes all of it.
    pub sharding: Option<Sharding>,
    /// The number of times that the whole input is read.
    pub repeat: Repeat,
}

/// The byte that ends each line of a list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Separator {
    /// A line feed.
    #[default]
    LineFeed,
    /// NUL. Lines are called records then, and a JSON object may take several lines.
    Nul,
}

impl Separator {
    fn byte(self) -> u8 {
        match self {
            Separator::LineFeed => b'\n',
            Separator::Nul => 0,
        }
    }
}

/// One item of the input.
#[derive(Debug)]
pub enum Item {
    /// A target.
    Target(Arc<Target>),
    /// A line or an argument that is no target.
    Bad(BadTarget),
    /// A target of another shard: it is not fetched, and its file has a name.
    Elsewhere(Arc<Target>),
}

/// The numbers of items that were read.
#[derive(Debug, Clone, Copy, Default)]
struct ItemNumbers {
    /// Those of all shards: the index of the next one.
    read: u64,
    /// Those of the run's shard.
    taken: u64,
}

/// An input that has been read to its end.
#[derive(Debug)]
struct WholeInput {
    /// The number of the items of all shards.
    read: u64,
    /// The number of the run's items.
    total: u64,
    /// The reason why its shards are uneven, if there are several.
    uneven: Option<UnevenShards>,
}

impl WholeInput {
    fn new(numbers: ItemNumbers, filter: &ShardFilter) -> Self {
        WholeInput {
            read: numbers.read,
            total: numbers.taken,
            uneven: filter.uneven(numbers),
        }
    }
}

/// A line or an argument that is no target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadTarget {
    /// The position in the whole input, from 0, as a target's.
    pub index: u64,
    /// An excerpt of the text that is safe to show, without credentials.
    pub excerpt: Arc<str>,
    /// The file and line, and the mistake, in one line.
    pub message: String,
    /// JSON that its result has as well, as far as it could be read.
    pub meta: Option<Meta>,
}

impl Item {
    /// The item as the run's shard has it. A mistake is reported by the shard that it belongs to.
    fn in_shard(self, is_taken: bool) -> Option<Self> {
        match self {
            item if is_taken => Some(item),
            Item::Target(target) => Some(Item::Elsewhere(target)),
            Item::Bad(_) | Item::Elsewhere(_) => None,
        }
    }
}

impl BadTarget {
    /// The failed outcome that stands for it.
    pub fn into_outcome(self) -> Outcome {
        let failure = Failure {
            kind: FailureKind::Input,
            phase: None,
            message: self.message,
            is_transient: false,
            is_alone: false,
        };
        let mut outcome = Outcome::untried(self.index, self.excerpt, Verb::Get, failure);
        if let Some(meta) = self.meta {
            outcome.details_mut().meta = Some(meta);
        }
        outcome
    }
}

/// A list to read.
pub struct List {
    /// The name in messages.
    pub name: String,
    /// The bytes of the list.
    pub bytes: Box<dyn Read + Send>,
    /// The regular file that they are read from, to count its items beside the run. A list without one is
    /// counted by reading it to its end.
    pub file: Option<ListFile>,
}

/// A message of the reading thread.
#[derive(Debug)]
pub enum Message {
    /// Items, in order.
    Items(Vec<Item>),
    /// A list could not be read to its end. The next one follows.
    Unreadable(UnreadableList),
    /// A list that is repeated was written to meanwhile.
    Rewritten(RewrittenList),
}

/// The answer of [`Source::next`].
#[derive(Debug)]
pub enum NextInput {
    /// The next item.
    Item(Item),
    /// A list could not be read to its end.
    Unreadable(UnreadableList),
    /// A list that is repeated was written to meanwhile.
    Rewritten(RewrittenList),
    /// There is no item yet: wait for a message on [`Source::receiver`].
    Wait,
    /// There are no more items.
    End,
}

/// All the input of a run, in order.
#[derive(Debug)]
pub struct Source {
    ready: VecDeque<NextInput>,
    messages: Option<Receiver<Message>>,
    whole: Arc<OnceLock<WholeInput>>,
    /// The number of items as counted beside the run, until it has been taken; `None` too if a list cannot be
    /// counted.
    count: Option<Receiver<u64>>,
    /// The number of items of a round, of an input that is repeated.
    round: Option<Arc<OnceLock<u64>>>,
}

impl Source {
    /// Yields the arguments first, then the lists in their order; all that as often as `config` says. An argument that
    /// is not UTF-8 is a bad target, as a line of a list is.
    ///
    /// # Errors
    ///
    /// If the reading thread cannot be started; if a list is to be read again that cannot be ([`ReadOnce`]).
    pub fn new<A: AsRef<OsStr>>(
        arguments: &[A],
        lists: Vec<List>,
        config: InputConfig,
    ) -> io::Result<Self> {
        if config.repeat.is_repeated() {
            let lists = lists.into_iter().map(RepeatedList::new);
            let lists = lists
                .collect::<Result<_, _>>()
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
            return Source::of_rounds(Arguments::parse(arguments, config), lists, config);
        }
        let mut ready = VecDeque::with_capacity(arguments.len());
        let mut numbers = ItemNumbers::default();
        let mut filter = ShardFilter::new(config);
        for (position, text) in arguments.iter().enumerate() {
            let bytes = text.as_ref().as_bytes();
            let index = numbers.read;
            numbers.read += 1;
            let is_taken = filter.takes(index, Some(UnparsedItem::Argument(bytes)));
            numbers.taken += u64::from(is_taken);
            if !is_taken && !config.names_files {
                continue;
            }
            let origin = || format!("argument {}", position + 1);
            let item = item(index, origin, line::parse_argument(bytes, config));
            ready.extend(item.in_shard(is_taken).map(NextInput::Item));
        }
        let whole = Arc::new(OnceLock::new());
        let (messages, count) = if lists.is_empty() {
            whole.get_or_init(|| WholeInput::new(numbers, &filter));
            (None, None)
        } else {
            let start = (numbers, filter);
            let (messages, count) = reader::start(lists, config, start, Arc::clone(&whole))?;
            (Some(messages), count)
        };
        Ok(Source {
            ready,
            messages,
            whole,
            count,
            round: None,
        })
    }

    /// An input that is repeated. All of it comes from the reading thread: it may have any number of rounds.
    fn of_rounds(
        arguments: Arguments,
        lists: Vec<RepeatedList>,
        config: InputConfig,
    ) -> io::Result<Self> {
        let lengths = RoundLengths::default();
        let (whole, round) = (Arc::clone(&lengths.whole), Arc::clone(&lengths.round));
        let (messages, count) = rounds::start(arguments, lists, config, lengths)?;
        Ok(Source {
            ready: VecDeque::new(),
            messages: Some(messages),
            whole,
            count,
            round: Some(round),
        })
    }

    /// A source of what comes through a channel, until that is disconnected.
    fn of_messages(messages: Receiver<Message>) -> Self {
        Source {
            ready: VecDeque::new(),
            messages: Some(messages),
            whole: Arc::default(),
            count: None,
            round: None,
        }
    }

    /// Takes the next item without blocking.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator has no answer for an item that is not there yet"
    )]
    pub fn next(&mut self) -> NextInput {
        if self.ready.is_empty()
            && let Some(messages) = &self.messages
        {
            match messages.try_recv() {
                Ok(message) => self.accept(message),
                Err(TryRecvError::Empty) => return NextInput::Wait,
                Err(TryRecvError::Disconnected) => self.messages = None,
            }
        }
        self.ready.pop_front().unwrap_or(NextInput::End)
    }

    /// The number of the run's items in all, once the input has been read to its end. That may be well before
    /// they have all been taken.
    pub fn total(&self) -> Option<u64> {
        Some(self.whole.get()?.total)
    }

    /// The number of the items of all shards, once the input has been read to its end.
    pub fn total_of_all_shards(&self) -> Option<u64> {
        Some(self.whole.get()?.read)
    }

    /// The reason why the shards are uneven, if the items are dealt out to several by their hosts. Known once the
    /// input has been read to its end.
    pub fn uneven_shards(&self) -> Option<&UnevenShards> {
        self.whole.get()?.uneven.as_ref()
    }

    /// The number of items of a round, of all shards, once the first one has been read of an input that is repeated.
    /// What comes after it has been there before: it is of no other host.
    pub fn round(&self) -> Option<u64> {
        self.round.as_ref()?.get().copied()
    }

    /// The channel of the number of items that is counted beside the run, as long as it may come.
    pub fn count(&self) -> Option<&Receiver<u64>> {
        self.count.as_ref()
    }

    /// Takes the number that was received from the [channel](Source::count), or the news that none will come.
    /// A list that changes while it is read may turn out to have another [total](Source::total).
    pub fn accept_count(&mut self, received: Result<u64, RecvError>) -> Option<u64> {
        self.count = None;
        received.ok()
    }

    /// The number that was counted beside the run, once.
    pub fn take_count(&mut self) -> Option<u64> {
        match self.count.as_ref()?.try_recv() {
            Err(TryRecvError::Empty) => None,
            received => self.accept_count(received.map_err(|_| RecvError)),
        }
    }

    /// The number of items in all, waited for until `timeout` if it is being counted: after
    /// [`close`](Source::close) the reading thread does nothing else.
    pub fn total_within(&mut self, timeout: Duration) -> Option<u64> {
        let counted = self.count.take().map(|count| count.recv_timeout(timeout));
        self.total().or_else(|| counted?.ok())
    }

    /// The channel of the reading thread's messages, while there may be more of them.
    pub fn receiver(&self) -> Option<&Receiver<Message>> {
        self.messages.as_ref()
    }

    /// Takes a message that was received from the [channel](Source::receiver).
    pub fn accept(&mut self, message: Message) {
        match message {
            Message::Items(items) => self.ready.extend(items.into_iter().map(NextInput::Item)),
            Message::Unreadable(list) => self.ready.push_back(NextInput::Unreadable(list)),
            Message::Rewritten(list) => self.ready.push_back(NextInput::Rewritten(list)),
        }
    }

    /// Waits for a message of the reading thread, and takes it; returns at once if there are no more. Then
    /// [`next`](Source::next) has another answer than [`Wait`](NextInput::Wait).
    pub fn wait(&mut self) {
        // The end of the channel is that of the input, which `next` finds.
        if let Some(message) = self.receiver().and_then(|messages| messages.recv().ok()) {
            self.accept(message);
        }
    }

    /// Ends the reading. Returns the items that have been read and not yet taken.
    pub fn close(&mut self) -> impl Iterator<Item = Item> + use<> {
        self.messages = None;
        std::mem::take(&mut self.ready)
            .into_iter()
            .filter_map(|next| match next {
                NextInput::Item(item) => Some(item),
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

/// Makes an item of a parsed line. `origin` names the line in a message.
fn item(index: u64, origin: impl FnOnce() -> String, parsed: Result<ParsedLine, BadLine>) -> Item {
    match parsed {
        Ok(ParsedLine {
            location,
            verb,
            headers,
            output,
            sha256,
            meta,
        }) => Item::Target(Arc::new(Target {
            index,
            location,
            verb,
            headers,
            output,
            sha256,
            meta,
        })),
        Err(bad) => Item::Bad(BadTarget {
            index,
            excerpt: bad.excerpt,
            message: format!("{}: {}", origin(), bad.reason),
            meta: bad.meta,
        }),
    }
}
