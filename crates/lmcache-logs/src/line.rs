//! What stands around a message: prefixes of loggers, processes, containers.

use memchr::{memchr, memrchr};

use crate::product::{Level, Product};

/// A log line, taken apart. Everything is borrowed from it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Line<'a> {
    /// Time as written by the innermost writer, or by the container runtime.
    pub time: &'a [u8],
    /// Severity.
    pub level: Level,
    /// Who formatted it.
    pub product: Product,
    /// `EngineCore_DP0`, `Worker_TP1`, `APIServer`, `TP0`, or a pod or container name.
    pub process: &'a [u8],
    /// Process id, where the prefix says it.
    pub pid: Option<u64>,
    /// Source file.
    pub file: &'a [u8],
    /// Line in the source file.
    pub file_line: Option<u32>,
    /// Logger name (LMCache), tracing target (Rust).
    pub logger: &'a [u8],
    /// What is said; leading blanks are kept.
    pub message: &'a [u8],
}

/// Removes ANSI escape sequences (`ESC [ ... letter`); `true` if there were any and `out` holds
/// the rest.
pub(crate) fn strip_ansi(line: &[u8], out: &mut Vec<u8>) -> bool {
    let Some(mut at) = memchr(0x1b, line) else { return false };
    out.clear();
    let mut rest = line;
    loop {
        let (plain, tail) = rest.split_at(at);
        out.extend_from_slice(plain);
        rest = match tail.get(1) {
            Some(b'[') => {
                let end = tail.iter().skip(2).position(|b| (0x40..=0x7e).contains(b));
                end.and_then(|e| tail.get(e + 3..)).unwrap_or_default()
            }
            _ => tail.get(1..).unwrap_or_default(),
        };
        let Some(next) = memchr(0x1b, rest) else {
            out.extend_from_slice(rest);
            return true;
        };
        at = next;
    }
}

/// Takes a line apart. ANSI sequences have to be gone.
pub fn parse_line(raw: &[u8]) -> Line<'_> {
    let mut line = Line::default();
    let mut rest = raw;
    // What containers and process prefixes put in front; a few at most.
    for _ in 0..4 {
        if let Some((time, tail)) = container_time(rest) {
            line.time = time;
            rest = stream_mark(tail);
        } else if let Some((process, pid, tail)) = process_prefix(rest) {
            line.process = process;
            line.pid = pid.or(line.pid);
            rest = tail;
        } else if let Some((name, tail)) = container_name(rest) {
            line.process = name;
            rest = tail;
        } else {
            break;
        }
    }
    line.message = rest;
    match rest.first() {
        Some(b'[') => bracketed(rest, &mut line),
        Some(b'I' | b'W' | b'E' | b'D' | b'C' | b'F' | b'T') => {
            let _ = engine(rest, &mut line) || glog(rest, &mut line);
        }
        Some(b't') => logfmt(rest, &mut line),
        Some(b' ') if !line.time.is_empty() => tracing(rest, &mut line),
        _ => {}
    }
    if line.product == Product::Unknown && !line.time.is_empty() {
        tracing(rest, &mut line);
    }
    line
}

fn digits(text: &[u8], pattern: &[u8]) -> bool {
    text.len() >= pattern.len()
        && text
            .iter()
            .zip(pattern)
            .all(|(b, p)| if *p == b'#' { b.is_ascii_digit() } else { b == p })
}

fn skip_space(text: &[u8]) -> &[u8] {
    text.strip_prefix(b" ").unwrap_or(text)
}

/// `2026-11-24T01:02:03.123456789Z `
fn container_time(text: &[u8]) -> Option<(&[u8], &[u8])> {
    if !digits(text, b"####-##-##T##:##:##") {
        return None;
    }
    let space = memchr(b' ', text.get(..48.min(text.len()))?)?;
    let (time, tail) = text.split_at(space);
    Some((time, tail.get(1..)?))
}

/// `stdout F ` of the container runtime interface.
fn stream_mark(text: &[u8]) -> &[u8] {
    for mark in [&b"stdout F "[..], b"stderr F ", b"stdout P ", b"stderr P "] {
        if let Some(rest) = text.strip_prefix(mark) {
            return rest;
        }
    }
    text
}

/// `(EngineCore_DP0 pid=123) `
fn process_prefix(text: &[u8]) -> Option<(&[u8], Option<u64>, &[u8])> {
    let inner = text.strip_prefix(b"(")?;
    let end = memchr(b')', inner.get(..96.min(inner.len()))?)?;
    let (inside, tail) = inner.split_at(end);
    let at = memchr::memmem::find(inside, b"pid=")?;
    let name = inside.get(..at)?.trim_ascii();
    if name.iter().any(|b| !(b.is_ascii_alphanumeric() || b"_-. ,=".contains(b))) {
        return None;
    }
    let pid = number_at(inside.get(at + 4..)?);
    Some((name, pid, skip_space(tail.get(1..)?)))
}

/// `[pod/name/container] ` of `kubectl logs --prefix`, `name-1  | ` of docker compose.
fn container_name(text: &[u8]) -> Option<(&[u8], &[u8])> {
    if text.starts_with(b"[pod/") {
        let end = memchr(b']', text.get(..256.min(text.len()))?)?;
        return Some((text.get(1..end)?, skip_space(text.get(end + 1..)?)));
    }
    let head = text.get(..64.min(text.len()))?;
    let bar = memchr(b'|', head)?;
    let name = head.get(..bar)?.strip_suffix(b" ")?.trim_ascii_end();
    let plain = !name.is_empty()
        && name.iter().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(b))
        && name.first().is_some_and(u8::is_ascii_alphanumeric)
        && name.iter().any(u8::is_ascii_lowercase);
    plain.then_some((name, skip_space(text.get(bar + 1..)?)))
}

fn number_at(text: &[u8]) -> Option<u64> {
    let mut value: Option<u64> = None;
    for b in text.iter().take_while(|b| b.is_ascii_digit()).take(18) {
        value = Some(value.unwrap_or(0) * 10 + u64::from(b - b'0'));
    }
    value
}

/// `[2026-11-24 03:04:05,123] LMCache INFO: ...` and `[2026-11-24 03:04:05 TP0] ...`
fn bracketed<'a>(text: &'a [u8], line: &mut Line<'a>) {
    if !digits(text.get(1..).unwrap_or_default(), b"####-##-## ##:##:##") {
        return;
    }
    let Some(end) = memchr(b']', text.get(..96.min(text.len())).unwrap_or_default()) else {
        return;
    };
    let (Some(inside), Some(tail)) = (text.get(1..end), text.get(end + 1..)) else { return };
    let tail = skip_space(tail);
    let (time, ranks) = match inside.iter().skip(19).position(|b| *b == b' ') {
        Some(at) => inside.split_at(19 + at),
        None => (inside, &b""[..]),
    };
    line.time = time;
    let ranks = ranks.trim_ascii();
    if !ranks.is_empty() {
        line.process = ranks;
    }
    line.message = tail;
    if let Some(after) = tail.strip_prefix(b"LMCache ")
        && let Some(colon) = memchr(b':', after)
        && let Some(level) = after.get(..colon).and_then(Level::parse)
    {
        line.product = Product::Lmcache;
        line.level = level;
        line.message = skip_space(after.get(colon + 1..).unwrap_or_default());
        location(line);
        return;
    }
    line.product = Product::Sglang;
    line.level = Level::Info;
    if let Some(colon) = memchr(b':', tail.get(..10.min(tail.len())).unwrap_or_default())
        && let Some(level) = tail.get(..colon).and_then(Level::parse)
    {
        line.level = level;
        line.message = skip_space(tail.get(colon + 1..).unwrap_or_default());
    }
}

/// `... (file.py:12:lmcache.logger)` at the end.
fn location(line: &mut Line<'_>) {
    let message = line.message.trim_ascii_end();
    let Some(inner) = message.strip_suffix(b")") else { return };
    let Some(open) = memrchr(b'(', inner) else { return };
    let Some(inside) = inner.get(open + 1..) else { return };
    let mut parts = inside.splitn(3, |b| *b == b':');
    let (Some(file), Some(number), Some(logger)) = (parts.next(), parts.next(), parts.next())
    else {
        return;
    };
    if number.is_empty() || !number.iter().all(u8::is_ascii_digit) {
        return;
    }
    line.file = file;
    line.file_line = number_at(number).and_then(|n| u32::try_from(n).ok());
    line.logger = logger;
    line.message = inner.get(..open).unwrap_or_default().trim_ascii_end();
}

/// `INFO 11-24 03:04:05 [file.py:12] ...`, `INFO:     ...`
fn engine<'a>(text: &'a [u8], line: &mut Line<'a>) -> bool {
    let Some(end) =
        text.get(..9.min(text.len())).and_then(|h| h.iter().position(|b| matches!(b, b' ' | b':')))
    else {
        return false;
    };
    let Some(level) = text.get(..end).and_then(Level::parse) else { return false };
    let rest = text.get(end..).unwrap_or_default();
    if let Some(tail) = rest.strip_prefix(b":") {
        line.level = level;
        line.product = Product::Uvicorn;
        line.message = tail.trim_ascii_start();
        return true;
    }
    let rest = skip_space(rest);
    let length = if digits(rest, b"##-## ##:##:##") {
        14
    } else if digits(rest, b"####-##-## ##:##:##") {
        19
    } else {
        return false;
    };
    let extra = rest.iter().skip(length).take_while(|b| !matches!(b, b' ' | b']')).count();
    line.time = rest.get(..length + extra).unwrap_or_default();
    line.level = level;
    line.product = Product::Vllm;
    line.message = skip_space(rest.get(length + extra..).unwrap_or_default());
    if let Some(inner) = line.message.strip_prefix(b"[")
        && let Some(close) = memchr(b']', inner.get(..160.min(inner.len())).unwrap_or_default())
        && let Some(inside) = inner.get(..close)
        && let Some(colon) = memrchr(b':', inside)
        && let Some(number) = inside.get(colon + 1..).and_then(number_at)
    {
        line.file = inside.get(..colon).unwrap_or_default();
        line.file_line = u32::try_from(number).ok();
        line.message = skip_space(inner.get(close + 1..).unwrap_or_default());
    }
    true
}

/// `E1124 03:04:05.123456   123 file.cpp:12] ...`
fn glog<'a>(text: &'a [u8], line: &mut Line<'a>) -> bool {
    let level = match text.first() {
        Some(b'I') => Level::Info,
        Some(b'W') => Level::Warning,
        Some(b'E') => Level::Error,
        Some(b'F') => Level::Critical,
        _ => return false,
    };
    let Some(rest) = text.get(1..) else { return false };
    if !digits(rest, b"#### ##:##:##") {
        return false;
    }
    let length = memchr(b' ', rest.get(5..).unwrap_or_default()).map_or(rest.len(), |n| n + 5);
    let Some(close) = memchr(b']', rest) else { return false };
    line.time = rest.get(..length).unwrap_or_default();
    line.level = level;
    line.product = Product::Native;
    let inside = rest.get(length..close).unwrap_or_default().trim_ascii();
    let place = memrchr(b' ', inside).map_or(inside, |n| inside.get(n + 1..).unwrap_or_default());
    if let Some(colon) = memrchr(b':', place) {
        line.file = place.get(..colon).unwrap_or_default();
        line.file_line =
            place.get(colon + 1..).and_then(number_at).and_then(|n| u32::try_from(n).ok());
    }
    line.message = skip_space(rest.get(close + 1..).unwrap_or_default());
    true
}

/// `time=2026-... level=WARN source=... msg="..."`; also the older `ts=`.
fn logfmt<'a>(text: &'a [u8], line: &mut Line<'a>) {
    let Some(rest) = text.strip_prefix(b"time=").or_else(|| text.strip_prefix(b"ts=")) else {
        return;
    };
    let end = memchr(b' ', rest).unwrap_or(rest.len());
    line.time = rest.get(..end).unwrap_or_default();
    line.message = skip_space(rest.get(end..).unwrap_or_default());
    if let Some(at) = memchr::memmem::find(line.message, b"level=") {
        let word = line.message.get(at + 6..).unwrap_or_default();
        let end = word.iter().position(|b| !b.is_ascii_alphabetic()).unwrap_or(word.len());
        if let Some(level) = word.get(..end).and_then(Level::parse) {
            line.level = level;
            line.product = Product::Prometheus;
        }
    }
}

/// Rust's tracing behind a time: ` INFO target: message`.
fn tracing<'a>(text: &'a [u8], line: &mut Line<'a>) {
    let rest = text.trim_ascii_start();
    let Some(end) = memchr(b' ', rest.get(..10.min(rest.len())).unwrap_or_default()) else {
        return;
    };
    let Some(level) = rest.get(..end).and_then(Level::parse) else { return };
    let tail = skip_space(rest.get(end..).unwrap_or_default());
    line.level = level;
    line.product = Product::Native;
    line.message = tail;
    if let Some(at) = memchr::memmem::find(tail, b": ")
        && let Some(target) = tail.get(..at)
        && !target.contains(&b' ')
    {
        line.logger = target;
        line.message = tail.get(at + 2..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes() {
        let table: &[(&str, Product, &str, &str, &str, &str)] = &[
            (
                "[2026-11-24 03:04:05,123] LMCache INFO: Stored 2 tokens (a.py:3:lmcache.v1.x)",
                Product::Lmcache,
                "2026-11-24 03:04:05,123",
                "",
                "a.py",
                "Stored 2 tokens",
            ),
            (
                "(EngineCore_DP0 pid=12) INFO 11-24 03:04:05 [core/f.py:12] hello",
                Product::Vllm,
                "11-24 03:04:05",
                "EngineCore_DP0",
                "core/f.py",
                "hello",
            ),
            (
                "(Worker_TP1 pid=9) [2026-11-24 03:04:05,123] LMCache ERROR: bad",
                Product::Lmcache,
                "2026-11-24 03:04:05,123",
                "Worker_TP1",
                "",
                "bad",
            ),
            (
                "[2026-11-24 03:04:05 DP0 TP1] Decode batch",
                Product::Sglang,
                "2026-11-24 03:04:05",
                "DP0 TP1",
                "",
                "Decode batch",
            ),
            (
                "[2026-11-24 03:04:05] WARNING: x",
                Product::Sglang,
                "2026-11-24 03:04:05",
                "",
                "",
                "x",
            ),
            (
                "INFO:     1.2.3.4:5 - \"GET / HTTP/1.1\" 200 OK",
                Product::Uvicorn,
                "",
                "",
                "",
                "1.2.3.4:5 - \"GET / HTTP/1.1\" 200 OK",
            ),
            (
                "2026-11-24T03:04:05.123456789Z stderr F INFO 11-24 03:04:05 [f.py:1] m",
                Product::Vllm,
                "11-24 03:04:05",
                "",
                "f.py",
                "m",
            ),
            ("[pod/a-1/b] INFO:     x", Product::Uvicorn, "", "pod/a-1/b", "", "x"),
            (
                "engine-1  | [2026-11-24 03:04:05] x",
                Product::Sglang,
                "2026-11-24 03:04:05",
                "engine-1",
                "",
                "x",
            ),
            (
                "E1124 03:04:05.123456   77 ucx.cpp:12] boom",
                Product::Native,
                "1124 03:04:05.123456",
                "",
                "ucx.cpp",
                "boom",
            ),
            (
                "time=2026-11-24T03:04:05Z level=WARN msg=x",
                Product::Prometheus,
                "2026-11-24T03:04:05Z",
                "",
                "",
                "level=WARN msg=x",
            ),
            (
                "2026-11-24T03:04:05Z  INFO a::b: up",
                Product::Native,
                "2026-11-24T03:04:05Z",
                "",
                "",
                "up",
            ),
            ("  File \"x.py\", line 3", Product::Unknown, "", "", "", "  File \"x.py\", line 3"),
        ];
        for (raw, product, time, process, file, message) in table {
            let line = parse_line(raw.as_bytes());
            let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
            assert_eq!(
                (
                    line.product,
                    text(line.time),
                    text(line.process),
                    text(line.file),
                    text(line.message)
                ),
                (
                    *product,
                    (*time).to_owned(),
                    (*process).to_owned(),
                    (*file).to_owned(),
                    (*message).to_owned()
                ),
                "{raw}"
            );
        }
    }

    #[test]
    fn ansi() {
        let mut out = Vec::new();
        assert!(strip_ansi(b"\x1b[32;20m[x]\x1b[0m y\x1b", &mut out));
        assert_eq!(out, b"[x] y");
        assert!(!strip_ansi(b"plain", &mut out));
    }
}
