//! SGLang's HiCache policy prevents reuse.

use crate::rules::prelude::*;

const REVOKED: Threshold = Threshold {
    name: "min_revoked",
    unit: "lines",
    default: 3.0,
    about: "Revoked prefetches before it is said",
};
const TOKENS: Threshold = Threshold {
    name: "min_tokens",
    unit: "tokens",
    default: 50000.0,
    about: "Tokens backed up before prefetches are compared",
};
const SHARE: Threshold = Threshold {
    name: "prefetched_share_below",
    unit: "ratio",
    default: 0.01,
    about: "Prefetched over backed-up tokens",
};

const USUAL: Threshold = Threshold {
    name: "usual_prefetch_threshold",
    unit: "tokens",
    default: 256.0,
    about: "SGLang's own prefetch threshold: prefixes from that length on are meant to be fetched",
};

const STORED: Threshold = Threshold {
    name: "stored_share_below",
    unit: "ratio",
    default: 0.5,
    about: "Backed-up over computed tokens under write_through",
};

/// Prefetches that SGLang gave up before they began.
const REVOKES: &[&str] = &["sglang.prefetch_revoked"];
/// Tokens found in storage that were not delivered, by reason.
const UNFULFILLED: &str = "sglang.storage_prefetch_unfulfilled_tokens";

const CUT_OFF: Threshold = Threshold {
    name: "cut_off_share_above",
    unit: "ratio",
    default: 0.5,
    about: "Tokens that the prefetch policy gave up, over those that storage had",
};

pub(crate) const RULE: Rule = Rule {
    code: "sglang_hicache_policy",
    aliases: &["hicache_policy"],
    title: "HiCache's write or prefetch policy keeps storage from being reused",
    kind: Kind::Cause,
    cause: Some("hicache-policy"),
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::Launch, Need::EnginePage, Need::EngineLog],
    thresholds: &[&REVOKED, &TOKENS, &SHARE, &USUAL, &STORED, &CUT_OFF],
    releases: "",
    explanation: "A prefetch from storage needs an unbroken prefix above a threshold. write_back \
        stores a page only when it is evicted from memory, so the head of a prefix, which is \
        used most, is often the one that is missing: tokens are backed up by the million and \
        every prefetch is revoked with few hits. write_through loses what is evicted from a \
        host pool that is too small before its turn to be stored. A prefetch policy of \
        best_effort may give up before the pages came, and timeout starts the request with \
        what came before its deadline: the rest is computed again although storage has it.",
    confirm: "sglang:backuped_tokens_total against sglang:prefetched_tokens_total; grep 'Revoking \
        prefetch' engine.log",
    action: "Start SGLang with --hicache-write-policy write_through (or write_through_selective) \
        and --hicache-storage-prefetch-policy wait_complete, or timeout with longer limits \
        (prefetch_timeout_base, prefetch_timeout_per_ki_token).",
    false_positives: "A new storage has nothing to prefetch, and a new prompt is revoked with 0 hits: the \
        rule asks for write_back beside revoked prefetches, for prefixes that are long enough \
        and revoked, or for none prefetched beside many backed up.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "Prefetches are revoked under write_back",
        files: &[
            File::text(
                "engine.log",
                r"[2026-02-01 10:00:01] Prefill batch, #new-seq: 1, #new-token: 8192, #cached-token: 0, token usage: 0.2, #running-req: 2, #queue-req: 0,
[2026-02-01 10:00:01] Revoking prefetch for request r1 due to insufficient hits (0).
[2026-02-01 10:00:01] Revoking prefetch for request r1 due to insufficient hits (0).
[2026-02-01 10:00:01] Revoking prefetch for request r1 due to insufficient hits (0).
[2026-02-01 10:00:01] Revoking prefetch for request r1 due to insufficient hits (0).
",
            ),
            File::text(
                "command.json",
                r#"{"argv": ["python", "-m", "sglang.launch_server", "--model-path", "m", "--enable-hierarchical-cache", "--hicache-write-policy", "write_back", "--hicache-storage-backend", "file"], "env": {}}"#,
            ),
        ],
        also: &[],
    },
    counter_example: Example {
        title: "write_through",
        files: &[File::text(
            "command.json",
            r#"{"argv": ["python", "-m", "sglang.launch_server", "--model-path", "m", "--enable-hierarchical-cache", "--hicache-write-policy", "write_through", "--hicache-storage-backend", "file"], "env": {}}"#,
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let mut signs = Vec::new();
    let revoked = view.count(REVOKES) as f64 >= cx.threshold(&REVOKED);
    let hits = view.events(REVOKES).filter_map(|e| e.stat.fields.get("hits"));
    let most = hits.map(|h| h.max).reduce(f64::max).unwrap_or_default();
    if revoked && most >= cx.threshold(&USUAL) {
        signs.extend(logged(
            view,
            0.6,
            &format!("prefetches of up to {most:.0} tokens are revoked as too short"),
            REVOKES,
        ));
    }
    if let Some(backed) =
        view.growth("sglang.backuped_tokens").filter(|g| g.value >= cx.threshold(&TOKENS))
    {
        let fetched = view.growth("sglang.prefetched_tokens");
        let got = fetched.as_ref().map_or(0.0, |g| g.value);
        if got < cx.threshold(&SHARE) * backed.value && fetched.is_some() {
            signs.push(Sign::measured(
                0.6,
                format!("{:.0} tokens backed up, {got:.0} prefetched", backed.value),
                vec![backed.source],
            ));
        }
    }
    if let Some(short) = view
        .targets
        .iter()
        .filter_map(|t| t.growth_where(UNFULFILLED, &[("reason", "below_threshold")]))
        .find(|g| g.value >= cx.threshold(&TOKENS))
    {
        signs.push(Sign::measured(
            0.6,
            format!("{:.0} tokens found in storage were below the prefetch threshold", short.value),
            vec![short.source],
        ));
    }
    signs.extend(not_backed_up(cx));
    if signs.is_empty() {
        signs.extend(cut_off(cx));
    }
    // Prompts that storage never saw are revoked too: with pages coming back that is no fault.
    let comes_back = view.growth("sglang.prefetched_tokens").is_some_and(|g| g.value > 0.0);
    if revoked && signs.is_empty() && !comes_back {
        signs.extend(logged(view, 0.3, "prefetches are revoked", REVOKES));
    }
    let shown = !signs.is_empty();
    for process in view.engines() {
        let policy = process.setting("sglang.hicache_write_policy").and_then(|s| s.as_str());
        let stored = process.setting("sglang.storage_backend").is_some();
        if policy == Some("write_back") && stored {
            signs.push(Sign::inferred(
                if shown { 0.6 } else { 0.5 },
                "the write policy is write_back, with a storage backend behind it",
                launched(process, "sglang.hicache_write_policy").into_iter().collect(),
            ));
        }
    }
    Outcome::from_signs(signs, 0.5)
}

/// Under write_through every page that is computed is to be stored: where most are not, they were
/// evicted from GPU and host memory before their turn came.
fn not_backed_up(cx: &Context<'_>) -> Option<Sign> {
    let view = cx.view;
    let through = view.engines().any(|p| {
        let policy = p.setting("sglang.hicache_write_policy").and_then(|s| s.as_str());
        p.setting("sglang.storage_backend").is_some()
            && policy.is_none_or(|policy| policy == "write_through")
    });
    if !through {
        return None;
    }
    view.targets.iter().find_map(|target| {
        let (prompts, backed) =
            (target.growth("sglang.prompt_tokens")?, target.growth("sglang.backuped_tokens")?);
        let cached = target.growth("sglang.cached_tokens").map_or(0.0, |g| g.value);
        let computed = prompts.value - cached;
        (computed >= cx.threshold(&TOKENS) && backed.value < cx.threshold(&STORED) * computed).then(
            || {
                Sign::measured(
                    0.6,
                    format!(
                        "write_through stored {:.0} of {computed:.0} tokens that were computed",
                        backed.value
                    ),
                    vec![backed.source, prompts.source],
                )
            },
        )
    })
}

/// Reasons of SGLang for tokens that storage had and that did not come (0.5.20 to 0.5.23) which
/// its prefetch policy decides: the policy's deadline passed, the request was not held for them,
/// or the prefix was below the policy's threshold. What the device already had, and what found no
/// room, is none of the policy's.
const POLICY: &[&str] = &["deadline", "timeout", "timed_out", "best_effort", "below_threshold"];

/// Storage had the tokens, and the policy started the requests without them.
fn cut_off(cx: &Context<'_>) -> Option<Sign> {
    let view = cx.view;
    let had = view.growth("sglang.storage_prefetch_hit_tokens")?;
    if had.value < cx.threshold(&TOKENS) {
        return None;
    }
    let given_up = |reason: &str| -> f64 {
        let of = |t: &crate::view::Target<'_>| t.growth_where(UNFULFILLED, &[("reason", reason)]);
        view.targets.iter().filter_map(of).map(|g| g.value).sum()
    };
    let (reason, lost) = POLICY
        .iter()
        .map(|reason| (*reason, given_up(reason)))
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    if lost < cx.threshold(&CUT_OFF) * had.value {
        return None;
    }
    let source = view.last(UNFULFILLED).map(|r| r.source);
    Some(Sign::measured(
        0.75,
        format!(
            "storage had {:.0} tokens, and {lost:.0} of them were given up ({reason})",
            had.value
        ),
        source.into_iter().chain([had.source]).collect(),
    ))
}
