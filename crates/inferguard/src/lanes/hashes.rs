//! What lookup-hash logs state.

use coverage_model::{Claim, Fact, FactKind, LaneReading, Mode, Source, Status};
use lmcache_logs::lookup_hash::LookupHashEvidence;

use super::Statements;

pub(super) fn state(evidence: &LookupHashEvidence, out: &mut Statements) {
    let (status, because) = if evidence.row_count > 0 {
        let chunks: u64 = evidence.groups.iter().map(|g| g.chunks).sum();
        let repeated: u64 = evidence.groups.iter().map(|g| g.repeated_prefix_chunks).sum();
        let text = format!(
            "{} lookups of {chunks} chunks, of which {repeated} repeat an earlier prefix",
            evidence.row_count
        );
        (Status::Populated, text)
    } else {
        (Status::Zero, "the lookup-hash log holds no lookup".into())
    };
    out.readings.push(LaneReading {
        surface: "lmcache_lookup_hash",
        family: "lookup_hash_jsonl",
        status,
        seen: evidence.models.clone(),
        series: evidence.groups.len() as u64,
        nonzero: evidence.groups.iter().filter(|g| g.chunks > 0).count() as u64,
        because,
    });
    if evidence.row_count > 0 {
        out.facts.push(Fact {
            kind: FactKind::Mode(Mode::Mp),
            claim: Claim::Inferred,
            source: Source::new("lookup hashes", "only a multiprocess server writes them"),
        });
    }
}
