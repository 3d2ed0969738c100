//! What a trace states.

use coverage_model::{Claim, Fact, FactKind, LaneReading, Mode, Source, Status};
use lmcache_prom::contract::Product;
use lmcache_trace::TraceEvidence;

use super::{Statements, TraceRow};

pub(super) fn state(row: &TraceRow, out: &mut Statements) {
    let evidence = &row.evidence;
    let source = |what: String| Source::new(row.path.clone(), what);
    out.readings.push(reading(row));
    if evidence.record_count == 0 && evidence.header.is_empty() {
        return;
    }
    out.facts.push(Fact {
        kind: FactKind::Mode(Mode::Mp),
        claim: Claim::Inferred,
        source: source("an .lct trace, which only a multiprocess server records".into()),
    });
    let Some(summary) = &evidence.summary else { return };
    let release = &summary.release;
    let parse = |text: &Option<String>| text.as_deref().and_then(|t| t.parse().ok());
    if let Some(exact) = parse(&release.declared) {
        out.facts.push(Fact {
            kind: FactKind::Release(Product::Lmcache, exact),
            claim: Claim::Measured,
            source: source("lmcache_version in the trace's header".into()),
        });
    } else if let Some(min) = parse(&release.min) {
        out.facts.push(Fact {
            kind: FactKind::ReleaseRange(Product::Lmcache, min, parse(&release.max)),
            claim: Claim::Inferred,
            source: source("the shape of its calls".into()),
        });
    }
}

fn reading(row: &TraceRow) -> LaneReading {
    let evidence = &row.evidence;
    let (status, because) = judge(row, evidence);
    LaneReading {
        surface: "lmcache_trace_recording",
        family: "storage_lct",
        status,
        seen: evidence.storage_calls.keys().cloned().collect(),
        series: evidence.storage_calls.len() as u64,
        nonzero: evidence.storage_calls.values().filter(|n| **n > 0).count() as u64,
        because,
    }
}

fn judge(row: &TraceRow, evidence: &TraceEvidence) -> (Status, String) {
    let path = &row.path;
    if !evidence.parse_error.is_empty() {
        return (Status::Unknown, format!("{path} could not be read: {}", evidence.parse_error));
    }
    let torn = if evidence.truncated { ", its end is cut off" } else { "" };
    if evidence.record_count > 0 {
        return (Status::Populated, format!("{path} holds {} calls{torn}", evidence.record_count));
    }
    let why = evidence
        .summary
        .as_ref()
        .map_or("no call was recorded", |summary| summary.end.meaning.as_str());
    (Status::Zero, format!("{path} holds a header and no call: {why}"))
}
