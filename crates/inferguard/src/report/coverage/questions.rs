//! Questions that only the authors of LMCache or of an engine can answer.
//!
//! One table: code, whom it goes to, when the evidence at hand raises it, what a patch would have to
//! add, and the fixtures that show it. A question is only offered where artifacts of live
//! processes raise it; its text holds series, counts and releases, and nothing of a customer.

use std::fmt::Write as _;

use coverage_model::bridge::Part;
use coverage_model::{FactKind, Source, Status};
use lmcache_http::Body;
use serde::Serialize;

use crate::observe::number;
use crate::report::check::Judged;
use crate::report::parts::Options;

/// A question ready to be sent.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct UpstreamQuestion {
    /// Stable code.
    pub code: String,
    /// Whom it goes to: `LMCache`, `vLLM`, `SGLang`.
    pub owner: String,
    /// The question in one sentence.
    pub owner_question: String,
    /// What shows it.
    pub evidence: Vec<Source>,
    /// The text, ready to paste.
    pub text: String,
}

/// What the evidence has to say for a question to be asked.
struct Raised {
    /// What was seen, a line each.
    seen: Vec<String>,
    evidence: Vec<Source>,
}

/// An entry of the table.
#[expect(missing_debug_implementations, reason = "holds a function")]
pub struct Question {
    /// Stable code.
    pub code: &'static str,
    /// Whom it goes to.
    pub owner: &'static str,
    /// The question in one sentence.
    pub question: &'static str,
    /// What is missing.
    pub missing: &'static str,
    /// What a patch would have to add.
    pub patch: &'static str,
    /// Fixtures in `fixtures/packets` that raise it; none: it is kept for its code and was not raised by
    /// anything captured yet.
    pub fixtures: &'static [&'static str],
    raised: fn(&Judged, &Options) -> Option<Raised>,
}

/// Every question, in the order of the reports.
pub const QUESTIONS: &[Question] = &[
    Question {
        code: "lmcache_mp_lookup_counters_missing",
        owner: "LMCache",
        question: "Which counters tell lookups in tokens in this release, when stores and reads are counted and lookups are not?",
        missing: "lookup counters (requested and hit tokens) on a page whose L1 counters show work",
        patch: "emit lookup_requested and lookup_hit for every lookup that ends",
        fixtures: &[],
        raised: |j, _| family_missing(j, "lookup_tokens", "mp.l1.read"),
    },
    Question {
        code: "lmcache_mp_l1_memory_gauge_missing",
        owner: "LMCache",
        question: "Which gauge tells the bytes held in L1 in this release?",
        missing: "the L1 memory gauge on a page whose L1 counters show work",
        patch: "register l1_memory_usage_bytes with the storage manager",
        fixtures: &[],
        raised: |j, _| family_missing(j, "l1_memory", "mp.l1.write"),
    },
    Question {
        code: "lmcache_eventbus_self_metrics_missing",
        owner: "LMCache",
        question: "How can lost events be seen in this release?",
        missing: "the event bus' own series on a page that counts events",
        patch: "register event_bus_dropped_events and event_bus_queue_depth with the bus",
        fixtures: &[],
        raised: |j, _| family_missing(j, "event_bus", "mp.l1.write"),
    },
    Question {
        code: "lmcache_mp_l0_lifecycle_missing",
        owner: "LMCache",
        question: "Which engines report their block allocations, so that the lifecycle of L0 can be seen?",
        missing: "any series of L0 blocks, although an engine was served and every event was sampled",
        patch: "emit the L0 block histograms from the block reports of the MP connector, or say in the documentation which engine and path report",
        fixtures: &[],
        raised: l0_lifecycle,
    },
    Question {
        code: "lmcache_mp_eventbus_taildrop_risk",
        owner: "LMCache",
        question: "Why do queue depth and drain lag of the event bus read 0 while it drops events?",
        missing: "a sign of pressure before the loss: the gauges are read when the queue is drained",
        patch: "a high-water mark of the queue depth since the last scrape",
        fixtures: &["lmcache-0.5.6-eventbus-drops"],
        raised: taildrop,
    },
    Question {
        code: "lmcache_mp_sampled_histogram_sparse",
        owner: "LMCache",
        question: "How is a sampled histogram to be read when its sample rate is not on the page?",
        missing: "the sample rate: an absent histogram and one that was not sampled look alike",
        patch: "a gauge with the sample rate in effect",
        fixtures: &[],
        raised: sparse,
    },
    Question {
        code: "lmcache_mp_empty_cache_salt",
        owner: "LMCache",
        question: "Should unsalted requests carry the label cache_salt=\"\" or none?",
        missing: "one shape: lookup counters carry cache_salt=\"\", L1 counters carry none until a salted request comes and an empty one after it",
        patch: "the same label set on all counters from the first event on",
        fixtures: &["lmcache-0.4.6-salt-quota", "lmcache-0.5.6-salt-quota"],
        raised: empty_salt,
    },
    Question {
        code: "vllm_external_prefix_no_hits",
        owner: "LMCache",
        question: "What makes a connector answer every lookup with nothing while LMCache holds what is asked for?",
        missing: "a reason with a lookup that finds nothing",
        patch: "lookup misses by reason (not stored, evicted, other salt, other hash)",
        fixtures: &["vllm-0.32.0-lmcache-0.5.6-embedded-shim-noseed"],
        raised: no_hits,
    },
    Question {
        code: "lmcache_l2_store_failure_uncounted",
        owner: "LMCache",
        question: "Which counter tells that stores to an L2 adapter fail?",
        missing: "failures: completed requests equal submitted ones while completed objects stay behind submitted objects",
        patch: "l2_store_failure with l2_name and reason, and an unhealthy adapter in /status",
        fixtures: &["lmcache-0.5.6-l2-store-fails"],
        raised: l2_store_failure,
    },
    Question {
        code: "lmcache_engine_driven_loads_uncounted",
        owner: "LMCache",
        question: "Which counter tells loads and stores where the engine drives the transfer?",
        missing: "any series of transfers in engine-driven mode: no submitted or finished stores and retrieves, no chunks loaded, no throughput",
        patch: "count the engine-driven path in the same series, with a label for the path",
        fixtures: &[
            "vllm-0.32.0-lmcache-0.5.6-mp",
            "vllm-0.32.0-lmcache-0.5.6-mp-server-kill",
            "sglang-0.5.23-lmcache-0.5.6-mp",
        ],
        raised: engine_driven,
    },
    Question {
        code: "lmcache_dead_eviction_thread_health_green",
        owner: "LMCache",
        question: "Why does /healthcheck stay healthy when the eviction thread is dead?",
        missing: "the dead thread in /healthcheck and /periodic-threads-health; only /status tells it",
        patch: "fail /healthcheck when a critical thread is not alive, and a gauge of threads alive",
        fixtures: &["lmcache-0.5.6-isolated-lru-l1-dead"],
        raised: dead_thread,
    },
    Question {
        code: "lmcache_refused_operation_uncounted",
        owner: "LMCache",
        question: "How can an operator see that a server refuses an engine's requests?",
        missing: "a refusal on the wire and in the metrics: the server logs one error, stays healthy and does not answer, and the engine waits for its timeout",
        patch: "answer an operation without a handler with an error that names it, and count it",
        fixtures: &[
            "vllm-0.32.0-lmcache-0.5.6-mp-transfer-mode-mismatch",
            "vllm-0.32.0-lmcache-skew-server-0.4.7",
        ],
        raised: refused,
    },
    Question {
        code: "vllm_failed_loads_not_taken_back",
        owner: "vLLM",
        question: "Which counter takes failed KV loads back out of external tokens?",
        missing: "a counter of tokens whose load failed: external_kv_transfer is planned at scheduling and keeps them",
        patch: "vllm:external_kv_load_failures_total and its tokens, by policy (recompute, fail)",
        fixtures: &[],
        raised: failed_loads,
    },
    Question {
        code: "vllm_p2p_loads_unspecified",
        owner: "LMCache",
        question: "Should tokens that LMCache loaded from a peer be counted as p2p by vLLM?",
        missing: "the tier: vLLM counts LMCache's tokens as external_unspecified wherever they came from",
        patch: "report the tier of a hit from the connector (host, disk, p2p)",
        fixtures: &["vllm-0.32.0-lmcache-0.5.6-mp-p2p"],
        raised: p2p_unspecified,
    },
];

/// The questions that this evidence raises.
pub(crate) fn raised(judged: &Judged, options: &Options) -> Vec<UpstreamQuestion> {
    QUESTIONS
        .iter()
        .filter_map(|question| {
            let raised = (question.raised)(judged, options)?;
            Some(UpstreamQuestion {
                code: question.code.to_owned(),
                owner: question.owner.to_owned(),
                owner_question: question.question.to_owned(),
                text: text(question, &raised, judged),
                evidence: raised.evidence.into_iter().map(bare).collect(),
            })
        })
        .collect()
}

/// A source without the path of somebody's machine.
fn bare(source: Source) -> Source {
    let artifact = crate::render::short_path(&source.artifact).to_owned();
    Source { artifact, ..source }
}

/// The releases that ran, as one line.
fn ran(judged: &Judged) -> String {
    let mut out: Vec<String> = Vec::new();
    for (name, row) in [
        ("LMCache", &judged.releases.lmcache),
        ("vLLM", &judged.releases.vllm),
        ("SGLang", &judged.releases.sglang),
    ] {
        if let Some(row) = row {
            out.push(format!("{name} {}", crate::render::release_span(row)));
        }
    }
    let mode = judged.coverage.mode.mode.name();
    format!("{}; mode {mode}, {}", out.join(", "), judged.coverage.architecture.headline)
}

fn text(question: &Question, raised: &Raised, judged: &Judged) -> String {
    let seen: Vec<String> = raised.seen.iter().map(|s| format!("- {s}")).collect();
    format!(
        "{}\n\nRan: {}\nSeen:\n{}\nMissing: {}\nA patch would have to: {}\n",
        question.question,
        ran(judged),
        seen.join("\n"),
        question.missing,
        question.patch
    )
}

/// The document that lists all questions.
pub fn document() -> String {
    let mut out = String::from(
        "# Questions for the authors of LMCache, vLLM and SGLang\n\n\
         Generated by `cargo xtask questions` from the table that `inferguard observability-coverage` uses. The report\n\
         offers a question, as text ready to paste, where the evidence at hand raises it. A question without a fixture\n\
         keeps its code and is not sent from here.\n",
    );
    for question in QUESTIONS {
        let _ = write!(
            out,
            "
## `{}` ({})\n\n{}\n\n- Missing: {}.\n- A patch would have to: {}.\n",
            question.code, question.owner, question.question, question.missing, question.patch
        );
        if question.fixtures.is_empty() {
            out.push_str("- No captured packet raises it yet.\n");
        } else {
            let list: Vec<String> =
                question.fixtures.iter().map(|f| format!("`fixtures/packets/{f}`")).collect();
            let _ = writeln!(out, "- Raised by {}.", list.join(", "));
        }
    }
    out
}

/// A signal's last sighting as a line, and its source.
fn sighting(judged: &Judged, signal: &str) -> Option<(String, Source)> {
    let source = judged
        .evidence
        .targets
        .iter()
        .find_map(|t| t.signals.get(signal).and_then(|o| o.source.clone()))?;
    let value = source.value.clone().unwrap_or_default();
    Some((format!("{} is {value}", source.what), source))
}

/// Sum of a counter over processes, by signal.
fn total(judged: &Judged, signal: &str) -> Option<f64> {
    let names: Vec<String> = judged
        .evidence
        .targets
        .iter()
        .filter_map(|t| t.signals.get(signal))
        .flat_map(|o| o.names.iter().cloned())
        .collect();
    judged
        .targets
        .iter()
        .flat_map(|t| t.measures.totals.iter())
        .filter(|(name, _)| names.contains(name))
        .map(|(_, v)| *v)
        .reduce(|a, b| a + b)
}

fn family_missing(judged: &Judged, family: &str, witness: &str) -> Option<Raised> {
    let row =
        judged.coverage.families.iter().find(|f| {
            f.surface == "lmcache_mp" && f.family == family && f.status == Status::Missing
        })?;
    if !judged.evidence.nonzero(witness) {
        return None;
    }
    let (line, source) = sighting(judged, witness)?;
    Some(Raised {
        seen: vec![line, format!("no series of: {}", row.expected.join(", "))],
        evidence: vec![source],
    })
}

/// Sampling of all events, work, and no block of L0.
fn l0_lifecycle(judged: &Judged, options: &Options) -> Option<Raised> {
    let all_sampled = options.mp.metrics_sample_rate == Some(1.0)
        || judged.evidence.targets.iter().any(|t| t.nonzero("mp.l1.chunk_lifetime"));
    let absent =
        !judged.evidence.targets.iter().any(|t| t.signals.keys().any(|s| s.starts_with("mp.l0.")));
    // What speaks the protocol without an engine has no L0.
    let engine = judged.bridge.sides.iter().any(|s| s.part.is_engine());
    let asked = judged.evidence.nonzero("mp.lookup.requested_tokens");
    if !(engine && all_sampled && absent && asked) {
        return None;
    }
    let shown = ["mp.l1.chunk_lifetime", "mp.lookup.requested_tokens"];
    let (seen, evidence): (Vec<String>, Vec<Source>) =
        shown.iter().filter_map(|s| sighting(judged, s)).unzip();
    Some(Raised { seen, evidence })
}

fn taildrop(judged: &Judged, _: &Options) -> Option<Raised> {
    if !judged.evidence.nonzero("mp.event_bus.dropped_events") {
        return None;
    }
    let calm = !judged.evidence.nonzero("mp.event_bus.queue_depth");
    let shown =
        ["mp.event_bus.dropped_events", "mp.event_bus.queue_depth", "mp.event_bus.drain_lag"];
    let (seen, evidence): (Vec<String>, Vec<Source>) =
        shown.iter().filter_map(|s| sighting(judged, s)).unzip();
    calm.then_some(Raised { seen, evidence })
}

fn sparse(judged: &Judged, options: &Options) -> Option<Raised> {
    let sampled = judged.coverage.families.iter().filter(|f| {
        f.surface == "lmcache_mp" && matches!(f.family.as_str(), "l1_lifecycle" | "real_reuse")
    });
    let absent =
        sampled.clone().count() > 0 && sampled.clone().all(|f| f.status == Status::NotEmitted);
    // With so many events one in a hundred would have been sampled, but for one case in a hundred.
    let rate = options.mp.metrics_sample_rate.unwrap_or(0.01);
    let events = total(judged, "mp.l1.read").unwrap_or(0.0);
    if !(absent && (1.0 - rate).powf(events) < 0.01) {
        return None;
    }
    let (line, source) = sighting(judged, "mp.l1.read")?;
    Some(Raised {
        seen: vec![line, "no sampled histogram on any page".into()],
        evidence: vec![source],
    })
}

fn empty_salt(judged: &Judged, _: &Options) -> Option<Raised> {
    // Lookups are labelled with salts and some of them are salted: both shapes are on the page.
    let salted =
        judged.targets.iter().flat_map(|t| &t.measures.windows).flat_map(|w| &w.ratios).any(|r| {
            r.by.iter().any(|s| s.label == "cache_salt" && s.value.is_empty())
                && r.by.iter().any(|s| s.label == "cache_salt" && !s.value.is_empty())
        });
    let (line, source) = sighting(judged, "mp.lookup.requested_tokens")?;
    salted.then(|| Raised {
        seen: vec![line, "lookups with cache_salt=\"\" and with a salt are on one page".into()],
        evidence: vec![source],
    })
}

fn no_hits(judged: &Judged, _: &Options) -> Option<Raised> {
    let total = judged.bridge.total.as_ref()?;
    let asked = total.tokens.asked_external.as_ref().filter(|a| a.value > 0.0)?;
    let promised = total.tokens.promised.as_ref().filter(|p| p.value == 0.0)?;
    let external = total.tokens.external.as_ref().filter(|e| e.value == 0.0)?;
    // That nothing hit is only a question where something should have.
    let should = judged.bridge.of(coverage_model::bridge::MismatchCode::LookupsNeverHit).next()?;
    Some(Raised {
        seen: vec![
            format!("{} grew by {}", asked.of, number(asked.value)),
            format!("{} grew by {}", promised.of, number(promised.value)),
            should.says.clone(),
        ],
        evidence: asked.sources.iter().chain(&external.sources).cloned().collect(),
    })
}

fn l2_store_failure(judged: &Judged, _: &Options) -> Option<Raised> {
    let of = |signal| total(judged, signal);
    let (submitted, completed) = (of("mp.l2.store_submitted")?, of("mp.l2.store_completed")?);
    let (objects, stored) =
        (of("mp.l2.store_submitted_objects")?, of("mp.l2.store_completed_objects").unwrap_or(0.0));
    if submitted != completed || stored >= objects {
        return None;
    }
    let shown =
        ["mp.l2.store_submitted_objects", "mp.l2.store_completed_objects", "mp.l2.store_completed"];
    let evidence =
        shown.iter().filter_map(|s| sighting(judged, s)).map(|(_, source)| source).collect();
    Some(Raised {
        seen: vec![
            format!(
                "{} store requests submitted, {} completed",
                number(submitted),
                number(completed)
            ),
            format!("{} objects submitted, {} completed", number(objects), number(stored)),
        ],
        evidence,
    })
}

fn engine_driven(judged: &Judged, _: &Options) -> Option<Raised> {
    let server = judged.bridge.sides.iter().any(|s| s.part == Part::Server);
    let absent = !judged.evidence.targets.iter().any(|t| {
        t.signals.keys().any(|s| s.starts_with("mp.transfer.") || s.starts_with("mp.l0_l1."))
    });
    let (count, source) = judged.lanes.logs.iter().find_map(|row| {
        let stat = row.evidence.event("mp.retrieve")?;
        let mut source = Source::new(row.path.clone(), stat.example.text.clone());
        source.line = Some(stat.first_line);
        Some((stat.count, source))
    })?;
    (server && absent).then(|| Raised {
        seen: vec![
            format!("the server's log has {count} lines such as: {}", source.what),
            "no lmcache_mp_num_* and no lmcache_mp_l0_l1_* series on its page".into(),
        ],
        evidence: vec![source],
    })
}

fn dead_thread(judged: &Judged, _: &Options) -> Option<Raised> {
    let mut dead: Option<(Vec<String>, Source)> = None;
    let mut green: Option<Source> = None;
    for (name, endpoint) in judged.lanes.http.iter().flat_map(|row| &row.evidence.endpoints) {
        if let Body::Status(status) = &endpoint.body
            && !status.dead_threads.is_empty()
        {
            dead = Some((
                status.dead_threads.clone(),
                Source::new(endpoint.source.clone(), "thread_alive is false"),
            ));
        }
        if name.contains("health") && endpoint.status == "healthy" {
            green = Some(Source::new(endpoint.source.clone(), format!("/{name} is healthy")));
        }
    }
    let ((threads, shown), green) = dead.zip(green)?;
    Some(Raised {
        seen: vec![format!("/status: dead threads {}", threads.join(", ")), green.what.clone()],
        evidence: vec![shown, green],
    })
}

fn refused(judged: &Judged, _: &Options) -> Option<Raised> {
    let source = judged.lanes.logs.iter().find_map(|row| {
        let stat = row.evidence.event("mp.no_handler")?;
        let mut source = Source::new(row.path.clone(), stat.example.text.clone());
        source.line = Some(stat.first_line);
        Some(source)
    })?;
    Some(Raised {
        seen: vec![format!("the server's log: {}", source.what)],
        evidence: vec![source],
    })
}

fn failed_loads(judged: &Judged, _: &Options) -> Option<Raised> {
    let mismatch = judged
        .bridge
        .of(coverage_model::bridge::MismatchCode::PromisesWithoutLoads)
        .find(|m| m.says.contains("log"))?;
    Some(Raised { seen: vec![mismatch.says.clone()], evidence: mismatch.evidence.clone() })
}

fn p2p_unspecified(judged: &Judged, _: &Options) -> Option<Raised> {
    let total = judged.bridge.total.as_ref()?;
    let unspecified = total.tokens.external_by_tier.get("external_unspecified").copied()?;
    let l2 = total.tokens.l2.as_ref().filter(|l2| l2.value > 0.0)?;
    let peers = judged.evidence.fact(&FactKind::Feature("p2p")).is_some()
        || judged.evidence.targets.iter().any(coverage_model::Target::is_coordinator);
    peers.then(|| Raised {
        seen: vec![
            format!("LMCache served {} tokens from L2 (its peers)", number(l2.value)),
            format!(
                "vLLM counts {} tokens as external_unspecified and none as p2p",
                number(unspecified)
            ),
        ],
        evidence: l2.sources.clone(),
    })
}
