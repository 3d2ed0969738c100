//! What recorded lookups say of the cache's size: gathered as a packet is read, held against
//! the cache in force, and walked by `check`, `capacity` and `misses`.

mod deployment;
mod gather;
pub(crate) mod losses;
mod requests;

use cache_sizing::{
    Curve, CurveBuilder, CurveOptions, LookupMisses, MissOptions, Misses, MissesBuilder, Order,
    Pace, Recorded, Recording,
};
use diagnosis_rules::Sizing;

pub(crate) use deployment::Deployment;
pub use deployment::{Cleared, Counted, policy};
pub(crate) use gather::{Gathered, Lane};
pub use losses::{Loss, Of};
pub(crate) use requests::Joined;
pub use requests::Latency;

/// Chunks of which `check` explains every miss.
const EXPLAINED: u64 = 5_000_000;
/// Windows in which a working set is told.
const WINDOWS: f64 = 48.0;

/// Lookups and the cache that they went to.
#[derive(Debug)]
pub(crate) struct Sized {
    pub(crate) recording: Recording,
    pub(crate) lane: Lane,
    pub(crate) deployment: Deployment,
    pub(crate) artifacts: Vec<String>,
    /// What request logs and spans tell of the lookups' requests.
    pub(crate) requests: Joined,
    /// Lookups whose salt these told.
    pub(crate) salted: Option<u64>,
    /// Every group told the bytes of its chunks; else a chunk counts as one byte.
    pub(crate) bytes_known: bool,
    /// Every group told the tokens of its chunks; else a chunk counts as one token.
    pub(crate) tokens_known: bool,
}

/// What the user says of chunks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Chunks {
    /// Bytes of a chunk over all ranks.
    pub bytes: Option<u64>,
    /// Ranks that each hold what the log tells.
    pub ranks: Option<u64>,
    /// Tokens of a chunk.
    pub tokens: Option<u64>,
}

impl Sized {
    /// Puts lookups and cache together.
    pub(crate) fn new(
        mut gathered: Gathered,
        deployment: Deployment,
        chunks: Chunks,
    ) -> Option<Self> {
        let requests = std::mem::take(&mut gathered.requests);
        let artifacts: Vec<String> = gathered.files.iter().map(|f| f.path.clone()).collect();
        let traces: Vec<String> = gathered.trace_starts.iter().map(|t| t.0.clone()).collect();
        let (mut recording, lane) = gathered.into_recording()?;
        let recorded = recording.groups().iter().any(|g| g.salt.is_some());
        let salted = (!recorded && requests.knows_salts())
            .then(|| recording.tell_salts(|request| requests.salt(request)))
            .flatten();
        let requests = requests.join(&recording);
        let (mut bytes_known, mut tokens_known) = (true, true);
        let mut sizes = Vec::new();
        for group in recording.groups_mut() {
            let ranks = chunks.ranks.unwrap_or(1).max(1);
            let told = Some(group.chunk_bytes).filter(|n| *n > 0);
            let bytes = chunks.bytes.or_else(|| told.and_then(|n| n.checked_mul(ranks)));
            bytes_known &= bytes.is_some();
            group.chunk_bytes = bytes.unwrap_or(1);
            let told = Some(group.chunk_tokens).filter(|n| *n > 0);
            let tokens = chunks.tokens.or(told).or(deployment.chunk_tokens);
            tokens_known &= tokens.is_some();
            group.chunk_tokens = tokens.unwrap_or(1);
            sizes.push(group.chunk_tokens);
        }
        recording.retell(&sizes);
        let artifacts = if lane == Lane::Hashes { artifacts } else { traces };
        Some(Sized {
            recording,
            lane,
            deployment,
            artifacts,
            requests,
            salted,
            bytes_known,
            tokens_known,
        })
    }

    /// The curve of all lookups.
    pub(crate) fn curve(&self, order: Order) -> Curve {
        let span = self.recording.span().map_or(0.0, |(first, last)| last - first);
        let mut builder = CurveBuilder::new(CurveOptions {
            order,
            one_in: self.recording.one_in(),
            window_s: nice(span / WINDOWS),
            ..CurveOptions::default()
        });
        builder.add_unheld(self.recording.sums());
        for row in self.recording.iter() {
            builder.push_sampled(&row.lookup, row.chunks, row.group);
        }
        builder.finish()
    }

    /// One reason for every missed token of the cache in force. Nothing where the lookups are a
    /// sample.
    pub(crate) fn misses(
        &self,
        options: MissOptions,
        mut each: impl FnMut(&Recorded<'_>, &LookupMisses),
    ) -> Option<Misses> {
        if !self.recording.is_exact() {
            return None;
        }
        let mut builder = MissesBuilder::new(options);
        for row in self.recording.iter() {
            let outcome = self.requests.outcome(row.request, row.group.chunk_tokens);
            let one = builder.push_with(&row.lookup, row.group, outcome);
            each(&row, &one);
        }
        Some(builder.finish())
    }

    /// The cache in force, for [`Sized::misses`].
    pub(crate) fn in_force(&self) -> MissOptions {
        let first = self.recording.span().map_or(0.0, |(first, _)| first);
        MissOptions {
            l1: self.deployment.tier(),
            l2: self.deployment.l2.clone(),
            pace: Pace::Every(1.0),
            // What was emptied before the first lookup was empty for this log anyway.
            cleared: self
                .deployment
                .cleared
                .iter()
                .filter(|c| c.at > first)
                .map(|c| (c.at, c.what))
                .collect(),
            ..MissOptions::default()
        }
    }

    /// The evidence for rules.
    pub(crate) fn evidence(&self) -> Sizing {
        let chunks: u64 = self.recording.sums().iter().map(|s| s.chunks).sum();
        let misses =
            (chunks <= EXPLAINED).then(|| self.misses(self.in_force(), |_, _| {})).flatten();
        Sizing {
            curve: self.curve(Order::TailFirst),
            misses,
            l1: self.deployment.l1.clone(),
            left_after_eviction: self.deployment.eviction.watermark
                * (1.0 - self.deployment.eviction.ratio),
            l2: self.deployment.l2.is_some(),
            salts_unrecorded: self.salt_note().is_some(),
            bytes_known: self.bytes_known,
            artifacts: self.artifacts.clone(),
            span_s: self.recording.span().map_or(0.0, |(first, last)| last - first),
        }
    }

    /// What has to be said of salts: lookups do not record them, so prompts of two tenants look
    /// shared that are not.
    pub(crate) fn salt_note(&self) -> Option<String> {
        if let Some(told) = self.salted {
            let all = self.recording.lookups();
            return (told < all).then(|| {
                format!(
                    "the salts of {told} of {all} lookups are told by the requests' log or spans, and \
                     none of the others"
                )
            });
        }
        let recorded = self.recording.groups().iter().any(|g| g.salt.is_some());
        (self.deployment.salts > 0 && !recorded).then(|| {
            format!(
                "the server's counters know {} and the lookups record none: what one tenant asked \
                 again after another counts as reuse here, and cannot be a hit",
                crate::render::plural(self.deployment.salts, "salt")
            )
        })
    }

    /// What the server counted of these very lookups: its sum of requested tokens is theirs to
    /// within a fiftieth.
    pub(crate) fn counted(&self) -> Option<&Counted> {
        let counted = self.deployment.counted.as_ref()?;
        let asked: u64 = self.recording.sums().iter().map(|s| s.chunk_tokens).sum();
        let near = (counted.requested_tokens - asked as f64).abs() <= 0.02 * asked as f64;
        (near && asked > 0 && self.tokens_known).then_some(counted)
    }
}

/// A count as a page tells it.
pub(crate) fn whole(n: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let n = n.max(0.0).round() as u64;
    n
}

/// A round length of about so many seconds.
fn nice(seconds: f64) -> f64 {
    const ROUND: &[f64] = &[
        1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0,
        14400.0, 21600.0, 43200.0, 86400.0,
    ];
    ROUND.iter().copied().find(|length| *length >= seconds).unwrap_or(seconds)
}
