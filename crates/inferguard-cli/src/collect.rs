//! The collectors.

use std::path::PathBuf;
use std::time::Duration;

use inferguard::collect::{
    CollectError, Collected, LmcacheRequest, NamedFile, NamedUrl, ServerUrl, collect_lmcache,
};
use inferguard::fetch::{Credentials, FetchLimits};
use inferguard::report::Options;

use crate::args::collect::{CollectLmcacheArgs, NetArgs, role};
use crate::output::{self, Lost, complain};
use crate::run::{Exit, first, options};
use crate::watch::Interrupts;

/// What is sent along; the error is told.
pub(crate) fn credentials(net: &NetArgs) -> Option<Credentials> {
    let mut out = Credentials { headers: net.header.clone(), authorities: vec![] };
    let read = |path: &PathBuf| {
        std::fs::read(path)
            .map_err(|e| complain(&format!("{} could not be read: {e}", path.display())))
            .ok()
    };
    if let Some(path) = &net.bearer_token_file {
        let token = String::from_utf8_lossy(&read(path)?).trim().to_owned();
        if token.is_empty() || token.contains(char::is_whitespace) {
            complain(&format!("{} holds no token", path.display()));
            return None;
        }
        out.headers.push(("authorization".into(), format!("Bearer {token}")));
    }
    if let Some(path) = &net.ca_file {
        out.authorities = read(path)?;
    }
    Some(out)
}

pub(crate) fn limits(net: &NetArgs) -> FetchLimits {
    FetchLimits { timeout: Duration::from_secs_f64(net.timeout_seconds), ..FetchLimits::default() }
}

/// The name of a source in the packet.
fn base(path: &std::path::Path, fallback: &str) -> String {
    path.file_name().map_or_else(|| fallback.into(), |n| n.to_string_lossy().into_owned())
}

fn request(args: &CollectLmcacheArgs, credentials: Credentials) -> Result<LmcacheRequest, String> {
    let mut out = LmcacheRequest {
        output_dir: args.output_dir.clone(),
        force: args.force,
        thread_name: args.lmcache_http_thread_name.clone(),
        samples: args.samples,
        interval: Duration::from_secs_f64(args.interval_seconds),
        limits: limits(&args.net),
        credentials,
        include_env: args.include_env,
        no_redact: args.no_redact,
        options: Options {
            expect_mode: args.expect_mode.mode(),
            mp: args.mp.declared(),
            ..options(&args.declared)
        },
        ..LmcacheRequest::default()
    };
    let mut named = vec![
        (
            "engine_metrics",
            args.engine_metrics_url.as_ref(),
            args.engine_metrics_file.as_ref(),
            "engine_metrics.prom",
            true,
        ),
        (
            "lmcache_metrics",
            args.lmcache_metrics_url.as_ref(),
            args.lmcache_metrics_file.as_ref(),
            "lmcache_metrics.prom",
            true,
        ),
    ];
    named.extend(
        args.routes.each().into_iter().map(|(name, url, file, to)| (name, url, file, to, false)),
    );
    for (name, url, file, to, page) in named {
        if let Some(path) = file {
            if url.is_some() {
                complain(&format!("{name}: the file is used, the URL is not"));
            }
            out.files.push(NamedFile { name: name.into(), path: path.clone(), file: to.into() });
        } else if let Some(url) = url {
            out.urls.push(NamedUrl { name: name.into(), url: url.clone(), file: to.into(), page });
        }
    }
    let fixed = [
        ("engine_log", &args.engine_log_file, "engine.log"),
        ("lmcache_log", &args.lmcache_log_file, "lmcache.log"),
        ("lmcache_trace", &args.lmcache_trace_file, "lmcache_trace.lct"),
        ("lmcache_otel", &args.lmcache_otel_file, "lmcache_otel.jsonl"),
        (
            "lmcache_cacheblend_boundary",
            &args.lmcache_cacheblend_boundary_evidence_file,
            "lmcache_cacheblend_boundary.jsonl",
        ),
    ];
    for (name, path, to) in fixed {
        if let Some(path) = path {
            out.files.push(NamedFile { name: name.into(), path: path.clone(), file: to.into() });
        }
    }
    for (name, path) in [
        ("lmcache_trace_replay", &args.lmcache_trace_replay_output),
        ("lmcache_lookup_hash", &args.lmcache_lookup_hash_path),
    ] {
        if let Some(path) = path {
            let file = base(path, name);
            out.files.push(NamedFile { name: name.into(), path: path.clone(), file });
        }
    }
    for path in &args.file {
        let file = base(path, "files");
        if out.files.iter().any(|other| other.file == file) {
            return Err(format!("--file {}: another file is called {file}", path.display()));
        }
        out.files.push(NamedFile { name: "file".into(), path: path.clone(), file });
    }
    for (engine, urls) in [(false, &args.lmcache_url), (true, &args.engine_url)] {
        for text in urls {
            let (role, url) = role(text);
            out.servers.push(ServerUrl {
                engine,
                role: role.map(str::to_owned),
                url: url.to_owned(),
                metrics: true,
                established_only: false,
            });
        }
    }
    if let Some(url) = &args.lmcache_http_base_url {
        out.servers.push(ServerUrl {
            engine: false,
            role: None,
            url: url.clone(),
            metrics: false,
            established_only: true,
        });
    }
    distinct(&out)?;
    for text in &args.pid {
        let (role, pid) = role(text);
        let pid = pid.parse().map_err(|_| format!("--pid {text}: a process id is needed"))?;
        out.pids.push((pid, role.map(str::to_owned)));
    }
    let none = out.files.is_empty()
        && out.urls.is_empty()
        && out.servers.is_empty()
        && out.pids.is_empty();
    if none {
        return Err("collect-lmcache needs at least one input, such as --lmcache-url URL".into());
    }
    Ok(out)
}

/// Two servers of one kind need roles that tell them apart.
fn distinct(request: &LmcacheRequest) -> Result<(), String> {
    let all: Vec<(bool, Option<&str>)> =
        request.servers.iter().map(|s| (s.engine, s.role.as_deref())).collect();
    for (i, one) in all.iter().enumerate() {
        if all.iter().take(i).any(|other| other == one) {
            let flag = if one.0 { "--engine-url" } else { "--lmcache-url" };
            return Err(format!(
                "{flag}: give several servers different roles, as in {flag} a=URL {flag} b=URL"
            ));
        }
    }
    Ok(())
}

pub(crate) fn lmcache(args: &CollectLmcacheArgs) -> Exit {
    let interrupts = Interrupts::listen();
    let Some(credentials) = credentials(&args.net) else { return Exit::Usage };
    let request = match request(args, credentials) {
        Ok(request) => request,
        Err(message) => {
            complain(&message);
            return Exit::Usage;
        }
    };
    if args.no_redact {
        complain(
            "WARNING: --no-redact: the packet will hold credentials, prompts and token ids as the sources do",
        );
    }
    let collected = match collect_lmcache(&request, interrupts.flag()) {
        Ok(collected) => collected,
        Err(error) => {
            complain(&error.to_string());
            return match error {
                CollectError::Client(_) => Exit::Usage,
                _ => Exit::NotWritten,
            };
        }
    };
    errors(&collected);
    let told = tell(args, &collected);
    let read = if collected.usable {
        Exit::Done
    } else {
        complain("nothing usable was collected");
        Exit::NothingUsable
    };
    first(&[read, told, interrupts.exit_code().map_or(Exit::Done, Exit::Interrupted)])
}

/// One line a cause: a server that is down fails at every route in the same way.
fn errors(collected: &Collected) {
    let mut told: Vec<(String, &str, Vec<&str>)> = Vec::new();
    for error in &collected.manifest.scrape_errors {
        let server = error.source.split('/').take(3).collect::<Vec<_>>().join("/");
        let server = if error.source.contains("://") { server } else { error.source.clone() };
        match told.iter_mut().find(|(s, e, _)| *s == server && *e == error.error) {
            Some((.., names)) => names.push(&error.source_name),
            None => told.push((server, &error.error, vec![&error.source_name])),
        }
    }
    for (server, error, names) in told {
        let what = match names.as_slice() {
            [one] => (*one).to_owned(),
            [first, rest @ ..] => format!("{first} and {} more", rest.len()),
            [] => String::new(),
        };
        complain(&format!("{server}: {error} ({what})"));
    }
}

fn tell(args: &CollectLmcacheArgs, collected: &Collected) -> Exit {
    let manifest = &collected.manifest;
    let printed = if args.json {
        output::print_json(manifest)
    } else {
        let partial = if manifest.partial { " partial=true" } else { "" };
        output::print(&format!(
            "inferguard collect-lmcache: detected_mode={} claim_status={} artifacts={} errors={}{partial} output_dir={}\n",
            manifest.detected_mode,
            manifest.claim_status,
            manifest.written(),
            manifest.scrape_errors.len(),
            args.output_dir.display()
        ))
    };
    match printed {
        Err(Lost::Failed) => Exit::NotWritten,
        _ => Exit::Done,
    }
}
