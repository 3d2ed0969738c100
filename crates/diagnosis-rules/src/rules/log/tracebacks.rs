//! Tracebacks in the log of a process. What they mean is for other rules.

use lmcache_logs::{LogEvidence, Traceback};

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_log_tracebacks",
    aliases: &[],
    title: "The logs hold tracebacks: something failed that no counter need show",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::Log],
    thresholds: &[],
    releases: "",
    explanation: "A traceback is a failure that the program did not expect. Many of them raise no \
        counter: stores to L2, retrieves, commits.",
    confirm: "Read the log at the lines named; the innermost frame says which part failed.",
    action: "Read the log at the lines named; the innermost frame says which part failed.",
    false_positives: "A program may log a traceback and go on with what it handled well. What a process raises \
        after it was asked to stop is not counted.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "A part of the server raised",
        files: &[File::text(
            "server.log",
            "[2026-03-01 10:00:00,000] LMCache ERROR: Unexpected error (a.py:1:lmcache.v1.a)\n\
         Traceback (most recent call last):\n\
         \x20 File \"/opt/app/lmcache/v1/a.py\", line 10, in run\n\
         \x20   step()\n\
         KeyError: 'a'\n",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "The same, after the server was asked to stop",
        files: &[File::text(
            "server.log",
            "[2026-03-01 10:00:00,000] LMCache INFO: Shutting down LMCache HTTP server... (a.py:1:lmcache.v1.a)\n\
         [2026-03-01 10:00:00,000] LMCache ERROR: Unexpected error (a.py:1:lmcache.v1.a)\n\
         Traceback (most recent call last):\n\
         \x20 File \"/opt/app/lmcache/v1/a.py\", line 10, in run\n\
         \x20   step()\n\
         KeyError: 'a'\n",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let sources: Vec<Source> = cx
        .view
        .logs
        .iter()
        .flat_map(|log| {
            let end = stopped(log.evidence).unwrap_or(u64::MAX);
            let meant = move |t: &&Traceback| t.first_line < end && !peer_is_gone(&t.last_line);
            log.evidence.tracebacks.iter().filter(meant).take(3).map(|t| Source {
                artifact: log.path.to_owned(),
                line: Some(t.first_line),
                what: t.last_line.clone(),
                value: Some(format!("{} times", t.count)),
            })
        })
        .collect();
    if sources.is_empty() {
        return Outcome::Clear;
    }
    Outcome::from_signs(vec![Sign::inferred(1.0, "tracebacks stand in the log", sources)], 0.0)
}

/// Line at which a process was asked to stop, where none starts after it.
fn stopped(log: &LogEvidence) -> Option<u64> {
    const ASKED: &[&str] = &["mp.shutdown", "vllm.stop_asked"];
    const STARTED: &[&str] = &["mp.listening", "uvicorn.started"];
    let of = |ids: &'static [&str]| ids.iter().filter_map(|id| log.events.get(*id));
    let asked = of(ASKED).map(|stat| stat.first_line).min()?;
    let started = of(STARTED).map(|stat| stat.last_line).max();
    (started < Some(asked)).then_some(asked)
}

/// What a program raises when the other side of a connection ended: at a shutdown all do.
fn peer_is_gone(last_line: &str) -> bool {
    const GONE: &[&str] = &[
        "ConnectionRefusedError",
        "ConnectionResetError",
        "BrokenPipeError",
        "urllib3.exceptions.NewConnectionError",
        "urllib3.exceptions.MaxRetryError",
        "requests.exceptions.ConnectionError",
        "KeyboardInterrupt",
        "asyncio.exceptions.CancelledError",
    ];
    GONE.iter().any(|name| last_line.starts_with(name))
}
