//! `kubectl describe` and tables of `kubectl get`.

use std::collections::BTreeMap;

use super::events::{cells, event};
use super::facts::{Container, NodeFacts, Pod};
use super::node::quantity_text;
use crate::envvars::{EnvScope, Environment};
use crate::evidence::Evidence;
use crate::launch;
use crate::process::Process;
use crate::reader::Ctx;

/// `kubectl describe pod` and `describe node`.
pub(crate) fn describe(ctx: &Ctx<'_>, text: &str, out: &mut Evidence) {
    let mut pod = Pod { kind: Some("Pod".into()), place: ctx.base.clone(), ..Pod::default() };
    let mut node = NodeFacts { place: ctx.base.clone(), ..NodeFacts::default() };
    let mut envs: Vec<(usize, Environment, Vec<String>)> = Vec::new();
    let mut section = String::new();
    let mut sub = String::new();
    let mut in_containers = false;
    for (i, line) in crate::reader::lines(text) {
        let place = ctx.base.line(i + 1);
        let indent = line.len() - line.trim_start().len();
        let trimmed = line.trim();
        if trimmed.is_empty() {
            continue;
        }
        let (key, value) = trimmed.split_once(':').unwrap_or((trimmed, ""));
        let value = value.trim();
        if indent == 0 {
            key.clone_into(&mut section);
            sub.clear();
            in_containers = matches!(key, "Containers" | "Init Containers");
            match key {
                "Name" => {
                    pod.name = Some(ctx.cleaner.text(value));
                    node.name.clone_from(&pod.name);
                }
                "Node" => {
                    pod.node = Some(ctx.cleaner.text(value.split('/').next().unwrap_or(value)));
                }
                "Status" => pod.phase = Some(ctx.cleaner.text(value)),
                "Reason" => pod.reason = Some(ctx.cleaner.text(value)),
                "IP" => pod.ip = Some(ctx.cleaner.text(value)),
                _ => {}
            }
            continue;
        }
        if section == "Events" {
            let fields = cells(trimmed);
            if let [kind, reason, age, _from, message @ ..] = fields.as_slice()
                && !message.is_empty()
                && *kind != "Type"
                && !kind.starts_with("--")
            {
                let count = age
                    .split_once("(x")
                    .and_then(|(_, n)| n.split(' ').next())
                    .and_then(|n| n.parse().ok())
                    .unwrap_or(1);
                let object = pod.name.clone().unwrap_or_default();
                let message = message.join("  ");
                let parts = (*kind, *reason, object.as_str());
                out.environment.events.push(event(ctx, parts, &message, count, Some(age), place));
            }
            continue;
        }
        if section == "Allocatable" || section == "Capacity" {
            if let Some(n) = quantity_text(value) {
                let map =
                    if section == "Capacity" { &mut node.capacity } else { &mut node.allocatable };
                map.insert(key.to_owned(), n);
            }
            continue;
        }
        if section == "Conditions" && !node.allocatable.is_empty() {
            continue;
        }
        if !in_containers {
            continue;
        }
        if indent <= 2 && value.is_empty() && trimmed.ends_with(':') {
            pod.containers.push(Container {
                name: ctx.cleaner.text(key),
                init: section.starts_with("Init"),
                ..Container::default()
            });
            envs.push((
                i + 1,
                Environment { scope: EnvScope::Declared, ..Environment::default() },
                Vec::new(),
            ));
            sub.clear();
            continue;
        }
        let (Some(container), Some((_, env, words))) = (pod.containers.last_mut(), envs.last_mut())
        else {
            continue;
        };
        if indent <= 4 {
            key.clone_into(&mut sub);
            match key {
                "Image" => container.image = Some(ctx.cleaner.text(value)),
                "State" => container.state = Some(ctx.cleaner.text(value)),
                "Last State" => container.last_state = Some(ctx.cleaner.text(value)),
                "Ready" => container.ready = Some(value == "True"),
                "Restart Count" => container.restarts = value.parse().ok(),
                "Environment Variables from" => env.scope = EnvScope::Unknown,
                _ => {}
            }
            continue;
        }
        match sub.as_str() {
            "State" if key == "Reason" => container.state = Some(ctx.cleaner.text(value)),
            "Last State" if key == "Reason" => container.last_state = Some(ctx.cleaner.text(value)),
            "Last State" if key == "Exit Code" => container.last_exit_code = value.parse().ok(),
            "Limits" | "Requests" => {
                if let Some(n) = quantity_text(value) {
                    let map = if sub == "Limits" {
                        &mut container.limits
                    } else {
                        &mut container.requests
                    };
                    map.insert(key.to_owned(), n);
                }
            }
            "Environment" => {
                if value.starts_with("<set to the key") {
                    env.add(ctx.cleaner, key, None, place);
                } else {
                    env.add(ctx.cleaner, key, Some(value), place);
                }
            }
            "Command" | "Args" => words.push(trimmed.to_owned()),
            "Mounts" => {
                if let Some((path, rest)) = trimmed.split_once(" from ") {
                    let name = rest.split(' ').next().unwrap_or_default();
                    container.mounts.insert(ctx.cleaner.text(path), ctx.cleaner.text(name));
                }
            }
            _ => {}
        }
    }
    for ((line, env, words), container) in envs.into_iter().zip(&pod.containers) {
        let words: Vec<crate::argv::Word> = words
            .into_iter()
            .map(|text| crate::argv::Word { text, place: ctx.base.line(line) })
            .collect();
        let texts: Vec<&str> = words.iter().map(|w| w.text.as_str()).collect();
        let given = container.image.as_deref().and_then(launch::image).and_then(|i| i.product);
        if crate::argv::program(&texts).is_none() && given.is_none() && env.vars.is_empty() {
            continue;
        }
        let mut process = Process::new(ctx.base.line(line));
        process.env = env;
        process.container = Some(container.name.clone());
        process.pod.clone_from(&pod.name);
        crate::argv::read(ctx.cleaner, &words, given, &mut process, &mut out.issues);
        process.finish();
        out.launch.processes.push(process);
    }
    if !pod.containers.is_empty() {
        out.environment.pods.push(pod);
    } else if !node.allocatable.is_empty() || !node.capacity.is_empty() {
        out.environment.nodes.push(node);
    }
}

/// `kubectl get pods` and the like.
pub(crate) fn get_table(ctx: &Ctx<'_>, text: &str, out: &mut Evidence) {
    let mut header: Vec<String> = Vec::new();
    for (i, line) in crate::reader::lines(text) {
        let fields = cells(line);
        if fields.contains(&"NAME") {
            header = fields.iter().map(|f| (*f).to_owned()).collect();
            continue;
        }
        let row: BTreeMap<&str, &str> =
            header.iter().map(String::as_str).zip(fields.iter().copied()).collect();
        let Some(name) = row.get("NAME").filter(|_| row.contains_key("READY")) else { continue };
        let restarts = row.get("RESTARTS").and_then(|r| r.split(' ').next());
        let ready = row.get("READY").and_then(|r| r.split_once('/')).map(|(a, b)| a == b);
        let status = row.get("STATUS").map(|s| ctx.cleaner.text(s));
        out.environment.pods.push(Pod {
            kind: Some("Pod".into()),
            name: Some(ctx.cleaner.text(name)),
            node: row.get("NODE").map(|n| ctx.cleaner.text(n)),
            ip: row.get("IP").map(|n| ctx.cleaner.text(n)),
            phase: status.clone(),
            containers: vec![Container {
                name: ctx.cleaner.text(name),
                ready,
                restarts: restarts.and_then(|r| r.parse().ok()),
                state: status,
                ..Container::default()
            }],
            place: ctx.base.line(i + 1),
            ..Pod::default()
        });
    }
}
