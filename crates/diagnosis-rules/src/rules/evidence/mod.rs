//! Traces, spans and lookup hashes: what they show, and what of them is missing.

pub(super) mod lookup_hashes_incomplete;
pub(super) mod prompts_hardly_repeat;
pub(super) mod recording_stopped;
pub(super) mod recording_without_trace;
pub(super) mod span_errors;
pub(super) mod tracing_without_spans;
