//! gzip as a content coding: any number of concatenated members (RFC 1952, 2.2).

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// The first byte of every member.
const MAGIC: u8 = 0x1f;

/// The content of all members of `S`, each verified by its checksum and length. The bytes behind the
/// last member stay in `S`.
pub(super) struct GzipMembers<S> {
    /// `None` only while one member replaces another.
    member: Option<GzDecoder<S>>,
}

impl<S: BufRead> GzipMembers<S> {
    pub(super) fn new(source: S) -> Self {
        GzipMembers {
            member: Some(GzDecoder::new(source)),
        }
    }

    pub(super) fn source(&mut self) -> &mut S {
        self.current().get_mut()
    }

    fn current(&mut self) -> &mut GzDecoder<S> {
        let member = self.member.as_mut();
        member.expect("the next one is put in as soon as the last is taken out")
    }
}

impl<S: BufRead> Read for GzipMembers<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.current().read(buffer)?;
            if count > 0 || self.source().fill_buf()?.first() != Some(&MAGIC) {
                return Ok(count);
            }
            self.member = self
                .member
                .take()
                .map(|over| GzDecoder::new(over.into_inner()));
        }
    }
}
