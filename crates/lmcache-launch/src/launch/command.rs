//! `command.json`: an object, or a list of objects, with `argv` and `env`.

use serde_json::Value;

use super::script::shell_into;
use crate::argv::{self, Word};
use crate::envvars::EnvScope;
use crate::evidence::Evidence;
use crate::place::child;
use crate::process::Process;
use crate::reader::Ctx;

/// Names under which a command line is kept.
pub(crate) const ARGV: &[&str] = &["argv", "cmdline", "command", "cmd", "args"];
/// Names under which an environment is kept.
const ENV: &[&str] = &["env", "environ", "environment"];

pub(crate) fn command(ctx: &Ctx<'_>, value: &Value, out: &mut Evidence) {
    match value {
        Value::Array(list) => {
            for (i, item) in list.iter().enumerate() {
                one(ctx, item, &format!("/{i}"), out);
            }
        }
        Value::Object(map) if map.get("processes").is_some_and(Value::is_array) => {
            let list = map.get("processes").and_then(Value::as_array);
            for (i, item) in list.into_iter().flatten().enumerate() {
                one(ctx, item, &format!("/processes/{i}"), out);
            }
        }
        other => one(ctx, other, "", out),
    }
}

fn one(ctx: &Ctx<'_>, value: &Value, pointer: &str, out: &mut Evidence) {
    let Some(map) = value.as_object() else { return };
    let found = ARGV.iter().find_map(|key| map.get(*key).map(|v| (*key, v)));
    let mut process = Process::new(ctx.base.at(pointer.to_owned()));
    process.pid = map.get("pid").and_then(Value::as_u64);
    if let Some((key, env)) = ENV.iter().find_map(|key| map.get(*key).map(|v| (*key, v))) {
        process.env.scope = EnvScope::Declared;
        let base = child(pointer, key);
        if let Some(env) = env.as_object() {
            for (name, value) in env {
                let text = match value {
                    Value::String(text) => Some(text.clone()),
                    Value::Null => None,
                    other => Some(other.to_string()),
                };
                let place = ctx.base.at(child(&base, name));
                if value.is_null() {
                    process.env.declared_absent.push(name.clone());
                } else {
                    process.env.add(ctx.cleaner, name, text.as_deref(), place);
                }
            }
        }
        for (i, item) in env.as_array().into_iter().flatten().enumerate() {
            if let Some((name, value)) = item.as_str().and_then(|t| t.split_once('=')) {
                process.env.add(ctx.cleaner, name, Some(value), ctx.base.at(format!("{base}/{i}")));
            }
        }
    }
    if map.get("env_complete").and_then(Value::as_bool) == Some(true) {
        process.env.scope = EnvScope::Complete;
    }
    for name in map.get("env_absent").and_then(Value::as_array).into_iter().flatten() {
        process.env.declared_absent.extend(name.as_str().map(str::to_owned));
    }
    let Some((key, words)) = found else {
        process.finish();
        out.launch.processes.push(process);
        return;
    };
    let base = child(pointer, key);
    match words {
        Value::Array(list) => {
            let words: Vec<Word> = list
                .iter()
                .enumerate()
                .map(|(i, word)| Word {
                    text: word.as_str().map_or_else(|| word.to_string(), str::to_owned),
                    place: ctx.base.at(format!("{base}/{i}")),
                })
                .collect();
            // `bash -c "..."`: the script holds the command.
            if let [shell, flag, script, ..] = words.as_slice()
                && is_shell(&shell.text)
                && matches!(flag.text.as_str(), "-c" | "-lc" | "-ec" | "-exc")
            {
                let env = process.env.clone();
                shell_into(ctx, &script.text, &ctx.base.at(base), &env, 0, out);
                return;
            }
            argv::read(ctx.cleaner, &words, None, &mut process, &mut out.issues);
        }
        Value::String(line) => {
            let env = process.env.clone();
            shell_into(ctx, line, &ctx.base.at(base), &env, 0, out);
            return;
        }
        _ => {}
    }
    process.finish();
    out.launch.processes.push(process);
}

pub(crate) fn is_shell(word: &str) -> bool {
    matches!(word.rsplit('/').next(), Some("sh" | "bash" | "zsh" | "dash" | "ash"))
}
