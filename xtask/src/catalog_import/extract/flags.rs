//! Flags of command lines, as argparse declares them.

use ruff_python_ast::{Expr, Number};
use serde_json::Value;

use crate::catalog_import::facts::{Fact, Kind, Reading, Site};
use crate::catalog_import::places::Places;
use crate::catalog_import::source::program::{Program, last_name};
use crate::catalog_import::source::resolve::DEPTH;

/// Reads the flags of the programs that have a place.
pub(crate) fn read(program: &Program<'_>, places: &Places, reading: &mut Reading) {
    for number in program.calls_by_name.get("add_argument").into_iter().flatten() {
        let Some(site) = program.calls.get(*number) else { continue };
        let place = Site::of(program, site);
        let programs = places.components(Kind::Flag, &place.path);
        if programs.is_empty() {
            continue;
        }
        let arguments = &site.call.arguments;
        let mut names = Vec::new();
        for name in arguments.args.iter().filter(|a| !matches!(a, Expr::Starred(_))) {
            program.ask();
            match program.strings(name, &site.scope, DEPTH) {
                Some(found) => names.extend(found),
                None => {
                    reading.unread.insert(("flag", place.clone()));
                }
            }
        }
        names.retain(|name| name.starts_with("--"));
        let action = arguments.find_keyword("action").map(|k| &k.value);
        let word = action.and_then(|a| match a {
            Expr::StringLiteral(text) => Some(text.value.to_str()),
            other => last_name(other),
        });
        let bool_pair = word == Some("BooleanOptionalAction");
        let takes = match word {
            Some("store_true" | "store_false" | "store_const" | "count") => "bool",
            _ if bool_pair => "bool",
            _ => match arguments.find_keyword("type").and_then(|k| last_name(&k.value)) {
                Some("loads") => "json",
                _ if many(arguments.find_keyword("nargs").map(|k| &k.value)) => "many",
                _ => "value",
            },
        };
        let default = match (word, arguments.find_keyword("default").map(|k| &k.value)) {
            (Some("store_true"), None) => Some(Value::Bool(false)),
            (Some("store_false"), None) => Some(Value::Bool(true)),
            (_, Some(value)) => literal(value),
            _ => None,
        };
        for name in names {
            for owner in &programs {
                let fact = |name: &str| {
                    let fact = Fact::new(Kind::Flag, format!("{owner} {name}"), place.clone())
                        .saying("component", owner.as_str())
                        .saying("name", name)
                        .saying("takes", takes);
                    match &default {
                        Some(value) => fact.saying("default", value.to_string()),
                        None => fact,
                    }
                };
                reading.add(fact(&name));
                if bool_pair && let Some(bare) = name.strip_prefix("--") {
                    let off = fact(&format!("--no-{bare}"));
                    reading.add(off);
                }
            }
        }
    }
}

fn many(nargs: Option<&Expr>) -> bool {
    matches!(nargs, Some(Expr::StringLiteral(text)) if matches!(text.value.to_str(), "+" | "*"))
}

/// A literal as JSON.
pub(crate) fn literal(expr: &Expr) -> Option<Value> {
    match expr {
        Expr::NoneLiteral(_) => Some(Value::Null),
        Expr::BooleanLiteral(b) => Some(Value::Bool(b.value)),
        Expr::StringLiteral(text) => Some(Value::String(text.value.to_str().to_owned())),
        Expr::NumberLiteral(number) => match &number.value {
            Number::Int(int) => int.as_i64().map(Value::from),
            Number::Float(float) => serde_json::Number::from_f64(*float).map(Value::Number),
            Number::Complex { .. } => None,
        },
        Expr::UnaryOp(minus) if minus.op == ruff_python_ast::UnaryOp::USub => {
            match literal(&minus.operand)? {
                Value::Number(n) if n.is_i64() => {
                    n.as_i64().and_then(i64::checked_neg).map(Value::from)
                }
                Value::Number(n) => serde_json::Number::from_f64(-n.as_f64()?).map(Value::Number),
                _ => None,
            }
        }
        Expr::List(list) => list.elts.iter().map(literal).collect::<Option<_>>().map(Value::Array),
        _ => None,
    }
}
