//! What is wrong with traces and their replays.

pub(super) mod damaged;
pub(super) mod replay_failure;
pub(super) mod unreadable;
