//! What should be told and is not, and what does not fit together.

pub(super) mod family_missing;
pub(super) mod lanes_disagree;
pub(super) mod mode_mismatch;
pub(super) mod observability_disabled;
pub(super) mod release_contradiction;
