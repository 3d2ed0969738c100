//! Texts as they may leave the crate.

use std::borrow::Cow;

use evidence_redact::{Kind, Redactor, Salt};

/// Replaces what must not leave by its class alone: `[secret]`, `[host]`. Nothing is kept by
/// which equal values could be told, since whoever reads a report has no need to.
#[derive(Debug)]
pub(crate) struct Mask(Option<Redactor>);

impl Mask {
    pub(crate) fn new() -> Self {
        // The salt decides digits that are cut off again.
        Self(Redactor::new(Salt::new(*b"cut off again")).ok())
    }

    /// A text without what must not leave, at most `most` bytes of it.
    pub(crate) fn text(&self, text: &str, most: usize) -> String {
        let text = clip(text, most.saturating_mul(4));
        // Without a redactor nothing can be told to be harmless.
        let Some(redactor) = &self.0 else { return "[not shown]".into() };
        let redacted = redactor.redact(Kind::Text, text.as_bytes());
        let text = String::from_utf8_lossy(redacted.bytes());
        clip(&without_digits(&text), most).to_owned()
    }

    /// A value of a setting.
    pub(crate) fn value(&self, name: &str, value: &str, most: usize) -> String {
        let line = format!("{name}: {value}");
        let masked = self.text(&line, most.saturating_add(name.len() + 2));
        masked.strip_prefix(name).and_then(|r| r.strip_prefix(": ")).unwrap_or(&masked).to_owned()
    }
}

/// `redacted-secret-0123456789ab` becomes `[secret]`.
fn without_digits(text: &str) -> Cow<'_, str> {
    const MARK: &str = "redacted-";
    if !text.contains(MARK) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(MARK) {
        out.push_str(before);
        let end =
            after.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(after.len());
        let (name, left) = after.split_at(end);
        let class = name.rfind('-').and_then(|at| name.get(..at)).unwrap_or(name);
        let class = class.split("-of-").next().unwrap_or(class);
        let class = class.trim_end_matches(|c: char| c.is_ascii_hexdigit() && c.is_ascii_digit());
        out.push('[');
        out.push_str(class.trim_end_matches('-'));
        out.push(']');
        rest = left.strip_prefix(".invalid").unwrap_or(left);
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The first bytes of a text, cut between characters.
pub(crate) fn clip(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    (0..=most).rev().find_map(|end| text.get(..end)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_stay_and_values_go() {
        let mask = Mask::new();
        let text = mask.text("connect to redis://u:secretpw@10.1.2.3:6379 failed", 200);
        assert!(!text.contains("secretpw") && !text.contains("10.1.2.3"), "{text}");
        assert!(text.contains('[') && text.ends_with("failed"), "{text}");
        assert_eq!(mask.value("chunk_size", "256", 64), "256");
        assert_eq!(clip("aé", 2), "a");
    }
}
