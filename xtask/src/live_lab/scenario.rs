//! What is done to a server, and what must come out.

use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::closeout;
use super::expect::{
    Rows, admits, entries, family, findings, forbidden, missing, text, wrong_routes,
};
use super::load::Load;
use super::packet::{COLLECTED, Origin, describe};
use super::relay::Relay;
use super::server::{LOG, Server};
use super::tool::{Done, Running, Tool};
use super::venv::Venv;

/// Seconds that one exchange may take.
const TIMEOUT: u64 = 2;
/// Seconds between the beginnings of two scrapes.
const INTERVAL: u64 = 2;
/// Scrapes.
const SAMPLES: u64 = 4;
/// What starting, redacting and writing may cost in a debug build.
const ROOM: Duration = Duration::from_secs(5);

/// A periodic thread that each server of 0.5 has.
const THREAD: &str = "lmcache-mp-worker-reaper";

/// The finding of a server that does not answer.
const NO_ANSWER: &str = "endpoint_unreachable";

/// Scrapes of a queue: its stores take five seconds.
const QUEUED_SAMPLES: u64 = 6;
/// The findings of an L2 that is too slow.
const QUEUED: [&str; 4] = [
    "lmcache_mp_l2_load_backlog",
    "lmcache_mp_l2_store_backlog",
    "lmcache_mp_l2_throughput_low",
    "remote_slow",
];

/// What is done.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Scenario {
    /// Load all the time.
    Healthy,
    /// No load at all.
    Idle,
    /// SIGSTOP while the packet is collected, and before one is.
    Hung,
    /// SIGKILL while the packet is collected.
    Dying,
    /// An L2 of 100 kB a second: LMCache's own mock of one.
    SlowL2,
    /// A controller with which nothing has registered, instead of a server.
    Controller,
}

/// Where and with what a scenario runs.
pub(super) struct Lab<'a> {
    pub(super) venv: &'a Venv,
    pub(super) tool: &'a Tool,
    pub(super) dir: &'a Path,
    pub(super) name: &'a str,
}

impl Scenario {
    pub(super) const ALL: [Scenario; 6] = [
        Scenario::Healthy,
        Scenario::Idle,
        Scenario::Hung,
        Scenario::Dying,
        Scenario::SlowL2,
        Scenario::Controller,
    ];

    /// Its name in commands and packets.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Scenario::Healthy => "healthy",
            Scenario::Idle => "idle",
            Scenario::Hung => "hung",
            Scenario::Dying => "dying",
            Scenario::SlowL2 => "slow-l2",
            Scenario::Controller => "controller",
        }
    }

    const fn deed(self) -> &'static str {
        match self {
            Scenario::Healthy => "collected under load",
            Scenario::Idle => "collected without load",
            Scenario::Hung => "stopped by SIGSTOP while it was collected",
            Scenario::Dying => "killed by SIGKILL while it was collected",
            Scenario::SlowL2 => {
                "collected while stores and loads queue up at an L2 of 100 kB a second"
            }
            Scenario::Controller => "a controller with which nothing has registered, collected",
        }
    }

    /// Flags of the server that only this needs.
    const fn flags(self) -> &'static [&'static str] {
        const RECORDED: &[&str] = &[
            "--trace-level",
            "storage",
            "--trace-output",
            closeout::TRACE,
            "--lookup-hash-log-dir",
            closeout::HASHES,
        ];
        // What L2 has is taken from L1, so that it is loaded when it is asked for again.
        const SLOW: &[&str] = &[
            "--l2-adapter",
            r#"{"type":"mock","max_size_gb":1,"mock_bandwidth_gb":0.0001}"#,
            "--l2-store-policy",
            "skip_l1",
            "--metrics-sample-rate",
            "1.0",
        ];
        match self {
            Scenario::Healthy => RECORDED,
            Scenario::SlowL2 => SLOW,
            _ => &[],
        }
    }

    /// Flags of the load that only this needs.
    const fn load(self) -> &'static [&'static str] {
        // Prompts that share nothing, so that each of them is a load of its own.
        const BURST: &[&str] = &[
            "--burst",
            "--prompts",
            "80",
            "--common-tokens",
            "0",
            "--settle",
            "8",
            "--timeout",
            "60",
        ];
        match self {
            Scenario::SlowL2 => BURST,
            _ => &[],
        }
    }

    /// Runs it.
    pub(super) fn run(self, lab: &Lab<'_>, rows: &mut Rows) -> Result<()> {
        let start = now();
        let server = match self {
            Scenario::Controller => Server::start_controller(lab.venv, lab.dir)?,
            _ => Server::start(lab.venv, lab.dir, self.flags())?,
        };
        let up = format!("{:.1} s", server.up_after().as_secs_f64());
        rows.hold(self.name(), "the server is up", true, up);
        let argv = server.argv().to_vec();
        let load = match self {
            Scenario::Idle | Scenario::Controller => None,
            _ => Some(Load::start(lab.venv, &server, lab.dir, self.load())?),
        };
        let run = Run { scenario: self, lab, rows, server };
        let driven = match self {
            Scenario::Healthy | Scenario::Idle => run.undisturbed(load)?,
            Scenario::Hung => run.hung(load)?,
            Scenario::Dying => run.dying(load)?,
            Scenario::SlowL2 => run.queued(load)?,
            Scenario::Controller => run.controller()?,
        };
        let origin = Origin {
            name: lab.name,
            release: lab.venv.release(),
            argv: &argv,
            load: &driven,
            deed: self.deed(),
            times: (start, now()),
        };
        describe(&lab.dir.join(COLLECTED), &origin)
    }
}

pub(super) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64())
}

/// How long a collection may take in which every scrape runs into its deadline.
fn deadline(samples: u64) -> Duration {
    Duration::from_secs(samples * TIMEOUT.max(INTERVAL)) + ROOM
}

struct Run<'a, 'b> {
    scenario: Scenario,
    lab: &'a Lab<'a>,
    rows: &'b mut Rows,
    server: Server,
}

impl Run<'_, '_> {
    fn hold(&mut self, what: &str, holds: bool, found: impl std::fmt::Display) {
        self.rows.hold(self.scenario.name(), what, holds, found);
    }

    fn arguments(&self, dir: &str, url: &str, samples: u64) -> Vec<String> {
        let mut args = vec!["collect-lmcache".to_owned(), "--output-dir".into(), dir.into()];
        args.extend(["--lmcache-url".into(), url.into()]);
        args.extend(["--pid".into(), self.server.pid().to_string()]);
        args.extend(["--lmcache-log-file".into(), LOG.into()]);
        for (flag, value) in [
            ("--samples", samples),
            ("--interval-seconds", INTERVAL),
            ("--timeout-seconds", TIMEOUT),
        ] {
            args.extend([flag.to_owned(), value.to_string()]);
        }
        args
    }

    fn manifest(&self, dir: &str) -> Result<Value> {
        let path = self.lab.dir.join(dir).join("packet_manifest.json");
        let bytes = std::fs::read(&path).with_context(|| format!("{}", path.display()))?;
        Ok(serde_json::from_slice(&bytes)?)
    }

    /// Collects both ways at once, with and without load.
    fn undisturbed(mut self, load: Option<Load>) -> Result<Value> {
        let relay = Relay::start(self.server.address())?;
        let mut args = self.arguments(COLLECTED, relay.url(), SAMPLES);
        if self.scenario == Scenario::Idle {
            args.extend(["--lmcache-http-thread-name".to_owned(), THREAD.to_owned()]);
        }
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let packet = self.lab.tool.spawn(self.lab.dir, &args)?;
        let metrics = self.metrics(relay.url())?;
        let done = packet.wait()?;
        self.ended(&done, 0, SAMPLES);
        if let Some(metrics) = metrics {
            self.metrics_held(&metrics.wait()?)?;
        }
        if self.scenario == Scenario::Healthy {
            closeout::run(self.lab, &self.server, self.rows)?;
        }
        let totals = load.map_or(Ok(json!("none")), Load::stop)?;
        let manifest = self.manifest(COLLECTED)?;
        let release = self.lab.venv.parsed();
        let wrong = wrong_routes(&manifest, release);
        self.hold("every safe route of the release answered", wrong.is_empty(), list(&wrong));
        let errors = manifest["scrape_errors"].as_array().map_or(0, Vec::len);
        self.hold("no error of collection", errors == 0, &manifest["scrape_errors"]);
        let lines = relay.lines();
        let bad = forbidden(&lines);
        let asked = format!("{} requests, {}", lines.len(), list(&bad));
        self.hold(
            "only GET, only what changes nothing",
            bad.is_empty() && !lines.is_empty(),
            asked,
        );
        let (report, _) = self.lab.tool.check(self.lab.dir, COLLECTED)?;
        self.read(&report);
        self.judged(&report);
        if self.scenario == Scenario::Idle {
            let told = report["http"][0]["endpoints"].get("periodic_thread").is_some();
            self.hold("the answer for one thread is there", told, THREAD);
        }
        self.live(relay.url())?;
        self.server.stop()?;
        Ok(totals)
    }

    /// What is the same whatever is done to the server.
    fn read(&mut self, report: &Value) {
        let release = self.lab.venv.parsed();
        self.hold("mode mp", report["mode"] == "mp", text(&report["mode"]));
        let row = &report["releases"]["lmcache"];
        let found = format!(
            "{} to {}, {}",
            text(&row["min"]),
            text(&row["max"]),
            text(&row["contradictions"])
        );
        let what = format!("the release can be {}", self.lab.venv.release());
        self.hold(&what, admits(report, release), found);
        let none = missing(report);
        self.hold("nothing is called missing", none.is_empty(), list(&none));
    }

    fn judged(&mut self, report: &Value) {
        let busy = self.scenario == Scenario::Healthy;
        for name in ["lookup_tokens", "l1_counters"] {
            let found = family(report, name);
            if busy {
                self.hold(&format!("{name} is populated"), found == "populated", found);
            } else {
                let quiet = matches!(found.as_str(), "zero" | "not_emitted");
                self.hold(&format!("{name} is zero or not emitted"), quiet, found);
            }
        }
        let found = findings(report);
        self.hold("no finding", found.is_empty(), list(&found));
        let traffic = text(&report["targets"][0]["traffic"]);
        let wanted = if busy { "flowing" } else { "idle" };
        self.hold(&format!("traffic is {wanted}"), traffic == wanted, traffic);
    }

    /// `collect-metrics` beside it.
    fn metrics(&self, url: &str) -> Result<Option<Running>> {
        let help = self.lab.tool.run(self.lab.dir, &["collect-metrics", "--help"])?;
        if help.code != 0 {
            println!("   --   this build has no collect-metrics");
            return Ok(None);
        }
        let args = [
            "collect-metrics",
            "--engine",
            "lmcache",
            "--endpoint",
            url,
            "--samples",
            "3",
            "--interval-seconds",
            "2",
            "--output-dir",
            "metrics",
        ];
        self.lab.tool.spawn(self.lab.dir, &args).map(Some)
    }

    fn metrics_held(&mut self, running: &Done) -> Result<()> {
        self.hold("collect-metrics ends with 0", running.code == 0, first_line(running));
        let (report, _) = self.lab.tool.check(self.lab.dir, "metrics")?;
        let scrapes = report["targets"][0]["scrapes"].as_array().map_or(0, Vec::len);
        self.hold("its packet holds three scrapes", scrapes == 3, scrapes);
        Ok(())
    }

    /// `check URL` on the running server.
    fn live(&mut self, url: &str) -> Result<()> {
        let args = ["check", url, "--interval-seconds", "1", "--json"];
        let done = self.lab.tool.run(self.lab.dir, &args)?;
        let report: Value = serde_json::from_str(&done.stdout).unwrap_or(Value::Null);
        let holds = done.code == 0 && report["mode"] == "mp";
        let found = format!("{} in {:.1} s", text(&report["mode"]), done.took.as_secs_f64());
        self.hold("check URL reads it too", holds, found);
        Ok(())
    }

    fn ended(&mut self, done: &Done, code: i32, samples: u64) {
        let found = format!("{} ({})", done.code, first_line(done));
        self.hold(&format!("collect-lmcache ends with {code}"), done.code == code, found);
        let name = self.scenario.name();
        self.rows.within(name, "collect-lmcache", done.took, deadline(samples));
    }

    /// Starts a collection and does something to the server after its first scrape.
    fn disturbed(&self, signal: &str) -> Result<Done> {
        let args = self.arguments(COLLECTED, &self.server.url(), SAMPLES);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let running = self.lab.tool.spawn(self.lab.dir, &args)?;
        sleep(Duration::from_secs(INTERVAL + 1));
        self.server.signal(signal)?;
        running.wait()
    }

    /// Scrapes from before are kept, those after are told with their reason, and the report says so.
    fn kept(&mut self, code: &str) -> Result<()> {
        let (report, _) = self.lab.tool.check(self.lab.dir, COLLECTED)?;
        self.read(&report);
        let found = findings(&report);
        self.hold("the finding is that it gave no answer", found == [NO_ANSWER], list(&found));
        let manifest = self.manifest(COLLECTED)?;
        let pages = entries(&manifest, "lmcache_metrics");
        let good = pages.iter().filter(|p| p["status"] == "ok").count();
        let lost: Vec<&&Value> = pages.iter().filter(|p| p["status"] == "not_fetched").collect();
        let told = !lost.is_empty() && lost.iter().all(|p| p["error_code"] == code);
        let why: Vec<String> = lost.iter().map(|p| text(&p["error"])).collect();
        self.hold("scrapes from before are kept", good >= 2, good);
        self.hold(&format!("those after are told: {code}"), told, list(&why));
        Ok(())
    }

    fn hung(mut self, load: Option<Load>) -> Result<Value> {
        let done = self.disturbed("STOP")?;
        self.ended(&done, 0, SAMPLES);
        self.kept("timeout")?;
        // From the beginning on: nothing answers, and every exchange costs its deadline.
        let started = Instant::now();
        let args = self.arguments("hung-from-start", &self.server.url(), SAMPLES);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let done = self.lab.tool.run(self.lab.dir, &args)?;
        let manifest = self.manifest("hung-from-start")?;
        let errors = manifest["scrape_errors"].as_array().map_or(0, Vec::len);
        self.rows.within("hung", "all that hangs", started.elapsed(), deadline(SAMPLES));
        self.hold("each of its routes is told", errors > 20, errors);
        let (report, _) = self.lab.tool.check(self.lab.dir, "hung-from-start")?;
        let found = findings(&report);
        self.hold("and the report says so", found == [NO_ANSWER], list(&found));
        self.hold("the command line is there all the same", done.code == 0, first_line(&done));
        self.server.signal("CONT")?;
        sleep(Duration::from_secs(1));
        let answers = self.server.answers();
        self.hold("the server goes on as if nothing was", answers, answers);
        let totals = load.map_or(Ok(json!("none")), Load::stop)?;
        self.server.stop()?;
        Ok(totals)
    }

    /// A backend that does not keep up is told as that, and as nothing else.
    fn queued(mut self, load: Option<Load>) -> Result<Value> {
        let args = self.arguments(COLLECTED, &self.server.url(), QUEUED_SAMPLES);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let done = self.lab.tool.run(self.lab.dir, &args)?;
        self.ended(&done, 0, QUEUED_SAMPLES);
        let totals = load.map_or(Ok(json!("none")), Load::stop)?;
        let (report, _) = self.lab.tool.check(self.lab.dir, COLLECTED)?;
        self.read(&report);
        let mut found = findings(&report);
        found.sort();
        self.hold("stores, loads and their speed are told", found == QUEUED, list(&found));
        self.server.stop()?;
        Ok(totals)
    }

    /// It is a controller, and says nothing of how LMCache runs.
    fn controller(mut self) -> Result<Value> {
        let args = self.arguments(COLLECTED, &self.server.url(), SAMPLES);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let done = self.lab.tool.run(self.lab.dir, &args)?;
        self.ended(&done, 0, SAMPLES);
        let (report, _) = self.lab.tool.check(self.lab.dir, COLLECTED)?;
        let headline = text(&report["architecture"]["headline"]);
        self.hold("it is a controller", headline == "controller_only", headline);
        self.hold("no mode is claimed", report["mode"] == "unknown", text(&report["mode"]));
        let found = findings(&report);
        self.hold("no finding", found.is_empty(), list(&found));
        self.server.stop()?;
        Ok(json!("none"))
    }

    fn dying(mut self, load: Option<Load>) -> Result<Value> {
        let done = self.disturbed("KILL")?;
        self.ended(&done, 0, SAMPLES);
        self.kept("connect_error")?;
        // The load waits for answers that never come.
        drop(load);
        Ok(json!("ended by the death of the server"))
    }
}

fn first_line(done: &Done) -> String {
    let text = if done.stderr.trim().is_empty() { &done.stdout } else { &done.stderr };
    text.lines().next().unwrap_or("").to_owned()
}

fn list(items: &[String]) -> String {
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}
