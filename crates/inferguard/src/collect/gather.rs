//! Asks endpoints, all at once, each with its own deadline.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::fetch::{Address, Answer, Client};

/// Why a task has neither an answer nor an error.
pub(crate) const UNASKED: &str = "it was not asked: the run was stopped";

/// What the framework under LMCache's servers answers where it has no such route.
const NO_SUCH_ROUTE: &str = r#"{"detail":"Not Found"}"#;

/// One thing to fetch.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    /// Name in the manifest: `lmcache_metrics`, `lmcache_health`, ...
    pub(crate) name: String,
    /// Role that the user gave its server.
    pub(crate) role: Option<String>,
    /// File that the answer is written to, relative to the packet.
    pub(crate) file: String,
    /// Addresses, tried in order until one is not 404.
    pub(crate) addresses: Vec<Address>,
    /// Whether a missing route is normal (a probe) and not an error.
    pub(crate) probe: bool,
}

/// One exchange.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attempt {
    /// URL without credentials.
    pub url: String,
    /// Status of HTTP; `null` where there was no answer.
    pub http_status: Option<u16>,
    /// Why there was no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Short stable word for the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// The body, where it is the framework's own "no such route": a fact about the release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// What became of a task.
#[derive(Debug, Clone)]
pub(crate) struct Fetched {
    pub(crate) task: Task,
    pub(crate) attempts: Vec<Attempt>,
    /// The last answer, whatever its status.
    pub(crate) answer: Option<Answer>,
}

impl Fetched {
    /// The last attempt.
    pub(crate) fn last(&self) -> Option<&Attempt> {
        self.attempts.last()
    }
}

/// Runs all tasks at the same time. A stop is heard between the attempts of a task.
pub(crate) fn run(client: &Client, tasks: Vec<Task>, cancel: &AtomicBool) -> Vec<Fetched> {
    std::thread::scope(|scope| {
        let handles: Vec<_> = tasks
            .into_iter()
            .map(|task| {
                let kept = task.clone();
                (kept, scope.spawn(move || one(client, task, cancel)))
            })
            .collect();
        handles
            .into_iter()
            .map(|(task, handle)| {
                // A panic of a fetch would be a bug; the packet is written all the same.
                handle.join().unwrap_or(Fetched { task, attempts: vec![], answer: None })
            })
            .collect()
    })
}

/// Runs one task.
pub(super) fn one(client: &Client, task: Task, cancel: &AtomicBool) -> Fetched {
    let mut attempts = Vec::new();
    let mut answer = None;
    for address in &task.addresses {
        if cancel.load(Ordering::Relaxed) {
            break;
        }
        let started = Instant::now();
        let result = client.get(address);
        let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut attempt = Attempt {
            url: address.shown(),
            http_status: None,
            error: None,
            error_code: None,
            took_ms,
            body: None,
        };
        match result {
            Ok(got) => {
                attempt.http_status = Some(got.status);
                let gone = matches!(got.status, 404 | 405 | 410);
                let absent = gone && got.body.trim_ascii() == NO_SUCH_ROUTE.as_bytes();
                attempt.body = absent.then(|| NO_SUCH_ROUTE.to_owned());
                attempts.push(attempt);
                answer = Some(got);
                if !gone {
                    break;
                }
            }
            Err(error) => {
                attempt.error = Some(error.to_string());
                attempt.error_code = Some(error.code().to_owned());
                attempts.push(attempt);
                // The same server would fail in the same way.
                answer = None;
                break;
            }
        }
    }
    Fetched { task, attempts, answer }
}

/// Waits until `at`, in small steps, so that a stop is heard. False when stopped.
pub(crate) fn wait_until(at: Instant, cancel: &AtomicBool) -> bool {
    loop {
        if cancel.load(Ordering::Relaxed) {
            return false;
        }
        let left = at.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        std::thread::sleep(left.min(Duration::from_millis(50)));
    }
}
