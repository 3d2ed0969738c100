//! `diagnose-bottleneck`: each verdict on its job directory, LMCache's findings beside it, bad
//! input and exit codes.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Run, root, run};
use serde_json::{Value, json};

const VERDICTS: [(&str, f64, &str); 8] = [
    ("prefill_bound", 0.90, "inferred"),
    ("decode_bound", 0.88, "inferred"),
    ("queue_bound", 0.87, "inferred"),
    ("kv_bound", 0.90, "inferred"),
    ("network_bound", 0.86, "inferred"),
    ("host_bound", 0.82, "inferred"),
    ("model_launch_bound", 1.0, "measured"),
    ("not_enough_evidence", 0.0, "not_proven"),
];

/// A copy of a job directory that may be changed.
struct Job {
    dir: tempfile::TempDir,
}

impl Job {
    fn of(verdict: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        copy(&root().join("fixtures/jobs").join(verdict), &dir.path().join("jobs/it"));
        Self { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("jobs/it").join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// Changes a JSON document.
    fn edit(&self, name: &str, change: impl FnOnce(&mut Value)) {
        let mut value: Value = serde_json::from_slice(&fs::read(self.path(name)).unwrap()).unwrap();
        change(&mut value);
        self.write(name, value.to_string());
    }

    fn diagnose(&self, more: &[&str]) -> Run {
        let (job, out) = (self.path(""), self.dir.path().join("out"));
        let mut args = vec!["diagnose-bottleneck", "--job-dir", job.to_str().unwrap()];
        args.extend(["--output-dir", out.to_str().unwrap()]);
        args.extend(more);
        run(&args)
    }

    fn report(&self, more: &[&str]) -> Value {
        let run = self.diagnose(&[&["--json"], more].concat());
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        run.json()
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn every_verdict_on_its_job() {
    let out = tempfile::tempdir().unwrap();
    for (verdict, confidence, claim) in VERDICTS {
        let job = format!("fixtures/jobs/{verdict}");
        let out = out.path().join(verdict);
        let args =
            ["diagnose-bottleneck", "--job-dir", &job, "--output-dir", out.to_str().unwrap()];
        let run = run(&args);
        assert_eq!(run.code, Some(0), "{verdict}: {}", run.stderr);
        let files = fs::read(out.join("bottleneck_diagnosis.json")).unwrap();
        let report: Value = serde_json::from_slice(&files).unwrap();
        assert_eq!(report["schema_version"], "inferguard-bottleneck-diagnosis/v1");
        assert_eq!(report["verdict"], verdict);
        assert_eq!(report["confidence"], confidence, "{verdict}");
        assert_eq!(report["claim_status"], claim, "{verdict}");
        let paths = report["evidence_paths"].as_array().unwrap().len();
        let line = format!(
            "inferguard diagnose-bottleneck: verdict={verdict} confidence={confidence:.3} evidence_paths={paths} claim={claim}"
        );
        assert_eq!(run.stdout.lines().next(), Some(line.as_str()));
        for line in run.stdout.lines().skip(1) {
            assert!(line.chars().count() <= 80, "{verdict}: {line}");
        }
        insta::assert_snapshot!(format!("bottleneck-{verdict}"), run.stdout);
        let page = fs::read_to_string(out.join("bottleneck_diagnosis.md")).unwrap();
        assert!(page.starts_with(&format!("# Bottleneck of {}", verdict.replace('_', "\\_"))));
    }
}

#[test]
fn findings_of_lmcache_stand_beside_the_verdict_and_all_are_listed() {
    let job = Job::of("kv_bound");
    job.write(
        "metrics/lmcache_compat_report.json",
        json!({
            "failure_reasons": [
                {"code": "lmcache_mp_family_missing", "family": "l1_counters", "message": "gone"},
                {"code": "lmcache_mp_family_missing", "family": "lookup", "message": "gone"}],
            "diagnostic_findings": [
                {"code": "lmcache_mp_empty_cache_salt", "severity": "info", "message": "empty"},
                {"code": "lmcache_mp_l1_failures", "severity": "critical",
                 "message": "bearer token sk-abcdefghijklmnopqrstuvwxyz012345 fails"}],
            "upstream_questions": [
                {"code": "lmcache_mp_l0_lifecycle_missing", "owner_question": "why?"}],
        })
        .to_string(),
    );
    let report = job.report(&[]);
    assert_eq!(report["verdict"], "kv_bound");
    assert_eq!(report["confidence"], 0.9);
    let rows = report["lmcache_findings"].as_array().unwrap();
    let codes: Vec<&str> = rows.iter().map(|f| f["code"].as_str().unwrap()).collect();
    assert_eq!(
        codes,
        [
            "lmcache_mp_l1_failures",
            "lmcache_mp_family_missing",
            "lmcache_mp_empty_cache_salt",
            "lmcache_mp_l0_lifecycle_missing"
        ]
    );
    assert_eq!(rows[1]["evidence"].as_array().unwrap().len(), 2, "one finding, two families");
    assert!(!report.to_string().contains("abcdefghijklmnopqrstuvwxyz"), "a secret is written");
}

#[test]
fn a_packet_is_a_job_directory_and_is_not_written_to() {
    let packet = "fixtures/packets/lmcache-0.5.6-lifecycle-eviction";
    let out = tempfile::tempdir().unwrap();
    let dir = out.path().join("deep/er");
    let before = fs::read_dir(root().join(packet)).unwrap().count();
    let args = ["diagnose-bottleneck", "--job-dir", packet, "--output-dir", dir.to_str().unwrap()];
    let diagnosis = run(&[&args[..], &["--json"]].concat());
    assert_eq!(diagnosis.code, Some(0), "{}", diagnosis.stderr);
    let report = diagnosis.json();
    assert_eq!(report["layout"], "packet");
    let codes: Vec<&str> = report["lmcache_findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["code"].as_str().unwrap())
        .collect();
    let checked = run(&["check", packet, "--json"]).json();
    let same: Vec<&str> = checked["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["code"].as_str().unwrap())
        .collect();
    assert!(codes.contains(&"lmcache_mp_l1_failures"));
    // Each command has its own order: by severity beside a verdict, by cause in a diagnosis.
    let set = |list: Vec<&str>| -> std::collections::BTreeSet<String> {
        list.into_iter().map(str::to_owned).collect()
    };
    assert_eq!(set(codes), set(same), "one judgement, two commands");
    assert_eq!(before, fs::read_dir(root().join(packet)).unwrap().count());
    assert_eq!(run(&[&args[..], &["--json"]].concat()).stdout, diagnosis.stdout);
}

#[test]
fn queueing_shows_on_the_pages_of_a_packet() {
    let out = tempfile::tempdir().unwrap();
    let args = [
        "diagnose-bottleneck",
        "--job-dir",
        "fixtures/packets/vllm-0.32.0-plain",
        "--output-dir",
        out.path().to_str().unwrap(),
        "--json",
    ];
    let report = run(&args).json();
    assert_eq!(report["verdict"], "queue_bound");
    assert_eq!(report["confidence"], 0.6, "a few scrapes are no timeline");
    assert!(!report["missing_inputs"].as_array().unwrap().is_empty());
}

#[test]
fn a_missing_or_unreadable_file_is_told_and_located() {
    let job = Job::of("kv_bound");
    fs::remove_file(job.path("metrics/gpu_metrics_timeline.jsonl")).unwrap();
    let report = job.report(&[]);
    assert_eq!(report["rule_fired"], "required_input_artifacts_missing");
    assert_eq!(report["missing_inputs"], json!(["metrics/gpu_metrics_timeline.jsonl"]));
    assert!(report["reasoning"].as_str().unwrap().contains("kv_bound"), "what else applies");

    let job = Job::of("kv_bound");
    job.write("metrics/metrics_summary.json", b"{\"kv_cache\": \n{\"x\": \"caf\xe9\"}}");
    let report = job.report(&[]);
    assert_eq!(report["verdict"], "not_enough_evidence");
    let error = &report["parse_errors"][0];
    assert_eq!((error["line"].as_u64(), &error["message"]), (Some(2), &json!("it is not UTF-8")));

    // A torn last row costs itself.
    let job = Job::of("kv_bound");
    let rows = fs::read_to_string(job.path("request_profile/requests_profile.jsonl")).unwrap();
    job.write("request_profile/requests_profile.jsonl", format!("{rows}{{\"request_id\": "));
    let report = job.report(&[]);
    assert_eq!(report["verdict"], "kv_bound");
    assert_eq!(report["parse_errors"][0]["line"], 13);
}

#[test]
fn nothing_to_read_is_exit_code_3_and_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (empty, file) = (dir.path().join("empty"), dir.path().join("file"));
    fs::create_dir(&empty).unwrap();
    fs::write(&file, "x").unwrap();
    for target in [dir.path().join("none"), empty.clone(), file] {
        let run = run(&["diagnose-bottleneck", "--job-dir", target.to_str().unwrap()]);
        assert_eq!(run.code, Some(3), "{}", run.stderr);
        assert!(run.stderr.contains(target.to_str().unwrap()), "{}", run.stderr);
        assert_eq!(run.stdout, "");
    }
    assert!(!dir.path().join("none").exists());
    assert_eq!(fs::read_dir(&empty).unwrap().count(), 0);
}

#[test]
fn strict_rule_config_and_output_have_their_exit_codes() {
    let job = Job::of("not_enough_evidence");
    assert_eq!(job.diagnose(&[]).code, Some(0));
    assert_eq!(job.diagnose(&["--strict"]).code, Some(1));
    for (name, text) in [
        ("rules.json", r#"{"kv_usage_fraction_p95": 0.25}"#),
        ("rules.toml", "[bottleneck]\nkv_usage_fraction_p95 = 0.25\n"),
    ] {
        job.write(name, text);
        let config = job.path(name);
        let report = job.report(&["--rule-config", config.to_str().unwrap()]);
        assert_eq!(report["verdict"], "kv_bound", "{name}");
        assert_eq!(report["thresholds"]["kv_usage_fraction_p95"]["overridden"], true);
    }
    job.write("rules.json", r#"{"kv_usage_p95": 0.25}"#);
    let config = job.path("rules.json");
    let run = job.diagnose(&["--rule-config", config.to_str().unwrap()]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("did you mean kv_usage_fraction_p95?"), "{}", run.stderr);
    let blocked = job.path("rules.json");
    let run = job.diagnose(&["--output-dir", blocked.join("x").to_str().unwrap()]);
    assert_eq!(run.code, Some(2), "an option given twice is a usage error");
    let job_dir = job.path("");
    let args = ["diagnose-bottleneck", "--job-dir", job_dir.to_str().unwrap(), "--output-dir"];
    let run = common::run(&[&args[..], &[blocked.to_str().unwrap()]].concat());
    assert_eq!(run.code, Some(4), "{}", run.stderr);
}

#[test]
fn a_second_run_reads_nothing_of_the_first() {
    let job = Job::of("queue_bound");
    let dir = job.path("");
    let args = ["diagnose-bottleneck", "--job-dir", dir.to_str().unwrap()];
    let first = run(&[&args[..], &["--json"]].concat());
    assert!(job.path("diagnosis/bottleneck_diagnosis.md").exists());
    let second = run(&[&args[..], &["--json", "--json-only"]].concat());
    assert_eq!(first.stdout, second.stdout);
    assert!(!job.path("diagnosis/bottleneck_diagnosis.md").exists(), "it would contradict");
    assert_eq!(fs::read_dir(job.path("diagnosis")).unwrap().count(), 1, "nothing temporary stays");
}

#[test]
fn variants_of_rules() {
    let job = Job::of("network_bound");
    fs::remove_file(job.path("preflight/nccl_all_reduce.txt")).unwrap();
    assert_eq!(job.report(&[])["rule_fired"], "network_bound_missing_nccl");
    let job = Job::of("network_bound");
    job.edit("operator_profile.json", |v| *v = json!({"nodes": 2}));
    assert_eq!(job.report(&[])["rule_fired"], "network_bound_nccl_baseline_missing");

    let job = Job::of("kv_bound");
    job.edit("metrics/metrics_summary.json", |v| {
        v["kv_cache"].as_object_mut().unwrap().remove("usage_fraction_source");
    });
    assert_eq!(job.report(&[])["rule_fired"], "kv_usage_source_missing");

    let job = Job::of("not_enough_evidence");
    job.edit("metrics/metrics_summary.json", |v| {
        v["prefix_cache"] = json!({"hit_rate": 0.05, "claim_status": "measured"});
        v["lmcache"] = json!({"stats": {"local_cpu_evict_count": {"count": 9, "p95": 40.0}}});
    });
    let report = job.report(&[]);
    assert_eq!(report["rule_fired"], "kv_bound_prefix_cache_pressure");
    assert_eq!(report["confidence"], 0.84);

    for (field, rule) in [
        (json!({"kv_transfer_errors_total": 3.0}), "kv_transfer_errors_present"),
        (
            json!({"kv_transfer_sent_bytes_total": 9e6, "kv_transfer_recv_bytes_total": 0.0}),
            "kv_transfer_stall",
        ),
    ] {
        let job = Job::of("not_enough_evidence");
        job.edit("metrics/metrics_summary.json", |v| {
            for (name, value) in field.as_object().unwrap() {
                v["kv_cache"][name] = value.clone();
            }
        });
        let report = job.report(&[]);
        assert_eq!((&report["rule_fired"], &report["confidence"]), (&json!(rule), &json!(0.78)));
    }

    let sglang = |v: &mut Value| v["engine"] = json!("sglang");
    let job = Job::of("prefill_bound");
    job.edit("metrics/metrics_summary.json", sglang);
    job.edit("operator_profile.json", |v| {
        *v = json!({"engine": "sglang", "hardware": "8x B200", "quantization": "fp8"});
    });
    let report = job.report(&[]);
    assert_eq!(report["rule_fired"], "sglang_chunked_prefill_bug_downgrade");
    assert_eq!(report["claim_status"], "inferred");
    assert_eq!(report["downgrades"][0]["claim_id"], "prefill_bound");

    let job = Job::of("not_enough_evidence");
    for group in ["kv_cache", "queue", "prefill"] {
        job.edit("metrics/metrics_summary.json", |v| {
            v[group]["claim_status"] = json!("not_proven");
        });
    }
    assert_eq!(job.report(&[])["rule_fired"], "metrics_groups_not_proven");
}

#[test]
fn a_validation_report_tells_of_a_failed_launch() {
    let job = Job::of("prefill_bound");
    let rows = json!({"jobs": [{"job_id": "prefill_bound", "launch": {"status": "failed"}}]});
    fs::write(job.dir.path().join("validation_report.json"), rows.to_string()).unwrap();
    let report = job.report(&[]);
    assert_eq!(report["verdict"], "model_launch_bound");
    let source = report["primary_evidence"][0]["source"].as_str().unwrap();
    assert!(source.ends_with("validation_report.json"), "{source}");
}
