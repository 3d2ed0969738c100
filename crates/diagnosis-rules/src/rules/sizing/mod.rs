//! What recorded lookups say of the cache's size.

pub(crate) mod below_working_set;
pub(crate) mod reuse_bound;

use coverage_model::Source;

use crate::outcome::Outcome;
use crate::rule::{Context, Threshold};
use crate::view::{Sizing, source};

/// Lookups below which nothing is said.
const LEAST_LOOKUPS: Threshold = Threshold {
    name: "least_lookups",
    unit: "requests",
    default: 50.0,
    about: "fewer recorded lookups say nothing of a size",
};

/// The lookups and the size of L1 that they are held against.
fn held<'a>(cx: &Context<'a>) -> Result<(&'a Sizing, u64), Outcome> {
    let Some(sizing) = cx.view.sizing else {
        return Err(Outcome::not_evaluable(
            "no lookups were recorded: what a size would serve cannot be told",
            &["lookup hashes of the LMCache server (--lookup-hash-log-dir DIR)"],
        ));
    };
    if cx.view.targets.iter().any(|t| t.any("blend.")) {
        // CacheBlend serves chunks that are no prefix.
        return Err(Outcome::NotApplicable);
    }
    if sizing.salts_unrecorded {
        return Err(Outcome::not_evaluable(
            "lookups record no salts: prompts of two tenants look shared that are not",
            &["lookup hashes of one tenant alone"],
        ));
    }
    let sums = &sizing.curve.sums;
    if (sums.lookups as f64) < cx.threshold(&LEAST_LOOKUPS) || sums.chunk_tokens == 0 {
        return Err(Outcome::not_evaluable(
            format!("{} lookups are too few to say what a size would serve", sums.lookups),
            &["lookup hashes over a longer time (--lookup-hash-log-dir DIR)"],
        ));
    }
    match &sizing.l1 {
        Some((bytes, _)) if sizing.bytes_known => Ok((sizing, *bytes)),
        Some(_) => Err(Outcome::not_evaluable(
            "the lookups do not tell how many bytes a chunk takes",
            &["lookup hashes with shapes and dtypes"],
        )),
        None => Err(Outcome::not_evaluable(
            "the size of L1 is not known",
            &["the server's launch line (--l1-size-gb)"],
        )),
    }
}

/// Where the size and the lookups stand.
fn places(sizing: &Sizing) -> Vec<Source> {
    let lookups = sizing.curve.sums.lookups.to_string();
    let mut out: Vec<Source> = sizing.l1.iter().map(|(_, source)| source.clone()).collect();
    let files = sizing.artifacts.iter().take(3);
    out.extend(files.map(|path| source(path, None, "lookups", lookups.clone())));
    out
}

/// A size as people set it.
fn gib(bytes: u64) -> String {
    let value = bytes as f64 / (1_u64 << 30) as f64;
    if value >= 0.1 { format!("{value:.2} GiB") } else { format!("{:.1} MiB", value * 1024.0) }
}
