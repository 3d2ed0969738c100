//! The host has less than was budgeted.

use crate::rules::prelude::*;
use crate::view::View;

const SHARE: Threshold = Threshold {
    name: "share_of_limit",
    unit: "ratio",
    default: 0.95,
    about: "Budget over limit from which it cannot be kept",
};

pub(crate) const RULE: Rule = Rule {
    code: "host_memory_limit",
    aliases: &[],
    title: "A limit of the host is below what LMCache was told to use",
    kind: Kind::Cause,
    cause: Some("host-memory-limit"),
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::Host, Need::Log],
    thresholds: &[&SHARE],
    releases: "",
    explanation: "max_local_cpu_size and max_local_disk_size count for each rank: with tensor \
        parallelism of 8 they are taken eight times. The kernel or Kubernetes then kills a \
        process; pinned memory needs the limit on locked memory, shared memory needs \
        /dev/shm, and a container needs its own limit above the pool.",
    confirm: "ranks x max_local_cpu_size against MemTotal and the container's limit; ranks x \
        max_local_disk_size against df; dmesg | grep -i oom; ulimit -l; df /dev/shm.",
    action: "Divide the budget by the number of ranks (LMCACHE_MAX_LOCAL_CPU_SIZE = memory / \
        ranks), leave room for the engine, and raise memlock and /dev/shm where they are \
        named.",
    false_positives: "A process that was killed for another reason (another container's memory) shows the \
        same kernel line: the arithmetic is shown beside it.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &["lmcache_log_tracebacks", "engine_start_failed"],
    related: &["l1-too-small", "pin-leak"],
    evaluate,
    example: Example {
        title: "Four ranks of 200 GB on a host of 768",
        files: &[
            File::text(
                "command.json",
                r#"{"argv": ["vllm", "serve", "m/m", "--kv-transfer-config", "{\"kv_connector\": \"LMCacheConnectorV1\", \"kv_role\": \"kv_both\"}", "--tensor-parallel-size", "4"], "env": {"LMCACHE_MAX_LOCAL_CPU_SIZE": "200", "PYTHONHASHSEED": "0"}}"#,
            ),
            File::text(
                "meminfo.txt",
                r"MemTotal:       805306368 kB
MemAvailable:   781123004 kB
",
            ),
            File::text(
                "dmesg.txt",
                r"Out of memory: Killed process 21802 (VLLM::Worker_TP2) total-vm:412033024kB, anon-rss:209881088kB
",
            ),
        ],
        also: &[],
    },
    counter_example: Example {
        title: "One rank of 200 GB",
        files: &[
            File::text(
                "command.json",
                r#"{"argv": ["vllm", "serve", "m/m", "--kv-transfer-config", "{\"kv_connector\": \"LMCacheConnectorV1\", \"kv_role\": \"kv_both\"}"], "env": {"LMCACHE_MAX_LOCAL_CPU_SIZE": "200", "PYTHONHASHSEED": "0"}}"#,
            ),
            File::text(
                "meminfo.txt",
                r"MemTotal:       805306368 kB
MemAvailable:   781123004 kB
",
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let Some(launch) = view.launch else { return Outcome::from_signs(killed(view), 0.6) };
    let e = &launch.environment;
    let mut signs = Vec::new();
    let ranks = ranks(view);
    let memory = e.host("memory.total_bytes").and_then(serde_json::Value::as_f64);
    let cgroup = e.host("cgroup.memory_max_bytes").and_then(serde_json::Value::as_f64);
    let limit = [memory, cgroup, limits(view, "memory")].into_iter().flatten().reduce(f64::min);
    let cpu = view
        .number("max_local_cpu_size_gb")
        .map(|(gb, s)| (gb * GIB * ranks, s, "max_local_cpu_size"))
        .or_else(|| view.number("l1_size_bytes").map(|(b, s)| (b, s, "the size of L1")));
    if let (Some((wanted, source, what)), Some(limit)) = (cpu, limit)
        && wanted > limit * cx.threshold(&SHARE)
    {
        signs.push(Sign::inferred(
            0.7,
            format!("{what} for {ranks} ranks is {}, the limit is {}", gib(wanted), gib(limit)),
            vec![source, host_source(view, "memory.total_bytes")].into_iter().collect(),
        ));
    }
    let space = [
        e.nodes.iter().find_map(|n| n.allocatable.get("ephemeral-storage").copied()),
        limits(view, "ephemeral-storage"),
        disk_of(view),
    ];
    let space = space.into_iter().flatten().reduce(f64::min);
    if let (Some((gb, source)), Some(space)) =
        (view.number("max_local_disk_size_gb").filter(|(gb, _)| *gb > 0.0), space)
    {
        let wanted = gb * GIB * ranks;
        if wanted > space * cx.threshold(&SHARE) {
            signs.push(Sign::inferred(
                0.7,
                format!(
                    "max_local_disk_size for {ranks} ranks is {}, there are {}",
                    gib(wanted),
                    gib(space)
                ),
                vec![source],
            ));
        }
    }
    signs.extend(killed(view));
    if let Some(lock) = e.limits.iter().find(|l| l.name == "memlock" && l.soft.is_some())
        && raised(view, 0.6, "", &["pin"]).is_some() | (view.count(&["host.memlock"]) > 0)
    {
        signs.push(Sign::inferred(
            0.6,
            format!("locked memory is limited to {} bytes", lock.soft.unwrap_or_default()),
            vec![placed(&lock.place, "memlock", lock.soft.map(|b| b.to_string()))],
        ));
    }
    signs.extend(logged(
        view,
        0.6,
        "/dev/shm is smaller than L1, so shared memory is not used",
        &["mp.shm_too_small"],
    ));
    let oom = view.count(&["host.oom"]) > 0 || e.kernel.iter().any(|k| k.code.starts_with("oom"));
    let down = start_failed(view);
    Outcome::from_signs(signs, 0.6).map(|hit| {
        if oom || down {
            hit.severity = Some(Severity::Critical);
        }
    })
}

/// Ranks of the largest engine.
fn ranks(view: &View<'_>) -> f64 {
    let of = |name: &str| view.number(name).map_or(1.0, |(n, _)| n.max(1.0));
    of("tensor_parallel") * of("pipeline_parallel")
}

/// The smallest limit of a container on a resource.
fn limits(view: &View<'_>, resource: &str) -> Option<f64> {
    view.launch?
        .environment
        .pods
        .iter()
        .flat_map(|p| &p.containers)
        .filter_map(|c| c.limits.get(resource).copied())
        .reduce(f64::min)
}

/// The size of the file system that holds the disk cache.
fn disk_of(view: &View<'_>) -> Option<f64> {
    let (path, _) = view.text("local_disk")?;
    let path = path.trim_start_matches("file://");
    view.launch?
        .environment
        .disks
        .iter()
        .filter(|d| path.starts_with(&d.mount) && d.mount.len() > 1)
        .max_by_key(|d| d.mount.len())
        .map(|d| d.total_bytes as f64)
}

fn host_source(view: &View<'_>, name: &str) -> Source {
    view.launch.and_then(|l| l.environment.host.iter().find(|f| f.name == name)).map_or_else(
        || Source::new("container limits", "memory"),
        |f| placed(&f.place, f.name.clone(), Some(f.value.to_string())),
    )
}

/// Processes and pods of this deployment that a limit ended. A pod that only holds a remote
/// backend is another matter.
fn killed(view: &View<'_>) -> Vec<Sign> {
    let mut signs = Vec::new();
    let engine = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["vllm", "sglang", "python", "lmcache", "worker", "enginecore"]
            .iter()
            .any(|w| name.contains(w))
    };
    if let Some(launch) = view.launch {
        let e = &launch.environment;
        let oom: Vec<Source> = e
            .kernel
            .iter()
            .filter(|k| k.code.starts_with("oom") && k.process.as_deref().is_some_and(engine))
            .map(|k| placed(&k.place, k.example.clone(), k.rss_bytes.map(|b| gib(b as f64))))
            .collect();
        if !oom.is_empty() {
            signs.push(Sign::inferred(0.6, "the kernel killed a process for its memory", oom));
        }
        let evicted: Vec<Source> = e
            .events
            .iter()
            .filter(|ev| ev.reason == "Evicted" || ev.reason.contains("OOM"))
            .filter(|ev| !backend(&ev.object))
            .map(|ev| placed(&ev.place, ev.message.clone(), ev.resource.clone()))
            .collect();
        if !evicted.is_empty() {
            signs.push(Sign::inferred(0.6, "Kubernetes evicted the pod for a resource", evicted));
        }
    }
    signs.extend(logged(view, 0.5, "the kernel killed a process for its memory", &["host.oom"]));
    signs.extend(logged(view, 0.5, "shared memory was too small", &["host.bus_error"]));
    signs.extend(logged(view, 0.6, "memory could not be pinned", &["host.memlock"]));
    signs.extend(logged(view, 0.6, "the pool of huge pages is too small", &["host.hugepages"]));
    signs
}

/// Whether a pod holds a remote backend.
fn backend(name: &str) -> bool {
    ["redis", "valkey", "mooncake", "lmcache-server", "minio", "infinistore"]
        .iter()
        .any(|w| name.contains(w))
}
