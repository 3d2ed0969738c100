//! What spans state.

use coverage_model::{Claim, Fact, FactKind, LaneReading, Mode, Source, Status};
use lmcache_prom::contract::{Product, Release};

use super::{SpanRow, Statements};

pub(super) fn state(row: &SpanRow, out: &mut Statements) {
    let spans = &row.evidence;
    let (mut mp, mut blend) = (Vec::new(), Vec::new());
    for (name, stats) in &spans.names {
        let of = if name.starts_with("cb.") { &mut blend } else { &mut mp };
        of.push((name.clone(), stats.count));
    }
    out.readings.push(reading(row, "mp_spans", &mp, &blend));
    out.readings.push(reading(row, "cacheblend_spans", &blend, &mp));
    let mut fact = |kind, what: String| {
        let source = Source::new(row.path.clone(), what);
        out.facts.push(Fact { kind, claim: Claim::Inferred, source });
    };
    if spans.present {
        // Only the multiprocess server starts spans.
        let what = format!("{} spans of LMCache's server", spans.lmcache_span_count);
        fact(FactKind::Mode(Mode::Mp), what.clone());
        fact(FactKind::MpServer, what);
    }
    if !blend.is_empty() {
        fact(FactKind::Feature("blend"), "spans of CacheBlend".into());
    }
    let releases = &spans.releases;
    let parse = |text: &Option<String>| text.as_deref().and_then(|t| t.parse::<Release>().ok());
    if let Some(from) = parse(&releases.from).filter(|_| !releases.contradiction) {
        let why = releases.from_by.iter().chain(&releases.to_by).cloned().collect::<Vec<_>>();
        let kind = FactKind::ReleaseRange(Product::Lmcache, from, parse(&releases.to));
        fact(kind, why.join("; "));
    }
}

fn reading(
    row: &SpanRow,
    family: &'static str,
    own: &[(String, u64)],
    other: &[(String, u64)],
) -> LaneReading {
    let count: u64 = own.iter().map(|(_, n)| n).sum();
    let (status, because) = if count > 0 {
        let names: Vec<String> = own.iter().map(|(name, n)| format!("{name} {n}")).collect();
        (Status::Populated, format!("{count} spans: {}", names.join(", ")))
    } else if other.is_empty() {
        let all = row.evidence.span_count;
        (Status::Unknown, format!("{}: {all} spans, none of them of LMCache", row.path))
    } else {
        let what =
            "the file has spans of LMCache and none of these: it shows them when it is asked";
        (Status::NotEmitted, what.into())
    };
    LaneReading {
        surface: "lmcache_otel",
        family,
        status,
        seen: own.iter().map(|(name, _)| name.clone()).collect(),
        series: own.len() as u64,
        nonzero: own.len() as u64,
        because,
    }
}
