//! A relay on loopback between the tool and the server: it notes every request line, so that what
//! was asked does not depend on what the server logs.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;

/// The relay; it lives as long as the process.
pub(super) struct Relay {
    url: String,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Relay {
    /// Relays to a server.
    pub(super) fn start(server: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let url = format!("http://{}", listener.local_addr()?);
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || {
                    // A connection that breaks is the other side's to tell.
                    let _ = pass(stream, server, &kept);
                });
            }
        });
        Ok(Self { url, lines })
    }

    /// Where it listens.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Request lines so far.
    pub(super) fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Passes one connection on, request by request.
fn pass(client: TcpStream, server: SocketAddr, kept: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let upstream = TcpStream::connect_timeout(&server, Duration::from_secs(5))?;
    let (mut back, mut to_client) = (upstream.try_clone()?, client.try_clone()?);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut back, &mut to_client);
        let _ = to_client.shutdown(std::net::Shutdown::Both);
    });
    let mut to_server = upstream;
    let mut from_client = BufReader::new(client);
    let mut line = String::new();
    // Requests of a GET have no body: every line is one of a head.
    let mut first = true;
    loop {
        line.clear();
        if from_client.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if first {
            kept.lock().unwrap_or_else(PoisonError::into_inner).push(line.trim().to_owned());
        }
        first = line.trim().is_empty();
        to_server.write_all(line.as_bytes())?;
    }
}
