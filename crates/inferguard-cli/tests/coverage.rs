//! `observability-coverage`: renderings, headlines, gaps, policy, and the tracker's commands.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::collections::BTreeSet;
use std::path::PathBuf;

const MP: &str = "fixtures/packets/vllm-0.32.0-lmcache-0.5.6-mp";
const PLAIN: &str = "fixtures/packets/vllm-0.32.0-plain";
const SGLANG: &str = "fixtures/packets/sglang-0.5.23-lmcache-0.5.6-mp";
const EMBEDDED: &str = "fixtures/packets/vllm-0.32.0-lmcache-0.5.6-embedded-shim-seed";
const NO_SEED: &str = "fixtures/packets/vllm-0.32.0-lmcache-0.5.6-embedded-shim-noseed";
const NOT_ATTACHED: &str = "fixtures/packets/vllm-0.32.0-lmcache-0.5.6-mp-not-attached";
const LMCACHE: &str = "fixtures/packets/lmcache-0.5.6-l1-prefix-replay";
const OFFLOAD: &str = "fixtures/packets/vllm-0.32.0-native-offload-cpu";

fn report(args: &[&str]) -> serde_json::Value {
    let mut all = vec!["observability-coverage"];
    all.extend(args);
    all.push("--json");
    let run = common::run(&all);
    assert_eq!(run.code, Some(0), "{args:?}: {}", run.stderr);
    run.json()
}

fn gaps(report: &serde_json::Value) -> Vec<String> {
    let list = report["coverage_gaps"].as_array().unwrap();
    list.iter()
        .map(|g| {
            assert!(!g["close"].as_str().unwrap().is_empty(), "{g}");
            assert!(!g["because"].as_str().unwrap().is_empty(), "{g}");
            format!("{}/{}", g["surface"].as_str().unwrap(), g["family"].as_str().unwrap())
        })
        .collect()
}

#[test]
fn screens_read_well_in_80_columns() {
    for (name, target) in [
        ("mp", MP),
        ("plain", PLAIN),
        ("sglang", SGLANG),
        ("no-seed", NO_SEED),
        ("not-attached", NOT_ATTACHED),
        ("lmcache-only", LMCACHE),
        ("offload", OFFLOAD),
    ] {
        let run = common::run(&["observability-coverage", target]);
        assert_eq!(run.code, Some(0), "{name}: {}", run.stderr);
        for line in run.stdout.lines() {
            assert!(line.chars().count() <= 80, "{name}: {line}");
            assert!(!line.contains('\u{1b}'), "{name}: colour in a pipe");
        }
        insta::assert_snapshot!(format!("screen-{name}"), run.stdout);
    }
}

#[test]
fn markdown_is_a_rendering_of_the_same_report() {
    let run = common::run(&["observability-coverage", MP, "--format", "markdown"]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    insta::assert_snapshot!("markdown-mp", run.stdout);
    let json = common::run(&["observability-coverage", MP, "--format", "json"]).json();
    let headline = json["headline"].as_str().unwrap();
    assert!(run.stdout.contains(headline), "{headline}");
    assert_eq!(json, report(&[MP]));
}

#[test]
fn every_state_has_a_headline_of_its_own() {
    let states = [
        ("vllm-0.32.0-lmcache-0.5.6-mp-no-server", "no LMCache server answers"),
        ("vllm-0.32.0-lmcache-0.5.6-mp-server-kill", "went away and came back empty"),
        ("vllm-0.32.0-lmcache-0.5.6-stale-connector", "an older engine's: LMCacheConnector"),
        ("vllm-0.32.0-lmcache-0.5.6-mp-transfer-mode-mismatch", "the server refuses"),
        ("vllm-0.32.0-lmcache-0.5.6-embedded-shim-seed", "25 % came from LMCache"),
        ("vllm-0.32.0-lmcache-0.5.6-embedded-shim-noseed", "LMCache never finds"),
        ("vllm-0.32.0-lmcache-0.5.6-mp-not-attached", "its traffic never reaches LMCache"),
        ("vllm-0.32.0-plain", "An engine without LMCache."),
    ];
    let mut seen = BTreeSet::new();
    for (packet, says) in states {
        let headline = report(&[&format!("fixtures/packets/{packet}")])["headline"].clone();
        let headline = headline.as_str().unwrap().to_owned();
        assert!(headline.contains(says), "{packet}: {headline}");
        assert!(seen.insert(headline.clone()), "{packet}: {headline} is not its own");
    }
}

#[test]
fn what_nobody_gave_or_configured_is_no_gap() {
    // An engine without LMCache has no gap of LMCache, and misses nothing.
    let plain = report(&[PLAIN]);
    assert_eq!(gaps(&plain), Vec::<String>::new());
    // LMCache alone has no gap of an engine.
    assert_eq!(gaps(&report(&[LMCACHE])), Vec::<String>::new());
    for (target, prefix) in [(PLAIN, "lmcache"), (LMCACHE, "vllm"), (LMCACHE, "sglang")] {
        let report = report(&[target]);
        let families = report["lmcache_compat"]["families"].as_array().unwrap();
        for row in families.iter().filter(|f| f["surface"].as_str().unwrap().starts_with(prefix)) {
            let status = row["status"].as_str().unwrap();
            assert!(
                matches!(
                    status,
                    "unknown" | "not_applicable" | "populated" | "zero" | "not_emitted"
                ),
                "{target}: {row}"
            );
            assert!(status != "missing");
        }
    }
    // An engine that was not given is unknown, the other one is not applicable.
    let engine = |report: &serde_json::Value, surface: &str| {
        let rows = report["families"].as_array().unwrap().clone();
        rows.iter()
            .filter(|f| f["surface"] == surface)
            .map(|f| f["status"].as_str().unwrap().to_owned())
            .collect::<BTreeSet<_>>()
    };
    let alone = report(&[LMCACHE]);
    for surface in ["vllm", "sglang"] {
        assert_eq!(engine(&alone, surface), BTreeSet::from(["unknown".to_owned()]), "{surface}");
    }
    assert_eq!(engine(&plain, "sglang"), BTreeSet::from(["not_applicable".to_owned()]));
}

#[test]
fn what_is_declared_and_does_not_show_is_a_gap() {
    let external = report(&[PLAIN, "--external-cache-configured"]);
    assert!(gaps(&external).contains(&"vllm/external_prefix_cache".to_owned()));
    let offload = report(&[PLAIN, "--cpu-offload-configured"]);
    assert_eq!(gaps(&offload), ["vllm/cpu_offload"]);
    let sglang = report(&[LMCACHE, "--expected-engine", "sglang"]);
    assert_eq!(gaps(&sglang), ["sglang/*"]);
    let attached = report(&[NOT_ATTACHED]);
    assert_eq!(gaps(&attached), ["lmcache_mp/*"]);
    assert!(
        attached["coverage_gaps"][0]["close"].as_str().unwrap().contains("--kv-transfer-config")
    );
}

#[test]
fn policies_end_with_their_codes() {
    let code = |args: &[&str]| {
        let mut all = vec!["observability-coverage"];
        all.extend(args);
        common::run(&all).code
    };
    for (target, policy, want) in [
        (MP, "gaps", 0),
        (MP, "mismatch", 0),
        (PLAIN, "gaps", 0),
        (PLAIN, "mismatch", 0),
        (NOT_ATTACHED, "never", 0),
        (NOT_ATTACHED, "gaps", 1),
        (NOT_ATTACHED, "mismatch", 1),
        (NO_SEED, "mismatch", 1),
        (EMBEDDED, "mismatch", 0),
    ] {
        assert_eq!(code(&[target, "--fail-on", policy]), Some(want), "{target} {policy}");
    }
    let other = [MP, "--fail-on", "mismatch", "--expect-lmcache-mode", "embedded"];
    assert_eq!(code(&other), Some(1));
    assert_eq!(code(&[PLAIN, "--fail-on", "mismatch", "--expected-engine", "sglang"]), Some(1));
    assert_eq!(code(&[]), Some(2));
    assert_eq!(code(&["no/such/file"]), Some(3));
    assert_eq!(code(&[MP, "--expected-engine", "trt"]), Some(2));
}

#[test]
fn an_absent_number_is_never_zero() {
    let mp = report(&[MP]);
    let offload = &mp["kv_cache_offload"];
    assert_eq!(offload["schema_version"], "inferguard-kv-cache-offload/v1");
    for (part, key) in [
        ("vllm_native_cpu_offload", "gpu_to_cpu_bytes"),
        ("vllm_native_cpu_offload", "simple_cpu_offload_used_blocks"),
        ("lmcache_mp_l0_l1_kv_transfer", "gpu_to_cpu_store_throughput_gbs"),
        ("lmcache_embedded_kv_transfer", "cpu_to_gpu_seconds"),
    ] {
        assert!(offload[part][key].is_null(), "{part}.{key}");
    }
    // Driven by hand: what the manifest of the packet says was moved.
    let native = report(&[OFFLOAD])["kv_cache_offload"]["vllm_native_cpu_offload"].clone();
    assert_eq!(native["status"], "populated");
    assert!(native["gpu_to_cpu_bytes"].as_f64().unwrap() > 0.0, "{native}");
    let embedded = report(&[EMBEDDED])["kv_cache_offload"]["lmcache_embedded_kv_transfer"].clone();
    assert_eq!(embedded["status"], "populated");
    assert!(embedded["cpu_to_gpu_seconds"].as_f64().unwrap() > 0.0);
}

#[test]
fn money_is_only_given_with_all_its_factors() {
    let with = report(&[MP, "--gpu-hour-usd", "2.5", "--gpus", "4"]);
    let worth = &with["bridge"]["worth"];
    let money = &worth["money"];
    let saved = worth["prefill_seconds_saved"].as_f64().unwrap();
    let factor = |name: &str| {
        let list = worth["factors"].as_array().unwrap();
        list.iter().find(|f| f["name"] == name).unwrap()["value"].as_f64().unwrap()
    };
    let want = saved / factor("requests") * 1000.0 / 3600.0 * 2.5 * 4.0;
    assert!((money["saved_usd_per_1000_requests"].as_f64().unwrap() - want).abs() < 1e-9);
    assert!(money["usd_per_useful_task"].is_null());
    assert_eq!(money["missing"], serde_json::json!(["--useful-tasks"]));
    let without = report(&[MP]);
    assert!(without["bridge"]["worth"]["money"].is_null());
    // Without an engine nothing measures prefill: no saving, and the reason.
    let alone = report(&[LMCACHE, "--gpu-hour-usd", "2.5", "--gpus", "4"]);
    let money = &alone["bridge"]["worth"]["money"];
    assert!(money["saved_usd_per_hour"].is_null(), "{money}");
    let missing = money["missing"].to_string();
    assert!(missing.contains("prefill seconds saved"), "{missing}");
}

/// Requests that the engine served without a cache beside those with one: each figure is counted
/// from the two logs here, independently of the parser.
#[test]
fn requests_of_before_stand_beside_those_of_now() {
    let before = format!("{PLAIN}/requests.jsonl");
    let told = report(&[MP, "--requests-before", &before]);
    let compared = &told["bridge"]["worth"]["ttft_before"];
    for (key, dir) in [("before", PLAIN), ("now", MP)] {
        let path = common::root().join(dir).join("requests.jsonl");
        let times: Vec<f64> = std::fs::read_to_string(path)
            .unwrap()
            .lines()
            .filter_map(|l| {
                serde_json::from_str::<serde_json::Value>(l).unwrap()["ttft_s"].as_f64()
            })
            .collect();
        assert!(times.len() > 8, "{dir}");
        assert_eq!(compared[key]["requests"], times.len(), "{key}");
        let mean = times.iter().sum::<f64>() / times.len() as f64;
        assert!((compared[key]["mean"].as_f64().unwrap() - mean).abs() < 1e-9, "{key}");
    }
    let change =
        compared["now"]["mean"].as_f64().unwrap() - compared["before"]["mean"].as_f64().unwrap();
    assert!((compared["change_seconds"].as_f64().unwrap() - change).abs() < 1e-9);
    assert!(told["bridge"]["worth"]["ttft_by_group"].as_array().unwrap().len() > 2);
    // Without the flag nothing is compared, and a log without times is refused.
    assert!(report(&[MP])["bridge"]["worth"].get("ttft_before").is_none());
    let none = format!("{LMCACHE}/fixture.json");
    let run = common::run(&["observability-coverage", MP, "--requests-before", &none]);
    assert_eq!(run.code, Some(3), "{}", run.stderr);
    assert!(run.stderr.contains("no request there has a time"), "{}", run.stderr);
}

/// SGLang measures its prefill as well: 28,368 tokens were computed in the windows without loads.
#[test]
fn worth_of_an_sglang_engine() {
    let told = report(&[SGLANG]);
    let worth = &told["bridge"]["worth"];
    let factor = |name: &str| {
        let all = worth["factors"].as_array().unwrap();
        all.iter().find(|f| f["name"] == name).unwrap().clone()
    };
    let rate = factor("prefill_seconds_per_token");
    assert_eq!(rate["claim"], "measured", "{rate}");
    assert!(rate["how"].as_str().unwrap().contains("prefill_forward"), "{rate}");
    let external = factor("external_tokens")["value"].as_f64().unwrap();
    let avoided = worth["prefill_seconds_avoided"].as_f64().unwrap();
    assert!((avoided - external * rate["value"].as_f64().unwrap()).abs() < 1e-9);
}

#[test]
fn connectors_and_graph() {
    let mp = report(&[MP]);
    assert_eq!(mp["connectors"][0]["name"], "LMCacheMPConnector");
    assert_eq!(mp["connectors"][0]["currency"], "current");
    assert_eq!(mp["connectors"][0]["exports_series"], true);
    let edge = &mp["process_graph"]["edges"][0];
    assert_eq!((edge["from"].as_str(), edge["to"].as_str()), (Some("vllm"), Some("lmcache")));
    assert_eq!(edge["claim"], "measured");
    // Nothing names one: none is made up.
    assert_eq!(report(&[PLAIN])["connectors"], serde_json::json!([]));
    let stale = report(&["fixtures/packets/vllm-0.32.0-lmcache-0.5.6-stale-connector"]);
    let currency = |name: &str| {
        let list = stale["connectors"].as_array().unwrap();
        list.iter().find(|c| c["name"] == name).unwrap()["currency"].clone()
    };
    assert_eq!(currency("LMCacheConnector"), "stale");
    assert_eq!(currency("LMCacheConnectorV2"), "unknown_name");
    let sglang = report(&[SGLANG]);
    assert_eq!(sglang["connectors"][0]["name"], "UnifiedLMCacheMPConnector");
    assert_eq!(sglang["connectors"][0]["currency"], "current");
}

/// A packet as the tracker lays it out: pages by name in one directory.
struct Packet(PathBuf);

impl Packet {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("ig-coverage-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    fn put(&self, name: &str, fixture: &str) -> String {
        let to = self.path(name);
        std::fs::copy(common::root().join("fixtures/packets").join(fixture), &to).unwrap();
        to
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Packet {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Every command line that the tracker writes for this report, on captured pages.
#[test]
fn the_trackers_commands_stand_as_they_are_written() {
    let packet = Packet::new("tracker");
    let mp = "vllm-0.32.0-lmcache-0.5.6-mp";
    let embedded = "vllm-0.32.0-lmcache-0.5.6-embedded-shim-seed";
    let sglang = "sglang-0.5.23-lmcache-0.5.6-mp";
    let vllm = packet.put("vllm.prom", &format!("{mp}/vllm/metrics/14-idle.prom"));
    let engine = packet.put("engine.prom", &format!("{mp}/vllm/metrics/14-idle.prom"));
    let lmcache = packet.put("lmcache.prom", &format!("{mp}/lmcache/metrics/14-idle.prom"));
    let inside = packet
        .put("vllm_embedded.prom", &format!("{embedded}/lmcache-worker0/metrics/08-burst.prom"));
    let sgl =
        packet.put("sglang_lmcache.prom", &format!("{sglang}/sglang/metrics/10-burst-after.prom"));
    let l2 = packet.put("lmcache_l2.prom", "lmcache-0.5.6-l2-fs/lmcache-0.prom");
    let out = |name: &str| packet.path(name);
    let lines: Vec<(Vec<String>, String, &str)> = vec![
        (
            vec![
                "--engine-metrics-file".into(),
                engine.clone(),
                "--lmcache-metrics-file".into(),
                lmcache.clone(),
            ],
            out("mode_coverage.json"),
            "mp",
        ),
        (
            vec![
                "--engine-metrics-file".into(),
                inside,
                "--expect-lmcache-mode".into(),
                "embedded".into(),
            ],
            out("vllm_embedded_coverage.json"),
            "embedded",
        ),
        (
            vec![
                "--engine-metrics-file".into(),
                engine,
                "--lmcache-metrics-file".into(),
                lmcache.clone(),
                "--expect-lmcache-mode".into(),
                "auto".into(),
            ],
            out("cache_backend_coverage.json"),
            "mp",
        ),
        (
            vec![
                "--engine-metrics-file".into(),
                vllm.clone(),
                "--lmcache-metrics-file".into(),
                lmcache.clone(),
                "--external-cache-configured".into(),
            ],
            out("vllm_mp_coverage.json"),
            "mp",
        ),
        (
            vec![
                "--engine-metrics-file".into(),
                sgl,
                "--expected-engine".into(),
                "sglang".into(),
                "--expect-lmcache-mode".into(),
                "embedded".into(),
            ],
            out("sglang_lmcache_coverage.json"),
            "mp",
        ),
        (
            vec![
                "--lmcache-metrics-file".into(),
                l2,
                "--l2-configured".into(),
                "--expect-lmcache-mode".into(),
                "mp".into(),
            ],
            out("l2_throughput_coverage.json"),
            "mp",
        ),
    ];
    for (mut args, output, mode) in lines {
        args.insert(0, "observability-coverage".into());
        args.extend(["--output".into(), output.clone()]);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let run = common::run(&args);
        assert_eq!(run.code, Some(0), "{args:?}: {}", run.stderr);
        let written: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(&output).unwrap()).unwrap();
        assert_eq!(written["schema_version"], "inferguard-observability-coverage/v1");
        assert_eq!(written["detected_lmcache_mode"], mode, "{args:?}");
        let last = run.stdout.lines().last().unwrap();
        assert!(last.starts_with("detected_engines="), "{last}");
    }
    // All evidence files beside the pages, as after `collect-lmcache`.
    let collected = packet.path("lmcache-packet");
    let trace = format!("fixtures/packets/{mp}/lmcache/trace.lct");
    let lookup = format!("fixtures/packets/{mp}/lmcache/lookup");
    let status = format!("fixtures/packets/{mp}/lmcache/http/loaded/status");
    let log = format!("fixtures/packets/{mp}/lmcache/server.log");
    let mut collect = vec![
        "collect-lmcache",
        "--output-dir",
        &collected,
        "--lmcache-metrics-file",
        &lmcache,
        "--lmcache-status-file",
        &status,
        "--lmcache-log-file",
        &log,
        "--lmcache-lookup-hash-path",
        &lookup,
    ];
    if common::root().join(&trace).exists() {
        collect.extend(["--lmcache-trace-file", trace.as_str()]);
    }
    let run = common::run(&collect);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let file = |name: &str| format!("{collected}/{name}");
    let (http, logs) = (file("lmcache_http_evidence.json"), file("lmcache_log_evidence.json"));
    let hashes = file("lmcache_lookup_hash_evidence.json");
    let run = common::run(&[
        "observability-coverage",
        "--engine-metrics-file",
        &vllm,
        "--lmcache-metrics-file",
        &lmcache,
        "--lmcache-http-evidence-file",
        &http,
        "--lmcache-log-evidence-file",
        &logs,
        "--lmcache-lookup-hash-evidence-file",
        &hashes,
        "--expected-engine",
        "vllm",
        "--expect-lmcache-mode",
        "mp",
        "--json",
    ]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let report = run.json();
    assert_eq!(report["detected_engines"], serde_json::json!(["vllm"]));
    assert_eq!(report["bridge"]["chunk_size"]["value"], 256);
    let total = &report["bridge"]["total"]["tokens"];
    assert_eq!(total["hits"]["value"], 57_344.0);
    assert_eq!(total["external"]["value"], 19_968.0);
    assert_eq!(report["bridge"]["mismatches"], serde_json::json!([]));
}

#[test]
fn the_same_evidence_gives_the_same_bytes() {
    for target in [MP, SGLANG, NOT_ATTACHED] {
        let args = ["observability-coverage", target, "--json"];
        assert_eq!(common::run(&args).stdout, common::run(&args).stdout, "{target}");
    }
}

/// Connectors as launch lines and logs name them.
#[test]
fn connectors_by_what_names_them() {
    let currency = |files: &[(&str, &str)]| {
        let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
        let packet = Packet::new(&names.join("-"));
        for (name, text) in files {
            std::fs::write(packet.0.join(name), text).unwrap();
        }
        let report = report(&[packet.0.to_str().unwrap()]);
        let rows = report["connectors"].as_array().unwrap().clone();
        rows.iter()
            .map(|c| format!("{} {}", c["name"].as_str().unwrap(), c["currency"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    let launch = |config: &str| format!("vllm serve m --kv-transfer-config '{config}'\n");
    let dynamic = launch(
        r#"{"kv_connector":"LMCacheConnectorV1Dynamic","kv_role":"kv_both","kv_connector_module_path":"lmcache.integration.vllm.lmcache_connector_v1"}"#,
    );
    assert_eq!(currency(&[("vllm.sh", &dynamic)]), ["LMCacheConnectorV1Dynamic dynamic"]);
    let embedded = launch(r#"{"kv_connector":"LMCacheConnectorV1","kv_role":"kv_both"}"#);
    assert_eq!(currency(&[("vllm.sh", &embedded)]), ["LMCacheConnectorV1 current"]);
    let server = "lmcache server --host 0.0.0.0 --port 5555 --l1-size-gb 4\n";
    assert_eq!(
        currency(&[("vllm.sh", &embedded), ("lmcache.sh", server)]),
        ["LMCacheConnectorV1 wrong_mode"]
    );
    let nixl = launch(r#"{"kv_connector":"NixlConnector","kv_role":"kv_both"}"#);
    assert_eq!(currency(&[("vllm.sh", &nixl)]), ["NixlConnector not_lmcache"]);
    let stale = launch(r#"{"kv_connector":"LMCacheConnector","kv_role":"kv_both"}"#);
    assert_eq!(currency(&[("vllm.sh", &stale)]), ["LMCacheConnector stale"]);
}

/// Both generations of vLLM's names on one page count the same transfers.
#[test]
fn generations_of_offload_names_are_not_added_up() {
    let native = |page: &str| {
        let run = common::run_with(&["observability-coverage", "-", "--json"], page.as_bytes());
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        run.json()["kv_cache_offload"]["vllm_native_cpu_offload"].clone()
    };
    let old = "vllm:kv_offload_total_bytes_total{transfer_type=\"GPU_to_CPU\"} 4e9\n\
               vllm:kv_offload_total_bytes_total{transfer_type=\"CPU_to_GPU\"} 2e9\n\
               vllm:kv_offload_total_time_total{transfer_type=\"GPU_to_CPU\"} 2\n\
               vllm:kv_offload_total_time_total{transfer_type=\"CPU_to_GPU\"} 4\n";
    let told = native(old);
    assert_eq!(told["gpu_to_cpu_gbs"], 2.0);
    assert_eq!(told["cpu_to_gpu_gbs"], 0.5);
    let both =
        format!("{old}vllm:kv_offload_store_bytes_total 4e9\nvllm:kv_offload_store_time_total 2\n");
    assert_eq!(native(&both)["gpu_to_cpu_bytes"], 4e9);
    // The names before 0.32.0 of the simple pool, which no examined release has any more.
    let simple = native("vllm:simple_cpu_offload_used_blocks 7\nvllm:prompt_tokens_total 0\n");
    assert_eq!(simple["simple_cpu_offload_used_blocks"], 7.0);
    assert!(simple["gpu_to_cpu_bytes"].is_null());
}
