//! `unreg fmt`: a text in its canonical form, with every comment where it was.

use super::parse::words;

/// The text with one space between words, two before what belongs to a task or a schedule, no space at the
/// end of a line, and single empty lines. Says the same, and formatting it again changes nothing.
pub fn format(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut inside = false;
    let mut empty = true;
    for line in text.trim_start_matches(super::MARK).lines() {
        let line = line.trim();
        if line.is_empty() {
            if !empty {
                out.push('\n');
            }
            empty = true;
            continue;
        }
        empty = false;
        let code: Vec<_> = words(line).map(|(_, word)| word).collect();
        let keyword = matches!(code.first(), Some(&("variant" | "expect" | "task" | "schedule")));
        if keyword {
            inside = matches!(code[0], "task" | "schedule");
        }
        // A comment alone on its line stands where its neighbours do: by the margin unless it was indented.
        let indented = inside && !keyword && !line.starts_with("#=");
        let code_text = code.join(" ");
        let comment = line[comment_start(line)..].trim();
        let space = if code.is_empty() || comment.is_empty() { "" } else { "  " };
        let margin = if indented { "  " } else { "" };
        out.push_str(&format!("{margin}{code_text}{space}{comment}\n"));
    }
    while out.ends_with("\n\n") {
        out.pop();
    }
    out
}

/// Where the comment of a line starts; its length if it has none.
fn comment_start(line: &str) -> usize {
    words(line).last().map_or(0, |(at, word)| at + word.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_move_and_comments_stay() {
        let text =
            "# What happens.\n\n\n  variant   devlink early-register\ntask user # who\ndevlink.dump\n# why\n";
        let formatted =
            "# What happens.\n\nvariant devlink early-register\ntask user  # who\n  devlink.dump\n  # why\n";
        assert_eq!(format(text), formatted);
        assert_eq!(format(formatted), formatted);
    }

    #[test]
    fn an_empty_comment_behind_a_segment_is_no_count() {
        let text = "task user\n  devlink.dump\n\nschedule\n  user until command:start # \n  user\n";
        let formatted = format(text);
        assert!(formatted.contains("command:start  #\n"), "{formatted}");
        let program = |text: &str| crate::program::Program::parse(text, "test").expect("it is legal");
        assert_eq!(program(&formatted), program(text));
        assert_eq!(format(&formatted), formatted);
    }

    #[test]
    fn a_citation_stands_by_the_margin_wherever_it_is() {
        let text = "task user\n  devlink.dump\n#= uevents: Alex Williamson\n  # why\n";
        assert_eq!(format(text), text);
    }
}
