//! What is wrong with a trace: the content of `trace check`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::header::DigestState;
use crate::summary::{EndKind, TraceSummary};

/// How grave an observation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Grade {
    /// The file is damaged, or the recorded server misbehaved.
    Defect,
    /// Worth knowing; no defect by itself.
    Note,
}

impl Grade {
    /// The stable word of reports: `defect` or `note`.
    pub fn as_str(self) -> &'static str {
        match self {
            Grade::Defect => "defect",
            Grade::Note => "note",
        }
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An observation on a trace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Observation {
    /// A short stable name.
    pub code: String,
    /// How grave.
    pub grade: Grade,
    /// How often.
    pub count: u64,
    /// Where the first is: a file offset.
    pub offset: Option<u64>,
    /// A sentence with the numbers.
    pub message: String,
}

/// Writes of which a reservation stayed open for less than this before the end of the
/// trace may just have been going on, in seconds.
const IN_FLIGHT_S: f64 = 1.0;

/// Lists what is wrong with a trace, defects first. A trace is sound when no
/// observation is a [`Grade::Defect`].
///
/// ```
/// use lmcache_trace::{Grade, Hooks, InfoOptions, check, summarize};
///
/// let data = lmcache_trace::example_trace();
/// let torn = &data[..data.len() - 1];
/// let summary = summarize(torn, &InfoOptions::default(), Hooks::default())?;
/// let found = check(&summary);
/// assert_eq!((found[0].code.as_str(), found[0].grade), ("torn_body", Grade::Defect));
/// # Ok::<(), lmcache_trace::TraceError>(())
/// ```
pub fn check(summary: &TraceSummary) -> Vec<Observation> {
    let mut out = Vec::new();
    let mut add = |code: &str, grade, count, offset, message: String| {
        if count > 0 {
            out.push(Observation { code: code.to_owned(), grade, count, offset, message });
        }
    };
    for (code, &count) in &summary.issues.counts {
        let first = summary.issues.first_of(code);
        let grade = match code.as_str() {
            "resynchronised" | "grew" => Grade::Note,
            // What is still being written ends within a frame as often as not.
            "torn_body" | "torn_length" if summary.issues.count("grew") > 0 => Grade::Note,
            _ => Grade::Defect,
        };
        let mut message = first.map_or_else(String::new, |issue| issue.message.clone());
        if code == "resynchronised" && count > 1 {
            let all = summary.issues.skipped_bytes;
            message = format!("{message}; {all} bytes of the trace were left out in all");
        }
        add(code, grade, count, first.map(|issue| issue.offset), message);
    }
    if let Some(pairing) = &summary.pairing {
        let writes = &pairing.writes;
        let unclosed = writes.unclosed_calls + writes.partly_closed_calls;
        let in_flight = writes.oldest_unclosed_s.is_some_and(|age| age < IN_FLIGHT_S)
            && unclosed <= 1
            && pairing.is_exact();
        add(
            "writes_never_finished",
            if in_flight { Grade::Note } else { Grade::Defect },
            unclosed,
            writes.samples.first().map(|call| call.offset),
            format!(
                "{unclosed} of {} reserve_write calls have keys that no finish_write names \
                 ({} keys): no room in L1, or the key was there or being written already",
                writes.opening_calls, writes.unclosed_keys
            ),
        );
        let reads = &pairing.reads;
        let open = reads.unclosed_calls + reads.partly_closed_calls;
        add(
            "reads_never_left",
            Grade::Defect,
            open,
            reads.samples.first().map(|call| call.offset),
            format!(
                "{open} of {} reads were entered and not left ({} keys)",
                reads.opening_calls, reads.unclosed_keys
            ),
        );
        let keys = [
            (
                "double_finish",
                pairing.double_finished_keys,
                "finished twice, or the reservation between was lost",
            ),
            (
                "finish_without_reserve",
                pairing.finished_unreserved_keys,
                "finished without a reservation in this trace: events were lost",
            ),
            ("exit_without_enter", pairing.exited_unentered_keys, "left without being entered"),
            (
                "release_without_prefetch",
                pairing.released_unprefetched_keys,
                "released without a prefetch in this trace: events were lost",
            ),
        ];
        for (code, count, what) in keys {
            add(code, Grade::Defect, count, None, format!("{count} keys were {what}"));
        }
        let prefetches = &pairing.prefetches;
        add(
            "prefetches_unanswered_although_written",
            Grade::Note,
            prefetches.unanswered_although_written,
            prefetches.samples.first().map(|call| call.offset),
            format!(
                "{} prefetches ask for keys that had been written and are never read nor \
                 released: evicted since, or their pins were never given back",
                prefetches.unanswered_although_written
            ),
        );
        add(
            "not_all_keys_followed",
            Grade::Note,
            pairing.forgotten_keys,
            None,
            format!(
                "{} keys had to be forgotten ({} of them open): pairing is a lower bound; more \
                 memory would follow them",
                pairing.forgotten_keys, pairing.forgotten_open_keys
            ),
        );
    }
    let clocks = &summary.clocks;
    add(
        "time_goes_back",
        if clocks.max_backward_s > 1.0 { Grade::Defect } else { Grade::Note },
        clocks.backward_records,
        None,
        format!(
            "{} records are older than the one before, by up to {:.6} s",
            clocks.backward_records, clocks.max_backward_s
        ),
    );
    if let Some(step) = clocks.max_step_s.filter(|step| *step > 1.0) {
        let message = format!("the wall clock was set by {step:.3} s during the recording");
        add("wall_clock_set", Grade::Note, 1, None, message);
    }
    if let Some(events) = &summary.events {
        let missing = events.instances.iter().map(|instance| instance.missing_batches).sum();
        add(
            "event_batches_missing",
            Grade::Defect,
            missing,
            None,
            format!("{missing} batch numbers are missing: events were lost"),
        );
    }
    for unknown in &summary.unknown {
        add(
            "unknown_shape",
            Grade::Note,
            unknown.count,
            Some(unknown.first_offset),
            format!("unknown {} {:?}", unknown.kind, unknown.name),
        );
    }
    if summary.header.digest_state == DigestState::Wrong {
        let message = "the header's digest is not that of its configuration".to_owned();
        add("digest_wrong", Grade::Defect, 1, Some(0), message);
    }
    if matches!(summary.end.kind, EndKind::NoCloseMark | EndKind::HeaderOnly | EndKind::Stopped) {
        add("end", Grade::Note, 1, Some(summary.bytes), summary.end.meaning.clone());
    }
    out.sort_by_key(|observation| observation.grade);
    out
}
