//! What logs show.

pub(super) mod tracebacks;
