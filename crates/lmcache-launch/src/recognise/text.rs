//! Kinds of text artifacts.

use super::json::{is_lmcache_config, tree};
use super::{Verdict, ends};
use crate::environment;
use crate::envvars::is_name;
use crate::kind::{Confidence, Kind};
use crate::launch;
use crate::{argv, yaml};

use Confidence::{Certain, Likely, Weak};

/// The share of lines that pass a test, at least eight of ten.
fn most(lines: &[&str], test: impl Fn(&str) -> bool) -> bool {
    let hits = lines.iter().filter(|l| test(l)).count();
    hits > 0 && hits * 10 >= lines.len() * 8
}

pub(super) fn text(name: &str, lines: &[&str], head: &str, bytes: &[u8]) -> Verdict {
    let some = |test: &dyn Fn(&str) -> bool| lines.iter().any(|l| test(l));
    let count = |test: &dyn Fn(&str) -> bool| lines.iter().filter(|l| test(l)).count();
    let starts = |heads: &[&str]| some(&|l| heads.iter().any(|h| l.starts_with(h)));
    let file = name.rsplit('/').next().unwrap_or(name);

    if some(&|l| l.contains("REASON") && l.contains("MESSAGE") && l.contains("OBJECT")) {
        return Some((Kind::EventsText, Certain));
    }
    if starts(&["Name:"]) && starts(&["Containers:", "Allocatable:", "Namespace:", "Events:"]) {
        return Some((Kind::Describe, Certain));
    }
    if lines.first().is_some_and(|l| {
        l.split_whitespace().any(|w| w == "NAME") && (l.contains("READY") || l.contains("STATUS"))
    }) {
        return Some((Kind::KubectlGet, Certain));
    }
    if count(&|l| {
        l.starts_with("MemTotal:") || l.starts_with("MemAvailable:") || l.starts_with("MemFree:")
    }) > 0
        || starts(&["Mem:"]) && some(&|l| l.contains("total") && l.contains("free"))
    {
        return Some((Kind::Meminfo, Certain));
    }
    if some(&|l| l.starts_with("Limit ") && l.contains("Soft Limit"))
        || count(&|l| l.contains("(kbytes, -") || l.contains("(-n)") || l.contains("(blocks, -"))
            > 0
        || file.contains("limits") && some(&|l| l.to_ascii_lowercase().contains("lock"))
    {
        return Some((Kind::Limits, Certain));
    }
    let row = |l: &str| {
        let fields: Vec<&str> = l.split_whitespace().collect();
        fields.len() >= 6
            && fields.get(4).is_some_and(|f| f.ends_with('%'))
            && fields.get(5).is_some_and(|f| f.starts_with('/'))
    };
    if most(lines, row) {
        return Some((Kind::Df, Likely));
    }
    if starts(&["ExecStart="]) && starts(&["[Service]", "[Unit]"]) {
        return Some((Kind::Shell, Certain));
    }
    if lines.len() <= 4 && starts(&["ulimit -"]) {
        return Some((Kind::Limits, Likely));
    }
    if starts(&["Filesystem "]) {
        return Some((Kind::Df, Certain));
    }
    if starts(&["Netid", "Proto ", "State  ", "State R", "Active Internet"])
        || count(&|l| {
            let fields: Vec<&str> = l.split_whitespace().collect();
            fields.iter().any(|f| {
                matches!(*f, "LISTEN" | "ESTAB" | "ESTABLISHED" | "SYN-SENT" | "TIME-WAIT")
            }) && fields.iter().any(|f| environment::is_endpoint(f))
        }) * 2
            > lines.len()
    {
        return Some((Kind::Sockets, Certain));
    }
    if some(&|l| l.contains("NVIDIA-SMI") || l.contains("Driver Version:"))
        || lines
            .first()
            .is_some_and(|l| l.contains("memory.total") || l.contains("utilization.gpu"))
        || most(lines, |l| l.starts_with("GPU ") && l.contains("(UUID:"))
    {
        return Some((Kind::NvidiaSmi, Certain));
    }
    if lines.first().is_some_and(|l| {
        let fields: Vec<&str> = l.split_whitespace().collect();
        fields.contains(&"PID") && fields.iter().any(|f| matches!(*f, "COMMAND" | "CMD" | "ARGS"))
    }) {
        return Some((Kind::Ps, Certain));
    }
    if some(&|l| l.contains("scrape_pool=") || l.contains("component=\"scrape manager\""))
        || count(&|l| (l.starts_with("ts=") || l.starts_with("time=")) && l.contains("level=")) * 2
            > lines.len()
            && name.contains("prometheus")
    {
        return Some((Kind::PrometheusLog, Certain));
    }
    if some(&|l| l.contains("Serving Benchmark Result"))
        || count(&|l| {
            l.split_once(':')
                .is_some_and(|(k, _)| environment::known_workload_key(k.trim()) && k.contains(' '))
        }) >= 2
    {
        return Some((Kind::BenchmarkText, Certain));
    }
    if lines.first().is_some_and(|l| {
        l.split(',').filter(|c| environment::request_field(c.trim()).is_some()).count() >= 3
    }) {
        return Some((Kind::RequestsCsv, Likely));
    }
    if let Some(found) = kernel(name, lines, head) {
        return Some(found);
    }
    if most(lines, |l| {
        l.contains("==") || l.contains(" @ ") || l.starts_with('#') || l.starts_with("-e ")
    }) && some(&|l| l.contains("==") && !l.contains(' '))
        || some(&|l| l.starts_with("Package") && l.contains("Version"))
        || (name.contains("pip") || name.contains("packages") || name.contains("conda"))
            && most(lines, |l| {
                l.starts_with('#')
                    || l.split_whitespace()
                        .nth(1)
                        .is_some_and(|v| v.starts_with(|c: char| c.is_ascii_digit()))
            })
    {
        return Some((Kind::Packages, Certain));
    }
    let variables = |l: &str| {
        let l = l.strip_prefix("export ").unwrap_or(l);
        let l = l.strip_prefix("declare -x ").unwrap_or(l);
        l.starts_with('#')
            || l.split_once('=').is_some_and(|(n, v)| is_name(n) && !v.starts_with('='))
    };
    // Values may run over lines.
    if count(&|l| variables(l)) * 10 >= lines.len() * 6
        && some(&|l| {
            variables(l)
                && l.split('=').next().is_some_and(|n| !n.bytes().any(|b| b.is_ascii_lowercase()))
        })
        && !lines.iter().any(|l| is_script_line(l))
    {
        return Some((Kind::EnvText, Likely));
    }
    if let Some(found) = yaml_text(name, lines, bytes) {
        return Some(found);
    }
    if script(name, lines, head) {
        return Some((Kind::Shell, if ends(name, "sh") { Certain } else { Likely }));
    }
    if count(&|l| {
        environment::host_line(l).is_some() || l.starts_with("Linux ") || l.starts_with("Python 3.")
    }) * 3
        >= lines.len()
    {
        return Some((Kind::HostText, Likely));
    }
    if file.starts_with("flush") || lines.first().is_some_and(|l| l.starts_with("Cache flushed.")) {
        return Some((Kind::EngineAnswer, Weak));
    }
    None
}

/// Kernel messages: a stamp of `dmesg` or the journal, or lines that a pattern knows.
fn kernel(name: &str, lines: &[&str], head: &str) -> Verdict {
    let stamped = |l: &str| {
        let inner = l.trim_start_matches(|c: char| c == '<' || c == '>' || c.is_ascii_digit());
        inner.strip_prefix('[').and_then(|r| r.split_once(']')).is_some_and(|(stamp, _)| {
            let stamp = stamp.trim();
            stamp.split_once('.').is_some_and(|(a, b)| {
                a.bytes().all(|c| c.is_ascii_digit())
                    && b.bytes().all(|c| c.is_ascii_digit())
                    && b.len() >= 3
            })
        }) || l.contains(" kernel: ")
    };
    let named = ["dmesg", "kern", "messages", "journal"].iter().any(|w| name.contains(w));
    if most(lines, stamped) {
        return Some((Kind::KernelLog, Certain));
    }
    let told = ["Out of memory: Kill", "oom-kill:", "invoked oom-killer", "NVRM: Xid"];
    let hit = told.iter().any(|m| head.contains(m));
    (named || hit && !head.contains("LMCache") && !head.contains("vllm"))
        .then_some((Kind::KernelLog, if hit { Likely } else { Weak }))
}

fn yaml_text(name: &str, lines: &[&str], bytes: &[u8]) -> Verdict {
    let named = ends(name, "yaml") || ends(name, "yml");
    let key = |l: &str| {
        let l = l.trim_start();
        let l = l.strip_prefix("- ").unwrap_or(l);
        l.starts_with('#')
            || l == "---"
            || l.starts_with('-')
            || l.split_once(':').is_some_and(|(k, v)| {
                !k.is_empty()
                    && (v.is_empty() || v.starts_with(' '))
                    && k.bytes().all(|b| {
                        b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/' | b'"')
                    })
            })
    };
    if !named && !most(lines, key) || bytes.len() > yaml::MAX_YAML {
        return None;
    }
    let text = String::from_utf8_lossy(bytes);
    let documents = yaml::documents(&text).ok()?;
    for value in &documents {
        if let Some(found) = tree(value) {
            return Some(found);
        }
    }
    let value = documents.first()?;
    let map = value.as_object()?;
    if is_lmcache_config(value) {
        return Some((Kind::LmcacheConfig, Certain));
    }
    let flags = map
        .keys()
        .filter(|k| crate::tables::flag("vllm", &format!("--{}", k.replace('_', "-"))).is_some())
        .count();
    if flags * 2 > map.len() {
        return Some((Kind::EngineConfig, Likely));
    }
    let lmcache = map.keys().any(|k| launch::is_lmcache_key(k)) || name.contains("lmcache");
    (named && lmcache).then_some((Kind::LmcacheConfig, Weak))
}

fn is_script_line(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    argv::program(&words).is_some_and(|(_, end)| {
        words.get(end).is_some_and(|w| w.starts_with('-')) || words.len() > 2
    })
}

/// Text whose commands start a program that the tables know.
fn script(name: &str, lines: &[&str], head: &str) -> bool {
    let shebang = lines.first().is_some_and(|l| l.starts_with("#!"));
    let logs = ends(name, "log") || head.contains(" INFO ") || head.contains("INFO:");
    if logs && !shebang || ends(name, "md") {
        return false;
    }
    let known = crate::shell::split(head).iter().any(|command| {
        let words: Vec<&str> = command.words.iter().map(|w| w.0.as_str()).collect();
        // Prose names programs too: a command has them early, or runs a container.
        argv::program(&words).is_some_and(|(_, end)| end <= 6)
            || matches!(words.first(), Some(&("docker" | "podman" | "sudo")))
                && words.iter().any(|w| launch::image(w).is_some())
    });
    known
        && (shebang
            || ends(name, "sh")
            || name.contains("command")
            || name.contains("cmd")
            || head.contains(" --"))
}
