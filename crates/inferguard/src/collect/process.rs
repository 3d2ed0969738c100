//! A local process: its command line, and what of its environment may be told.

use std::collections::BTreeMap;
use std::fs;

use serde::Serialize;

/// Names of variables whose values are read. Everything else is listed by name only.
const ALLOWED: &[&str] = &[
    "PYTHONHASHSEED",
    "PROMETHEUS_MULTIPROC_DIR",
    "CUDA_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES",
    "UCX_TLS",
    "UCX_NET_DEVICES",
    "NIXL_LOG_LEVEL",
    "MOONCAKE_CONFIG_PATH",
    "OMP_NUM_THREADS",
    "LD_LIBRARY_PATH",
    "TZ",
];

/// Beginnings of names whose values are read, where the name tells of no secret.
const ALLOWED_PREFIXES: &[&str] = &["LMCACHE_", "VLLM_", "SGLANG_", "NCCL_", "OTEL_"];

/// Parts of names whose values are never read.
const SECRET_PARTS: &[&str] = &[
    "KEY",
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "CREDENTIAL",
    "AUTH",
    "HEADERS",
    "COOKIE",
    "SALT",
];

/// What was read of a process, in the form of a `command.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProcessFacts {
    /// Process id.
    pub pid: u32,
    /// Command line.
    pub argv: Vec<String>,
    /// Variables of the allow-list with their values.
    pub env: BTreeMap<String, String>,
    /// Names of all other variables.
    pub env_other_names: Vec<String>,
    /// The whole environment was seen: a name that is in neither list is absent.
    pub env_complete: bool,
}

/// Why a process cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// There is none of that number.
    #[error("process {0}: there is no such process")]
    Gone(u32),
    /// The system refuses, or has no `/proc`.
    #[error("process {0}: {1}")]
    Io(u32, #[source] std::io::Error),
}

impl ProcessFacts {
    /// Reads `/proc/PID`. The environment may be refused where the process is another user's:
    /// then it is not complete.
    pub fn read(pid: u32) -> Result<Self, ProcessError> {
        let read = |what: &str| fs::read(format!("/proc/{pid}/{what}"));
        let argv = read("cmdline").map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => ProcessError::Gone(pid),
            _ => ProcessError::Io(pid, e),
        })?;
        let environ = read("environ").ok();
        Ok(Self::of(pid, &argv, environ.as_deref()))
    }

    fn of(pid: u32, argv: &[u8], environ: Option<&[u8]>) -> Self {
        let parts = |bytes: &[u8]| -> Vec<String> {
            bytes
                .split(|b| *b == 0)
                .filter(|part| !part.is_empty())
                .map(|part| String::from_utf8_lossy(part).into_owned())
                .collect()
        };
        let mut facts = Self {
            pid,
            argv: by_name(parts(argv)),
            env: BTreeMap::new(),
            env_other_names: vec![],
            env_complete: environ.is_some(),
        };
        for record in parts(environ.unwrap_or_default()) {
            let Some((name, value)) = record.split_once('=') else { continue };
            if is_allowed(name) {
                facts.env.insert(name.to_owned(), value.to_owned());
            } else {
                facts.env_other_names.push(name.to_owned());
            }
        }
        facts.env_other_names.sort();
        facts
    }
}

/// The command line with its program by name: where it lies is the machine's business, and a path
/// would be redacted as a whole. Of `python .../bin/lmcache` both words are a program.
fn by_name(mut argv: Vec<String>) -> Vec<String> {
    const INTERPRETERS: &[&str] = &["python", "bash", "sh", "dash", "tini"];
    for word in &mut argv {
        let Some((_, name)) = word.rsplit_once('/').filter(|(_, name)| !name.is_empty()) else {
            break;
        };
        *word = name.to_owned();
        let kind = word.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
        if !INTERPRETERS.contains(&kind) {
            break;
        }
    }
    argv
}

/// Whether the value of a variable may be read.
pub(crate) fn is_allowed(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    if SECRET_PARTS.iter().any(|p| upper.contains(p)) {
        return false;
    }
    ALLOWED.contains(&name) || ALLOWED_PREFIXES.iter().any(|p| name.starts_with(p))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_allow_list_has_values() {
        let environ = b"PYTHONHASHSEED=0\0LMCACHE_CHUNK_SIZE=256\0AWS_SECRET_ACCESS_KEY=abc\0\
            LMCACHE_REMOTE_PASSWORD=x\0OTEL_EXPORTER_OTLP_HEADERS=authorization=y\0HOME=/home/me\0";
        let facts = ProcessFacts::of(1, b"vllm\0serve\0m\0", Some(environ));
        assert_eq!(facts.argv, ["vllm", "serve", "m"]);
        let names: Vec<&str> = facts.env.keys().map(String::as_str).collect();
        assert_eq!(names, ["LMCACHE_CHUNK_SIZE", "PYTHONHASHSEED"]);
        assert!(facts.env_complete && facts.env_other_names.len() == 4);
        assert!(!ProcessFacts::of(1, b"x", None).env_complete);
    }

    #[test]
    fn a_program_is_told_by_its_name() {
        let argv = b"/opt/venv/bin/python3.11\0/opt/venv/bin/lmcache\0server\0--path\0/data/x\0";
        let facts = ProcessFacts::of(1, argv, None);
        assert_eq!(facts.argv, ["python3.11", "lmcache", "server", "--path", "/data/x"]);
        let facts = ProcessFacts::of(1, b"/usr/bin/lmcache\0/data/x\0", None);
        assert_eq!(facts.argv, ["lmcache", "/data/x"]);
        let facts = ProcessFacts::of(1, b"python\0-m\0x\0", None);
        assert_eq!(facts.argv, ["python", "-m", "x"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_can_be_read() {
        let facts = ProcessFacts::read(std::process::id()).unwrap();
        assert!(!facts.argv.is_empty() && facts.env_complete);
        assert!(matches!(ProcessFacts::read(u32::MAX), Err(ProcessError::Gone(_))));
    }
}
