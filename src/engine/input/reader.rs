//! The reader: a thread that reads lists line by line, a bounded number of items ahead of the run. `rounds` reads an
//! input that is repeated.

pub(super) mod rounds;

use std::io::{self, BufRead, BufReader, Read};
use std::sync::{Arc, OnceLock};
use std::thread;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use super::beginning::{READ_BUFFER, check_text, without_bom};
use super::count::ItemCount;
use super::line::{self, BadLine, MAX_LINE_BYTES, UnparsedItem};
use super::repeat::Arguments;
use super::shard::ShardFilter;
use super::{InputConfig, Item, ItemNumbers, List, Message, Separator, WholeInput, item};
use crate::model::target::Location;
use crate::model::unreadable_list::UnreadableList;

/// The number of items in one message.
const BATCH: usize = 128;

/// The capacity of the channel in messages: it bounds how far the reader is ahead.
const BATCHES: usize = 4;

/// Starts reading the lists after the items that `before` counts and `filter` has seen. When all have been read,
/// `whole` is set, with the number of the run's items. If all lists are regular files, that number may come before,
/// counted, from the second receiver.
pub(super) fn start(
    mut lists: Vec<List>,
    config: InputConfig,
    (before, filter): (ItemNumbers, ShardFilter),
    whole: Arc<OnceLock<WholeInput>>,
) -> io::Result<(Receiver<Message>, Option<Receiver<u64>>)> {
    let (sender, receiver) = bounded(BATCHES);
    let files: Option<Vec<_>> = lists.iter_mut().map(|list| list.file.take()).collect();
    let none = Arguments::default();
    let (count, counted) = files
        .and_then(|files| ItemCount::new(files, &none, before, config))
        .unzip();
    let mut reader = ListReader::new(config, (before, filter), sender, count);
    // Not joined, because the thread may block on a terminal or a pipe for ever. It ends with its input,
    // or when the run has dropped the receiver.
    thread::Builder::new()
        .name("pfetch-input".to_owned())
        .spawn(move || {
            for List { name, bytes, .. } in lists {
                let sent = match reader.read(&name, bytes) {
                    Ok(()) => reader.flush(),
                    Err(ListError::Unreadable(reason)) => reader.flush().and_then(|()| {
                        reader.send(Message::Unreadable(UnreadableList { name, reason }))
                    }),
                    Err(ListError::Disconnected) => Err(ListError::Disconnected),
                };
                if sent.is_err() {
                    return;
                }
            }
            whole.get_or_init(|| WholeInput::new(reader.numbers, &reader.filter));
        })?;
    Ok((receiver, counted))
}

struct ListReader {
    config: InputConfig,
    numbers: ItemNumbers,
    filter: ShardFilter,
    /// Targets of the run so far.
    targets: u64,
    /// False if no read blocks, so that each batch may wait until it is full.
    may_block: bool,
    batch: Vec<Item>,
    /// The last URL, or one of its origin: lines near it are parsed faster.
    previous: Option<Location>,
    sender: Sender<Message>,
    /// The count of the lists, until it is over.
    count: Option<ItemCount>,
}

/// The reason why a list is not read to its end.
enum ListError {
    /// The list cannot be read, for this reason.
    Unreadable(String),
    /// The run has dropped the receiver.
    Disconnected,
}

impl ListReader {
    fn new(
        config: InputConfig,
        (numbers, filter): (ItemNumbers, ShardFilter),
        sender: Sender<Message>,
        count: Option<ItemCount>,
    ) -> Self {
        ListReader {
            config,
            numbers,
            filter,
            targets: 0,
            may_block: true,
            batch: Vec::with_capacity(BATCH),
            previous: None,
            sender,
            count,
        }
    }

    fn read(&mut self, name: &str, bytes: impl Read) -> Result<(), ListError> {
        let mut bytes = BufReader::with_capacity(READ_BUFFER, bytes);
        let separator = self.config.separator.byte();
        // The line so far, cut at the maximum, and its full length.
        let mut kept: Vec<u8> = Vec::new();
        let mut length: u64 = 0;
        let mut number: u64 = 1;
        let mut is_first = true;
        loop {
            if self.may_block && bytes.buffer().is_empty() {
                // The next read may block; the run can work on the items so far meanwhile.
                self.flush()?;
            }
            let chunk = match bytes.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(ListError::Unreadable(error.to_string())),
            };
            if chunk.is_empty() {
                if length > 0 {
                    self.line(name, number, &kept, length)?;
                }
                return Ok(());
            }
            let mut skip = 0;
            if is_first {
                is_first = false;
                check_text(chunk, self.config.separator).map_err(ListError::Unreadable)?;
                skip = chunk.len() - without_bom(chunk).len();
            }
            let end = memchr::memchr(separator, &chunk[skip..]);
            let (piece, used, is_whole) = match end {
                Some(end) => (&chunk[skip..skip + end], skip + end + 1, true),
                None => (&chunk[skip..], chunk.len(), false),
            };
            if is_whole && length == 0 && piece.len() <= MAX_LINE_BYTES {
                // The whole line is in the buffer, as most are.
                self.line(name, number, piece, piece.len() as u64)?;
                bytes.consume(used);
                number += 1;
                continue;
            }
            let room = MAX_LINE_BYTES - kept.len();
            kept.extend_from_slice(&piece[..piece.len().min(room)]);
            length += piece.len() as u64;
            bytes.consume(used);
            if is_whole {
                self.line(name, number, &kept, length)?;
                kept.clear();
                length = 0;
                number += 1;
            }
        }
    }

    /// Adds one line to the batch. `kept` is the line, or the beginning of one that is too long.
    fn line(&mut self, name: &str, number: u64, kept: &[u8], length: u64) -> Result<(), ListError> {
        let is_long = length > kept.len() as u64;
        if !is_long && line::is_blank(kept) {
            return Ok(());
        }
        let index = self.numbers.read;
        let is_taken = self.count_item((!is_long).then_some(UnparsedItem::Line(kept)));
        if !is_taken && !self.config.names_files {
            return Ok(());
        }
        let parsed = match is_long {
            true => Err(line::too_long(kept, length)),
            false => line::parse(kept, self.config, self.previous.as_ref()),
        };
        if let Ok(line::ParsedLine { location, .. }) = &parsed
            && !self
                .previous
                .as_ref()
                .is_some_and(|previous| previous.same_origin(location))
        {
            self.previous = Some(location.clone());
        }
        let parsed = parsed.map_err(|bad| self.explain(bad, kept));
        let origin = || match self.config.separator {
            Separator::LineFeed => format!("{name}:{number}"),
            Separator::Nul => format!("{name}, record {number}"),
        };
        let item = item(index, origin, parsed).in_shard(is_taken);
        self.push(item)
    }

    /// Counts an item. Returns true if it belongs to the run's shard. `entry` is `None` for a line that is too long.
    fn count_item(&mut self, entry: Option<UnparsedItem<'_>>) -> bool {
        let is_taken = self.filter.takes(self.numbers.read, entry);
        self.numbers.read += 1;
        self.numbers.taken += u64::from(is_taken);
        is_taken
    }

    /// Adds an item to the batch, which is sent if it is full.
    fn push(&mut self, item: Option<Item>) -> Result<(), ListError> {
        self.targets += u64::from(matches!(item, Some(Item::Target(_))));
        self.batch.extend(item);
        match self.batch.len() {
            BATCH => self.flush(),
            _ => Ok(()),
        }
    }

    /// Adds to a bad record that it looks like a list of lines.
    fn explain(&self, mut bad: BadLine, record: &[u8]) -> BadLine {
        if self.config.separator == Separator::Nul && record.trim_ascii().contains(&b'\n') {
            bad.reason += " (there are line ends in it: without -0, each ends a URL)";
        }
        bad
    }

    fn flush(&mut self) -> Result<(), ListError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        self.send(Message::Items(batch))
    }

    /// Sends a message. While the run is behind, the time is used to count the lists, before this blocks.
    fn send(&mut self, mut message: Message) -> Result<(), ListError> {
        while let Some(count) = self.count.take() {
            match self.sender.try_send(message) {
                Ok(()) => {
                    self.count = Some(count);
                    return Ok(());
                }
                Err(TrySendError::Full(unsent)) => {
                    message = unsent;
                    self.count = count.step();
                }
                Err(TrySendError::Disconnected(_)) => {
                    count.finish();
                    return Err(ListError::Disconnected);
                }
            }
        }
        self.sender
            .send(message)
            .map_err(|_| ListError::Disconnected)
    }
}
