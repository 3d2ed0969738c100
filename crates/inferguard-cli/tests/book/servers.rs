//! The LMCache server and the vLLM of the guides: they answer what a captured packet holds.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::common;
use super::common::server::{Server, reply};

/// Both servers.
pub(crate) struct Pair {
    lmcache: Server,
    engine: Server,
}

impl Pair {
    pub(crate) fn start() -> Self {
        let packet = common::root().join("fixtures/packets/vllm-0.32.0-lmcache-0.5.6-mp");
        let answers = packet.join("lmcache/http/end");
        let lmcache_pages = Pages::of(&packet.join("lmcache/metrics"));
        let engine_pages = Pages::of(&packet.join("vllm/metrics"));
        Self {
            lmcache: listen(move |path, stream| match path {
                "/metrics" => lmcache_pages.next(stream),
                _ => saved(&answers, path, stream),
            }),
            engine: listen(move |path, stream| match path {
                "/metrics" => engine_pages.next(stream),
                "/health" => reply(stream, "200 OK", "text/plain", b""),
                "/version" => {
                    reply(stream, "200 OK", "application/json", br#"{"version":"0.32.0"}"#);
                }
                _ => missing(stream),
            }),
        }
    }

    /// A command of a page with the addresses of these servers. They are as long as those of the
    /// page, so that nothing is broken at another place.
    pub(crate) fn own(&self, command: &str) -> String {
        command
            .replace("localhost:8080", self.lmcache.url.trim_start_matches("http://"))
            .replace("localhost:8000", self.engine.url.trim_start_matches("http://"))
    }

    /// What was printed, with the addresses of the page.
    pub(crate) fn shown(&self, text: &str) -> String {
        text.replace(self.lmcache.url.trim_start_matches("http://"), "localhost:8080")
            .replace(self.engine.url.trim_start_matches("http://"), "localhost:8000")
    }
}

/// A server at a free port of four digits.
fn listen(answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static) -> Server {
    // Ports are tried from a place that differs from process to process.
    let first = std::process::id() % 7000;
    for step in 0..7000 {
        let address = format!("127.0.0.1:{}", 2000 + (first + step) % 7000);
        if let Ok(listener) = std::net::TcpListener::bind(&address) {
            return Server::on(listener, answer);
        }
    }
    panic!("no free port");
}

/// The pages of a packet from the second on (the first is from before any traffic), one an answer,
/// the last again and again.
struct Pages {
    pages: Vec<PathBuf>,
    told: AtomicUsize,
}

impl Pages {
    fn of(dir: &Path) -> Self {
        let mut pages: Vec<PathBuf> =
            std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
        pages.sort();
        Self { pages, told: AtomicUsize::new(1) }
    }

    fn next(&self, stream: &mut TcpStream) {
        let at = self.told.fetch_add(1, Ordering::Relaxed).min(self.pages.len() - 1);
        reply(stream, "200 OK", "text/plain", &std::fs::read(&self.pages[at]).unwrap());
    }
}

fn saved(dir: &Path, path: &str, stream: &mut TcpStream) {
    let name = path.trim_start_matches('/').replace('/', "_");
    let name = if name.is_empty() { "index" } else { &name };
    match std::fs::read(dir.join(name)) {
        Ok(body) => reply(stream, "200 OK", "application/json", &body),
        Err(_) => missing(stream),
    }
}

fn missing(stream: &mut TcpStream) {
    reply(stream, "404 Not Found", "application/json", br#"{"detail":"Not Found"}"#);
}
