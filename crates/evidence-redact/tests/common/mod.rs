//! What the integration tests share: planted values and the places to plant them in.
//!
//! Tokens are put together at run time, so that no scanner takes this file for a leak.

// Each test binary uses a part of this, and an `unwrap` here is a failed test.
#![allow(dead_code, clippy::unwrap_used, unreachable_pub)]

use std::sync::LazyLock;

use evidence_redact::{Kind, Redactor, Salt};

static REDACTOR: LazyLock<Redactor> =
    LazyLock::new(|| Redactor::new(Salt::new(*b"a fixed salt for tests")).unwrap());

/// A redactor with a fixed salt.
pub(crate) fn redactor() -> Redactor {
    REDACTOR.clone()
}

/// Redacts and gives the text.
pub(crate) fn run(kind: Kind, text: &str) -> String {
    let bytes = redactor().redact(kind, text.as_bytes()).into_bytes().into_owned();
    String::from_utf8(bytes).unwrap()
}

/// A value that has to go.
pub(crate) struct Plant {
    /// The field it is planted in; `note` tells nothing.
    pub key: &'static str,
    /// The planted value.
    pub value: String,
    /// What must not be found afterwards.
    pub needles: Vec<String>,
}

fn plant(key: &'static str, value: impl Into<String>, needles: &[&str]) -> Plant {
    let value = value.into();
    let needles = if needles.is_empty() {
        vec![value.clone()]
    } else {
        needles.iter().map(|n| (*n).to_owned()).collect()
    };
    Plant { key, value, needles }
}

const LETTERS: &str = "aB3dE5gH7jK9mN1pQ2sT4vW6yZ8bC0fD";

/// `n` letters that look generated.
fn letters(n: usize) -> String {
    LETTERS.chars().cycle().take(n).collect()
}

fn key_block(label: &str) -> String {
    let line = letters(64);
    let dashes = "-".repeat(5);
    format!("{dashes}BEGIN {label}{dashes}\n{line}\n{line}\nQ2FmZQ==\n{dashes}END {label}{dashes}")
}

/// Values that are known by their shape, in a field that tells nothing.
pub(crate) fn by_shape() -> Vec<Plant> {
    let l = letters;
    let jwt = format!("ey{}.ey{}.{}", "JhbGciOiJIUzI1NiJ9", "JzdWIiOiIxMjM0In0", l(24));
    let block = key_block("RSA PRIVATE KEY");
    let ssh = key_block("OPENSSH PRIVATE KEY");
    let note = "note";
    let mut out = vec![
        plant(note, format!("AK{}IOSFODNN7EXAMPLE", "IA"), &[]),
        plant(note, format!("AS{}IOSFODNN7EXAMPLE", "IA"), &[]),
        plant(note, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKE".to_owned(), &[]),
        plant(note, format!("IQoJb3JpZ2lu{}", l(120)), &[]),
        plant(note, format!("AI{}{}", "za", l(35)), &[]),
        plant(note, format!("ya29.{}", l(40)), &[]),
        plant(note, format!("hf_{}", l(34)), &[]),
        plant(note, format!("sk-{}", l(48)), &[]),
        plant(note, format!("sk-proj-{}", l(48)), &[]),
        plant(note, format!("gh{}_{}", 'p', l(36)), &[]),
        plant(note, format!("github{}_{}", "_pat", l(60)), &[]),
        plant(note, format!("gl{}-{}", "pat", l(20)), &[]),
        plant(note, format!("xo{}-{}-{}", "xb", "123456789012", l(24)), &[]),
        plant(note, format!("https://hooks.slack.com/services/T0/B0/{}", l(24)), &[&l(24)]),
        plant(note, format!("nv{}-{}", "api", l(40)), &[]),
        plant(note, jwt, &[]),
        plant(note, format!("Bearer {}", l(32)), &[&l(32)]),
        plant(note, "Basic dXNlcjpwYXNzd29yZA==", &["dXNlcjpwYXNzd29yZA"]),
        plant(note, format!("ssh-ed25519 AAAA{} alice@buildbox", l(60)), &[&l(60), "buildbox"]),
        plant(note, block, &[&l(64), "Q2FmZQ"]),
        plant(note, ssh, &[&l(64), "Q2FmZQ"]),
        plant(
            note,
            format!("https://acme.blob.core.windows.net/kv?sv=2022&ss=b&sig={}%3D", l(42)),
            &[&l(42), "acme.blob"],
        ),
        plant(
            note,
            format!(
                "DefaultEndpointsProtocol=https;AccountName=acmekv;AccountKey={}==;EndpointSuffix=core.windows.net",
                l(86)
            ),
            &[&l(86), "acmekv"],
        ),
        plant(
            note,
            format!(
                "Endpoint=sb://acme-bus.example/;SharedAccessKeyName=r;SharedAccessKey={}=",
                l(43)
            ),
            &[&l(43), "acme-bus"],
        ),
        plant(note, "ops.team+kv@acme.example", &[]),
        plant(note, "10.20.30.40", &[]),
        plant(note, "192.168.7.9:6379", &["192.168.7.9"]),
        plant(note, "2001:db8:85a3::8a2e:370:7334", &[]),
        plant(note, "fe80::1ff:fe23:4567:890a", &[]),
        plant(note, "tcp://[2001:db8:85a3::8a2e:370:7334]:5555", &["2001:db8"]),
        plant(note, "gpu-node-17.corp.example.com", &["gpu-node-17"]),
        plant(note, "ip-10-20-30-40.ec2.internal", &["ip-10-20-30-40"]),
        plant(note, "lmcache-0.lmcache.prod.svc.cluster.local", &["lmcache.prod"]),
        plant(note, "vllm-decode-7d9c6b8f5c-x2x9z", &[]),
        plant(note, "/home/alice/models/llama", &["alice", "llama"]),
        plant(note, "/Users/bob/kv", &["bob"]),
        plant(note, "/mnt/acme-nvme/kv/l2", &["acme-nvme"]),
        plant(note, "file:///home/alice/kv.yaml", &["alice"]),
        plant(
            note,
            "http://proxyuser:pr0xyPass@proxy-1:3128",
            &["proxyuser", "pr0xyPass", "proxy-1"],
        ),
    ];
    for (scheme, rest) in [
        ("redis", "10.1.1.1:6379/0"),
        ("rediss", "cache-a:6379"),
        ("valkey", "cache-a:6379"),
        ("s3", "acme-bucket/prefix/kv"),
        ("postgres", "db-a:5432/kv"),
        ("postgresql", "db-a:5432/kv?sslmode=require"),
        ("mysql", "db-a/kv"),
        ("kafka", "b-1:9092,b-2:9092"),
        ("amqp", "mq-a:5672"),
        ("mongodb", "m-1:27017,m-2:27017/?replicaSet=x"),
        ("mooncakestore", "mooncake-a:50051/"),
        ("lm", "lm-a:65432"),
        ("https", "host-a:8443/x"),
    ] {
        for login in ["svc:p%40ss-w0rd", "svc:pa$$w0rd!", ":0nlyPassw0rd"] {
            let host = rest.split(['/', ':', ',']).next().unwrap();
            let password = login.rsplit(':').next().unwrap();
            out.push(plant(note, format!("{scheme}://{login}@{rest}"), &[password, host]));
        }
    }
    out.push(plant(note, "redis://:pw/with@odd@cache-a:6379", &["pw/with", "odd@", "cache-a"]));
    out
}

/// Values that are known by the name of their field.
pub(crate) fn by_name() -> Vec<Plant> {
    let mut out = Vec::new();
    for key in [
        "REDIS_PASSWORD",
        "redis_password",
        "redisPassword",
        "password",
        "HF_TOKEN",
        "LMCACHE_SOME_SECRET",
        "SERVICE_API_KEY",
        "VLLM_API_KEY",
        "aws_secret_access_key",
        "AWS_SESSION_TOKEN",
        "x-api-key",
        "client_secret",
        "SIGNING_KEY",
        "SOMETHING_KEY",
        "OTEL_EXPORTER_OTLP_HEADERS",
        "Authorization",
        "Proxy-Authorization",
        "Set-Cookie",
        "sasl_password",
        "private_key_id",
        "ssl_keyfile_password",
    ] {
        out.push(plant(key, "correct-h0rse-battery", &[]));
    }
    out.push(plant("Cookie", "session=c00kieValue; theme=dark", &["c00kieValue"]));
    out.push(plant("authorization", "Bearer b3arerValue", &["b3arerValue"]));
    for key in ["prompt", "system_prompt", "generated_text", "completion"] {
        out.push(plant(key, "Tell me about the Zanzibar merger, please", &["Zanzibar"]));
    }
    out.push(plant("cache_salt", "tenant-zanzibar", &[]));
    out.push(plant("HOSTNAME", "zanzibox7", &[]));
    out.push(plant("host", "zanzibox7", &[]));
    out.push(plant("POD_NAME", "zanzi-pod-7", &[]));
    out.push(plant("USER", "zanzialice", &[]));
    out.push(plant("LMCACHE_LOCAL_DISK_PATH", "/zanzivol", &[]));
    out.push(plant("chunk_hash", "0x5b316308f67bc27e842f2b1736769917", &["5b316308f67bc27e"]));
    out
}

/// The places in files of one kind where a field with a value can stand.
pub(crate) fn places(kind: Kind, key: &str, value: &str) -> Vec<String> {
    let json = |v: &str| serde_json::to_string(v).unwrap();
    let (jkey, jvalue) = (json(key), json(value));
    let one_line = !value.contains('\n');
    let inner_json = format!("{{{jkey}: {jvalue}, \"n\": 1.50}}");
    let flag = format!("--{}", key.to_lowercase().replace('_', "-"));
    let mut out = match kind {
        Kind::Json => vec![
            format!("{{{jkey}: {jvalue}, \"n\": 1.50}}"),
            format!("{{\"a\": [{{\"b\": {{{jkey}:{jvalue}}}}}], \"n\": NaN}}"),
            format!("{{\"note\": {}}}", json(&inner_json)),
            format!("{{\"extra\": {}}}", json(&format!("{{\"extra\": {}}}", json(&inner_json)))),
            format!("[{{\"name\": {jkey}, \"value\": {jvalue}}}]"),
            format!(
                "{{\"attributes\":[{{\"key\":{jkey},\"value\":{{\"stringValue\":{jvalue}}}}}]}}"
            ),
            format!("{{\"argv\": [\"x\", {}, {jvalue}, \"--port\", \"1\"]}}", json(&flag)),
            format!("{{\"argv\": [\"x\", {}]}}", json(&format!("{flag}={value}"))),
            format!(
                "{{\"Config\": {{\"Env\": [\"PATH=/usr/bin\", {}]}}}}",
                json(&format!("{key}={value}"))
            ),
            format!("{{\"kind\": \"Secret\", \"data\": {{\"x\": {jvalue}}}}}"),
            format!("{{\"msg\": {}}}", json(&format!("failed with {{'{key}': '{value}'}}"))),
        ],
        Kind::JsonLines => vec![
            format!("{{\"n\": 1}}\n{{{jkey}: {jvalue}}}\n"),
            format!("{{\"n\": 1}}\n{{\"torn\": {{{jkey}: {jvalue}, \"m\": "),
        ],
        Kind::Prometheus => {
            let label: String =
                key.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            vec![
                format!(
                    "# TYPE up gauge\nup{{{label}=\"{escaped}\",le=\"0.5\"}} 1.25e+3 1795490079502\n"
                ),
                format!("up_bucket{{le=\"1\"}} 2 # {{{label}=\"{escaped}\"}} 0.5\n"),
            ]
        }
        Kind::Env if one_line => vec![
            format!("A=1\n{key}={value}\nB=2\n"),
            format!("export {key}=\"{value}\"\n"),
            format!("A=1\0{key}={value}\0B=2\0"),
        ],
        Kind::Env => vec![format!("A=1\n{key}=\"{value}\"\nB=2\n")],
        Kind::Argv => vec![
            format!("vllm\0serve\0{flag}\0{value}\0--port\0008000\0"),
            format!("vllm\0serve\0{flag}={value}\0"),
        ],
        Kind::Config => vec![
            format!("a: 1\nb:\n  {key}: {jvalue}\nc: 2\n"),
            format!(
                "env:\n  - name: {key}\n    value: {jvalue}\n  - name: OTHER\n    value: \"1\"\n"
            ),
            format!("apiVersion: v1\ndata:\n  x: {jvalue}\nkind: Secret\n"),
            format!("[section]\n{key} = {jvalue}\n"),
        ],
        Kind::Text => vec![
            format!("INFO request {{'{key}': {jvalue}}} done in 1.50 s"),
            format!("INFO config {{{jkey}: {jvalue}}}"),
            format!("INFO body={}", json(&inner_json)),
            inner_json.clone(),
            format!("ERROR env {{\"Env\": [{}]}}", json(&format!("{key}={value}"))),
        ],
        _ => Vec::new(),
    };
    if one_line {
        match kind {
            Kind::Config => {
                out.push(format!("b:\n  {key}: {value}\n"));
                out.push(format!("{key}={value}\n"));
                out.push(format!("{key}: |\n  {value}\nc: 2\n").replace("note: |", "note: >"));
            }
            Kind::Text => {
                out.push(format!("INFO {key}={value}"));
                out.push(format!("INFO {key}: {value}"));
                out.push(format!("INFO {key} = '{value}', n=1"));
                out.push(format!("\u{1b}[32;20mINFO:\u{1b}[0m \u{1b}[36m{key}\u{1b}[0m=\u{1b}[35m{value}\u{1b}[0m"));
                if !value.contains(' ') {
                    out.push(format!("INFO argv vllm serve {flag} {value} --port 1"));
                    out.push(format!("INFO argv ['vllm', '{flag}', '{value}', '--port']"));
                }
                out.push(format!("INFO argv vllm serve {flag}={value}"));
                out.push(format!("  File \"x.py\", line 3, in f\nValueError: ({key}='{value}')"));
            }
            _ => {}
        }
    } else if kind == Kind::Text {
        out.push(format!("INFO before\n{value}\nINFO after"));
        out.push(format!("INFO key {}", value.replace('\n', "\\n")));
    } else if kind == Kind::Config {
        let block = value.replace('\n', "\n    ");
        out.push(format!("a:\n  {key}: |\n    {block}\nc: 2\n"));
    }
    out
}

/// The kinds of text that are rewritten.
pub(crate) const TEXTS: [Kind; 7] = [
    Kind::Prometheus,
    Kind::Json,
    Kind::JsonLines,
    Kind::Env,
    Kind::Argv,
    Kind::Config,
    Kind::Text,
];
