//! Values of Helm charts: those of the vLLM production stack, and anything that looks like a
//! container.

use serde_json::Value;

use super::pod::environment;
use super::runtime;
use crate::argv::{self, Word};
use crate::evidence::Evidence;
use crate::place::child;
use crate::process::{Process, Product};
use crate::reader::Ctx;

/// Whether values are those of a chart that serves models.
pub(crate) fn is_helm(value: &Value) -> bool {
    ["servingEngineSpec", "routerSpec", "cacheserverSpec", "lmcacheConfig", "vllmConfig"]
        .iter()
        .any(|key| value.get(*key).is_some())
}

/// Values of a chart.
pub(crate) fn helm_values(ctx: &Ctx<'_>, value: &Value, out: &mut Evidence) {
    let specs = value.pointer("/servingEngineSpec/modelSpec").and_then(Value::as_array);
    let mut found = Vec::new();
    for (i, spec) in specs.into_iter().flatten().enumerate() {
        found.push((format!("/servingEngineSpec/modelSpec/{i}"), spec));
    }
    if found.is_empty()
        && (value.get("vllmConfig").is_some() || value.get("lmcacheConfig").is_some())
    {
        found.push((String::new(), value));
    }
    for (base, spec) in found {
        let mut process = Process::new(ctx.base.at(base.clone()));
        process.product = Product::Vllm;
        process.container = spec.get("name").and_then(Value::as_str).map(|n| ctx.cleaner.text(n));
        process.env = environment(ctx, spec.get("env"), &child(&base, "env"));
        // Arguments first: reading them sets the product anew.
        let extra = spec.pointer("/vllmConfig/extraArgs").and_then(Value::as_array);
        let words: Vec<Word> = extra
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(n, word)| Word {
                text: word.as_str().map_or_else(|| word.to_string(), str::to_owned),
                place: ctx.base.at(format!("{base}/vllmConfig/extraArgs/{n}")),
            })
            .collect();
        argv::read(ctx.cleaner, &words, Some(Product::Vllm), &mut process, &mut out.issues);
        runtime::settings(ctx, "helm", spec, &base, &mut process);
        process.finish();
        out.launch.processes.push(process);
    }
    super::kubernetes(ctx, std::slice::from_ref(value), out);
}
