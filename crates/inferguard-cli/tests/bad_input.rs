//! Every kind of bad input: its message, its exit code, and that good lines survive.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use common::{PAGE, run, run_with};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn file(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn the_table() {
    let dir = tempfile::tempdir().unwrap();
    let many = PAGE.to_owned() + &"# x\n".repeat(20_000) + PAGE;
    let mut cut = gzip((many + &"lmcache_mp_timeouts_total 3\n".repeat(3)).as_bytes());
    cut.truncate(cut.len() - 12);
    let mut latin = PAGE.as_bytes().to_vec();
    latin.extend(b"lmcache_mp_timeouts_total{exception_type=\"caf\xe9\"} 1\n");
    let with = |extra: &str| format!("{PAGE}{extra}").into_bytes();
    // name, bytes, exit code, what stderr or the report says, whether the good lines are used
    let rows: Vec<(&str, Vec<u8>, i32, &str, bool)> = vec![
        ("empty.prom", vec![], 3, "empty", false),
        ("blank.prom", b"\n \n".to_vec(), 3, "empty", false),
        ("login.prom", b"<!doctype html><html>log in</html>".to_vec(), 3, "HTML", false),
        ("answer.prom", b"{\"status\": \"healthy\"}\n".to_vec(), 3, "JSON", false),
        ("error.prom", b"error 404\n".to_vec(), 3, "HTTP error", false),
        ("binary.prom", vec![1, 0, 2, 0, 3, 0], 3, "binary", false),
        ("page.prom.gz", gzip(PAGE.as_bytes()), 0, "", true),
        ("cut.prom.gz", cut, 0, "cut off", true),
        ("latin1.prom", latin, 0, "UTF-8", true),
        (
            "nan.prom",
            with("# TYPE lmcache_mp_timeouts counter\nlmcache_mp_timeouts_total NaN\n"),
            0,
            "",
            true,
        ),
        ("one_bad.prom", with("what is this?\nlmcache_mp_kv_events_log_depth 0\n"), 0, ":3", true),
        ("eof.prom", with("# EOF\nlmcache_mp_kv_events_log_depth 0\n"), 0, "EOF", true),
        ("torn.prom", with("lmcache_mp_kv_events_log_de"), 0, ":3", true),
        ("crlf.prom", PAGE.replace('\n', "\r\n").into_bytes(), 0, "", true),
        ("bom.prom", [b"\xef\xbb\xbf".as_slice(), PAGE.as_bytes()].concat(), 0, "", true),
    ];
    for (name, bytes, code, says, used) in rows {
        let path = file(dir.path(), name, &bytes);
        let path = path.to_str().unwrap();
        let run = run(&["lmcache-compat", "--lmcache-metrics-file", path]);
        assert_eq!(run.code, Some(code), "{name}: {} {}", run.stdout, run.stderr);
        let told = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ") + &run.stderr;
        assert!(told.contains(says), "{name}: {told}");
        assert_eq!(run.stdout.contains("detected_mode=mp"), used, "{name}: {}", run.stdout);
        if code == 3 {
            assert!(
                run.stderr.contains(name),
                "{name}: the message names the file: {}",
                run.stderr
            );
            assert!(run.stderr.lines().count() <= 2, "{name}: {}", run.stderr);
        }
        assert!(!run.stderr.contains("panicked"), "{name}: {}", run.stderr);
        // The same bytes on standard input.
        let piped = run_with(&["lmcache-compat", "--lmcache-metrics-file", "-"], &bytes);
        assert_eq!(piped.code, Some(code), "{name} on standard input: {}", piped.stderr);
    }
}

#[test]
fn what_is_not_a_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let page = file(dir.path(), "page.prom", PAGE.as_bytes());
    let missing = dir.path().join("missing.prom");
    let through_a_file = page.join("x.prom");
    for (path, says) in [
        (missing.as_path(), "no such file"),
        (dir.path(), "directory"),
        (through_a_file.as_path(), "x.prom"),
    ] {
        let path = path.to_str().unwrap();
        let alone = run(&["lmcache-compat", "--lmcache-metrics-file", path]);
        assert_eq!(alone.code, Some(3), "{path}: {}", alone.stderr);
        assert!(
            alone.stderr.contains(says) && alone.stderr.contains(path),
            "{path}: {}",
            alone.stderr
        );
        // Beside a good page it costs nothing but its line.
        let good = page.to_str().unwrap();
        let both = run(&[
            "lmcache-compat",
            "--lmcache-metrics-file",
            path,
            "--lmcache-metrics-file",
            good,
            "--json",
        ]);
        assert_eq!(both.code, Some(0), "{path}: {}", both.stderr);
        assert_eq!(both.json()["detected_mode"], "mp");
        assert!(both.stderr.contains(says), "{path}: {}", both.stderr);
    }
}

#[cfg(unix)]
#[test]
fn an_unreadable_file_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let page = file(dir.path(), "secret.prom", PAGE.as_bytes());
    std::fs::set_permissions(&page, std::fs::Permissions::from_mode(0o000)).unwrap();
    let run = run(&["check", page.to_str().unwrap()]);
    // The superuser may read everything; everybody else is told.
    if std::fs::read(&page).is_ok() {
        assert_eq!(run.code, Some(0));
    } else {
        assert_eq!(run.code, Some(3));
        assert!(run.stderr.contains("permission denied"), "{}", run.stderr);
    }
}

#[test]
fn a_line_without_end_is_skipped_and_the_rest_is_read() {
    let mut page = vec![b'a'; 40 << 20];
    page.push(b'\n');
    page.extend(PAGE.as_bytes());
    let run = run_with(&["lmcache-compat", "--lmcache-metrics-file", "-", "--json"], &page);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let report = run.json();
    assert_eq!(report["detected_mode"], "mp");
    let issues = report["inputs"][0]["issues"].as_array().unwrap();
    assert_eq!(issues.len(), 1, "{issues:?}");
    assert_eq!(issues[0]["line"], 1);
}

#[test]
fn a_closed_pipe_is_no_error() {
    let mut child = common::command(&["catalog", "list"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty());
}

#[test]
fn output_is_written_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let page = file(dir.path(), "page.prom", PAGE.as_bytes());
    let page = page.to_str().unwrap();
    let report = dir.path().join("report.json");
    let ok = run(&["check", page, "--output", report.to_str().unwrap()]);
    assert_eq!(ok.code, Some(0), "{}", ok.stderr);
    let text = std::fs::read_to_string(&report).unwrap();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&text).unwrap()["schema"],
        "inferguard/check/v1"
    );
    let nowhere = dir.path().join("no/such/dir/report.json");
    let bad = run(&["check", page, "--output", nowhere.to_str().unwrap()]);
    assert_eq!(bad.code, Some(4), "{}", bad.stderr);
    assert!(bad.stderr.contains("could not be written"));
    let names: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "nothing else is left behind: {names:?}");
}
