//! Times on the command line: `20s`, `2m`, `1h`, `500ms`.

use std::time::Duration;

/// Reads a time with its unit.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| {
        format!("expected a number and a unit, as in 500ms, 20s, 2m or 1h, not `{text}`: {error}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_needs_a_unit() {
        assert_eq!(parse("20s"), Ok(Duration::from_secs(20)));
        assert_eq!(parse("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        for bad in ["", "20", "s", "-1s", "99999999999999999999s", "9999999999999999999h"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
