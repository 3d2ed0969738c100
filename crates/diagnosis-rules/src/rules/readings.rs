//! What rules of symptoms and gaps ask alike.

use coverage_model::bridge::{Mismatch, MismatchCode};
use coverage_model::{Claim, Mode, Source, Status};

use super::signs::{logged, one_sign};
use crate::outcome::{Outcome, Sign};
use crate::rule::Context;
use crate::view::View;

/// The question cannot be answered from evidence of which parts were lost.
pub(super) fn partial(cx: &Context<'_>) -> Option<Outcome> {
    cx.view.is_partial().then(|| {
        Outcome::not_evaluable(
            format!("{}: events were dropped or the page is an excerpt", cx.rule.title),
            &["a scrape of the whole page, from a server whose event bus dropped nothing"],
        )
    })
}

/// The question cannot be answered from counters that dropped events make wrong.
pub(super) fn dropped(cx: &Context<'_>) -> Option<Outcome> {
    cx.view.drops_events().then(|| {
        Outcome::not_evaluable(
            format!("{}: the event bus dropped events, so its counters are wrong", cx.rule.title),
            &["two scrapes of a server whose event bus drops nothing"],
        )
    })
}

/// How much of the prompts repeats earlier ones, from 0 to 1, and what says so; `None` where
/// nothing does.
pub(super) fn repetition(view: &View<'_>) -> Option<(f64, String)> {
    let mut out: Option<(f64, String)> = None;
    let mut take = |share: f64, what: String| {
        if out.as_ref().is_none_or(|(had, _)| share > *had) {
            out = Some((share, what));
        }
    };
    if let Some((repeated, tokens)) = view.hash_ceiling() {
        take(repeated / tokens, "by the lookup hashes".into());
    }
    for log in view.launch.iter().flat_map(|l| &l.environment.requests) {
        if log.prompts > 0 && log.requests > 0 {
            let share = log.repeated_prompts as f64 / log.requests as f64;
            take(share, "by the request log".into());
        }
    }
    let grown = |signal| view.growth(signal).map(|g| g.value);
    if let (Some(hits), Some(queries)) =
        (grown("vllm.prefix_cache_hits"), grown("vllm.prefix_cache_queries"))
        && queries > 0.0
        && hits > 0.0
    {
        take(hits / queries, "by the engine's own prefix cache".into());
    }
    out
}

/// A family that another series proves to be absent, as a finding.
pub(super) fn missing_family(cx: &Context<'_>, surface: &str, family: &str) -> Outcome {
    let row = cx.view.family(surface, family);
    match row {
        Some(row) if row.status == Status::Missing => one_sign(
            1.0,
            "another series proves that it should be there",
            vec![Source::new(format!("{surface}/{family}"), row.because.clone())],
        ),
        Some(row) if row.status == Status::Unknown => Outcome::not_evaluable(
            format!("{}: {}", cx.rule.title, row.because),
            &["the whole metrics page as the process serves it"],
        ),
        _ => Outcome::Clear,
    }
}

/// Signs of events that logs hold, one a group of events.
pub(super) fn log_signs(cx: &Context<'_>, weight: f64, events: &[(&[&str], &str)]) -> Vec<Sign> {
    events.iter().filter_map(|(ids, text)| logged(cx.view, weight, text, ids)).collect()
}

/// A share in percent.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

/// Whether anything of LMCache is seen at all.
pub(super) fn lmcache_is_there(view: &View<'_>) -> bool {
    !matches!(view.coverage.mode.mode, Mode::None | Mode::Unknown)
}

/// Places of SGLang's own hierarchical cache, where its series are above zero.
pub(super) fn hicache(view: &View<'_>) -> Vec<Source> {
    ["sglang.hicache_host_total_tokens", "sglang.hicache_host_used_tokens"]
        .iter()
        .flat_map(|signal| view.with(signal).filter_map(|t| t.last(signal)))
        .filter(|reading| reading.value > 0.0)
        .map(|reading| reading.source)
        .collect()
}

/// What the bridge between engines and cache says of one kind of mismatch. Mismatches of fewer
/// tokens than `least` are left out.
pub(super) fn bridged(cx: &Context<'_>, code: MismatchCode, least: f64) -> Outcome {
    let found: Vec<&Mismatch> =
        cx.view.bridge.of(code).filter(|m| m.tokens.is_none_or(|tokens| tokens >= least)).collect();
    if !found.is_empty() {
        let signs = found
            .iter()
            .map(|m| Sign {
                weight: if m.claim == Claim::Measured { 0.9 } else { 0.6 },
                text: m.says.clone(),
                claim: m.claim,
                sources: m.evidence.clone(),
            })
            .collect();
        return Outcome::from_signs(signs, 0.0);
    }
    match cx.view.bridge.not_judged.iter().find(|open| open.code == code) {
        Some(open) => Outcome::NotEvaluable {
            why: format!("{}: {}", cx.rule.title, open.why),
            settle: vec!["two scrapes of every engine and of the LMCache server, taken together"],
        },
        None => Outcome::Clear,
    }
}
