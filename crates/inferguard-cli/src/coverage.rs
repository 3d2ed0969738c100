//! `inferguard observability-coverage`.

use std::path::PathBuf;

use coverage_model::bridge::{Declared as Costs, RequestTimes};
use inferguard::packet::{Input, Limits, open};
use inferguard::render;
use inferguard::report::{self, CoverageFailOn, CoverageOptions, Options};
use lmcache_prom::contract::{Catalog, Product};

use crate::args::coverage::{CoverageArgs, CoverageFailOnArg, ExpectEngine, Format};
use crate::output::complain;
use crate::run::{Exit, deliver_as, first, named, options, page, settings, usable};

pub(crate) fn run(args: &CoverageArgs) -> Exit {
    let mut inputs: Vec<Input> = args.targets.iter().map(|target| page(target)).collect();
    match named(&args.evidence) {
        Ok(more) => inputs.extend(more),
        Err(exit) => return exit,
    }
    if inputs.is_empty() {
        complain(
            "observability-coverage needs at least one input, such as a packet's directory or --engine-metrics-file FILE",
        );
        return Exit::Usage;
    }
    let before = match before(&args.requests_before) {
        Ok(before) => before,
        Err(exit) => return exit,
    };
    let settings = match settings(args.config.config.as_deref()) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    let packet = open(&inputs, &Limits::default());
    let read = if usable(&packet) { Exit::Done } else { Exit::NothingUsable };
    let options = CoverageOptions {
        base: Options {
            expect_mode: args.expect_lmcache_mode.mode(),
            mp: args.mp.declared(),
            costs: Costs {
                gpu_hour_usd: args.gpu_hour_usd,
                gpus: args.gpus,
                useful_tasks: args.useful_tasks,
            },
            before,
            settings,
            ..options(&args.declared)
        },
        expected_engine: match args.expected_engine {
            ExpectEngine::Auto => None,
            ExpectEngine::Vllm => Some(Product::Vllm),
            ExpectEngine::Sglang => Some(Product::Sglang),
        },
        external_cache_configured: args.external_cache_configured,
        cpu_offload_configured: args.cpu_offload_configured,
        disaggregated: args.disaggregated_or_external_cache,
    };
    let report = report::coverage(&Catalog::new(), packet, &options);
    let policy = match args.fail_on {
        CoverageFailOnArg::Never => CoverageFailOn::Never,
        CoverageFailOnArg::Gaps => CoverageFailOn::Gaps,
        CoverageFailOnArg::Mismatch => CoverageFailOn::Mismatch,
    };
    let breached = if policy.breached(&report) { Exit::Breached } else { Exit::Done };
    let told = deliver_as(&args.common, args.format, &report, |format, options| match format {
        Format::Markdown => render::coverage_markdown(&report),
        _ => render::coverage(&report, &options.with_all(args.all)),
    });
    first(&[read, told, breached])
}

/// Times of the logs of requests of before.
fn before(files: &[PathBuf]) -> Result<Vec<RequestTimes>, Exit> {
    if files.is_empty() {
        return Ok(vec![]);
    }
    let inputs: Vec<Input> = files.iter().cloned().map(Input::Path).collect();
    let packet = open(&inputs, &Limits::default());
    for (path, issue) in packet.artifacts.iter().flat_map(|a| a.issues.iter().map(|i| (&a.path, i)))
    {
        complain(&format!("{path}: {}", issue.message));
    }
    let times = report::request_times(&packet);
    if times.is_empty() {
        complain(
            "--requests-before: no request there has a time to its first token (ttft_s, ttft_ms)",
        );
        return Err(Exit::NothingUsable);
    }
    Ok(times)
}
