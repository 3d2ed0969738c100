//! Environments without a command line.

use serde_json::Value;

use crate::envvars::{EnvScope, is_name};
use crate::evidence::Evidence;
use crate::place::child;
use crate::process::Process;
use crate::reader::Ctx;

/// `NAME=value` lines: `env`, `printenv`, an `.env` file.
pub(crate) fn env_text(ctx: &Ctx<'_>, text: &str, out: &mut Evidence) {
    let mut process = Process::new(ctx.base.clone());
    let mut inherited = false;
    for (i, line) in crate::reader::lines(text) {
        let line = line.trim();
        let line = line.strip_prefix("export ").unwrap_or(line);
        let line = line.strip_prefix("declare -x ").unwrap_or(line);
        if let Some((name, value)) = line.split_once('=')
            && is_name(name)
        {
            inherited |= matches!(name, "PATH" | "HOME" | "PWD" | "SHLVL");
            let value = value.trim();
            let value = value
                .strip_prefix('"')
                .and_then(|v| v.strip_suffix('"'))
                .or_else(|| value.strip_prefix('\'').and_then(|v| v.strip_suffix('\'')))
                .unwrap_or(value);
            process.env.add(ctx.cleaner, name, Some(value), ctx.base.line(i + 1));
        }
    }
    // A dump of a process holds what every process has; an `.env` file does not.
    process.env.scope = if inherited { EnvScope::Complete } else { EnvScope::Declared };
    push(process, out);
}

/// An object of variables.
pub(crate) fn env_json(ctx: &Ctx<'_>, value: &Value, out: &mut Evidence) {
    let mut process = Process::new(ctx.base.clone());
    for (name, value) in value.as_object().into_iter().flatten() {
        let text = match value {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        process.env.add(ctx.cleaner, name, Some(&text), ctx.base.at(child("", name)));
    }
    let has = |name: &str| process.env.vars.contains_key(name);
    process.env.scope =
        if has("PATH") || has("HOME") { EnvScope::Complete } else { EnvScope::Declared };
    push(process, out);
}

fn push(mut process: Process, out: &mut Evidence) {
    process.finish();
    out.launch.processes.push(process);
}
