#![allow(clippy::unwrap_used)]

//! Small packages made here, one a kind of fact.

use std::io::{Cursor, Write as _};

use lmcache_prom::contract::Release;

use super::facts::{Fact, Kind, Reading};
use super::places::Places;
use super::{extract, package};

mod import;

const PLACES: &str = "lmcache\troute\tlmcache/http/\tmp_server,embedded\n\
                      lmcache\tflag\tlmcache/cli.py\tlmcache-server\n\
                      lmcache\tconfig-key\tlmcache/config.py\tembedded\n\
                      lmcache\t*\ttests/\t-\n";

fn wheel(version: &str, files: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    let metadata =
        format!("Metadata-Version: 2.1\nName: LMCache\nVersion: {version}\n\nName: no\n");
    let info = format!("lmcache-{version}.dist-info/METADATA");
    for (path, text) in files.iter().copied().chain([(info.as_str(), metadata.as_str())]) {
        zip.start_file(path, options).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn reading(files: &[(&str, &str)]) -> Reading {
    let package =
        package::of_bytes("lmcache-1.0.0-py3-none-any.whl", &wheel("1.0.0", files)).unwrap();
    extract::read(&package, &Places::parse(PLACES, "lmcache").unwrap())
}

fn keys(reading: &Reading, kind: Kind) -> Vec<&str> {
    reading.of(kind).map(|fact| fact.key.as_str()).collect()
}

fn labels(fact: &Fact) -> Vec<String> {
    let names = fact.labels.names.iter();
    names.map(|(name, optional)| format!("{name}{}", if *optional { "?" } else { "" })).collect()
}

fn release(text: &str) -> Release {
    text.parse().unwrap()
}

#[test]
fn a_package_tells_what_it_is() {
    let files = [("lmcache/a.py", "X = 1\n"), ("lmcache/b.so", "\0")];
    let package =
        package::of_bytes("lmcache-1.2.0-py3-none-any.whl", &wheel("1.2.0", &files)).unwrap();
    assert_eq!((package.name.as_str(), package.version.as_str()), ("lmcache", "1.2.0"));
    assert_eq!(package.sources.len(), 1);
    assert_eq!(package.sha256.len(), 64);
    let mut tar =
        tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    for (path, text) in [
        ("vllm-2.0.0/PKG-INFO", "Name: vllm\nVersion: 2.0.0\n"),
        ("vllm-2.0.0/vllm/a.py", "X = 1\n"),
        ("vllm-2.0.0/python/vllm/b.py", "X = 1\n"),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mtime(1_700_000_000);
        header.set_cksum();
        tar.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    let bytes = tar.into_inner().unwrap().finish().unwrap();
    let package = package::of_bytes("vllm-2.0.0.tar.gz", &bytes).unwrap();
    assert_eq!(package.sources.keys().collect::<Vec<_>>(), ["vllm/a.py", "vllm/b.py"]);
    assert_eq!(package.built, "2023-11-14");
    assert!(package::of_bytes("a.whl", b"no zip").is_err());
    assert!(package::of_bytes("a.exe", b"").unwrap_err().to_string().contains("neither a wheel"));
}

#[test]
fn instruments_of_open_telemetry() {
    let reading = reading(&[
        (
            "lmcache/metrics/subscriber.py",
            r#"
from lmcache.metrics.utils import emit, salted
class Subscriber:
    _PHASES = {EventType.A_START: "lookup", EventType.B_START: "scatter"}
    def __init__(self):
        meter = metrics.get_meter("lmcache.l1")
        self._read = meter.create_counter("lmcache_mp.l1_read", unit="chunks", description="d")
        self._fail = meter.create_counter("lmcache_mp.l1_failure", unit="chunks")
        self._hist = {p: meter.create_histogram(f"lmcache_blend.{p}_duration", unit="ms") for p in self._PHASES.values()}
        self._odd = meter.create_counter(some_name())
    def get_subscriptions(self):
        return {EventType.READ: self._on_read, EventType.FAIL: self._on_fail}
    def _on_read(self, event):
        emit(self._read, {"tag": event.tag} if event.tag else None)
    def _on_fail(self, event):
        attrs = salted(event)
        self._fail.add(1, attributes={**attrs, "reason": event.reason})
"#,
        ),
        (
            "lmcache/metrics/utils.py",
            r#"
def emit(counter, extra):
    for salt in salts:
        counter.add(1, {"model_name": m, **(extra or {})})
def salted(event):
    attrs = {}
    if event.salt:
        attrs["cache_salt"] = event.salt
    return attrs
def register_gauge(meter_name, gauge_name, description, func):
    def _callback(_options):
        result = func()
        return [Observation(value, attrs) for value, attrs in result]
    get_meter(meter_name).create_observable_gauge(gauge_name, callbacks=[_callback])
"#,
        ),
        (
            "lmcache/server.py",
            r#"
from functools import partial
from lmcache.metrics.utils import register_gauge
class Server:
    def setup(self):
        _gauge = partial(register_gauge, "lmcache.mp_server")
        _gauge("lmcache_mp.usage", "d", self._usage)
        register_gauge("m", "lmcache_mp.depth", "d", lambda: [(1, {"shard": 1})])
    def _usage(self):
        out = []
        out.append((1.0, {"backend": "x"}))
        return out
"#,
        ),
    ]);
    assert_eq!(
        keys(&reading, Kind::Metric),
        [
            "lmcache_blend_lookup_duration_milliseconds",
            "lmcache_blend_scatter_duration_milliseconds",
            "lmcache_mp_depth",
            "lmcache_mp_l1_failure_chunks_total",
            "lmcache_mp_l1_read_chunks_total",
            "lmcache_mp_usage",
        ]
    );
    let of = |key: &str| reading.get(Kind::Metric, key).unwrap();
    let read = of("lmcache_mp_l1_read_chunks_total");
    assert_eq!(labels(read), ["model_name", "tag?"]);
    assert_eq!(read.events.iter().collect::<Vec<_>>(), ["READ"]);
    assert_eq!((read.says("unit"), read.says("type")), ("chunks", "counter"));
    assert_eq!(labels(of("lmcache_mp_l1_failure_chunks_total")), ["cache_salt?", "reason"]);
    assert_eq!(labels(of("lmcache_mp_usage")), ["backend"]);
    assert_eq!(labels(of("lmcache_mp_depth")), ["shard"]);
    assert_eq!(of("lmcache_mp_usage").site.to_string(), "lmcache/server.py:7");
    let unread: Vec<String> = reading.unread.iter().map(|(w, s)| format!("{w} {s}")).collect();
    assert_eq!(unread, ["instrument lmcache/metrics/subscriber.py:10"]);
}

#[test]
fn metrics_of_prometheus_client() {
    let reading = reading(&[(
        "lmcache/observability.py",
        r#"
import prometheus_client
from collections import Counter
SEEN = Counter(names)
class Logger:
    _gauge_cls = prometheus_client.Gauge
    _counter_cls = prometheus_client.Counter
    def __init__(self, metadata):
        self.labels = self._labels(metadata)
        labelnames = list(self.labels.keys())
        self.a = self.create_counter("lmcache:num_hits", "documented", labelnames)
        for status in ["done", "lost"]:
            self._gauge_cls(name=f"lmcache:events_{status}", documentation="d", labelnames=[*labelnames, "kind"])
        extra = {"lmcache:declared": CounterMetadata(documentation="d")}
        extra["lmcache:set"] = HistogramMetadata(documentation="d")
    def create_counter(self, name, documentation, labelnames):
        return self._counter_cls(name=name, documentation=documentation, labelnames=labelnames)
    @staticmethod
    def _labels(metadata):
        labels = {"model_name": 1, "role": 2}
        return labels
"#,
    )]);
    assert_eq!(
        keys(&reading, Kind::Metric),
        [
            "lmcache:declared_total",
            "lmcache:events_done",
            "lmcache:events_lost",
            "lmcache:num_hits_total",
            "lmcache:set"
        ]
    );
    let of = |key: &str| reading.get(Kind::Metric, key).unwrap();
    assert_eq!(labels(of("lmcache:num_hits_total")), ["model_name", "role"]);
    assert_eq!(labels(of("lmcache:events_lost")), ["kind", "model_name", "role"]);
    assert!(of("lmcache:num_hits_total").labels.complete);
}

#[test]
fn routes_with_their_prefixes() {
    let reading = reading(&[
        (
            "lmcache/http/cache.py",
            r#"
router = APIRouter(prefix="/cache")
@router.get("/objects")
async def f(): ...
@router.delete("/objects/{name}")
async def g(): ...
@wrapper.get("/no")
async def h(): ...
app.add_api_route("/raw", f, methods=["POST", "PUT"])
app.include_router(router, prefix="/v1")
"#,
        ),
        ("tests/http/t.py", "@app.get('/left-out')\ndef f(): ...\n"),
        ("lmcache/other.py", "@app.get('/of-nobody')\ndef f(): ...\n"),
    ]);
    let mut want = Vec::new();
    for component in ["embedded", "mp_server"] {
        for route in
            ["DELETE /v1/cache/objects/{name}", "GET /v1/cache/objects", "POST /raw", "PUT /raw"]
        {
            want.push(format!("{component} {route}"));
        }
    }
    assert_eq!(keys(&reading, Kind::Route), want);
}

#[test]
fn spans_with_what_their_events_carry() {
    let reading = reading(&[
        (
            "lmcache/tracing.py",
            r#"
_tracer = trace.get_tracer("lmcache_mp.server")
class Tracing:
    _NAMES = {EventType.STORE_START: "mp.store"}
    _ENDS = {EventType.STORE_END: EventType.STORE_START}
    def get_subscriptions(self):
        return {EventType.NOOP: self._on_point}
    def _on_start(self, event):
        name = self._NAMES[event.event_type]
        _tracer.start_span(name, context=None)
    def _on_point(self, event):
        _tracer.start_span(event.event_type.value)
"#,
        ),
        (
            "lmcache/event.py",
            "class EventType:\n    STORE_START = \"s\"\n    NOOP = \"cb.noop\"\n\
             bus.publish(Event(event_type=EventType.STORE_END, metadata={\"stored_count\": 1}))\n\
             bus.publish(Event(event_type=EventType.NOOP, metadata=dict(reason=1)))\n",
        ),
    ]);
    assert_eq!(keys(&reading, Kind::Span), ["cb.noop", "mp.store"]);
    let store = reading.get(Kind::Span, "mp.store").unwrap();
    assert_eq!(
        (labels(store), store.says("tracer")),
        (vec!["stored_count".into()], "lmcache_mp.server")
    );
    assert_eq!(labels(reading.get(Kind::Span, "cb.noop").unwrap()), ["reason"]);
}

#[test]
fn traced_calls_codecs_flags_settings_connectors() {
    let reading = reading(&[
        (
            "lmcache/storage.py",
            r#"
class Manager:
    @enable_tracing(redact=("secret",))
    def reserve(self, keys, secret, mode="new"): ...
    def read(self, keys):
        publish_call_event("lmcache.storage.Manager.read.__enter__", {"keys": keys})
register_codec(Key, TypeCodec(tag="Key", encode=e, decode=d))
"#,
        ),
        (
            "lmcache/cli.py",
            r#"
group.add_argument("--size-gb", type=float, default=5.0)
group.add_argument("--lazy", action=argparse.BooleanOptionalAction, default=True)
group.add_argument("--adapter", "-a", type=json.loads)
group.add_argument("positional")
"#,
        ),
        (
            "lmcache/config.py",
            "_CONFIG_DEFINITIONS: dict = {\"chunk_size\": {\"type\": int, \"default\": 256}}\n\
             A = os.environ[\"LMCACHE_A\"]\nB = os.getenv(\"LMCACHE_B\", \"\")\n",
        ),
        ("lmcache/_version.py", "__commit_id__ = commit_id = 'gabc'\n"),
        ("lmcache/f.py", "KVConnectorFactory.register_connector(\"XConnector\", \"a.b\", \"X\")\n"),
    ]);
    let reserve = reading.get(Kind::TracedCall, "lmcache.storage.Manager.reserve").unwrap();
    assert_eq!(labels(reserve), ["keys", "mode"]);
    assert!(reading.get(Kind::TracedCall, "lmcache.storage.Manager.read.__enter__").is_some());
    assert_eq!(keys(&reading, Kind::Codec), ["Key"]);
    assert_eq!(
        keys(&reading, Kind::Flag),
        ["--adapter", "--lazy", "--no-lazy", "--size-gb"].map(|f| format!("lmcache-server {f}"))
    );
    let flag = |name: &str| reading.get(Kind::Flag, name).unwrap();
    assert_eq!(flag("lmcache-server --size-gb").says("default"), "5.0");
    assert_eq!(flag("lmcache-server --adapter").says("takes"), "json");
    assert_eq!(keys(&reading, Kind::ConfigKey), ["chunk_size"]);
    assert_eq!(keys(&reading, Kind::Variable), ["LMCACHE_A", "LMCACHE_B"]);
    assert_eq!(keys(&reading, Kind::Build), ["gabc"]);
    assert_eq!(keys(&reading, Kind::Connector), ["XConnector"]);
}

#[test]
fn wordings_of_log_calls() {
    let reading = reading(&[(
        "lmcache/log.py",
        r#"
logger.info("took %.2f s for %s", t, name)
logger.warning_once(f"{a} is {'on' if b else 'off'} at 100%")
init_logger(__name__).error("lost {} of {}".format(a, b))
logger.debug("%s", x)
raise ValueError("no such thing")
other.info("not a logger")
"#,
    )]);
    let texts: Vec<String> =
        keys(&reading, Kind::Log).iter().map(|t| t.replace('\u{1}', "{}")).collect();
    assert_eq!(
        texts,
        [
            "{} is off at 100%",
            "{} is on at 100%",
            "lost {} of {}",
            "no such thing",
            "took {} s for {}"
        ]
    );
}
