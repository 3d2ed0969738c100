//! What sort of text a file is, told by its content first and its name second.

use crate::json;
use crate::prom;

/// How a file is read for redaction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// Prometheus or OpenMetrics exposition text.
    Prometheus,
    /// One JSON value.
    Json,
    /// One JSON value a line.
    JsonLines,
    /// `NAME=value` records.
    Env,
    /// Arguments of a command line, one a record.
    Argv,
    /// YAML, TOML, INI.
    Config,
    /// Logs and any other text.
    Text,
    /// Not text: never rewritten, see [`Redactor::scan`](crate::Redactor::scan).
    Binary,
}

/// Content is judged by this many lines.
const LINES: usize = 40;

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 8] = [
        Kind::Prometheus,
        Kind::Json,
        Kind::JsonLines,
        Kind::Env,
        Kind::Argv,
        Kind::Config,
        Kind::Text,
        Kind::Binary,
    ];

    /// The stable name used in manifests.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Prometheus => "prometheus",
            Kind::Json => "json",
            Kind::JsonLines => "jsonl",
            Kind::Env => "env",
            Kind::Argv => "argv",
            Kind::Config => "config",
            Kind::Text => "text",
            Kind::Binary => "binary",
        }
    }

    /// The kind with this [name](Kind::name).
    pub fn from_name(name: &str) -> Option<Kind> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Tells the kind of a file.
    ///
    /// ```
    /// use evidence_redact::Kind;
    /// assert_eq!(Kind::guess("http/status", b"{\"is_healthy\": true}"), Kind::Json);
    /// assert_eq!(Kind::guess("x.prom", b"# TYPE up gauge\nup 1\n"), Kind::Prometheus);
    /// assert_eq!(Kind::guess("trace.lct", b"\0\0\x05\xdc\x89"), Kind::Binary);
    /// ```
    pub fn guess(name: &str, content: &[u8]) -> Kind {
        let file = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
        let ends = |suffixes: &[&str]| suffixes.iter().any(|suffix| file.ends_with(suffix));
        if content.contains(&0) {
            return match () {
                () if ends(&["environ"]) => Kind::Env,
                () if ends(&["cmdline"]) => Kind::Argv,
                () => Kind::Binary,
            };
        }
        if is_binary(content) {
            return Kind::Binary;
        }
        if json::is_json(content) {
            return Kind::Json;
        }
        let lines: Vec<&[u8]> = content
            .split(|b| *b == b'\n')
            .map(<[u8]>::trim_ascii)
            .filter(|line| !line.is_empty())
            .take(LINES)
            .collect();
        let most = |test: fn(&[u8]) -> bool| {
            let hits = lines.iter().filter(|line| test(line)).count();
            hits > 0 && hits * 10 >= lines.len() * 8
        };
        if most(json::is_json) {
            Kind::JsonLines
        } else if most(is_exposition) && lines.iter().any(|line| is_sample(line)) {
            Kind::Prometheus
        } else if most(is_variable) || ends(&[".env"]) {
            Kind::Env
        } else if ends(&[".yaml", ".yml", ".toml", ".ini", ".conf", ".cfg", ".properties"]) {
            Kind::Config
        } else {
            Kind::Text
        }
    }
}

/// Compressed data, and text of which more than a twentieth is not UTF-8 or is control codes.
fn is_binary(content: &[u8]) -> bool {
    const MAGIC: &[&[u8]] =
        &[b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"\xff\xfe", b"\xfe\xff"];
    if MAGIC.iter().any(|magic| content.starts_with(magic)) {
        return true;
    }
    let broken: usize = content.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
    let control = |b: &&u8| b.is_ascii_control() && !matches!(**b, b'\n' | b'\r' | b'\t' | 0x1b);
    let strange = broken + content.iter().filter(control).count();
    strange > content.len() / 20
}

fn is_exposition(line: &[u8]) -> bool {
    line.starts_with(b"# HELP ") || line.starts_with(b"# TYPE ") || is_sample(line)
}

/// `chunk_size: 256` is a line of YAML, although a metric's name may end with a colon.
fn is_sample(line: &[u8]) -> bool {
    let name = line.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    !name.ends_with(b":") && prom::sample(line).is_some()
}

fn is_variable(line: &[u8]) -> bool {
    let line = line.strip_prefix(b"export ").unwrap_or(line);
    let name = line.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    let upper = !line.iter().take(name).any(u8::is_ascii_lowercase);
    let proxy = line.get(..name).is_some_and(|name| name.ends_with(b"_proxy"));
    // `ts=... level=info` is a line of a log.
    name > 0 && line.get(name) == Some(&b'=') && (upper || proxy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_by_content_and_name() {
        let cases: [(&str, &[u8], Kind); 13] = [
            ("version", b"\"0.5.6\"", Kind::Json),
            ("r.jsonl", b"{\"a\":1}\n{\"a\":2}\n", Kind::JsonLines),
            ("torn.jsonl", b"{\"a\":1}\n{\"a\":2}\n{\"a\":2}\n{\"a\":2}\n{\"a\":", Kind::JsonLines),
            ("metrics", b"# HELP a b\n# TYPE a counter\na{x=\"1\"} 2\n", Kind::Prometheus),
            ("env.txt", b"HOME=/x\nexport A=b\n", Kind::Env),
            ("environ", b"HOME=/x\0A=b\0", Kind::Env),
            ("cmdline", b"vllm\0serve\0", Kind::Argv),
            ("a.yaml", b"a: 1\n", Kind::Config),
            ("server.log", b"INFO x\n", Kind::Text),
            ("x.log", b"ts=1 level=info\n", Kind::Text),
            ("empty.json", b"", Kind::Text),
            ("a.json.gz", b"\x1f\x8b\x08 ", Kind::Binary),
            ("a.txt", b"\xff\xfea\0b\0", Kind::Binary),
        ];
        for (name, content, kind) in cases {
            assert_eq!(Kind::guess(name, content), kind, "{name}");
        }
    }

    #[test]
    fn names_read_back() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
        }
    }
}
