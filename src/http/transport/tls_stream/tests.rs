use std::sync::Mutex;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::version::{TLS12, TLS13};
use rustls::{AlertDescription, ServerConfig, ServerConnection, SupportedProtocolVersion};

use super::*;
use crate::http::tls::{Tls, TlsConfig};

/// A server in memory: what is written to the client's stream is processed at once.
struct Server {
    connection: ServerConnection,
    /// Bytes on their way to the client.
    sent: Vec<u8>,
    /// The client has got this error across.
    error: Option<rustls::Error>,
    /// The largest piece in which bytes arrive.
    piece: usize,
    reads: usize,
}

impl Server {
    fn flush(&mut self) {
        while self.connection.wants_write() {
            self.connection.write_tls(&mut self.sent).unwrap();
        }
    }

    fn say(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let count = self.connection.writer().write(rest).unwrap();
            rest = &rest[count..];
            self.flush();
        }
    }

    fn heard(&mut self) -> Vec<u8> {
        let mut heard = Vec::new();
        // An error says only that nothing more is there yet.
        let _ = self.connection.reader().read_to_end(&mut heard);
        heard
    }
}

/// The client's stream to it. With nothing on the way, its end has come.
#[derive(Clone)]
struct Wire(Arc<Mutex<Server>>);

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut server = self.0.lock().unwrap();
        server.flush();
        server.reads += 1;
        let count = buffer.len().min(server.piece).min(server.sent.len());
        buffer[..count].copy_from_slice(&server.sent[..count]);
        server.sent.drain(..count);
        Ok(count)
    }
}

impl Write for Wire {
    fn write(&mut self, mut bytes: &[u8]) -> io::Result<usize> {
        let mut server = self.0.lock().unwrap();
        let count = server.connection.read_tls(&mut bytes).unwrap();
        if let Err(error) = server.connection.process_new_packets() {
            server.error = Some(error);
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl ByteStream for Wire {
    fn is_idle(&mut self) -> bool {
        let mut server = self.0.lock().unwrap();
        server.flush();
        server.sent.is_empty()
    }

    fn bind(&mut self, _: &Arc<RequestClock>) {}
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

/// A server of this version of TLS, with a certificate for so many names.
fn server(version: &'static SupportedProtocolVersion, names: usize) -> Wire {
    let names: Vec<String> = (0..names).map(|n| format!("host-{n}.test")).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    let chain: Vec<CertificateDer<'static>> = vec![made.cert.der().clone()];
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    Wire(Arc::new(Mutex::new(Server {
        connection: ServerConnection::new(Arc::new(config)).unwrap(),
        sent: Vec::new(),
        error: None,
        piece: usize::MAX,
        reads: 0,
    })))
}

fn handshake(wire: &Wire, tls: TlsConfig) -> io::Result<TlsStream> {
    let config = Tls::new(tls).config().unwrap();
    let name = ServerName::try_from("host-0.test").unwrap();
    TlsStream::handshake(config, name, Box::new(wire.clone()))
}

fn connected(wire: &Wire) -> TlsStream {
    handshake(wire, TlsConfig::default().insecure(true)).unwrap()
}

fn bytes(count: u32) -> Vec<u8> {
    (0..count).map(|n| (n * 7 % 251) as u8).collect()
}

#[test]
fn a_long_response_is_read_unchanged_in_pieces_of_any_size() {
    let sent = bytes(1_000_000);
    for version in VERSIONS {
        for (piece, room) in [(usize::MAX, 64 << 10), (1_000, 700), (17_000, 9_000)] {
            let wire = server(version, 1);
            let mut stream = connected(&wire);
            stream.write_all(b"the request").unwrap();
            assert_eq!(wire.0.lock().unwrap().heard(), b"the request");
            {
                let mut server = wire.0.lock().unwrap();
                (server.piece, server.reads) = (piece, 0);
                server.say(&sent);
            }
            let (mut read, mut buffer) = (Vec::new(), vec![0; room]);
            while read.len() < sent.len() {
                let count = stream.read(&mut buffer).unwrap();
                assert!(count > 0, "{version:?}, {piece}, after {}", read.len());
                read.extend_from_slice(&buffer[..count]);
            }
            assert!(read == sent, "{version:?}, {piece}");
            assert!(
                stream.is_idle() && stream.is_drained(),
                "{version:?}, {piece}"
            );
            let reads = wire.0.lock().unwrap().reads;
            assert!(piece < usize::MAX || reads < 25, "{version:?}: {reads}");
            assert!(stream.incoming.capacity() <= READ_SIZES[2], "{version:?}");
        }
    }
}

#[test]
fn discarded_bytes_are_counted_and_the_next_ones_are_read() {
    let sent = bytes(100_000);
    for version in VERSIONS {
        let wire = server(version, 1);
        let mut stream = connected(&wire);
        wire.0.lock().unwrap().say(&sent);
        let (mut left, mut room) = (90_001, [b'-'; 30_000]);
        while left > 0 {
            let most = left.min(room.len());
            let count = stream.discard(&mut room[..most]).unwrap();
            assert!((1..=most).contains(&count), "{version:?}: {count}");
            left -= count;
        }
        assert!(room == [b'-'; 30_000], "they are not even copied");
        let mut rest = vec![0; 9_999];
        stream.read_exact(&mut rest).unwrap();
        assert!(rest == sent[90_001..], "{version:?}");
    }
}

#[test]
fn an_idle_connection_holds_no_buffers_and_carries_the_next_request() {
    for version in VERSIONS {
        let wire = server(version, 1);
        let mut stream = connected(&wire);
        for round in 0..3 {
            stream.write_all(b"a request").unwrap();
            let sent = bytes(50_000);
            {
                let mut server = wire.0.lock().unwrap();
                assert_eq!(server.heard(), b"a request", "{version:?}, {round}");
                server.say(&sent);
            }
            let mut read = vec![0; sent.len()];
            stream.read_exact(&mut read).unwrap();
            assert!(read == sent, "{version:?}, {round}");
            stream.release_buffers();
            let held = [&stream.incoming, &stream.surplus, &stream.outgoing].map(Vec::capacity);
            assert_eq!(held, [0; 3], "{version:?}, {round}");
            assert!(stream.is_idle(), "{version:?}, {round}");
        }
    }
}

#[test]
fn bytes_that_nobody_has_read_are_kept_and_the_connection_is_not_idle() {
    let wire = server(&TLS13, 1);
    let mut stream = connected(&wire);
    wire.0.lock().unwrap().say(b"the response and more");
    let mut read = [0; 12];
    stream.read_exact(&mut read).unwrap();
    assert!(!stream.is_drained(), "in this record");
    stream.release_buffers();
    assert!(!stream.is_idle(), "in this record");
    let mut read = [0; 9];
    stream.read_exact(&mut read).unwrap();
    assert_eq!(&read, b" and more");
    assert!(stream.is_idle());
    wire.0.lock().unwrap().say(b"unasked");
    assert!(!stream.is_idle(), "on the way");
}

#[test]
fn half_a_record_keeps_the_connection_from_being_idle() {
    let wire = server(&TLS13, 1);
    let mut stream = connected(&wire);
    wire.0.lock().unwrap().say(b"response");
    let whole = wire.0.lock().unwrap().sent.len();
    wire.0.lock().unwrap().say(b"the next record");
    wire.0.lock().unwrap().piece = whole + 10;
    let mut read = [0; 8];
    stream.read_exact(&mut read).unwrap();
    // The rest is still in the server's hands.
    let rest = std::mem::take(&mut wire.0.lock().unwrap().sent);
    assert!(!stream.is_drained());
    stream.release_buffers();
    assert!(!stream.is_idle());
    wire.0.lock().unwrap().sent = rest;
    let mut read = [0; 15];
    stream.read_exact(&mut read).unwrap();
    assert_eq!(&read, b"the next record");
}

#[test]
fn an_end_that_the_server_announces_is_told_from_one_that_just_comes() {
    for version in VERSIONS {
        for is_announced in [true, false] {
            let wire = server(version, 1);
            let mut stream = connected(&wire);
            {
                let mut server = wire.0.lock().unwrap();
                server.say(b"all");
                if is_announced {
                    server.connection.send_close_notify();
                }
            }
            let mut read = Vec::new();
            let ended = stream.read_to_end(&mut read).map_err(|error| error.kind());
            let expected = match is_announced {
                true => Ok(3),
                false => Err(io::ErrorKind::UnexpectedEof),
            };
            assert_eq!((ended, &read[..]), (expected, &b"all"[..]), "{version:?}");
            assert!(!is_announced || !stream.is_idle(), "{version:?}");
        }
    }
}

#[test]
fn what_came_before_a_damaged_record_is_read_before_the_error() {
    for version in VERSIONS {
        let wire = server(version, 1);
        let mut stream = connected(&wire);
        {
            let mut server = wire.0.lock().unwrap();
            server.say(b"good");
            server.say(b"bad");
            let last = server.sent.last_mut().unwrap();
            *last ^= 1;
        }
        let mut buffer = [0; 100];
        assert_eq!(stream.read(&mut buffer).unwrap(), 4, "{version:?}");
        for _ in 0..2 {
            let error = stream.read(&mut buffer).unwrap_err();
            let reason = crate::http::tls::reason(&error);
            let reason = reason.unwrap_or_else(|| panic!("{error:?}"));
            assert!(
                reason.contains("cannot be decrypted"),
                "{version:?}: {reason}"
            );
        }
        assert!(!stream.is_idle(), "{version:?}");
        assert!(stream.write_all(b"another request").is_err(), "{version:?}");
        let told = wire.0.lock().unwrap().error.clone();
        let expected = rustls::Error::AlertReceived(AlertDescription::BadRecordMac);
        assert_eq!(told, Some(expected), "{version:?}");
    }
}

#[test]
fn the_server_is_told_why_a_handshake_fails() {
    for version in VERSIONS {
        let wire = server(version, 1);
        let error = handshake(&wire, TlsConfig::default()).unwrap_err();
        let reason = crate::http::tls::reason(&error);
        let reason = reason.unwrap_or_else(|| panic!("{error:?}"));
        assert!(reason.contains("certificate"), "{version:?}: {reason}");
        let told = wire.0.lock().unwrap().error.clone();
        let is_alert = matches!(told, Some(rustls::Error::AlertReceived(_)));
        assert!(is_alert, "{version:?}: {told:?}");
    }
}

#[test]
fn a_handshake_in_small_pieces_and_of_a_long_certificate_succeeds() {
    for version in VERSIONS {
        for (names, piece) in [(1, 1), (1, 100), (2_500, usize::MAX), (2_500, 5_000)] {
            let wire = server(version, names);
            wire.0.lock().unwrap().piece = piece;
            let mut stream = connected(&wire);
            stream.write_all(b"hello").unwrap();
            let mut server = wire.0.lock().unwrap();
            assert_eq!(server.heard(), b"hello", "{version:?}, {names} names");
        }
    }
}

#[test]
fn a_handshake_that_the_server_leaves_is_cut_off() {
    let wire = server(&TLS13, 1);
    wire.0.lock().unwrap().piece = 0;
    let error = handshake(&wire, TlsConfig::default().insecure(true)).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{error:?}");
}

#[test]
fn new_keys_are_taken_in_the_midst_of_a_response() {
    let wire = server(&TLS13, 1);
    let mut stream = connected(&wire);
    for round in 0..3 {
        {
            let mut server = wire.0.lock().unwrap();
            server.say(b"before ");
            server.connection.refresh_traffic_keys().unwrap();
            server.say(b"after");
        }
        let mut read = [0; 12];
        stream.read_exact(&mut read).unwrap();
        assert_eq!(&read, b"before after", "{round}");
        stream.write_all(b"heard").unwrap();
        assert_eq!(wire.0.lock().unwrap().heard(), b"heard", "{round}");
    }
}

#[test]
fn a_long_request_goes_out_in_several_records() {
    let sent = bytes(100_000);
    for version in VERSIONS {
        let wire = server(version, 1);
        let mut stream = connected(&wire);
        let (mut rest, mut heard) = (&sent[..], Vec::new());
        while !rest.is_empty() {
            let count = stream.write(rest).unwrap();
            assert!(count > 0, "{version:?}");
            rest = &rest[count..];
            heard.extend(wire.0.lock().unwrap().heard());
        }
        assert!(heard == sent, "{version:?}");
    }
}
