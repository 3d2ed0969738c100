//! Splits shell text into simple commands: quotes, escapes, continued lines, comments,
//! operators. Nothing is expanded.

/// A simple command.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Command {
    /// `NAME=value` before the first word.
    pub assignments: Vec<(String, String, usize)>,
    /// Words with their lines.
    pub words: Vec<(String, usize)>,
}

/// Most words that are read of one script.
const MOST: usize = 65_536;

/// The simple commands of a script.
pub(crate) fn split(text: &str) -> Vec<Command> {
    let mut out = Vec::new();
    let mut command = Command::default();
    let mut word: Option<String> = None;
    let mut quoted = false;
    let mut line = 1;
    let mut word_line = 1;
    let mut total = 0;
    let mut chars = text.chars().peekable();
    // A word ends here.
    let flush = |word: &mut Option<String>, quoted: &mut bool, command: &mut Command, at: usize| {
        let Some(text) = word.take() else { return };
        let plain = !std::mem::take(quoted);
        if command.words.is_empty()
            && let Some((name, value)) = text.split_once('=')
            && crate::envvars::is_name(name)
        {
            command.assignments.push((name.to_owned(), value.to_owned(), at));
            return;
        }
        // Prompts of a copied session.
        if plain && command.words.is_empty() && matches!(text.as_str(), "$" | ">") {
            return;
        }
        command.words.push((text, at));
    };
    while let Some(c) = chars.next() {
        if total >= MOST {
            break;
        }
        if word.is_none() {
            word_line = line;
        }
        match c {
            '\\' => match chars.next() {
                Some('\r') if chars.peek() == Some(&'\n') => {
                    chars.next();
                    line += 1;
                }
                Some('\n') => line += 1,
                Some(next) => word.get_or_insert_default().push(next),
                None => {}
            },
            '\'' => {
                quoted = true;
                let word = word.get_or_insert_default();
                for next in chars.by_ref() {
                    if next == '\'' {
                        break;
                    }
                    line += usize::from(next == '\n');
                    word.push(next);
                }
            }
            '"' => {
                quoted = true;
                let word = word.get_or_insert_default();
                while let Some(next) = chars.next() {
                    match next {
                        '"' => break,
                        '\\' => match chars.next() {
                            Some('\n') => line += 1,
                            Some(escaped) => {
                                if !matches!(escaped, '"' | '\\' | '$' | '`') {
                                    word.push('\\');
                                }
                                word.push(escaped);
                            }
                            None => {}
                        },
                        other => {
                            line += usize::from(other == '\n');
                            word.push(other);
                        }
                    }
                }
            }
            '#' if word.is_none() => {
                while chars.peek().is_some_and(|next| *next != '\n') {
                    chars.next();
                }
            }
            '\n' | ';' | '|' | '&' | '(' | ')' => {
                // `2>&1` and `&>file` belong to a word.
                if c == '&' && word.as_deref().is_some_and(|w| w.ends_with('>')) {
                    word.get_or_insert_default().push('&');
                    continue;
                }
                // `$(...)` is kept as text.
                if c == '(' && word.as_deref().is_some_and(|w| w.ends_with('$')) {
                    let word = word.get_or_insert_default();
                    word.push('(');
                    let mut depth = 1;
                    for next in chars.by_ref() {
                        word.push(next);
                        line += usize::from(next == '\n');
                        match next {
                            '(' => depth += 1,
                            ')' => depth -= 1,
                            _ => {}
                        }
                        if depth == 0 {
                            break;
                        }
                    }
                    continue;
                }
                flush(&mut word, &mut quoted, &mut command, word_line);
                if !command.words.is_empty() || !command.assignments.is_empty() {
                    out.push(std::mem::take(&mut command));
                }
                line += usize::from(c == '\n');
            }
            c if c.is_whitespace() => {
                if word.is_some() {
                    total += 1;
                }
                flush(&mut word, &mut quoted, &mut command, word_line);
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    flush(&mut word, &mut quoted, &mut command, word_line);
    if !command.words.is_empty() || !command.assignments.is_empty() {
        out.push(command);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Vec<String>> {
        split(text).into_iter().map(|c| c.words.into_iter().map(|w| w.0).collect()).collect()
    }

    #[test]
    fn commands_are_split() {
        let cases: [(&str, &[&[&str]]); 7] = [
            ("a 'b c' \"d \\\" e\" f\\ g", &[&["a", "b c", "d \" e", "f g"]]),
            ("a \\\n  --b c # d\ne", &[&["a", "--b", "c"], &["e"]]),
            ("a && b; c | d &", &[&["a"], &["b"], &["c"], &["d"]]),
            ("a 2>&1", &[&["a", "2>&1"]]),
            ("$ a b", &[&["a", "b"]]),
            ("a $(b c) d", &[&["a", "$(b c)", "d"]]),
            ("a '{\"x\": 1}'", &[&["a", "{\"x\": 1}"]]),
        ];
        for (text, want) in cases {
            assert_eq!(words(text), want, "{text}");
        }
        let command = &split("A=1 B='x y' run")[0];
        assert_eq!(command.assignments.len(), 2);
        assert_eq!(command.words, [("run".to_owned(), 1)]);
    }
}
