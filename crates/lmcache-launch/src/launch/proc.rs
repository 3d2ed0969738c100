//! What the kernel says about processes: `/proc` and `ps`.

use crate::argv::{self, Word};
use crate::envvars::EnvScope;
use crate::evidence::Evidence;
use crate::process::{Process, Product};
use crate::reader::Ctx;

/// `/proc/PID/cmdline`: words that end with a NUL.
pub(crate) fn cmdline(ctx: &Ctx<'_>, bytes: &[u8], out: &mut Evidence) {
    let text = String::from_utf8_lossy(bytes);
    let words: Vec<Word> = text
        .trim_end_matches(['\0', '\n'])
        .split('\0')
        .enumerate()
        .map(|(i, text)| Word { text: text.to_owned(), place: ctx.base.at(format!("/{i}")) })
        .collect();
    let mut process = Process::new(ctx.base.clone());
    process.pid = pid_of_name(ctx);
    argv::read(ctx.cleaner, &words, None, &mut process, &mut out.issues);
    process.finish();
    out.launch.processes.push(process);
}

/// `/proc/PID/environ`: variables that end with a NUL.
pub(crate) fn environ(ctx: &Ctx<'_>, bytes: &[u8], out: &mut Evidence) {
    let text = String::from_utf8_lossy(bytes);
    let mut process = Process::new(ctx.base.clone());
    process.pid = pid_of_name(ctx);
    for (i, pair) in text.split('\0').enumerate() {
        if let Some((name, value)) = pair.split_once('=') {
            process.env.add(ctx.cleaner, name, Some(value), ctx.base.at(format!("/{i}")));
        }
    }
    process.env.scope = EnvScope::Complete;
    process.finish();
    out.launch.processes.push(process);
}

/// The number in `proc/123/cmdline` or `cmdline-123`.
fn pid_of_name(ctx: &Ctx<'_>) -> Option<u64> {
    let name = ctx.base.artifact.as_deref()?;
    let mut parts = name.rsplit('/');
    let file = parts.next()?;
    let digits = |text: &str| text.parse::<u64>().ok();
    parts.next().and_then(digits).or_else(|| file.split(['-', '.', '_']).find_map(digits))
}

/// A table of `ps`. Quotes are lost there; JSON is put together again by its braces.
pub(crate) fn ps(ctx: &Ctx<'_>, text: &str, out: &mut Evidence) {
    let mut columns: Option<(usize, usize)> = None;
    for (i, line) in crate::reader::lines(text) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let command = |f: &&str| matches!(*f, "COMMAND" | "CMD" | "ARGS");
        if let Some(last) = fields.iter().position(command) {
            let pid = fields.iter().position(|f| *f == "PID").unwrap_or(usize::MAX);
            columns = Some((pid, last));
            continue;
        }
        let Some((pid, command)) = columns else { continue };
        let glued = glue(fields.get(command..).unwrap_or_default());
        let texts: Vec<&str> = glued.iter().map(String::as_str).collect();
        let Some((product, _)) = argv::program(&texts) else { continue };
        if matches!(texts.first(), Some(&("grep" | "rg" | "tail" | "vi" | "vim" | "less"))) {
            continue;
        }
        let place = ctx.base.line(i + 1);
        let words: Vec<Word> =
            glued.iter().map(|t| Word { text: t.clone(), place: place.clone() }).collect();
        let mut process = Process::new(place);
        process.pid = fields.get(pid).and_then(|f| f.parse().ok());
        argv::read(ctx.cleaner, &words, Some(product), &mut process, &mut out.issues);
        if process.product != Product::Unknown {
            process.finish();
            out.launch.processes.push(process);
        }
    }
}

/// Puts words that belong to one JSON value together.
fn glue(words: &[&str]) -> Vec<String> {
    let depth = |text: &str| {
        text.chars().fold(0_i64, |n, c| match c {
            '{' | '[' => n + 1,
            '}' | ']' => n - 1,
            _ => n,
        })
    };
    let mut out: Vec<String> = Vec::new();
    let mut open = 0_i64;
    for word in words {
        if open > 0
            && let Some(last) = out.last_mut()
        {
            last.push(' ');
            last.push_str(word);
        } else {
            out.push((*word).to_owned());
            open = 0;
        }
        open += depth(word);
    }
    out
}
