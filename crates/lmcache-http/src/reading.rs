//! One answer, read.

use std::collections::BTreeSet;

use evidence_redact::{Redactor, Salt};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::body::{Body, recognise};
use crate::component::Component;
use crate::flat::masked;
use crate::json::cut;
use crate::owner::owner;
use crate::routes::{Method, Routes, path_of};

/// An answer as it was captured. Whatever is not known stays empty.
#[derive(Debug, Clone, Copy, Default)]
pub struct Answer<'a> {
    /// Method; GET if not known.
    pub method: Option<Method>,
    /// Path or URL that was asked.
    pub path: Option<&'a str>,
    /// Name of the file it was saved in: used where the path is not known.
    pub file: Option<&'a str>,
    /// Where it is, for the evidence: path of the file or URL.
    pub source: &'a str,
    /// Status of HTTP, where it is known.
    pub status: Option<u16>,
    /// The body.
    pub body: &'a [u8],
    /// Why there is no answer (`timed out`, `connection refused`).
    pub error: Option<&'a str>,
}

/// Whether a server has the route that was asked: a fact about its release, never its health.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Presence {
    /// It answered.
    Present,
    /// The framework answered that there is no such route.
    Absent,
    /// No answer, or one that does not tell.
    #[default]
    Unknown,
}

/// One answer, typed. Holds nothing that the redactor takes out.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Reading {
    /// Name of the endpoint in evidence: `health`, `status`, `lmc_version`, ...
    pub name: String,
    /// Method.
    pub method: Method,
    /// Path without query, where it is known; a parameter that names someone is its template.
    pub path: Option<String>,
    /// The path follows from the name of a file only.
    pub path_guessed: bool,
    /// Scheme, host and port that were asked, where they are known.
    pub origin: Option<String>,
    /// Status of HTTP, where it is known.
    pub http_status: Option<u16>,
    /// Whether the server has the route.
    pub route: Presence,
    /// Why there is no answer.
    pub error: Option<String>,
    /// Where the answer is.
    pub source: String,
    /// Bytes of the body.
    pub raw_length: u64,
    /// JSON type of the body as Python names it (`dict`, `str`, ...).
    pub json_type: Option<&'static str>,
    /// Whose answer it is, where its content tells.
    pub component: Option<Component>,
    /// The body.
    pub body: Body,
    /// Names at the top of a status, and `name=value` where the value tells the release.
    pub(crate) status_keys: BTreeSet<String>,
    /// Routes that the server lists.
    pub(crate) listed: BTreeSet<(Method, String)>,
    /// Scalar values at the top that evidence names.
    pub(crate) fields: Vec<(&'static str, Value)>,
}

/// Values at the top of an answer that the evidence file names, where they are scalars.
const FIELDS: [&str; 11] = [
    "status",
    "healthy",
    "is_healthy",
    "engine_type",
    "chunk_size",
    "active_sessions",
    "active_prefetch_jobs",
    "version",
    "commit_id",
    "error",
    "failure_reason",
];

/// Parameters of paths that name a tenant, a request, a prompt's hash or a machine.
const PRIVATE: [&str; 7] = [
    "{cache_salt}",
    "{instance_id}",
    "{request_id}",
    "{hash_str}",
    "{node_name}",
    "{proxy_name}",
    "{target_host}",
];

/// Reads answers. Holds the route tables and the redactor.
///
/// ```
/// use lmcache_http::{Answer, Body, Presence, Reader};
///
/// let reader = Reader::with_salt(*b"random, per packet")?;
/// let reading = reader.read(&Answer {
///     path: Some("http://host:8080/conf"),
///     status: Some(404),
///     body: br#"{"detail":"Not Found"}"#,
///     ..Answer::default()
/// });
/// assert_eq!((reading.name.as_str(), reading.route), ("conf", Presence::Absent));
/// # Ok::<(), evidence_redact::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Reader {
    routes: Routes,
    redactor: Redactor,
}

impl Reader {
    /// A reader that redacts with the packet's own redactor.
    pub fn new(redactor: Redactor) -> Self {
        Self { routes: Routes::new(), redactor }
    }

    /// A reader with a redactor of its own.
    ///
    /// # Errors
    /// Where the redactor's own patterns do not compile, which no input can cause.
    pub fn with_salt(salt: impl Into<Vec<u8>>) -> Result<Self, evidence_redact::Error> {
        Ok(Self::new(Redactor::new(Salt::new(salt.into()))?))
    }

    /// The route tables.
    pub fn routes(&self) -> &Routes {
        &self.routes
    }

    /// Reads a body alone.
    pub fn read_body(&self, bytes: &[u8]) -> Body {
        recognise(bytes, &self.redactor).0
    }

    /// Reads one answer. Never fails: what cannot be read is a kind of body.
    pub fn read(&self, answer: &Answer<'_>) -> Reading {
        let method = answer.method.unwrap_or(Method::Get);
        let given = answer.path.map(path_of).filter(|path| path.starts_with('/'));
        let guessed = match given {
            Some(_) => None,
            None => answer.file.and_then(|file| self.routes.path_of_file(file)),
        };
        let path = given.or(guessed.as_deref()).map(|path| self.clean_path(method, path));
        let (body, value) = recognise(answer.body, &self.redactor);
        let map = value.as_ref().and_then(Value::as_object);
        let found = Found { status: answer.status, error: answer.error, body: &body };
        Reading {
            name: name(&self.routes, path.as_deref(), answer.file),
            method,
            path_guessed: given.is_none() && path.is_some(),
            origin: answer.path.and_then(origin),
            http_status: answer.status,
            route: found.presence(path.as_deref()),
            error: answer.error.map(|e| masked(cut(e, 240), &self.redactor)),
            source: answer.source.to_owned(),
            raw_length: answer.body.len() as u64,
            json_type: value.as_ref().map(json_type),
            component: match &body {
                Body::Version { in_object: true, .. } => Some(Component::Vllm),
                _ => map.and_then(owner),
            },
            status_keys: match &body {
                Body::Status(_) => map.map(status_keys).unwrap_or_default(),
                _ => BTreeSet::new(),
            },
            listed: match &body {
                Body::Openapi(_) => map.map(listed).unwrap_or_default(),
                _ => BTreeSet::new(),
            },
            fields: map.map(|map| self.fields(map)).unwrap_or_default(),
            path,
            body,
        }
    }

    fn fields(&self, map: &serde_json::Map<String, Value>) -> Vec<(&'static str, Value)> {
        let scalar = |key: &&'static str| match map.get(*key)? {
            Value::String(text) => {
                Some((*key, Value::String(masked(cut(text, 240), &self.redactor))))
            }
            Value::Object(_) | Value::Array(_) => None,
            other => Some((*key, other.clone())),
        };
        FIELDS.iter().filter_map(scalar).collect()
    }

    /// The path; where a parameter names someone or something, the template.
    fn clean_path(&self, method: Method, path: &str) -> String {
        let found = self.routes.lookup(method, path);
        match found.first().map(|route| route.path) {
            Some(template) if PRIVATE.iter().any(|name| template.contains(name)) => {
                template.to_owned()
            }
            Some(_) => path.to_owned(),
            None => masked(cut(path, 240), &self.redactor),
        }
    }
}

/// What is known of an answer when its presence is judged.
struct Found<'a> {
    status: Option<u16>,
    error: Option<&'a str>,
    body: &'a Body,
}

/// Routes whose answers are texts of any kind.
const TEXTS: [&str; 3] = ["/threads", "/loglevel", "/metrics"];

impl Found<'_> {
    fn presence(&self, path: Option<&str>) -> Presence {
        if self.error.is_some() {
            return Presence::Unknown;
        }
        let is_text = path.is_some_and(|path| TEXTS.contains(&path));
        match (self.body, self.status) {
            (Body::Error { message }, _) if message == "Not Found" => Presence::Absent,
            // 404 with words of its own comes from a handler.
            (Body::Error { .. }, _) => Presence::Present,
            (_, Some(300..=399 | 401 | 403 | 404 | 407 | 429 | 502 | 504)) => Presence::Unknown,
            (Body::Text | Body::Metrics, _) if is_text => Presence::Present,
            // A page is a proxy's, and a server of metrics answers any path with its page.
            (Body::Html | Body::Text | Body::Metrics | Body::Binary, _)
            | (Body::Empty | Body::Scalar, None) => Presence::Unknown,
            _ => Presence::Present,
        }
    }
}

/// `http://host:1/x` is `http://host:1`.
fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.rsplit_once(' ').map_or(url, |(_, u)| u).split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    Some(format!("{scheme}://{host}"))
}

fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}

fn status_keys(map: &serde_json::Map<String, Value>) -> BTreeSet<String> {
    let mut keys: BTreeSet<String> = map.keys().take(100).cloned().collect();
    if let Some(class) = map.get("engine_type").and_then(Value::as_str) {
        keys.insert(format!("engine_type={class}"));
    }
    keys
}

fn listed(map: &serde_json::Map<String, Value>) -> BTreeSet<(Method, String)> {
    let paths = map.get("paths").and_then(Value::as_object).into_iter().flatten().take(2000);
    let mut out = BTreeSet::new();
    for (path, methods) in paths {
        let methods = methods.as_object().into_iter().flat_map(|m| m.keys());
        out.extend(methods.filter_map(|m| Method::from_name(m)).map(|m| (m, path.clone())));
    }
    out
}

/// The name of an endpoint. `lmcache_status.txt`, `http/status.json` and `/api/status` are one:
/// `status`.
fn name(routes: &Routes, path: Option<&str>, file: Option<&str>) -> String {
    let base = file.and_then(|f| f.rsplit('/').find(|p| !p.is_empty())).unwrap_or_default();
    let stem = base.split('.').next().unwrap_or(base);
    let engine = if stem.starts_with("engine_") { "engine_" } else { "" };
    let asked = path.and_then(|path| routes.asked_by(path));
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let rest = match (asked, path) {
        (Some(name), _) => name.to_owned(),
        (None, Some(path)) if path != "/" => cut(path.trim_matches('/'), 80).to_owned(),
        _ => {
            let stem = stem.strip_prefix(engine).unwrap_or(stem);
            let short = ["lmcache_", "lmcache-"].iter().find_map(|p| stem.strip_prefix(p));
            cut(short.unwrap_or(stem), 80).to_owned()
        }
    };
    let name: String = rest.chars().map(plain).collect();
    if name.is_empty() { "unknown".to_owned() } else { format!("{engine}{name}") }
}
