//! Names of series in a PromQL expression. Not a parser of the language: a scanner that knows
//! where names cannot stand, so that templates and unfinished expressions give names too.

/// Words that are no series where a name could stand.
const WORDS: &[&str] = &[
    "and",
    "or",
    "unless",
    "bool",
    "offset",
    "inf",
    "nan",
    "start",
    "end",
    "atan2",
    "default",
    "limit",
    "keep_metric_names",
    "true",
    "false",
];
/// Words before a list of labels.
const LISTS: &[&str] = &["by", "without", "on", "ignoring", "group_left", "group_right"];

/// Names of series, and patterns of names, in their order and each once.
///
/// ```
/// let (names, patterns) = lmcache_launch::environment::metric_names(
///     "sum by (le) (rate(vllm:ttft_seconds_bucket{model=\"m\"}[$__rate_interval])) / 2",
/// );
/// assert_eq!(names, ["vllm:ttft_seconds_bucket"]);
/// assert!(patterns.is_empty());
/// ```
pub fn metric_names(expr: &str) -> (Vec<String>, Vec<String>) {
    let mut names: Vec<String> = Vec::new();
    let mut patterns: Vec<String> = Vec::new();
    let mut chars = Scan { text: expr, at: 0 };
    let mut label_list = false;
    // `label_values(metric, label)` of Grafana: only its first argument is a series.
    let mut grafana: Option<(usize, bool)> = None;
    let mut depth = 0_usize;
    while let Some(c) = chars.peek() {
        match c {
            '#' => chars.until('\n'),
            '"' | '\'' | '`' => {
                chars.string();
            }
            '[' => {
                // A range, or a template `[[name]]`.
                chars.until(']');
                if chars.peek() == Some(']') {
                    chars.next();
                }
            }
            '{' => {
                let (inner, inner_patterns) = matchers(&mut chars);
                push_all(&mut names, inner);
                push_all(&mut patterns, inner_patterns);
            }
            '$' => {
                chars.next();
                if chars.peek() == Some('{') {
                    chars.until('}');
                } else {
                    chars.word();
                }
            }
            '(' => {
                chars.next();
                if label_list {
                    label_list = false;
                    chars.until(')');
                } else {
                    depth += 1;
                }
            }
            ')' => {
                chars.next();
                depth = depth.saturating_sub(1);
                if grafana.is_some_and(|(at, _)| depth < at) {
                    grafana = None;
                }
            }
            ',' => {
                chars.next();
                if let Some((at, seen)) = grafana.as_mut()
                    && *at == depth
                {
                    *seen = true;
                }
            }
            c if c.is_ascii_digit() || c == '.' => chars.number(),
            c if c.is_alphabetic() || c == '_' || c == ':' => {
                let word = chars.word();
                chars.spaces();
                let lower = word.to_ascii_lowercase();
                let call = chars.peek() == Some('(');
                if LISTS.contains(&lower.as_str()) {
                    label_list = call;
                } else if WORDS.contains(&lower.as_str()) {
                    if lower == "offset" {
                        chars.number();
                    }
                } else if call {
                    // `sum by (x) (...)` has its list later; a function's name is no series.
                    if matches!(word.as_str(), "label_values" | "label_names" | "metrics") {
                        grafana = Some((depth + 1, false));
                        if word == "label_values" && !chars.rest().contains(',') {
                            chars.until(')');
                            grafana = None;
                        }
                    }
                } else if is_aggregation(&lower) || grafana.is_some_and(|(_, seen)| seen) {
                } else if chars.peek() == Some('$') || word.ends_with(':') && word.len() == 1 {
                    // A name with a template in it is no name.
                    chars.next();
                    chars.word();
                } else {
                    push_all(&mut names, [word]);
                }
            }
            _ => {
                chars.next();
            }
        }
    }
    (names, patterns)
}

fn is_aggregation(word: &str) -> bool {
    matches!(
        word,
        "sum"
            | "avg"
            | "min"
            | "max"
            | "count"
            | "group"
            | "stddev"
            | "stdvar"
            | "topk"
            | "bottomk"
            | "quantile"
            | "count_values"
            | "limitk"
            | "limit_ratio"
    )
}

fn push_all(to: &mut Vec<String>, from: impl IntoIterator<Item = String>) {
    for name in from {
        if !to.contains(&name) {
            to.push(name);
        }
    }
}

/// `{...}`: names in `__name__` matchers and, since Prometheus 3, quoted names alone.
fn matchers(chars: &mut Scan<'_>) -> (Vec<String>, Vec<String>) {
    let (mut names, mut patterns) = (Vec::new(), Vec::new());
    chars.next();
    let mut label = String::new();
    let mut operator = String::new();
    while let Some(c) = chars.peek() {
        match c {
            '}' => {
                chars.next();
                break;
            }
            '"' | '\'' | '`' => {
                let value = chars.string();
                chars.spaces();
                let alone = label.is_empty() && matches!(chars.peek(), Some(',' | '}') | None);
                match (label.as_str(), operator.as_str()) {
                    ("__name__", "=") => names.push(value),
                    ("__name__", "=~") => {
                        let plain =
                            |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '|');
                        if value.chars().all(plain) {
                            names.extend(value.split('|').map(str::to_owned));
                        } else {
                            patterns.push(value);
                        }
                    }
                    _ if alone && !value.is_empty() => names.push(value),
                    _ => {}
                }
                label.clear();
                operator.clear();
            }
            '=' | '!' | '~' => operator.extend(chars.next()),
            c if c.is_alphanumeric() || c == '_' => {
                label = chars.word();
                operator.clear();
            }
            ',' => {
                chars.next();
                label.clear();
                operator.clear();
            }
            '$' => {
                chars.next();
                if chars.peek() == Some('{') {
                    chars.until('}');
                }
            }
            _ => {
                chars.next();
            }
        }
    }
    (names, patterns)
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn until(&mut self, end: char) {
        while let Some(c) = self.next() {
            if c == end {
                break;
            }
        }
    }

    fn spaces(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.next();
        }
    }

    fn word(&mut self) -> String {
        let mut out = String::new();
        while let Some(c) = self.peek().filter(|c| c.is_alphanumeric() || matches!(c, '_' | ':')) {
            out.push(c);
            self.next();
        }
        out
    }

    /// Numbers, durations and signs before them.
    fn number(&mut self) {
        self.spaces();
        if self.peek() == Some('-') {
            self.next();
        }
        while self.peek().is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_')) {
            self.next();
        }
    }

    fn string(&mut self) -> String {
        let quote = self.next();
        let mut out = String::new();
        while let Some(c) = self.next() {
            if Some(c) == quote {
                break;
            }
            if c == '\\' && quote != Some('`') {
                // `\\.` of a pattern stays a pattern.
                if let Some(next) = self.next() {
                    out.push(next);
                }
            } else {
                out.push(c);
            }
        }
        out
    }
}
