//! Wordings of log lines: what the calls of a logger say, with a mark for each hole.

use std::collections::BTreeSet;

use ruff_python_ast::{Expr, FStringPart, InterpolatedStringElement, Operator};

use crate::catalog_import::facts::{Fact, Kind, Reading, Site};
use crate::catalog_import::source::program::{CallSite, Program, last_name};

/// What stands for a value in a wording. No wording holds it.
pub(crate) const HOLE: char = '\u{1}';

/// Methods of a logger, and the level that they write at.
const LEVELS: &[(&str, &str)] = &[
    ("debug", "debug"),
    ("info", "info"),
    ("warning", "warning"),
    ("warn", "warning"),
    ("error", "error"),
    ("exception", "error"),
    ("critical", "critical"),
    ("fatal", "critical"),
    ("log", "any"),
];

/// Alternatives that one call may have.
const MANY: usize = 16;

/// Reads the wordings of all log calls, and those of exceptions, which end up in tracebacks.
pub(crate) fn read(program: &Program<'_>, reading: &mut Reading) {
    for site in &program.calls {
        let Some((level, text)) = said(site) else { continue };
        for words in wordings(text).into_iter().take(MANY) {
            // A wording that is all hole says nothing.
            if words.chars().filter(|c| c.is_alphabetic()).count() < 3 {
                continue;
            }
            let fact = Fact::new(Kind::Log, words, Site::of(program, site)).saying("level", level);
            reading.add(fact);
        }
    }
}

fn said<'a>(site: &CallSite<'a>) -> Option<(&'static str, &'a Expr)> {
    let arguments = &site.call.arguments;
    match site.call.func.as_ref() {
        Expr::Attribute(called) => {
            let owner = match called.value.as_ref() {
                Expr::Call(call) => last_name(&call.func),
                other => last_name(other),
            }?;
            let method = called.attr.as_str();
            let method = method.strip_suffix("_once").unwrap_or(method);
            let (_, level) = LEVELS.iter().find(|(name, _)| *name == method)?;
            if !owner.to_ascii_lowercase().contains("log") {
                return None;
            }
            let at = usize::from(method == "log");
            Some((level, arguments.find_argument_value("msg", at)?))
        }
        Expr::Name(called) => {
            let name = called.id.as_str();
            let last = name.ends_with("Error") || name.ends_with("Exception");
            let level = if last {
                "exception"
            } else if name == "print" {
                "print"
            } else if name.contains("log_") || name.ends_with("_once") {
                "any"
            } else {
                return None;
            };
            Some((level, arguments.args.first()?))
        }
        _ => None,
    }
}

/// What an expression may say, with holes for what is not literal.
pub(crate) fn wordings(expr: &Expr) -> Vec<String> {
    let raw = raw(expr);
    let all: BTreeSet<String> = raw.iter().map(|text| holes(text)).collect();
    all.into_iter().collect()
}

fn raw(expr: &Expr) -> Vec<String> {
    match expr {
        Expr::StringLiteral(text) => vec![text.value.to_str().to_owned()],
        Expr::FString(text) => {
            let mut out = vec![String::new()];
            let mut push = |all: &[String]| {
                out = out
                    .iter()
                    .flat_map(|a| all.iter().map(move |b| format!("{a}{b}")))
                    .take(MANY)
                    .collect();
            };
            for part in &text.value {
                match part {
                    FStringPart::Literal(literal) => push(&[escaped(&literal.value)]),
                    FStringPart::FString(inner) => {
                        for element in &inner.elements {
                            match element {
                                InterpolatedStringElement::Literal(literal) => {
                                    push(&[escaped(&literal.value)]);
                                }
                                InterpolatedStringElement::Interpolation(hole) => {
                                    push(&raw(&hole.expression));
                                }
                            }
                        }
                    }
                }
            }
            out
        }
        Expr::BinOp(sum) if sum.op == Operator::Add => {
            let right = raw(&sum.right);
            raw(&sum.left)
                .iter()
                .flat_map(|a| right.iter().map(move |b| format!("{a}{b}")))
                .take(MANY)
                .collect()
        }
        Expr::BinOp(of) if of.op == Operator::Mod => raw(&of.left),
        Expr::If(choice) => {
            let mut out = raw(&choice.body);
            out.extend(raw(&choice.orelse));
            out
        }
        Expr::Call(call) => match call.func.as_ref() {
            Expr::Attribute(of)
                if of.attr.as_str() == "format"
                    && matches!(of.value.as_ref(), Expr::StringLiteral(_)) =>
            {
                raw(&of.value).iter().map(|text| braces(text)).collect()
            }
            _ => vec![HOLE.to_string()],
        },
        _ => vec![HOLE.to_string()],
    }
}

/// A per cent sign of an f-string is one.
fn escaped(text: &str) -> String {
    text.replace('%', "%%")
}

/// Fields of `str.format` as holes.
fn braces(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '{' if chars.peek() == Some(&'{') => {
                chars.next();
                out.push('{');
            }
            '}' if chars.peek() == Some(&'}') => {
                chars.next();
                out.push('}');
            }
            '{' => {
                for inner in chars.by_ref() {
                    if inner == '}' {
                        break;
                    }
                }
                out.push(HOLE);
            }
            '%' => out.push_str("%%"),
            other => out.push(other),
        }
    }
    out
}

/// Conversions of `%` as holes.
fn holes(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        if chars.peek() == Some(&'%') {
            chars.next();
            out.push('%');
            continue;
        }
        let mut spec = String::from("%");
        let mut whole = false;
        while let Some(next) = chars.peek().copied() {
            if next == '(' {
                for inner in chars.by_ref() {
                    spec.push(inner);
                    if inner == ')' {
                        break;
                    }
                }
                continue;
            }
            if next.is_ascii_digit() || "#-+.*l".contains(next) {
                spec.push(next);
                chars.next();
                continue;
            }
            if "sdrifgexXouGEFca".contains(next) {
                chars.next();
                whole = true;
            }
            break;
        }
        if whole {
            out.push(HOLE);
        } else {
            out.push_str(&spec);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_holes() {
        for (text, want) in [
            ("took %.2f s (%d%%)", "took \u{1} s (\u{1}%)"),
            ("%(name)s is up", "\u{1} is up"),
            ("100 % sure", "100 % sure"),
        ] {
            assert_eq!(holes(text), want);
        }
        assert_eq!(braces("a {} b {x:.1f} {{c}}"), "a \u{1} b \u{1} {c}");
    }
}
