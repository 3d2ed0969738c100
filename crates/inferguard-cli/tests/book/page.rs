//! Console blocks of a page of Markdown.

/// A block of commands.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// Line of its fence.
    pub(crate) line: usize,
    /// Commands that are run before it and not shown.
    pub(crate) before: Vec<String>,
    /// Said not to be run, with a reason.
    pub(crate) skipped: bool,
    pub(crate) steps: Vec<Step>,
}

/// A command, and what it prints where the page shows that.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) line: usize,
    pub(crate) command: String,
    pub(crate) printed: Option<Vec<String>>,
}

/// The console blocks of a page.
pub(crate) fn blocks(text: &str) -> Result<Vec<Block>, String> {
    let (mut out, mut before, mut skipped) = (Vec::new(), Vec::new(), false);
    let mut lines = text.lines().enumerate().map(|(i, line)| (i + 1, line));
    while let Some((number, line)) = lines.next() {
        // A block within a list is indented.
        let indent = line.len() - line.trim_start().len();
        let line = line.trim_start();
        if let Some(note) = line.strip_prefix("<!-- ").and_then(|l| l.strip_suffix(" -->")) {
            match note.split_once(": ") {
                Some(("not run", reason)) if !reason.trim().is_empty() => skipped = true,
                Some(("before", command)) => before.push(command.to_owned()),
                _ => {}
            }
        } else if line == "```console" {
            let inner: Vec<(usize, &str)> = lines
                .by_ref()
                .take_while(|(_, line)| line.trim_start() != "```")
                .map(|(number, line)| (number, line.get(indent..).unwrap_or_default()))
                .collect();
            let steps = steps(&inner)?;
            let before = std::mem::take(&mut before);
            out.push(Block { line: number, before, skipped, steps });
            skipped = false;
        } else if line.starts_with("```") && line.len() > 3 {
            // Another block: what looks like a fence in it is none.
            lines.by_ref().find(|(_, line)| line.trim_start() == "```");
        } else if !line.trim().is_empty() && (skipped || !before.is_empty()) {
            return Err(format!("line {number}: a note that stands before no console block"));
        }
    }
    Ok(out)
}

fn steps(lines: &[(usize, &str)]) -> Result<Vec<Step>, String> {
    let mut out: Vec<Step> = Vec::new();
    let mut continued = false;
    for (number, line) in lines {
        if continued {
            let Some(step) = out.last_mut() else { break };
            step.command.push('\n');
            step.command.push_str(line);
        } else if let Some(command) = line.strip_prefix("$ ") {
            out.push(Step { line: *number, command: command.to_owned(), printed: None });
        } else {
            let Some(step) = out.last_mut() else {
                return Err(format!("line {number}: output before any command"));
            };
            step.printed.get_or_insert_default().push((*line).to_owned());
            continue;
        }
        continued = line.ends_with('\\') || unclosed(&out);
    }
    Ok(out)
}

/// Whether the last command is within single quotes.
fn unclosed(steps: &[Step]) -> bool {
    let quotes = |step: &Step| {
        let code = step.command.split(" #").next().unwrap_or_default();
        code.matches('\'').count()
    };
    steps.last().is_some_and(|step| !quotes(step).is_multiple_of(2))
}

#[test]
fn blocks_are_found_with_their_notes() {
    let text = "a\n\n<!-- before: make x -->\n\n```console\n$ one \\\n  two\nout\n$ three\n```\n\
                <!-- not run: needs y -->\n```console\n$ four 'a\nb'\n$ five # it's\n```\n```text\n```console\n```\n";
    let blocks = blocks(text).unwrap();
    assert_eq!(blocks.len(), 2);
    assert_eq!(blocks[0].before, ["make x"]);
    assert_eq!(blocks[0].steps[0].command, "one \\\n  two");
    assert_eq!(blocks[0].steps[0].printed, Some(vec!["out".to_owned()]));
    assert_eq!(blocks[0].steps[1].printed, None);
    assert!(!blocks[0].skipped && blocks[1].skipped);
    assert_eq!(blocks[1].steps[0].command, "four 'a\nb'");
    assert_eq!(blocks[1].steps[1].command, "five # it's");
}

#[test]
fn a_block_within_a_list_is_one() {
    let blocks =
        blocks("1. Do\n\n   ```console\n   $ one \\\n       two\n   out\n   ```\n").unwrap();
    assert_eq!(blocks[0].steps[0].command, "one \\\n    two");
    assert_eq!(blocks[0].steps[0].printed, Some(vec!["out".to_owned()]));
}

#[test]
fn a_note_without_its_block_is_told() {
    assert!(blocks("<!-- not run: x -->\ntext\n").is_err());
    assert!(blocks("```console\nout\n```\n").is_err());
}
