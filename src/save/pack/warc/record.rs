//! Records of WARC: their headers, digests, and compression.

use std::io::{self, Write};
use std::net::IpAddr;
use std::time::SystemTime;

use flate2::Compression;
use flate2::write::GzEncoder;
use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use ring::rand::{SecureRandom, SystemRandom};

use crate::model::text::hex;
use crate::save::spill::SpillBuffer;

/// The alphabet of base 32 (RFC 4648).
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A record of an exchange.
pub(super) struct Record<'a> {
    pub(super) kind: RecordKind,
    pub(super) id: String,
    /// The identifier of the record of the same exchange that was written before.
    pub(super) concurrent_to: Option<&'a str>,
    pub(super) date: SystemTime,
    pub(super) url: &'a str,
    pub(super) ip: Option<IpAddr>,
    /// The head, with the blank line at its end.
    pub(super) head: &'a [u8],
    pub(super) payload: Option<&'a SpillBuffer>,
    /// True if the payload goes on after what is there.
    pub(super) is_truncated: bool,
}

/// The types of records of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordKind {
    Request,
    Response,
}

impl RecordKind {
    fn name(self) -> &'static str {
        match self {
            RecordKind::Request => "request",
            RecordKind::Response => "response",
        }
    }
}

impl Record<'_> {
    /// Appends the record as a gzip member. Returns the digest of the payload.
    pub(super) fn write(&self, to: &mut SpillBuffer) -> io::Result<String> {
        let (mut block, mut payload) = (sha1(), sha1());
        block.update(self.head);
        if let Some(bytes) = self.payload {
            bytes.read(|piece| {
                block.update(piece);
                payload.update(piece);
                io::Result::Ok(())
            })?;
        }
        let digest = base32(payload.finish().as_ref());
        let length = self.head.len() as u64 + self.payload.map_or(0, SpillBuffer::len);
        let mut header = format!(
            "WARC/1.1\r\nWARC-Type: {}\r\nWARC-Record-ID: {}\r\nWARC-Date: {}\r\nWARC-Target-URI: {}\r\n",
            self.kind.name(),
            self.id,
            humantime::format_rfc3339_micros(self.date),
            self.url,
        );
        if let Some(id) = self.concurrent_to {
            header += &format!("WARC-Concurrent-To: {id}\r\n");
        }
        if let Some(ip) = self.ip {
            header += &format!("WARC-IP-Address: {ip}\r\n");
        }
        header += &format!(
            "WARC-Block-Digest: sha1:{}\r\n",
            base32(block.finish().as_ref())
        );
        header += &format!("WARC-Payload-Digest: sha1:{digest}\r\n");
        if self.is_truncated {
            header += "WARC-Truncated: length\r\n";
        }
        let kind = self.kind.name();
        header += &format!("Content-Type: application/http;msgtype={kind}\r\n");
        header += &format!("Content-Length: {length}\r\n\r\n");

        let mut gzip = GzEncoder::new(to, Compression::default());
        gzip.write_all(header.as_bytes())?;
        gzip.write_all(self.head)?;
        if let Some(bytes) = self.payload {
            bytes.read(|piece| gzip.write_all(piece))?;
        }
        gzip.write_all(b"\r\n\r\n")?;
        gzip.finish()?;
        Ok(digest)
    }
}

/// The record that a pack with this name begins with, as a gzip member.
pub(in crate::save::pack) fn warcinfo(name: &str) -> io::Result<Vec<u8>> {
    let block = format!(
        "software: pfetch/{}\r\nformat: WARC File Format 1.1\r\n\
         conformsTo: http://iipc.github.io/warc-specifications/specifications/warc-format/warc-1.1/\r\n",
        env!("CARGO_PKG_VERSION")
    );
    let mut digest = sha1();
    digest.update(block.as_bytes());
    // A name with control characters would end the line.
    let name = crate::model::text::escape(name);
    let record = format!(
        "WARC/1.1\r\nWARC-Type: warcinfo\r\nWARC-Record-ID: {}\r\nWARC-Date: {}\r\nWARC-Filename: {name}\r\n\
         WARC-Block-Digest: sha1:{}\r\nContent-Type: application/warc-fields\r\nContent-Length: {}\r\n\r\n\
         {block}\r\n\r\n",
        new_id()?,
        humantime::format_rfc3339_micros(SystemTime::now()),
        base32(digest.finish().as_ref()),
        block.len(),
    );
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(record.as_bytes())?;
    gzip.finish()
}

/// A new identifier: a random UUID (RFC 9562, version 4).
pub(super) fn new_id() -> io::Result<String> {
    let mut bytes = [0; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| io::Error::other("the system gives no random numbers"))?;
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let text = hex(bytes);
    let parts = [
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..],
    ];
    Ok(format!("<urn:uuid:{}>", parts.join("-")))
}

/// SHA-1, by which all tools of WARC name payloads. It is no defence against forgery.
fn sha1() -> Context {
    Context::new(&SHA1_FOR_LEGACY_USE_ONLY)
}

/// Base 32 of a digest, whose bits are a multiple of 5.
fn base32(bytes: &[u8]) -> String {
    let (mut bits, mut count) = (0_u32, 0);
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    for byte in bytes {
        bits = (bits << 8) | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            text.push(char::from(BASE32[(bits >> count) as usize & 31]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_other_tools() {
        // Of no bytes, and of "abc" (FIPS 180-4).
        for (text, expected) in [
            ("", "3I42H3S6NNFQ2MSVX7XZKYAYSCX5QBYJ"),
            ("abc", "VGMT4NSHA2AWVOR6EVYXQUGCNSONBWE5"),
        ] {
            let mut digest = sha1();
            digest.update(text.as_bytes());
            assert_eq!(base32(digest.finish().as_ref()), expected, "{text:?}");
        }
    }

    #[test]
    fn identifiers_are_random_uuids() {
        let [one, other] = [new_id(), new_id()].map(|id| id.expect("there are random numbers"));
        assert_ne!(one, other);
        for id in [one, other] {
            let uuid = id
                .strip_prefix("<urn:uuid:")
                .and_then(|id| id.strip_suffix('>'));
            let uuid = uuid.unwrap_or_else(|| panic!("{id}"));
            let lengths: Vec<usize> = uuid.split('-').map(str::len).collect();
            assert_eq!(lengths, [8, 4, 4, 4, 12], "{id}");
            assert_eq!(&uuid[14..15], "4", "{id}");
            assert!("89ab".contains(&uuid[19..20]), "{id}");
        }
    }
}
