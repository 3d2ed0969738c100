//! `inferguard misses`: why tokens were not served.

use cache_sizing::{Divergence, LookupMisses, MissOptions, Misses, Reason, Recorded};
use lmcache_prom::contract::Catalog;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::check::judge;
use super::parts::{Options, Rules, Tool};
use crate::packet::{Artifact, Packet, hex};
use crate::sizing::{Cleared, Counted, Lane, Latency, Loss, Sized, losses, whole};

/// What the user asks.
#[derive(Debug, Clone, Default)]
pub struct MissesOptions {
    /// Size in force, where the evidence does not tell it.
    pub current: Option<u64>,
    /// When the cache was emptied, in seconds since 1970, where the evidence does not tell it.
    pub cleared: Vec<f64>,
    /// Requests and families that are listed.
    pub top: usize,
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ReasonRow {
    /// The reason.
    pub reason: Reason,
    /// What it means.
    pub about: String,
    /// Tokens.
    pub tokens: u64,
    /// As a share of all missed tokens.
    pub share: f64,
    /// What curing it alone would bring in hit tokens at most; `null` where it cannot be told.
    pub would_bring: Option<u64>,
}

/// Prompts with one first chunk.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct FamilyRow {
    /// The first chunk's salted hash, short.
    pub id: String,
    /// Model.
    pub model: String,
    /// Lookups.
    pub lookups: u64,
    /// Tokens.
    pub tokens: u64,
    /// Tokens of leading chunks that had been asked for before.
    pub reused_tokens: u64,
    /// Tokens that were served.
    pub hit_tokens: u64,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RequestRow {
    /// Its id's salted hash; empty where the input has none.
    pub id: String,
    /// When it asked, in seconds since 1970.
    pub at: f64,
    /// Tokens.
    pub tokens: u64,
    /// Tokens that were served.
    pub hit_tokens: u64,
    /// Leading chunks that had been asked for before.
    pub known_chunks: u64,
    /// Whole chunks.
    pub chunks: u64,
    /// Tokens by reason, those that are not zero.
    pub reasons: Vec<(Reason, u64)>,
    /// How long the request took, where the input tells (`latency` says what of it).
    pub seconds: Option<f64>,
}

/// The report of `inferguard misses`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct MissesReport {
    /// `inferguard/misses/v1`.
    pub schema: String,
    /// The tool.
    pub tool: Tool,
    /// Everything that was named or found.
    pub inputs: Vec<Artifact>,
    /// `lookup_hashes` or `trace`.
    pub source: String,
    /// Files of that source.
    pub files: Vec<String>,
    /// `tokens`, or `chunks` where the input does not tell how many tokens a chunk has.
    pub token_unit: String,
    /// Size of L1 that misses are held against; `null` where it is not known: then nothing is
    /// missed for capacity.
    pub l1_bytes: Option<u64>,
    /// Who says so.
    pub l1_because: Option<String>,
    /// An L2 is there.
    pub l2: bool,
    /// When the cache was emptied.
    pub cleared: Vec<Cleared>,
    /// Lookups.
    pub lookups: u64,
    /// Lookups too short for a whole chunk.
    pub lookups_below_chunk: u64,
    /// Tokens of the prompts.
    pub tokens: u64,
    /// Tokens that were served: by the simulation, or as the server counted where it counted
    /// fewer.
    pub hit_tokens: u64,
    /// Tokens that were not: the sum of all reasons.
    pub missed_tokens: u64,
    /// Why.
    pub reasons: Vec<ReasonRow>,
    /// Lookups that leave every known prefix somewhere.
    pub lookups_leaving: u64,
    /// Where they do, by chunk, those with the most lookups first.
    pub divergence: Vec<Divergence>,
    /// Different lengths of prompts: of few, equal lengths tell nothing.
    pub lengths: u64,
    /// Different first chunks.
    pub heads: u64,
    /// Prompts that begin alike, those with the most reuse first.
    pub families: Vec<FamilyRow>,
    /// Requests with the most missed tokens.
    pub worst: Vec<RequestRow>,
    /// What `slowest` is sorted by; `null` where nothing tells how long a request took.
    pub latency: Option<Latency>,
    /// Lookups whose request the input tells the latency of.
    pub timed_lookups: u64,
    /// Requests that took longest.
    pub slowest: Vec<RequestRow>,
    /// Request logs and spans that were joined with the lookups by request id.
    pub request_files: Vec<String>,
    /// Lookups that were joined.
    pub joined_lookups: u64,
    /// Lookups whose hits these tell one by one; those of the others are simulated.
    pub measured_lookups: u64,
    /// Loads and stores that failed, and evictions from L2, as counters and logs tell.
    pub losses: Vec<Loss>,
    /// What the server counted of the same lookups.
    pub counted: Option<Counted>,
    /// What the simulation found.
    pub simulated_hit_tokens: u64,
    /// What the reader has to know.
    pub notes: Vec<String>,
}

/// Why there is no report.
#[derive(Debug, Clone, PartialEq)]
pub enum NoMisses {
    /// No lookup was read.
    NoLookups(Vec<Artifact>),
    /// The lookups do not fit the memory: reasons of a sample do not add up.
    TooMany,
}

/// Makes the report.
pub fn misses(
    catalog: &Catalog,
    mut packet: Packet,
    options: &Options,
    asked: &MissesOptions,
) -> Result<MissesReport, NoMisses> {
    let judged = judge(catalog, &mut packet, &Options { rules: Rules::Skipped, ..options.clone() });
    let Some(sized) = judged.sized else { return Err(NoMisses::NoLookups(packet.artifacts)) };
    if !sized.recording.is_exact() {
        return Err(NoMisses::TooMany);
    }
    report(&sized, packet.artifacts, asked).ok_or(NoMisses::TooMany)
}

/// A short salted hash: the same packet gives the same, and it cannot be turned back.
pub(super) fn short(what: &str, bytes: &[u8]) -> String {
    let digest =
        Sha256::new().chain_update("one report, one salt").chain_update(what).chain_update(bytes);
    hex(digest.finalize().get(..5).unwrap_or_default())
}

fn report(sized: &Sized, inputs: Vec<Artifact>, asked: &MissesOptions) -> Option<MissesReport> {
    let mut in_force = sized.in_force();
    let mut cleared = sized.deployment.cleared.clone();
    for at in &asked.cleared {
        let what = cache_sizing::Clearing::L1;
        in_force.cleared.push((*at, what));
        cleared.push(Cleared { at: *at, what, because: "--cleared-at".into() });
    }
    cleared.sort_by(|a, b| a.at.total_cmp(&b.at));
    let first = sized.recording.span().map_or(0.0, |(first, _)| first);
    cleared.retain(|c| c.at > first);
    if asked.current.is_some() {
        in_force.l1.bytes = asked.current;
    }
    if !sized.bytes_known && asked.current.is_none() {
        in_force.l1.bytes = None;
    }
    let l1_bytes = in_force.l1.bytes;
    let because = match (&asked.current, &sized.deployment.l1) {
        (Some(_), _) => Some("--current-size".to_owned()),
        (None, Some((_, source))) => Some(format!("{}: {}", source.artifact, source.what)),
        _ => None,
    };
    let l2 = in_force.l2.is_some();
    let options = MissOptions { families: asked.top, ..in_force };
    let mut worst = Top::new(asked.top);
    let mut slowest = Top::new(asked.top);
    let (mut timed_lookups, mut longest) = (0, 0);
    let misses = sized.misses(options, |row, one| {
        longest = longest.max(one.chunks.saturating_mul(row.group.chunk_tokens));
        let seconds = sized.requests.seconds(row.request);
        let missed = one.tokens.saturating_sub(one.hit_tokens);
        let make = || request_row(row, one, seconds);
        if missed > 0 {
            worst.add(missed as f64, make);
        }
        if let Some(seconds) = seconds {
            timed_lookups += 1;
            slowest.add(seconds, make);
        }
    })?;
    let simulated_hit_tokens = misses.simulated_hit_tokens;
    let counted = sized.counted().cloned();
    let told = &sized.deployment.losses;
    let chunk = sized.recording.groups().iter().map(|g| g.chunk_tokens).max().unwrap_or(0);
    let limits = losses::limits(told, chunk, longest);
    let misses = match &counted {
        Some(counted) => {
            // The lookup counted these as hits, and their load failed afterwards.
            let lost = losses::lost_after_hit(told, chunk).min(misses.hit_tokens);
            misses
                .with_counted(whole(counted.hit_tokens))
                .with_lost_hits(lost)
                .with_reasons(&limits)
        }
        None => misses.with_reasons(&limits),
    };
    let rest = misses.missed_tokens();
    let brings = |reason: Reason| {
        misses.would_bring.iter().find(|(r, _)| *r == reason).and_then(|(_, tokens)| *tokens)
    };
    let mut divergence = misses.divergence.clone();
    divergence.sort_by_key(|d| (std::cmp::Reverse(d.lookups), d.chunk));
    let groups = sized.recording.groups();
    Some(MissesReport {
        schema: "inferguard/misses/v1".into(),
        tool: Tool::this(),
        inputs,
        source: if sized.lane == Lane::Hashes { "lookup_hashes" } else { "trace" }.into(),
        files: sized.artifacts.clone(),
        token_unit: if sized.tokens_known { "tokens" } else { "chunks" }.into(),
        l1_bytes,
        l1_because: because.filter(|_| l1_bytes.is_some()),
        l2,
        cleared,
        lookups: misses.lookups,
        lookups_below_chunk: misses.lookups_below_chunk,
        tokens: misses.tokens,
        hit_tokens: misses.hit_tokens,
        missed_tokens: rest,
        reasons: misses
            .reasons
            .iter()
            .map(|(reason, tokens)| ReasonRow {
                reason,
                about: reason.about().into(),
                tokens,
                share: if rest == 0 { 0.0 } else { tokens as f64 / rest as f64 },
                would_bring: brings(reason),
            })
            .collect(),
        lookups_leaving: misses.lookups_leaving,
        divergence,
        lengths: misses.lengths,
        heads: misses.heads,
        families: misses
            .families
            .iter()
            .map(|f| FamilyRow {
                id: short("chunk", &f.head.to_le_bytes()),
                model: groups.get(f.group as usize).map_or_else(String::new, |g| g.model.clone()),
                lookups: f.lookups,
                tokens: f.tokens,
                reused_tokens: f.reused_tokens,
                hit_tokens: f.hit_tokens,
            })
            .collect(),
        worst: worst.rows(),
        latency: sized.requests.latency,
        timed_lookups,
        slowest: slowest.rows(),
        request_files: sized.requests.artifacts.clone(),
        joined_lookups: sized.requests.lookups,
        measured_lookups: misses.measured_lookups,
        losses: told.clone(),
        notes: notes(sized, l1_bytes, counted.as_ref(), &misses),
        counted,
        simulated_hit_tokens,
    })
}

/// The largest of many, those that came first before equal ones.
struct Top {
    most: usize,
    rows: Vec<(f64, RequestRow)>,
}

impl Top {
    fn new(most: usize) -> Self {
        Top { most, rows: Vec::new() }
    }

    fn add(&mut self, key: f64, row: impl FnOnce() -> RequestRow) {
        let place = self.rows.partition_point(|held| held.0 >= key);
        if place < self.most {
            self.rows.insert(place, (key, row()));
            self.rows.truncate(self.most);
        }
    }

    fn rows(self) -> Vec<RequestRow> {
        self.rows.into_iter().map(|(_, row)| row).collect()
    }
}

fn request_row(row: &Recorded<'_>, one: &LookupMisses, seconds: Option<f64>) -> RequestRow {
    RequestRow {
        id: if row.request == 0 {
            String::new()
        } else {
            short("request", &row.request.to_le_bytes())
        },
        at: row.lookup.at,
        tokens: one.tokens,
        hit_tokens: one.hit_tokens,
        known_chunks: one.known_chunks,
        chunks: one.chunks,
        reasons: one.reasons.iter().filter(|(_, n)| *n > 0).collect(),
        seconds,
    }
}

fn notes(
    sized: &Sized,
    l1_bytes: Option<u64>,
    counted: Option<&Counted>,
    misses: &Misses,
) -> Vec<String> {
    let mut out = Vec::new();
    if l1_bytes.is_none() {
        out.push(
            "the size of L1 is not known: what was asked before counts as served unless the \
             cache was emptied. --current-size SIZE tells it"
                .into(),
        );
    }
    let measured = misses.measured_lookups;
    if let Some(counted) = counted {
        let more = counted.hit_tokens - misses.hit_tokens as f64;
        if more > 0.0 && measured == 0 {
            out.push(format!(
                "the server counted {more:.0} more hit tokens than the simulation finds: the \
                 reasons are too strict by that much"
            ));
        }
    } else if measured < misses.lookups {
        out.push(
            "no counters of these very lookups were given: hits that were not measured are those \
             of a simulation"
                .into(),
        );
        if !sized.deployment.losses.is_empty() {
            out.push(
                "loads or stores failed, and nothing tells which of these lookups they are of: \
                 their tokens are among the hits"
                    .into(),
            );
        }
    }
    if sized.requests.latency.is_none() {
        out.push(
            "nothing tells how long a request took: lookups have no latency. A log of requests \
             with their ids and ttft or e2e, or LMCache's spans, among the inputs would tell"
                .into(),
        );
    }
    out.extend(sized.salt_note());
    if misses.not_stored_chunks > 0 {
        out.push(format!(
            "{} chunks found no room when they were to be stored: L1 filled up between \
             two passes of the eviction loop",
            misses.not_stored_chunks
        ));
    }
    if !sized.tokens_known {
        out.push(
            "the input does not tell how many tokens a chunk has: tokens count chunks. \
             --chunk-size N tells it"
                .into(),
        );
    }
    out
}

/// The reasons as CSV.
pub fn misses_csv(report: &MissesReport) -> String {
    use std::fmt::Write as _;
    let mut out = String::from("reason,tokens,share,would_bring\n");
    for row in &report.reasons {
        let brings = row.would_bring.map_or_else(String::new, |n| n.to_string());
        let _ = writeln!(out, "{},{},{:.6},{brings}", row.reason.name(), row.tokens, row.share);
    }
    out
}
