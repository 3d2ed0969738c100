//! Shell text: scripts, pasted lines, `docker run`.

use crate::argv::{self, Word};
use crate::environment::{Package, package_name};
use crate::envvars::{EnvScope, Environment};
use crate::evidence::Evidence;
use crate::place::{How, Place};
use crate::process::{Process, Product};
use crate::reader::Ctx;
use crate::shell::{self, Command};
use crate::tables;

use super::command::is_shell;

/// Scripts inside scripts are followed this deep.
const DEEPEST: usize = 4;

pub(crate) fn shell(ctx: &Ctx<'_>, text: &str, out: &mut Evidence) {
    if text.contains("ExecStart=") {
        shell_into(ctx, &unit(text), &ctx.base, &Environment::default(), 0, out);
        return;
    }
    shell_into(ctx, text, &ctx.base, &Environment::default(), 0, out);
}

/// A unit of systemd as shell text, line by line.
fn unit(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = line.trim_start();
        if let Some(command) = line.strip_prefix("ExecStart=") {
            command.trim_start_matches(['-', '@', '+', '!', ':']).to_owned()
        } else if let Some(pairs) = line.strip_prefix("Environment=") {
            format!("export {pairs}")
        } else if line.contains('=') && !line.starts_with('-') || line.starts_with('[') {
            String::new()
        } else {
            line.to_owned()
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

pub(crate) fn shell_into(
    ctx: &Ctx<'_>,
    text: &str,
    base: &Place,
    env: &Environment,
    depth: usize,
    out: &mut Evidence,
) {
    let mut exported = env.clone();
    exported.scope = exported.scope.max(EnvScope::Declared);
    let place = |line: usize| if base.pointer.is_some() { base.clone() } else { base.line(line) };
    for command in shell::split(text) {
        let Command { assignments, words } = command;
        let mut local = exported.clone();
        for (name, value, line) in &assignments {
            local.add(ctx.cleaner, name, Some(value), place(*line));
        }
        if words.is_empty() {
            // A plain assignment reaches children only if exported; scripts rarely mean less.
            exported = local;
            continue;
        }
        let first = words.first().map(|w| w.0.as_str()).unwrap_or_default();
        match first {
            "export" | "declare" | "typeset" | "setenv" => {
                if let [_, name, value] = words.as_slice()
                    && first == "setenv"
                {
                    exported.add(ctx.cleaner, &name.0, Some(&value.0), place(name.1));
                }
                for (word, line) in words.iter().skip(1) {
                    if let Some((name, value)) = word.split_once('=') {
                        exported.add(ctx.cleaner, name, Some(value), place(*line));
                    }
                }
                continue;
            }
            "unset" => {
                for (word, _) in words.iter().skip(1) {
                    exported.vars.remove(word);
                }
                continue;
            }
            _ => {}
        }
        if let Some(at) = words.iter().position(|w| is_shell(&w.0))
            && let (Some(flag), Some(script)) = (words.get(at + 1), words.get(at + 2))
            && flag.0.starts_with('-')
            && flag.0.ends_with('c')
            && depth < DEEPEST
        {
            prefix_env(ctx, words.get(..at).unwrap_or_default(), &mut local, &place);
            shell_into(ctx, &script.0, &place(script.1), &local, depth + 1, out);
            continue;
        }
        one(ctx, &words, local, &place, out);
    }
}

/// `env A=b`, `docker run -e A=b`: variables among the words before the program.
fn prefix_env(
    ctx: &Ctx<'_>,
    words: &[(String, usize)],
    env: &mut Environment,
    place: &impl Fn(usize) -> Place,
) {
    let mut at = 0;
    while let Some((word, line)) = words.get(at) {
        at += 1;
        let pair = match word.as_str() {
            "-e" | "--env" => {
                let next = words.get(at).map(|w| w.0.as_str());
                at += 1;
                next
            }
            other => other.strip_prefix("--env=").or_else(|| {
                let (name, _) = other.split_once('=')?;
                crate::envvars::is_name(name).then_some(other)
            }),
        };
        match pair.and_then(|p| p.split_once('=')) {
            Some((name, value)) => env.add(ctx.cleaner, name, Some(value), place(*line)),
            // `-e NAME` takes the value of the caller.
            None => {
                if let Some(name) = pair.filter(|p| crate::envvars::is_name(p)) {
                    env.add(ctx.cleaner, name, None, place(*line));
                }
            }
        }
    }
}

fn one(
    ctx: &Ctx<'_>,
    words: &[(String, usize)],
    mut env: Environment,
    place: &impl Fn(usize) -> Place,
    out: &mut Evidence,
) {
    // Redirections are no arguments.
    let mut kept: Vec<(String, usize)> = Vec::new();
    let mut skip = false;
    for (word, line) in words {
        if std::mem::take(&mut skip) {
            continue;
        }
        if word == ">" || word == ">>" || word == "<" || word == "2>" || word == "&>" {
            skip = true;
        } else if !(word.starts_with('>') || word.starts_with("2>") || word.starts_with("1>")) {
            kept.push((word.clone(), *line));
        }
    }
    let texts: Vec<&str> = kept.iter().map(|w| w.0.as_str()).collect();
    let container = matches!(texts.first(), Some(&("docker" | "podman" | "nerdctl")))
        || texts.first() == Some(&"sudo") && texts.get(1) == Some(&"docker");
    let mut given = None;
    let mut from = 0;
    if container {
        let hit = texts.iter().enumerate().skip(1).find_map(|(i, word)| {
            (!word.starts_with('-')).then(|| image(word)).flatten().map(|found| (i, found))
        });
        if let Some((i, found)) = hit {
            given = found.product;
            from = i + 1;
            packages_of(ctx, texts.get(i).copied().unwrap_or_default(), &place(1), out);
        }
    }
    let found = argv::program(texts.get(from..).unwrap_or_default());
    if found.is_none() && given.is_none() {
        return;
    }
    let start = from + found.map_or(0, |(_, end)| end);
    let before = if container { from } else { start };
    prefix_env(ctx, kept.get(..before).unwrap_or_default(), &mut env, place);
    let line = kept.first().map_or(1, |w| w.1);
    let mut process = Process::new(place(line));
    process.env = env;
    let words: Vec<Word> = kept
        .get(from..)
        .unwrap_or_default()
        .iter()
        .map(|(text, line)| Word { text: text.clone(), place: place(*line) })
        .collect();
    argv::read(ctx.cleaner, &words, given, &mut process, &mut out.issues);
    process.finish();
    out.launch.processes.push(process);
}

/// What an image is.
pub(crate) struct Image {
    pub product: Option<Product>,
    pub package: Option<(&'static str, String)>,
}

/// What the tables know of an image.
pub(crate) fn image(name: &str) -> Option<Image> {
    let (path, tag) = match name.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => (path, Some(tag)),
        _ => (name, None),
    };
    let row = tables::rows(include_str!("../../tables/images.tsv")).find(|row| {
        row.first().is_some_and(|part| path == *part || path.ends_with(&format!("/{part}")))
    })?;
    let product = row.get(1).filter(|p| **p != "-").map(|p| Product::from_name(p));
    let package = row
        .get(2)
        .filter(|p| **p != "-")
        .zip(tag.filter(|t| tables::release(t).is_some()))
        .map(|(package, tag)| (*package, tag.trim_start_matches('v').to_owned()));
    Some(Image { product, package })
}

/// Records the package whose version an image's tag is.
pub(crate) fn packages_of(ctx: &Ctx<'_>, name: &str, place: &Place, out: &mut Evidence) {
    if let Some((package, version)) = image(name).and_then(|i| i.package) {
        out.environment.packages.push(Package {
            name: package_name(package),
            version: ctx.cleaner.text(&version),
            how: How::Inferred,
            place: place.clone(),
        });
    }
}
