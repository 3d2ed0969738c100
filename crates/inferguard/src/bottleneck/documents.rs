//! Reads the files of a job directory: JSON documents, JSON lines, text.
//!
//! What cannot be read is a located [`ParseError`] and costs nothing else.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde::Serialize;
use serde_json::Value;

use crate::packet::plain_error;

/// Most bytes of a document that is held whole, and of one line.
const MOST_BYTES: u64 = 64 << 20;
/// Most parse errors that are listed of one file; all are counted.
const LISTED: usize = 5;

/// A place in a file of the job that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ParseError {
    /// File.
    pub path: String,
    /// Line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Column, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.path)?;
        for part in [self.line, self.column].into_iter().flatten() {
            write!(f, ":{part}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// How reading a file of JSON lines went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct LinesRead {
    /// Rows that were read.
    pub(crate) good: u64,
    /// Rows that were not.
    pub(crate) bad: u64,
}

impl LinesRead {
    /// Whether what was read can stand for the file.
    pub(crate) fn usable(self) -> bool {
        self.bad * 10 <= self.good
    }
}

fn whole(path: &Path, message: String) -> ParseError {
    ParseError { path: path.display().to_string(), line: None, column: None, message }
}

/// A byte stream; gzip is inflated.
fn source(path: &Path) -> io::Result<Box<dyn Read>> {
    let mut file = File::open(path)?;
    let mut magic = Vec::with_capacity(2);
    (&mut file).take(2).read_to_end(&mut magic)?;
    let gzip = magic == [0x1f, 0x8b];
    let body = Cursor::new(magic).chain(file);
    Ok(if gzip { Box::new(MultiGzDecoder::new(body)) } else { Box::new(body) })
}

/// The whole of a file, where it has a bearable size.
fn bytes(path: &Path) -> Result<Vec<u8>, ParseError> {
    let mut out = Vec::new();
    source(path)
        .and_then(|body| body.take(MOST_BYTES + 1).read_to_end(&mut out))
        .map_err(|e| whole(path, plain_error(&e)))?;
    if out.len() as u64 > MOST_BYTES {
        return Err(whole(path, format!("it is larger than {} MiB", MOST_BYTES >> 20)));
    }
    Ok(out)
}

fn json_error(path: &Path, first_line: u64, bytes: &[u8], error: &serde_json::Error) -> ParseError {
    let message = if std::str::from_utf8(bytes).is_err() {
        "it is not UTF-8".to_owned()
    } else {
        // The place is told apart from the message.
        let text = error.to_string();
        text.split(" at line ").next().unwrap_or(&text).to_owned()
    };
    ParseError {
        path: path.display().to_string(),
        line: Some(first_line + (error.line() as u64).saturating_sub(1)),
        column: Some(error.column() as u64),
        message,
    }
}

/// Reads a JSON document.
pub(crate) fn json(path: &Path) -> Result<Value, ParseError> {
    let bytes = bytes(path)?;
    let body = bytes.strip_prefix(b"\xef\xbb\xbf".as_slice()).unwrap_or(&bytes);
    if body.trim_ascii().is_empty() {
        return Err(whole(path, "it is empty".into()));
    }
    serde_json::from_slice(body).map_err(|e| json_error(path, 1, body, &e))
}

/// Reads a text; bytes that are no UTF-8 are replaced.
pub(crate) fn text(path: &Path) -> Result<String, ParseError> {
    bytes(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads JSON lines one by one. Gives errors for bad lines, the first few of them listed.
pub(crate) fn json_lines(
    path: &Path,
    errors: &mut Vec<ParseError>,
    mut each: impl FnMut(&Value),
) -> LinesRead {
    let mut read = LinesRead::default();
    let mut body = match source(path) {
        Ok(body) => BufReader::with_capacity(256 << 10, body),
        Err(e) => {
            errors.push(whole(path, plain_error(&e)));
            read.bad = 1;
            return read;
        }
    };
    let mut line = Vec::new();
    let mut number = 0u64;
    let mut listed = 0usize;
    let mut refuse = |error: ParseError, read: &mut LinesRead| {
        read.bad += 1;
        listed += 1;
        if listed <= LISTED {
            errors.push(error);
        }
    };
    loop {
        line.clear();
        number += 1;
        match (&mut body).take(MOST_BYTES).read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) => {}
            Err(e) => {
                refuse(whole(path, plain_error(&e)), &mut read);
                break;
            }
        }
        let text = line.trim_ascii();
        let text = if number == 1 {
            text.strip_prefix(b"\xef\xbb\xbf".as_slice()).unwrap_or(text)
        } else {
            text
        };
        if text.is_empty() {
            continue;
        }
        match serde_json::from_slice::<Value>(text) {
            Ok(value) if value.is_object() => {
                read.good += 1;
                each(&value);
            }
            Ok(_) => {
                let mut error = whole(path, "a row is no JSON object".into());
                error.line = Some(number);
                refuse(error, &mut read);
            }
            Err(e) => refuse(json_error(path, number, text, &e), &mut read),
        }
    }
    let hidden = read.bad.saturating_sub(LISTED as u64);
    if hidden > 0 {
        errors.push(whole(path, format!("{hidden} more rows could not be read")));
    }
    read
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    #[test]
    fn errors_name_their_place() {
        for (bytes, line, column, says) in [
            (b"{\"a\": }".as_slice(), Some(1), Some(7), "expected value"),
            (b"{\n\"a\": NaN}", Some(2), Some(6), "expected value"),
            (b"{\"a\": \"caf\xe9\"}", Some(1), None, "not UTF-8"),
            (b"  \n", None, None, "empty"),
        ] {
            let file = file(bytes);
            let error = json(file.path()).unwrap_err();
            assert_eq!(error.line, line, "{error:?}");
            assert!(column.is_none() || error.column == column, "{error:?}");
            assert!(error.message.contains(says), "{error:?}");
        }
    }

    #[test]
    fn a_bad_row_costs_itself() {
        let file = file(b"{\"a\":1}\n\n{\"a\":\n[1]\n{\"a\":2}\n");
        let (mut errors, mut seen) = (Vec::new(), Vec::new());
        let read = json_lines(file.path(), &mut errors, |row| seen.push(row["a"].clone()));
        assert_eq!(read, LinesRead { good: 2, bad: 2 });
        assert_eq!(seen, [1, 2]);
        assert_eq!(errors.iter().map(|e| e.line).collect::<Vec<_>>(), [Some(3), Some(4)]);
        assert!(!read.usable());
    }

    #[test]
    fn gzip_is_inflated() {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(b"{\"a\": 1}").unwrap();
        let file = file(&out.finish().unwrap());
        assert_eq!(json(file.path()).unwrap()["a"], 1);
    }
}
