//! Releases within cells: from and to, and lists of names that each have their own.

use std::collections::BTreeMap;

use lmcache_prom::contract::Release;

/// Releases from one to another, both with it; open ends are `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// First.
    pub(crate) from: Option<Release>,
    /// Last; none: still there.
    pub(crate) to: Option<Release>,
}

impl Span {
    /// Whether a release is within.
    pub(crate) fn has(self, release: Release) -> bool {
        self.from.is_none_or(|f| f <= release) && self.to.is_none_or(|t| release <= t)
    }
}

/// A name of a list: `NAME[marks][@FROM[..TO]]`, marks being `?` and `!`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    /// The name.
    pub(crate) name: String,
    /// Its marks.
    pub(crate) marks: String,
    /// Its own releases.
    pub(crate) span: Span,
}

impl Member {
    fn parse(text: &str) -> Self {
        let (head, rest) = text.split_once('@').unwrap_or((text, ""));
        // Marks may stand behind the releases, too.
        let tail: String = rest.chars().filter(|c| "?!".contains(*c)).collect();
        let rest = rest.trim_end_matches(['?', '!']);
        let name = head.trim_end_matches(['?', '!']);
        let marks = format!("{}{tail}", head.get(name.len()..).unwrap_or_default());
        let (from, to) = rest.split_once("..").unwrap_or((rest, ""));
        let span = Span { from: from.parse().ok(), to: to.parse().ok() };
        Self { name: name.to_owned(), marks, span }
    }

    fn text(&self, marks_last: bool) -> String {
        let releases = match (self.span.from, self.span.to) {
            (None, None) => String::new(),
            (Some(from), None) => format!("@{from}"),
            (Some(from), Some(to)) => format!("@{from}..{to}"),
            (None, Some(to)) => format!("@..{to}"),
        };
        if marks_last {
            format!("{}{releases}{}", self.name, self.marks)
        } else {
            format!("{}{}{releases}", self.name, self.marks)
        }
    }
}

/// A cell of such names, divided by blanks.
pub(crate) fn members(cell: &str) -> Vec<Member> {
    cell.split_whitespace().map(Member::parse).collect()
}

/// The cell again.
pub(crate) fn cell(members: &[Member], marks_last: bool) -> String {
    members.iter().map(|m| m.text(marks_last)).collect::<Vec<_>>().join(" ")
}

/// Names of a cell that a release has.
pub(crate) fn at(cell: &str, release: Release) -> BTreeMap<String, String> {
    members(cell).into_iter().filter(|m| m.span.has(release)).map(|m| (m.name, m.marks)).collect()
}

/// The cell as it was when `last` was the newest release.
pub(crate) fn cut(text: &str, own: Span, last: Release, marks_last: bool) -> String {
    let kept: Vec<Member> = members(text)
        .into_iter()
        .filter(|m| m.span.from.is_none_or(|f| f <= last))
        .map(|mut m| {
            if m.span.to.is_some_and(|t| t >= last) {
                m.span.to = None;
                if m.span.from == own.from {
                    m.span.from = None;
                }
            }
            m
        })
        .collect();
    cell(&kept, marks_last)
}

/// The cell with what a new release adds and drops.
pub(crate) fn change(
    text: &str,
    own: Span,
    (previous, release): (Release, Release),
    (came, went): (&[String], &[String]),
    mark: &str,
    marks_last: bool,
) -> String {
    let mut list = members(text);
    for member in &mut list {
        if went.contains(&member.name) && member.span.has(previous) {
            member.span.from = member.span.from.or(own.from);
            member.span.to = Some(previous);
        }
    }
    for name in came {
        let span = Span { from: Some(release), to: None };
        list.push(Member { name: name.clone(), marks: mark.to_owned(), span });
    }
    cell(&list, marks_last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn r(text: &str) -> Release {
        text.parse().unwrap_or(Release::new(0, 0, 0, 0))
    }

    #[test]
    fn cells_are_cut_and_continued() {
        let own = Span { from: Some(r("0.4.0")), to: None };
        let text = "a b?@0.5.6 c@0.4.0..0.5.5 d@0.4.1..0.4.2";
        assert_eq!(cut(text, own, r("0.5.5"), false), "a c d@0.4.1..0.4.2");
        let again = change(
            "a c d@0.4.1..0.4.2",
            own,
            (r("0.5.5"), r("0.5.6")),
            (&["b".into()], &["c".into()]),
            "?",
            false,
        );
        assert_eq!(again, "a c@0.4.0..0.5.5 d@0.4.1..0.4.2 b?@0.5.6");
        assert!(at(text, r("0.5.5")).contains_key("c"));
        assert!(!at(text, r("0.5.6")).contains_key("c"));
        assert_eq!(cell(&members("x@0.4.5!"), true), "x@0.4.5!");
    }
}
