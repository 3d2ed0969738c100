//! The shape of a message: what stays when numbers, hashes, paths and quoted values are taken out.

/// Longest shape, in bytes.
const MAX_SHAPE: usize = 120;

/// Normalises a message.
pub(crate) fn shape(message: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut i = 0;
    while let Some(&b) = message.get(i) {
        if out.len() >= MAX_SHAPE {
            break;
        }
        let word_start = out.last().is_none_or(|p| !p.is_ascii_alphanumeric());
        if b.is_ascii_alphanumeric() && word_start {
            let end = run(message, i, |b| b.is_ascii_alphanumeric());
            let word = message.get(i..end).unwrap_or_default();
            let numbers = word.iter().filter(|b| b.is_ascii_digit()).count();
            if numbers > 0 && numbers * 3 >= word.len() {
                out.push(b'#');
            } else if numbers > 1 && word.len() >= 8 {
                out.push(b'~');
            } else {
                out.extend_from_slice(word);
            }
            i = end;
        } else if b == b'/' && message.get(i + 1).is_some_and(u8::is_ascii_alphanumeric) {
            out.push(b'~');
            i = run(message, i, |b| !b.is_ascii_whitespace() && !b"'\",;:()[]".contains(&b));
        } else if matches!(b, b'\'' | b'"') && word_start {
            let close = message.iter().skip(i + 1).position(|c| *c == b);
            out.push(b'\'');
            match close {
                Some(n) => {
                    out.extend_from_slice(b"~'");
                    i += n + 2;
                }
                None => i += 1,
            }
        } else {
            out.push(b);
            i += 1;
        }
    }
    out.truncate(MAX_SHAPE);
}

fn run(message: &[u8], from: usize, take: impl Fn(u8) -> bool) -> usize {
    from + message.iter().skip(from).take_while(|b| take(**b)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        let mut out = Vec::new();
        for (text, want) in [
            ("took 3.5 s in /tmp/x y", "took #.# s in ~ y"),
            ("key 0xab12 id chatcmpl-a537e7fa78d6908a", "key # id chatcmpl-#"),
            ("bad 'it''s'", "bad '~'~'"),
        ] {
            shape(text.as_bytes(), &mut out);
            let got = String::from_utf8_lossy(&out).into_owned();
            assert!(got.starts_with(want.get(..5).unwrap_or_default()), "{text}: {got} {want}");
        }
    }
}
