//! Package lists: `pip freeze`, `pip list` (table, JSON), `uv pip list`, `conda list`.

use serde_json::Value;

use super::facts::{Package, package_name};
use crate::evidence::Evidence;
use crate::place::{How, Place};
use crate::reader::Ctx;

fn version_like(text: &str) -> bool {
    text.bytes().next().is_some_and(|b| b.is_ascii_digit()) && !text.contains(char::is_whitespace)
}

fn name_like(text: &str) -> bool {
    text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
        && text.bytes().all(|b| {
            b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'[' | b']' | b',')
        })
}

/// One line: `name==version`, `name @ url`, or two or more columns of a table.
pub(crate) fn line(line: &str) -> Option<(&str, String)> {
    let line = line.split(" #").next().unwrap_or(line);
    let line = line.split(';').next().unwrap_or(line).trim();
    if line.starts_with('#') {
        return None;
    }
    if let Some((name, version)) = line.split_once("==") {
        let version = version.trim().trim_start_matches('=');
        return (name_like(name.trim()) && version_like(version))
            .then(|| (name.trim(), version.to_owned()));
    }
    if let Some((name, url)) = line.split_once(" @ ") {
        return name_like(name.trim()).then(|| (name.trim(), wheel_version(url)));
    }
    if let Some(rest) = line.strip_prefix("-e ") {
        let name = rest.split("#egg=").nth(1)?;
        return Some((name.split('&').next().unwrap_or(name), "editable".into()));
    }
    let mut fields = line.split_whitespace();
    let (name, version) = (fields.next()?, fields.next()?);
    (name_like(name) && version_like(version) && version.contains('.'))
        .then(|| (name, version.to_owned()))
}

/// The version in the name of a wheel, or the commit of a repository.
fn wheel_version(url: &str) -> String {
    let file = url.rsplit('/').next().unwrap_or(url);
    if file.rsplit('.').next() == Some("whl")
        && let Some(version) = file.split('-').nth(1)
    {
        return version.replace("%2B", "+");
    }
    match url.rsplit_once('@') {
        Some((_, commit)) if url.starts_with("git+") && commit.len() >= 7 => {
            format!(
                "git-{}",
                commit.split('#').next().unwrap_or(commit).get(..7).unwrap_or_default()
            )
        }
        _ => "from-url".into(),
    }
}

/// A package list.
pub(crate) fn packages(ctx: &Ctx<'_>, text: &str, value: Option<&Value>, out: &mut Evidence) {
    let mut push = |name: &str, version: &str, place: Place| {
        out.environment.packages.push(Package {
            name: ctx.cleaner.text(&package_name(name.split('[').next().unwrap_or(name))),
            version: ctx.cleaner.text(version),
            how: How::Measured,
            place,
        });
    };
    match value {
        Some(Value::Array(list)) => {
            for (i, item) in list.iter().enumerate() {
                let get = |key: &str| item.get(key).and_then(Value::as_str);
                if let (Some(name), Some(version)) = (get("name"), get("version")) {
                    push(name, version, ctx.base.at(format!("/{i}")));
                }
            }
        }
        Some(Value::Object(map)) => {
            for (name, version) in map {
                if let Some(version) = version.as_str() {
                    push(name, version, ctx.base.at(crate::place::child("", name)));
                }
            }
        }
        _ => {
            for (i, text) in crate::reader::lines(text) {
                if let Some((name, version)) = line(text) {
                    push(name, &version, ctx.base.line(i + 1));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_many_tools() {
        let cases = [
            ("torch==2.8.0+cu129", Some(("torch", "2.8.0+cu129"))),
            (
                "vllm @ file:///w/vllm-0.11.0%2Bcu128-cp38-abi3-linux_x86_64.whl",
                Some(("vllm", "0.11.0+cu128")),
            ),
            (
                "lmcache @ git+https://github.com/LMCache/LMCache@0123456789abcdef",
                Some(("lmcache", "git-0123456")),
            ),
            ("lmcache            0.5.6", Some(("lmcache", "0.5.6"))),
            ("Package    Version", None),
            ("-------- -----", None),
            ("# comment", None),
            ("uvloop==0.21.0 ; sys_platform != 'win32'", Some(("uvloop", "0.21.0"))),
        ];
        for (text, want) in cases {
            let got = line(text);
            assert_eq!(got.as_ref().map(|(n, v)| (*n, v.as_str())), want, "{text}");
        }
        assert_eq!(package_name("LMCache_Foo.Bar"), "lmcache-foo-bar");
    }
}
