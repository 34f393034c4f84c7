//! Text from a guest, made safe to print: control characters are shown, not obeyed.

use std::fmt::Write;

/// Returns the text with every character escaped that a terminal could obey, except ends of lines and tabs.
pub fn lines(text: &str) -> String {
    escaped(text, |letter| is_obeyed(letter) && letter != '\n' && letter != '\t')
}

/// Returns the text as part of one line: ends of lines are escaped too.
pub fn line(text: &str) -> String {
    escaped(text, is_obeyed)
}

/// Returns JSON that means the same in printable ASCII. Outside of ASCII and beyond its control characters JSON has
/// text in strings only, where an escape stands for each code unit.
pub fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            ' '..='~' => out.push(letter),
            _ => letter.encode_utf16(&mut [0; 2]).iter().for_each(|unit| {
                write!(out, "\\u{unit:04x}").expect("a string takes all that is written");
            }),
        }
    }
    out
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_escaped(letter) { out.extend(letter.escape_default()) } else { out.push(letter) }
    }
    out
}

/// Whether a terminal does something else with a character than to show it: control characters, and the invisible
/// ones that reorder or join text.
fn is_obeyed(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
        || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_shown() {
        let hostile = "\u{1b}[2Jgone\r\u{9b}31m\u{7f}\u{202e}txt";
        let shown = "\\u{1b}[2Jgone\\r\\u{9b}31m\\u{7f}\\u{202e}txt";
        assert_eq!((lines(hostile), line(hostile)), (shown.to_string(), shown.to_string()));
    }

    #[test]
    fn plain_text_stays_as_it_is() {
        let plain = "BUG: `x` of 'é' at 100 %\n\tcalled";
        assert_eq!(lines(plain), plain);
        assert_eq!(line("3\n"), "3\\n");
    }

    #[test]
    fn json_means_the_same_in_ascii() {
        let text = "a\u{7f}\u{9b}é\u{1f600}\u{1b}\"\\";
        let ascii = json(&serde_json::to_string(text).unwrap());
        assert!(ascii.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{ascii}");
        assert_eq!(serde_json::from_str::<String>(&ascii).unwrap(), text);
    }
}
