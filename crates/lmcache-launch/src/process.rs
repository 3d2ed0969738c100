//! One process: what it is, how it was started, what that sets.

use serde::Serialize;
use serde_json::Value;

use crate::connector::Connector;
use crate::envvars::{EnvState, Environment};
use crate::place::{How, Place};
use crate::setting::{Setting, Source};
use crate::tables;

/// What a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Product {
    /// A vLLM server.
    Vllm,
    /// A process that a vLLM server started.
    VllmWorker,
    /// An SGLang server.
    Sglang,
    /// A process that an SGLang server started.
    SglangWorker,
    /// A TensorRT-LLM server.
    TensorrtLlm,
    /// LMCache's multiprocess server (`lmcache server`).
    LmcacheServer,
    /// The store behind `lm://` URLs (`lmcache_server`).
    LmcacheLegacyServer,
    /// LMCache's controller.
    LmcacheController,
    /// LMCache's coordinator.
    LmcacheCoordinator,
    /// An embedded engine without a serving engine.
    LmcacheStandalone,
    /// A tool of LMCache that serves nothing.
    LmcacheTool,
    /// vLLM under Dynamo.
    DynamoVllm,
    /// SGLang under Dynamo.
    DynamoSglang,
    /// Dynamo's front end.
    DynamoFrontend,
    /// SGLang's router.
    SglangRouter,
    /// A proxy or router before engines.
    Proxy,
    /// A load generator.
    Benchmark,
    /// Prometheus.
    Prometheus,
    /// An OpenTelemetry collector.
    OtelCollector,
    /// Redis or Valkey.
    Redis,
    /// Mooncake's master or store.
    Mooncake,
    /// Something else.
    Unknown,
}

const PRODUCTS: &[(&str, Product)] = &[
    ("vllm", Product::Vllm),
    ("vllm-worker", Product::VllmWorker),
    ("sglang", Product::Sglang),
    ("sglang-worker", Product::SglangWorker),
    ("tensorrt-llm", Product::TensorrtLlm),
    ("lmcache-server", Product::LmcacheServer),
    ("lmcache-legacy-server", Product::LmcacheLegacyServer),
    ("lmcache-controller", Product::LmcacheController),
    ("lmcache-coordinator", Product::LmcacheCoordinator),
    ("lmcache-standalone", Product::LmcacheStandalone),
    ("lmcache-tool", Product::LmcacheTool),
    ("dynamo-vllm", Product::DynamoVllm),
    ("dynamo-sglang", Product::DynamoSglang),
    ("dynamo-frontend", Product::DynamoFrontend),
    ("sglang-router", Product::SglangRouter),
    ("proxy", Product::Proxy),
    ("benchmark", Product::Benchmark),
    ("prometheus", Product::Prometheus),
    ("otel-collector", Product::OtelCollector),
    ("redis", Product::Redis),
    ("mooncake", Product::Mooncake),
    ("unknown", Product::Unknown),
];

impl Product {
    /// The stable name: `vllm`, `lmcache-server`, ...
    pub fn name(self) -> &'static str {
        PRODUCTS.iter().find(|(_, p)| *p == self).map_or("unknown", |(name, _)| name)
    }

    pub(crate) fn from_name(name: &str) -> Product {
        PRODUCTS.iter().find(|(n, _)| *n == name).map_or(Product::Unknown, |(_, p)| *p)
    }

    /// A serving engine, alone or under Dynamo.
    pub fn is_engine(self) -> bool {
        matches!(
            self,
            Product::Vllm
                | Product::Sglang
                | Product::TensorrtLlm
                | Product::DynamoVllm
                | Product::DynamoSglang
        )
    }

    /// A process of LMCache itself.
    pub fn is_lmcache(self) -> bool {
        matches!(
            self,
            Product::LmcacheServer
                | Product::LmcacheLegacyServer
                | Product::LmcacheController
                | Product::LmcacheCoordinator
                | Product::LmcacheStandalone
        )
    }

    /// The product in whose tables flags are looked up.
    pub(crate) fn flag_table(self) -> &'static str {
        match self {
            Product::DynamoVllm | Product::VllmWorker => "vllm",
            Product::DynamoSglang | Product::SglangWorker => "sglang",
            other => other.name(),
        }
    }

    /// What a flag without a word in the vocabulary is prefixed with.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Product::LmcacheServer => "server",
            Product::LmcacheCoordinator => "coordinator",
            Product::LmcacheController => "controller",
            Product::DynamoVllm | Product::DynamoSglang | Product::DynamoFrontend => "dynamo",
            other => other.name(),
        }
    }
}

/// A flag as it was given.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Flag {
    /// Name with its dashes.
    pub name: String,
    /// Value, typed and redacted; `true` for a switch.
    pub value: Value,
    /// Whether the tables know it for this product.
    pub known: bool,
    /// Where it stands.
    pub place: Place,
}

/// One process.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Process {
    /// What it is.
    pub product: Product,
    /// Its number on its host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u64>,
    /// Container or service, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// Pod or workload, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<String>,
    /// Words that start it, up to its subcommand or module.
    pub program: Vec<String>,
    /// Words that are neither flags nor their values.
    pub positionals: Vec<String>,
    /// Flags in their order.
    pub flags: Vec<Flag>,
    /// Its environment.
    pub env: Environment,
    /// What all of it sets.
    pub settings: Vec<Setting>,
    /// KV connectors, those inside a MultiConnector after it.
    pub connectors: Vec<Connector>,
    /// Where it was read.
    pub place: Place,
}

impl Process {
    pub(crate) fn new(place: Place) -> Self {
        Process {
            product: Product::Unknown,
            pid: None,
            container: None,
            pod: None,
            program: Vec::new(),
            positionals: Vec::new(),
            flags: Vec::new(),
            env: Environment::default(),
            settings: Vec::new(),
            connectors: Vec::new(),
            place,
        }
    }

    /// The value of a setting: the first of the strongest source.
    pub fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().filter(|s| s.name == name).min_by_key(|s| s.source)
    }

    /// Every statement of a setting.
    pub fn settings<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Setting> + 'a {
        self.settings.iter().filter(move |s| s.name == name)
    }

    /// A flag by its name with dashes; the last one wins, as argparse has it.
    pub fn flag(&self, name: &str) -> Option<&Flag> {
        self.flags.iter().rev().find(|f| f.name == name)
    }

    /// The state of a variable.
    pub fn env(&self, name: &str) -> EnvState {
        self.env.state(name)
    }

    /// The connector that talks to LMCache, also inside a MultiConnector.
    pub fn lmcache_connector(&self) -> Option<&Connector> {
        self.connectors.iter().find(|c| c.mode.is_lmcache())
    }

    pub(crate) fn set(&mut self, setting: Setting) {
        self.settings.push(setting);
    }

    /// Adds what follows from the environment. To be called once, when all is read.
    pub(crate) fn finish(&mut self) {
        let mut found = Vec::new();
        for (name, var) in &self.env.vars {
            let tables::Env::Sets(setting) = tables::env(name) else { continue };
            let Some(value) = &var.value else { continue };
            found.push(Setting {
                name: setting,
                value: crate::setting::typed(value),
                source: Source::Env,
                key: name.clone(),
                place: var.place.clone(),
                how: How::Measured,
            });
        }
        self.settings.extend(found);
        self.seed();
        crate::connector::implied(self);
    }

    /// Says that the hash seed is absent where it provably is.
    fn seed(&mut self) {
        let seeded = self.product.is_engine()
            || self.product.is_lmcache()
            || matches!(self.product, Product::VllmWorker | Product::SglangWorker);
        if seeded
            && self.setting("hash_seed").is_none()
            && let EnvState::Absent(how) = self.env.state("PYTHONHASHSEED")
        {
            self.settings.push(Setting {
                name: "hash_seed".into(),
                value: Value::from("absent"),
                source: Source::Env,
                key: "PYTHONHASHSEED".into(),
                place: self.place.clone(),
                how,
            });
        }
    }

    /// Takes over an environment that another artifact holds.
    pub(crate) fn take_environment(&mut self, other: Process) {
        self.env = other.env;
        self.settings.extend(other.settings);
        self.seed();
    }
}
