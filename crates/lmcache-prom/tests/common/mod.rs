//! Events as short lines of text, for tables of expectations.
#![allow(dead_code)] // each test file uses a part

use lmcache_prom::NotExposition;
use lmcache_prom::text::{Event, Sample, Scratch, StreamParser, Summary, parse_slice};

/// All events of an input by the slice parser, one line each.
pub(crate) fn events(input: &[u8]) -> (Vec<String>, Result<Summary, NotExposition>) {
    let mut events = Vec::new();
    let summary = parse_slice(input, &mut Scratch::default(), |event| events.push(render(&event)));
    (events, summary)
}

/// All events of an input that arrives in chunks.
pub(crate) fn streamed<'c>(
    chunks: impl IntoIterator<Item = &'c [u8]>,
) -> (Vec<String>, Result<Summary, NotExposition>) {
    let mut events = Vec::new();
    let mut parser = StreamParser::default();
    for chunk in chunks {
        parser.feed(chunk, |event| events.push(render(&event)));
    }
    let summary = parser.finish(|event| events.push(render(&event)));
    (events, summary)
}

/// Only the samples.
pub(crate) fn samples(input: &[u8]) -> Vec<String> {
    let mut samples = Vec::new();
    let _ = parse_slice(input, &mut Scratch::default(), |event| {
        if let Event::Sample(sample) = event {
            samples.push(render_sample(&sample));
        }
    });
    samples
}

pub(crate) fn render(event: &Event<'_, '_>) -> String {
    match event {
        Event::Sample(sample) => render_sample(sample),
        Event::Type(line) => format!("TYPE {} {}", line.name, line.kind),
        Event::Help(line) => format!("HELP {} {:?}", line.name, line.text),
        Event::Unit(line) => format!("UNIT {} {:?}", line.name, line.unit),
        Event::Eof(place) => format!("EOF {}", place.line),
        Event::Issue(issue) => {
            format!("! {}:{} {:?}", issue.line, issue.column, issue.kind)
        }
        other => format!("{other:?}"),
    }
}

fn render_sample(sample: &Sample<'_, '_>) -> String {
    use std::fmt::Write;
    let mut text = format!("{}{{", sample.name);
    for (at, (name, value)) in sample.labels().enumerate() {
        let _ = write!(text, "{}{name}={value:?}", if at == 0 { "" } else { "," });
    }
    let _ = write!(text, "}} {:?}", sample.value);
    if let Some(timestamp) = sample.timestamp {
        let _ = write!(text, " @{}", timestamp.raw);
    }
    if let Some(exemplar) = sample.exemplar {
        let labels: Vec<_> = sample.exemplar_labels().collect();
        let _ = write!(text, " # {labels:?} {:?} {:?}", exemplar.value, exemplar.timestamp);
    }
    text
}
