//! Bodies that look like what servers send: a run of one byte would compress to nothing.

use std::io::{self, Write};

/// Writes records of JSON, the same for the same seed, cut off after so many bytes. They are not collected first: a
/// client's peak of memory is no lower than this program's when it starts it.
pub(crate) fn write_json(seed: u64, length: usize, mut to: impl Write) -> io::Result<()> {
    const WORDS: [&str; 16] = [
        "river", "signal", "orange", "harbour", "ledger", "mountain", "paper", "winter", "copper",
        "garden", "engine", "lantern", "meadow", "pillar", "quarry", "saddle",
    ];
    let mut random = fastrand::Rng::with_seed(seed);
    let mut left = length;
    let mut record = String::from("[");
    while left > 0 {
        let mut word = || WORDS[random.usize(..WORDS.len())];
        let (name, tags, note) = (word(), [word(), word()], [word(), word(), word(), word()]);
        let (id, price, stock) = (random.u64(..), random.u32(..1_000_000), random.bool());
        record += &format!(
            "{{\"id\":\"{id:016x}\",\"name\":\"{name}\",\"tags\":{tags:?},\"price\":{}.{:02},\
             \"in_stock\":{stock},\"note\":\"{}\"}},\n",
            price / 100,
            price % 100,
            note.join(" ")
        );
        let kept = record.len().min(left);
        to.write_all(&record.as_bytes()[..kept])?;
        left -= kept;
        record.clear();
    }
    to.flush()
}
