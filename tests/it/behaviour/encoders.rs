//! Bodies in each content coding, and a server for them.

use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use crate::raw::Raw;

/// A connection that gives this answer to each request.
pub(super) fn answering(head: &str, body: &[u8]) -> Raw {
    let answer = [head.as_bytes(), b"\r\n", body].concat();
    Raw::start(move |mut wire| {
        while wire.request().is_some() {
            wire.send(&answer)?;
        }
        Ok(())
    })
}

pub(super) fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

pub(super) fn zlib(plain: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

pub(super) fn bare_deflate(plain: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(plain).expect("memory takes it");
    encoder.finish().expect("memory takes it")
}

/// A frame that states its size and its checksum.
pub(super) fn zstd(plain: &[u8]) -> Vec<u8> {
    let mut context = zstd_safe::CCtx::create();
    let checksum = zstd_safe::CParameter::ChecksumFlag(true);
    context
        .set_parameter(checksum)
        .expect("there is such a flag");
    let mut encoded = vec![0; zstd_safe::compress_bound(plain.len())];
    let length = context.compress2(&mut encoded[..], plain);
    encoded.truncate(length.expect("there is room for it"));
    encoded
}

/// "hello" as the reference encoder writes it.
pub(super) const BROTLI_HELLO: [u8; 9] = [0x0b, 0x02, 0x80, b'h', b'e', b'l', b'l', b'o', 0x03];
