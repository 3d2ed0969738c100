//! What the reader gives: one value for one artifact, and the sum of many.

use serde::Serialize;
use serde_json::Value;

use crate::boundary::BoundaryEvidence;
use crate::connector::{self, Connector};
use crate::environment::EnvironmentEvidence;
use crate::envvars::{EnvScope, EnvState};
use crate::place::{How, Issue, Place};
use crate::process::{Process, Product};
use crate::setting::{Setting, Source};
use crate::tables;

/// A configuration file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConfigFile {
    /// What it sets.
    pub settings: Vec<Setting>,
    /// Keys that no examined release knows.
    pub unknown_keys: Vec<String>,
    /// Where it was read.
    pub place: Place,
}

impl ConfigFile {
    /// The value of a setting.
    pub fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|s| s.name == name)
    }
}

/// A property of a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelFact {
    /// Name of the model, where it is known.
    pub model: Option<String>,
    /// `mla`, `hybrid`, `sliding-window`, `moe`, or a number's name (`num_hidden_layers`, ...).
    pub fact: String,
    /// `true`, or the number.
    pub value: Value,
    /// Where it stands.
    pub place: Place,
    /// Measured from a configuration, inferred from a name.
    pub how: How,
}

/// How the processes of a deployment were started and configured.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct LaunchEvidence {
    /// Processes.
    pub processes: Vec<Process>,
    /// Configuration files.
    pub configs: Vec<ConfigFile>,
    /// What the models are.
    pub models: Vec<ModelFact>,
}

/// All that was read.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Evidence {
    /// Processes and configuration.
    pub launch: LaunchEvidence,
    /// Host, cluster, scraper, workload.
    pub environment: EnvironmentEvidence,
    /// Events at the boundary between engine and cache.
    pub boundary: Vec<BoundaryEvidence>,
    /// What was left out.
    pub issues: Vec<Issue>,
}

/// Releases for which defaults are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Releases {
    /// LMCache.
    pub lmcache: Option<String>,
    /// vLLM.
    pub vllm: Option<String>,
    /// SGLang.
    pub sglang: Option<String>,
}

impl LaunchEvidence {
    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.processes.is_empty() && self.configs.is_empty() && self.models.is_empty()
    }

    /// Processes of a product.
    pub fn of(&self, product: Product) -> impl Iterator<Item = &Process> {
        self.processes.iter().filter(move |p| p.product == product)
    }

    /// Serving engines.
    pub fn engines(&self) -> impl Iterator<Item = &Process> {
        self.processes.iter().filter(|p| p.product.is_engine())
    }

    /// Every statement of a setting, by all processes and files.
    pub fn settings<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Setting> + 'a {
        let processes = self.processes.iter().flat_map(move |p| p.settings(name));
        let configs = self.configs.iter().flat_map(|c| &c.settings).filter(move |s| s.name == name);
        processes.chain(configs)
    }

    /// The strongest statement of a setting. Ask a [`Process`] where several may differ.
    pub fn setting(&self, name: &str) -> Option<&Setting> {
        let processes = self.processes.iter().flat_map(|p| &p.settings);
        let configs = self.configs.iter().flat_map(|c| &c.settings);
        processes.chain(configs).filter(|s| s.name == name).min_by_key(|s| s.source)
    }

    /// Whether all processes that say something say the same; `None` if none does.
    pub fn agree(&self, name: &str) -> Option<bool> {
        let values: Vec<&Value> =
            self.processes.iter().filter_map(|p| p.setting(name)).map(|s| &s.value).collect();
        let first = *values.first()?;
        Some(values.iter().all(|v| *v == first))
    }

    /// The state of a variable over the engines, or over all processes where there is no engine:
    /// absent if it is absent in one of them, else present, else unknown.
    pub fn env(&self, name: &str) -> EnvState {
        let engines: Vec<&Process> = self.engines().collect();
        let all: Vec<&Process> = self.processes.iter().collect();
        let asked = if engines.is_empty() { all } else { engines };
        let mut best = EnvState::Unknown;
        for process in asked {
            match (process.env(name), &best) {
                (EnvState::Absent(How::Measured), _) => return EnvState::Absent(How::Measured),
                (state @ EnvState::Absent(_), EnvState::Unknown | EnvState::Present(_))
                | (state @ EnvState::Present(_), EnvState::Unknown) => best = state,
                _ => {}
            }
        }
        best
    }

    /// All connectors.
    pub fn connectors(&self) -> impl Iterator<Item = &Connector> {
        self.processes.iter().flat_map(|p| &p.connectors)
    }

    /// The configuration file that a process was told to read, told by file names: the only file
    /// there is, or the one that shares the most words with the path or the process's artifact.
    pub fn config_of(&self, process: &Process) -> Option<&ConfigFile> {
        let asked = process.setting("config_file")?.as_str()?.to_owned();
        let artifact = process.place.artifact.as_deref().unwrap_or_default();
        let wanted = words(&format!("{} {}", stem(&asked), stem(artifact)));
        let score = |config: &ConfigFile| {
            let name = config.place.artifact.as_deref().unwrap_or_default();
            words(stem(name)).iter().filter(|w| wanted.contains(*w)).count()
        };
        match self.configs.as_slice() {
            [] => None,
            [only] => Some(only),
            many => {
                let best = many.iter().map(&score).max().filter(|n| *n > 0)?;
                let mut hits = many.iter().filter(|c| score(c) == best);
                let hit = hits.next()?;
                hits.next().is_none().then_some(hit)
            }
        }
    }

    /// The value that holds in a process: its own statements, then those of its configuration
    /// file.
    pub fn effective<'a>(&'a self, process: &'a Process, name: &str) -> Option<&'a Setting> {
        let own = process.setting(name);
        let file = || self.config_of(process).and_then(|c| c.setting(name));
        match own {
            Some(setting) if setting.source != Source::Default => Some(setting),
            other => file().or(other),
        }
    }

    /// Gives environments that stand in artifacts of their own (`/proc/PID/environ`, `env.txt`)
    /// to their processes: those of the same number, else those whose artifact begins with the
    /// same word (`engine-a.env` and `engine-a.cmdline`), where only one fits.
    pub fn join_environments(&mut self) {
        let (loose, mut owners): (Vec<Process>, Vec<Process>) =
            std::mem::take(&mut self.processes).into_iter().partition(|p| {
                p.product == Product::Unknown
                    && p.program.is_empty()
                    && p.flags.is_empty()
                    && p.container.is_none()
                    && !p.env.vars.is_empty()
            });
        let key = |p: &Process| {
            let name = p.place.artifact.as_deref().unwrap_or_default();
            let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
            (folder.to_owned(), file.split('.').next().unwrap_or(file).to_owned())
        };
        let mut rest = Vec::new();
        for process in loose {
            let fits = |owner: &&mut Process| {
                owner.env.scope == EnvScope::Unknown
                    && owner.env.vars.is_empty()
                    && match (owner.pid, process.pid) {
                        (Some(a), Some(b)) => a == b,
                        _ => key(owner) == key(&process),
                    }
            };
            let mut found: Vec<&mut Process> = owners.iter_mut().filter(fits).collect();
            match found.as_mut_slice() {
                [owner] => owner.take_environment(process),
                _ => rest.push(process),
            }
        }
        owners.extend(rest);
        self.processes = owners;
    }

    /// Adds what releases do where nothing is said. Each is marked [`Source::Default`] and
    /// inferred.
    pub fn apply_defaults(&mut self, releases: &Releases) {
        let configured: Vec<bool> =
            self.processes.iter().map(|p| self.config_of(p).is_some()).collect();
        for (process, has_file) in self.processes.iter_mut().zip(configured) {
            offloading(process, releases.vllm.as_deref());
            for (program, release) in programs(process, releases, has_file) {
                for row in tables::defaults(program, release) {
                    add_default(process, program, row);
                }
            }
        }
    }
}

fn stem(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn words(text: &str) -> Vec<String> {
    const COMMON: &[&str] = &["config", "yaml", "yml", "json", "lmcache", "command", "conf"];
    text.to_ascii_lowercase()
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|w| !w.is_empty() && !COMMON.contains(w))
        .map(str::to_owned)
        .collect()
}

/// Which tables of defaults hold for a process.
fn programs<'a>(
    process: &Process,
    releases: &'a Releases,
    has_file: bool,
) -> Vec<(&'static str, &'a str)> {
    let mut out = Vec::new();
    let mode = process.lmcache_connector().map(|c| c.mode);
    let _ = has_file;
    if let Some(lmcache) = releases.lmcache.as_deref() {
        match process.product {
            Product::LmcacheServer => {
                out.extend([
                    ("mp_server", lmcache),
                    ("mp_server_module", lmcache),
                    ("mp_http_server_module", lmcache),
                ]);
            }
            Product::LmcacheCoordinator => out.push(("coordinator", lmcache)),
            Product::LmcacheStandalone => out.push(("embedded", lmcache)),
            _ if mode == Some(connector::ConnectorMode::Embedded) => {
                out.push(("embedded", lmcache));
            }
            _ => {}
        }
    }
    if let Some(vllm) = releases.vllm.as_deref()
        && matches!(process.product, Product::Vllm | Product::DynamoVllm)
    {
        out.push(("vllm", vllm));
        if mode == Some(connector::ConnectorMode::Mp) {
            out.push(("vllm-mp", vllm));
        }
    }
    if let Some(sglang) = releases.sglang.as_deref()
        && matches!(process.product, Product::Sglang | Product::DynamoSglang)
    {
        out.push(("sglang", sglang));
    }
    out
}

fn add_default(process: &mut Process, program: &str, row: tables::DefaultRow) {
    let (name, how) = match program {
        "embedded" => (tables::config_key(row.name), ""),
        "vllm-mp" => (tables::extra(row.name), ""),
        _ => {
            let table = match program {
                "coordinator" => "lmcache-coordinator",
                "vllm" => "vllm",
                "sglang" => "sglang",
                _ => "lmcache-server",
            };
            let flag = tables::flag(table, row.name);
            (flag.and_then(|f| f.setting).map(str::to_owned), flag.map_or("", |f| f.convert))
        }
    };
    let Some(name) = name else { return };
    if process.setting(&name).is_some() {
        return;
    }
    let Ok(value) = serde_json::from_str::<Value>(row.value) else { return };
    let value = crate::setting::convert(how, value);
    process.set(Setting {
        name,
        value,
        source: Source::Default,
        key: row.name.to_owned(),
        place: Place { pointer: None, line: None, artifact: Some(row.source.into()) },
        how: How::Inferred,
    });
}

/// The connector that `--kv-offloading-backend lmcache` stands for in a release of vLLM.
fn offloading(process: &mut Process, vllm: Option<&str>) {
    let (Some(vllm), true) = (vllm.and_then(tables::release), process.connectors.is_empty()) else {
        return;
    };
    let lmcache = process.setting("kv_offloading_backend").filter(|s| {
        s.as_str() == Some("lmcache") && process.setting("kv_offloading_size_gb").is_some()
    });
    let Some(setting) = lmcache.cloned() else { return };
    let found = tables::rows(include_str!("../tables/offloading.tsv")).find(|row| {
        let bound = |i: usize| row.get(i).and_then(|text| tables::release(text));
        bound(0).is_none_or(|first| first <= vllm) && bound(1).is_none_or(|until| vllm < until)
    });
    if let Some(name) = found.and_then(|row| row.get(2).copied()) {
        connector::push(process, name, &setting);
    }
}

impl Evidence {
    /// Adds what another artifact says.
    pub fn extend(&mut self, other: Evidence) {
        self.launch.processes.extend(other.launch.processes);
        self.launch.configs.extend(other.launch.configs);
        self.launch.models.extend(other.launch.models);
        self.environment.extend(other.environment);
        self.boundary.extend(other.boundary);
        self.issues.extend(other.issues);
    }

    /// The strongest statement of a setting, over all processes and files.
    pub fn setting(&self, name: &str) -> Option<&Setting> {
        self.launch.setting(name)
    }

    /// The state of a variable, see [`LaunchEvidence::env`].
    pub fn env(&self, name: &str) -> EnvState {
        self.launch.env(name)
    }

    /// The version of a package; names are compared as pip does.
    pub fn package(&self, name: &str) -> Option<&str> {
        self.environment.package(name).map(|p| p.version.as_str())
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.launch.is_empty() && self.environment.is_empty() && self.boundary.is_empty()
    }
}
