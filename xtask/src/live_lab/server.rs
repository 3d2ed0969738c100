//! One `lmcache server`, or one controller, on loopback.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::venv::Venv;

/// Name of its log in the directory of the run.
pub(super) const LOG: &str = "server.log";

/// A server that runs; it is killed with its owner.
pub(super) struct Server {
    child: Child,
    queue: u16,
    http: u16,
    argv: Vec<String>,
    /// A route that answers as soon as it is up.
    probe: &'static str,
    up_after: Duration,
}

/// A program with an environment that holds nothing of the machine.
pub(super) fn clean(program: &Path, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(dir).env_clear();
    for (name, value) in [
        ("PATH", "/usr/bin:/bin"),
        ("HOME", "."),
        ("LANG", "C.UTF-8"),
        ("LMCACHE_TRACK_USAGE", "false"),
        ("DO_NOT_TRACK", "1"),
        ("PYTHONUNBUFFERED", "1"),
        ("PYTHONHASHSEED", "0"),
    ] {
        command.env(name, value);
    }
    command
}

/// Flags whose names or values changed, by the release that has them.
fn flags_of(venv: &Venv) -> &'static [&'static str] {
    const SINCE_05: &[&str] = &["--instance-id", "live", "--supported-transfer-mode", "auto"];
    const BEFORE: &[&str] = &["--service-instance-id", "live", "--transfer-mode", "non_gpu"];
    let is_05 = "0.5.0".parse().is_ok_and(|first| venv.parsed() >= first);
    if is_05 { SINCE_05 } else { BEFORE }
}

impl Server {
    /// Starts a server with an L1 of a quarter GiB and these flags beside its own, and waits until it
    /// answers.
    pub(super) fn start(venv: &Venv, dir: &Path, more: &[&str]) -> Result<Self> {
        Self::start_with(venv, dir, "0.25", more)
    }

    /// Starts a server with an L1 of so many GiB, and further flags.
    pub(super) fn start_with(venv: &Venv, dir: &Path, l1: &str, flags: &[&str]) -> Result<Self> {
        let [queue, http, prometheus] = free_ports()?;
        let mut argv: Vec<String> = ["server", "--port", &queue.to_string()]
            .into_iter()
            .chain(["--http-host", "127.0.0.1", "--http-port", &http.to_string()])
            .chain(["--prometheus-port", &prometheus.to_string()])
            .chain(["--l1-size-gb", l1, "--chunk-size", "256", "--eviction-policy", "LRU"])
            .map(str::to_owned)
            .collect();
        argv.extend(flags_of(venv).iter().chain(flags).map(|f| (*f).to_owned()));
        Self::spawn(venv, dir, "lmcache", argv, (queue, http), "/healthcheck")
    }

    /// Starts a controller, with which engines with LMCache inside would register.
    pub(super) fn start_controller(venv: &Venv, dir: &Path) -> Result<Self> {
        let [pull, http, reply] = free_ports()?;
        let ports = format!("{{\"pull\": {pull}, \"reply\": {reply}}}");
        let argv = ["--host", "127.0.0.1", "--port", &http.to_string(), "--monitor-ports", &ports]
            .map(str::to_owned)
            .to_vec();
        Self::spawn(venv, dir, "lmcache_controller", argv, (pull, http), "/controller/workers")
    }

    fn spawn(
        venv: &Venv,
        dir: &Path,
        name: &str,
        mut argv: Vec<String>,
        (queue, http): (u16, u16),
        probe: &'static str,
    ) -> Result<Self> {
        let log = File::create(dir.join(LOG))?;
        let program = venv.program(name);
        let started = Instant::now();
        let child = clean(&program, dir)
            .args(&argv)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("{}", program.display()))?;
        argv.insert(0, name.to_owned());
        let mut out = Self { child, queue, http, argv, probe, up_after: Duration::ZERO };
        while !out.answers() {
            if let Some(status) = out.child.try_wait()? {
                bail!("the server ended: {status}");
            }
            if started.elapsed() > Duration::from_mins(2) {
                bail!("the server does not answer within 120 s");
            }
            sleep(Duration::from_millis(200));
        }
        out.up_after = started.elapsed();
        Ok(out)
    }

    /// Whether it answers 200 now.
    pub(super) fn answers(&self) -> bool {
        self.get(self.probe).is_ok()
    }

    /// The body of a route's answer, as `curl -f` gives it.
    pub(super) fn get(&self, path: &str) -> Result<Vec<u8>> {
        let mut stream = TcpStream::connect_timeout(&self.address(), Duration::from_millis(500))?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n").context("no head")?;
        let (head, body) = answer.split_at(end);
        anyhow::ensure!(head.windows(5).take(16).any(|w| w == b" 200 "), "{path}: not 200");
        Ok(body.get(4..).unwrap_or_default().to_vec())
    }

    /// Sends it a signal by its name, such as `STOP`.
    pub(super) fn signal(&self, name: &str) -> Result<()> {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args([&format!("-{name}"), pid.as_str()]).status()?;
        anyhow::ensure!(status.success(), "kill -{name} {pid}: {status}");
        Ok(())
    }

    /// Ends it and gives what it wrote.
    pub(super) fn stop(mut self) -> Result<()> {
        self.signal("INT")?;
        let asked = Instant::now();
        while self.child.try_wait()?.is_none() {
            if asked.elapsed() > Duration::from_secs(30) {
                bail!("the server does not end within 30 s of SIGINT");
            }
            sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// Address of its HTTP API.
    pub(super) fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.http))
    }

    /// URL of its HTTP API.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// Address of its message queue.
    pub(super) fn queue(&self) -> String {
        format!("tcp://localhost:{}", self.queue)
    }

    /// Its process.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it was started.
    pub(super) fn argv(&self) -> &[String] {
        &self.argv
    }

    /// How long it took until it answered.
    pub(super) fn up_after(&self) -> Duration {
        self.up_after
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Three ports that nobody listens at now.
fn free_ports() -> Result<[u16; 3]> {
    // All are held until all are known, so that they differ.
    let held: Vec<TcpListener> = (0..3)
        .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
        .collect::<std::io::Result<_>>()?;
    let mut ports = [0; 3];
    for (port, listener) in ports.iter_mut().zip(&held) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}
