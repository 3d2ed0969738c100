//! What the cache is worth: prefill time saved, time to the first token, money.
//!
//! Every factor is shown with its source. Where one is missing there is no product.

use serde::Serialize;

use super::input::{BridgeInput, Counter, Part, RequestTimes, Side, Stat, Ttft};
use super::tokens::{Amount, counting_caches, measured, sum, value};
use super::{BridgeWindow, distinct};
use crate::evidence::Source;
use crate::vocabulary::Claim;

/// One factor.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Factor {
    /// `external_tokens`, `prefill_seconds_per_token`, `retrieve_seconds`, ...
    pub name: String,
    /// Its value; `null` where it is missing.
    pub value: Option<f64>,
    /// Unit.
    pub unit: String,
    /// How it is known.
    pub claim: Claim,
    /// How it was made, or what is missing.
    pub how: String,
    /// Where it was read.
    pub sources: Vec<Source>,
}

/// Time to the first token with and without hits.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TtftCompared {
    /// What is compared: single requests of a log, or windows of an engine's histogram.
    pub over: String,
    /// With hits.
    pub with_hits: Option<Ttft>,
    /// Without.
    pub without_hits: Option<Ttft>,
    /// What limits the comparison.
    pub note: String,
    /// Where it was read.
    pub sources: Vec<Source>,
}

/// Time to the first token at one engine over all windows: with roles of disaggregated prefill
/// beside engines without, what disaggregation changes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct EngineTtft {
    /// Role of the engine.
    pub engine: String,
    /// `prefill`, `decode`; `null` for an engine that does both, or of which nothing says.
    pub kv_role: Option<String>,
    /// Its times.
    pub ttft: Ttft,
}

/// Time to the first token of a group of requests, as a log of requests names it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct GroupTtft {
    /// Phase, label or engine.
    pub group: String,
    /// Its times.
    pub ttft: Ttft,
    /// The log.
    pub source: Source,
}

/// Requests of now beside requests of before: what disaggregation, or the cache, changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TtftBefore {
    /// Before.
    pub before: Ttft,
    /// Mean length of the prompts then, in tokens.
    pub prompt_tokens_before: Option<f64>,
    /// Now; `null` where no log of now has times.
    pub now: Option<Ttft>,
    /// Mean length of the prompts now, in tokens.
    pub prompt_tokens_now: Option<f64>,
    /// Mean of now less mean of before, in seconds.
    pub change_seconds: Option<f64>,
    /// What limits the comparison.
    pub note: String,
    /// Where it was read.
    pub sources: Vec<Source>,
}

/// Money, from what the user declared.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Money {
    /// Dollars saved an hour of this traffic.
    pub saved_usd_per_hour: Option<f64>,
    /// Dollars saved a thousand requests.
    pub saved_usd_per_1000_requests: Option<f64>,
    /// Dollars that a useful task costs, by the GPU hours of this time.
    pub usd_per_useful_task: Option<f64>,
    /// Dollars saved a useful task.
    pub saved_usd_per_useful_task: Option<f64>,
    /// What is missing for the others.
    pub missing: Vec<String>,
}

/// What the cache is worth.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Worth {
    /// Prefill seconds that external tokens stand for, before the time of their retrieve.
    pub prefill_seconds_avoided: Option<f64>,
    /// The same less the time of the retrieve: what was saved, or lost where below zero.
    pub prefill_seconds_saved: Option<f64>,
    /// The factors.
    pub factors: Vec<Factor>,
    /// Time to the first token.
    pub ttft: Vec<TtftCompared>,
    /// The same engine by engine, where there is more than one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ttft_by_engine: Vec<EngineTtft>,
    /// The same by the groups that logs of requests name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ttft_by_group: Vec<GroupTtft>,
    /// Now beside before; `null` where no log of before was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttft_before: Option<TtftBefore>,
    /// Money; `null` where no price was declared.
    pub money: Option<Money>,
    /// What to keep in mind.
    pub notes: Vec<String>,
}

/// Weighs it.
pub(super) fn of(
    input: &BridgeInput,
    windows: &[BridgeWindow],
    total: Option<&BridgeWindow>,
    used: &[usize],
) -> Worth {
    let mut out = Worth {
        ttft: ttft(input, windows),
        ttft_by_engine: by_engine(input),
        ttft_by_group: by_group(input),
        ttft_before: before(input),
        ..Worth::default()
    };
    let Some(total) = total else { return out };
    let external = external(total);
    let rate = seconds_per_token(input, windows, used);
    let retrieve = retrieve(input, value(total.tokens.external.as_ref()));
    let (e, r, t) = (external.value, rate.value, retrieve.value);
    out.prefill_seconds_avoided = e.zip(r).map(|(e, r)| e * r);
    out.prefill_seconds_saved = out.prefill_seconds_avoided.zip(t).map(|(avoided, t)| avoided - t);
    if out.prefill_seconds_avoided.is_some() {
        out.notes.push("Seconds of prefill are counted request by request: where requests are prefilled together, less of the GPU's time is saved.".into());
    }
    let seconds = Factor {
        name: "window_seconds".into(),
        value: total.seconds,
        unit: "seconds".into(),
        claim: if total.seconds.is_some() { Claim::Measured } else { Claim::NotProven },
        how: if total.seconds.is_some() {
            "between the first and the last page".into()
        } else {
            "missing: the times of the pages, or a second scrape".into()
        },
        sources: vec![],
    };
    let requests = factor(
        "requests",
        "requests",
        total.tokens.requests.as_ref(),
        "missing: the engine's count of requests",
    );
    out.factors = vec![external, rate, retrieve, seconds, requests];
    out.money = money(input, &out, total);
    out
}

fn factor(name: &str, unit: &str, amount: Option<&Amount>, missing: &str) -> Factor {
    match amount {
        Some(a) => Factor {
            name: name.into(),
            value: Some(a.value),
            unit: unit.into(),
            claim: a.claim,
            how: a.of.clone(),
            sources: a.sources.clone(),
        },
        None => Factor {
            name: name.into(),
            value: None,
            unit: unit.into(),
            claim: Claim::NotProven,
            how: missing.into(),
            sources: vec![],
        },
    }
}

fn external(total: &BridgeWindow) -> Factor {
    factor(
        "external_tokens",
        "tokens",
        total.tokens.external.as_ref(),
        "missing: an engine's page that counts external tokens",
    )
}

/// How an engine measures its prefill: the time of requests, and the tokens computed in it.
struct Measure {
    part: Part,
    time: &'static str,
    /// Label and value of the series that count.
    time_where: Option<(&'static str, &'static str)>,
    tokens: &'static str,
    /// Which number of the tokens' series.
    tokens_stat: Stat,
    tokens_where: Option<(&'static str, &'static str)>,
    says: &'static str,
}

/// vLLM measures both by request; SGLang (0.5.7 to 0.5.23, `req_time_stats.py`) a request's prefill
/// from its first forward pass to its last, and the tokens of each prefill batch.
const PREFILL: &[Measure] = &[
    Measure {
        part: Part::Vllm,
        time: "vllm.request_prefill_time_seconds",
        time_where: None,
        tokens: "vllm.request_prefill_kv_computed_tokens",
        tokens_stat: Stat::Sum,
        tokens_where: None,
        says: "vllm:request_prefill_time_seconds / vllm:request_prefill_kv_computed_tokens",
    },
    Measure {
        part: Part::Sglang,
        time: "sglang.per_stage_req_latency_seconds",
        time_where: Some(("stage", "prefill_forward")),
        tokens: "sglang.realtime_tokens",
        tokens_stat: Stat::Value,
        tokens_where: Some(("mode", "prefill_compute")),
        says: "sglang:per_stage_req_latency_seconds{stage=\"prefill_forward\"} / sglang:realtime_tokens_total{mode=\"prefill_compute\"}",
    },
];

impl Measure {
    /// Seconds, tokens and where they were read, over all engines of this sort.
    fn of(&self, input: &BridgeInput, at: usize) -> Option<(f64, f64, Vec<Source>)> {
        let keep = |c: &Counter, rule: Option<(&str, &str)>| {
            rule.is_none_or(|(label, value)| c.label(label) == value)
        };
        let mut found: Option<(f64, f64, Vec<Source>)> = None;
        for engine in input.engines().filter(|e| e.part == self.part) {
            let Some(counters) = engine.counted(at) else { continue };
            let time = sum(counters, self.time, Stat::Sum, |c| keep(c, self.time_where));
            let tokens =
                sum(counters, self.tokens, self.tokens_stat, |c| keep(c, self.tokens_where));
            if let (Some((time, a)), Some((tokens, b))) = (time, tokens) {
                let all = found.get_or_insert((0.0, 0.0, vec![]));
                all.0 += time;
                all.1 += tokens;
                all.2.extend(a.into_iter().chain(b));
            }
        }
        found
    }
}

/// Seconds of prefill a computed token, where the engines mostly computed. Only the windows of
/// the total count: a dead cache that holds up requests is no measure of computing.
fn seconds_per_token(input: &BridgeInput, windows: &[BridgeWindow], used: &[usize]) -> Factor {
    let missing = |how: &str| {
        factor("prefill_seconds_per_token", "seconds", None, &format!("missing: {how}"))
    };
    let Some(measure) = PREFILL.iter().find(|m| input.engines().any(|e| e.part == m.part)) else {
        return missing("an engine that measures the prefill time of its requests");
    };
    let mut mostly: (f64, f64, Vec<Source>) = (0.0, 0.0, vec![]);
    let mut any = mostly.clone();
    for (at, window) in windows.iter().enumerate().filter(|(at, _)| used.contains(at)) {
        let Some((time, tokens, sources)) = measure.of(input, at) else { continue };
        let add = |sum: &mut (f64, f64, Vec<Source>)| {
            sum.0 += time;
            sum.1 += tokens;
            sum.2.extend(sources.iter().cloned());
        };
        add(&mut any);
        let t = &window.tokens;
        let computed = value(t.computed.as_ref()).unwrap_or(0.0);
        let prompt = value(t.prompt.as_ref()).unwrap_or(0.0);
        if value(t.external.as_ref()) == Some(0.0) && computed * 2.0 > prompt {
            add(&mut mostly);
        }
    }
    let (sum, how) = if mostly.1 > 0.0 {
        (mostly, "windows in which the engine computed most of its prompts and loaded nothing")
    } else {
        (any, "all windows, loads among them: no window shows computing alone")
    };
    if sum.1 <= 0.0 {
        return missing("a window in which the engine computed prompts and finished them");
    }
    Factor {
        name: "prefill_seconds_per_token".into(),
        value: Some(sum.0 / sum.1),
        unit: "seconds".into(),
        claim: Claim::Measured,
        how: format!("{}: {:.3} s / {:.0} tokens over {how}", measure.says, sum.0, sum.1),
        sources: distinct(sum.2, 4),
    }
}

/// Seconds spent on retrieves.
fn retrieve(input: &BridgeInput, external: Option<f64>) -> Factor {
    let missing =
        |how: &str| factor("retrieve_seconds", "seconds", None, &format!("missing: {how}"));
    if external == Some(0.0) {
        return Factor {
            name: "retrieve_seconds".into(),
            value: Some(0.0),
            unit: "seconds".into(),
            claim: Claim::Measured,
            how: "nothing was retrieved".into(),
            sources: vec![],
        };
    }
    let caches = counting_caches(input);
    if !caches.is_empty() && caches.iter().all(|c| c.part == Part::Embedded) {
        // Over all windows; of several workers the slowest, which the request waits for.
        let mut most: Option<Amount> = None;
        for cache in caches {
            let mut own: Option<Amount> = None;
            for at in 0..cache.windows.len() {
                let Some(counters) = cache.counted(at) else { continue };
                let Some(a) = measured(counters, "embedded.time_to_retrieve", Stat::Sum) else {
                    continue;
                };
                own = Some(match own {
                    Some(b) => Amount::new(
                        a.value + b.value,
                        a.claim,
                        a.of,
                        [b.sources, a.sources].concat(),
                    ),
                    None => a,
                });
            }
            if own.as_ref().is_some_and(|o| most.as_ref().is_none_or(|m| o.value > m.value)) {
                most = own;
            }
        }
        if let Some(amount) = most {
            return factor("retrieve_seconds", "seconds", Some(&amount), "");
        }
    }
    let timed: Vec<_> = input
        .retrieved
        .iter()
        .filter_map(|r| Some((r.tokens.filter(|t| *t > 0.0)?, r.seconds?, r)))
        .collect();
    let (tokens, seconds) =
        timed.iter().fold((0.0, 0.0), |(a, b), (tokens, seconds, _)| (a + tokens, b + seconds));
    if let (Some(external), true) = (external, tokens > 0.0) {
        let claim = timed.iter().map(|(_, _, r)| r.claim).max().unwrap_or(Claim::Inferred);
        return Factor {
            name: "retrieve_seconds".into(),
            value: Some(seconds / tokens * external),
            unit: "seconds".into(),
            claim,
            how: format!(
                "{seconds:.3} s for {tokens:.0} tokens retrieved, taken to {external:.0} external tokens"
            ),
            sources: distinct(timed.iter().map(|(_, _, r)| r.source.clone()), 4),
        };
    }
    missing(
        "the time of retrieves (embedded: lmcache:time_to_retrieve; a server: its log's Retrieved lines or its spans)",
    )
}

fn mean(sum: f64, count: f64) -> Option<Ttft> {
    if count <= 0.0 {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count, above zero"
    )]
    let requests = count as u64;
    Some(Ttft { requests, mean: sum / count, p50: None })
}

fn ttft(input: &BridgeInput, windows: &[BridgeWindow]) -> Vec<TtftCompared> {
    let mut out: Vec<TtftCompared> = input
        .request_times
        .iter()
        .filter(|log| log.hit.is_some() || log.miss.is_some())
        .map(|log| TtftCompared {
            over: format!("{} requests of a log", log.requests),
            with_hits: log.hit,
            without_hits: log.miss,
            note: "hits of any cache, the engine's own among them".into(),
            sources: vec![log.source.clone()],
        })
        .collect();
    let (mut with, mut without) = ((0.0, 0.0), (0.0, 0.0));
    let mut sources = Vec::new();
    for (at, window) in windows.iter().enumerate() {
        let t = &window.tokens;
        let external = value(t.external.as_ref());
        let local = value(t.engine_local.as_ref());
        let into = match (external, local) {
            (Some(e), _) if e > 0.0 => &mut with,
            (Some(_), Some(0.0)) => &mut without,
            _ => continue,
        };
        for counters in input.engines().filter_map(|e| e.counted(at)) {
            for signal in TTFT {
                let (Some(sum), Some(count)) = (
                    measured(counters, signal, Stat::Sum),
                    measured(counters, signal, Stat::Count),
                ) else {
                    continue;
                };
                into.0 += sum.value;
                into.1 += count.value;
                sources.extend(sum.sources);
            }
        }
    }
    let (with_hits, without_hits) = (mean(with.0, with.1), mean(without.0, without.1));
    if with_hits.is_some() && without_hits.is_some() {
        out.push(TtftCompared {
            over: "windows with external hits beside windows without any hit".into(),
            with_hits,
            without_hits,
            note: "means of whole windows: other prompts and other load may stand behind the difference".into(),
            sources: distinct(sources, 4),
        });
    }
    out
}

const TTFT: [&str; 2] = ["vllm.time_to_first_token_seconds", "sglang.time_to_first_token_seconds"];

fn by_engine(input: &BridgeInput) -> Vec<EngineTtft> {
    if input.engines().count() < 2 {
        return vec![];
    }
    let one = |engine: &Side| {
        let (mut sum, mut count) = (0.0, 0.0);
        for counters in (0..engine.windows.len()).filter_map(|at| engine.counted(at)) {
            for signal in TTFT {
                let of = |stat| measured(counters, signal, stat).map_or(0.0, |a| a.value);
                sum += of(Stat::Sum);
                count += of(Stat::Count);
            }
        }
        Some(EngineTtft {
            engine: engine.role.clone(),
            kv_role: engine.kv_role.as_ref().map(|r| r.value.clone()),
            ttft: mean(sum, count)?,
        })
    };
    input.engines().filter_map(one).collect()
}

fn by_group(input: &BridgeInput) -> Vec<GroupTtft> {
    input
        .request_times
        .iter()
        .flat_map(|log| log.groups.iter().map(move |group| (log, group)))
        .map(|(log, (group, ttft))| GroupTtft {
            group: group.clone(),
            ttft: *ttft,
            source: log.source.clone(),
        })
        .collect()
}

/// Several logs as one; a median of medians is none.
fn joined(logs: &[RequestTimes]) -> (Option<Ttft>, Option<f64>) {
    let all: Vec<Ttft> = logs.iter().filter_map(|l| l.all).collect();
    let times = match all.as_slice() {
        [] => None,
        [one] => Some(*one),
        more => {
            let requests = more.iter().map(|t| t.requests).sum::<u64>();
            let sum: f64 = more.iter().map(|t| t.mean * t.requests as f64).sum();
            mean(sum, requests as f64)
        }
    };
    let lengths: Vec<(f64, f64)> =
        logs.iter().filter_map(|l| Some((l.prompt_tokens?, l.requests as f64))).collect();
    let of = lengths.iter().map(|(_, n)| n).sum::<f64>();
    let sum: f64 = lengths.iter().map(|(tokens, n)| tokens * n).sum();
    (times, (of > 0.0).then(|| sum / of))
}

fn before(input: &BridgeInput) -> Option<TtftBefore> {
    let (before, prompt_tokens_before) = joined(&input.before);
    let before = before?;
    let (now, prompt_tokens_now) = joined(&input.request_times);
    let note = if now.is_some() {
        "other prompts and other load may stand behind the difference"
    } else {
        "no log of requests of now was given"
    };
    let logs = input.before.iter().chain(&input.request_times);
    Some(TtftBefore {
        before,
        prompt_tokens_before,
        now,
        prompt_tokens_now,
        change_seconds: now.map(|now| now.mean - before.mean),
        note: note.into(),
        sources: distinct(logs.map(|l| l.source.clone()), 4),
    })
}

fn money(input: &BridgeInput, worth: &Worth, total: &BridgeWindow) -> Option<Money> {
    let declared = input.declared;
    if declared.gpu_hour_usd.is_none() && declared.gpus.is_none() && declared.useful_tasks.is_none()
    {
        return None;
    }
    let mut missing = Vec::new();
    let mut need = |value: Option<f64>, what: &str| {
        if value.is_none() {
            missing.push(what.to_owned());
        }
        value
    };
    let hour = need(declared.gpu_hour_usd, "--gpu-hour-usd");
    let gpus = need(declared.gpus, "--gpus");
    let saved = need(worth.prefill_seconds_saved, "the prefill seconds saved (see the factors)");
    let seconds = need(total.seconds, "the length of the window").filter(|s| *s > 0.0);
    let requests =
        need(value(total.tokens.requests.as_ref()), "a count of requests").filter(|n| *n > 0.0);
    let tasks = declared.useful_tasks.filter(|n| *n > 0.0);
    if tasks.is_none() {
        missing.push("--useful-tasks".to_owned());
    }
    let price = hour.zip(gpus).map(|(hour, gpus)| hour * gpus / 3600.0);
    let saved_usd = saved.zip(price).map(|(saved, price)| saved * price);
    Some(Money {
        saved_usd_per_hour: saved_usd.zip(seconds).map(|(usd, s)| usd / s * 3600.0),
        saved_usd_per_1000_requests: saved_usd.zip(requests).map(|(usd, n)| usd / n * 1000.0),
        usd_per_useful_task: price
            .zip(seconds)
            .zip(tasks)
            .map(|((price, seconds), tasks)| price * seconds / tasks),
        saved_usd_per_useful_task: saved_usd.zip(tasks).map(|(usd, tasks)| usd / tasks),
        missing,
    })
}
