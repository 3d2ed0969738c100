//! Facts of hosts, clusters, scrapers and loads.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::any;
use lmcache_launch::environment::metric_names;
use lmcache_launch::{BoundaryClaim, Kind};

#[test]
fn hosts() {
    let e = any(Kind::Meminfo, "m", "MemTotal:  100 kB\nMemAvailable: 50 kB\nHugePages_Free: 3\n");
    assert_eq!(e.environment.host("memory.total_bytes").unwrap(), 102_400);
    assert_eq!(e.environment.host("hugepages.free").unwrap(), 3);
    let free = "              total        used        free      shared  buff/cache   available\nMem:           10Gi        1Gi         2Gi        3Mi         7Gi         8Gi\n";
    let e = any(Kind::Meminfo, "free.txt", free);
    assert_eq!(e.environment.host("memory.available_bytes").unwrap(), 8_u64 << 30);
    let limits = "Limit                     Soft Limit           Hard Limit           Units\nMax locked memory         8388608              unlimited            bytes\nMax open files            1024                 4096                 files\n";
    let e = any(Kind::Limits, "limits", limits);
    assert_eq!(
        (e.environment.limits[0].soft, e.environment.limits[0].hard),
        (Some(8_388_608), None)
    );
    let ulimit = "max locked memory           (kbytes, -l) 64\nopen files                          (-n) 1024\nstack size                  (kbytes, -s) unlimited\n";
    let e = any(Kind::Limits, "ulimit.txt", ulimit);
    assert_eq!(e.environment.limits[0].soft, Some(65_536));
    assert_eq!(e.environment.limits[2].soft, None);
    let df = "Filesystem     1K-blocks     Used Available Use% Mounted on\nshm                65536        0     65536   0% /dev/shm\n/dev/very-long-name\n                 100 50 50 50% /cache\n";
    let e = any(Kind::Df, "df.txt", df);
    assert_eq!(e.environment.disks[0].total_bytes, 64 << 20);
    assert_eq!(e.environment.disks[1].mount, "/cache");
    let df = "Filesystem      Size  Used Avail Use% Mounted on\ntmpfs            64M     0   64M   0% /dev/shm\n";
    assert_eq!(any(Kind::Df, "df", df).environment.disks[0].total_bytes, 64 << 20);
    let host =
        "/sys/fs/cgroup/memory.max: 1073741824\n/sys/fs/cgroup/memory.current: 1000\noom_kill 2\n";
    let e = any(Kind::HostText, "cgroup.txt", host);
    assert_eq!(e.environment.host("cgroup.memory_max_bytes").unwrap(), 1_073_741_824);
    assert_eq!(e.environment.host("cgroup.oom_kills").unwrap(), 2);
    let dmesg = "[  12.345678] Memory cgroup out of memory: Killed process 9 (python3) total-vm:1kB, anon-rss:20kB, file-rss:1kB\n[  13.345678] NVRM: Xid (PCI:0000:01:00): 31, pid=9\n[  14.000000] usb 1-1: new device\n";
    let e = any(Kind::KernelLog, "dmesg", dmesg);
    let codes: Vec<_> = e.environment.kernel.iter().map(|k| k.code.as_str()).collect();
    assert_eq!(codes, ["oom-kill", "gpu-xid"]);
    assert_eq!(e.environment.kernel[0].rss_bytes, Some(20_480));
}

#[test]
fn sockets_of_both_tools() {
    let ss = "State   Recv-Q  Send-Q  Local Address:Port  Peer Address:Port Process\nLISTEN  0 128 127.0.0.1:5555 0.0.0.0:* users:((\"lmcache\",pid=7,fd=3))\nSYN-SENT 0 1 10.0.0.1:4000 10.0.0.2:5555\n";
    let e = any(Kind::Sockets, "ss.txt", ss);
    let s = &e.environment.sockets;
    assert_eq!(
        (s[0].local.as_str(), s[0].local_port, s[0].process.as_deref()),
        ("127.0.0.1", Some(5555), Some("lmcache"))
    );
    assert_eq!((s[1].state.as_str(), s[1].peer_port), ("SYN-SENT", Some(5555)));
    let netstat = "Active Internet connections (servers and established)\nProto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name\ntcp        0      0 0.0.0.0:8080            0.0.0.0:*               LISTEN      12/python3\ntcp6       0      0 :::9090                 :::*                    LISTEN      -\n";
    let e = any(Kind::Sockets, "netstat.txt", netstat);
    assert_eq!(e.environment.sockets[0].process.as_deref(), Some("python3"));
    assert_eq!(e.environment.sockets[1].local_port, Some(9090));
}

#[test]
fn clusters() {
    let pod = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"hostIPC":true,"volumes":[{"name":"shm","emptyDir":{"medium":"Memory","sizeLimit":"2Gi"}}],"containers":[{"name":"c","resources":{"limits":{"memory":"4Gi","nvidia.com/gpu":"1"}}}]},"status":{"phase":"Failed","reason":"Evicted","containerStatuses":[{"name":"c","restartCount":3,"lastState":{"terminated":{"reason":"OOMKilled","exitCode":137}},"state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}}"#;
    let e = any(Kind::Kubernetes, "pod.json", pod);
    let p = &e.environment.pods[0];
    let c = &p.containers[0];
    assert_eq!((p.host_ipc, p.reason.as_deref()), (Some(true), Some("Evicted")));
    assert_eq!(
        (c.last_state.as_deref(), c.restarts, c.last_exit_code),
        (Some("OOMKilled"), Some(3), Some(137))
    );
    assert_eq!(c.state.as_deref(), Some("CrashLoopBackOff"));
    assert!((c.limits["memory"] - 4_294_967_296.0).abs() < 1.0);
    assert_eq!(p.volumes["shm"]["sizeLimit"], 2_147_483_648.0);
    let describe = "Name:         p\nNamespace:    d\nNode:         n1/10.0.0.1\nStatus:       Running\nContainers:\n  engine:\n    Image:          vllm/vllm-openai:v0.11.0\n    Args:\n      --model\n      org/m\n      --tensor-parallel-size\n      2\n    State:          Waiting\n      Reason:       CrashLoopBackOff\n    Last State:     Terminated\n      Reason:       OOMKilled\n      Exit Code:    137\n    Ready:          False\n    Restart Count:  4\n    Limits:\n      memory:  4Gi\n    Environment:\n      PYTHONHASHSEED:  0\n      HF_TOKEN:        <set to the key 'token' in secret 'hf'>  Optional: false\n    Mounts:\n      /dev/shm from shm (rw)\nEvents:\n  Type     Reason     Age                From     Message\n  ----     ------     ----               ----     -------\n  Warning  BackOff    2m (x12 over 10m)  kubelet  Back-off restarting failed container\n";
    let e = any(Kind::Describe, "describe.txt", describe);
    assert_eq!(e.setting("tensor_parallel").unwrap().as_u64(), Some(2));
    assert_eq!(e.environment.pods[0].containers[0].last_state.as_deref(), Some("OOMKilled"));
    assert_eq!(e.environment.events[0].count, 12);
    assert_eq!(e.environment.pods[0].containers[0].mounts["/dev/shm"], "shm");
    let get = "NAME     READY   STATUS    RESTARTS      AGE\nvllm-0   0/1     OOMKilled   7 (3m ago)    1h\n";
    let e = any(Kind::KubectlGet, "pods.txt", get);
    assert_eq!(e.environment.pods[0].containers[0].restarts, Some(7));
    let events = r#"{"kind":"List","items":[{"kind":"Event","type":"Warning","reason":"FailedScheduling","message":"0/4 nodes are available: 4 Insufficient nvidia.com/gpu.","count":3,"involvedObject":{"kind":"Pod","name":"p"}}]}"#;
    let e = any(Kind::EventsJson, "events.json", events);
    assert_eq!(
        e.environment.events[0].resource.as_deref(),
        Some("nvidia"),
        "{:?}",
        e.environment.events
    );
}

#[test]
fn scrapers() {
    let targets = r#"{"status":"success","data":{"activeTargets":[{"labels":{"job":"lmcache"},"scrapeUrl":"http://u:pass@h:8080/metrics","health":"down","lastError":"Get \"http://h:8080/metrics\": context deadline exceeded","lastScrapeDuration":5.0,"scrapeInterval":"5s","scrapeTimeout":"5s"}]}}"#;
    let e = any(Kind::PrometheusTargets, "targets.json", targets);
    let t = &e.environment.targets[0];
    assert_eq!(
        (t.up, t.error_code.as_deref(), t.timeout_seconds),
        (Some(false), Some("scrape-timeout"), Some(5.0))
    );
    assert!(!t.url.as_deref().unwrap().contains("pass"));
    let up = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"up","job":"v","instance":"h:1"},"value":[1,"0"]}]}}"#;
    assert_eq!(any(Kind::PrometheusTargets, "up.json", up).environment.targets[0].up, Some(false));
    let log = "ts=2026-01-01T00:00:00Z caller=scrape.go:1 level=warn component=\"scrape manager\" scrape_pool=l target=http://h/m msg=\"Append failed\" err=\"x: connection refused\"\n";
    let e = any(Kind::PrometheusLog, "prometheus.log", log);
    assert_eq!(e.environment.scraper_log[0].code, "connection-refused");
    let rules = "groups:\n  - name: g\n    rules:\n      - alert: A\n        expr: rate(lmcache_mp_x_total[5m]) > 1\n";
    let e = any(Kind::Rules, "rules.yml", rules);
    assert_eq!(e.environment.queried_metrics(), ["lmcache_mp_x_total"]);
    let grafana = r#"{"title":"d","panels":[{"title":"p","targets":[{"expr":"sum(a_total)","legendFormat":"x"}],"panels":[{"targets":[{"expr":"b"}]}]}],"templating":{"list":[{"name":"model","query":"label_values(c_info, model)"}]}}"#;
    let e = any(Kind::Dashboard, "dash.json", grafana);
    assert_eq!(e.environment.queried_metrics(), ["a_total", "b", "c_info"]);
}

#[test]
fn names_in_promql() {
    let cases: [(&str, &[&str]); 14] = [
        ("a:b", &["a:b"]),
        (
            "sum by (x, y) (rate(m_total{l=\"v\", k=~\"a|b\"}[5m])) / on (z) group_left (q) n",
            &["m_total", "n"],
        ),
        ("sum(rate(m[$__rate_interval])) by (pod)", &["m"]),
        (
            "histogram_quantile(0.99, sum(rate(h_bucket[5m] offset -1h)) without (pod))",
            &["h_bucket"],
        ),
        ("{__name__=\"x_total\", a=\"b\"}", &["x_total"]),
        ("{__name__=~\"x|y\"}", &["x", "y"]),
        ("{\"x.y\", a=\"b\"}", &["x.y"]),
        ("m{a=\"# not a comment\"} # sum(n)\n or k", &["m", "k"]),
        ("topk(5, m) and bool_thing unless up == bool 1", &["m", "bool_thing", "up"]),
        ("label_replace(m, \"a\", \"$1\", \"b\", \"(.*)\")", &["m"]),
        ("m{job=~\"$job\"} > ${limit} + [[old]]", &["m"]),
        ("1e3 * m - NaN + Inf + 0x1F + 5m", &["m"]),
        ("label_values(up, job)", &["up"]),
        ("m @ start() or avg_over_time(n[1h:5m])", &["m", "n"]),
    ];
    for (expr, want) in cases {
        assert_eq!(metric_names(expr).0, want, "{expr}");
    }
    assert_eq!(metric_names("{__name__=~\"lmcache_.*\"}").1, ["lmcache_.*"]);
}

#[test]
fn loads() {
    let csv = "request_id,prompt_tokens,cached_tokens,ttft_ms,cache_salt\na,100,0,50,\nb,100,80,10,s1\nc,100,x,,s2\n";
    let e = any(Kind::RequestsCsv, "requests.csv", csv);
    let r = &e.environment.requests[0];
    assert_eq!((r.requests, r.with_hits, r.salts, r.salted), (3, 1, 2, 2));
    assert!((r.ttft_hit.unwrap().p50 - 0.01).abs() < 1e-9);
    let bench = "============ Serving Benchmark Result ============\nSuccessful requests:                     100\nMean TTFT (ms):                          250.0\n";
    let e = any(Kind::BenchmarkText, "bench.txt", bench);
    assert_eq!(e.environment.workloads[0].number("ttft_mean_seconds"), Some(0.25));
    let json = r#"{"runs":[{"engine":"a","cold_ttft_s":5.0,"warm_ttft_s":0.2}]}"#;
    let e = any(Kind::Workload, "workload.json", json);
    assert_eq!(e.environment.workloads[0].runs[0]["warm_ttft_seconds"], 0.2);
    let bench = r#"{"num_prompts":10,"completed":9,"mean_ttft_ms":12.5,"request_throughput":2.0,"generated_texts":["a secret text"]}"#;
    let e = any(Kind::Workload, "bench.json", bench);
    assert!(!serde_json::to_string(&e).unwrap().contains("secret text"));
}

#[test]
fn boundary_events() {
    let loose = "{\"stage\":\"store\",\"event\":\"end\",\"num_tokens\":256,\"success\":true}\n{\"stage\":\"store\",\"event\":\"end\",\"num_tokens\":256,\"success\":true}\n";
    let e = any(Kind::Boundary, "boundary.jsonl", loose);
    assert_eq!(e.boundary[0].claim_status, BoundaryClaim::Measured);
    assert_eq!(e.boundary[0].event_counts["store.end"], 2);
    let schema = lmcache_launch::BOUNDARY_SCHEMA;
    let strict = format!(
        "{{\"schema_version\":\"{schema}\",\"stage\":\"store\",\"event\":\"x\"}}\n{{\"schema_version\":\"{schema}\",\"stage\":\"store\",\"inner\":{{\"token_ids\":[7771,7772]}}}}\n{{\"stage\":\"y\",\"event\":\"z\"}}\nnot json\n{{\"schema\":\"{schema}\"}}\n"
    );
    let e = common::reader().read(Kind::Boundary, None, strict.as_bytes()).unwrap();
    let b = &e.boundary[0];
    assert_eq!((b.row_count, b.accepted_count, b.rejected_count), (5, 1, 4));
    assert_eq!(b.claim_status, BoundaryClaim::Blocked);
    assert!(b.raw_tokens_recorded && !b.raw_block_ids_recorded);
    assert_eq!(b.failure_reasons.len(), 4);
    assert!(!serde_json::to_string(&e).unwrap().contains("7771"));
    let summary =
        r#"{"claim_status":"measured","row_count":3,"accepted_count":0,"stage_counts":{}}"#;
    let e = any(Kind::BoundarySummary, "b.json", summary);
    assert_eq!(e.boundary[0].claim_status, BoundaryClaim::Blocked);
}

#[test]
fn hosts_without_a_schema() {
    let e = any(Kind::HostText, "python.txt", "Python 3.12.3\n");
    assert_eq!(e.environment.host("python").unwrap(), "3.12.3");
    let json = r#"{"gpus": 8, "last_state": {"reason": "OOMKilled"}, "password": "hunter22x"}"#;
    let e = any(Kind::HostText, "pod-status.json", json);
    assert_eq!(e.environment.host("last_state.reason").unwrap(), "OOMKilled");
    assert!(!serde_json::to_string(&e).unwrap().contains("hunter22x"));
}
