//! `capacity` and `misses`.

use std::io::Write as _;
use std::path::Path;

use inferguard::packet::{Artifact, ArtifactKind, Limits, Packet, open};
use inferguard::render;
use inferguard::report::{
    self, By, CapacityOptions, MissesOptions, NoMisses, Options, capacity_csv, misses_csv,
};
use inferguard::sizing::Chunks;
use lmcache_prom::contract::Catalog;

use crate::args::sizing::{CapacityArgs, Lookups, MissesArgs};
use crate::output::{Out, complain};
use crate::run::{Exit, deliver, file, first};

fn read(lookups: &Lookups) -> (Packet, Options) {
    let inputs: Vec<_> = lookups.inputs.iter().map(|target| file(target)).collect();
    let limits = Limits {
        lookups_bytes: usize::try_from(lookups.memory).unwrap_or(usize::MAX),
        ..Limits::default()
    };
    let chunks = Chunks {
        bytes: lookups.chunk_bytes.filter(|n| *n > 0),
        ranks: lookups.ranks,
        tokens: lookups.chunk_size,
    };
    (open(&inputs, &limits), Options { chunks, ..Options::default() })
}

/// Names what could not be read.
fn tell(artifacts: &[Artifact]) {
    for artifact in artifacts {
        for issue in &artifact.issues {
            let refused = artifact.kind == ArtifactKind::Lct && !artifact.read;
            if refused || matches!(issue.code.as_str(), "unreadable" | "partial") {
                complain(&format!("{}: {}", artifact.path, issue.message));
            }
        }
    }
}

fn none(artifacts: &[Artifact]) -> Exit {
    tell(artifacts);
    complain(
        "no lookup was found: lookup-hash logs (lmcache server --lookup-hash-log-dir DIR) or \
         storage traces (--trace-level storage) are needed; LMCache inside an engine writes neither, and `inferguard check` says what its counters tell",
    );
    Exit::NothingUsable
}

/// Writes a file whole or not at all.
fn write(path: Option<&Path>, text: impl FnOnce() -> String) -> Exit {
    let Some(path) = path else { return Exit::Done };
    let done = Out::create(path).and_then(|mut out| {
        out.write_all(text().as_bytes())?;
        out.keep()
    });
    match done {
        Ok(()) => Exit::Done,
        Err(error) => {
            complain(&format!("{} could not be written: {error}", path.display()));
            Exit::NotWritten
        }
    }
}

pub(crate) fn capacity(args: &CapacityArgs) -> Exit {
    let (packet, options) = read(&args.lookups);
    let asked = CapacityOptions {
        sizes: args.sizes.clone(),
        policy: args.policy.map(Into::into),
        order: args.touch_order.into(),
        l2: args.l2,
        l2_store: args.l2_store_policy.into(),
        l2_load: args.l2_prefetch_policy.into(),
        watermark: args.eviction_trigger_watermark,
        ratio: args.eviction_ratio,
        quotas: args.quota.clone(),
        by: args.by.map_or(By::All, Into::into),
        target: args.target_hit_rate,
        current: args.lookups.current_size,
        prefill_tokens_per_second: args.prefill_tokens_per_second,
        price_per_hour: args.price_per_hour,
    };
    let report = match report::capacity(&Catalog::new(), packet, &options, &asked) {
        Ok(report) => report,
        Err(artifacts) => return none(&artifacts),
    };
    tell(&report.inputs);
    let svg = write(args.svg.as_deref(), || render::capacity_svg(&report));
    let csv = write(args.csv.as_deref(), || capacity_csv(&report));
    let told = deliver(&args.common, &report, |options| render::capacity(&report, options));
    first(&[svg, csv, told])
}

pub(crate) fn misses(args: &MissesArgs) -> Exit {
    let (packet, options) = read(&args.lookups);
    let asked = MissesOptions {
        current: args.lookups.current_size,
        cleared: args.cleared_at.clone(),
        top: usize::try_from(args.top).unwrap_or(0),
    };
    let report = match report::misses(&Catalog::new(), packet, &options, &asked) {
        Ok(report) => report,
        Err(NoMisses::NoLookups(artifacts)) => return none(&artifacts),
        Err(NoMisses::TooMany) => {
            complain(
                "the lookups do not fit --memory: reasons of a sample do not add up. Give more \
                 memory, or fewer files",
            );
            return Exit::NothingUsable;
        }
    };
    tell(&report.inputs);
    let csv = write(args.csv.as_deref(), || misses_csv(&report));
    let told = deliver(&args.common, &report, |options| render::misses(&report, options));
    first(&[csv, told])
}
