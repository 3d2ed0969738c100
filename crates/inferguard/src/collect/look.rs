//! Looks at servers that run and holds what they answer in memory: nothing is written.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use lmcache_http::{Routes, Side};
use memchr::memmem;

use super::gather::{self, Fetched, Task, UNASKED};
use crate::fetch::{Address, Answer, Client, Credentials, FetchError, FetchLimits};
use crate::packet::Input;

/// How servers are looked at.
#[derive(Debug, Clone)]
pub struct LookRequest {
    /// Scrapes of each metrics page. One gives no rate.
    pub samples: u32,
    /// Time between the beginnings of two scrapes.
    pub interval: Duration,
    /// Bounds of one exchange.
    pub limits: FetchLimits,
    /// What is sent along.
    pub credentials: Credentials,
}

impl Default for LookRequest {
    fn default() -> Self {
        Self {
            samples: 2,
            interval: Duration::from_secs(5),
            limits: FetchLimits::default(),
            credentials: Credentials::default(),
        }
    }
}

/// Asks servers for their metrics, as often as wanted, and once for every other route that is
/// safe to read. A URL without a path, or one that ends in `/metrics`, names a server; any other
/// path is fetched as it is, and nothing beside it.
///
/// Whatever a server fails at is an input that says so. `cancel` ends the wait early.
pub fn look(
    urls: &[String],
    request: &LookRequest,
    cancel: &AtomicBool,
) -> Result<Vec<Input>, FetchError> {
    let client = Client::new(request.limits, &request.credentials)?;
    let mut out = Vec::new();
    let mut servers = Vec::new();
    for url in urls {
        match Address::parse(url) {
            Ok(address) => servers.push(address.or_path("/metrics")),
            Err(error) => out.push(Input::Fetched {
                url: crate::fetch::without_credentials(url),
                file: None,
                role: None,
                body: Err(error.to_string()),
                at: None,
            }),
        }
    }
    let start = Instant::now();
    for sample in 0..request.samples.max(1) {
        if servers.is_empty() || !gather::wait_until(start + request.interval * sample, cancel) {
            break;
        }
        let tasks = servers.iter().map(|address| task("", vec![address.clone()])).collect();
        let pages = gather::run(&client, tasks, cancel);
        let mut tasks = Vec::new();
        let mut answered = Vec::new();
        for (page, address) in pages.into_iter().zip(&servers) {
            if sample == 0 {
                tasks.extend(routes(address, page.answer.as_ref()));
            }
            if page.answer.is_some() {
                answered.push(address.clone());
            }
            out.push(scrape(page, sample));
        }
        // A server that gave no answer is not asked again: it would cost its deadline each time.
        if sample == 0 {
            servers = answered;
        }
        out.extend(answers(gather::run(&client, tasks, cancel)));
    }
    Ok(out)
}

fn task(file: &str, addresses: Vec<Address>) -> Task {
    Task { name: String::new(), role: None, file: file.to_owned(), addresses, probe: true }
}

/// The routes worth asking, by what the first page tells.
fn routes(address: &Address, page: Option<&Answer>) -> Vec<Task> {
    let (Some(page), Some(root)) = (page, address.server_of_metrics()) else { return vec![] };
    let holds = |word: &str| memmem::find(&page.body, word.as_bytes()).is_some();
    let engine = holds("vllm:") || holds("sglang:");
    let sides: &[Side] = match (engine, holds("lmcache")) {
        (true, _) => &[Side::Engine],
        (false, true) => &[Side::Lmcache],
        (false, false) => &[Side::Lmcache, Side::Engine],
    };
    let table = Routes::new();
    sides
        .iter()
        .flat_map(|side| table.questions(*side))
        .map(|question| task(question.file, question.paths.iter().map(|p| root.below(p)).collect()))
        .collect()
}

fn scrape(page: Fetched, sample: u32) -> Input {
    let (url, error) = page.last().map(|a| (a.url.clone(), a.error.clone())).unwrap_or_default();
    let (body, at) = match page.answer {
        Some(answer) => {
            let at = answer.at;
            (answer.into_page(), Some(at))
        }
        None => (Err(error.unwrap_or_else(|| UNASKED.into())), None),
    };
    let shown = if sample == 0 { url.clone() } else { format!("{url} #{}", sample + 1) };
    Input::Fetched { url: shown, file: Some(url), role: None, body, at }
}

/// Answers of routes. That the framework says "no such route" is a fact about the release; that a
/// route gave no answer is told once for all routes that failed in the same way.
fn answers(fetched: Vec<Fetched>) -> Vec<Input> {
    let mut out = Vec::new();
    let mut failed: BTreeMap<(String, String), (String, usize)> = BTreeMap::new();
    for one in fetched {
        let Some(last) = one.last().cloned() else { continue };
        for attempt in &one.attempts {
            if let Some(absent) = &attempt.body {
                out.push(Input::Fetched {
                    url: attempt.url.clone(),
                    file: Some(one.task.file.clone()),
                    role: None,
                    body: Ok(absent.clone().into_bytes()),
                    at: None,
                });
            }
        }
        let Some(answer) = one.answer else {
            let server = last.url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
            let error = last.error.unwrap_or_else(|| UNASKED.into());
            failed.entry((server, error)).or_insert((last.url, 0)).1 += 1;
            continue;
        };
        // What an unhealthy server says of itself is evidence; a refusal is not.
        if matches!(answer.status, 200..=299 | 500..=599) && !answer.body.is_empty() {
            out.push(Input::Fetched {
                url: last.url,
                file: Some(one.task.file),
                role: None,
                body: Ok(answer.body),
                at: Some(answer.at),
            });
        }
    }
    for ((_, error), (url, count)) in failed {
        let message = match count {
            1 => error,
            _ => format!("{error} (and {} more routes of this server)", count - 1),
        };
        out.push(Input::Fetched { url, file: None, role: None, body: Err(message), at: None });
    }
    out
}
