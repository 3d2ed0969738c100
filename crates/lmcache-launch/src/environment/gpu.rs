//! `nvidia-smi`: its table, its CSV queries and `-L`.

use super::facts::Gpu;
use super::node::quantity_text;
use crate::evidence::Evidence;
use crate::reader::Ctx;
use crate::setting::whole;

fn after<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    let rest = line.split_once(mark)?.1.trim_start();
    let end = rest.find(|c: char| c.is_whitespace() || c == '|').unwrap_or(rest.len());
    rest.get(..end).filter(|w| !w.is_empty())
}

fn mib(text: &str) -> Option<u64> {
    let text = text.trim().replace(' ', "");
    let bare = text.bytes().all(|b| b.is_ascii_digit());
    let n = quantity_text(&text)?;
    whole(if bare { n * 1_048_576.0 } else { n })
}

/// What `nvidia-smi` prints.
pub(crate) fn nvidia_smi(ctx: &Ctx<'_>, text: &str, out: &mut Evidence) {
    let (mut driver, mut cuda) = (None, None);
    let mut header: Vec<String> = Vec::new();
    let mut gpus: Vec<Gpu> = Vec::new();
    for (i, line) in crate::reader::lines(text) {
        let place = ctx.base.line(i + 1);
        if let Some(version) = after(line, "Driver Version:") {
            driver = Some(ctx.cleaner.text(version));
            cuda = after(line, "CUDA Version:").map(|v| ctx.cleaner.text(v));
            continue;
        }
        if header.is_empty()
            && line.contains(',')
            && (line.contains("memory.") || line.contains("name"))
        {
            header = line
                .split(',')
                .map(|c| c.split('[').next().unwrap_or(c).trim().to_ascii_lowercase())
                .collect();
            continue;
        }
        if !header.is_empty() {
            let mut gpu = Gpu { place, ..Gpu::default() };
            for (name, field) in header.iter().zip(line.split(',')) {
                let field = field.trim();
                match name.as_str() {
                    "index" => gpu.index = field.parse().ok(),
                    "name" => gpu.name = Some(ctx.cleaner.text(field)),
                    "memory.total" => gpu.memory_total_bytes = mib(field),
                    "memory.used" => gpu.memory_used_bytes = mib(field),
                    "utilization.gpu" => {
                        gpu.utilization_percent = field.trim_end_matches([' ', '%']).parse().ok();
                    }
                    "driver_version" => gpu.driver = Some(ctx.cleaner.text(field)),
                    _ => {}
                }
            }
            gpus.push(gpu);
            continue;
        }
        if let Some(rest) = line.strip_prefix("GPU ")
            && let Some((index, name)) = rest.split_once(':')
        {
            gpus.push(Gpu {
                index: index.trim().parse().ok(),
                name: name.split('(').next().map(|n| ctx.cleaner.text(n.trim())),
                place,
                ..Gpu::default()
            });
            continue;
        }
        let fields: Vec<&str> = line.trim().trim_matches('|').split_whitespace().collect();
        if line.starts_with('|')
            && let Some(index) = fields.first().and_then(|f| f.parse::<u64>().ok())
            && line.matches('|').count() == 4
            && !line.contains("MiB")
        {
            let name: Vec<&str> = fields
                .iter()
                .skip(1)
                .take_while(|f| !matches!(**f, "On" | "Off" | "N/A" | "|"))
                .copied()
                .collect();
            gpus.push(Gpu {
                index: Some(index),
                name: Some(ctx.cleaner.text(&name.join(" "))),
                place,
                ..Gpu::default()
            });
        } else if line.contains("MiB /")
            && let Some(gpu) = gpus.last_mut()
            && let Some((used, total)) = line.split_once("MiB /")
        {
            gpu.memory_used_bytes = used.split_whitespace().next_back().and_then(mib);
            gpu.memory_total_bytes = total.trim().split("MiB").next().and_then(mib);
            gpu.utilization_percent = total
                .split_once('%')
                .and_then(|(head, _)| head.split_whitespace().next_back())
                .and_then(|n| n.parse().ok());
        }
    }
    for gpu in &mut gpus {
        gpu.driver = gpu.driver.take().or_else(|| driver.clone());
        gpu.cuda.clone_from(&cuda);
    }
    out.environment.gpus.extend(gpus);
}
