//! Where the numbers come from, and where they get lost.

pub(super) mod endpoint_unreachable;
pub(super) mod incomplete;
pub(super) mod known_wrong;
pub(super) mod multiproc_dir;
pub(super) mod not_exported;
pub(super) mod registration_conflict;
pub(super) mod renamed;
mod silent_page;
