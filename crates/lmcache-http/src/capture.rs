//! Files that hold captured answers: JSON lines or arrays of records, indexes beside saved
//! bodies, HAR files, and raw responses with their head.

use serde_json::Value;

use crate::json::{self, text};
use crate::reading::Answer;
use crate::routes::Method;

/// At most this many records of one file.
pub const MAX_RECORDS: usize = 10_000;

/// One captured answer, owned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capture {
    /// Method.
    pub method: Option<Method>,
    /// URL or path.
    pub path: Option<String>,
    /// Status code.
    pub status: Option<u16>,
    /// The body; `None` if it stands in `file` or was not kept.
    pub body: Option<Vec<u8>>,
    /// The file that holds the body, as the record names it.
    pub file: Option<String>,
    /// Why there was no answer.
    pub error: Option<String>,
    /// Line of the record, from 1; 0 where the file is one value.
    pub line: u64,
}

impl Capture {
    /// As an answer that stands in `source`; `body` is that of an answer kept in a file.
    pub fn answer<'a>(&'a self, source: &'a str, body: Option<&'a [u8]>) -> Answer<'a> {
        Answer {
            method: self.method,
            path: self.path.as_deref(),
            file: self.file.as_deref(),
            status: self.status,
            body: self.body.as_deref().or(body).unwrap_or_default(),
            error: self.error.as_deref(),
            source,
        }
    }
}

/// Records of a capture file, or `None` if it is not one.
///
/// A record is an object with one of `url`, `path`, `endpoint`, `route`, `request.url` and one of
/// `status`, `status_code`, `code`, `response.status`, `error`; the body is `body`, `text`,
/// `inline_body`, `response`, `content` (text or JSON) or stands in the file that `file` names. A
/// record with `attempts` is each of them.
///
/// ```
/// let file = b"{\"url\":\"http://h:1/status\",\"status\":404,\"body\":{\"detail\":\"Not Found\"}}\n";
/// let records = lmcache_http::captures(file).unwrap();
/// assert_eq!(records[0].path.as_deref(), Some("http://h:1/status"));
/// assert_eq!(records[0].body.as_deref(), Some(&b"{\"detail\":\"Not Found\"}"[..]));
/// assert!(lmcache_http::captures(b"{\"is_healthy\": true}").is_none());
/// ```
pub fn captures(file: &[u8]) -> Option<Vec<Capture>> {
    if let Some(raw) = raw_response(file) {
        return Some(vec![raw]);
    }
    let start = file.iter().find(|b| !b.is_ascii_whitespace())?;
    if !matches!(start, b'{' | b'[') {
        return None;
    }
    if let Some(value) = json::parse(file) {
        return whole(&value);
    }
    let mut found = Vec::new();
    for (index, line) in file.split(|b| *b == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let Some(value) = json::parse(line) else { continue };
        for mut capture in records(&value) {
            capture.line = index as u64 + 1;
            found.push(capture);
        }
        if found.len() >= MAX_RECORDS {
            break;
        }
    }
    (!found.is_empty()).then_some(found)
}

fn whole(value: &Value) -> Option<Vec<Capture>> {
    let list = match value {
        Value::Array(list) => Some(list),
        Value::Object(_) => ["entries", "answers", "requests", "responses", "endpoints", "files"]
            .iter()
            .find_map(|key| value.get(*key))
            .or_else(|| value.get("log").and_then(|log| log.get("entries")))
            .and_then(Value::as_array),
        _ => None,
    };
    let found: Vec<Capture> = match list {
        Some(list) => list.iter().take(MAX_RECORDS).flat_map(records).collect(),
        None => records(value),
    };
    (!found.is_empty()).then_some(found)
}

/// Exchanges that a record holds: itself, or those that it lists as attempts.
fn records(value: &Value) -> Vec<Capture> {
    match value.get("attempts").and_then(Value::as_array) {
        Some(attempts) if !attempts.is_empty() => {
            let mut out: Vec<Capture> = attempts.iter().filter_map(record).collect();
            // The last of them is the one whose answer was kept.
            if let Some(last) = out.last_mut() {
                last.file = text(value, "file");
            }
            out
        }
        _ => record(value).into_iter().collect(),
    }
}

fn record(value: &Value) -> Option<Capture> {
    let request = value.get("request").filter(|r| r.is_object()).unwrap_or(value);
    let response = value.get("response").filter(|r| r.is_object()).unwrap_or(value);
    let path = ["url", "path", "endpoint", "route", "uri", "source"]
        .iter()
        .find_map(|key| text(request, key).or_else(|| text(value, key)))?;
    if !(path.contains("://") || path.starts_with('/') || path.contains(" /")) {
        return None;
    }
    let status = ["http_status", "status", "status_code", "code"]
        .iter()
        .find_map(|key| response.get(*key)?.as_u64())
        .and_then(|code| u16::try_from(code).ok())
        .filter(|code| (100..600).contains(code));
    let error = text(value, "error").or_else(|| text(value, "exception"));
    if status.is_none() && error.is_none() {
        return None;
    }
    let content = response.get("content");
    let encoded = content.is_some_and(|c| c.get("encoding").is_some());
    let body = ["body", "inline_body", "text", "response", "content", "data"]
        .iter()
        .find_map(|key| response.get(*key).filter(|v| !v.is_null()))
        .filter(|body| *body != response);
    let body = match content.and_then(|c| c.get("text")).or(body) {
        _ if encoded => None,
        Some(Value::String(text)) => Some(text.clone().into_bytes()),
        Some(other) => serde_json::to_vec(other).ok(),
        None => None,
    };
    let method = text(request, "method").or_else(|| text(value, "method"));
    let method = method.or_else(|| path.split_once(' ').map(|(method, _)| method.to_owned()));
    Some(Capture {
        method: method.and_then(|name| Method::from_name(&name)),
        status,
        body,
        file: text(value, "file"),
        error: error.filter(|_| status.is_none()),
        path: Some(path),
        line: 0,
    })
}

/// A response with its head, as `curl -i` saves it.
fn raw_response(file: &[u8]) -> Option<Capture> {
    if !file.starts_with(b"HTTP/") {
        return None;
    }
    let find =
        |mark: &[u8]| file.windows(mark.len()).position(|w| w == mark).map(|at| (at, mark.len()));
    let (at, length) = match (find(b"\r\n\r\n"), find(b"\n\n")) {
        (Some(a), Some(b)) => a.min(b),
        (a, b) => a.or(b)?,
    };
    let head = String::from_utf8_lossy(file.get(..at)?);
    let status = head.lines().next()?.split_ascii_whitespace().nth(1)?.parse().ok();
    Some(Capture {
        status,
        body: file.get(at + length..).map(<[u8]>::to_vec),
        ..Capture::default()
    })
}
