//! Batches: small members that are written to the end of a pack by one pwritev(2).
//!
//! Of a body of 10 KiB the system call costs more than the copying: 20,000 of them take 0.15 s of a kernel's time one
//! by one, and 0.06 s in batches of twenty (ext4 on Linux 6.18). A batch is no unit of a pack: each member counts by its
//! own line of the run log, as those that are written alone.

use std::fs::File;
use std::io::{self, IoSlice};

use rustix::io::{Errno, pwritev};

use super::body::MemberBytes;
use super::frame::MemberFrame;
use super::writer::OpenPart;
use super::{PackMember, Packs, warc};
use crate::model::outcome::{Outcome, Packed};

/// The bytes of the largest member that is written together with others.
const SMALL_MEMBER: u64 = 64 * 1024;

/// The most slices of one pwritev(2), which Linux and macOS both take (IOV_MAX).
const MAX_SLICES: usize = 1024;

/// A member of a batch, with its outcome.
#[derive(Debug)]
pub struct BatchMember<'a> {
    /// The member.
    pub member: &'a mut PackMember,
    /// The outcome of its target.
    pub outcome: &'a Outcome,
    /// True if the outcome is another than the worker had, which built the frame of the member for that.
    pub has_changed: bool,
}

impl PackMember {
    /// Tells that the member may be written together with others: it is short, and in memory.
    pub fn is_small(&self) -> bool {
        self.memory()
            .is_some_and(|bytes| bytes.len() as u64 <= SMALL_MEMBER)
    }

    /// The body or the records, if they are in memory.
    fn memory(&self) -> Option<&[u8]> {
        match &self.bytes {
            MemberBytes::Body(bytes) | MemberBytes::Records(bytes, _) => bytes.in_memory(),
        }
    }

    /// The bytes of the member in the pack, in their order; `None` if some are not in memory.
    fn slices(&self) -> Option<[&[u8]; 3]> {
        let frame = self.frame.as_ref();
        let (head, tail) = frame.map_or((&[][..], &[][..]), |MemberFrame { head, tail }| {
            (&head[..], &tail[..])
        });
        Some([head, self.memory()?, tail])
    }
}

impl Packs {
    /// Appends as many of these members as are [small](PackMember::is_small) and fit in the pack that
    /// [`begin`](Packs::begin) has made ready, in their order. Returns where they are; each counts once it is
    /// [logged](Packs::note_logged). If they cannot be written none is there, and [`append`](Packs::append) tells why.
    ///
    /// # Errors
    ///
    /// Those of encoding an outcome.
    pub fn append_together(
        &mut self,
        mut members: Vec<BatchMember<'_>>,
    ) -> io::Result<Vec<Packed>> {
        for BatchMember {
            member,
            outcome,
            has_changed,
        } in &mut members
        {
            if *has_changed || member.frame.is_none() {
                member.frame = Some(self.frames.build(outcome, member.body_length())?);
            }
        }
        let part = self
            .current
            .as_mut()
            .expect("a pack is begun before members are appended");
        let room = self.config.full_members.saturating_sub(part.members);
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        let members = members.into_iter().map(|entry| &*entry.member).take(room);
        let plan = BatchPlan::new(part, members, self.config.full_bytes);
        match plan.and_then(|plan| plan.write(part)) {
            Ok(packed) => Ok(packed),
            Err(_) => {
                // Should this fail too, the bytes are overwritten by the next member, or cut off at the end.
                let _ = part.file.set_len(part.logged);
                Ok(Vec::new())
            }
        }
    }
}

/// A batch that fits in the pack.
struct BatchPlan<'a> {
    /// The `warcinfo` of a pack that begins.
    info: Vec<u8>,
    members: Vec<(&'a PackMember, Packed)>,
}

impl<'a> BatchPlan<'a> {
    /// Takes members up to the one with which the pack is full.
    fn new(
        part: &OpenPart,
        members: impl Iterator<Item = &'a PackMember>,
        full_bytes: u64,
    ) -> io::Result<Self> {
        let info = match part.index.is_some() && part.logged == 0 {
            true => warc::warcinfo(part.whole_name())?,
            false => Vec::new(),
        };
        let mut end = part.logged + info.len() as u64;
        let mut taken = Vec::new();
        for member in members {
            let Some(slices) = member.slices().filter(|_| member.is_small()) else {
                break;
            };
            let length = slices.iter().map(|slice| slice.len() as u64).sum();
            let packed = Packed {
                pack: part.path.clone(),
                offset: end,
                length,
            };
            end = packed.end();
            taken.push((member, packed));
            if end >= full_bytes {
                break;
            }
        }
        Ok(BatchPlan {
            info,
            members: taken,
        })
    }

    /// Writes the members, and their lines of the index. Returns where they are.
    fn write(self, part: &mut OpenPart) -> io::Result<Vec<Packed>> {
        let members = self.members.iter();
        let slices = members.filter_map(|(member, _)| member.slices()).flatten();
        let mut slices: Vec<IoSlice<'_>> = [&self.info[..]]
            .into_iter()
            .chain(slices)
            .filter(|slice| !slice.is_empty())
            .map(IoSlice::new)
            .collect();
        write_all_vectored_at(&part.file, &mut slices, part.logged)?;
        let mut entries = String::new();
        for (member, packed) in &self.members {
            entries += &part.index_entry(member, packed.offset, packed.end());
        }
        part.append_to_index(&entries)?;
        let packed: Vec<Packed> = self.members.into_iter().map(|(_, packed)| packed).collect();
        part.appended.extend(packed.iter().map(Packed::end));
        Ok(packed)
    }
}

/// Writes all slices from this position on, as [`write_all_at`](std::os::unix::fs::FileExt::write_all_at) does one.
fn write_all_vectored_at(
    file: &File,
    mut slices: &mut [IoSlice<'_>],
    mut position: u64,
) -> io::Result<()> {
    while !slices.is_empty() {
        let most = slices.len().min(MAX_SLICES);
        match pwritev(file, &slices[..most], position) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                position += written as u64;
                IoSlice::advance_slices(&mut slices, written);
            }
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::model::target::Verb;
    use crate::save::pack::{LoggedPacks, PackConfig, PackFormat, PackPattern};
    use crate::save::version::Version;

    /// Packs of so many bytes and members at most, of which the first is begun.
    fn begun(folder: &Path, full_bytes: u64, full_members: u64) -> Packs {
        let pattern = PackPattern::parse(&folder.join("p-%d.tar"), None).expect("a pattern");
        let config = PackConfig {
            format: PackFormat::Tar,
            pattern,
            full_bytes,
            full_members,
        };
        let encode = Arc::new(|_: &Outcome, record: &mut Vec<u8>| {
            record.extend_from_slice(b"{}");
            Ok(())
        });
        let mut packs =
            Packs::open(config, &mut LoggedPacks::default(), 1, encode).expect("there is room");
        packs.begin().expect("there is room");
        packs
    }

    /// Appends members with bodies of these lengths together. Returns where they are.
    fn append(packs: &mut Packs, lengths: &[usize]) -> Vec<(u64, u64)> {
        let outcome = Outcome::new(0, "http://h/".into(), Verb::Get);
        let mut members: Vec<PackMember> = lengths
            .iter()
            .map(|length| {
                let mut body = packs.body().body();
                body.start(&Version::default());
                body.complete(&vec![b'x'; *length]).expect("there is room");
                body.into_member().expect("it is complete")
            })
            .collect();
        let members = members.iter_mut().map(|member| BatchMember {
            member,
            outcome: &outcome,
            has_changed: false,
        });
        let packed = packs.append_together(members.collect());
        let packed = packed.expect("they can be encoded");
        packed
            .iter()
            .map(|packed| (packed.offset, packed.length))
            .collect()
    }

    #[test]
    fn a_batch_ends_before_a_large_member_and_with_the_one_that_fills_the_pack() {
        let dir = tempfile::tempdir().expect("there is room");
        let small = usize::try_from(SMALL_MEMBER).expect("it is small");
        let mut packs = begun(dir.path(), u64::MAX, u64::MAX);
        // Two headers, a block with the record, and the body in blocks.
        let placed = append(&mut packs, &[1, small, small + 1, 1]);
        let whole = SMALL_MEMBER + 3 * 512;
        assert_eq!(placed, [(0, 2048), (2048, whole)]);

        let dir = tempfile::tempdir().expect("there is room");
        let mut packs = begun(dir.path(), 3585, u64::MAX);
        let placed = append(&mut packs, &[1, 0, 1, 1]);
        assert_eq!(placed, [(0, 2048), (2048, 1536), (3584, 2048)]);
        let dir = tempfile::tempdir().expect("there is room");
        let mut packs = begun(dir.path(), 3584, u64::MAX);
        assert_eq!(append(&mut packs, &[1, 0, 1]), [(0, 2048), (2048, 1536)]);
        let dir = tempfile::tempdir().expect("there is room");
        let mut packs = begun(dir.path(), u64::MAX, 1);
        assert_eq!(append(&mut packs, &[1, 0, 1]), [(0, 2048)]);
        assert_eq!(packs.publish_if_full(), Ok(None), "none is in the log");
        packs.note_logged();
        let published = packs.publish_if_full().expect("nothing has its name");
        assert!(published.is_some(), "it is full");
    }

    #[test]
    fn a_batch_that_cannot_be_written_leaves_nothing() {
        let dir = tempfile::tempdir().expect("there is room");
        let mut packs = begun(dir.path(), u64::MAX, u64::MAX);
        let part = dir.path().join("p-0.tar.part");
        let unwritable = File::open(&part).expect("it is there");
        let current = packs.current.as_mut().expect("it is begun");
        let file = std::mem::replace(&mut current.file, unwritable);
        assert_eq!(append(&mut packs, &[1, 1]), []);
        let current = packs.current.as_mut().expect("it is begun");
        assert!(current.appended.is_empty(), "{:?}", current.appended);
        current.file = file;
        assert_eq!(append(&mut packs, &[1, 1]), [(0, 2048), (2048, 2048)]);
        let length = fs::metadata(&part).expect("it is there").len();
        assert_eq!(length, 4096);
    }

    #[test]
    fn more_slices_than_one_call_takes_are_all_written() {
        let file = tempfile::tempfile().expect("there is room");
        let bytes: Vec<u8> = (0..=250).cycle().take(3 * MAX_SLICES + 7).collect();
        let mut slices: Vec<IoSlice<'_>> = bytes.chunks(1).map(IoSlice::new).collect();
        write_all_vectored_at(&file, &mut slices, 3).expect("there is room");
        let mut read = vec![0; bytes.len()];
        std::os::unix::fs::FileExt::read_exact_at(&file, &mut read, 3).expect("it is there");
        assert!(read == bytes);
    }
}
