//! The routes that a collector asks, and those that it never does.
//!
//! Facts: LMCache 0.3.9.post2 to 0.5.6, vLLM 0.32.0, SGLang 0.5.23 (routes of their published
//! packages). Every route here is a GET that changes nothing; where a release renamed a route,
//! the paths are tried from the newest to the oldest.

/// One thing to ask a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Probe {
    /// Name in manifests and evidence (`health`, `status`, ...).
    pub name: &'static str,
    /// Name of the file that the answer is written to.
    pub file: &'static str,
    /// Paths, the newest first.
    pub paths: &'static [&'static str],
}

const fn probe(name: &'static str, file: &'static str, paths: &'static [&'static str]) -> Probe {
    Probe { name, file, paths }
}

/// LMCache's own servers: the multiprocess server, the embedded engine's internal API, the
/// coordinator. The first twelve are those of the established packet.
pub const LMCACHE: &[Probe] = &[
    probe("health", "lmcache_health.txt", &["/healthcheck", "/api/healthcheck", "/healthz"]),
    probe("status", "lmcache_status.txt", &["/status", "/api/status"]),
    probe("root", "lmcache_root.txt", &["/"]),
    probe("conf", "lmcache_conf.txt", &["/config", "/conf"]),
    probe("threads", "lmcache_threads.txt", &["/threads"]),
    probe("periodic-threads", "lmcache_periodic_threads.txt", &["/periodic-threads"]),
    probe(
        "periodic-threads-health",
        "lmcache_periodic_threads_health.txt",
        &["/periodic-threads-health"],
    ),
    probe("version", "lmcache_version.txt", &["/version"]),
    probe("lmc-version", "lmcache_lmc_version.txt", &["/lmc_version"]),
    probe("commit-id", "lmcache_commit_id.txt", &["/commit_id"]),
    probe("quota", "lmcache_quota.txt", &["/quota", "/l2/status", "/api/quota"]),
    probe("openapi", "lmcache_openapi.json", &["/openapi.json"]),
    probe(
        "adapters",
        "lmcache_adapters.txt",
        &["/config/adapters", "/l2/adapters", "/reconfigure/backends"],
    ),
    probe("loglevel", "lmcache_loglevel.txt", &["/loglevel"]),
    probe("meta", "lmcache_meta.txt", &["/meta"]),
    probe("chunk-statistics", "lmcache_chunk_statistics.txt", &["/chunk_statistics/status"]),
    probe("freeze", "lmcache_freeze.txt", &["/freeze/status"]),
    probe("hot-cache", "lmcache_hot_cache.txt", &["/hot_cache/status"]),
    probe("bypass", "lmcache_bypass.txt", &["/bypass/list"]),
    probe("backends", "lmcache_backends.txt", &["/backends"]),
    probe("lookup-info", "lmcache_lookup_info.txt", &["/lookup/info"]),
    probe("inference-version", "lmcache_inference_version.txt", &["/inference_version"]),
    probe("instances", "lmcache_instances.txt", &["/instances"]),
    probe("directory-stats", "lmcache_directory_stats.txt", &["/directory/stats"]),
];

/// How many of [`LMCACHE`] are asked below `--lmcache-http-base-url`, as scripts expect.
pub const ESTABLISHED: usize = 11;

/// Engines. Routes that make the engine generate (`/health_generate`) are not among them.
pub const ENGINE: &[Probe] = &[
    probe("engine-health", "engine_health.txt", &["/health"]),
    probe("engine-version", "engine_version.txt", &["/version"]),
    probe("engine-models", "engine_models.txt", &["/v1/models"]),
    probe("engine-server-info", "engine_server_info.txt", &["/server_info", "/get_server_info"]),
    probe("engine-model-info", "engine_model_info.txt", &["/model_info", "/get_model_info"]),
];

/// The environment of an LMCache server: only asked for by name.
pub const ENVIRONMENT: Probe = probe("env", "lmcache_env.json", &["/env"]);

/// Routes that are never called, each with the reason: `destructive_skipped` changes state,
/// `sensitive_skipped` tells what it should not.
pub const SKIPPED: &[(&str, &str, &str)] = &[
    (
        "GET /env",
        "sensitive_skipped",
        "the process' whole environment, credentials among it; --include-env reads it through an allow-list",
    ),
    (
        "GET /inference_info",
        "sensitive_skipped",
        "the engine's whole configuration, credentials among it",
    ),
    ("GET /cache/objects", "sensitive_skipped", "raw chunk hashes of every tenant"),
    ("GET /directory/keys", "sensitive_skipped", "raw chunk hashes of every tenant"),
    (
        "GET /loglevel?logger_name=..&level=..",
        "destructive_skipped",
        "sets a log level; only the bare form is read",
    ),
    (
        "GET /cache/prefetches/{request_id}",
        "destructive_skipped",
        "the first read after completion removes the job",
    ),
    ("GET /health_generate", "destructive_skipped", "makes the engine generate"),
    (
        "POST /cache/clear",
        "destructive_skipped",
        "drops what is cached (/clear-cache, /api/clear-cache before 0.5.1)",
    ),
    ("POST /api/clear-cache", "destructive_skipped", "drops what is cached"),
    ("DELETE /cache/clear", "destructive_skipped", "drops what is cached"),
    ("DELETE /cache/objects", "destructive_skipped", "deletes objects"),
    ("POST /cache/prefetches", "destructive_skipped", "loads objects"),
    ("POST /metrics/reset", "destructive_skipped", "resets counters"),
    (
        "quota mutation endpoints",
        "destructive_skipped",
        "PUT and DELETE /quota/{cache_salt} change limits",
    ),
    ("POST /reconfigure/*", "destructive_skipped", "changes the running configuration"),
    ("POST /run_script", "destructive_skipped", "executes code"),
    ("POST /conf", "destructive_skipped", "changes the running configuration"),
    ("POST /chunk_statistics/*", "destructive_skipped", "starts, stops or resets statistics"),
    (
        "PUT /freeze/*, /hot_cache/*, /bypass/*",
        "destructive_skipped",
        "changes how the cache works",
    ),
    ("POST, DELETE /backends, /lookup/*", "destructive_skipped", "recreates parts of the engine"),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// What must never be asked, in any form.
    const NEVER: &[&str] = &[
        "clear",
        "reset",
        "run_script",
        "reconfigure/dax",
        "env",
        "inference_info",
        "objects",
        "prefetches",
        "generate",
        "keys",
    ];

    #[test]
    fn no_probe_is_a_route_that_is_skipped() {
        for probe in LMCACHE.iter().chain(ENGINE) {
            for path in probe.paths {
                assert!(path.starts_with('/') && !path.contains('?'), "{path}");
                assert!(!NEVER.iter().any(|n| path.contains(n)), "{path}");
            }
        }
    }

    #[test]
    fn names_and_files_are_unique() {
        let all: Vec<&Probe> = LMCACHE.iter().chain(ENGINE).chain([&ENVIRONMENT]).collect();
        for (i, a) in all.iter().enumerate() {
            for b in all.iter().skip(i + 1) {
                assert!(a.name != b.name && a.file != b.file, "{}", a.name);
            }
        }
    }
}
