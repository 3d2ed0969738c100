//! Containers outside Kubernetes: `docker inspect` and compose files.

use serde_json::Value;

use super::command::is_shell;
use super::script::{image, packages_of, shell_into};
use crate::argv::{self, Word};
use crate::environment::{Container, Pod, quantity};
use crate::envvars::{EnvScope, Environment};
use crate::evidence::Evidence;
use crate::place::{Place, child};
use crate::process::Process;
use crate::reader::Ctx;

fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned)
}

/// Words of a command: a list, or a line.
fn words(value: Option<&Value>, place: &Place) -> Vec<Word> {
    let base = place.pointer.clone().unwrap_or_default();
    match value {
        Some(Value::Array(list)) => list
            .iter()
            .enumerate()
            .map(|(i, word)| Word {
                text: word.as_str().map_or_else(|| word.to_string(), str::to_owned),
                place: place.at(format!("{base}/{i}")),
            })
            .collect(),
        Some(Value::String(line)) => crate::shell::split(line)
            .into_iter()
            .flat_map(|c| c.words)
            .map(|(text, _)| Word { text, place: place.clone() })
            .collect(),
        _ => Vec::new(),
    }
}

/// Reads a container's command with its environment and image.
pub(crate) fn container_process(
    ctx: &Ctx<'_>,
    words: &[Word],
    image_name: Option<&str>,
    env: Environment,
    names: (Option<String>, Option<String>),
    place: &Place,
    out: &mut Evidence,
) {
    let (container, pod) = names;
    if let Some(name) = image_name {
        packages_of(ctx, name, place, out);
    }
    let before = out.launch.processes.len();
    if let Some(at) = words.iter().take(3).position(|w| is_shell(&w.text))
        && let Some(script) = words
            .iter()
            .skip(at + 1)
            .find(|w| !w.text.starts_with('-'))
            .filter(|_| words.len() > at + 2)
    {
        shell_into(ctx, &script.text, &script.place, &env, 0, out);
    } else {
        let texts: Vec<&str> = words.iter().map(|w| w.text.as_str()).collect();
        let given = image_name.and_then(image).and_then(|i| i.product);
        let interesting = argv::program(&texts).is_some() || given.is_some();
        if interesting || !env.vars.is_empty() {
            let mut process = Process::new(place.clone());
            process.env = env;
            argv::read(ctx.cleaner, words, given, &mut process, &mut out.issues);
            process.finish();
            out.launch.processes.push(process);
        }
    }
    for process in out.launch.processes.iter_mut().skip(before) {
        process.container.clone_from(&container);
        process.pod.clone_from(&pod);
    }
}

/// `docker inspect`, also one object of it.
pub(crate) fn docker_inspect(ctx: &Ctx<'_>, value: &Value, out: &mut Evidence) {
    let single = [value.clone()];
    let list = value.as_array().map_or(&single[..], Vec::as_slice);
    for (i, item) in list.iter().enumerate() {
        let base = if value.is_array() { format!("/{i}") } else { String::new() };
        let config = item.get("Config").unwrap_or(&Value::Null);
        let host = item.get("HostConfig").unwrap_or(&Value::Null);
        let state = item.get("State").unwrap_or(&Value::Null);
        let mut env = Environment { scope: EnvScope::Complete, ..Environment::default() };
        let pairs = config.get("Env").and_then(Value::as_array);
        for (n, pair) in pairs.into_iter().flatten().enumerate() {
            if let Some((name, value)) = pair.as_str().and_then(|p| p.split_once('=')) {
                let place = ctx.base.at(format!("{base}/Config/Env/{n}"));
                env.add(ctx.cleaner, name, Some(value), place);
            }
        }
        let name = text(item.get("Name")).map(|n| ctx.cleaner.text(n.trim_start_matches('/')));
        let image_name = text(config.get("Image"));
        let mut argv =
            words(config.get("Entrypoint"), &ctx.base.at(format!("{base}/Config/Entrypoint")));
        argv.extend(words(config.get("Cmd"), &ctx.base.at(format!("{base}/Config/Cmd"))));
        let place = ctx.base.at(base.clone());
        container_process(
            ctx,
            &argv,
            image_name.as_deref(),
            env,
            (name.clone(), None),
            &place,
            out,
        );
        let mut container = Container {
            name: name.clone().unwrap_or_default(),
            image: image_name.map(|n| ctx.cleaner.text(&n)),
            privileged: host.get("Privileged").and_then(Value::as_bool),
            restarts: item.get("RestartCount").and_then(Value::as_u64),
            state: text(state.get("Status")),
            last_exit_code: state.get("ExitCode").and_then(Value::as_i64),
            ..Container::default()
        };
        if state.get("OOMKilled").and_then(Value::as_bool) == Some(true) {
            container.last_state = Some("OOMKilled".into());
        }
        for (key, resource) in [("Memory", "memory"), ("ShmSize", "shm")] {
            if let Some(n) = host.get(key).and_then(Value::as_f64).filter(|n| *n > 0.0) {
                container.limits.insert(resource.into(), n);
            }
        }
        let mode = |key: &str| text(host.get(key)).map(|m| m == "host");
        out.environment.pods.push(Pod {
            kind: Some("docker".into()),
            name,
            host_ipc: mode("IpcMode"),
            host_pid: mode("PidMode"),
            host_network: mode("NetworkMode"),
            containers: vec![container],
            place,
            ..Pod::default()
        });
    }
}

/// A compose file.
pub(crate) fn compose(ctx: &Ctx<'_>, value: &Value, out: &mut Evidence) {
    let services = value.get("services").and_then(Value::as_object);
    for (name, service) in services.into_iter().flatten() {
        let base = child("/services", name);
        let mut env = Environment { scope: EnvScope::Declared, ..Environment::default() };
        if service.get("env_file").is_some() {
            env.scope = EnvScope::Unknown;
        }
        match service.get("environment") {
            Some(Value::Object(map)) => {
                for (key, value) in map {
                    let text = match value {
                        Value::String(text) => Some(text.clone()),
                        Value::Null => None,
                        other => Some(other.to_string()),
                    };
                    let place = ctx.base.at(child(&format!("{base}/environment"), key));
                    env.add(ctx.cleaner, key, text.as_deref(), place);
                }
            }
            Some(Value::Array(list)) => {
                for (i, item) in list.iter().enumerate() {
                    let Some(item) = item.as_str() else { continue };
                    let place = ctx.base.at(format!("{base}/environment/{i}"));
                    match item.split_once('=') {
                        Some((key, value)) => env.add(ctx.cleaner, key, Some(value), place),
                        None => env.add(ctx.cleaner, item, None, place),
                    }
                }
            }
            _ => {}
        }
        let mut argv = words(service.get("entrypoint"), &ctx.base.at(format!("{base}/entrypoint")));
        argv.extend(words(service.get("command"), &ctx.base.at(format!("{base}/command"))));
        let image_name = text(service.get("image"));
        let clean = ctx.cleaner.text(name);
        let place = ctx.base.at(base.clone());
        container_process(
            ctx,
            &argv,
            image_name.as_deref(),
            env,
            (Some(clean.clone()), None),
            &place,
            out,
        );
        let mode = |key: &str| text(service.get(key)).map(|m| m == "host");
        let mut container = Container {
            name: clean.clone(),
            image: image_name.map(|n| ctx.cleaner.text(&n)),
            privileged: service.get("privileged").and_then(Value::as_bool),
            ..Container::default()
        };
        for (key, resource) in [("mem_limit", "memory"), ("shm_size", "shm")] {
            if let Some(n) = service.get(key).and_then(quantity) {
                container.limits.insert(resource.into(), n);
            }
        }
        out.environment.pods.push(Pod {
            kind: Some("compose".into()),
            name: Some(clean),
            host_ipc: mode("ipc"),
            host_pid: mode("pid"),
            host_network: mode("network_mode"),
            containers: vec![container],
            place,
            ..Pod::default()
        });
    }
}
