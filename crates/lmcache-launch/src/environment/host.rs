//! Memory, limits, file systems and other numbers of a host.

use serde_json::Value;

use super::facts::{Disk, HostFact, Limit};
use super::node::quantity_text;
use crate::evidence::Evidence;
use crate::place::Place;
use crate::reader::Ctx;
use crate::setting::{typed, whole};

/// `/proc/meminfo` lines that become facts.
const MEMINFO: &[(&str, &str, u64)] = &[
    ("MemTotal", "memory.total_bytes", 1024),
    ("MemFree", "memory.free_bytes", 1024),
    ("MemAvailable", "memory.available_bytes", 1024),
    ("Buffers", "memory.buffers_bytes", 1024),
    ("Cached", "memory.cached_bytes", 1024),
    ("SwapTotal", "swap.total_bytes", 1024),
    ("SwapFree", "swap.free_bytes", 1024),
    ("Shmem", "shm.used_bytes", 1024),
    ("Mlocked", "memory.locked_bytes", 1024),
    ("CommitLimit", "memory.commit_limit_bytes", 1024),
    ("Committed_AS", "memory.committed_bytes", 1024),
    ("HugePages_Total", "hugepages.total", 1),
    ("HugePages_Free", "hugepages.free", 1),
    ("Hugepagesize", "hugepages.size_bytes", 1024),
];

fn push(out: &mut Evidence, name: &str, value: Value, place: Place) {
    out.environment.host.push(HostFact { name: name.to_owned(), value, place });
}

/// `/proc/meminfo`, or a table of `free`.
pub(crate) fn meminfo(ctx: &Ctx<'_>, text: &str, out: &mut Evidence) {
    let mut columns: Vec<&str> = Vec::new();
    for (i, line) in crate::reader::lines(text) {
        let place = ctx.base.line(i + 1);
        if let Some((key, rest)) = line.split_once(':') {
            let key = key.trim();
            let mut fields = rest.split_whitespace();
            if let Some((_, name, factor)) = MEMINFO.iter().find(|(k, _, _)| *k == key) {
                if let Some(n) = fields.next().and_then(|f| f.parse::<u64>().ok()) {
                    push(out, name, Value::from(n.saturating_mul(*factor)), place);
                }
                continue;
            }
            let prefix = match key {
                "Mem" => "memory",
                "Swap" => "swap",
                _ => continue,
            };
            // `free` counts KiB unless a unit is written.
            for (column, field) in columns.iter().zip(fields) {
                let bare = field.bytes().all(|b| b.is_ascii_digit());
                let bytes = quantity_text(field).map(|n| if bare { n * 1024.0 } else { n });
                let name = match *column {
                    "total" | "used" | "free" | "available" => format!("{prefix}.{column}_bytes"),
                    "shared" => "shm.used_bytes".to_owned(),
                    _ => continue,
                };
                if let Some(n) = bytes.and_then(|n| whole(n.floor())) {
                    push(out, &name, Value::from(n), place.clone());
                }
            }
        } else if line.contains("total") && line.contains("free") {
            columns = line.split_whitespace().collect();
        }
    }
}

/// Names of `/proc/PID/limits` and `ulimit -a`, and the unit of the latter in bytes.
const LIMITS: &[(&str, &str, u64)] = &[
    ("max locked memory", "memlock", 1024),
    ("max open files", "nofile", 1),
    ("open files", "nofile", 1),
    ("max stack size", "stack", 1024),
    ("stack size", "stack", 1024),
    ("max file size", "fsize", 1024),
    ("file size", "fsize", 1024),
    ("max address space", "as", 1024),
    ("virtual memory", "as", 1024),
    ("max processes", "nproc", 1),
    ("max user processes", "nproc", 1),
    ("max core file size", "core", 1024),
    ("core file size", "core", 1024),
    ("max resident set", "rss", 1024),
    ("max data size", "data", 1024),
];

/// Letters of `ulimit`, and their units in bytes.
const ULIMIT: &[(&str, &str, u64)] = &[
    ("l", "memlock", 1024),
    ("n", "nofile", 1),
    ("s", "stack", 1024),
    ("f", "fsize", 1024),
    ("v", "as", 1024),
    ("u", "nproc", 1),
];

/// A line of limits.conf (`* hard memlock unlimited`, KiB there), or `memlock soft 65536`.
fn limits_conf(line: &str) -> Option<(String, Option<u64>, Option<u64>)> {
    const NAMES: &[&str] = &["memlock", "nofile", "nproc", "stack", "fsize"];
    let fields: Vec<&str> = line.split_whitespace().collect();
    let name = NAMES.iter().find(|name| fields.contains(name))?;
    let value = fields.last()?;
    let number = match *value {
        "unlimited" | "infinity" | "-1" => None,
        text => Some(text.parse::<u64>().ok()?),
    };
    let conf = fields.len() >= 4;
    let kib = conf && matches!(*name, "memlock" | "stack" | "fsize");
    let number = number.map(|n| if kib { n.saturating_mul(1024) } else { n });
    if fields.contains(&"soft") {
        Some(((*name).to_owned(), number, None))
    } else if fields.contains(&"hard") {
        Some(((*name).to_owned(), number, number))
    } else {
        None
    }
}

/// `/proc/PID/limits` (bytes), or `ulimit -a` (mostly KiB).
pub(crate) fn limits(ctx: &Ctx<'_>, text: &str, out: &mut Evidence) {
    let mut asked = None;
    for (i, line) in crate::reader::lines(text) {
        let lower = line.trim_start().to_ascii_lowercase();
        if let Some((name, soft, hard)) = limits_conf(&lower) {
            let place = ctx.base.line(i + 1);
            out.environment.limits.push(Limit { name, soft, hard, place });
            continue;
        }
        // `ulimit -l`, and the answer in the same line or the next.
        if let Some((_, rest)) = lower.split_once("ulimit -") {
            asked = ULIMIT.iter().find(|(letter, _, _)| rest.starts_with(*letter));
        }
        if let Some((_, name, unit)) = asked
            && let Some(last) = lower.split([' ', ':', '=']).rfind(|w| !w.is_empty())
            && (last == "unlimited" || last.bytes().all(|b| b.is_ascii_digit()))
        {
            let soft = last.parse::<u64>().ok().map(|n| n.saturating_mul(*unit));
            let place = ctx.base.line(i + 1);
            out.environment.limits.push(Limit { name: (*name).into(), soft, hard: None, place });
            asked = None;
            continue;
        }
        let short = ["memlock", "nofile", "nproc", "stack", "fsize"];
        let found =
            LIMITS.iter().find(|(name, _, _)| lower.starts_with(name)).copied().or_else(|| {
                let name = short.iter().find(|name| lower.starts_with(**name))?;
                Some((*name, *name, 1))
            });
        let Some((head, name, unit)) = found else { continue };
        let rest = lower.get(head.len()..).unwrap_or_default();
        let ulimit = rest.contains('(');
        let rest = rest.rsplit(')').next().unwrap_or_default();
        let mut numbers = rest.trim_matches([' ', '=', ':', '\t']).split_whitespace();
        let read = |field: Option<&str>| -> Option<Option<u64>> {
            match field? {
                "unlimited" | "-1" | "infinity" => Some(None),
                text => text.parse::<u64>().ok().map(Some),
            }
        };
        let Some(soft) = read(numbers.next()) else { continue };
        let hard = read(numbers.next()).flatten();
        let unit = if ulimit { unit } else { 1 };
        let scale = |n: Option<u64>| n.map(|n| n.saturating_mul(unit));
        out.environment.limits.push(Limit {
            name: name.to_owned(),
            soft: scale(soft),
            hard: scale(hard),
            place: ctx.base.line(i + 1),
        });
    }
}

/// `df`, in blocks of 1 KiB or with units.
pub(crate) fn df(ctx: &Ctx<'_>, text: &str, out: &mut Evidence) {
    let mut block = 1024.0;
    let mut typed_table = false;
    let mut held: Option<&str> = None;
    for (i, line) in crate::reader::lines(text) {
        if line.starts_with("Filesystem") {
            typed_table = line.contains(" Type ");
            block = if line.contains("1B-blocks") {
                1.0
            } else if line.contains("1M-blocks") {
                1_048_576.0
            } else if line.contains("512-blocks") {
                512.0
            } else {
                1024.0
            };
            continue;
        }
        let mut fields: Vec<&str> = line.split_whitespace().collect();
        if let [only] = fields.as_slice() {
            // Long devices stand on a line of their own.
            held = Some(only);
            continue;
        }
        if let Some(device) = held.take() {
            fields.insert(0, device);
        }
        if typed_table && fields.len() > 6 {
            fields.remove(1);
        }
        let [device, total, used, available, _, mount, ..] = fields.as_slice() else { continue };
        let bytes = |field: &str| {
            let bare = field.bytes().all(|b| b.is_ascii_digit());
            // `df -h` writes powers of 1024 as K, M, G.
            let field = if bare {
                field.to_owned()
            } else {
                format!("{}i", field.trim_end_matches(['i', 'B']))
            };
            let n =
                if bare { quantity_text(&field).map(|n| n * block) } else { quantity_text(&field) };
            n.and_then(|n| whole(n.floor()))
        };
        if let (Some(total), Some(used), Some(available)) =
            (bytes(total), bytes(used), bytes(available))
        {
            out.environment.disks.push(Disk {
                device: ctx.cleaner.text(device),
                mount: ctx.cleaner.text(mount),
                total_bytes: total,
                used_bytes: used,
                available_bytes: available,
                place: ctx.base.line(i + 1),
            });
        }
    }
}

/// Names of control-group files and tools whose values are kept, and the fact they give.
const HOST: &[(&str, &str)] = &[
    ("memory.max", "cgroup.memory_max_bytes"),
    ("memory.current", "cgroup.memory_current_bytes"),
    ("memory.high", "cgroup.memory_high_bytes"),
    ("memory.peak", "cgroup.memory_peak_bytes"),
    ("memory.swap.max", "cgroup.swap_max_bytes"),
    ("memory.limit_in_bytes", "cgroup.memory_max_bytes"),
    ("memory.usage_in_bytes", "cgroup.memory_current_bytes"),
    ("cpu.max", "cgroup.cpu_max"),
    ("oom_kill", "cgroup.oom_kills"),
    ("oom", "cgroup.ooms"),
    ("anon", "cgroup.anon_bytes"),
    ("shmem", "cgroup.shmem_bytes"),
    ("vmrss", "process.rss_bytes"),
    ("vmlck", "process.locked_bytes"),
    ("vmpeak", "process.peak_virtual_bytes"),
    ("vmhwm", "process.peak_rss_bytes"),
    ("rssshmem", "process.shmem_bytes"),
    ("threads", "process.threads"),
    ("cpu(s)", "cpus"),
    ("nproc", "cpus"),
    ("numa node(s)", "numa_nodes"),
    ("model name", "cpu_model"),
    ("vm.overcommit_memory", "sysctl.overcommit_memory"),
    ("vm.max_map_count", "sysctl.max_map_count"),
    ("kernel.shmmax", "sysctl.shmmax"),
    ("net.core.somaxconn", "sysctl.somaxconn"),
];

/// Names and values, a line each: control groups, `/proc/PID/status`, `lscpu`, `sysctl`,
/// `uname -a`.
pub(crate) fn host_text(ctx: &Ctx<'_>, text: &str, out: &mut Evidence) {
    if let Ok(value) = serde_json::from_str::<Value>(text) {
        flat(ctx, &value, "", "", 0, out);
        return;
    }
    for (i, line) in crate::reader::lines(text) {
        let place = ctx.base.line(i + 1);
        if let Some(version) = line.strip_prefix("Python ") {
            push(out, "python", Value::from(ctx.cleaner.text(version.trim())), place);
            continue;
        }
        if line.starts_with("Linux ") {
            if let Some(kernel) = line.split_whitespace().nth(2) {
                push(out, "kernel", Value::from(ctx.cleaner.text(kernel)), place);
            }
            continue;
        }
        let Some((fact, value)) = host_line(line) else { continue };
        let number = value
            .strip_suffix(" kB")
            .and_then(|n| n.trim().parse::<u64>().ok())
            .map(|n| Value::from(n.saturating_mul(1024)));
        let value = number.unwrap_or_else(|| typed(&ctx.cleaner.text(value)));
        push(out, fact, value, place);
    }
}

/// Numbers, words and switches of an object about a host or pod that has no schema: the fact is
/// named by the keys, with dots.
fn flat(ctx: &Ctx<'_>, value: &Value, name: &str, key: &str, depth: usize, out: &mut Evidence) {
    if depth > 8 || out.environment.host.len() >= 1024 {
        return;
    }
    let pointer = || format!("/{}", name.replace('.', "/"));
    let join = |key: &str| {
        let key = ctx.cleaner.text(key);
        if name.is_empty() { key } else { format!("{name}.{key}") }
    };
    match value {
        Value::Object(map) => {
            for (key, item) in map {
                flat(ctx, item, &join(key), key, depth + 1, out);
            }
        }
        Value::Array(list) => {
            for (i, item) in list.iter().take(64).enumerate() {
                flat(ctx, item, &join(&i.to_string()), key, depth + 1, out);
            }
        }
        Value::Null => {}
        scalar => push(out, name, ctx.cleaner.tree(key, scalar), ctx.base.at(pointer())),
    }
}

/// The fact and the value of a line that names one.
pub(crate) fn host_line(line: &str) -> Option<(&'static str, &str)> {
    let line = line.trim();
    let line = line.rsplit("/sys/fs/cgroup/").next().unwrap_or(line);
    let (name, value) =
        line.split_once([':', '=']).or_else(|| line.split_once(char::is_whitespace))?;
    let name = name.trim().to_ascii_lowercase();
    let (_, fact) = HOST.iter().find(|(n, _)| *n == name)?;
    let value = value.trim();
    (!value.is_empty()).then_some((*fact, value))
}
