//! A job directory: which files it has, and what was read of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lmcache_launch::environment::request_field;
use serde_json::Value;

use super::documents::{self, ParseError};

/// Most requests that are held, and most samples of one field.
const MOST_REQUESTS: usize = 500_000;
const MOST_SAMPLES: usize = 100_000;

/// Files by their roles, with the paths where they may lie, the first that is there wins.
/// The first five are what a bottleneck is told from.
const FILES: &[(&str, &[&str])] = &[
    (
        "requests_profile.jsonl",
        &["request_profile/requests_profile.jsonl", "requests_profile.jsonl"],
    ),
    ("requests_summary.json", &["request_profile/requests_summary.json", "requests_summary.json"]),
    (
        "engine_metrics_timeline.jsonl",
        &["metrics/engine_metrics_timeline.jsonl", "engine_metrics_timeline.jsonl"],
    ),
    (
        "gpu_metrics_timeline.jsonl",
        &["metrics/gpu_metrics_timeline.jsonl", "gpu_metrics_timeline.jsonl"],
    ),
    ("metrics_summary.json", &["metrics/metrics_summary.json", "metrics_summary.json"]),
    (
        "lmcache_compat_report.json",
        &["metrics/lmcache_compat_report.json", "lmcache_compat_report.json"],
    ),
    ("healthcheck.json", &["launch/healthcheck.json"]),
    ("command.json", &["launch/command.json"]),
    ("operator_profile.json", &["operator_profile.json", "manifests/operator_profile.json"]),
    (
        "nccl summary",
        &[
            "nccl/summary.json",
            "nccl_summary.json",
            "preflight/nccl_summary.json",
            "preflight/nccl.json",
        ],
    ),
    (
        "nccl text",
        &[
            "preflight/nccl_all_reduce.txt",
            "preflight/all_reduce_perf.txt",
            "nccl/all_reduce_perf.txt",
        ],
    ),
    ("cpu summary", &["cpu_trace/summary.json", "metrics/cpu_summary.json", "cpu_trace.json"]),
];

/// How many of [`FILES`] a bottleneck is told from.
const REQUIRED: usize = 5;

/// What only a job directory has; without any of it the directory is a packet.
const JOB_ONLY: &[&str] = &[
    "request_profile",
    "metrics/engine_metrics_timeline.jsonl",
    "metrics/gpu_metrics_timeline.jsonl",
    "metrics/metrics_summary.json",
    "launch",
    "operator_profile.json",
    "manifests/operator_profile.json",
];

/// A JSON document and where it lies.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Document {
    /// Path as the user named it.
    pub(crate) path: String,
    /// What it says.
    pub(crate) value: Value,
}

/// One request of the client's profile; times in seconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Request {
    /// Its id, where it has one.
    pub(crate) id: Option<String>,
    /// Time to the first token.
    pub(crate) ttft: Option<f64>,
    /// Duration.
    pub(crate) e2e: Option<f64>,
    /// Time per output token.
    pub(crate) tpot: Option<f64>,
}

/// Everything that was read of a job directory.
#[derive(Debug, Default)]
pub(crate) struct Job {
    /// The directory as the user named it.
    pub(crate) dir: PathBuf,
    /// Whether it has the layout of a job, or is a packet of evidence.
    pub(crate) has_layout: bool,
    /// Requests in order, and the file that they are of.
    pub(crate) requests: Vec<Request>,
    /// Where the requests lie.
    pub(crate) requests_path: Option<String>,
    /// `requests_summary.json`.
    pub(crate) requests_summary: Option<Document>,
    /// Fields of the timelines, `group.field` and `gpu.RAW_NAME`, sample by sample.
    pub(crate) series: BTreeMap<String, Vec<f64>>,
    /// Where the timelines lie: the engine's, the GPUs'.
    pub(crate) timeline_paths: [Option<String>; 2],
    /// `metrics_summary.json`.
    pub(crate) summary: Option<Document>,
    /// Compatibility report that another run made.
    pub(crate) compat: Option<Document>,
    /// `launch/healthcheck.json`.
    pub(crate) healthcheck: Option<Document>,
    /// `launch/command.json`.
    pub(crate) command: Option<Document>,
    /// The operator's profile of the deployment.
    pub(crate) operator: Option<Document>,
    /// The validation of the whole run.
    pub(crate) validation: Option<Document>,
    /// NCCL's figures as JSON.
    pub(crate) nccl: Option<Document>,
    /// Output of `all_reduce_perf`.
    pub(crate) nccl_text: Option<(String, String)>,
    /// CPU figures.
    pub(crate) cpu: Option<Document>,
    /// Required files that are not there or say nothing.
    pub(crate) missing: Vec<String>,
    /// What could not be read.
    pub(crate) parse_errors: Vec<ParseError>,
    /// Files that were read, in the order of the table.
    pub(crate) evidence_paths: Vec<String>,
    /// Engine that the timeline's rows name.
    pub(crate) engine: Option<String>,
}

impl Job {
    /// Reads a directory. `validation` is the validation report that the user named.
    pub(crate) fn read(dir: &Path, validation: Option<&Path>) -> Self {
        let mut job = Self { dir: dir.to_owned(), ..Self::default() };
        job.has_layout = JOB_ONLY.iter().any(|path| dir.join(path).exists());
        for (index, (role, paths)) in FILES.iter().enumerate() {
            let found = paths.iter().map(|p| dir.join(p)).find(|p| p.is_file());
            let read = found.as_deref().is_some_and(|path| job.file(role, path));
            if index < REQUIRED && !read {
                let shown = paths.first().copied().unwrap_or(role);
                job.missing.push(shown.to_owned());
            }
        }
        let validation = validation.map(Path::to_owned).or_else(|| {
            let root = results_root(dir)?;
            Some(root.join("validation_report.json")).filter(|p| p.is_file())
        });
        if let Some(path) = validation {
            job.validation = job.document(&path);
        }
        job
    }

    /// Adds the request log of a packet, where the job has no profile.
    pub(crate) fn add_requests(&mut self, path: &Path) {
        if !self.requests.is_empty() && self.requests_path.is_none() {
            return;
        }
        self.request_rows(path);
    }

    fn document(&mut self, path: &Path) -> Option<Document> {
        match documents::json(path) {
            Ok(value) if value.is_object() || value.is_array() => {
                let path = path.display().to_string();
                self.evidence_paths.push(path.clone());
                Some(Document { path, value })
            }
            Ok(_) => {
                self.parse_errors.push(ParseError {
                    path: path.display().to_string(),
                    line: None,
                    column: None,
                    message: "it is no JSON object".into(),
                });
                None
            }
            Err(error) => {
                self.parse_errors.push(error);
                None
            }
        }
    }

    /// Reads one file; says whether it can be used.
    fn file(&mut self, role: &str, path: &Path) -> bool {
        let slot = match role {
            "requests_profile.jsonl" => return self.request_rows(path),
            "engine_metrics_timeline.jsonl" => return self.timeline(path, false),
            "gpu_metrics_timeline.jsonl" => return self.timeline(path, true),
            "nccl text" => {
                match documents::text(path) {
                    Ok(text) => {
                        let path = path.display().to_string();
                        self.evidence_paths.push(path.clone());
                        self.nccl_text = Some((path, text));
                    }
                    Err(error) => self.parse_errors.push(error),
                }
                return self.nccl_text.is_some();
            }
            _ => self.document(path),
        };
        let read = slot.is_some();
        match role {
            "requests_summary.json" => self.requests_summary = slot,
            "metrics_summary.json" => self.summary = slot,
            "lmcache_compat_report.json" => self.compat = slot,
            "healthcheck.json" => self.healthcheck = slot,
            "command.json" => self.command = slot,
            "operator_profile.json" => self.operator = slot,
            "nccl summary" => self.nccl = slot,
            "cpu summary" => self.cpu = slot,
            _ => return false,
        }
        read
    }

    fn request_rows(&mut self, path: &Path) -> bool {
        let requests = &mut self.requests;
        let read = documents::json_lines(path, &mut self.parse_errors, |row| {
            if requests.len() < MOST_REQUESTS {
                requests.push(request(row));
            }
        });
        let usable = read.good > 0 && read.usable();
        if read.good > 0 {
            let path = path.display().to_string();
            self.requests_path.get_or_insert_with(|| path.clone());
            self.evidence_paths.push(path);
        }
        usable
    }

    fn timeline(&mut self, path: &Path, gpu: bool) -> bool {
        let (series, engine) = (&mut self.series, &mut self.engine);
        let mut put = |name: String, value: f64| {
            let samples = series.entry(name).or_default();
            if samples.len() < MOST_SAMPLES && value.is_finite() {
                samples.push(value);
            }
        };
        let read = documents::json_lines(path, &mut self.parse_errors, |row| {
            if gpu {
                for (name, value) in numbers(row, "metrics") {
                    put(format!("gpu.{name}"), value);
                }
                return;
            }
            if engine.is_none() {
                *engine = row.get("engine").and_then(Value::as_str).map(str::to_owned);
            }
            let Some(group) = row.get("group").and_then(Value::as_str) else { return };
            for (name, value) in numbers(row, "normalized") {
                put(format!("{group}.{name}"), value);
            }
            let field = |name: &str| row.get("normalized")?.get(name)?.as_f64();
            if let (Some(waiting), Some(running)) =
                (field("requests_waiting"), field("requests_running"))
            {
                put(format!("{group}.waiting_running_ratio"), waiting / running.max(1.0));
            }
        });
        let path = path.display().to_string();
        self.evidence_paths.push(path.clone());
        if let Some(slot) = self.timeline_paths.get_mut(usize::from(gpu)) {
            *slot = Some(path);
        }
        // Without an exporter the GPU timeline is there and empty.
        read.usable() && (gpu || read.good > 0)
    }

    /// The id of the job: what its files say, else the name of its directory.
    pub(crate) fn id(&self) -> String {
        let named = [
            self.operator.as_ref().and_then(|d| d.value.get("job_id")),
            self.summary.as_ref().and_then(|d| d.value.get("labels")?.get("job_id")),
            self.requests_summary.as_ref().and_then(|d| d.value.get("job_id")),
        ];
        named
            .into_iter()
            .flatten()
            .find_map(Value::as_str)
            .map(str::to_owned)
            .or_else(|| self.dir.file_name().map(|n| n.to_string_lossy().into_owned()))
            .unwrap_or_else(|| "job".into())
    }
}

/// The directory of all results: the parent of the nearest `jobs/` above.
fn results_root(dir: &Path) -> Option<PathBuf> {
    let dir = std::path::absolute(dir).ok()?;
    dir.ancestors()
        .skip(1)
        .find(|a| a.file_name().is_some_and(|n| n == "jobs"))
        .and_then(Path::parent)
        .map(Path::to_owned)
}

fn numbers<'a>(row: &'a Value, key: &str) -> impl Iterator<Item = (&'a str, f64)> {
    row.get(key)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.as_str(), value.as_f64()?)))
}

fn request(row: &Value) -> Request {
    let mut out = Request::default();
    let mut output_tokens = None;
    fields(row, "", 0, &mut |name, factor, value| {
        let number = value
            .as_f64()
            .or_else(|| value.as_str()?.trim().parse().ok())
            .map(|n| n * factor)
            .filter(|n: &f64| n.is_finite() && *n >= 0.0);
        match name {
            "id" if out.id.is_none() => {
                out.id = match value {
                    Value::String(text) => Some(text.clone()),
                    Value::Number(n) => Some(n.to_string()),
                    _ => None,
                };
            }
            "ttft" => out.ttft = out.ttft.or(number),
            "e2e" => out.e2e = out.e2e.or(number),
            "tpot" => out.tpot = out.tpot.or(number),
            "output_tokens" => output_tokens = output_tokens.or(number),
            _ => {}
        }
    });
    if out.tpot.is_none()
        && let (Some(ttft), Some(e2e), Some(tokens)) = (out.ttft, out.e2e, output_tokens)
        && tokens >= 2.0
        && e2e >= ttft
    {
        out.tpot = Some((e2e - ttft) / (tokens - 1.0));
    }
    out
}

/// Fields of a record whose names mean something, nested ones by their path with dots.
fn fields(
    row: &Value,
    prefix: &str,
    depth: usize,
    each: &mut impl FnMut(&'static str, f64, &Value),
) {
    for (key, value) in row.as_object().into_iter().flatten() {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        if value.is_object() && depth < 4 {
            fields(value, &path, depth + 1, each);
        } else if key == "id" && prefix.is_empty() {
            each("id", 1.0, value);
        } else if let Some((name, factor)) = request_field(&path).or_else(|| request_field(key)) {
            each(name, factor, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str) -> Request {
        request(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn fields_of_requests_in_their_spellings() {
        let want =
            Request { id: Some("a".into()), ttft: Some(0.5), e2e: Some(1.0), tpot: Some(0.05) };
        for text in [
            r#"{"request_id": "a", "ttft_ms": 500, "e2e_ms": 1000, "tpot_ms": 50}"#,
            r#"{"id": "a", "ttft_s": 0.5, "e2e_latency_s": 1.0, "output_tokens": 11}"#,
            r#"{"rid": "a", "timing": {"ttft_ms": 500, "e2e_latency_ms": 1000, "itl_ms": 50}}"#,
        ] {
            assert_eq!(row(text), want, "{text}");
        }
    }

    #[test]
    fn the_root_of_results_is_above_jobs() {
        let root = results_root(Path::new("/x/run/jobs/a/b")).unwrap();
        assert_eq!(root, Path::new("/x/run"));
        assert_eq!(results_root(Path::new("/x/run/a")), None);
    }
}
