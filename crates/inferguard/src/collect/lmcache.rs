//! `collect-lmcache`: one packet from everything that the user names.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use lmcache_http::{Question, Routes, Side, Skipped};

use super::draft::{Draft, entry};
use super::finish::finish;
use super::gather::{self, Fetched, Task};
use super::place::Place;
use super::process::{ProcessFacts, is_allowed};
use super::redact::Cleaner;
use super::request::{Collected, LmcacheRequest};
use super::{CollectError, Ended};
use crate::fetch::{Address, Client};
use crate::packet::{ArtifactKind, sniff};

/// Collects a packet. `cancel` ends it early with what is there.
pub fn collect_lmcache(
    request: &LmcacheRequest,
    cancel: &AtomicBool,
) -> Result<Collected, CollectError> {
    let client = Client::new(request.limits, &request.credentials)?;
    let place = Place::prepare(&request.output_dir, request.force)?;
    let write = |what: &str| {
        let what = what.to_owned();
        move |e: io::Error| CollectError::Write(what, e)
    };
    let cleaner = Cleaner::new(request.no_redact).map_err(write("the packet"))?;
    let mut draft = Draft { place, cleaner, entries: vec![] };

    let fetched = fetch_all(request, &client, cancel);
    // All names that the sources tell are known before the first byte is written.
    for one in &fetched {
        if let Some(answer) = &one.answer {
            draft.cleaner.learn(&one.task.file, &answer.body);
        }
    }
    for file in &request.files {
        draft.learn(&file.file, &file.path);
    }
    for one in fetched {
        keep_answer(&mut draft, one).map_err(write("an answer"))?;
    }
    for (pid, role) in &request.pids {
        keep_process(&mut draft, *pid, role.as_deref()).map_err(write("a command line"))?;
    }
    for file in &request.files {
        draft.copy(&file.name, &file.path, &file.file).map_err(write(&file.file))?;
    }
    let partial = cancel.load(Ordering::Relaxed);
    finish(draft, request, partial).map_err(|e| match e {
        Ended::Write(e) => CollectError::Write(request.output_dir.display().to_string(), e),
        Ended::Place(e) => CollectError::Place(e),
    })
}

fn file_in(role: Option<&str>, file: &str) -> String {
    match role {
        Some(role) => format!("{role}/{file}"),
        None => file.to_owned(),
    }
}

fn sample_file(file: &str, sample: u32, samples: u32) -> String {
    // The last scrape has the established name.
    if sample + 1 == samples {
        return file.to_owned();
    }
    match file.rsplit_once('.') {
        Some((stem, ending)) => format!("{stem}.{sample}.{ending}"),
        None => format!("{file}.{sample}"),
    }
}

/// Pages as often as samples are wanted, everything else once, beside the first of them.
fn fetch_all(request: &LmcacheRequest, client: &Client, cancel: &AtomicBool) -> Vec<Fetched> {
    let mut out = Vec::new();
    let table = Routes::new();
    let mut once: Vec<Task> = Vec::new();
    let mut pages: Vec<Task> = Vec::new();
    let mut task = |name: &str,
                    role: Option<&str>,
                    file: &str,
                    urls: Result<Vec<Address>, String>,
                    probe,
                    page| {
        match urls {
            Ok(addresses) => {
                let task = Task {
                    name: name.to_owned(),
                    role: role.map(str::to_owned),
                    file: file_in(role, file),
                    addresses,
                    probe,
                };
                if page {
                    pages.push(task);
                } else {
                    once.push(task);
                }
                None
            }
            Err(message) => Some(message),
        }
    };
    let mut bad: Vec<(String, String, String)> = Vec::new();
    for url in &request.urls {
        let address = Address::parse(&url.url).map_err(|e| e.to_string());
        let address = address.map(|a| vec![if url.page { a.or_path("/metrics") } else { a }]);
        if let Some(message) = task(&url.name, None, &url.file, address, false, url.page) {
            bad.push((url.name.clone(), crate::fetch::without_credentials(&url.url), message));
        }
    }
    for server in &request.servers {
        let role = server.role.as_deref();
        let base = Address::parse(&server.url).map_err(|e| e.to_string());
        let (name, file) = if server.engine {
            ("engine_metrics", "engine_metrics.prom")
        } else {
            ("lmcache_metrics", "lmcache_metrics.prom")
        };
        let base = match base {
            Ok(base) => base,
            Err(message) => {
                bad.push((
                    name.to_owned(),
                    crate::fetch::without_credentials(&server.url),
                    message,
                ));
                continue;
            }
        };
        // A metrics URL names its server as well.
        let root = base.server_of_metrics().unwrap_or(base);
        if server.metrics {
            task(name, role, file, Ok(vec![root.below("/metrics")]), false, true);
        }
        let (side, kind) =
            if server.engine { (Side::Engine, "engine") } else { (Side::Lmcache, "lmcache") };
        let asked = |q: &Question| q.established || !server.established_only;
        let environment = (request.include_env && !server.engine).then(environment);
        for question in table.questions(side).into_iter().filter(asked).chain(environment) {
            let name = format!("{kind}_{}", question.name);
            let addresses = question.paths.iter().map(|p| root.below(p)).collect();
            task(&name, role, question.file, Ok(addresses), true, false);
        }
        if let Some(thread) = request.thread_name.as_deref().filter(|_| !server.engine) {
            let path = format!("/periodic-threads/{}", encode(thread));
            let addresses = vec![root.below(&path)];
            task(
                "lmcache_periodic_thread",
                role,
                "lmcache_periodic_thread.txt",
                Ok(addresses),
                true,
                false,
            );
        }
    }
    for (name, source, message) in bad {
        out.push(unfetched(&name, source, message));
    }
    let samples = request.samples.max(1);
    let start = Instant::now();
    for sample in 0..samples {
        if !gather::wait_until(start + request.interval * sample, cancel) {
            break;
        }
        let mut tasks: Vec<Task> = pages
            .iter()
            .map(|page| Task { file: sample_file(&page.file, sample, samples), ..page.clone() })
            .collect();
        if sample == 0 {
            tasks.append(&mut once);
        }
        out.extend(gather::run(client, tasks, cancel));
        if pages.is_empty() {
            break;
        }
    }
    out
}

/// The environment of a server of LMCache: only asked for by name.
fn environment() -> Question {
    Question {
        side: Side::Lmcache,
        name: "env",
        established: false,
        file: "lmcache_env.json",
        paths: vec!["/env"],
    }
}

/// The routes that were not called, each with the reason.
pub(super) fn skipped(request: &LmcacheRequest) -> Vec<Skipped> {
    let mut out = Routes::new().skipped();
    out.retain(|s| !(request.include_env && s.endpoint == "GET /env"));
    // A line that scripts know; the routes themselves are in the list.
    out.push(Skipped {
        endpoint: "quota mutation endpoints".into(),
        reason: "PUT and DELETE /quota/{cache_salt} change limits".into(),
        status: "destructive_skipped".into(),
    });
    out
}

/// What stands for itself in a name. Dots do not: `..` is a way out.
const KEPT: &percent_encoding::AsciiSet =
    &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_');

fn encode(thread: &str) -> String {
    percent_encoding::utf8_percent_encode(thread, KEPT).to_string()
}

fn unfetched(name: &str, source: String, message: String) -> Fetched {
    let attempt = gather::Attempt {
        url: source,
        http_status: None,
        error: Some(message),
        error_code: Some("bad_url".into()),
        took_ms: 0,
        body: None,
    };
    let task = Task {
        name: name.to_owned(),
        role: None,
        file: String::new(),
        addresses: vec![],
        probe: false,
    };
    Fetched { task, attempts: vec![attempt], answer: None }
}

/// Writes an answer, or says why there is none.
pub(super) fn keep_answer(draft: &mut Draft, one: Fetched) -> io::Result<()> {
    let last = one.last().cloned();
    let source = last.as_ref().map_or_else(String::new, |a| a.url.clone());
    let mut made = entry(&one.task.name, one.task.role.as_deref(), draft.cleaner.text(&source));
    made.http_status = last.as_ref().and_then(|a| a.http_status);
    let told = |a: &gather::Attempt| a.body.is_some();
    made.attempts =
        if one.attempts.len() > 1 || one.attempts.iter().any(told) { one.attempts } else { vec![] };
    let Some(answer) = one.answer.filter(|_| last.as_ref().is_some_and(|a| a.error.is_none()))
    else {
        made.status = "not_fetched".into();
        made.error = last.as_ref().and_then(|a| a.error.clone()).or(Some(gather::UNASKED.into()));
        made.error_code = last.and_then(|a| a.error_code);
        draft.entries.push(made);
        return Ok(());
    };
    made.captured_at = Some(answer.at);
    let page = Path::new(&one.task.file).extension().is_some_and(|e| e == "prom");
    let found = sniff(if page { "answer" } else { &one.task.file }, &answer.body);
    made.kind = found.name().into();
    match answer.status {
        404 | 405 | 410 => {
            made.status = if one.task.probe { "no_such_route" } else { "http_error" }.into();
            made.error = Some(answer.told());
            draft.entries.push(made);
            return Ok(());
        }
        200..=299 => {}
        status => {
            made.status = "http_error".into();
            made.error = Some(answer.told());
            // What an unhealthy server says of itself is evidence; where it points is none.
            if (300..400).contains(&status) {
                draft.entries.push(made);
                return Ok(());
            }
        }
    }
    // A server of metrics answers any path with its page: it has no such route.
    if !page && one.task.probe && found == ArtifactKind::PrometheusText {
        made.status = "not_what_was_asked_for".into();
        made.error = Some("the answer is a metrics page: is this the port of the metrics?".into());
        draft.entries.push(made);
        return Ok(());
    }
    let mut file = one.task.file.clone();
    if page && found != ArtifactKind::PrometheusText && !answer.body.is_empty() {
        made.status = "not_what_was_asked_for".into();
        made.error = Some("the answer is no metrics page".into());
        file = format!("{}.answer.txt", file.trim_end_matches(".prom"));
    }
    if one.task.name == "lmcache_env" && !draft.cleaner.is_off() {
        let clean = allowed_only(&answer.body);
        return draft.write(made, &file, clean);
    }
    draft.write(made, &file, answer.body)
}

/// The environment through the allow-list; anything else than a map gives names of nothing.
fn allowed_only(body: &[u8]) -> Vec<u8> {
    let parsed: Option<BTreeMap<String, serde_json::Value>> = serde_json::from_slice(body).ok();
    let (mut env, mut other) = (BTreeMap::new(), Vec::new());
    for (name, value) in parsed.into_iter().flatten() {
        if is_allowed(&name) {
            env.insert(name, value);
        } else {
            other.push(name);
        }
    }
    serde_json::to_vec_pretty(&serde_json::json!({"env": env, "env_other_names": other}))
        .unwrap_or_default()
}

fn keep_process(draft: &mut Draft, pid: u32, role: Option<&str>) -> io::Result<()> {
    let mut made = entry("command", role, format!("process {pid}"));
    made.kind = ArtifactKind::Command.name().into();
    match ProcessFacts::read(pid) {
        Ok(facts) => {
            let file = file_in(role, &format!("process-{pid}.command.json"));
            let text = serde_json::to_vec_pretty(&facts)?;
            draft.write(made, &file, text)
        }
        Err(e) => {
            made.status = "unreadable".into();
            made.error = Some(e.to_string());
            draft.entries.push(made);
            Ok(())
        }
    }
}
