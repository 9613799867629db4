//! The thread that reads lists.

use std::io::{self, BufRead, BufReader, Read};
use std::sync::{Arc, OnceLock};
use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};

use super::line::{self, MAX_LINE_BYTES};
use super::{InputConfig, Item, List, Message, Unreadable, item};
use crate::model::target::Location;

/// Items in one message, and messages that may wait: how far the reader may be ahead.
const BATCH: usize = 128;
const BATCHES: usize = 4;

const BUFFER: usize = 64 * 1024;

/// Starts reading the lists, numbering their items from `index`. When all have been read, `total`
/// is set to the number that the next item would have had.
pub(super) fn start(
    lists: Vec<List>,
    config: InputConfig,
    index: u64,
    total: Arc<OnceLock<u64>>,
) -> io::Result<Receiver<Message>> {
    let (sender, receiver) = bounded(BATCHES);
    let mut reader = Reader {
        config,
        index,
        batch: Vec::with_capacity(BATCH),
        near: None,
        sender,
    };
    // Not joined: the thread may wait for a terminal or a pipe for ever. It ends with its input,
    // or when the run no longer listens.
    thread::Builder::new()
        .name("pfetch-input".to_owned())
        .spawn(move || {
            for List { name, bytes } in lists {
                let told = match reader.read(&name, bytes) {
                    Ok(()) => reader.flush(),
                    Err(Ended::Unreadable(reason)) => reader.flush().and_then(|()| {
                        reader.send(Message::Unreadable(Unreadable { name, reason }))
                    }),
                    Err(Ended::Unheard) => Err(Ended::Unheard),
                };
                if told.is_err() {
                    return;
                }
            }
            total.get_or_init(|| reader.index);
        })?;
    Ok(receiver)
}

struct Reader {
    config: InputConfig,
    index: u64,
    batch: Vec<Item>,
    /// A URL of the origin that the last one had.
    near: Option<Location>,
    sender: Sender<Message>,
}

/// Why a list was left before its end.
enum Ended {
    /// It cannot be read, for this reason.
    Unreadable(String),
    /// The run is over.
    Unheard,
}

impl Reader {
    fn read(&mut self, name: &str, bytes: impl Read) -> Result<(), Ended> {
        let mut bytes = BufReader::with_capacity(BUFFER, bytes);
        // The line so far: as much of it as is kept, and its whole length.
        let mut kept: Vec<u8> = Vec::new();
        let mut length: u64 = 0;
        let mut number: u64 = 1;
        let mut is_first = true;
        loop {
            if bytes.buffer().is_empty() {
                // The next read may wait; what is there already is worth working on meanwhile.
                self.flush()?;
            }
            let chunk = match bytes.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Ended::Unreadable(error.to_string())),
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
                check_text(chunk)?;
                skip = if chunk.starts_with(b"\xef\xbb\xbf") {
                    3
                } else {
                    0
                };
            }
            let (piece, used, is_whole) = match chunk[skip..].iter().position(|&b| b == b'\n') {
                Some(end) => (&chunk[skip..skip + end], skip + end + 1, true),
                None => (&chunk[skip..], chunk.len(), false),
            };
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

    /// Takes one line in, of which `kept` is all, or the beginning if it is too long.
    fn line(&mut self, name: &str, number: u64, kept: &[u8], length: u64) -> Result<(), Ended> {
        let meaning = if length > kept.len() as u64 {
            Err(line::too_long(kept, length))
        } else {
            match line::read(kept, self.config, self.near.as_ref()) {
                Some(meaning) => meaning,
                None => return Ok(()),
            }
        };
        if let Ok(line::Meaning { location, .. }) = &meaning
            && !self
                .near
                .as_ref()
                .is_some_and(|near| near.same_origin(location))
        {
            self.near = Some(location.clone());
        }
        let place = || format!("{name}:{number}");
        self.batch.push(item(self.index, place, meaning));
        self.index += 1;
        if self.batch.len() == BATCH {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Ended> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BATCH));
        self.send(Message::Items(batch))
    }

    fn send(&self, message: Message) -> Result<(), Ended> {
        self.sender.send(message).map_err(|_| Ended::Unheard)
    }
}

/// A list is text. What is not is refused as a whole: line by line it would be a flood of errors.
fn check_text(beginning: &[u8]) -> Result<(), Ended> {
    if beginning.starts_with(b"\xff\xfe") || beginning.starts_with(b"\xfe\xff") {
        return Err(Ended::Unreadable(
            "this is UTF-16 text; convert it to UTF-8".to_owned(),
        ));
    }
    match beginning.iter().position(|&b| b == 0) {
        Some(at) => Err(Ended::Unreadable(format!(
            "this is a binary file (NUL byte at offset {at}); give a text file with a URL a line"
        ))),
        None => Ok(()),
    }
}
