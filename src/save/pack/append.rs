//! The writing of a member at the end of a pack.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::frame::MemberFrame;
use super::warc;
use crate::save::spill::SpillBuffer;

/// The bytes of a member after which it is looked whether the run was stopped: they are copied within a moment.
const STOP_INTERVAL: u64 = 16 * 1024 * 1024;

/// The bytes of a member that are gathered for one pwrite(2). Most members are shorter: then headers, body and
/// padding cost one system call in place of six.
const GATHERED: usize = 64 * 1024;

/// The error of writing a member.
pub(super) enum AppendError {
    Stopped,
    Io(io::Error),
}

impl From<io::Error> for AppendError {
    fn from(error: io::Error) -> Self {
        AppendError::Io(error)
    }
}

/// The end of a part, where a member is written.
pub(super) struct Appender<'a> {
    file: &'a File,
    /// The last bytes, which are not in the file yet.
    gathered: &'a mut Vec<u8>,
    /// The end, with the gathered bytes.
    at: u64,
    /// The position at which it was last looked whether the run was stopped.
    looked_at: u64,
}

impl<'a> Appender<'a> {
    /// Begins at this position. The buffer is kept from member to member to save allocations.
    pub(super) fn new(file: &'a File, buffer: &'a mut Vec<u8>, start: u64) -> Self {
        // What an earlier member has left there was not written.
        buffer.clear();

        Appender {
            file,
            gathered: buffer,
            at: start,
            looked_at: start,
        }
    }

    /// Writes what is gathered. Returns the end.
    pub(super) fn finish(mut self) -> io::Result<u64> {
        self.flush()?;
        Ok(self.at)
    }

    fn flush(&mut self) -> io::Result<()> {
        let start = self.at - self.gathered.len() as u64;
        self.file.write_all_at(self.gathered, start)?;
        self.gathered.clear();
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.gathered.len() + bytes.len() > GATHERED {
            self.flush()?;
        }
        match bytes.len() > GATHERED {
            true => self.file.write_all_at(bytes, self.at)?,
            false => self.gathered.extend_from_slice(bytes),
        }
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// Copies bytes, unless the run is stopped meanwhile.
    fn copy(
        &mut self,
        bytes: &SpillBuffer,
        is_stopped: &impl Fn() -> bool,
    ) -> Result<(), AppendError> {
        bytes.read(|piece| {
            if self.at - self.looked_at > STOP_INTERVAL {
                self.looked_at = self.at;
                if is_stopped() {
                    return Err(AppendError::Stopped);
                }
            }
            Ok(self.write(piece)?)
        })
    }

    /// Writes the records of a target, the first ones of a pack behind the `warcinfo` of the pack. Returns the
    /// position of the first.
    pub(super) fn warc(
        &mut self,
        records: &SpillBuffer,
        pack: &str,
        is_stopped: &impl Fn() -> bool,
    ) -> Result<u64, AppendError> {
        if self.at == 0 {
            self.write(&warc::warcinfo(pack)?)?;
        }
        let offset = self.at;
        self.copy(records, is_stopped)?;
        Ok(offset)
    }

    /// Writes `KEY.EXT` with the body, and `KEY.json` with the result.
    pub(super) fn tar(
        &mut self,
        body: &SpillBuffer,
        frame: &MemberFrame,
        is_stopped: &impl Fn() -> bool,
    ) -> Result<(), AppendError> {
        self.write(&frame.head)?;
        self.copy(body, is_stopped)?;
        Ok(self.write(&frame.tail)?)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_member_that_could_not_be_written_leaves_nothing_to_the_next() {
        let dir = tempfile::tempdir().expect("there is room");
        let path = dir.path().join("part");
        fs::write(&path, "before").expect("there is room");
        let mut buffer = Vec::new();
        let unwritable = File::open(&path).expect("it is there");
        let mut lost = Appender::new(&unwritable, &mut buffer, 6);
        lost.write(b"lost").expect("it is gathered");
        lost.finish().expect_err("the file is open for reading");
        let file = File::options().write(true).open(&path);
        let file = file.expect("it is there");
        let mut kept = Appender::new(&file, &mut buffer, 6);
        let large = vec![b'x'; GATHERED + 1];
        for bytes in [&b"kept"[..], &large, b"end"] {
            kept.write(bytes).expect("there is room");
        }
        let end = kept.finish().expect("there is room");
        let expected = [&b"beforekept"[..], &large, b"end"].concat();
        assert_eq!(end, expected.len() as u64);
        assert!(fs::read(&path).expect("it is there") == expected);
    }
}
