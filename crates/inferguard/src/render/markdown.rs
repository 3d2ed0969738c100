//! Markdown: headings, tables and lists, for reports of any kind.

use std::fmt::Write as _;

/// A Markdown document under construction.
pub(crate) struct Markdown(String);

impl Markdown {
    /// Starts with a title.
    pub(crate) fn titled(title: &str) -> Self {
        Self(format!("# {}\n", escaped(title)))
    }

    /// A section.
    pub(crate) fn section(&mut self, title: &str) {
        let _ = write!(self.0, "\n## {}\n", escaped(title));
    }

    /// A paragraph.
    pub(crate) fn paragraph(&mut self, text: &str) {
        let _ = write!(self.0, "\n{}\n", escaped(text));
    }

    /// A list.
    pub(crate) fn list(&mut self, items: impl IntoIterator<Item = String>) {
        self.0.push('\n');
        for item in items {
            let _ = writeln!(self.0, "- {}", escaped(&item));
        }
    }

    /// A table; nothing where it has no row.
    pub(crate) fn table(&mut self, head: &[&str], rows: &[Vec<String>]) {
        if rows.is_empty() {
            return;
        }
        let _ = write!(self.0, "\n| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
        for row in rows {
            let cells: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
            let _ = writeln!(self.0, "| {} |", cells.join(" | "));
        }
    }

    /// Text as it stands.
    pub(crate) fn verbatim(&mut self, text: &str) {
        // A fence longer than any in the text.
        let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(longest.max(2) + 1);
        let _ = write!(self.0, "\n{fence}text\n{}\n{fence}\n", text.trim_end());
    }

    pub(crate) fn finish(self) -> String {
        self.0
    }
}

/// Prose of our own tables: one line, and nothing in it is markup but pairs of backticks.
pub fn markdown_prose(text: &str) -> String {
    let text = &coded(text);
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escaped(text);
    }
    let kept = |(i, part): (usize, &&str)| {
        if i.is_multiple_of(2) { escaped(part) } else { (*part).to_owned() }
    };
    parts.iter().enumerate().map(kept).collect::<Vec<_>>().join("`")
}

/// Puts backticks around searches of a log, which are there to be copied.
fn coded(text: &str) -> String {
    const ENDS: &[&str] = &[".log", ".prom", ".jsonl", ".txt"];
    if text.contains('`') {
        return text.to_owned();
    }
    let parts = text.split("; ").map(|part| {
        let search = part.find("grep -").map(|at| part.split_at(at));
        let Some((before, search)) = search.filter(|(_, s)| s.matches("grep -").count() == 1)
        else {
            return part.to_owned();
        };
        let end = ENDS.iter().filter_map(|end| Some(search.rfind(end)? + end.len())).max();
        match end.and_then(|end| search.split_at_checked(end)) {
            Some((search, after)) => format!("{before}`{search}`{after}"),
            None => part.to_owned(),
        }
    });
    parts.collect::<Vec<_>>().join("; ")
}

/// Text from outside: one line, and nothing in it is markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in super::text::safe(text).chars() {
        match c {
            '\n' => out.push(' '),
            '|' | '*' | '<' | '>' | '[' | ']' | '\\' | '`' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_keeps_its_code() {
        assert_eq!(markdown_prose("grep *.log, `a*b` <x>"), "grep \\*.log, `a*b` \\<x\\>");
        assert_eq!(markdown_prose("one ` and *"), "one \\` and \\*");
        assert_eq!(
            markdown_prose("a * b; grep -E 'x .* y|z' a.log b.log, twice; df"),
            "a \\* b; `grep -E 'x .* y|z' a.log b.log`, twice; df"
        );
        assert_eq!(markdown_prose("grep -c 'a|b'"), "grep -c 'a\\|b'");
    }

    #[test]
    fn nothing_from_outside_is_markup() {
        let mut doc = Markdown::titled("a <b> | c");
        doc.table(&["x", "y"], &[vec!["1|2".into(), "`z`\n*w*".into()]]);
        doc.table(&["never"], &[]);
        doc.verbatim("```\nfence");
        assert_eq!(
            doc.finish(),
            "# a \\<b\\> \\| c\n\n| x | y |\n|---|---|\n| 1\\|2 | \\`z\\` \\*w\\* |\n\n````text\n```\nfence\n````\n"
        );
    }
}
