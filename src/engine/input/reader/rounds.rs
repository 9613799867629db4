//! The rounds of an input that is repeated. All its lists are regular files, whose reads do not block: a batch is sent
//! when it is full, however short the lists are.

use std::io;
use std::sync::{Arc, OnceLock};
use std::thread;

use crossbeam_channel::{Receiver, bounded};

use super::super::count::ItemCount;
use super::super::repeat::{Arguments, Repeat, RepeatedList};
use super::super::shard::ShardFilter;
use super::super::{InputConfig, ItemNumbers, Message, WholeInput, item};
use super::{BATCHES, ListError, ListReader, UnparsedItem};
use crate::model::unreadable_list::UnreadableList;

/// The lengths of an input that is repeated, once they are known.
#[derive(Debug, Default)]
pub(in crate::engine::input) struct RoundLengths {
    /// Set when all rounds have been read.
    pub(in crate::engine::input) whole: Arc<OnceLock<WholeInput>>,
    /// The number of items of the first round, of all shards.
    pub(in crate::engine::input) round: Arc<OnceLock<u64>>,
}

/// Starts reading the rounds. The number of the run's items may come before they have been read, counted, from the
/// second receiver.
pub(in crate::engine::input) fn start(
    arguments: Arguments,
    lists: Vec<RepeatedList>,
    config: InputConfig,
    lengths: RoundLengths,
) -> io::Result<(Receiver<Message>, Option<Receiver<u64>>)> {
    let (sender, receiver) = bounded(BATCHES);
    let files = lists.iter().map(|list| list.file.clone()).collect();
    let mut numbers = ItemNumbers::default();
    arguments.count(&mut numbers, &mut ShardFilter::new(config));
    let (count, counted) = ItemCount::new(files, &arguments, numbers, config).unzip();
    let start = (ItemNumbers::default(), ShardFilter::new(config));
    let mut reader = ListReader::new(config, start, sender, count);
    reader.may_block = false;
    thread::Builder::new()
        .name("pfetch-input".to_owned())
        .spawn(move || {
            let read = reader.read_rounds(&arguments, lists, &lengths.round);
            if read.is_ok() {
                let whole = || WholeInput::new(reader.numbers, &reader.filter);
                lengths.whole.get_or_init(whole);
            }
        })?;
    Ok((receiver, counted))
}

impl ListReader {
    fn read_rounds(
        &mut self,
        arguments: &Arguments,
        mut lists: Vec<RepeatedList>,
        first: &OnceLock<u64>,
    ) -> Result<(), ListError> {
        let mut rounds: u64 = 0;
        loop {
            let (read, targets) = (self.numbers.read, self.targets);
            self.read_arguments(arguments)?;
            let mut readable = Vec::with_capacity(lists.len());
            for mut list in lists {
                match self.read(&list.name, list.file.bytes()) {
                    Ok(()) => {
                        // After it: what was written while it was read is in it, or is in the next round.
                        if let Some(rewritten) = list.take_rewritten() {
                            self.flush()?;
                            self.send(Message::Rewritten(rewritten))?;
                        }
                        readable.push(list);
                    }
                    // It is told of once, and has no part in later rounds.
                    Err(ListError::Unreadable(reason)) => {
                        self.flush()?;
                        let RepeatedList { name, .. } = list;
                        self.send(Message::Unreadable(UnreadableList { name, reason }))?;
                    }
                    Err(ListError::Disconnected) => return Err(ListError::Disconnected),
                }
            }
            lists = readable;
            rounds += 1;
            first.get_or_init(|| self.numbers.read - read);
            let is_last = match self.config.repeat {
                // All rounds after an empty one are as empty.
                Repeat::Times(times) => rounds >= times.get() || self.numbers.read == read,
                Repeat::Endless => self.targets == targets,
            };
            if is_last {
                return self.flush();
            }
        }
    }

    fn read_arguments(&mut self, arguments: &Arguments) -> Result<(), ListError> {
        for (position, (bytes, parsed)) in arguments.iter().enumerate() {
            let index = self.numbers.read;
            let is_taken = self.count_item(Some(UnparsedItem::Argument(bytes)));
            if is_taken || self.config.names_files {
                let origin = || format!("argument {}", position + 1);
                let item = item(index, origin, parsed.clone());
                self.push(item.in_shard(is_taken))?;
            }
        }
        Ok(())
    }
}
