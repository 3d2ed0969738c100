//! Completions of shells, loaded and asked.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::path::Path;
use std::process::Command;

/// What bash offers for the last of these words.
fn bash_offers(words: &str) -> Vec<String> {
    let bin = Path::new(env!("CARGO_BIN_EXE_inferguard")).parent().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let script = format!(
        "source <(inferguard completions bash)\n\
         COMP_WORDS=({words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMPREPLY=()\n\
         _inferguard inferguard \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"\n\
         printf '%s\\n' \"${{COMPREPLY[@]}}\""
    );
    let output = Command::new("bash")
        .args(["--noprofile", "--norc", "-c", &script])
        .env("PATH", format!("{}:{path}", bin.display()))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && stderr.is_empty(), "{stderr}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_flags_and_values() {
    assert_eq!(bash_offers("inferguard tr"), ["trace"]);
    assert!(bash_offers("inferguard trace re").contains(&"replay-summary".to_owned()));
    assert!(bash_offers("inferguard check --fail").contains(&"--fail-on".to_owned()));
    let values = bash_offers("inferguard check --fail-on c");
    assert_eq!(values, ["critical"]);
}

#[test]
fn each_shell_gets_its_script() {
    for (shell, sign) in [
        ("bash", "complete -F _inferguard"),
        ("zsh", "#compdef inferguard"),
        ("fish", "complete -c inferguard"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let run = common::run(&["completions", shell]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        assert!(run.stdout.contains(sign), "{shell}");
    }
    assert_eq!(common::run(&["completions", "tcsh"]).code, Some(2));
}
