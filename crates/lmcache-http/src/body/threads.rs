//! Threads: those that repeat their work, and stack dumps.

use evidence_redact::Redactor;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::flat::masked;
use crate::json::cut;

/// Threads that are kept of one answer.
const MOST: usize = 256;

/// Periodic threads (`/periodic-threads`, `/periodic-threads/{name}`,
/// `/periodic-threads-health`; LMCache 0.3.13 to 0.5.6).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct ThreadFacts {
    /// Threads.
    pub total: u64,
    /// Of these, threads that run.
    pub running: u64,
    /// Names of threads that ran and have stopped, or that the server calls unhealthy.
    pub unhealthy: Vec<String>,
    /// Runs that failed, over all threads.
    pub failed_runs: u64,
    /// Each thread, where the answer lists them; at most 256.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub threads: Vec<PeriodicThread>,
}

/// A thread that repeats its work.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct PeriodicThread {
    /// Name.
    pub name: String,
    /// How much depends on it: `critical`, `high`, `medium`, `low`.
    pub level: Option<String>,
    /// Seconds between runs.
    pub interval: Option<f64>,
    /// It was started and has not ended.
    pub is_running: Option<bool>,
    /// Its last run is recent enough, by the server's own measure.
    pub is_active: Option<bool>,
    /// Seconds since its last run; `None` before the first.
    pub last_run_ago: Option<f64>,
    /// Runs.
    pub total_runs: Option<u64>,
    /// Of these, runs that failed.
    pub failed_runs: Option<u64>,
}

impl PeriodicThread {
    fn of(value: &Value) -> Option<Self> {
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let flag = |key: &str| value.get(key).and_then(Value::as_bool);
        Some(Self {
            name: text("name")?,
            level: text("level"),
            interval: value.get("interval").and_then(Value::as_f64),
            is_running: flag("is_running"),
            is_active: flag("is_active"),
            last_run_ago: value.get("last_run_ago").and_then(Value::as_f64),
            total_runs: value.get("total_runs").and_then(Value::as_u64),
            failed_runs: value.get("failed_runs").and_then(Value::as_u64),
        })
    }

    /// A thread that waits for its next turn is not active, and one that never ran was not
    /// needed; one that ran and does not run any more has stopped.
    fn has_stopped(&self) -> bool {
        self.is_running == Some(false) && self.total_runs.unwrap_or(0) > 0
    }
}

/// The answers about periodic threads; `None` for any other object.
pub(super) fn periodic(map: &Map<String, Value>) -> Option<ThreadFacts> {
    if let Some(Value::Array(names)) = map.get("unhealthy_threads") {
        let name = |v: &Value| match v {
            Value::String(name) => Some(name.clone()),
            other => other.get("name").and_then(Value::as_str).map(str::to_owned),
        };
        return Some(ThreadFacts {
            unhealthy: names.iter().filter_map(name).take(MOST).collect(),
            threads: names.iter().filter_map(PeriodicThread::of).take(MOST).collect(),
            ..ThreadFacts::default()
        });
    }
    let one;
    let list = match map.get("threads").and_then(Value::as_array) {
        Some(list) => list.as_slice(),
        None if ["name", "interval", "is_running"].iter().all(|k| map.contains_key(*k)) => {
            one = [Value::Object(map.clone())];
            &one
        }
        None => return None,
    };
    let threads: Vec<PeriodicThread> = list.iter().filter_map(PeriodicThread::of).collect();
    let runs = |t: &PeriodicThread| t.failed_runs.unwrap_or(0);
    Some(ThreadFacts {
        total: list.len() as u64,
        running: threads.iter().filter(|t| t.is_running == Some(true)).count() as u64,
        unhealthy: threads
            .iter()
            .filter(|t| t.has_stopped())
            .map(|t| t.name.clone())
            .take(MOST)
            .collect(),
        failed_runs: threads.iter().map(runs).fold(0, u64::saturating_add),
        threads: threads.into_iter().take(MOST).collect(),
    })
}

/// A stack dump of a process (`/threads`, LMCache 0.3.9.post2 to 0.5.6).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Stacks {
    /// Threads that the dump holds.
    pub total: u64,
    /// The total that the dump itself states at its end; `None` where the end is missing, and
    /// with it perhaps threads.
    pub stated: Option<u64>,
    /// Each thread; at most 256.
    pub threads: Vec<Stack>,
}

/// One thread of a stack dump.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Stack {
    /// Name of the thread, masked.
    pub name: String,
    /// It does not keep the process alive.
    pub daemon: bool,
    /// Innermost frame as `file.py:LINE in function`, without directories.
    pub innermost: Option<String>,
    /// Innermost frame that is LMCache's own: what the thread was doing of its work.
    pub innermost_lmcache: Option<String>,
    /// Frames.
    pub depth: u64,
}

/// First words of a stack dump.
pub(super) const STACKS: &str = "Thread: <";

/// Reads a stack dump.
pub(super) fn stacks(text: &str, redactor: &Redactor) -> Stacks {
    let mut out = Stacks::default();
    for line in text.lines() {
        if let Some(thread) = line.strip_prefix("Thread: ") {
            out.total += 1;
            if out.threads.len() < MOST {
                out.threads.push(head(thread, redactor));
            }
        } else if let Some(total) = line.strip_prefix("Total threads: ") {
            out.stated = total.trim().parse().ok();
        } else if let Some(frame) = line.strip_prefix("  File \"")
            // Frames of threads beyond the kept ones belong to none of them.
            && out.total == out.threads.len() as u64
            && let Some(last) = out.threads.last_mut()
        {
            last.depth += 1;
            let (path, rest) = frame.split_once("\", line ").unwrap_or((frame, ""));
            let (number, function) = rest.split_once(", in ").unwrap_or((rest, ""));
            let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
            let shown = cut(&format!("{file}:{number} in {function}"), 160).to_owned();
            if path.split(['/', '\\']).any(|part| part == "lmcache") {
                last.innermost_lmcache = Some(shown.clone());
            }
            last.innermost = Some(shown);
        }
    }
    out
}

/// `<_MainThread(MainThread, started 1399)>`, `<Thread(l2-0, started daemon 17)>`.
fn head(text: &str, redactor: &Redactor) -> Stack {
    let inner = text.split_once('(').map_or(text, |(_, inner)| inner);
    let (name, state) = inner.rsplit_once(", ").unwrap_or((inner, ""));
    Stack {
        name: masked(cut(name.trim(), 120), redactor),
        daemon: state.split([' ', ')']).any(|word| word == "daemon"),
        ..Stack::default()
    }
}
