//! The body of a response, wherever it is read from.

use std::io::{self, Read};

use ureq::{Body, BodyReader};

use super::transport::WholeBody;

/// The body of a response. Unread and dropped, it costs its connection, unless all of it has come.
#[derive(Debug)]
pub(super) enum ResponseBody {
    /// It came whole with its head, as most small ones do: its bytes are here already.
    Whole(WholeBody),
    /// ureq reads it from the connection.
    Coming(Body),
}

impl ResponseBody {
    pub(super) fn reader(&mut self) -> ResponseReader<'_> {
        match self {
            ResponseBody::Whole(body) => ResponseReader::Whole(body),
            ResponseBody::Coming(body) => ResponseReader::Coming(body.as_reader()),
        }
    }
}

/// The reader of a [`ResponseBody`].
pub(super) enum ResponseReader<'a> {
    Whole(&'a mut WholeBody),
    Coming(BodyReader<'a>),
}

impl ResponseReader<'_> {
    /// Drops the body, if all of it is here, and returns its length.
    pub(super) fn discard_whole(&mut self) -> Option<usize> {
        match self {
            ResponseReader::Whole(body) => Some(body.discard()),
            ResponseReader::Coming(_) => None,
        }
    }
}

impl Read for ResponseReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            ResponseReader::Whole(body) => body.read(buffer),
            ResponseReader::Coming(body) => body.read(buffer),
        }
    }
}
