//! Settings in the form in which Python prints them: `{'a': 1}`, `ServerArgs(a=1)`.

/// A setting as it was printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting<'a> {
    /// Name, with the names of what it stands in before it: `kv_transfer_config.kv_role`.
    pub name: String,
    /// Value as printed, quotes taken off.
    pub value: &'a str,
}

/// Deepest nesting that is followed.
const DEPTH: usize = 8;
/// Most settings of one dump.
const MOST: usize = 512;

/// Takes a dump apart. A dump that is cut off gives what stands before.
///
/// ```
/// use lmcache_logs::settings;
///
/// let found = settings("{'chunk_size': 256, 'x': {'kv_role': 'kv_both'}}");
/// assert_eq!(found[0].name, "chunk_size");
/// assert_eq!((found[1].name.as_str(), found[1].value), ("x.kv_role", "kv_both"));
/// ```
pub fn settings(text: &str) -> Vec<Setting<'_>> {
    let mut out = Vec::new();
    walk(text.trim(), "", 0, &mut out);
    out
}

fn walk<'a>(text: &'a str, prefix: &str, depth: usize, out: &mut Vec<Setting<'a>>) {
    let inside = inner(text);
    for part in parts(inside) {
        let Some((name, value)) = pair(part) else { continue };
        if out.len() >= MOST {
            return;
        }
        let name = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}.{name}") };
        let nested = value.starts_with('{') || is_call(value);
        if nested && depth < DEPTH && inner(value).contains(['=', ':']) {
            walk(value, &name, depth + 1, out);
        } else {
            out.push(Setting { name, value: unquoted(value) });
        }
    }
}

/// What stands between the outermost brackets, or all of it.
fn inner(text: &str) -> &str {
    let text = text.trim();
    let open = match text.find(['{', '(']) {
        Some(at) if at == 0 || is_call(text) => at + 1,
        _ => return text,
    };
    let rest = text.get(open..).unwrap_or_default();
    rest.strip_suffix(['}', ')']).unwrap_or(rest)
}

/// `Name(...)`.
fn is_call(text: &str) -> bool {
    let name = text.split('(').next().unwrap_or("");
    name.len() < text.len()
        && name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Splits at commas that stand in no bracket and no quote.
fn parts(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let (mut start, mut depth, mut quote, mut escaped) = (0, 0_usize, None, false);
    for (at, c) in text.char_indices() {
        if let Some(q) = quote {
            if escaped {
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if c == q {
                quote = None;
            }
            continue;
        }
        match c {
            '\'' | '"' => quote = Some(c),
            '{' | '(' | '[' | '<' => depth += 1,
            '}' | ')' | ']' | '>' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                out.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
        if out.len() >= MOST {
            return out;
        }
    }
    out.push(text.get(start..).unwrap_or_default());
    out
}

/// `'name': value` or `name=value`.
fn pair(part: &str) -> Option<(&str, &str)> {
    let part = part.trim();
    let (name, value) = if part.starts_with(['\'', '"']) {
        let quote = part.chars().next()?;
        let (name, rest) = part.get(1..)?.split_once(quote)?;
        (name, rest.trim_start().strip_prefix(':')?)
    } else {
        let at = part.find(['=', ':'])?;
        (part.get(..at)?.trim(), part.get(at + 1..)?)
    };
    let fits = !name.is_empty()
        && name.len() < 80
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    fits.then_some((name, value.trim()))
}

fn unquoted(value: &str) -> &str {
    let value = value.trim();
    for quote in ['\'', '"'] {
        if let Some(inside) = value.strip_prefix(quote).and_then(|v| v.strip_suffix(quote)) {
            return inside;
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<(String, String)> {
        settings(text).into_iter().map(|s| (s.name, s.value.to_owned())).collect()
    }

    #[test]
    fn dictionaries_calls_and_plain_lists() {
        let got = all("{'a': 1, 'b': None, 'c': \"x, y\", 'd': [1, 2], 'e': {'f': True}}");
        let want = [("a", "1"), ("b", "None"), ("c", "x, y"), ("d", "[1, 2]"), ("e.f", "True")];
        assert_eq!(got, want.map(|(a, b)| (a.to_owned(), b.to_owned())));
        let got = all("ServerArgs(model_path='m', enable_lmcache=True, x=KV(role='both'))");
        let want = [("model_path", "m"), ("enable_lmcache", "True"), ("x.role", "both")];
        assert_eq!(got, want.map(|(a, b)| (a.to_owned(), b.to_owned())));
        let got = all(
            "model='m', kv_transfer_config=KVTransferConfig(kv_connector='C', kv_role='kv_both'), seed=0",
        );
        assert_eq!(got[1], ("kv_transfer_config.kv_connector".to_owned(), "C".to_owned()));
    }

    #[test]
    fn what_is_cut_off_gives_what_stands_before() {
        assert_eq!(
            all("{'a': 1, 'b': {'c': 2, 'd"),
            [("a", "1"), ("b.c", "2")].map(|(a, b)| (a.to_owned(), b.to_owned()))
        );
        assert_eq!(all(""), []);
        assert_eq!(all("(((("), []);
    }
}
