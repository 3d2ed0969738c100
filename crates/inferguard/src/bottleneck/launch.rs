//! Whether the engine started, by the files of the launch.

use serde_json::Value;

use super::job::Job;
use crate::report::Finding;

/// Words of a status that mean that it did.
const HEALTHY: &[&str] = &["healthy", "ok", "passed", "success", "external_validated"];

/// Why the engine is taken for one that did not start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LaunchFailure {
    /// What was read.
    pub(crate) because: String,
    /// Key and value that say so.
    pub(crate) metric: String,
    /// Its value.
    pub(crate) value: String,
    /// File.
    pub(crate) source: String,
    /// A log says so, not the launcher's own check.
    pub(crate) logged: bool,
}

/// A start that failed by the engine's log, where no check of the launcher tells.
pub(crate) fn from_findings(findings: &[Finding]) -> Option<LaunchFailure> {
    let finding = findings.iter().find(|f| f.code == "engine_start_failed")?;
    let place = finding.evidence.first()?;
    Some(LaunchFailure {
        because: "its log says so, and no line says that it serves".into(),
        metric: finding.code.clone(),
        value: place.what.clone(),
        source: place.artifact.clone(),
        logged: true,
    })
}

/// `Err` where nothing tells.
pub(crate) fn read(job: &Job) -> Result<Option<LaunchFailure>, ()> {
    let mut told = false;
    if let Some(health) = &job.healthcheck {
        let status = health.value.get("status").and_then(Value::as_str);
        let ok = health.value.get("ok").and_then(Value::as_bool);
        told = status.is_some() || ok.is_some();
        let bad_status = status.filter(|s| !HEALTHY.contains(&s.to_ascii_lowercase().as_str()));
        if bad_status.is_some() || ok == Some(false) {
            let (metric, value) = match bad_status {
                Some(status) => ("status", status.chars().take(80).collect()),
                None => ("ok", "false".to_owned()),
            };
            return Ok(Some(LaunchFailure {
                because: format!("healthcheck.json says {metric} = {value}"),
                metric: format!("healthcheck.{metric}"),
                value,
                source: health.path.clone(),
                logged: false,
            }));
        }
    }
    if let Some(report) = &job.validation {
        let own = job.id();
        if let Some((metric, value)) = validation(&report.value, &own) {
            return Ok(Some(LaunchFailure {
                because: format!("the validation report says {metric} = {value}"),
                metric: format!("validation.{metric}"),
                value,
                source: report.path.clone(),
                logged: false,
            }));
        }
    }
    if told { Ok(None) } else { Err(()) }
}

/// A failed launch in a validation report: of this job, or of no job in particular.
fn validation(value: &Value, job: &str) -> Option<(String, String)> {
    match value {
        Value::Array(rows) => rows.iter().find_map(|row| validation(row, job)),
        Value::Object(map) => {
            let other = map
                .get("job_id")
                .or_else(|| map.get("job"))
                .and_then(Value::as_str)
                .is_some_and(|id| id != job);
            if other {
                return None;
            }
            for (key, item) in map {
                if key.contains("launch") && key.contains("fail") && item == &Value::Bool(true) {
                    return Some((key.clone(), "true".into()));
                }
                if key.contains("launch")
                    && let Some(value) = failed(item)
                {
                    return Some((key.clone(), value));
                }
                // A row that is about the launch, and says that it failed.
                let named = ["code", "check", "name", "kind", "stage", "type"].iter();
                let about = named
                    .filter_map(|k| map.get(*k)?.as_str())
                    .find(|text| text.to_ascii_lowercase().contains("launch"));
                if let Some(about) = about {
                    let bad = failed(value).is_some() || about.contains("fail");
                    return bad.then(|| (about.to_owned(), "failed".into()));
                }
                if let Some(found) = validation(item, job) {
                    return Some(found);
                }
            }
            None
        }
        _ => None,
    }
}

/// The word that says that something failed.
fn failed(value: &Value) -> Option<String> {
    const BAD: &[&str] =
        &["failed", "failure", "fail", "error", "timeout", "unhealthy", "launch_failed", "crashed"];
    match value {
        Value::String(text) => {
            BAD.contains(&text.to_ascii_lowercase().as_str()).then(|| text.clone())
        }
        Value::Object(map) => {
            let flagged = ["ok", "passed", "success", "healthy"]
                .iter()
                .any(|k| map.get(*k) == Some(&Value::Bool(false)));
            let marked = map.get("failed") == Some(&Value::Bool(true));
            let status = ["status", "result", "outcome"].iter().find_map(|k| failed(map.get(*k)?));
            status.or_else(|| (flagged || marked).then(|| "failed".to_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn launch_failures_of_validation_reports() {
        for (text, found) in [
            (r#"{"launch": {"status": "failed"}}"#, true),
            (r#"{"launch": {"ok": true}}"#, false),
            (r#"{"launch_status": "timeout"}"#, true),
            (r#"{"launch_failed": true}"#, true),
            (r#"{"launch_failed": false}"#, false),
            (r#"{"jobs": [{"job_id": "other", "launch": {"ok": false}}]}"#, false),
            (r#"{"jobs": [{"job_id": "mine", "launch": {"ok": false}}]}"#, true),
            (r#"{"checks": [{"name": "launch", "passed": false}]}"#, true),
            (r#"{"checks": [{"name": "launch", "passed": true}]}"#, false),
            (r#"{"failures": [{"code": "launch_failed", "job_id": "mine"}]}"#, true),
            (r#"{"failures": [{"code": "metrics_missing"}], "status": "failed"}"#, false),
        ] {
            let value: Value = serde_json::from_str(text).unwrap();
            assert_eq!(validation(&value, "mine").is_some(), found, "{text}");
        }
    }
}
