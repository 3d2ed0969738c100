//! A server on loopback, and what collectors make of it.

#![allow(dead_code, clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use super::PAGE;

/// A server on loopback that records every request line and answers what it is told.
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) requests: Arc<Mutex<Vec<String>>>,
}

pub(crate) type Answer = Box<dyn Fn(&str, &mut TcpStream) + Send + Sync>;

impl Server {
    pub(crate) fn start(
        address: &str,
        answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static,
    ) -> Self {
        Self::on(TcpListener::bind(address).unwrap(), answer)
    }

    pub(crate) fn on(
        listener: TcpListener,
        answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static,
    ) -> Self {
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&requests);
        let answer: Arc<Answer> = Arc::new(Box::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                    let first = lines.next().and_then(Result::ok).unwrap_or_default();
                    let rest: Vec<String> =
                        lines.map_while(Result::ok).take_while(|l| !l.is_empty()).collect();
                    kept.lock().unwrap().push(format!("{first}\n{}", rest.join("\n")));
                    let path = first.split(' ').nth(1).unwrap_or("").to_owned();
                    answer(&path, &mut stream);
                });
            }
        });
        Self { url, requests }
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        let all = self.requests.lock().unwrap();
        all.iter().map(|r| r.lines().next().unwrap_or("").to_owned()).collect()
    }
}

pub(crate) fn reply(stream: &mut TcpStream, status: &str, kind: &str, body: &[u8]) {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes());
    let _ = stream.write_all(body);
}

pub(crate) fn manifest(dir: &Path) -> serde_json::Value {
    serde_json::from_slice(&fs::read(dir.join("packet_manifest.json")).unwrap()).unwrap()
}

pub(crate) fn entry(manifest: &serde_json::Value, name: &str) -> serde_json::Value {
    let files = manifest["files"].as_array().unwrap();
    files.iter().find(|f| f["name"] == name).unwrap_or_else(|| panic!("{name}: {files:?}")).clone()
}

pub(crate) fn assert_clean(dir: &Path, words: &[&str]) {
    for item in fs::read_dir(dir).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            assert_clean(&path, words);
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        for word in words {
            assert!(!text.contains(word), "{}: {word}", path.display());
        }
    }
}

/// Routes that every release from 0.4.5 on has, and of which no test needs an answer.
pub(crate) const ANY: &[&str] = &[
    "/",
    "/commit_id",
    "/loglevel",
    "/periodic-threads",
    "/periodic-threads-health",
    "/quota",
    "/threads",
];

/// An LMCache server of 0.5.6 in its routes.
pub(crate) fn lmcache(path: &str, stream: &mut TcpStream) {
    match path.split('?').next().unwrap_or("") {
        "/metrics" => reply(stream, "200 OK", "text/plain", PAGE.as_bytes()),
        "/healthcheck" => reply(stream, "200 OK", "application/json", br#"{"status":"healthy"}"#),
        "/status" => {
            reply(stream, "200 OK", "application/json", br#"{"is_healthy":true,"chunk_size":256}"#);
        }
        "/version" => reply(stream, "200 OK", "application/json", br#""0.5.6-g3e11e108""#),
        "/lmc_version" => reply(stream, "200 OK", "application/json", br#""0.5.6""#),
        "/config" | "/config/adapters" => reply(stream, "200 OK", "application/json", b"{}"),
        path if ANY.contains(&path) => reply(stream, "200 OK", "application/json", b"{}"),
        "/env" => reply(
            stream,
            "200 OK",
            "text/plain",
            br#"{"PYTHONHASHSEED":"0","AWS_SECRET_ACCESS_KEY":"PLANTED-env","HOME":"/home/someone"}"#,
        ),
        _ => reply(stream, "404 Not Found", "application/json", br#"{"detail":"Not Found"}"#),
    }
}
