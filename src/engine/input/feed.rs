//! Targets from a program instead of a list: of an iterator, or sent while the run goes on.

use std::io;
use std::sync::{Arc, OnceLock};
use std::thread;

use crossbeam_channel::{Sender, bounded, unbounded};

use super::{BadTarget, Item, Message, Source, WholeInput};
use crate::model::target::Target;
use crate::model::text::excerpt;

/// The targets of an iterator that are read ahead of the run.
const READ_AHEAD: usize = 512;

/// The characters of a bad URL that are shown.
const MAX_SHOWN: usize = 200;

/// Gives targets to a [`Source`], in their order. The source ends once this is dropped.
#[derive(Debug)]
pub struct TargetSender {
    sender: Sender<Message>,
    sent: u64,
    whole: Arc<OnceLock<WholeInput>>,
}

impl TargetSender {
    fn new(sender: Sender<Message>, whole: Arc<OnceLock<WholeInput>>) -> Self {
        TargetSender {
            sender,
            sent: 0,
            whole,
        }
    }

    /// Sends a target, whose index becomes the number of those before it. Returns false if the run takes no more.
    pub fn send(&mut self, mut target: Target) -> bool {
        target.index = self.sent;
        self.send_item(Item::Target(Arc::new(target)))
    }

    /// Sends a URL. One that is none is a failed outcome of the run. Returns false if the run takes no more.
    pub fn send_url(&mut self, url: &str) -> bool {
        match Target::get(url) {
            Ok(target) => self.send(target),
            Err(error) => self.send_item(Item::Bad(BadTarget {
                index: self.sent,
                excerpt: excerpt(url, MAX_SHOWN).into(),
                message: error.to_string(),
                meta: None,
            })),
        }
    }

    fn send_item(&mut self, item: Item) -> bool {
        self.sent += 1;
        self.sender.send(Message::Items(vec![item])).is_ok()
    }
}

impl Drop for TargetSender {
    fn drop(&mut self) {
        // Before the channel is disconnected, by which the source knows that it has ended.
        self.whole.get_or_init(|| WholeInput {
            read: self.sent,
            total: self.sent,
            uneven: None,
        });
    }
}

impl Source {
    /// A source of targets that are sent while the run goes on, in any number.
    pub fn channel() -> (TargetSender, Self) {
        let (sender, receiver) = unbounded();
        let source = Source::of_messages(receiver);
        let sender = TargetSender::new(sender, Arc::clone(&source.whole));
        (sender, source)
    }

    /// Yields the URLs of an iterator, which a thread of its own reads a bounded number ahead of the run.
    ///
    /// # Errors
    ///
    /// If the thread cannot be started.
    pub fn urls<U>(urls: U) -> io::Result<Self>
    where
        U: Iterator + Send + 'static,
        U::Item: AsRef<str>,
    {
        let (sender, receiver) = bounded(READ_AHEAD);
        let source = Source::of_messages(receiver);
        let mut sender = TargetSender::new(sender, Arc::clone(&source.whole));
        thread::Builder::new()
            .name("pfetch-input".to_owned())
            .spawn(move || {
                for url in urls {
                    if !sender.send_url(url.as_ref()) {
                        return;
                    }
                }
            })?;
        Ok(source)
    }
}

#[cfg(test)]
mod tests {
    use super::super::NextInput;
    use super::*;

    /// Takes the next item, waiting for it.
    fn next(source: &mut Source) -> NextInput {
        loop {
            match source.next() {
                NextInput::Wait => source.wait(),
                next => return next,
            }
        }
    }

    fn index(next: &NextInput) -> Option<u64> {
        match next {
            NextInput::Item(Item::Target(target)) => Some(target.index),
            NextInput::Item(Item::Bad(bad)) => Some(bad.index),
            _ => None,
        }
    }

    #[test]
    fn targets_are_numbered_as_they_are_sent_and_counted_at_the_end() {
        let (mut sender, mut source) = Source::channel();
        assert!(matches!(source.next(), NextInput::Wait));
        assert!(sender.send_url("http://h/0"));
        assert!(sender.send_url("ftp://h/1"));
        assert_eq!(index(&next(&mut source)), Some(0));
        let bad = next(&mut source);
        assert!(matches!(bad, NextInput::Item(Item::Bad(_))), "{bad:?}");
        assert_eq!((index(&bad), source.total()), (Some(1), None));
        drop(sender);
        assert_eq!(source.total(), Some(2));
        assert!(matches!(next(&mut source), NextInput::End));
    }

    #[test]
    fn an_iterator_is_read_no_further_than_the_run_needs() {
        let (asked, told) = unbounded();
        let urls = (0..).map(move |number: u64| {
            // Nobody listens once the test is over.
            let _ = asked.send(number);
            format!("http://h/{number}")
        });
        let mut source = Source::urls(urls).expect("a thread can be started");
        for number in 0..10 {
            assert_eq!(index(&next(&mut source)), Some(number));
        }
        drop(source);
        // The thread ends with the source: an iterator without an end is dropped, and its channel with it.
        let read = told.iter().count();
        assert!(read <= READ_AHEAD + 12, "{read}");
    }
}
