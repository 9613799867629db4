//! Bodies that look like what servers send: a run of one byte would compress to nothing.

use std::fmt::Write;

/// Records of JSON, the same at each call, cut off after so many bytes.
pub(crate) fn json(length: usize) -> Vec<u8> {
    const WORDS: [&str; 16] = [
        "river", "signal", "orange", "harbour", "ledger", "mountain", "paper", "winter", "copper",
        "garden", "engine", "lantern", "meadow", "pillar", "quarry", "saddle",
    ];
    let mut random = fastrand::Rng::with_seed(1);
    let mut text = String::with_capacity(length + 512);
    text.push('[');
    while text.len() < length {
        let mut word = || WORDS[random.usize(..WORDS.len())];
        let (name, tags, note) = (word(), [word(), word()], [word(), word(), word(), word()]);
        let (id, price) = (random.u64(..), random.u32(..1_000_000));
        let stock = random.bool();
        writeln!(
            text,
            "{{\"id\":\"{id:016x}\",\"name\":\"{name}\",\"tags\":{tags:?},\"price\":{}.{:02},\
             \"in_stock\":{stock},\"note\":\"{}\"}},",
            price / 100,
            price % 100,
            note.join(" ")
        )
        .expect("a string takes everything");
    }
    text.truncate(length);
    text.into_bytes()
}
