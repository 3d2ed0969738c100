//! `trace_replay_ops.csv`.

use super::ReplayError;
use super::run::{OpLatency, ReplayRun};

/// Splits a CSV line; quotes are handled, although no release writes any.
fn fields(line: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                chars.next();
                if let Some(field) = out.last_mut() {
                    field.push('"');
                }
            }
            '"' => quoted = !quoted,
            ',' if !quoted => out.push(String::new()),
            c => {
                if let Some(field) = out.last_mut() {
                    field.push(c);
                }
            }
        }
    }
    out
}

pub(super) fn read(
    bytes: &[u8],
    note: &mut impl FnMut(usize, String),
) -> Result<ReplayRun, ReplayError> {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines().enumerate();
    let head = lines.next().map(|(_, line)| fields(line)).unwrap_or_default();
    let column = |name: &str| head.iter().position(|field| field == name);
    let count = column("count").ok_or(ReplayError::MissingColumn("count"))?;
    let qualname = column("qualname").ok_or(ReplayError::MissingColumn("qualname"))?;
    let mut run = ReplayRun::default();
    for (index, line) in lines {
        if line.trim().is_empty() {
            continue;
        }
        let row = fields(line);
        let number = |name: &str| -> Option<f64> {
            let value: f64 = row.get(column(name)?)?.trim().parse().ok()?;
            Some(value).filter(|value| value.is_finite())
        };
        let parsed = row
            .get(qualname)
            .filter(|name| !name.is_empty())
            .zip(row.get(count).and_then(|n| n.trim().parse::<u64>().ok()));
        let Some((name, count)) = parsed else {
            note(index + 1, "row without a name or a count".to_owned());
            continue;
        };
        let latency = OpLatency {
            count,
            errors: column("errors").and_then(|at| row.get(at)?.trim().parse().ok()),
            mean_ms: number("mean_ms"),
            p50_ms: number("p50_ms"),
            p90_ms: number("p90_ms"),
            p99_ms: number("p99_ms"),
            min_ms: number("min_ms"),
            max_ms: number("max_ms"),
        };
        if run.ops.insert(name.clone(), latency).is_some() {
            note(index + 1, format!("{name} stands there twice; the last row counts"));
        }
    }
    Ok(run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_bad_rows() {
        let text = b"qualname,count,errors,mean_ms\n\"a,\"\"b\",3,1,0.5\r\nc,x,0,1\n\nd,1,0,inf\n";
        let mut notes = Vec::new();
        let run = read(text, &mut |line, _| notes.push(line)).unwrap();
        assert_eq!(run.ops["a,\"b"].count, 3);
        assert_eq!(run.ops["a,\"b"].mean_ms, Some(0.5));
        assert_eq!(run.ops["d"].mean_ms, None);
        assert_eq!(notes, [3]);
        assert_eq!(
            read(b"qualname,errors\n", &mut |_, _| ()),
            Err(ReplayError::MissingColumn("count"))
        );
    }
}
