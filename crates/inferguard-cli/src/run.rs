//! One function a command.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use inferguard::collect::{LookRequest, look};
use inferguard::fetch::{Client, Credentials, FetchLimits, fetch_page};
use inferguard::packet::{ArtifactKind, Input, Limits, Packet, open};
use inferguard::render::{self, RenderOptions};
use inferguard::report::{self, CheckFailOn, FailOn, Options, Settings};
use lmcache_prom::contract::Catalog;
use serde::Serialize;

use crate::args::{
    CacheblendArgs, CatalogCommand, CheckArgs, CheckFailOnArg, CheckFormat, Cli, Command, Common,
    CompatArgs, Declared, EvidenceArgs, ExplainArgs, FailOnArg, coverage::Format,
};
use crate::output::{self, Lost, complain};

/// How the command ends. Of several reasons the first in this order wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Usage,
    NotWritten,
    NothingUsable,
    Interrupted(u8),
    Breached,
    Done,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Breached => 1,
            Exit::Usage => 2,
            Exit::NothingUsable => 3,
            Exit::NotWritten => 4,
            Exit::Interrupted(code) => code,
        })
    }
}

pub(crate) fn run(cli: &Cli) -> Exit {
    match &cli.command {
        Command::Check(args) => check(args),
        Command::LmcacheCompat(args) => compat(args),
        Command::ObservabilityCoverage(args) => crate::coverage::run(args),
        Command::CollectLmcache(args) => crate::collect::lmcache(args),
        Command::CollectMetrics(args) => crate::metrics::metrics(args),
        Command::CacheblendReport(args) => cacheblend(args),
        Command::DiagnoseBottleneck(args) => crate::diagnose::run(args),
        Command::Trace(command) => crate::trace::run(command),
        Command::Explain(args) => explain(args),
        Command::Capacity(args) => crate::sizing::capacity(args),
        Command::Misses(args) => crate::sizing::misses(args),
        Command::Catalog(command) => catalog(command),
        Command::Completions { shell } => completions(*shell),
    }
}

/// Prints and writes a report; gives the exit code that the output itself asks for.
pub(crate) fn deliver<T: Serialize>(
    common: &Common,
    report: &T,
    render: impl FnOnce(&RenderOptions) -> String,
) -> Exit {
    deliver_as(common, Format::Terminal, report, |_, options| render(options))
}

/// The same in one of several renderings; `--json` and `--format json` are one.
pub(crate) fn deliver_as<T: Serialize>(
    common: &Common,
    format: Format,
    report: &T,
    render: impl FnOnce(Format, &RenderOptions) -> String,
) -> Exit {
    let mut exit = Exit::Done;
    if let Some(path) = &common.output
        && matches!(output::write_json(path, report), Err(Lost::Failed))
    {
        exit = Exit::NotWritten;
    }
    let printed = if common.json || format == Format::Json {
        output::print_json(report)
    } else {
        output::print(&render(format, &output::screen()))
    };
    if matches!(printed, Err(Lost::Failed)) {
        exit = Exit::NotWritten;
    }
    exit
}

/// Names every input that could not be used, and says whether any could.
pub(crate) fn usable(packet: &Packet) -> bool {
    for artifact in &packet.artifacts {
        for issue in &artifact.issues {
            if matches!(
                issue.code.as_str(),
                "unreadable" | "not_fetched" | "not_exposition_text" | "partial"
            ) {
                complain(&format!("{}: {}", artifact.path, issue.message));
            }
        }
    }
    let any = packet.is_usable();
    if !any {
        complain("nothing usable could be read");
    }
    any
}

pub(crate) fn first(exits: &[Exit]) -> Exit {
    let rank = |exit: &Exit| match exit {
        Exit::Usage => 0,
        Exit::Interrupted(_) => 1,
        Exit::NotWritten => 2,
        Exit::NothingUsable => 3,
        Exit::Breached => 4,
        Exit::Done => 5,
    };
    exits.iter().copied().min_by_key(rank).unwrap_or(Exit::Done)
}

fn client(timeout: f64) -> Option<Client> {
    let limits =
        FetchLimits { timeout: Duration::from_secs_f64(timeout), ..FetchLimits::default() };
    Client::new(limits, &Credentials::default()).map_err(|e| complain(&e.to_string())).ok()
}

fn is_url(target: &str) -> bool {
    target.starts_with("http://") || target.starts_with("https://")
}

/// A file as it is named.
pub(crate) fn file(target: &str) -> Input {
    if target == "-" { Input::Stdin } else { Input::Path(PathBuf::from(target)) }
}

/// One page, from a file or an endpoint.
pub(crate) fn page(target: &str) -> Input {
    match is_url(target).then(|| client(10.0)).flatten() {
        Some(client) => fetch_page(target, None, &client),
        None => file(target),
    }
}

/// What `check` is to read: files as they are named, then what servers answer.
fn inputs(args: &CheckArgs) -> Result<Vec<Input>, Exit> {
    let mut out: Vec<Input> =
        args.targets.iter().filter(|target| !is_url(target)).map(|target| file(target)).collect();
    let urls: Vec<String> = args.targets.iter().filter(|t| is_url(t)).cloned().collect();
    if !urls.is_empty() {
        let request = LookRequest {
            samples: args.samples,
            interval: Duration::from_secs_f64(args.interval_seconds),
            limits: crate::collect::limits(&args.net),
            credentials: crate::collect::credentials(&args.net).ok_or(Exit::Usage)?,
        };
        // Nothing is written before the report: an interrupt ends the command at once.
        let looked = look(&urls, &request, &AtomicBool::new(false)).map_err(|e| {
            complain(&e.to_string());
            Exit::Usage
        })?;
        out.extend(looked);
    }
    Ok(out)
}

pub(crate) fn options(declared: &Declared) -> Options {
    Options {
        release: declared.release,
        l2_configured: declared.l2_configured,
        ..Options::default()
    }
}

/// Thresholds and silenced rules of a configuration file; an error names the file.
pub(crate) fn settings(path: Option<&Path>) -> Result<Settings, Exit> {
    let Some(path) = path else { return Ok(Settings::default()) };
    let text = std::fs::read_to_string(path).map_err(|e| {
        complain(&format!("{}: {e}", path.display()));
        Exit::Usage
    })?;
    report::rule_config(&text).map_err(|e| {
        complain(&format!("{}: {e}", path.display()));
        Exit::Usage
    })
}

fn explain(args: &ExplainArgs) -> Exit {
    let Some(name) = args.name.as_deref() else {
        let all = report::explain_all();
        return deliver(&args.common, &all, |options| render::explain_list(&all, options));
    };
    match report::explain(name) {
        Ok(found) => deliver(&args.common, &found, |options| render::explain(&found, options)),
        Err(near) => {
            let hint = near.first().map_or_else(String::new, |n| format!("; did you mean {n}?"));
            complain(&format!("no finding and no cause class is called {name}{hint}"));
            Exit::Usage
        }
    }
}

fn check(args: &CheckArgs) -> Exit {
    let settings = match settings(args.config.config.as_deref()) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    let inputs = match inputs(args) {
        Ok(inputs) => inputs,
        Err(exit) => return exit,
    };
    let packet = open(&inputs, &Limits::default());
    let read = if usable(&packet) { Exit::Done } else { Exit::NothingUsable };
    let options = Options { settings, ..options(&args.declared) };
    let report = report::check(&Catalog::new(), packet, &options);
    let told = deliver(&args.common, &report, |options| match args.format {
        CheckFormat::Screen => render::check(&report, &options.with_all(args.all)),
        CheckFormat::Note => render::note(&report),
    });
    let policy = match args.fail_on {
        CheckFailOnArg::Never => CheckFailOn::Never,
        CheckFailOnArg::Critical => CheckFailOn::Critical,
        CheckFailOnArg::Warning => CheckFailOn::Warning,
        CheckFailOnArg::Any => CheckFailOn::Any,
        CheckFailOnArg::Info => CheckFailOn::Info,
    };
    let policy = if policy.breached(&report) { Exit::Breached } else { Exit::Done };
    first(&[read, told, policy])
}

/// Pages and evidence that are named flag by flag.
pub(crate) fn named(args: &EvidenceArgs) -> Result<Vec<Input>, Exit> {
    let mut inputs = Vec::new();
    for (files, role) in
        [(&args.engine_metrics_file, "engine"), (&args.lmcache_metrics_file, "lmcache")]
    {
        inputs.extend(files.iter().map(|path| Input::Page { path: path.clone(), role }));
    }
    for (urls, role) in
        [(&args.engine_metrics_url, "engine"), (&args.lmcache_metrics_url, "lmcache")]
    {
        if urls.is_empty() {
            continue;
        }
        let client = client(args.timeout_seconds).ok_or(Exit::Usage)?;
        inputs.extend(urls.iter().map(|url| fetch_page(url, Some(role), &client)));
    }
    let evidence = [
        (&args.lmcache_http_evidence_file, ArtifactKind::HttpAnswer),
        (&args.lmcache_log_evidence_file, ArtifactKind::Log),
        (&args.lmcache_trace_evidence_file, ArtifactKind::Lct),
        (&args.lmcache_trace_replay_evidence_file, ArtifactKind::TraceReplay),
        (&args.lmcache_otel_evidence_file, ArtifactKind::OtlpSpans),
        (&args.lmcache_lookup_hash_evidence_file, ArtifactKind::LookupHash),
        (&args.lmcache_cacheblend_boundary_evidence_file, ArtifactKind::Boundary),
    ];
    for (path, kind) in evidence {
        inputs.extend(path.iter().map(|path| Input::Evidence { path: path.clone(), kind }));
    }
    Ok(inputs)
}

fn compat(args: &CompatArgs) -> Exit {
    let inputs = match named(&args.evidence) {
        Ok(inputs) => inputs,
        Err(exit) => return exit,
    };
    if inputs.is_empty() {
        complain("lmcache-compat needs at least one input, such as --lmcache-metrics-file FILE");
        return Exit::Usage;
    }
    let packet = open(&inputs, &Limits::default());
    let read = if usable(&packet) { Exit::Done } else { Exit::NothingUsable };
    let options = Options {
        expect_mode: args.expect_mode.mode(),
        mp: args.mp.declared(),
        ..options(&args.declared)
    };
    let report = report::compat(&Catalog::new(), packet, &options);
    let policy = match args.fail_on {
        FailOnArg::Never => FailOn::Never,
        FailOnArg::ModeMismatch => FailOn::ModeMismatch,
        FailOnArg::MissingRequired => FailOn::MissingRequired,
    };
    let told = deliver(&args.common, &report, |options| render::compat(&report, options));
    let policy = if policy.breached(&report) { Exit::Breached } else { Exit::Done };
    first(&[read, told, policy])
}

fn cacheblend(args: &CacheblendArgs) -> Exit {
    let named = |path: &PathBuf| {
        if path.is_dir() {
            Input::Path(path.clone())
        } else {
            Input::Page { path: path.clone(), role: "lmcache" }
        }
    };
    let mut inputs: Vec<Input> =
        args.targets.iter().map(|path| file(&path.to_string_lossy())).collect();
    inputs.extend(args.metrics_file.iter().map(named));
    inputs.extend(
        args.boundary_evidence_file
            .iter()
            .map(|path| Input::Evidence { path: path.clone(), kind: ArtifactKind::Boundary }),
    );
    let packet = open(&inputs, &Limits::default());
    let read = if usable(&packet) { Exit::Done } else { Exit::NothingUsable };
    let boundary = args.boundary_evidence_file.as_ref().map(|path| path.display().to_string());
    let report = report::cacheblend(&Catalog::new(), packet, boundary.as_deref());
    let told = deliver(&args.common, &report, |options| render::cacheblend(&report, options));
    first(&[read, told])
}

fn completions(shell: clap_complete::Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut crate::command(), "inferguard", &mut script);
    match output::print(&String::from_utf8_lossy(&script)) {
        Err(Lost::Failed) => Exit::NotWritten,
        _ => Exit::Done,
    }
}

fn catalog(command: &CatalogCommand) -> Exit {
    let catalog = Catalog::new();
    match command {
        CatalogCommand::List { product, release, common } => {
            let list = report::list(&catalog, product.product(), *release);
            deliver(common, &list, |options| render::catalog_list(&list, options))
        }
        CatalogCommand::Show { name, common } => match report::show(&catalog, name) {
            Ok(show) => deliver(common, &show, |options| render::catalog_show(&show, options)),
            Err(near) => {
                let hint = if near.is_empty() {
                    String::new()
                } else {
                    format!("; nearest: {}", near.join(", "))
                };
                complain(&format!("no examined release has {name}{hint}"));
                Exit::Usage
            }
        },
        CatalogCommand::Diff { from, to, product, common } => {
            let diff = report::diff(&catalog, product.product(), *from, *to);
            deliver(common, &diff, |options| render::catalog_diff(&diff, options))
        }
        CatalogCommand::Drift { scrapes, release, common } => {
            let inputs: Vec<Input> = scrapes.iter().map(|t| page(t)).collect();
            let packet = open(&inputs, &Limits::default());
            let read = if usable(&packet) { Exit::Done } else { Exit::NothingUsable };
            let drift = report::drift(
                &catalog,
                packet,
                &Options { release: *release, ..Options::default() },
            );
            let told = deliver(common, &drift, |options| render::drift(&drift, options));
            first(&[read, told])
        }
    }
}
