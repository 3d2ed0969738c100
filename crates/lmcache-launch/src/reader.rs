//! The reader: one artifact in, its evidence out.

use evidence_redact::{Redactor, Salt};
use serde_json::Value;

use crate::clean::{Cleaner, Privacy};
use crate::evidence::Evidence;
use crate::kind::{Kind, Recognition};
use crate::place::{Issue, Place};
use crate::{Error, boundary, environment, launch, yaml};

/// Longest artifact that is read, in bytes.
pub const MAX_BYTES: usize = 256 << 20;

/// Most lines that are read of a table; logs of requests, kernels and scrapers have no such limit,
/// as only sums of them are kept.
const MAX_LINES: usize = 200_000;

/// Lines of a table with their index.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().take(MAX_LINES).enumerate()
}

/// What a reader of one kind is given.
#[derive(Debug)]
pub(crate) struct Ctx<'a> {
    pub cleaner: &'a Cleaner,
    pub base: Place,
}

/// Reads artifacts. Holds the redactor, so that equal secrets get equal placeholders in all that
/// it reads.
#[derive(Debug, Clone)]
pub struct Reader {
    cleaner: Cleaner,
}

impl Reader {
    /// A reader that takes out secrets with this redactor.
    pub fn new(redactor: Redactor) -> Self {
        Self::with_privacy(redactor, Privacy::default())
    }

    /// A reader that takes out what `privacy` says.
    pub fn with_privacy(redactor: Redactor, privacy: Privacy) -> Self {
        Reader { cleaner: Cleaner::new(redactor, privacy) }
    }

    /// Recognises an artifact and reads it; `None` if it is none of this crate's.
    pub fn read_any(
        &self,
        name: &str,
        bytes: &[u8],
    ) -> Option<(Recognition, Result<Evidence, Error>)> {
        let recognition = crate::recognise(Some(name), bytes)?;
        Some((recognition, self.read(recognition.kind, Some(name), bytes)))
    }

    /// Reads an artifact of a kind. The name goes into places and tells process numbers.
    pub fn read(&self, kind: Kind, name: Option<&str>, bytes: &[u8]) -> Result<Evidence, Error> {
        if bytes.len() > MAX_BYTES {
            return Err(Error::TooLarge { bytes: bytes.len(), limit: MAX_BYTES });
        }
        let base = Place { artifact: name.map(Into::into), ..Place::default() };
        let ctx = Ctx { cleaner: &self.cleaner, base };
        let mut out = Evidence::default();
        let lossy = String::from_utf8_lossy(bytes);
        let text = lossy.strip_prefix('\u{feff}').unwrap_or(&lossy);
        let json = || json_or_yaml(text);
        match kind {
            Kind::Command => launch::command(&ctx, &json()?, &mut out),
            Kind::Shell => launch::shell(&ctx, text, &mut out),
            Kind::ProcCmdline => launch::cmdline(&ctx, bytes, &mut out),
            Kind::ProcEnviron => launch::environ(&ctx, bytes, &mut out),
            Kind::EnvText => launch::env_text(&ctx, text, &mut out),
            Kind::EnvJson => launch::env_json(&ctx, &json()?, &mut out),
            Kind::Ps => launch::ps(&ctx, text, &mut out),
            Kind::LmcacheConfig => launch::lmcache_config(&ctx, &json()?, text, &mut out),
            Kind::EngineConfig => launch::engine_config(&ctx, &json()?, text, &mut out),
            Kind::KvTransferConfig => launch::kv_transfer_config(&ctx, &json()?, &mut out),
            Kind::VllmServerInfo => launch::vllm_server_info(&ctx, &json()?, &mut out),
            Kind::SglangServerInfo => launch::sglang_server_info(&ctx, &json()?, &mut out),
            Kind::Kubernetes => launch::kubernetes(&ctx, &documents(text)?, &mut out),
            Kind::HelmValues => launch::helm_values(&ctx, &json()?, &mut out),
            Kind::DockerInspect => launch::docker_inspect(&ctx, &json()?, &mut out),
            Kind::Compose => launch::compose(&ctx, &json()?, &mut out),
            Kind::ModelConfig => launch::model_config(&ctx, &json()?, &mut out),
            Kind::Packages => {
                let value = serde_json::from_str::<Value>(text).ok();
                environment::packages(&ctx, text, value.as_ref(), &mut out);
            }
            Kind::EventsText => environment::events_table(&ctx, text, &mut out),
            Kind::EventsJson => environment::events_json(&ctx, &json()?, &mut out),
            Kind::Describe => environment::describe(&ctx, text, &mut out),
            Kind::KubectlGet => environment::get_table(&ctx, text, &mut out),
            Kind::Meminfo => environment::meminfo(&ctx, text, &mut out),
            Kind::Limits => environment::limits(&ctx, text, &mut out),
            Kind::Df => environment::df(&ctx, text, &mut out),
            Kind::Sockets => environment::sockets(&ctx, text, &mut out),
            Kind::KernelLog => environment::dmesg(&ctx, text, &mut out)?,
            Kind::NvidiaSmi => environment::nvidia_smi(&ctx, text, &mut out),
            Kind::Node => environment::node(&ctx, &json()?, &mut out),
            Kind::HostText => environment::host_text(&ctx, text, &mut out),
            Kind::PrometheusTargets => environment::targets(&ctx, &json()?, &mut out),
            Kind::PrometheusConfig => environment::scrape_config(&ctx, &json()?, &mut out),
            Kind::PrometheusLog => environment::prometheus_log(&ctx, text, &mut out),
            Kind::Dashboard => environment::dashboard(&ctx, &json()?, &mut out),
            Kind::Rules => environment::rules(&ctx, &json()?, &mut out),
            Kind::Requests => environment::requests_jsonl(&ctx, text, &mut out),
            Kind::RequestsCsv => environment::requests_csv(&ctx, text, &mut out),
            Kind::Workload => environment::workload(&ctx, &json()?, &mut out),
            Kind::BenchmarkText => environment::benchmark_text(&ctx, text, &mut out),
            Kind::ProbeIndex => environment::probe_index(&ctx, &json()?, &mut out),
            Kind::CaptureTimeline => environment::timeline(&ctx, text, &mut out),
            Kind::Listing => environment::listing(&ctx, &json()?, &mut out),
            Kind::EngineAnswer => {
                let value = serde_json::from_str::<Value>(text).ok();
                environment::engine_answer(&ctx, value.as_ref(), text, &mut out);
            }
            Kind::Boundary => boundary::boundary(&ctx, text, &mut out),
            Kind::BoundarySummary => boundary::summary(&ctx, &json()?, &mut out),
        }
        models(&mut out);
        let table = matches!(
            kind,
            Kind::EnvText
                | Kind::Ps
                | Kind::Packages
                | Kind::EventsText
                | Kind::Describe
                | Kind::KubectlGet
                | Kind::Limits
                | Kind::Df
                | Kind::Sockets
                | Kind::HostText
        );
        if table && text.lines().nth(MAX_LINES).is_some() {
            out.issues.push(Issue {
                message: format!("only the first {MAX_LINES} lines were read"),
                place: ctx.base.line(MAX_LINES),
            });
        }
        // A quiet kernel log or an empty table is evidence too.
        let quiet = matches!(
            kind,
            Kind::KernelLog
                | Kind::PrometheusLog
                | Kind::EventsText
                | Kind::EventsJson
                | Kind::KubectlGet
                | Kind::Sockets
                | Kind::Ps
                | Kind::EngineAnswer
                | Kind::Kubernetes
                | Kind::Describe
        );
        if !quiet && out.is_empty() && out.issues.is_empty() {
            return Err(Error::Empty { kind, bytes: bytes.len() });
        }
        Ok(out)
    }
}

/// Reads one artifact with a redactor of its own.
///
/// Placeholders of secrets do not agree between artifacts that are read so: use a [`Reader`] for
/// more than one.
pub fn read(kind: Kind, bytes: &[u8]) -> Result<Evidence, Error> {
    // The salt is no secret here: placeholders of single artifacts are not compared.
    let redactor = Redactor::new(Salt::new(*b"one artifact one")).map_err(|_| Error::Pattern)?;
    Reader::new(redactor).read(kind, None, bytes)
}

/// A text of one value; of several YAML documents the first.
fn json_or_yaml(text: &str) -> Result<Value, Error> {
    let error = match serde_json::from_str(text) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    if text.trim_start().starts_with(['{', '[']) {
        return Err(Error::Json { line: error.line(), column: error.column() });
    }
    Ok(yaml::documents(text)?.into_iter().next().unwrap_or(Value::Null))
}

fn documents(text: &str) -> Result<Vec<Value>, Error> {
    match serde_json::from_str(text) {
        Ok(value) => Ok(vec![value]),
        Err(_) => yaml::documents(text),
    }
}

/// What the names of models tell.
fn models(out: &mut Evidence) {
    let mut found = Vec::new();
    for process in &out.launch.processes {
        let Some(model) = process.setting("model") else { continue };
        if let Some(name) = model.as_str().filter(|_| model.source != crate::Source::Runtime) {
            found.extend(launch::model_facts_by_name(name, &model.place));
        }
    }
    out.launch.models.extend(found);
}
