//! Input that is no exposition text is recognised for what it is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::format_push_string, clippy::format_collect)]
#![allow(clippy::items_after_statements, clippy::default_trait_access)]

mod common;

use common::{events, streamed};
use lmcache_prom::{NotExposition, ReadError, Scrape};

#[track_caller]
fn check(input: &[u8], expected: NotExposition) {
    assert_eq!(events(input).1, Err(expected));
    assert_eq!(streamed(input.chunks(1)).1, Err(expected));
    assert_eq!(Scrape::parse(input).unwrap_err(), expected);
    assert!(matches!(
        Scrape::read(input).unwrap_err(),
        ReadError::NotExposition(found) if found == expected
    ));
}

#[test]
fn what_it_looks_like() {
    check(b"", NotExposition::Empty);
    check(b" \n\r\n\t\n", NotExposition::Empty);
    check(b"\xef\xbb\xbf", NotExposition::Empty);
    check(b"<!DOCTYPE html>\n<title>Sign in</title>\n", NotExposition::Html);
    check(b"\n\n  <html>", NotExposition::Html);
    check(b"<?xml version=\"1.0\"?>\n", NotExposition::Html);
    check(b"\x1f\x8b\x08\x00\x00", NotExposition::Gzip);
    check(b"\x28\xb5\x2f\xfd\x04\x00", NotExposition::Zstd);
    check(b"\xff\xfea\x00 \x001\x00\n\x00", NotExposition::WideText);
    check(b"{\"status\":\"success\",\"data\":{}}\n", NotExposition::Json);
    check(b"{\n  \"is_healthy\": true\n}\n", NotExposition::Json);
    check(b"{ \"a\" : 1}", NotExposition::Json);
    check(b"{}\n", NotExposition::Json);
    check(b"[{\"endpoint\": \"/status\"}]\n", NotExposition::Json);
    check(b"[\n", NotExposition::Json);
    check(b"\"0.5.6\"\n", NotExposition::Json);
    check(b"\x7fELF\x02\x01\x01\x00\x00\x00\n", NotExposition::Binary);
    check(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", NotExposition::Binary);
    check(b"error 404\n", NotExposition::HttpError);
}

#[test]
fn text_without_one_readable_line_says_why() {
    for (input, message) in [
        (
            "Internal Server Error\n",
            "line 1, column 10 (byte 9): the value is not a decimal number",
        ),
        ("404 page not found\n", "line 1, column 1 (byte 0): a metric name was expected"),
        ("up 1", "line 1, column 1 (byte 0): the last line has no line end"),
        ("[2026-11-24] INFO started\n", "a metric name was expected"),
        ("<34>Nov 24 started\n", "a metric name was expected"),
    ] {
        let error = Scrape::parse(input.as_bytes()).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[test]
fn latin_1_text_without_a_good_line_is_refused_and_with_one_is_not() {
    let error = Scrape::parse(b"caf\xe9 1\n").unwrap_err();
    assert!(error.to_string().contains("not UTF-8"), "{error}");
    assert_eq!(Scrape::parse(b"caf\xe9 1\nup 1\n").unwrap().issue_count(), 1);
}

#[test]
fn what_only_looks_like_something_else_is_read() {
    for input in
        ["{\"a.b\"} 1\n", "{\"a.b\",c=\"d\"} 1\n", "{\"a:b\"} 1\n", "{\"x\"=\"y\",\"a\"} 1\n"]
    {
        assert_eq!(Scrape::parse(input.as_bytes()).unwrap().samples(), 1, "{input}");
    }
    // A page of comments, of declarations, or of an end mark alone is an empty page.
    for input in ["# nothing yet\n", "# TYPE a counter\n", "# EOF\n"] {
        assert_eq!(Scrape::parse(input.as_bytes()).unwrap().samples(), 0, "{input}");
    }
    // Metrics that happen to be called so.
    for input in [
        "error 4\n",
        "error{a=\"b\"} 404\n",
        "# TYPE error gauge\nerror 404\n",
        "error 404\nup 1\n",
    ] {
        assert!(Scrape::parse(input.as_bytes()).is_ok(), "{input}");
    }
}

#[test]
fn reading_stops_at_once() {
    struct Endless(u64);
    impl std::io::Read for Endless {
        fn read(&mut self, block: &mut [u8]) -> std::io::Result<usize> {
            self.0 += 1;
            assert!(self.0 < 10, "still reading");
            block.fill(b'\n');
            block[..6].copy_from_slice(b"<html>");
            Ok(block.len())
        }
    }
    assert!(matches!(Scrape::read(Endless(0)), Err(ReadError::NotExposition(NotExposition::Html))));
}

#[test]
fn one_long_line_is_read_through_in_bounded_memory() {
    // 256 MiB in one line; the allocation test holds the bound itself.
    let line = std::io::Read::take(std::io::repeat(b'x'), 256 << 20);
    let error = Scrape::read(line).unwrap_err();
    assert!(error.to_string().contains("longer than 1 MiB"), "{error}");
}

#[test]
fn a_reader_that_fails_says_where() {
    struct Broken(bool);
    impl std::io::Read for Broken {
        fn read(&mut self, block: &mut [u8]) -> std::io::Result<usize> {
            if std::mem::replace(&mut self.0, true) {
                return Err(std::io::Error::other("gone"));
            }
            block[..5].copy_from_slice(b"up 1\n");
            Ok(5)
        }
    }
    let error = Scrape::read(Broken(false)).unwrap_err();
    assert_eq!(error.to_string(), "read failed at byte 5: gone");
}
