//! The registry: one rule a file, in the order in which they are asked.

mod coverage;
mod log;
mod server;
mod shared;
mod trace;

/// What every rule's file uses.
#[allow(unused_imports, reason = "each rule takes what it needs of it")]
mod prelude {
    pub(super) use coverage_model::{Mode, Source};

    pub(super) use super::shared::*;
    pub(super) use crate::need::Need;
    pub(super) use crate::outcome::{Hit, Outcome, Sign};
    pub(super) use crate::rule::{
        Context, Example, File, Kind, Lifecycle, Rule, Severity, Threshold,
    };
    pub(super) use crate::view::{placed, source};
}

use crate::rule::Rule;

/// Every rule. Of causes that name each other the earlier one explains the later one.
pub const RULES: &[&Rule] = &[
    // What the server's own pages and answers show to be wrong.
    &server::eventbus_loss::RULE,
    &server::eventbus_subscriber_exceptions::RULE,
    &server::l1_failures::RULE,
    &server::l2_failures::RULE,
    &server::timeouts::RULE,
    &server::cacheblend_failures::RULE,
    &server::unhealthy_status::RULE,
    &server::unhealthy_health::RULE,
    &server::unhealthy_periodic_threads_health::RULE,
    // Logs, traces.
    &log::tracebacks::RULE,
    &trace::unreadable::RULE,
    &trace::damaged::RULE,
    &trace::replay_failure::RULE,
    // What should be told and is not.
    &coverage::family_missing::MP,
    &coverage::family_missing::CACHEBLEND,
    &coverage::family_missing::EMBEDDED,
    &coverage::family_missing::VLLM,
    &coverage::family_missing::SGLANG,
    &coverage::release_contradiction::RULE,
    &coverage::lanes_disagree::RULE,
    &coverage::mode_mismatch::RULE,
    &coverage::observability_disabled::RULE,
];
