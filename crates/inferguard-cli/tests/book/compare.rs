//! What a page shows, held against what a command printed.

/// Why they differ.
pub(crate) fn differs(expected: &[String], actual: &str) -> Option<String> {
    let actual: Vec<&str> = actual.lines().map(str::trim_end).collect();
    let expected: Vec<&str> = expected.iter().map(|l| l.trim_end()).collect();
    let mut at = 0;
    let parts: Vec<&[&str]> = expected.split(|line| *line == "...").collect();
    let last = parts.len() - 1;
    for (i, part) in parts.iter().enumerate() {
        let fits = |start: usize| {
            actual.get(start..start + part.len()).is_some_and(|lines| {
                lines.iter().zip(*part).all(|(line, pattern)| like(line, pattern))
            })
        };
        let start = match (i, i == last) {
            (0, true) => (fits(0) && actual.len() == part.len()).then_some(0),
            (0, false) => fits(0).then_some(0),
            // What is behind the last `...` ends the output.
            (_, true) => actual.len().checked_sub(part.len()).filter(|s| *s >= at && fits(*s)),
            (_, false) => (at..=actual.len()).find(|s| fits(*s)),
        };
        match start {
            Some(start) => at = start + part.len(),
            None => {
                return Some(format!("not printed, or not there:\n  {}", part.join("\n  ")));
            }
        }
    }
    None
}

/// Whether a line is like one in which `...` stands for anything.
fn like(line: &str, pattern: &str) -> bool {
    let mut parts = pattern.split("...");
    let Some(mut rest) = parts.next().and_then(|head| line.strip_prefix(head)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

#[test]
fn gaps_stand_for_any_lines() {
    let shown = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    for (expected, actual, same) in [
        ("a\nb", "a\nb\n", true),
        ("a", "a\nb\n", false),
        ("a\n...", "a\nb\n", true),
        ("...\nc\n...", "a\nb\nc\nd\n", true),
        ("...\nd", "a\nd\nd\n", true),
        ("a\n...\nb\n...\nc", "a\nc\nb\nc\n", true),
        ("a\n...\nb", "a\nb\nc\n", false),
        ("took ... s", "took 5 s\n", true),
        ("took ... s", "took 5 m\n", false),
        ("...\nx", "a\n", false),
    ] {
        assert_eq!(differs(&shown(expected), actual).is_none(), same, "{expected:?} {actual:?}");
    }
}
