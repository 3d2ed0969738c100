//! The curve as a table.

use std::collections::BTreeMap;

use cache_sizing::Estimate;

use super::{CapacityReport, SizeRow, share};

/// The curve as CSV: every step, all together and by group.
pub fn capacity_csv(report: &CapacityReport) -> String {
    use std::fmt::Write as _;
    let mut out =
        String::from("bytes,hit_tokens,hit_rate,low_tokens,high_tokens,simulated_hit_tokens\n");
    let mut rows: BTreeMap<u64, (u64, Option<&SizeRow>)> =
        report.curve.iter().map(|p| (p.bytes, (p.hit_tokens, None))).collect();
    for row in report.sizes.iter().chain(report.current.iter().map(|c| &c.row)) {
        rows.insert(row.bytes, (row.hit.tokens, Some(row)));
    }
    for (bytes, (hit, row)) in rows {
        let rate = share(hit, report.tokens);
        let bound = |of: fn(&Estimate) -> u64| {
            row.map(|r| of(&r.hit).to_string()).or_else(|| report.exact.then(|| hit.to_string()))
        };
        let _ = writeln!(
            out,
            "{bytes},{hit},{rate:.6},{},{},{}",
            bound(|e| e.low).unwrap_or_default(),
            bound(|e| e.high).unwrap_or_default(),
            row.and_then(|r| r.simulated).map_or_else(String::new, |s| s.hit_tokens().to_string())
        );
    }
    out
}
