//! Words, numbers and lines.

use std::fmt::Write as _;

use super::RenderOptions;

/// ANSI styles that the reports use.
#[derive(Clone, Copy)]
pub(crate) enum Style {
    Bold,
    Dim,
    Good,
    Warn,
    Bad,
}

/// Puts a style around a text.
pub(crate) fn styled(style: Style, text: &str) -> String {
    let code = match style {
        Style::Bold => "1",
        Style::Dim => "2",
        Style::Good => "32",
        Style::Warn => "33",
        Style::Bad => "1;31",
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

/// A page of text under labels: `LABEL` in the first column, text behind it.
pub(crate) struct Sheet {
    out: String,
    width: usize,
    color: bool,
}

/// Width of the label column.
pub(crate) const LABEL: usize = 10;

impl Sheet {
    pub(crate) fn new(options: &RenderOptions) -> Self {
        let width = options.width.clamp(60, 160);
        Self { out: String::new(), width, color: options.color }
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// A line as it is.
    pub(crate) fn raw(&mut self, line: &str) {
        let _ = writeln!(self.out, "{}", line.trim_end());
    }

    pub(crate) fn blank(&mut self) {
        self.out.push('\n');
    }

    /// Wrapped text behind a label; an empty label continues the one above.
    pub(crate) fn entry(&mut self, label: &str, text: &str) {
        self.entry_at(label, 0, text);
    }

    /// The same, with its text indented by `indent` more.
    pub(crate) fn entry_at(&mut self, label: &str, indent: usize, text: &str) {
        let room = self.width.saturating_sub(LABEL + indent).max(20);
        for (i, line) in wrap(text, room).into_iter().enumerate() {
            let label = if i == 0 { label } else { "" };
            let padding = " ".repeat(LABEL.saturating_sub(label.chars().count()));
            let shown = if label.is_empty() { String::new() } else { styled(Style::Bold, label) };
            let hang = " ".repeat(indent);
            let _ = writeln!(self.out, "{}", format!("{shown}{padding}{hang}{line}").trim_end());
        }
    }

    pub(crate) fn finish(self) -> String {
        if self.color { self.out } else { unstyled(&self.out) }
    }
}

/// The characters of a text that are shown: those of ANSI codes are not.
fn visible(text: &str) -> impl Iterator<Item = char> {
    let mut in_code = false;
    text.chars().filter(move |c| {
        let was_in_code = in_code;
        in_code = match c {
            '\u{1b}' => true,
            'm' if in_code => false,
            _ => in_code,
        };
        !was_in_code && !in_code
    })
}

/// A text without its ANSI codes.
fn unstyled(text: &str) -> String {
    visible(text).collect()
}

/// Length as shown: ANSI codes take no room.
pub(crate) fn shown_len(text: &str) -> usize {
    visible(text).count()
}

/// Breaks text at spaces, and a word longer than a line where it must.
pub(crate) fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let mut word = word;
        while let Some(line) = lines.last_mut() {
            let have = shown_len(line);
            let need = shown_len(word) + usize::from(have > 0);
            if have + need <= room {
                if have > 0 {
                    line.push(' ');
                }
                line.push_str(word);
                break;
            }
            if have > 0 {
                lines.push(String::new());
                continue;
            }
            let cut = word.char_indices().nth(room).map_or(word.len(), |(i, _)| i);
            line.push_str(&word[..cut]);
            word = &word[cut..];
            if word.is_empty() {
                break;
            }
            lines.push(String::new());
        }
    }
    lines
}

/// A count with thousands separated: `36,352`.
pub(crate) fn count(value: f64) -> String {
    if value.fract() != 0.0 || value.abs() >= 1e15 {
        return crate::observe::number(value);
    }
    let digits = format!("{:.0}", value.abs());
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    if value < 0.0 { format!("-{out}") } else { out }
}

/// Seconds as people say them.
pub(crate) fn seconds(value: f64) -> String {
    if value > 0.0 && value < 0.1 {
        format!("{:.1} ms", value * 1e3)
    } else if value < 60.0 {
        format!("{value:.1} s")
    } else if value < 7200.0 {
        format!("{:.1} min", value / 60.0)
    } else {
        format!("{:.1} h", value / 3600.0)
    }
}

/// Bytes as people say them: `348.6 kB`, `10.7 GB` (powers of a thousand).
pub(crate) fn bytes(value: f64) -> String {
    const UNITS: [&str; 5] = ["bytes", "kB", "MB", "GB", "TB"];
    let mut value = value;
    let mut unit = 0;
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let name = UNITS.get(unit).copied().unwrap_or("bytes");
    if unit == 0 { format!("{value:.0} {name}") } else { format!("{value:.1} {name}") }
}

/// A time of day in UTC: `2026-11-24 02:59:40 UTC`.
pub(crate) fn moment(seconds: f64) -> String {
    jiff::SignedDuration::try_from_secs_f64(seconds)
        .ok()
        .and_then(|since| jiff::Timestamp::from_duration(since).ok())
        .filter(|time| time.as_second() >= 0)
        .map_or_else(
            || format!("{seconds} s since 1970"),
            |time| time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
        )
}

/// `1 file`, `2 files`.
pub(crate) fn plural(n: usize, one: &str) -> String {
    if n == 1 {
        return format!("1 {one}");
    }
    match one.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{n} {stem}ies"),
        _ if one.ends_with('s') => format!("{n} {one}es"),
        _ => format!("{n} {one}s"),
    }
}

/// The last part of a path, or the whole of it when short.
pub(crate) fn short_path(path: &str) -> &str {
    path.rsplit('/').next().filter(|base| !base.is_empty()).unwrap_or(path)
}

/// Cuts a text in its middle.
pub(crate) fn fit(text: &str, room: usize) -> String {
    let n = text.chars().count();
    if n <= room {
        return text.to_owned();
    }
    let keep = room.saturating_sub(2);
    let head: String = text.chars().take(keep / 2).collect();
    let tail: String = text.chars().skip(n - (keep - keep / 2)).collect();
    format!("{head}..{tail}")
}

/// The beginning of a text.
pub(crate) fn head(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let kept: String = text.chars().take(room.saturating_sub(2)).collect();
    format!("{}..", kept.trim_end())
}

/// The last two parts of a path: files of one name are told apart by their directory.
pub(crate) fn near_path(path: &str) -> &str {
    let cut = path.rmatch_indices('/').nth(1).map_or(0, |(at, _)| at + 1);
    path.get(cut..).unwrap_or(path)
}

/// Text from outside made fit for a terminal: control characters are shown, not obeyed.
pub(crate) fn safe(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_color_there_is_no_code_and_the_same_text() {
        for color in [false, true] {
            let mut sheet = Sheet::new(&RenderOptions::default().with_color(color));
            sheet.entry("MODE", &format!("m is {} here", styled(Style::Bad, "mm")));
            let text = sheet.finish();
            assert_eq!(text.contains('\u{1b}'), color);
            assert_eq!(unstyled(&text), "MODE      m is mm here\n");
        }
    }

    #[test]
    fn lines_never_exceed_their_room() {
        for room in [1, 5, 20, 40] {
            let text = "a bb ccc a_very_long_word_without_any_space_in_it_at_all end";
            for line in wrap(text, room) {
                assert!(shown_len(&line) <= room, "{line:?} at {room}");
            }
        }
        assert_eq!(wrap("one two", 20), ["one two"]);
    }

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(36352.0), "36,352");
        assert_eq!(count(0.0), "0");
        assert_eq!(count(999.0), "999");
        assert_eq!(count(-1_234_567.0), "-1,234,567");
        assert_eq!(plural(1, "family"), "1 family");
        assert_eq!(plural(2, "family"), "2 families");
        assert_eq!(plural(2, "replay"), "2 replays");
    }

    #[test]
    fn times_and_sizes_read_well() {
        assert_eq!(moment(0.0), "1970-01-01 00:00:00 UTC");
        assert_eq!(moment(951_782_400.5), "2000-02-29 00:00:00 UTC");
        assert_eq!(moment(1_795_488_470.44), "2026-11-24 02:47:50 UTC");
        assert_eq!(moment(-1.0), "-1 s since 1970");
        assert_eq!(bytes(999.0), "999 bytes");
        assert_eq!(bytes(348_622.0), "348.6 kB");
        assert_eq!(bytes(999_999.0), "1.0 MB");
    }

    #[test]
    fn control_characters_are_not_obeyed() {
        assert_eq!(safe("a\u{1b}[31mb"), "a\u{fffd}[31mb");
    }
}
