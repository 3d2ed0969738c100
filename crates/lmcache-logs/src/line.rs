//! One line taken apart: time, level, process, product, message.

use serde::Serialize;

/// Who wrote a line, by its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Product {
    /// `[time] LMCache LEVEL: message (file:line:logger)`.
    Lmcache,
    /// `LEVEL MM-DD HH:MM:SS [file:line] message`.
    Vllm,
    /// `[time TP0] message`.
    Sglang,
    /// `LEVEL:     message`.
    Uvicorn,
    /// Anything else.
    Other,
}

/// A line and its parts; all borrow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Line<'a> {
    /// Who wrote it.
    pub product: Product,
    /// Name of the process in front of it (`EngineCore_DP0`), or its rank (`TP0`).
    pub process: Option<&'a str>,
    /// Process id.
    pub pid: Option<u32>,
    /// Time as it stands there.
    pub time: Option<&'a str>,
    /// `INFO`, `WARNING`, ...
    pub level: Option<&'a str>,
    /// Source file and line, or logger.
    pub place: Option<&'a str>,
    /// What is left.
    pub message: &'a str,
}

/// Levels that the products write.
const LEVELS: &[&str] =
    &["INFO", "WARNING", "ERROR", "DEBUG", "CRITICAL", "FATAL", "TRACE", "WARN"];

/// Takes a line apart. Colours have to be gone.
///
/// ```
/// use lmcache_logs::{Product, split};
///
/// let line = split("(EngineCore_DP0 pid=7) INFO 11-24 09:12:09 [factory.py:51] Creating v1");
/// assert_eq!((line.product, line.pid), (Product::Vllm, Some(7)));
/// assert_eq!(line.message, "Creating v1");
/// ```
pub fn split(text: &str) -> Line<'_> {
    let mut line = Line {
        product: Product::Other,
        process: None,
        pid: None,
        time: None,
        level: None,
        place: None,
        message: text.trim_end(),
    };
    container(&mut line);
    process(&mut line);
    // vLLM repeats its own prefix in front of LMCache's where a worker's output is piped.
    if !lmcache(&mut line) && !vllm(&mut line) && !sglang(&mut line) {
        uvicorn(&mut line);
    }
    line
}

/// `2026-11-24T09:12:09.123456789Z stdout F `, as Kubernetes and containers write it.
fn container(line: &mut Line<'_>) {
    let Some((time, rest)) = line.message.split_once(' ') else { return };
    if !is_rfc3339(time) {
        return;
    }
    line.time = Some(time);
    let rest = rest.trim_start();
    let cri = ["stdout F ", "stderr F ", "stdout P ", "stderr P "];
    line.message = cri.iter().find_map(|p| rest.strip_prefix(p)).unwrap_or(rest);
}

fn is_rfc3339(text: &str) -> bool {
    let b = text.as_bytes();
    b.len() >= 20
        && b.get(4) == Some(&b'-')
        && b.get(10) == Some(&b'T')
        && b.get(13) == Some(&b':')
        && b.iter().take(4).all(u8::is_ascii_digit)
}

/// `(EngineCore_DP0 pid=141231) `.
fn process(line: &mut Line<'_>) {
    let Some(rest) = line.message.strip_prefix('(') else { return };
    let Some((inside, after)) =
        rest.split_once(") ").or_else(|| rest.strip_suffix(')').map(|i| (i, "")))
    else {
        return;
    };
    let Some((name, pid)) = inside.split_once(" pid=") else { return };
    let Ok(pid) = pid.split([',', ' ']).next().unwrap_or("").parse() else { return };
    line.process = Some(name);
    line.pid = Some(pid);
    line.message = after;
}

fn lmcache(line: &mut Line<'_>) -> bool {
    let Some((time, rest)) = bracketed(line.message) else { return false };
    let Some(rest) = rest.strip_prefix("LMCache ") else { return false };
    let Some((level, message)) = rest.split_once(':') else { return false };
    if !LEVELS.contains(&level.trim()) {
        return false;
    }
    line.product = Product::Lmcache;
    line.time = Some(time);
    line.level = Some(level.trim());
    line.message = message.trim_start();
    // The location stands at the end of the first or the last line of a message.
    if let Some(open) = line.message.rfind(" (")
        && let Some(place) = line.message.get(open + 2..).and_then(|p| p.strip_suffix(')'))
        && place.matches(':').count() == 2
        && place.contains(".py:")
    {
        line.place = Some(place);
        line.message = line.message.get(..open).unwrap_or_default();
    }
    true
}

/// `[2026-11-24 09:12:09,014] rest`.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix('[')?;
    let (inside, after) = rest.split_once("] ").or_else(|| Some((rest.strip_suffix(']')?, "")))?;
    let b = inside.as_bytes();
    let date = b.len() >= 19
        && b.iter().take(4).all(u8::is_ascii_digit)
        && b.get(4) == Some(&b'-')
        && b.get(13) == Some(&b':');
    date.then_some((inside, after))
}

/// `INFO 11-24 09:12:09 [factory.py:51] message`, with or without a year.
fn vllm(line: &mut Line<'_>) -> bool {
    let Some((level, rest)) = line.message.split_once(' ') else { return false };
    if !LEVELS.contains(&level) {
        return false;
    }
    let Some((date, rest)) = rest.trim_start().split_once(' ') else { return false };
    let Some((time, rest)) = rest.split_once(' ') else { return false };
    let dated = matches!(date.len(), 5 | 10) && date.contains('-');
    if !dated || time.as_bytes().get(2) != Some(&b':') {
        return false;
    }
    line.product = Product::Vllm;
    line.level = Some(level);
    if line.time.is_none() {
        let start = line.message.find(date).unwrap_or(0);
        line.time = line.message.get(start..start + date.len() + 1 + time.len());
    }
    let rest = rest.trim_start();
    line.message = rest;
    if let Some(inside) = rest.strip_prefix('[')
        && let Some((place, message)) = inside.split_once(']')
        && place.contains(':')
    {
        line.place = Some(place);
        line.message = message.trim_start();
    } else if let Some((place, message)) = rest.split_once("] ")
        && place.contains(".py:")
        && !place.contains(' ')
    {
        // Before 0.8: `INFO 03-01 10:00:00 llm_engine.py:234] message`.
        line.place = Some(place);
        line.message = message;
    }
    true
}

/// `[2026-11-24 09:12:09 TP0] message`.
fn sglang(line: &mut Line<'_>) -> bool {
    let Some((inside, message)) = bracketed(line.message) else { return false };
    line.product = Product::Sglang;
    line.time = inside.get(..19);
    line.process = inside
        .get(19..)
        .map(str::trim)
        .filter(|rank| !rank.is_empty() && !rank.starts_with(['.', ',']));
    line.message = message;
    if let Some((level, rest)) = message.split_once(':')
        && LEVELS.contains(&level)
    {
        line.level = Some(level);
        line.message = rest.trim_start();
    }
    true
}

/// `INFO:     message`.
fn uvicorn(line: &mut Line<'_>) {
    if let Some((level, rest)) = line.message.split_once(':')
        && LEVELS.contains(&level)
        && rest.starts_with(' ')
    {
        line.product = Product::Uvicorn;
        line.level = Some(level);
        line.message = rest.trim_start();
    }
}

/// Takes colours out; nothing is allocated where there are none.
pub(crate) fn without_colours<'a>(text: &'a str, scratch: &'a mut String) -> &'a str {
    if memchr::memchr(0x1b, text.as_bytes()).is_none() {
        return text;
    }
    scratch.clear();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        scratch.push_str(before);
        let after = after.strip_prefix('[').unwrap_or(after);
        let end = after.find(|c: char| !(c.is_ascii_digit() || c == ';')).unwrap_or(after.len());
        rest = after
            .get(end..)
            .and_then(|r| r.get(r.chars().next().map_or(0, char::len_utf8)..))
            .unwrap_or("");
    }
    scratch.push_str(rest);
    scratch
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_all_products() {
        for (text, product, process, time, level, message) in [
            (
                "(EngineCore_DP0 pid=141231) [2025-11-24 09:12:09,014] LMCache INFO: Loading (utils.py:72:lmcache.integration.vllm.utils)",
                Product::Lmcache,
                Some("EngineCore_DP0"),
                Some("2025-11-24 09:12:09,014"),
                Some("INFO"),
                "Loading",
            ),
            (
                "[2026-11-24 12:48:07,055] LMCache WARNING: a (b) c",
                Product::Lmcache,
                None,
                Some("2026-11-24 12:48:07,055"),
                Some("WARNING"),
                "a (b) c",
            ),
            (
                "INFO 11-24 09:12:09 [factory.py:51] Creating v1",
                Product::Vllm,
                None,
                Some("11-24 09:12:09"),
                Some("INFO"),
                "Creating v1",
            ),
            (
                "INFO 03-01 10:00:00 llm_engine.py:234] old",
                Product::Vllm,
                None,
                Some("03-01 10:00:00"),
                Some("INFO"),
                "old",
            ),
            (
                "[2026-11-24 09:12:09 TP0] Prefill batch",
                Product::Sglang,
                Some("TP0"),
                Some("2026-11-24 09:12:09"),
                None,
                "Prefill batch",
            ),
            (
                "[2026-11-24 09:12:09] INFO: x",
                Product::Sglang,
                None,
                Some("2026-11-24 09:12:09"),
                Some("INFO"),
                "x",
            ),
            (
                "INFO:     Application startup complete.",
                Product::Uvicorn,
                None,
                None,
                Some("INFO"),
                "Application startup complete.",
            ),
            (
                "2026-11-24T09:12:09.123456789Z stderr F INFO:     x",
                Product::Uvicorn,
                None,
                Some("2026-11-24T09:12:09.123456789Z"),
                Some("INFO"),
                "x",
            ),
            (
                "  File \"a.py\", line 1",
                Product::Other,
                None,
                None,
                None,
                "  File \"a.py\", line 1",
            ),
            ("", Product::Other, None, None, None, ""),
            ("(x pid=1)", Product::Other, Some("x"), None, None, ""),
        ] {
            let line = split(text);
            assert_eq!(
                (line.product, line.process, line.time, line.level, line.message),
                (product, process, time, level, message),
                "{text}"
            );
        }
    }

    #[test]
    fn colours_go() {
        let mut scratch = String::new();
        assert_eq!(without_colours("\u{1b}[32;20mgreen\u{1b}[0m x", &mut scratch), "green x");
        assert_eq!(without_colours("plain", &mut scratch), "plain");
        assert_eq!(without_colours("cut\u{1b}", &mut scratch), "cut");
        assert_eq!(without_colours("cut\u{1b}[3é", &mut scratch), "cut");
    }
}
