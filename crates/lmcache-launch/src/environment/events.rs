//! Kubernetes events.

use serde_json::Value;

use super::facts::Event;
use super::node::quantity_text;
use crate::clean::cut;
use crate::evidence::Evidence;
use crate::place::Place;
use crate::reader::Ctx;
use crate::setting::whole;

/// Longest message that is kept, in bytes.
const LONGEST: usize = 600;

/// An event with what its message says about a resource.
pub(crate) fn event(
    ctx: &Ctx<'_>,
    parts: (&str, &str, &str),
    message: &str,
    count: u64,
    last_seen: Option<&str>,
    place: Place,
) -> Event {
    let (kind, reason, object) = parts;
    let after = |mark: &str| message.split_once(mark).map(|(_, rest)| rest);
    let word = |rest: &str| {
        let word: String = rest
            .trim_start()
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '/'))
            .collect();
        (!word.is_empty()).then_some(word)
    };
    let resource = after("low on resource: ")
        .or_else(|| after("Insufficient "))
        .and_then(word)
        .or_else(|| after("OOM").map(|_| "memory".to_owned()));
    let used = after(" was using ")
        .and_then(|rest| rest.split([',', ' ', '.']).next())
        .and_then(quantity_text)
        .and_then(|n| whole(n.floor()));
    Event {
        kind: ctx.cleaner.text(kind),
        reason: ctx.cleaner.text(reason),
        object: ctx.cleaner.text(object),
        message: cut(&ctx.cleaner.text(message), LONGEST).to_owned(),
        count,
        resource,
        used_bytes: used,
        last_seen: last_seen.map(|t| ctx.cleaner.text(t)),
        place,
    }
}

/// Splits a line of a table at runs of two or more spaces.
pub(crate) fn cells(line: &str) -> Vec<&str> {
    line.split("  ").map(str::trim).filter(|c| !c.is_empty()).collect()
}

/// `kubectl get events`, narrow or wide.
pub(crate) fn events_table(ctx: &Ctx<'_>, text: &str, out: &mut Evidence) {
    let mut header: Vec<(&str, usize)> = Vec::new();
    for (i, line) in crate::reader::lines(text) {
        if line.contains("REASON") && line.contains("MESSAGE") {
            header =
                cells(line).into_iter().filter_map(|name| Some((name, line.find(name)?))).collect();
            continue;
        }
        if header.is_empty() || line.trim().is_empty() {
            continue;
        }
        let cell = |name: &str| {
            let at = header.iter().position(|(n, _)| *n == name)?;
            let start = header.get(at)?.1;
            let end = header.get(at + 1).map_or(line.len(), |(_, e)| *e);
            let end = if name == "MESSAGE" { line.len() } else { end };
            line.get(start..end.min(line.len())).map(str::trim)
        };
        let parts = (
            cell("TYPE").unwrap_or_default(),
            cell("REASON").unwrap_or_default(),
            cell("OBJECT").unwrap_or_default(),
        );
        if parts.1.is_empty() {
            continue;
        }
        let count = cell("COUNT").and_then(|c| c.parse().ok()).unwrap_or(1);
        let last = cell("LAST SEEN");
        let message = cell("MESSAGE").unwrap_or_default();
        let place = ctx.base.line(i + 1);
        out.environment.events.push(event(ctx, parts, message, count, last, place));
    }
}

/// Events as objects.
pub(crate) fn events_json(ctx: &Ctx<'_>, value: &Value, out: &mut Evidence) {
    let (list, base) = match (value.get("items"), value) {
        (Some(Value::Array(list)), _) => (list.as_slice(), "/items"),
        (_, Value::Array(list)) => (list.as_slice(), ""),
        _ => (std::slice::from_ref(value), ""),
    };
    for (i, item) in list.iter().enumerate() {
        let get = |pointer: &str| item.pointer(pointer).and_then(Value::as_str);
        let Some(reason) = get("/reason") else { continue };
        let object = ["/involvedObject", "/regarding"].iter().find_map(|at| {
            let kind = get(&format!("{at}/kind"))?.to_ascii_lowercase();
            Some(format!("{kind}/{}", get(&format!("{at}/name")).unwrap_or_default()))
        });
        let count = item.get("count").or_else(|| item.pointer("/series/count"));
        let message = get("/message").or_else(|| get("/note")).unwrap_or_default();
        let seen = get("/lastTimestamp").or_else(|| get("/eventTime"));
        let place =
            if value == item { ctx.base.clone() } else { ctx.base.at(format!("{base}/{i}")) };
        out.environment.events.push(event(
            ctx,
            (get("/type").unwrap_or_default(), reason, &object.unwrap_or_default()),
            message,
            count.and_then(Value::as_u64).unwrap_or(1),
            seen,
            place,
        ));
    }
}
