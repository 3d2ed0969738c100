//! `collect-metrics`: a metrics page over time, as a packet with its numbers told.

use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lmcache_prom::Scrape;
use lmcache_prom::contract::Catalog;

use super::draft::{Draft, entry};
use super::finish::{manifest, without};
use super::gather::{Fetched, Task};
use super::lmcache::keep_answer;
use super::manifest::PacketManifest;
use super::place::Place;
use super::redact::Cleaner;
use super::schedule::{self, Endpoint, Schedule, Tick};
use super::timeline::{self, Sample};
use super::{CollectError, Ended};
use crate::fetch::{Address, Client, Credentials, FetchLimits};
use crate::metrics::{FailedSample, MetricsSummary, PartialResults, SourceSummary};
use crate::packet::{Input, Limits, open};
use crate::report::{Options, TargetRow, compat};

/// What is to be collected.
#[derive(Debug, Clone)]
pub struct MetricsRequest {
    /// Destination.
    pub output_dir: std::path::PathBuf,
    /// Replace an earlier packet.
    pub force: bool,
    /// Engine behind the endpoint: `lmcache`, `vllm`, `sglang`, `dynamo-sglang`.
    pub engine: String,
    /// Its metrics page.
    pub endpoint: String,
    /// LMCache's own page, where it has one beside the engine's.
    pub lmcache: Option<String>,
    /// A GPU exporter's page.
    pub dcgm: Option<String>,
    /// Samples.
    pub samples: u32,
    /// Time between two of them.
    pub interval: Duration,
    /// Time between two scrapes of the GPU exporter, rounded up to whole samples.
    pub dcgm_interval: Duration,
    /// Labels of the run, written into every row.
    pub labels: BTreeMap<String, String>,
    /// Write the answers as rows, too.
    pub keep_raw: bool,
    /// Bounds of one exchange.
    pub limits: FetchLimits,
    /// What is sent along.
    pub credentials: Credentials,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MetricsProgress {
    /// Samples of the engine that are done, one way or the other.
    pub done: u32,
    /// Samples of all endpoints that did not come.
    pub failed: u32,
    /// Samples of the engine that are planned.
    pub planned: u32,
}

/// What was collected.
#[derive(Debug)]
pub struct CollectedMetrics {
    /// The manifest, as written.
    pub manifest: PacketManifest,
    /// The summary, as written.
    pub summary: MetricsSummary,
}

/// The endpoints by name; the first is the engine's.
pub(super) const SOURCES: [&str; 3] = ["engine", "lmcache", "dcgm"];

/// Directory of the scrapes in the packet.
const SCRAPES: &str = "scrapes";

/// Collects samples into a packet. `cancel` ends it early with what is there; `progress` is told
/// every sample, and now and then in between.
pub fn collect_metrics(
    request: &MetricsRequest,
    cancel: &AtomicBool,
    mut progress: impl FnMut(MetricsProgress),
) -> Result<CollectedMetrics, CollectError> {
    let client = Client::new(request.limits, &request.credentials)?;
    let endpoints = endpoints(request)?;
    let schedule = Schedule { samples: request.samples.max(1), interval: request.interval };
    let place = Place::prepare(&request.output_dir, request.force)?;
    let write = |e: io::Error| CollectError::Write(request.output_dir.display().to_string(), e);
    let mut run = Run {
        draft: Draft { place, cleaner: Cleaner::new(false).map_err(write)?, entries: vec![] },
        endpoints,
        schedule,
        start: now(),
        samples: vec![],
        progress: MetricsProgress { done: 0, failed: 0, planned: schedule.samples },
    };
    let only: Vec<Endpoint> = run.endpoints.iter().map(|(_, e)| e.clone()).collect();
    let told = std::cell::Cell::new(run.progress);
    let progress = std::cell::RefCell::new(&mut progress);
    schedule::run(
        &client,
        &only,
        schedule,
        cancel,
        |tick| {
            run.keep(tick)?;
            told.set(run.progress);
            (progress.borrow_mut())(run.progress);
            Ok(())
        },
        || (progress.borrow_mut())(told.get()),
    )
    .map_err(write)?;
    run.draft.settle().map_err(write)?;
    let partial = cancel.load(Ordering::Relaxed);
    finish(run, request, partial).map_err(|e| match e {
        Ended::Write(e) => write(e),
        Ended::Place(e) => CollectError::Place(e),
    })
}

/// The endpoints that the user named, each by its place in [`SOURCES`].
fn endpoints(request: &MetricsRequest) -> Result<Vec<(usize, Endpoint)>, CollectError> {
    let lmcache_alone = request.engine == "lmcache" && request.lmcache.is_none();
    let gpu = request.dcgm_interval.as_secs_f64() / request.interval.as_secs_f64();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    let every = (gpu - 1e-9).ceil().max(1.0) as u32;
    let named = [
        (Some(&request.endpoint), if lmcache_alone { "lmcache" } else { "engine" }, 1),
        (request.lmcache.as_ref(), "lmcache", 1),
        (request.dcgm.as_ref(), "dcgm", every),
    ];
    let mut out = Vec::new();
    for (source, (url, stem, every)) in named.into_iter().enumerate() {
        let Some(url) = url else { continue };
        let address = Address::parse(url).map_err(crate::fetch::FetchError::from)?;
        let task = Task {
            name: format!("{stem}_metrics"),
            role: None,
            file: format!("{SCRAPES}/{stem}"),
            addresses: vec![address.or_path("/metrics")],
            probe: false,
        };
        out.push((source, Endpoint { task, every }));
    }
    Ok(out)
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64())
}

/// A run while samples come in.
struct Run {
    draft: Draft,
    endpoints: Vec<(usize, Endpoint)>,
    schedule: Schedule,
    start: f64,
    samples: Vec<Sample>,
    progress: MetricsProgress,
}

impl Run {
    /// Writes a sample, or why there is none.
    fn keep(&mut self, tick: Tick) -> io::Result<()> {
        let Some((source, endpoint)) = self.endpoints.get(tick.endpoint) else { return Ok(()) };
        let digits = self.schedule.samples.to_string().len().max(4);
        let file = format!("{}-{:0digits$}.prom", endpoint.task.file, tick.sequence);
        let due = self.start + self.schedule.due(tick.sequence).as_secs_f64();
        let mut sample = Sample {
            source: *source,
            sequence: tick.sequence,
            at: None,
            due,
            file: None,
            url: String::new(),
            http_status: None,
            error: String::new(),
            message: String::new(),
        };
        match tick.fetched {
            Some(fetched) => keep_page(&mut self.draft, fetched, file)?,
            None => self.draft.entries.push(missed(&self.draft.cleaner, endpoint)),
        }
        if let Some(entry) = self.draft.entries.last() {
            sample.at = entry.captured_at;
            sample.url.clone_from(&entry.source);
            sample.http_status = entry.http_status;
            if entry.status == "ok" {
                sample.file.clone_from(&entry.file);
            } else {
                sample.error = entry.error_code.clone().unwrap_or_default();
                sample.message = entry.error.clone().unwrap_or_default();
            }
        }
        self.progress.done += u32::from(*source == 0);
        self.progress.failed += u32::from(sample.file.is_none());
        self.samples.push(sample);
        Ok(())
    }

    /// What became of each endpoint's samples.
    fn sources(&self) -> Vec<SourceSummary> {
        self.endpoints
            .iter()
            .map(|(source, endpoint)| {
                let own = || self.samples.iter().filter(|s| s.source == *source);
                let mut failed: Vec<FailedSample> = own()
                    .filter(|s| s.file.is_none())
                    .map(|s| FailedSample {
                        sequence: s.sequence,
                        scrape_error: s.error.clone(),
                        message: s.message.clone(),
                    })
                    .collect();
                failed.sort_by_key(|f| f.sequence);
                let came = own().filter(|s| s.file.is_some()).count();
                SourceSummary {
                    source: SOURCES.get(*source).copied().unwrap_or_default().to_owned(),
                    url: self.draft.cleaner.text(&shown(endpoint)),
                    planned_samples: self.schedule.samples.div_ceil(endpoint.every.max(1)),
                    sample_count: u32::try_from(came).unwrap_or(u32::MAX),
                    failed_samples: failed,
                }
            })
            .collect()
    }
}

fn shown(endpoint: &Endpoint) -> String {
    endpoint.task.addresses.first().map(Address::shown).unwrap_or_default()
}

fn missed(cleaner: &Cleaner, endpoint: &Endpoint) -> super::Entry {
    let mut made = entry(&endpoint.task.name, None, cleaner.text(&shown(endpoint)));
    made.status = "not_fetched".into();
    made.error_code = Some("missed_slot".into());
    made.error = Some("its time passed while the answer before it was still awaited".into());
    made
}

/// Writes an answer. Only a whole page with samples is one; anything else is told, and kept under
/// another name.
fn keep_page(draft: &mut Draft, mut fetched: Fetched, file: String) -> io::Result<()> {
    fetched.task.file = file;
    let mut refused = None;
    if let Some(answer) = &fetched.answer {
        draft.cleaner.learn(&fetched.task.file, &answer.body);
        refused = match answer.status {
            200..=299 => match Scrape::parse(&answer.body) {
                Ok(page) if page.series_count() > 0 => None,
                Ok(_) => Some(("empty_page".to_owned(), "the page holds no sample".to_owned())),
                Err(_) if answer.body.iter().all(u8::is_ascii_whitespace) => {
                    Some(("empty_page".to_owned(), "the page is empty".to_owned()))
                }
                Err(why) => Some(("not_a_metrics_page".to_owned(), why.to_string())),
            },
            status => Some((format!("http_{status}"), answer.told())),
        };
        if refused.is_some() {
            fetched.task.file =
                format!("{}.answer.txt", fetched.task.file.trim_end_matches(".prom"));
        }
    }
    keep_answer(draft, fetched)?;
    if let (Some((code, message)), Some(entry)) = (refused, draft.entries.last_mut()) {
        if entry.status == "ok" {
            entry.status = "not_what_was_asked_for".into();
        }
        entry.error = Some(message);
        entry.error_code = Some(code);
    } else if let Some(entry) = draft.entries.last_mut().filter(|e| e.status != "ok") {
        entry.error_code.get_or_insert_with(|| "not_a_metrics_page".into());
    }
    Ok(())
}

/// Reads the packet as it is, tells its numbers, and puts it in its place.
fn finish(
    mut run: Run,
    request: &MetricsRequest,
    partial: bool,
) -> Result<CollectedMetrics, Ended> {
    run.samples.sort_by_key(|s| (s.sequence, s.source));
    let labels: BTreeMap<String, String> = request
        .labels
        .iter()
        .map(|(name, value)| (name.clone(), run.draft.cleaner.text(value)))
        .collect();
    run.draft.put_times().map_err(Ended::Write)?;
    let staging = run.draft.place.staging().to_owned();
    let packet = open(&[Input::Path(staging.clone())], &Limits::default());
    let report = compat(&Catalog::new(), packet, &Options::default());
    let prefix = format!("{}/", staging.display());
    let mut targets = report.targets.clone();
    for target in &mut targets {
        relative(target, &prefix);
    }
    let every = run.endpoints.iter().find(|(s, _)| *s == 2).map_or(1, |(_, e)| e.every.max(1));
    let head = timeline::Head {
        engine: &request.engine,
        labels: &labels,
        gpu_window: run.schedule.due(every).as_secs_f64(),
        keep_raw: request.keep_raw,
    };
    let told = timeline::write(&mut run.draft, &run.samples, &head).map_err(Ended::Write)?;
    let sources = run.sources();
    let engine = sources.first();
    let planned = run.schedule.samples;
    let sample_count = engine.map_or(0, |s| s.sample_count);
    let times = || run.samples.iter().filter_map(|s| s.at);
    let first = times().reduce(f64::min);
    let last = times().reduce(f64::max);
    let summary = MetricsSummary {
        schema_version: "inferguard-metrics-summary/v1".into(),
        engine: request.engine.clone(),
        duration_seconds: first.zip(last).map_or(0.0, |(a, b)| b - a),
        interval_seconds: request.interval.as_secs_f64(),
        planned_samples: planned,
        sample_count,
        failed_sample_count: engine
            .map_or(0, |s| u32::try_from(s.failed_samples.len()).unwrap_or(u32::MAX)),
        dcgm_sample_count: told.gpu_rows,
        partial,
        generated_at: timeline::rfc3339(last.unwrap_or_else(now)),
        labels,
        sources,
        targets,
        groups: told.groups,
    };
    let draft = &mut run.draft;
    draft.write_json("metrics_summary", "metrics_summary.json", &summary).map_err(Ended::Write)?;
    if told.lmcache || request.engine == "lmcache" || request.lmcache.is_some() {
        let mut value = serde_json::to_value(&report).map_err(|e| Ended::Write(e.into()))?;
        without(&mut value, &prefix, "");
        without(&mut value, prefix.trim_end_matches('/'), ".");
        draft
            .write_json("lmcache_compat_report", "lmcache_compat_report.json", &value)
            .map_err(Ended::Write)?;
    }
    if partial {
        let files = draft.entries.iter().filter_map(|e| e.file.clone()).collect();
        let results = PartialResults {
            schema_version: "inferguard-partial-results/v1".into(),
            command: "collect-metrics".into(),
            engine: request.engine.clone(),
            reason: "interrupted".into(),
            planned_samples: planned,
            sample_count,
            files,
        };
        draft
            .write_json("partial_results", "partial_results.json", &results)
            .map_err(Ended::Write)?;
    }
    let manifest = manifest(draft, vec![], &report, partial);
    draft.put_manifest(&manifest).map_err(Ended::Write)?;
    run.draft.place.keep().map_err(Ended::Place)?;
    Ok(CollectedMetrics { manifest, summary })
}

/// Names artifacts by their places in the packet, wherever that will be moved to.
fn relative(target: &mut TargetRow, prefix: &str) {
    let strip = |text: &mut String| *text = text.replace(prefix, "");
    strip(&mut target.traffic_because);
    for scrape in &mut target.measures.scrapes {
        strip(&mut scrape.artifact);
    }
    for window in &mut target.measures.windows {
        strip(&mut window.from);
        strip(&mut window.to);
    }
}
