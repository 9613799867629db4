//! A body that is kept in memory, for the result of its target.

/// The bytes of a body so far, up to a limit that the reader of the body enforces.
#[derive(Debug)]
pub(super) struct MemoryBody {
    bytes: Vec<u8>,
    limit: u64,
}

impl MemoryBody {
    /// An empty body that will have no more than `limit` bytes.
    pub(super) fn new(limit: u64) -> Self {
        MemoryBody {
            bytes: Vec::new(),
            limit,
        }
    }

    /// Appends bytes. The room doubles as they come, and never beyond the limit, so that what a server states
    /// costs nothing, and a body takes no more than it may have.
    pub(super) fn append(&mut self, more: &[u8]) {
        let needed = self.bytes.len() + more.len();
        if needed > self.bytes.capacity() {
            let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
            let room = needed.max(self.bytes.capacity().saturating_mul(2).min(limit));
            self.bytes.reserve_exact(room - self.bytes.len());
        }
        self.bytes.extend_from_slice(more);
    }

    /// The most bytes that it may have.
    pub(super) fn limit(&self) -> u64 {
        self.limit
    }

    /// Drops the bytes.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
    }

    /// The bytes.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_takes_no_more_memory_than_its_limit() {
        for limit in [1, 1000, 1 << 20, 3_000_001] {
            let mut body = MemoryBody::new(limit);
            let mut left = limit as usize;
            while left > 0 {
                let count = left.min(65_536);
                body.append(&vec![7; count]);
                left -= count;
                assert!(body.bytes.capacity() as u64 <= limit, "of {limit}");
            }
            assert_eq!(body.into_bytes(), vec![7; limit as usize]);
        }
    }
}
