//! YAML to JSON values, bounded.

use serde_json::Value;

use crate::Error;

/// Largest YAML text that is read, in bytes.
pub(crate) const MAX_YAML: usize = 4 << 20;

/// All documents of a text.
pub(crate) fn documents(text: &str) -> Result<Vec<Value>, Error> {
    if text.len() > MAX_YAML {
        return Err(Error::TooLarge { bytes: text.len(), limit: MAX_YAML });
    }
    // Templates of Helm are not YAML: lines of nothing but a template go.
    let cleaned: String;
    let text = if text.contains("{{") {
        cleaned = text
            .lines()
            .map(|line| if line.trim_start().starts_with("{{") { "" } else { line })
            .collect::<Vec<_>>()
            .join("\n");
        &cleaned
    } else {
        text
    };
    serde_saphyr::from_multiple::<Value>(text).map_err(|error| {
        let place = error.location();
        Error::Yaml {
            line: place.as_ref().map_or(0, serde_saphyr::Location::line),
            column: place.as_ref().map_or(0, serde_saphyr::Location::column),
        }
    })
}

/// Line (from 1) of a key at the start of a line, for locating settings in flat files.
pub(crate) fn line_of(text: &str, key: &str) -> Option<usize> {
    text.lines()
        .position(|line| {
            let line = line.trim_start().trim_start_matches(['"', '\'']);
            line.strip_prefix(key).is_some_and(|rest| {
                rest.trim_start_matches(['"', '\'']).trim_start().starts_with(':')
            })
        })
        .map(|i| i + 1)
}
