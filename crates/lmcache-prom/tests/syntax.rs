//! One table of inputs and events for every item of the two formats.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::format_push_string, clippy::format_collect)]
#![allow(clippy::items_after_statements, clippy::default_trait_access)]

mod common;

use common::{events, streamed};
use lmcache_prom::text::{Dialect, MAX_LINE, Scratch};

/// Holds the events of an input against a list, read at once and byte by byte.
#[track_caller]
fn check(input: impl AsRef<[u8]>, expected: &[&str]) {
    let input = input.as_ref();
    let (found, summary) = events(input);
    assert_eq!(found, expected, "{}", String::from_utf8_lossy(input));
    let (by_byte, streamed) = streamed(input.chunks(1));
    assert_eq!(by_byte, expected, "byte by byte");
    assert_eq!(streamed, summary);
}

#[test]
fn names_and_values() {
    check("up 1\n", &["up{} 1.0"]);
    check("vllm:num_requests_running 2\n", &["vllm:num_requests_running{} 2.0"]);
    check(":a_9:b 1\n", &[":a_9:b{} 1.0"]);
    check("up\t1\n", &["up{} 1.0"]);
    check("  up   1  \n", &["up{} 1.0"]);
    check("a +Inf\nb -Inf\nc NaN\nd Inf\n", &["a{} inf", "b{} -inf", "c{} NaN", "d{} inf"]);
    check("a 7.7411352576e+010\n", &["a{} 77411352576.0"]);
    check("a -0.5\nb +3\nc .5\nd 5.\n", &["a{} -0.5", "b{} 3.0", "c{} 0.5", "d{} 5.0"]);
    check("a 1e400\n", &["a{} inf"]);
}

#[test]
fn label_lists() {
    check("a{} 1\n", &["a{} 1.0"]);
    check("a{b=\"c\"} 1\n", &["a{b=\"c\"} 1.0"]);
    check("a{b=\"c\"}1\n", &["a{b=\"c\"} 1.0"]);
    check("a{b=\"c\",} 1\n", &["a{b=\"c\"} 1.0"]);
    check("a { b = \"c\" , d = \"e\" , } 1\n", &["a{b=\"c\",d=\"e\"} 1.0"]);
    check("a{\tb=\"c\"\t}\t1\n", &["a{b=\"c\"} 1.0"]);
    check("a{b=\"\"} 1\n", &["a{b=\"\"} 1.0"]);
    check("a{z=\"1\",b=\"2\"} 1\n", &["a{z=\"1\",b=\"2\"} 1.0"]);
    check("a{b=\"x} y,z=1 # {\"} 1\n", &["a{b=\"x} y,z=1 # {\"} 1.0"]);
    check("a{b=\"Hello, world\"} 1\n", &["a{b=\"Hello, world\"} 1.0"]);
}

#[test]
fn escapes() {
    check(r#"a{b="x\"y"} 1"#.to_owned() + "\n", &[r#"a{b="x\"y"} 1.0"#]);
    check(r#"a{b="x\\"} 1"#.to_owned() + "\n", &[r#"a{b="x\\"} 1.0"#]);
    check(r#"a{b="x\ny"} 1"#.to_owned() + "\n", &[r#"a{b="x\ny"} 1.0"#]);
    check(r#"a{b="\\\"\\n"} 1"#.to_owned() + "\n", &[r#"a{b="\\\"\\n"} 1.0"#]);
    // Others stay as they are, as in Prometheus.
    check(r#"a{b="C:\dir"} 1"#.to_owned() + "\n", &[r#"a{b="C:\\dir"} 1.0"#]);
}

#[test]
fn line_ends_and_blank_lines() {
    check("a 1\r\n\r\nb 2\r\n", &["a{} 1.0", "b{} 2.0"]);
    check("\n\n  \n\t\na 1\n\n", &["a{} 1.0"]);
    check("\u{feff}a 1\n", &["a{} 1.0"]);
    check("\u{feff}# TYPE a gauge\r\na 1\r\n", &["TYPE a gauge", "a{} 1.0"]);
    // Only a line feed ends a line: not U+0085, U+2028, VT or FF inside a value.
    check(
        "a{b=\"x\u{2028}y\u{85}z\u{b}\u{c}\"} 1\n",
        &["a{b=\"x\\u{2028}y\\u{85}z\\u{b}\\u{c}\"} 1.0"],
    );
}

#[test]
fn timestamps() {
    check("a 1 1795490079190\n", &["a{} 1.0 @1795490079190"]);
    check("a 1 -5\n", &["a{} 1.0 @-5"]);
    check("a 1 1795490079.19\n# EOF\n", &["a{} 1.0 @1795490079.19", "EOF 2"]);
    check("a 1 soon\nb 1\n", &["! 1:5 BadTimestamp", "b{} 1.0"]);
    check("a 1 NaN\nb 1\n", &["! 1:5 BadTimestamp", "b{} 1.0"]);
    check("a 1 2 3\nb 1\n", &["! 1:7 TrailingText", "b{} 1.0"]);
}

#[test]
fn exemplars() {
    check(
        "a_bucket{le=\"1\"} 5 # {trace_id=\"x\"} 0.5 1795490079.1\n",
        &["a_bucket{le=\"1\"} 5.0 # [(\"trace_id\", \"x\")] 0.5 Some(1795490079.1)"],
    );
    check("a_total 5 # {} 1\n", &["a_total{} 5.0 # [] 1.0 None"]);
    check("a_total 5 17 # {x=\"y\"} 1\n", &["a_total{} 5.0 @17 # [(\"x\", \"y\")] 1.0 None"]);
    check("a 5 # no exemplar\nb 1\n", &["! 1:5 BadExemplar", "b{} 1.0"]);
    check("a 5 # {x=\"y\"}\nb 1\n", &["! 1:14 BadExemplar", "b{} 1.0"]);
    check("a 5 # {x=\"y\"} z\nb 1\n", &["! 1:15 BadExemplar", "b{} 1.0"]);
    check("a 5 # {x=\"y\"} 1 2 3\nb 1\n", &["! 1:19 TrailingText", "b{} 1.0"]);
}

#[test]
fn metadata() {
    check("# HELP a Some text. \na 1\n", &["HELP a \"Some text. \"", "a{} 1.0"]);
    check("# HELP a\n# HELP b \n", &["HELP a \"\"", "HELP b \"\""]);
    check("# HELP a x\\ny\\\\z \\\"q\\\"\n", &["HELP a \"x\\ny\\\\z \\\"q\\\"\""]);
    check("#TYPE a counter\n#\tTYPE\tb  gauge \n", &["TYPE a counter", "TYPE b gauge"]);
    check("# UNIT a_seconds seconds\n# EOF\n", &["UNIT a_seconds \"seconds\"", "EOF 2"]);
    check("# a comment\n#\n# TYPEX a counter\n# EOF not\na 1\n", &["a{} 1.0"]);
    for kind in [
        "counter",
        "gauge",
        "histogram",
        "summary",
        "info",
        "stateset",
        "gaugehistogram",
        "unknown",
        "untyped",
    ] {
        check(format!("# TYPE a {kind}\n"), &[&format!("TYPE a {kind}")]);
    }
    check("# TYPE a Counter\n", &["TYPE a counter"]);
    check("# TYPE a meter\na 1\n", &["! 1:10 UnknownType", "TYPE a untyped", "a{} 1.0"]);
    check("# TYPE a\na 1\n", &["! 1:9 UnknownType", "TYPE a untyped", "a{} 1.0"]);
    check("# TYPE\na 1\n", &["! 1:7 MissingMetadataName", "a{} 1.0"]);
    check("# HELP 9a text\na 1\n", &["! 1:8 MissingMetadataName", "a{} 1.0"]);
}

#[test]
fn the_end_mark() {
    check("a 1\n# EOF\n", &["a{} 1.0", "EOF 2"]);
    check("a 1\n# EOF", &["a{} 1.0", "EOF 2"]);
    check("a 1\n# EOF\n\n", &["a{} 1.0", "EOF 2"]);
    check(
        "a 1\n# EOF\nb 2\nc 3\n# EOF\n",
        &["a{} 1.0", "EOF 2", "! 3:1 ContentAfterEof", "b{} 2.0", "c{} 3.0", "EOF 5"],
    );
}

#[test]
fn quoted_names() {
    check("{\"a.b\",x=\"y\"} 1\n", &["a.b{x=\"y\"} 1.0"]);
    check("{\"a.b\"} 1\n", &["a.b{} 1.0"]);
    check("{ \"a.b\" , } 1\n", &["a.b{} 1.0"]);
    check("{x=\"y\",\"a.b\"} 1\n", &["a.b{x=\"y\"} 1.0"]);
    check("{\"größe\",\"label name\"=\"y\"} 1\n", &["größe{label name=\"y\"} 1.0"]);
    check("a{\"b.c\"=\"d\"} 1\n", &["a{b.c=\"d\"} 1.0"]);
    check(r#"{"a\"b",x="y"} 1"#.to_owned() + "\n", &[r#"a"b{x="y"} 1.0"#]);
    check("# TYPE \"a.b\" counter\n# HELP \"a.b\" t\n", &["TYPE a.b counter", "HELP a.b \"t\""]);
    check("a{\"b\"} 1\nb 1\n", &["! 1:3 RepeatedName", "b{} 1.0"]);
    check("{\"a\",\"b\"} 1\nb 1\n", &["! 1:6 RepeatedName", "b{} 1.0"]);
    check(
        "up 1\n{} 1\n{x=\"y\"} 1\n{\"\"} 1\n",
        &["up{} 1.0", "! 2:1 MissingName", "! 3:1 MissingName", "! 4:2 MissingName"],
    );
}

#[test]
fn a_bad_line_costs_only_itself() {
    for (bad, fault) in [
        ("9a 1", "2:1 MissingName"),
        ("= 1", "2:1 MissingName"),
        ("a-b 1", "2:2 MissingName"),
        ("ä 1", "2:1 MissingName"),
        ("a", "2:2 MissingValue"),
        ("a ", "2:3 MissingValue"),
        ("a{b=\"c\"}", "2:9 MissingValue"),
        ("a x", "2:3 BadValue"),
        ("a 1,5", "2:3 BadValue"),
        ("a 1_000", "2:3 BadValue"),
        ("a 0x1p-2", "2:3 HexValue"),
        ("a{b=\"c\" 1", "2:9 MissingComma"),
        ("a{b=\"c\";d=\"e\"} 1", "2:8 MissingComma"),
        ("a{b=\"c\"d=\"e\"} 1", "2:8 MissingComma"),
        ("a{b=\"c\"", "2:8 UnclosedLabels"),
        ("a{b=\"c\",", "2:9 UnclosedLabels"),
        ("a{", "2:3 UnclosedLabels"),
        ("a{b=\"c} 1", "2:5 UnterminatedQuote"),
        ("a{b=\"c\\", "2:5 UnterminatedQuote"),
        ("a{b=\"c\\\"} 1", "2:5 UnterminatedQuote"),
        ("a{b=c} 1", "2:5 UnquotedLabelValue"),
        ("a{b='c'} 1", "2:5 UnquotedLabelValue"),
        ("a{b=} 1", "2:5 UnquotedLabelValue"),
        ("a{b} 1", "2:4 MissingEquals"),
        ("a{b:c=\"d\"} 1", "2:4 MissingEquals"),
        ("a{b\"c\"} 1", "2:4 MissingEquals"),
        ("a{,} 1", "2:3 MissingLabelName"),
        ("a{9=\"b\"} 1", "2:3 MissingLabelName"),
        ("a{=\"b\"} 1", "2:3 MissingLabelName"),
        ("a{\"\"=\"b\"} 1", "2:3 MissingLabelName"),
        ("a{b=\"1\",b=\"2\"} 1", "2:9 DuplicateLabel"),
        ("a{b=\"1\",c=\"2\",b=\"1\"} 1", "2:15 DuplicateLabel"),
        ("a{b=\"1\",\"b\"=\"2\"} 1", "2:10 DuplicateLabel"),
        ("a{b=\"c\"} 1 }", "2:12 BadTimestamp"),
        ("HTTP/1.1 200 OK", "2:5 MissingName"),
        ("2026-11-24 INFO served", "2:1 MissingName"),
    ] {
        check(
            format!("before 1\n{bad}\nafter 2\n"),
            &["before{} 1.0", &format!("! {fault}"), "after{} 2.0"],
        );
    }
}

#[test]
fn a_label_that_stands_twice_is_found_in_any_order_and_number() {
    for count in [2, 3, 8, 16, 17, 40] {
        for (reverse, twice) in [(false, false), (true, false), (false, true), (true, true)] {
            let mut names: Vec<String> = (0..count).map(|n| format!("l{n:02}")).collect();
            if reverse {
                names.reverse();
            }
            if twice {
                names.push(names[count / 2].clone());
            }
            let labels: Vec<_> = names.iter().map(|name| format!("{name}=\"x\"")).collect();
            let (found, _) = events(format!("a{{{}}} 1\nb 1\n", labels.join(",")).as_bytes());
            let column = 3 + count * 8;
            let issue = format!("! 1:{column} DuplicateLabel");
            assert_eq!(found[0] == issue, twice, "{names:?}: {found:?}");
            assert_eq!(found[1], "b{} 1.0");
        }
    }
}

#[test]
fn a_line_that_is_not_utf8_costs_only_itself() {
    check(b"a{b=\"caf\xe9\"} 1\nc 2\n", &["! 1:9 InvalidUtf8", "c{} 2.0"]);
    check(b"# HELP a caf\xe9\na 1\n", &["! 1:13 InvalidUtf8", "a{} 1.0"]);
    check(b"a 1\n\x00\x01\xff\nb 2\n", &["a{} 1.0", "! 2:3 InvalidUtf8", "b{} 2.0"]);
    check(b"a 1\n\x00\x01\nb 2\n", &["a{} 1.0", "! 2:1 MissingName", "b{} 2.0"]);
}

#[test]
fn a_torn_last_line_is_not_read() {
    check("a 1\nb 14", &["a{} 1.0", "! 2:1 TornLine"]);
    check("a 1\n# TYPE b coun", &["a{} 1.0", "! 2:1 TornLine"]);
    check("a 1\n# EO", &["a{} 1.0", "! 2:1 TornLine"]);
    check("a 1\n  ", &["a{} 1.0"]);
    let (_, summary) = events(b"a 1\nb 14");
    assert!(summary.unwrap().torn);
}

#[test]
fn a_line_beyond_the_limit_is_one_issue() {
    let label = |bytes: usize| format!("a{{b=\"{}\"}} 1", "x".repeat(bytes - 9));
    assert_eq!(label(100).len(), 100);
    for (length, read) in [(MAX_LINE - 1, true), (MAX_LINE, true), (MAX_LINE + 1, false)] {
        let input = format!("before 1\n{}\nafter 2\n", label(length));
        let (found, summary) = events(input.as_bytes());
        assert_eq!(found.len(), 3);
        assert_eq!((found[0].as_str(), found[2].as_str()), ("before{} 1.0", "after{} 2.0"));
        assert_eq!(found[1] == "! 2:1 LineTooLong", !read);
        assert_eq!(summary.unwrap().bytes, input.len() as u64);
        for size in [1000, 1 << 16, MAX_LINE, 3 << 20] {
            assert_eq!(streamed(input.as_bytes().chunks(size)), events(input.as_bytes()), "{size}");
        }
    }
}

#[test]
fn places() {
    let input = "# TYPE a gauge\r\n  a 1\n\nb{c=\"d\"} x\n";
    let mut places = Vec::new();
    lmcache_prom::text::parse_slice(input.as_bytes(), &mut Scratch::default(), |event| {
        use lmcache_prom::Event;
        match event {
            Event::Sample(s) => places.push((s.line, s.column, s.offset)),
            Event::Issue(i) => places.push((i.line, i.column, i.offset)),
            Event::Type(t) => places.push((t.place.line, 0, t.place.offset)),
            _ => {}
        }
    })
    .unwrap();
    assert_eq!(places, [(1, 0, 0), (2, 3, 18), (4, 10, 32)]);
    for (_, _, offset) in &places[1..] {
        assert!(matches!(input.as_bytes()[usize::try_from(*offset).unwrap()], b'a' | b'x'));
    }
}

#[test]
fn dialects() {
    let dialect = |input: &str| events(input.as_bytes()).1.unwrap().dialect();
    assert_eq!(dialect("# TYPE a counter\na 1\n"), Dialect::Prometheus);
    for input in ["a 1\n# EOF\n", "# UNIT a x\n", "# TYPE a info\n", "a_total 1 # {} 1\n"] {
        assert_eq!(dialect(input), Dialect::OpenMetrics, "{input}");
    }
}
