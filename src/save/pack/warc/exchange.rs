//! Exchanges on their way into a WARC file: the request, the head of its response, and the body as it was sent.

use std::io;
use std::net::IpAddr;
use std::time::SystemTime;

use super::cdxj::IndexEntry;
use super::record::{Record, RecordKind, new_id};
use crate::save::spill::{MemoryBudget, SpillBuffer};

/// The header whose chunks are undone.
const TRANSFER_ENCODING: &[u8] = b"transfer-encoding:";

/// The name that it is recorded under.
///
/// The body has no chunks any more, and a reader that looked for them would take a body that happens to begin like
/// a chunk for one. Other crawlers record it under this name.
const ORIGINAL_TRANSFER_ENCODING: &[u8] = b"X-Archive-Orig-Transfer-Encoding:";

/// The request, and the head of its response.
#[derive(Debug, Clone, Default)]
pub struct ArchivedHead {
    /// The URL that was asked for, without credentials.
    pub url: String,
    /// The head of the request, without secrets, and with the blank line at its end.
    pub request: Vec<u8>,
    /// The head of the response as it came, with the blank line at its end.
    pub response: Vec<u8>,
    /// The status.
    pub status: u16,
    /// The media type, if one is stated.
    pub content_type: Option<String>,
}

/// The records of a target so far, and the exchange under way.
#[derive(Debug)]
pub(in crate::save::pack) struct Archive {
    /// The records of the exchanges that have ended.
    pub(in crate::save::pack) records: SpillBuffer,
    /// The responses among them, by their positions there.
    pub(in crate::save::pack) entries: Vec<IndexEntry>,
    head: ArchivedHead,
    date: SystemTime,
}

impl Archive {
    pub(in crate::save::pack) fn new(budget: &MemoryBudget) -> Self {
        Archive {
            records: SpillBuffer::new(budget),
            entries: Vec::new(),
            head: ArchivedHead::default(),
            date: SystemTime::UNIX_EPOCH,
        }
    }

    /// Begins an exchange, in place of one that was not ended.
    pub(in crate::save::pack) fn begin(&mut self, head: ArchivedHead) {
        self.head = head;
        self.date = SystemTime::now();
    }

    /// Ends the exchange: writes its records.
    pub(in crate::save::pack) fn end(
        &mut self,
        payload: &SpillBuffer,
        ip: Option<IpAddr>,
        is_truncated: bool,
    ) -> io::Result<()> {
        let head = std::mem::take(&mut self.head);
        let (request, response) = (new_id()?, new_id()?);
        let offset = self.records.len();
        let response_head = without_chunks(head.response);
        let mut record = Record {
            kind: RecordKind::Response,
            id: response.clone(),
            concurrent_to: None,
            date: self.date,
            url: &head.url,
            ip,
            head: &response_head,
            payload: Some(payload),
            is_truncated,
        };
        let digest = record.write(&mut self.records)?;
        self.entries.push(IndexEntry {
            url: head.url.clone(),
            date: self.date,
            status: head.status,
            content_type: head.content_type,
            digest,
            offset,
            length: self.records.len() - offset,
        });
        record = Record {
            kind: RecordKind::Request,
            id: request,
            concurrent_to: Some(&response),
            head: &head.request,
            payload: None,
            is_truncated: false,
            ..record
        };
        record.write(&mut self.records)?;
        Ok(())
    }
}

/// Renames the `Transfer-Encoding` lines of a head.
fn without_chunks(head: Vec<u8>) -> Vec<u8> {
    let is_one = |line: &&[u8]| {
        let name = line.get(..TRANSFER_ENCODING.len());
        name.is_some_and(|name| name.eq_ignore_ascii_case(TRANSFER_ENCODING))
    };
    if !head.split(|byte| *byte == b'\n').any(|line| is_one(&line)) {
        return head;
    }
    let mut renamed = Vec::with_capacity(head.len() + ORIGINAL_TRANSFER_ENCODING.len());
    for line in head.split_inclusive(|byte| *byte == b'\n') {
        match is_one(&line) {
            true => {
                renamed.extend_from_slice(ORIGINAL_TRANSFER_ENCODING);
                renamed.extend_from_slice(&line[TRANSFER_ENCODING.len()..]);
            }
            false => renamed.extend_from_slice(line),
        }
    }
    renamed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_stays_as_it_came_but_for_the_chunks_that_are_undone() {
        for (head, expected) in [
            (
                "HTTP/1.1 200 OK\r\nA: b\r\n\r\n",
                "HTTP/1.1 200 OK\r\nA: b\r\n\r\n",
            ),
            (
                "HTTP/1.1 200\ntransfer-ENCODING: chunked\nB:c\n\n",
                "HTTP/1.1 200\nX-Archive-Orig-Transfer-Encoding: chunked\nB:c\n\n",
            ),
            (
                "HTTP/1.1 200 transfer-encoding:\r\n\r\n",
                "HTTP/1.1 200 transfer-encoding:\r\n\r\n",
            ),
        ] {
            let found = without_chunks(head.as_bytes().to_vec());
            assert_eq!(String::from_utf8_lossy(&found), expected);
        }
    }
}
