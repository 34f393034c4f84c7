//! The encoding of a text: programs are UTF-8, and an editor that wrote something else is named.

use std::path::Path;
use unreg::program::text::is_text;

/// The bytes as text. An error says where the first byte is that is no UTF-8, and how to mend the file.
pub(super) fn utf8<'b>(bytes: &'b [u8], path: &Path) -> anyhow::Result<&'b str> {
    let file = path.display();
    if is_utf16(bytes) {
        anyhow::bail!(
            "{file}:1:1: the file is UTF-16; programs are UTF-8: \
             `iconv -f UTF-16{} -t UTF-8 {file}` prints it as that",
            match (bytes.starts_with(&LITTLE_MARK) || bytes.starts_with(&BIG_MARK), bytes[0]) {
                (true, _) => "",
                (false, 0) => "BE",
                (false, _) => "LE",
            }
        );
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let before = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let byte = bytes[error.valid_up_to()];
        anyhow::anyhow!("{file}:{line}:{column}: the byte 0x{byte:02x} is no UTF-8; programs are UTF-8")
    })
}

/// The byte order marks of UTF-16.
const LITTLE_MARK: [u8; 2] = [0xff, 0xfe];
const BIG_MARK: [u8; 2] = [0xfe, 0xff];

/// Whether bytes are a program's text in UTF-16, with a byte order mark or without. An engine's records may begin with
/// the bytes of a mark, so what follows must read as a text too.
pub(super) fn is_utf16(bytes: &[u8]) -> bool {
    let decoded = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (units, rest) = bytes.as_chunks::<2>();
        let text: Result<String, _> = char::decode_utf16(units.iter().copied().map(unit)).collect();
        text.ok().filter(|_| rest.is_empty())
    };
    let is_plain = |text: &String| {
        let printed = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
        text.chars().all(printed) && text.chars().filter(char::is_ascii).count() * 2 > text.chars().count()
    };
    if let Some(text) = bytes.strip_prefix(&LITTLE_MARK) {
        return decoded(text, u16::from_le_bytes).as_ref().is_some_and(is_plain);
    }
    if let Some(text) = bytes.strip_prefix(&BIG_MARK) {
        return decoded(text, u16::from_be_bytes).as_ref().is_some_and(is_plain);
    }
    let without_mark = [u16::from_le_bytes as fn([u8; 2]) -> u16, u16::from_be_bytes];
    let mut texts = without_mark.iter().filter_map(|unit| decoded(bytes, *unit));
    texts.any(|text| is_text(text.as_bytes()) && is_plain(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    #[test]
    fn every_sort_of_utf16_is_seen_and_records_are_not_taken_for_it() {
        for text in ["task user\r\n  devlink.dump\r\n", "# für immer\n"] {
            for unit in [u16::to_le_bytes as fn(u16) -> [u8; 2], u16::to_be_bytes] {
                assert!(is_utf16(&utf16(text, unit)), "{text}");
                assert!(is_utf16(&utf16(&format!("\u{feff}{text}"), unit)), "{text} with a mark");
            }
            assert!(!is_utf16(text.as_bytes()));
        }
        assert!(!is_utf16(&[0xff, 0xfe, 1, 0, 2, 0, 3, 0]));
        assert!(!is_utf16(&[0xff; 16]) && !is_utf16(&[]) && !is_utf16(&[0; 8]));
    }

    #[test]
    fn what_is_no_utf8_is_pointed_at() {
        let error = utf8(b"task user\n  # \xfcber\n", Path::new("x.prog")).unwrap_err();
        assert_eq!(error.to_string(), "x.prog:2:5: the byte 0xfc is no UTF-8; programs are UTF-8");
    }
}
