//! `inferguard collect-metrics` against servers that behave and servers that do not.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::server::{Server, assert_clean, manifest, reply};
use common::{command, root, run};
use serde_json::Value;

/// A server whose pages are made from the number of the scrape, counted from 0.
fn pages(page: impl Fn(usize, &mut TcpStream) + Send + Sync + 'static) -> Server {
    let count = AtomicUsize::new(0);
    Server::start("127.0.0.1:0", move |_, stream| {
        page(count.fetch_add(1, Ordering::SeqCst), stream);
    })
}

fn text(stream: &mut TcpStream, body: &str) {
    reply(stream, "200 OK", "text/plain", body.as_bytes());
}

fn collect(out: &Path, engine: &str, url: &str, more: &[&str]) -> common::Run {
    let fixed = [
        "collect-metrics",
        "--output-dir",
        out.to_str().unwrap(),
        "--engine",
        engine,
        "--endpoint",
        url,
        "--timeout-seconds",
        "5",
    ];
    let interval: &[&str] =
        if more.contains(&"--interval-seconds") { &[] } else { &["--interval-seconds", "0.2"] };
    run(&[&fixed[..], more, interval].concat())
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn rows(out: &Path, file: &str) -> Vec<Value> {
    let text = fs::read_to_string(out.join(file)).unwrap();
    text.lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

fn row<'r>(rows: &'r [Value], sequence: u32, group: &str) -> &'r Value {
    rows.iter().find(|r| r["sequence"] == sequence && r["group"] == group).unwrap()
}

fn mp(lookups: u32, hits: u32, started: u32) -> String {
    format!(
        "# TYPE lmcache_mp_lookup_requested_tokens_total counter\n\
         lmcache_mp_lookup_requested_tokens_total{{model_name=\"m\",cache_salt=\"\"}} {lookups}\n\
         # TYPE lmcache_mp_lookup_hit_tokens_total counter\n\
         lmcache_mp_lookup_hit_tokens_total{{model_name=\"m\",cache_salt=\"\"}} {hits}\n\
         lmcache_mp_l1_memory_usage_bytes{{l1_tag=\"a\"}} 5\n\
         lmcache_mp_l1_memory_usage_bytes{{l1_tag=\"b\"}} 7\n\
         lmcache_mp_l1_usage_ratio{{l1_tag=\"a\"}} 0.5\n\
         process_start_time_seconds {started}\n"
    )
}

#[test]
fn a_healthy_run_gives_a_packet_a_timeline_and_a_summary_of_the_run() {
    let server = pages(|n, stream| {
        // The first hundred missed; of the hundred of the run ninety hit.
        text(stream, if n == 0 { mp(100, 0, 7) } else { mp(200, 90, 7) }.as_str());
    });
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("p");
    let done = collect(&out, "lmcache", &server.url, &["--label-job-id", "job-7"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.contains("engine=lmcache samples=2 failed=0 "), "{}", done.stdout);
    assert!(done.stdout.contains("gpu_util_p95=n/a"), "{}", done.stdout);
    // Twice, not twice a sample, and at /metrics.
    assert_eq!(server.lines(), ["GET /metrics HTTP/1.1", "GET /metrics HTTP/1.1"]);
    let timeline = rows(&out, "engine_metrics_timeline.jsonl");
    assert_eq!(timeline.len(), 12);
    let last = row(&timeline, 1, "lmcache");
    assert_eq!(last["schema_version"], "inferguard-engine-metrics-timeline/v1");
    assert_eq!(last["normalized"]["l1_memory_usage_bytes"], 12.0);
    assert_eq!(last["normalized"]["lookup_hit_rate"], 0.45);
    assert_eq!(last["model_name"], "m");
    assert_eq!(last["labels"]["job_id"], "job-7");
    assert_eq!((&last["claim_status"], &last["scrape_error"]), (&"measured".into(), &"".into()));
    // No label names a connector, so none is told; what is absent is no field.
    assert!(last["normalized"].get("connector").is_none());
    assert!(last["normalized"].get("l2_store_tasks").is_none());
    assert_eq!(row(&timeline, 1, "kv_cache")["claim_status"], "not_proven");
    let summary = json(&out.join("metrics_summary.json"));
    assert_eq!((&summary["sample_count"], &summary["planned_samples"]), (&2.into(), &2.into()));
    let stats = &summary["lmcache"]["stats"];
    assert_eq!(stats["lookup_requested_tokens"]["increase"], 100.0);
    assert_eq!(stats["lookup_hit_rate"]["last"], 0.45);
    assert_eq!(stats["lookup_hit_rate"]["ratio_of_run"], 0.9);
    assert!(stats["lookup_requested_tokens"]["rate_per_second"].as_f64().unwrap() > 0.0);
    assert_eq!(stats["l1_usage_ratio"]["p95"], 0.5);
    assert_eq!(summary["targets"][0]["windows"][0]["ratios"][0]["rate"], 0.9);
    assert_eq!(summary["targets"][0]["scrapes"][1]["artifact"], "scrapes/lmcache-0001.prom");
    // The packet is one, and check and lmcache-compat read its scrapes as a timeline.
    let m = manifest(&out);
    assert_eq!(m["schema_version"], "inferguard-lmcache-packet/v1");
    for file in m["files"].as_array().unwrap() {
        let bytes = fs::read(out.join(file["file"].as_str().unwrap())).unwrap();
        assert_eq!(file["bytes"], bytes.len(), "{file}");
    }
    let report = run(&["check", out.to_str().unwrap(), "--json"]).json();
    assert_eq!(report["mode"], "mp");
    assert_eq!(report["targets"].as_array().unwrap().len(), 1);
    assert_eq!(report["targets"][0]["scrapes"].as_array().unwrap().len(), 2);
    assert_eq!(report["targets"][0]["windows"][0]["ratios"][0]["rate"], 0.9);
    let compat = json(&out.join("lmcache_compat_report.json"));
    assert_eq!(compat["detected_mode"], "mp");
    assert_eq!(compat["targets"][0]["scrapes"].as_array().unwrap().len(), 2);
    assert!(!compat.to_string().contains(".partial"), "{compat}");
    assert!(!summary.to_string().contains(".partial"), "{summary}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left over");
    // A used directory is refused, or replaced as a whole.
    let again = collect(&out, "lmcache", &server.url, &["--samples", "1"]);
    assert_eq!(again.code, Some(4), "{}", again.stderr);
    let again = collect(&out, "lmcache", &server.url, &["--samples", "1", "--force"]);
    assert_eq!(again.code, Some(0), "{}", again.stderr);
    assert_eq!(fs::read_dir(out.join("scrapes")).unwrap().count(), 1);
}

#[test]
fn pages_of_a_real_server_give_the_fields_of_their_release() {
    let fixture = root().join("fixtures/packets/lmcache-0.5.6-l1-prefix-replay");
    let server = pages(move |n, stream| {
        let page = fs::read_to_string(fixture.join(format!("lmcache-{}.prom", n + 5))).unwrap();
        text(stream, &page);
    });
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("p");
    let done = collect(&out, "lmcache", &server.url, &[]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let summary = json(&out.join("metrics_summary.json"));
    let group = &summary["lmcache"];
    assert_eq!(group["lookup_requested_tokens"], 49152.0);
    assert_eq!(group["backend"], "mp");
    for field in ["l1_read_keys", "l1_write_keys", "l0_l1_store_throughput_gbs", "finished_stores"]
    {
        assert!(group["stats"][field]["last"].as_f64().unwrap() > 0.0, "{field}: {group}");
    }
}

#[test]
fn a_restart_between_samples_is_a_reset_and_not_a_fall() {
    let server = pages(|n, stream| match n {
        0 => text(stream, &mp(16384, 8192, 7)),
        _ => text(stream, &mp(100, 90, 9)),
    });
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("p");
    assert_eq!(collect(&out, "lmcache", &server.url, &[]).code, Some(0));
    let summary = json(&out.join("metrics_summary.json"));
    let stat = &summary["lmcache"]["stats"]["lookup_requested_tokens"];
    assert_eq!((&stat["increase"], &stat["resets"]), (&100.0.into(), &1.into()));
    let why = summary["targets"][0]["windows"][0]["restart"].as_str().unwrap();
    assert!(why.contains("process_start_time_seconds went from 7 to 9"), "{why}");
    assert_eq!(summary["targets"][0]["processes"].as_array().unwrap().len(), 2);
}

#[test]
fn a_server_that_fails_after_the_first_sample_costs_its_samples_and_is_told() {
    let server = pages(|n, stream| match n {
        0 => text(stream, &mp(10, 5, 7)),
        1 => reply(stream, "500 Internal Server Error", "text/plain", b"lmcache_mp_x_total 1\n"),
        2 => reply(stream, "200 OK", "text/html", b"<!doctype html><html>log in</html>"),
        3 => text(stream, ""),
        // Dies in the middle of its answer.
        _ => drop(stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nlmcache_mp")),
    });
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("p");
    let done = collect(&out, "lmcache", &server.url, &["--samples", "5"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.contains("samples=1 failed=4"), "{}", done.stdout);
    assert!(done.stderr.contains("the server answered 500 (1 of 5 samples: sample 1)"));
    let summary = json(&out.join("metrics_summary.json"));
    let failed = summary["sources"][0]["failed_samples"].as_array().unwrap();
    let codes: Vec<&str> = failed.iter().map(|f| f["scrape_error"].as_str().unwrap()).collect();
    assert_eq!(codes, ["http_500", "not_a_metrics_page", "empty_page", "connect_error"]);
    let timeline = rows(&out, "engine_metrics_timeline.jsonl");
    assert_eq!(timeline.len(), 30);
    assert_eq!(row(&timeline, 1, "lmcache")["scrape_error"], "http_500");
    assert_eq!(row(&timeline, 1, "lmcache")["claim_status"], "not_proven");
    // One sample gives no rate and no reset.
    let stat = &summary["lmcache"]["stats"]["lookup_requested_tokens"];
    assert_eq!((&stat["count"], &stat["last"]), (&1.into(), &10.0.into()));
    assert!(stat.get("increase").is_none() && stat.get("rate_per_second").is_none(), "{stat}");
    // What answered is kept, and no scrape of it is a page.
    assert!(out.join("scrapes/lmcache-0002.answer.txt").exists());
    let report = run(&["check", out.to_str().unwrap(), "--json"]).json();
    assert_eq!(report["targets"][0]["scrapes"].as_array().unwrap().len(), 1);
}

#[test]
fn nothing_at_all_is_another_outcome() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("p");
    let done = collect(&out, "vllm", "http://127.0.0.1:1", &[]);
    assert_eq!(done.code, Some(3), "{}", done.stdout);
    assert!(done.stderr.contains("no sample of the endpoint came"), "{}", done.stderr);
    let summary = json(&out.join("metrics_summary.json"));
    assert_eq!((&summary["sample_count"], &summary["failed_sample_count"]), (&0.into(), &2.into()));
    assert_eq!(summary["kv_cache"]["claim_status"], "not_proven");
    assert_eq!(manifest(&out)["claim_status"], "not_proven");
    assert!(!out.join("lmcache_compat_report.json").exists());
    let html = pages(|_, stream| reply(stream, "200 OK", "text/html", b"<html></html>"));
    let done = collect(&dir.path().join("q"), "vllm", &html.url, &[]);
    assert_eq!(done.code, Some(3), "{}", done.stdout);
    assert_eq!(collect(&dir.path().join("r"), "vllm", "foo", &[]).code, Some(2));
    assert!(!dir.path().join("r").exists());
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    assert_eq!(collect(&file, "vllm", &html.url, &[]).code, Some(4));
}

#[test]
fn gzip_numbers_that_are_none_and_an_engine_beside_its_cache() {
    let engine = pages(|n, stream| {
        let page = format!(
            "vllm:kv_cache_usage_perc{{engine=\"0\"}} {}\n\
             vllm:num_requests_running{{engine=\"0\"}} NaN\n\
             vllm:num_requests_waiting{{engine=\"0\"}} +Inf\n\
             vllm:external_prefix_cache_queries_total 10\nvllm:external_prefix_cache_hits_total 4\n\
             vllm:request_queue_time_seconds_sum{{model_name=\"a\"}} 1\n\
             vllm:request_queue_time_seconds_count{{model_name=\"a\"}} 9\n\
             vllm:request_queue_time_seconds_sum{{model_name=\"b\"}} 9\n\
             vllm:request_queue_time_seconds_count{{model_name=\"b\"}} 1\n",
            ["0.9", "0.3"][n.min(1)]
        );
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(page.as_bytes()).unwrap();
        let body = gz.finish().unwrap();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(&body);
    });
    let cache = pages(|_, stream| {
        text(stream, &mp(10, 5, 7).replace("_bytes{l1_tag=\"a\"} 5", "_bytes{l1_tag=\"a\"} NaN"));
    });
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("p");
    let args = ["--lmcache-metrics-url", &cache.url, "--keep-raw-samples", "--json"];
    let done = collect(&out, "vllm", &engine.url, &args);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let summary = done.json();
    // The largest usage stands for the run, the mean is over all label sets.
    assert_eq!(summary["kv_cache"]["usage_fraction"], 0.9);
    assert_eq!(summary["kv_cache"]["usage_fraction_source"], "vllm:kv_cache_usage_perc");
    assert_eq!(summary["queue"]["request_queue_time_seconds"], 1.0);
    assert_eq!(summary["prefix_cache"]["external_hit_rate"], 0.4);
    assert!(summary["queue"].get("requests_running").is_none(), "{}", summary["queue"]);
    assert!(summary["queue"].get("requests_waiting").is_none(), "{}", summary["queue"]);
    assert_eq!(summary["lmcache"]["l1_memory_usage_bytes"], 7.0);
    assert_eq!(json(&out.join("metrics_summary.json")), summary);
    assert_eq!(summary["targets"].as_array().unwrap().len(), 2);
    let raw = rows(&out, "raw_samples.jsonl");
    assert_eq!(raw.len(), 4);
    assert_eq!((&raw[0]["source"], &raw[1]["source"]), (&"engine".into(), &"lmcache".into()));
    assert!(raw[0]["raw_text"].as_str().unwrap().contains("kv_cache_usage_perc"));
    // The report is over the whole timeline of both.
    let compat = json(&out.join("lmcache_compat_report.json"));
    let scrapes = |t: &Value| t["scrapes"].as_array().unwrap().len();
    let targets = compat["targets"].as_array().unwrap();
    assert_eq!(targets.iter().map(scrapes).collect::<Vec<_>>(), [2, 2]);
}

#[test]
fn gpus_are_kept_apart_and_are_no_engine() {
    let engine = pages(|_, stream| text(stream, "vllm:kv_cache_usage_perc 0.5\n"));
    let gpus = pages(|n, stream| match n {
        0 => text(
            stream,
            "DCGM_FI_DEV_GPU_UTIL{gpu=\"0\",UUID=\"GPU-1\"} 90\n\
             DCGM_FI_DEV_GPU_UTIL{gpu=\"1\",UUID=\"GPU-2\"} 10\n\
             DCGM_FI_DEV_FB_USED{gpu=\"1\"} 40000\n",
        ),
        _ => reply(stream, "503 Service Unavailable", "text/plain", b"no"),
    });
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("p");
    let args =
        ["--dcgm-metrics-url", &gpus.url, "--dcgm-interval-seconds", "0.35", "--samples", "4"];
    let done = collect(&out, "vllm", &engine.url, &args);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.contains("samples=4 failed=0 dcgm_samples=2 "), "{}", done.stdout);
    assert!(done.stdout.contains("gpu_util_p95=86.000 hbm_used_p95_mib=40000.000"));
    assert_eq!(gpus.lines().len(), 2);
    let timeline = rows(&out, "gpu_metrics_timeline.jsonl");
    assert_eq!(timeline.len(), 3, "{timeline:?}");
    assert_eq!(timeline[0]["schema_version"], "dcgm-correlated/v1");
    assert_eq!(
        (&timeline[0]["dcgm_gpu_util"], &timeline[0]["dcgm_fb_used"]),
        (&90.0.into(), &Value::Null)
    );
    assert_eq!(timeline[1]["dcgm_fb_used"], 40000.0);
    assert_eq!(timeline[1]["field_ids"]["DCGM_FI_DEV_FB_USED"], 252);
    assert_eq!(
        (&timeline[2]["scrape_error"], &timeline[2]["sequence"]),
        (&"http_503".into(), &2.into())
    );
    let summary = json(&out.join("metrics_summary.json"));
    assert_eq!(summary["gpu_util"]["per_gpu"].as_object().unwrap().len(), 2);
    assert_eq!(summary["hbm"]["max_mib"], 40000.0);
    assert_eq!(summary["sources"][1]["failed_samples"][0]["scrape_error"], "http_503");
    // The exporter is no target that is silent about its cache.
    let report = run(&["check", out.to_str().unwrap(), "--json"]).json();
    assert_eq!(report["targets"].as_array().unwrap().len(), 1, "{}", report["targets"]);
    assert!(!out.join("lmcache_compat_report.json").exists());
}

#[test]
fn secrets_of_url_header_page_and_labels_are_nowhere() {
    let server = pages(|n, stream| {
        // The second page tells what a word of the first one is.
        let more = if n == 0 { "" } else { "info{hostname=\"kvnode7-planted\"} 1\n" };
        let seen = "info_x{note=\"kvnode7-planted is up\"} 1\n";
        let salt = "lmcache_mp_lookups_requests_total{cache_salt=\"planted-tenant\"} 3\n";
        let token = "y{authorization=\"Bearer planted0123456789abcdef\"} 1\n";
        text(stream, &format!("{}{seen}{salt}{token}{more}", mp(10, 5, 7)));
    });
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("p");
    let url =
        format!("{}/metrics?key=planted-query", server.url.replace("://", "://me:planted-word@"));
    let args = [
        "--header",
        "x-scope: planted-header",
        "--keep-raw-samples",
        "--label-job-id",
        "hf_plantedplantedplantedplantedplanted",
    ];
    let done = collect(&out, "lmcache", &url, &args);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let sent = server.requests.lock().unwrap().join("\n");
    assert!(sent.contains("planted-header") && sent.contains("?key=planted-query"), "{sent}");
    assert!(sent.to_lowercase().contains("authorization: basic "), "{sent}");
    assert_clean(&out, &["planted"]);
    assert!(!format!("{}{}", done.stdout, done.stderr).contains("planted"));
}

#[test]
fn a_hung_endpoint_costs_its_own_slots_and_shifts_nothing() {
    let hung = pages(|_, stream| drop(stream.read(&mut [0; 1])));
    let engine = pages(|n, stream| text(stream, &mp(10 + u32::try_from(n).unwrap(), 5, 7)));
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("p");
    let done = run(&[
        "collect-metrics",
        "--engine",
        "vllm",
        "--engine-metrics-url",
        &engine.url,
        "--lmcache-metrics-url",
        &hung.url,
        "--duration-seconds",
        "1.2",
        "--interval-seconds",
        "0.3",
        "--timeout-seconds",
        "0.7",
        "--output-dir",
        out.to_str().unwrap(),
    ]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let summary = json(&out.join("metrics_summary.json"));
    assert_eq!((&summary["planned_samples"], &summary["sample_count"]), (&4.into(), &4.into()));
    let failed = summary["sources"][1]["failed_samples"].as_array().unwrap();
    let codes: Vec<&str> = failed.iter().map(|f| f["scrape_error"].as_str().unwrap()).collect();
    assert_eq!(codes.len(), 4, "{codes:?}");
    assert!(codes.contains(&"timeout") && codes.contains(&"missed_slot"), "{codes:?}");
    // The engine's samples were not held up: each within its own slot.
    let timeline = rows(&out, "engine_metrics_timeline.jsonl");
    assert_eq!(row(&timeline, 3, "queue")["scrape_error"], "");
    let scrapes = summary["targets"][0]["scrapes"].as_array().unwrap();
    let at = |i: usize| scrapes[i]["at"].as_f64().unwrap();
    assert!((at(3) - at(0) - 0.9).abs() < 0.3, "{scrapes:?}");
}

#[cfg(unix)]
#[test]
fn a_signal_keeps_what_is_there() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let server = pages(|n, stream| match n {
            0..3 => text(stream, &mp(10, 5, 7)),
            // The stop does not wait for an answer that does not come.
            _ => drop(stream.read(&mut [0; 1])),
        });
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("p");
        let args = [
            "collect-metrics",
            "--engine",
            "lmcache",
            "--endpoint",
            &server.url,
            "--samples",
            "10000",
            "--interval-seconds",
            "0.05",
            "--timeout-seconds",
            "600",
            "--output-dir",
            out.to_str().unwrap(),
        ];
        let mut child = command(&args).stdout(std::process::Stdio::null()).spawn().unwrap();
        while server.lines().len() < 4 {
            std::thread::park_timeout(Duration::from_millis(5));
        }
        let id = child.id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert_eq!(manifest(&out)["partial"], true);
        let partial = json(&out.join("partial_results.json"));
        assert_eq!(partial["schema_version"], "inferguard-partial-results/v1");
        assert_eq!(
            (&partial["sample_count"], &partial["planned_samples"]),
            (&3.into(), &10_000.into())
        );
        assert_eq!(json(&out.join("metrics_summary.json"))["sample_count"], 3);
        assert_eq!(rows(&out, "engine_metrics_timeline.jsonl").len(), 18);
        let report = run(&["check", out.to_str().unwrap(), "--json"]).json();
        assert_eq!(report["targets"][0]["scrapes"].as_array().unwrap().len(), 3);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left over");
    }
}

#[test]
fn usage() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("p");
    let url = "http://127.0.0.1:1";
    for bad in [
        &["--samples", "0"][..],
        &["--samples", "2", "--duration-seconds", "3"],
        &["--interval-seconds", "0"],
        &["--interval-seconds", "1e300"],
        &["--duration-seconds", "1e9", "--interval-seconds", "0.001"],
    ] {
        assert_eq!(collect(&out, "vllm", url, bad).code, Some(2), "{bad:?}");
    }
    assert_eq!(collect(&out, "tgi", url, &[]).code, Some(2));
    assert!(!out.exists());
}
