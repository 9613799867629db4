//! File names: any text made into a path component that every file system accepts unchanged and compares
//! alike.

#[cfg(test)]
mod tests;

use std::borrow::Cow;

use icu_normalizer::{
    ComposingNormalizerBorrowed as Composing, DecomposingNormalizerBorrowed as Decomposing,
};

/// The longest component that [`sanitised`] returns, in bytes. Most file systems take 255; the rest is for a
/// number that keeps two names apart, and for the suffix of a temporary name.
pub(crate) const MAX_BYTES: usize = 180;

/// The bytes that are left for a number with its dash: more than that of any list's last line.
const NUMBER_BYTES: usize = 20;

/// The longest component with a number, in bytes.
pub(crate) const MAX_NUMBERED_BYTES: usize = MAX_BYTES + NUMBER_BYTES;

/// The lengths in bytes that names are cut to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NameLimits {
    /// That of a name without a number.
    plain: usize,
    /// That of a name with a number.
    numbered: usize,
}

impl NameLimits {
    /// The limits on a file system that takes names of so many bytes: such that a part's suffix fits too.
    pub(crate) fn within(longest: usize) -> Self {
        // Below that no name would be left. Such a file system says for itself what it refuses.
        let least = MIN_BYTES + NUMBER_BYTES;
        let numbered = longest.saturating_sub(PARTIAL.len());
        let numbered = numbered.clamp(least, MAX_NUMBERED_BYTES);
        NameLimits {
            plain: (numbered - NUMBER_BYTES).min(MAX_BYTES),
            numbered,
        }
    }
}

impl Default for NameLimits {
    fn default() -> Self {
        NameLimits {
            plain: MAX_BYTES,
            numbered: MAX_NUMBERED_BYTES,
        }
    }
}

/// The most bytes of an extension, with its dot, that are kept when a name is cut.
const MAX_EXTENSION_BYTES: usize = 16;

/// The shortest length in bytes that a name is cut to: there is room for a hash, a number and an extension.
const MIN_BYTES: usize = 64 - PARTIAL.len() - NUMBER_BYTES;

/// The suffix of a partial file, `NAME.part`, which no complete file may have.
pub(crate) const PARTIAL: &str = ".part";

/// `text` as one safe component: harmful characters replaced, in normal form C, not hidden, not an
/// option, not a device, not too long, not empty. A safe text stays unchanged.
pub(crate) fn sanitised(text: &str) -> String {
    let replaced: String = text
        .chars()
        .map(|c| if is_harmful(c) { '_' } else { c })
        .collect();
    let mut name = Composing::new_nfc().normalize(&replaced).into_owned();
    // Hidden files, options of a command that gets the name, and characters that Windows drops.
    if name.starts_with(|c: char| c == '.' || is_dash(c) || c.is_whitespace()) {
        replace_first(&mut name);
    }
    replace_bad_end(&mut name);
    if is_device(&name) {
        name.insert(0, '_');
    }
    if folded(&name).ends_with(PARTIAL) {
        name.push('_');
    }
    if name.len() > MAX_BYTES {
        name = shortened(&name, text, MAX_BYTES);
    }
    if name.is_empty() {
        name.push('_');
    }
    name
}

/// A safe component, cut to these limits, with a hash of all of it in place of the missing part.
pub(crate) fn fitted(name: &str, limits: NameLimits) -> Cow<'_, str> {
    if name.len() <= limits.plain {
        return Cow::Borrowed(name);
    }
    Cow::Owned(shortened(name, name, limits.plain))
}

/// `name` as one that leaves so many bytes of `longest` to a suffix: cut, with a hash of all of it in place
/// of the missing part, if it is too long.
pub(crate) fn with_room(name: &str, longest: usize, suffix: usize) -> Cow<'_, str> {
    let most = longest.saturating_sub(suffix).max(MIN_BYTES);
    if name.len() <= most {
        return Cow::Borrowed(name);
    }
    Cow::Owned(shortened(name, name, most))
}

/// `name` with a number before its extension, or as it is for 0. A number never makes it longer than the
/// limits.
pub(crate) fn numbered(name: &str, number: u64, limits: NameLimits) -> Cow<'_, str> {
    if number == 0 {
        return Cow::Borrowed(name);
    }
    let (stem, extension) = match split_extension(name) {
        (_, long) if long.len() > MAX_EXTENSION_BYTES => (name, ""),
        parts => parts,
    };
    let number = format!("-{number}");
    let room = limits.numbered - number.len() - extension.len();
    Cow::Owned(format!("{}{number}{extension}", cut(stem, room)))
}

/// `text` as the most tolerant file system compares it: without case, in normal form KC. Two names that
/// are one to any file system have the same folded form.
pub(crate) fn folded(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return if text.bytes().any(|b| b.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        };
    }
    let normal = Composing::new_nfkc();
    // Down, up and down: 'ẞ' goes to 'ß', 'SS' and "ss", where 'ß' goes as well. Character by
    // character, because a string's own lower case has a rule for a sigma at the end of a word.
    let lower: String = normal
        .normalize(text)
        .chars()
        .flat_map(char::to_lowercase)
        .flat_map(char::to_uppercase)
        .flat_map(char::to_lowercase)
        .collect();
    Cow::Owned(normal.normalize(&lower).into_owned())
}

/// A hash for use in names: FNV-1a (Fowler, Noll and Vo). The one of the standard library may change
/// from one release to the next, and a name must not.
pub(crate) fn stable_hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// True for characters that are replaced wherever they are.
fn is_harmful(c: char) -> bool {
    if c.is_ascii() {
        return is_reserved(c);
    }
    is_reserved(c) || is_invisible(c) || is_stand_in(c) || {
        // Some systems normalise a name, or convert it to a smaller character set, after it was checked:
        // '／' would be a separator then, '‥' the parent folder. Decomposed and not composed again,
        // because the sign for "not less than" is a '<' to HFS+.
        let mut bytes = [0; 4];
        Decomposing::new_nfkd()
            .normalize(c.encode_utf8(&mut bytes))
            .chars()
            .any(|part| part == '.' || is_reserved(part) || is_invisible(part))
    }
}

/// True for separators of components, characters reserved on some file system, and controls.
fn is_reserved(c: char) -> bool {
    c.is_control() || r#"/\:*?"<>|"#.contains(c)
}

/// True for characters that are invisible or change the order of others: two names would look alike, or
/// one look like what it is not (`exe` at the end turned into a `gpj`). These are Unicode's default
/// ignorable characters, line separators, and noncharacters.
fn is_invisible(c: char) -> bool {
    let is_noncharacter = matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe;
    is_noncharacter
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// True for characters without a decomposition that still become a reserved one: slashes, backslashes
/// and colons in the "best fit" of Windows code pages, and the private-use characters by which Cygwin,
/// WSL and Samba write what Windows does not allow.
fn is_stand_in(c: char) -> bool {
    matches!(
        c,
        '\u{2044}'
            | '\u{2215}'
            | '\u{2216}'
            | '\u{2236}'
            | '\u{29f5}'
            | '\u{29f8}'
            | '\u{a789}'
            | '\u{f000}'..='\u{f0ff}'
    )
}

/// True for a dash that may begin an option, also after compatibility normalisation.
fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{fe63}' | '\u{ff0d}')
}

/// True for a name under which Windows opens a device, whatever its extension.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    // Folding makes plain digits of the superscript ones, which count as digits here.
    let stem = folded(stem);
    let stem = stem.trim_end();
    match stem {
        "con" | "prn" | "aux" | "nul" | "conin$" | "conout$" | "clock$" => true,
        _ => stem
            .strip_prefix("com")
            .or_else(|| stem.strip_prefix("lpt"))
            .is_some_and(|port| port.len() == 1 && port.as_bytes()[0].is_ascii_digit()),
    }
}

fn replace_first(name: &mut String) {
    name.remove(0);
    name.insert(0, '_');
}

fn replace_bad_end(name: &mut String) {
    if name.ends_with(|c: char| c == '.' || c.is_whitespace()) {
        name.pop();
        name.push('_');
    }
}

/// `name`, cut to so many bytes ([`MIN_BYTES`] at least), with a hash of `whole` in place of the missing part.
fn shortened(name: &str, whole: &str, most: usize) -> String {
    let (stem, extension) = split_extension(name);
    let extension = cut(extension, MAX_EXTENSION_BYTES);
    let mark = format!("~{:08x}", stable_hash(whole) as u32);
    let room = most - mark.len() - extension.len();
    let mut name = format!("{}{mark}{extension}", cut(stem, room));
    replace_bad_end(&mut name);
    name
}

/// The name before its extension, and the extension with its dot, if there is one. The suffix of a
/// compressed archive is not an extension alone: `.tar.gz` is one.
fn split_extension(name: &str) -> (&str, &str) {
    let before = |end: usize| name[..end].rfind('.').filter(|at| *at > 0);
    let Some(mut at) = before(name.len()) else {
        return (name, "");
    };
    let compressed = ["gz", "xz", "bz2", "zst", "br", "lz", "z"];
    if compressed
        .iter()
        .any(|c| name[at + 1..].eq_ignore_ascii_case(c))
        && let Some(tar) = before(at)
        && name[tar..at].eq_ignore_ascii_case(".tar")
    {
        at = tar;
    }
    name.split_at(at)
}

/// The longest beginning of `text` of at most `bytes` bytes that ends between two characters.
fn cut(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}
