//! How chunks are named, and why names do not match.

pub(super) mod algorithm_unstable;
mod controller;
pub(super) mod seed_unset;
mod sharing;
