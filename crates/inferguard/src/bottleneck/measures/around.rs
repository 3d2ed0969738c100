//! What stands around the engine: the deployment in words, its nodes, their links, the host's cores.

use coverage_model::Claim;
use serde_json::Value;

use super::super::job::{Document, Job};
use super::{Number, Numbers, leaves};

/// Takes all of it.
pub(super) fn take(job: &Job, out: &mut Numbers) {
    words(job, out);
    nccl(job, out);
    cores(job, out);
}

fn strings(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => {
            out.push(' ');
            out.push_str(text);
        }
        Value::Array(list) => list.iter().for_each(|v| strings(v, out)),
        Value::Object(map) => map.values().for_each(|v| strings(v, out)),
        _ => {}
    }
}

/// Names under which a profile says how many nodes it has.
const NODE_KEYS: &[&str] = &["nodes", "num_nodes", "node_count", "nnodes", "n_nodes"];

fn words(job: &Job, out: &mut Numbers) {
    let mut text = String::new();
    for document in [&job.operator, &job.command].into_iter().flatten() {
        strings(&document.value, &mut text);
    }
    if let Some(summary) = &job.summary {
        for key in ["labels", "engine"] {
            if let Some(value) = summary.value.get(key) {
                strings(value, &mut text);
            }
        }
    }
    out.words = text.to_ascii_lowercase();
    let named = |d: &Document| d.value.get("engine").and_then(Value::as_str).map(str::to_owned);
    out.engine = job
        .operator
        .as_ref()
        .and_then(named)
        .or_else(|| job.summary.as_ref().and_then(named))
        .or_else(|| job.engine.clone())
        .map(|e| e.to_ascii_lowercase());
    for document in [&job.operator, &job.summary, &job.command].into_iter().flatten() {
        leaves(&document.value, "", 0, &mut |path, value| {
            let key = path.rsplit('.').next().unwrap_or(path).to_ascii_lowercase();
            if NODE_KEYS.contains(&key.as_str()) {
                nodes(out, path, value, &document.path);
            }
        });
    }
    // `--nnodes 2` on the command line.
    if let Some(command) = &job.command {
        let mut words = out.words.split(['=', ' ']).skip_while(|w| *w != "--nnodes");
        let count = words.nth(1).and_then(|w| w.split(':').next_back()?.parse::<f64>().ok());
        if let Some(count) = count {
            let path = command.path.clone();
            nodes(out, "--nnodes", count, &path);
        }
    }
}

fn nodes(out: &mut Numbers, metric: &str, value: f64, source: &str) {
    out.put(
        "deployment.nodes",
        Number {
            value,
            stat: "count",
            metric: metric.to_owned(),
            source: source.to_owned(),
            claim: Claim::Inferred,
            samples: None,
        },
    );
}

fn nccl(job: &Job, out: &mut Numbers) {
    let mut put = |id, metric: &str, value: f64, source: &str| {
        out.put(
            id,
            Number {
                value,
                stat: "measured",
                metric: metric.to_owned(),
                source: source.to_owned(),
                claim: Claim::Measured,
                samples: None,
            },
        );
    };
    for document in [&job.nccl, &job.operator].into_iter().flatten() {
        leaves(&document.value, "", 0, &mut |path, value| {
            let key = path.to_ascii_lowercase();
            let leaf = key.rsplit('.').next().unwrap_or(&key);
            let bandwidth = leaf.contains("busbw") || leaf.contains("bus_bandwidth");
            let wanted = ["expected", "baseline", "reference"].iter().any(|w| key.contains(w));
            if bandwidth && wanted && value > 0.0 {
                put("nccl.expected_busbw", path, value, &document.path);
            } else if bandwidth && !leaf.contains("ratio") && !leaf.contains("fraction") {
                put("nccl.busbw", path, value, &document.path);
            }
        });
    }
    if let Some((path, text)) = &job.nccl_text {
        let average = text.lines().find_map(|line| {
            let rest = line.split_once("Avg bus bandwidth")?.1;
            rest.trim_start_matches([' ', ':', '\t']).split_whitespace().next()?.parse().ok()
        });
        if let Some(value) = average {
            put("nccl.busbw", "Avg bus bandwidth", value, path);
        }
    }
}

/// The busiest core that a CPU summary tells of.
fn cores(job: &Job, out: &mut Numbers) {
    let Some(cpu) = &job.cpu else { return };
    let mut busiest: Option<(String, f64)> = None;
    leaves(&cpu.value, "", 0, &mut |path, value| {
        let key = path.to_ascii_lowercase();
        let core = ["core", "cpus.", "per_cpu", "cpu."].iter().any(|w| key.contains(w));
        let busy = ["util", "busy", "usage", "saturation", "percent", "pct"]
            .iter()
            .any(|w| key.contains(w))
            && !["idle", "count", "avg", "mean"].iter().any(|w| key.contains(w));
        if !core || !busy || !(0.0..=100.0).contains(&value) {
            return;
        }
        let percent = value > 1.0 || key.contains("percent") || key.contains("pct");
        let share = if percent { value / 100.0 } else { value };
        if busiest.as_ref().is_none_or(|(_, most)| share > *most) {
            busiest = Some((path.to_owned(), share));
        }
    });
    if let Some((metric, value)) = busiest {
        out.put(
            "cpu.busiest_core",
            Number {
                value,
                stat: "largest",
                metric,
                source: cpu.path.clone(),
                claim: Claim::Measured,
                samples: None,
            },
        );
    }
}
