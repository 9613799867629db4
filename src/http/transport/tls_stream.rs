//! TLS over another stream, by rustls's interface without buffers: records are received into one buffer, as many
//! as have come, and decrypted in place.
//!
//! rustls's own stream reads 4 KiB at a time, a quarter of a record, and keeps its buffers while the connection
//! lies idle. This one frees them then, so that a run may keep a thousand.

use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::pki_types::ServerName;
use rustls::unbuffered::{
    ConnectionState, EncodeError, EncodeTlsData, EncryptError, UnbufferedStatus, WriteTraffic,
};

use super::stream::ByteStream;
use crate::http::request_clock::RequestClock;

/// The sizes of the buffer for incoming records, each for when the one before was filled: a short response, the
/// largest record (RFC 8446, 5.2, and RFC 5246, 6.2.3), four of the usual 16 KiB.
const READ_SIZES: [usize; 3] = [4 * 1024, 20 * 1024, 65 * 1024];

/// The largest buffer: a handshake message of 64 KiB, rustls's limit, and a record. Needed where a smaller one is
/// full of what cannot be processed yet.
const MAX_INCOMING: usize = 84 * 1024;

/// The most bytes that are encrypted at once: a record (RFC 8446, 5.1).
const MAX_FRAGMENT: usize = 16 * 1024;

/// The bytes that encryption adds to a record at the most: header, explicit nonce, content type and tag.
const RECORD_OVERHEAD: usize = 5 + 8 + 1 + 16;

/// A TLS connection after its handshake, over a stream.
pub(super) struct TlsStream {
    connection: UnbufferedClientConnection,
    stream: Box<dyn ByteStream>,
    /// Records as they came. Those that are not processed yet are at `processed..`.
    incoming: Vec<u8>,
    processed: usize,
    /// The last read filled the buffer.
    is_tight: bool,
    /// Decrypted bytes for which the reader had no room. The unread ones are at `read..`.
    surplus: Vec<u8>,
    read: usize,
    /// Encrypted records that go out next.
    outgoing: Vec<u8>,
    /// The server has said that nothing more comes (close_notify).
    is_ended: bool,
    /// The error that ended the connection.
    failed: Option<rustls::Error>,
}

/// The place for decrypted bytes.
struct PlaintextRoom<'a> {
    /// `None` if nobody reads: all is surplus.
    buffer: Option<&'a mut [u8]>,
    filled: usize,
    /// The reader wants their number, and not the bytes.
    drops: bool,
}

impl<'a> PlaintextRoom<'a> {
    fn none() -> Self {
        PlaintextRoom {
            buffer: None,
            filled: 0,
            drops: false,
        }
    }

    fn new(buffer: &'a mut [u8], drops: bool) -> Self {
        PlaintextRoom {
            buffer: Some(buffer),
            filled: 0,
            drops,
        }
    }

    fn is_full(&self) -> bool {
        let buffer = self.buffer.as_ref();
        buffer.is_some_and(|buffer| self.filled == buffer.len())
    }

    /// Takes as many of these bytes as fit. Returns the others.
    fn take<'b>(&mut self, bytes: &'b [u8]) -> &'b [u8] {
        let Some(buffer) = &mut self.buffer else {
            return bytes;
        };
        let free = &mut buffer[self.filled..];
        let (taken, others) = bytes.split_at(bytes.len().min(free.len()));
        if !self.drops {
            free[..taken.len()].copy_from_slice(taken);
        }
        self.filled += taken.len();
        others
    }
}

impl TlsStream {
    /// Makes a TLS connection over this stream, to a server of this name.
    ///
    /// # Errors
    ///
    /// The stream's, or with an error of rustls in it.
    pub(super) fn handshake(
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        stream: Box<dyn ByteStream>,
    ) -> io::Result<Self> {
        let connection = UnbufferedClientConnection::new(config, name).map_err(io::Error::other)?;
        let mut stream = TlsStream {
            connection,
            stream,
            incoming: Vec::new(),
            processed: 0,
            is_tight: false,
            surplus: Vec::new(),
            read: 0,
            outgoing: Vec::new(),
            is_ended: false,
            failed: None,
        };
        loop {
            stream.process(&mut PlaintextRoom::none(), &[])?;
            if !stream.connection.is_handshaking() {
                return Ok(stream);
            }
            if stream.receive()? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Processes the records that have come, until `room` is full, and sends what they ask for. Then encrypts
    /// `request` and sends it.
    fn process(&mut self, room: &mut PlaintextRoom<'_>, request: &[u8]) -> io::Result<()> {
        if let Some(error) = &self.failed {
            return Err(tls_error(error.clone()));
        }
        loop {
            let incoming = &mut self.incoming[self.processed..];
            let UnbufferedStatus { mut discard, state } =
                self.connection.process_tls_records(incoming);
            let mut is_done = false;
            match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record.map_err(tls_error)?;
                        discard += record.discard;
                        self.surplus.extend_from_slice(room.take(record.payload));
                    }
                    is_done = room.is_full();
                }
                Ok(ConnectionState::EncodeTlsData(mut data)) => {
                    encode(&mut data, &mut self.outgoing)?;
                }
                Ok(ConnectionState::TransmitTlsData(data)) => {
                    self.stream.write_all(&self.outgoing)?;
                    self.outgoing.clear();
                    data.done();
                }
                Ok(ConnectionState::WriteTraffic(mut traffic)) => {
                    if !request.is_empty() {
                        encrypt(&mut traffic, request, &mut self.outgoing)?;
                        self.stream.write_all(&self.outgoing)?;
                        self.outgoing.clear();
                    }
                    is_done = true;
                }
                Ok(ConnectionState::PeerClosed) => self.is_ended = true,
                // More has to come.
                Ok(ConnectionState::BlockedHandshake) if request.is_empty() => is_done = true,
                Ok(ConnectionState::Closed) if request.is_empty() => is_done = true,
                Ok(_) => return Err(io::ErrorKind::BrokenPipe.into()),
                Err(error) => {
                    self.processed += discard;
                    self.send_alert();
                    self.failed = Some(error.clone());
                    // What came before it is read first.
                    return match room.filled {
                        0 => Err(tls_error(error)),
                        _ => Ok(()),
                    };
                }
            }
            self.processed += discard;
            if is_done {
                return Ok(());
            }
        }
    }

    /// Tells the server the error that ended the connection, if TLS has an alert for it.
    fn send_alert(&mut self) {
        // rustls must not see the damaged bytes again, and looks at none while there is something to send.
        while self.connection.wants_write() {
            let status = self.connection.process_tls_records(&mut []);
            let Ok(ConnectionState::EncodeTlsData(mut data)) = status.state else {
                break;
            };
            if encode(&mut data, &mut self.outgoing).is_err() {
                break;
            }
        }
        // The error is reported, not this.
        let _ = self.stream.write_all(&self.outgoing);
    }

    /// Receives more records. Returns the number of bytes, 0 at the end of the stream.
    fn receive(&mut self) -> io::Result<usize> {
        self.make_room();
        // None is left for a message longer than rustls takes, which it has refused by then.
        let count = self.stream.receive(&mut self.incoming)?;
        self.is_tight = self.incoming.len() == self.incoming.capacity();
        Ok(count)
    }

    /// Moves the records that are not whole yet to the front, and enlarges the buffer if it is too small.
    fn make_room(&mut self) {
        let rest = self.incoming.len() - self.processed;
        self.incoming.copy_within(self.processed.., 0);
        self.incoming.truncate(rest);
        self.processed = 0;
        let size = self.incoming.capacity();
        let is_full = rest == size;
        if is_full || self.is_tight {
            let larger = READ_SIZES.into_iter().find(|larger| *larger > size);
            let larger = larger.or(is_full.then_some(MAX_INCOMING)).unwrap_or(size);
            self.incoming.reserve_exact(larger.saturating_sub(rest));
            self.is_tight = false;
        }
    }

    /// Reads decrypted bytes into this room, or counts them.
    fn read_into(&mut self, mut room: PlaintextRoom<'_>) -> io::Result<usize> {
        if room.is_full() {
            return Ok(0);
        }
        if self.read < self.surplus.len() {
            room.take(&self.surplus[self.read..]);
            self.read += room.filled;
            if self.read == self.surplus.len() {
                self.surplus.clear();
                self.read = 0;
            }
            return Ok(room.filled);
        }
        loop {
            if self.failed.is_some() || self.processed < self.incoming.len() {
                self.process(&mut room, &[])?;
            }
            if room.filled > 0 || self.is_ended {
                return Ok(room.filled);
            }
            // The end without the server's word for it may be another's doing (RFC 8446, 6.1).
            if self.receive()? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.processed == self.incoming.len() && self.surplus.is_empty()
    }
}

/// Puts a record of rustls's own behind those that go out next.
fn encode(
    data: &mut EncodeTlsData<'_, ClientConnectionData>,
    outgoing: &mut Vec<u8>,
) -> io::Result<()> {
    let begin = outgoing.len();
    let mut encoded = data.encode(&mut []);
    if let Err(EncodeError::InsufficientSize(size)) = &encoded {
        outgoing.resize(begin + size.required_size, 0);
        encoded = data.encode(&mut outgoing[begin..]);
    }
    let count = encoded.map_err(io::Error::other)?;
    outgoing.truncate(begin + count);
    Ok(())
}

/// Puts the record of these bytes, [`MAX_FRAGMENT`] at most, behind those that go out next.
fn encrypt(
    traffic: &mut WriteTraffic<'_, ClientConnectionData>,
    bytes: &[u8],
    outgoing: &mut Vec<u8>,
) -> io::Result<()> {
    let begin = outgoing.len();
    outgoing.resize(begin + bytes.len() + RECORD_OVERHEAD, 0);
    let mut encrypted = traffic.encrypt(bytes, &mut outgoing[begin..]);
    if let Err(EncryptError::InsufficientSize(size)) = &encrypted {
        outgoing.resize(begin + size.required_size, 0);
        encrypted = traffic.encrypt(bytes, &mut outgoing[begin..]);
    }
    // Its keys have been used for as many records as they may be, so it ends here: a request is sent again.
    let aborted = |error| io::Error::new(io::ErrorKind::ConnectionAborted, error);
    let count = encrypted.map_err(aborted)?;
    outgoing.truncate(begin + count);
    Ok(())
}

fn tls_error(error: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

impl Read for TlsStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_into(PlaintextRoom::new(buffer, false))
    }
}

impl Write for TlsStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let fragment = &bytes[..bytes.len().min(MAX_FRAGMENT)];
        self.process(&mut PlaintextRoom::none(), fragment)?;
        Ok(fragment.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl ByteStream for TlsStream {
    fn is_idle(&mut self) -> bool {
        // What came in one piece with the response may be a ticket for the next handshake.
        let processed = self.process(&mut PlaintextRoom::none(), &[]);
        processed.is_ok() && !self.is_ended && self.is_empty() && self.stream.is_idle()
    }

    fn discard(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_into(PlaintextRoom::new(buffer, true))
    }

    fn is_drained(&self) -> bool {
        self.is_empty() && !self.is_tight && self.stream.is_drained()
    }

    fn release_buffers(&mut self) {
        if self.is_empty() {
            self.incoming = Vec::new();
            self.processed = 0;
            self.is_tight = false;
            self.surplus = Vec::new();
            self.read = 0;
        }
        self.outgoing = Vec::new();
        self.stream.release_buffers();
    }

    fn bind(&mut self, clock: &Arc<RequestClock>) {
        self.stream.bind(clock);
    }
}

impl fmt::Debug for TlsStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsStream")
            .field("stream", &self.stream)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
