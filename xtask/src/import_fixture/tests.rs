//! Imports of small packets, and what the check says about them afterwards.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::files::sha256;
use super::import::{self, Request};
use super::manifest::Fixture;
use super::select::Selection;
use super::{check, files};

const PAGE: &str = "# TYPE lmcache_mp_lookup_hit_tokens_total counter\n\
    lmcache_mp_lookup_hit_tokens_total{cache_salt=\"tenant-a\",instance=\"10.1.2.3:8000\"} 3584.0\n\
    process_start_time_seconds 1.79548963446e+09\n";

/// A packet and a place for fixtures, both gone at the end of the test.
struct Bench {
    directory: TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Bench { directory: tempfile::tempdir().unwrap() };
        fs::create_dir_all(bench.packets()).unwrap();
        let files: &[(&str, &[u8])] = &[
            ("lmcache/metrics/00.prom", PAGE.as_bytes()),
            ("lmcache/metrics/01.prom", PAGE.as_bytes()),
            (
                "lmcache/server.log",
                b"INFO Stored 256 tokens for tenant-a on cachebox7 (1.5 GB/s)\n",
            ),
            ("env.txt", b"HOSTNAME=cachebox7\nREDIS_PASSWORD=h0rse-battery\nSEED=0\n"),
            ("requests.jsonl", b"{\"prompt\": \"Zanzibar\", \"n\": 8}\n{\"n\": 1}\n"),
            (
                "http/status.json",
                b"{\"host\": \"cachebox7\", \"cache_salt\": \"tenant-a\", \"x\": 0.50}",
            ),
            ("small.lct", b"\0\0\x05\xdc\x89\xa4type\xa6header\xa5level\xa7storage"),
            ("events.lct", b"\0\0\x05\xdc\x89\xa4type\xa6header\xa5level\xa6events"),
            ("driver.log", b"x\n"),
            ("after_tenant-a/note.txt", b"see after_tenant-a/note.txt\n"),
            ("http/quota_tenant_a.json", b"{\"limit_gb\": 0.02}"),
            ("http/quota%2Ftenant%2Da.json", b"{\"limit_gb\": 0.02}"),
            ("http/index.json", b"[\"http/quota_tenant_a.json\", \"max_tokens\"]"),
        ];
        for (path, content) in files {
            bench.write(path, content);
        }
        bench.write(
            "truth.json",
            br#"{"mode": "mp", "facts": {"salts": {"cache_salt": "tenant-a"}}}"#,
        );
        let entries: Vec<Value> = files
            .iter()
            .map(|(path, c)| json!({"path": path, "bytes": c.len(), "sha256": sha256(c)}))
            .collect();
        bench.manifest(&json!({
            "packet": "P", "schema": "inferguard-lab-packet/1", "claim": "live",
            "versions": {"lmcache": "0.5.6"}, "wall": {"start_unix": 1.0, "end_unix": 2.0},
            "commands": [{"name": "lmcache", "env": {"REDIS_PASSWORD": "h0rse-battery"},
                          "argv": ["lmcache", "server", "--config", "/home/alice/c.yaml"]}],
            "load": [], "proven": ["p"], "absent": [{"what": "a", "why": "b"}], "files": entries,
        }));
        bench
    }

    fn packet(&self) -> PathBuf {
        self.directory.path().join("packet")
    }

    fn packets(&self) -> PathBuf {
        self.directory.path().join("fixtures/packets")
    }

    fn write(&self, path: &str, content: &[u8]) {
        write(&self.packet().join(path), content);
    }

    fn manifest(&self, value: &Value) {
        self.write("manifest.json", value.to_string().as_bytes());
    }

    fn import(&self, name: &str, exclude: &[&str]) -> anyhow::Result<Fixture> {
        let exclude: Vec<String> = exclude.iter().map(|g| (*g).to_owned()).collect();
        let request = Request {
            packet: &self.packet(),
            name,
            selection: Selection::new(&[], &exclude, Some(100_000))?,
            salt: b"a salt for tests",
        };
        import::run(&self.packets(), &request)
    }

    fn problems(&self) -> Vec<String> {
        check::run(&self.packets(), None).unwrap().problems().to_vec()
    }

    fn fixture_file(&self, path: &str) -> PathBuf {
        self.packets().join("p").join(path)
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.fixture_file(path)).unwrap()
    }
}

fn write(path: &Path, content: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn reason(fixture: &Fixture, path: &str) -> String {
    fixture.left_out.iter().find(|l| l.path == path).map(|l| l.reason.clone()).unwrap_or_default()
}

#[test]
fn an_import_is_complete_clean_and_passes_its_check() {
    let bench = Bench::new();
    let fixture = bench.import("p", &["driver.log"]).unwrap();
    assert_eq!(reason(&fixture, "driver.log"), "--exclude");
    assert!(reason(&fixture, "events.lct").contains("token ids"));
    assert_eq!(fixture.provenance.lacks, ["a: b"]);
    let paths: Vec<&str> = fixture
        .files
        .iter()
        .map(|f| f.path.as_str())
        .filter(|p| !p.contains("redacted-"))
        .collect();
    assert_eq!(
        paths,
        [
            "env.txt",
            "http/index.json",
            "http/status.json",
            "lmcache/metrics/00.prom",
            "lmcache/metrics/01.prom",
            "lmcache/server.log",
            "requests.jsonl",
            "small.lct",
        ]
    );
    for found in files::walk(&bench.packets().join("p")).unwrap() {
        let bytes = fs::read(bench.fixture_file(&found.path)).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        for needle in ["h0rse", "cachebox7", "10.1.2.3", "Zanzibar", "tenant", "alice"] {
            assert!(!text.contains(needle), "{needle} in {}", found.path);
            assert!(!found.path.contains(needle), "{needle} in {}", found.path);
        }
    }
    assert!(bench.problems().is_empty(), "{:?}", bench.problems());
    assert!(fixture.summary().contains("11 files"));
    let manifest: Fixture = serde_json::from_str(&bench.text("fixture.json")).unwrap();
    assert_eq!(manifest, fixture);
    let line = "    {\"path\":\"env.txt\"";
    assert!(bench.text("fixture.json").lines().any(|l| l.starts_with(line)));
}

#[test]
fn values_stay_comparable_and_numbers_stay() {
    let bench = Bench::new();
    let fixture = bench.import("p", &[]).unwrap();
    let page = bench.text("lmcache/metrics/00.prom");
    assert_eq!(page, bench.text("lmcache/metrics/01.prom"));
    assert!(page.contains(":8000\"} 3584.0\nprocess_start_time_seconds 1.79548963446e+09\n"));
    let salt = page.split('"').nth(1).unwrap();
    assert!(salt.starts_with("redacted-salt-"));
    assert!(bench.text("http/status.json").contains(salt));
    assert!(bench.text("http/status.json").ends_with("\"x\": 0.50}"));
    assert!(bench.text("truth.json").contains(salt));
    let note = fixture.files.iter().find(|f| f.path.ends_with("/note.txt")).unwrap();
    assert_eq!(note.path, format!("after_{salt}/note.txt"));
    assert_eq!(bench.text(&note.path), format!("see {}\n", note.path));
    // Names spell the separators in their own way; the word is the same.
    for path in [format!("http/quota_{salt}.json"), format!("http/quota%2F{salt}.json")] {
        assert!(fixture.files.iter().any(|f| f.path == path), "{path}");
    }
    let index = format!("[\"http/quota_{salt}.json\", \"max_tokens\"]");
    assert_eq!(bench.text("http/index.json"), index);
    let host = bench.text("env.txt").lines().next().unwrap().replace("HOSTNAME=", "");
    assert!(bench.text("lmcache/server.log").contains(&host));
    assert!(bench.text("lmcache/server.log").contains("Stored 256 tokens for"));
    assert_eq!(bench.text("requests.jsonl").lines().nth(1), Some("{\"n\": 1}"));
    let entry = fixture.files.iter().find(|f| f.path == "lmcache/metrics/00.prom").unwrap();
    assert_eq!(entry.source.sha256, sha256(PAGE.as_bytes()));
    assert_eq!(entry.sha256, sha256(page.as_bytes()));
    let classes: Vec<_> = entry.redacted.iter().map(|r| (r.class.as_str(), r.count)).collect();
    assert_eq!(classes, [("salt", 1), ("addr", 1)]);
}

#[test]
fn an_import_writes_nothing_over_and_leaves_nothing_behind() {
    let bench = Bench::new();
    bench.import("p", &[]).unwrap();
    let error = bench.import("p", &[]).unwrap_err().to_string();
    assert!(error.contains("exists"), "{error}");
    assert!(bench.import("../p", &[]).is_err());
    assert!(bench.import("", &[]).is_err());
    bench.write("lmcache/server.log", b"changed\n");
    let error = bench.import("q", &[]).unwrap_err().to_string();
    assert!(error.contains("differs from the digest"), "{error}");
    let left: Vec<_> = fs::read_dir(bench.packets()).unwrap().collect();
    assert_eq!(left.len(), 1);
}

#[test]
fn a_packet_without_provenance_is_refused() {
    let bench = Bench::new();
    bench.manifest(&json!({"packet": "P"}));
    assert!(format!("{:#}", bench.import("p", &[]).unwrap_err()).contains("`claim`"));
    fs::remove_file(bench.packet().join("manifest.json")).unwrap();
    assert!(format!("{:#}", bench.import("p", &[]).unwrap_err()).contains("provenance"));
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let bench = Bench::new();
    std::os::unix::fs::symlink("/etc/hostname", bench.packet().join("link.txt")).unwrap();
    let fixture = bench.import("p", &[]).unwrap();
    assert!(reason(&fixture, "link.txt").contains("symbolic link"));
    assert!(!bench.fixture_file("link.txt").exists());
}

/// Damages an imported fixture.
type Spoil = fn(&Bench);

#[test]
fn the_check_sees_every_way_a_fixture_can_go_bad() {
    let cases: [(&str, Spoil); 6] = [
        ("differs from its digest", |b| write(&b.fixture_file("env.txt"), b"SEED=1\n")),
        ("not in fixture.json", |b| write(&b.fixture_file("more.txt"), b"x")),
        ("http/status.json: ", |b| fs::remove_file(b.fixture_file("http/status.json")).unwrap()),
        ("sanitising again changes it", |b| {
            // As if a file had been edited and its digest with it.
            let dirty = b"SEED=0\nREDIS_PASSWORD=h0rse-battery\n";
            let clean = fs::read(b.fixture_file("env.txt")).unwrap();
            let manifest = b.text("fixture.json");
            let manifest = manifest.replace(&sha256(&clean), &sha256(dirty)).replace(
                &format!("\"bytes\":{}", clean.len()),
                &format!("\"bytes\":{}", dirty.len()),
            );
            write(&b.fixture_file("fixture.json"), manifest.as_bytes());
            write(&b.fixture_file("env.txt"), dirty);
        }),
        ("calls itself", |b| {
            let text = b.text("fixture.json").replace("\"name\": \"p\"", "\"name\": \"q\"");
            write(&b.fixture_file("fixture.json"), text.as_bytes());
        }),
        ("fixture.json", |b| fs::remove_file(b.fixture_file("fixture.json")).unwrap()),
    ];
    for (expected, spoil) in cases {
        let bench = Bench::new();
        bench.import("p", &[]).unwrap();
        spoil(&bench);
        let problems = bench.problems();
        assert!(problems.iter().any(|p| p.contains(expected)), "{expected}: {problems:?}");
    }
}

#[test]
fn a_fixture_that_is_not_there_is_an_error() {
    let bench = Bench::new();
    assert!(check::run(&bench.packets(), Some("nothing")).is_err());
}

/// The rule for what is in the repository.
#[test]
fn the_committed_fixtures_hold() {
    let report = check::run(&crate::workspace::packets(), None).unwrap();
    assert!(report.is_good(), "{report}");
}

/// `docs/fixtures.md` has a row for every fixture, and says of it what `fixture.json` says.
#[test]
fn the_table_of_fixtures_holds() {
    let packets = crate::workspace::packets();
    let page = crate::workspace::root().join("docs/fixtures.md");
    let page = fs::read_to_string(page).unwrap();
    let page = page.split("\n## ").find(|part| part.starts_with("What is there\n")).unwrap();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    let mut wrong = Vec::new();
    let mut names = Vec::new();
    for entry in fs::read_dir(packets).unwrap() {
        let dir = entry.unwrap().path();
        let Ok(text) = fs::read(dir.join("fixture.json")) else { continue };
        let fixture: Fixture = serde_json::from_slice(&text).unwrap();
        let name = format!("`{}`", fixture.name);
        let first = |row: &&&str| row.split('|').nth(1).is_some_and(|cell| cell.contains(&name));
        let [row] = rows.iter().filter(first).collect::<Vec<_>>()[..] else {
            wrong.push(format!("{name}: not in one row"));
            names.push(name);
            continue;
        };
        let claim = &fixture.provenance.claim;
        if claim != "live" && !row.contains(claim.as_str()) {
            wrong.push(format!("{name}: does not say that it is {claim}"));
        }
        let trace = |path: &str| Path::new(path).extension().is_some_and(|e| e == "lct");
        let lacks = row.split('|').nth(4).unwrap_or_default();
        let said = lacks.contains(".lct") || lacks.contains("trace");
        if fixture.left_out.iter().any(|left| trace(&left.path)) && !said {
            wrong.push(format!("{name}: does not say that its .lct is left out"));
        }
        names.push(name);
    }
    for row in rows {
        let cell = row.split('|').nth(1).unwrap_or_default();
        for name in cell.split(',').map(str::trim).filter(|n| !names.iter().any(|m| m == n)) {
            wrong.push(format!("{name}: no such fixture"));
        }
    }
    assert!(wrong.is_empty(), "docs/fixtures.md:\n{}", wrong.join("\n"));
}
