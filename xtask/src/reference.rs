//! `cargo xtask reference`: the command's reference, completions and manual pages from what parses
//! its arguments, in `docs/reference/`.

use std::path::Path;

use anyhow::{Context, Result, bail};
use clap_complete::Shell;

use crate::generated::{Mode, ensure_contents};
use crate::tree;

const COMMAND: &str = "cargo xtask reference";

const SHELLS: &[Shell] = &[Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell];

/// Regenerates or checks the files; one that is made from nothing any more is removed or
/// complained of.
pub(crate) fn run(root: &Path, mode: Mode) -> Result<()> {
    let dir = root.join("docs/reference");
    let mut files = vec![("cli.md".to_owned(), page())];
    for shell in SHELLS {
        let mut script = Vec::new();
        clap_complete::generate(*shell, &mut inferguard_cli::command(), "inferguard", &mut script);
        files.push((format!("completions/{}", script_name(*shell)), String::from_utf8(script)?));
    }
    let mut command = inferguard_cli::command();
    command.build();
    manuals(&command, &mut files)?;
    for (name, text) in &files {
        ensure_contents(&dir.join(name), text, mode, COMMAND)?;
    }
    for path in tree::files(&dir)? {
        if files.iter().any(|(name, _)| dir.join(name) == path) {
            continue;
        }
        if mode == Mode::Check {
            bail!("{} is made from nothing: run `{COMMAND}`", path.display());
        }
        std::fs::remove_file(&path).with_context(|| format!("{}", path.display()))?;
    }
    Ok(())
}

/// The file name under which a shell looks for completions of a command.
fn script_name(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => "inferguard.bash",
        Shell::Zsh => "_inferguard",
        Shell::Fish => "inferguard.fish",
        _ => "_inferguard.ps1",
    }
}

const ABOUT: &str =
    "This document contains the help content for the `inferguard` command-line program.\n\n";

fn page() -> String {
    let options =
        clap_markdown::MarkdownOptions::new().show_footer(false).title("Command line".to_owned());
    let command = inferguard_cli::command();
    let text = clap_markdown::help_markdown_command_custom(&command, &options);
    // Headings of six levels are no titles; what the document is, the book says.
    let text = text.replace("###### **", "**").replace(ABOUT, "");
    format!("<!-- Written by `{COMMAND}` from the arguments that the command parses. -->\n\n{text}")
}

/// One manual page a command; the version in its head is that of the command.
fn manuals(command: &clap::Command, files: &mut Vec<(String, String)>) -> Result<()> {
    let man = clap_mangen::Man::new(command.clone()).date("").source("inferguard");
    let mut text = Vec::new();
    man.render(&mut text)?;
    files.push((format!("man/{}", man.get_filename()), String::from_utf8(text)?));
    for sub in command.get_subcommands().filter(|s| !s.is_hide_set()) {
        if sub.get_name() != "help" {
            manuals(sub, files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    #[allow(clippy::unwrap_used)]
    fn files_are_up_to_date() {
        super::run(&crate::workspace::root(), super::Mode::Check).unwrap();
    }
}
