//! Tracebacks by the frames that they went through.

use coverage_model::Source;

use crate::outcome::Sign;
use crate::view::View;

/// A sign for tracebacks that went through one of these frames (a part of a file's or function's
/// name) and whose last line has all of these words.
pub(super) fn raised_in(
    view: &View<'_>,
    weight: f64,
    text: &str,
    frames: &[&str],
    words: &[&str],
) -> Option<Sign> {
    let through = |frame: &String| frames.iter().any(|name| frame.contains(name));
    let sources: Vec<Source> = view
        .logs
        .iter()
        .flat_map(|log| log.evidence.tracebacks.iter().map(move |t| (log.path, t)))
        .filter(|(_, t)| t.frames.iter().any(through))
        .filter(|(_, t)| words.iter().all(|w| t.last_line.contains(w)))
        .map(|(path, t)| Source {
            artifact: path.to_owned(),
            line: Some(t.first_line),
            what: t.last_line.clone(),
            value: Some(format!("{} times", t.count)),
        })
        .collect();
    (!sources.is_empty()).then(|| Sign::inferred(weight, text, sources))
}
