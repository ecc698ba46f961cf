//! `keypaird man` and `keypaird completion`: what they write is taken by the tools that it is for.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::{run, text};

/// What mandoc says about a page, which is nothing where it is in order.
fn lint(page: &Path) -> String {
    let output = Command::new("mandoc").args(["-T", "lint", "-W", "error"]).arg(page).output();
    text(&output.unwrap_or_else(|error| panic!("mandoc: {error}")).stdout)
}

#[test]
fn every_command_has_a_manual_page_that_mandoc_takes() {
    let directory = TempDir::new().unwrap();
    let output = run(directory.path(), &["man", "share/man1"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let pages = fs::read_dir(directory.path().join("share/man1")).unwrap().map(|page| page.unwrap().path());
    let pages: Vec<_> = pages.collect();
    let names: Vec<_> = pages.iter().map(|page| page.file_name().unwrap().to_str().unwrap()).collect();
    for name in ["keypaird.1", "keypaird-serve.1", "keypaird-master-key-set-primary.1"] {
        assert!(names.contains(&name), "{names:?}");
    }
    assert!(names.iter().all(|name| !name.contains("-help")), "{names:?}");
    let told: Vec<String> = pages.iter().map(|page| lint(page)).filter(|told| !told.is_empty()).collect();
    assert!(told.is_empty(), "{}", told.concat());
}

#[test]
fn a_manual_page_shows_examples_as_they_are_typed() {
    let directory = TempDir::new().unwrap();
    let output = run(directory.path(), &["man"]);
    fs::write(directory.path().join("keypaird.1"), output.stdout).unwrap();
    let shown = Command::new("mandoc").arg(directory.path().join("keypaird.1")).output().unwrap();
    let example = "keypaird serve --config /etc/keypaird/keypaird.toml --set log.format=json";
    let shown = text(&shown.stdout);
    assert!(shown.lines().any(|line| line.trim() == example), "{shown}");
}

#[test]
fn where_a_manual_page_cannot_be_written_it_says_so() {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join("file"), "").unwrap();
    let output = run(directory.path(), &["man", "file"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with("keypaird: cannot write the manual pages into file: "));
}

#[test]
fn bash_completes_commands_and_flags() {
    let script = run(TempDir::new().unwrap().path(), &["completion", "bash"]);
    assert!(script.status.success());
    let cases = [
        (&["keypaird", "mas"][..], "master-key"),
        (&["keypaird", "master-key", "set"], "set-primary"),
        (&["keypaird", "serve", "--lis"], "--listen"),
    ];
    for (words, expected) in cases {
        let (last, words) = (words.len() - 1, words.join(" "));
        let ask = format!(
            "COMP_WORDS=({words}); COMP_CWORD={last}\n\
             _keypaird keypaird \"${{COMP_WORDS[{last}]}}\" \"${{COMP_WORDS[{}]}}\"; echo \"${{COMPREPLY[*]}}\"\n",
            last - 1
        );
        let shell = Command::new("bash").args(["--norc", "-eu"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut shell = shell.expect("bash is installed");
        let mut stdin = shell.stdin.take().unwrap();
        stdin.write_all(&[&script.stdout[..], ask.as_bytes()].concat()).unwrap();
        drop(stdin);
        let output = shell.wait_with_output().unwrap();
        assert!(output.status.success(), "{words}");
        assert_eq!(text(&output.stdout).trim(), expected, "{words}");
    }
}

#[test]
fn other_shells_get_a_script_too() {
    for shell in ["zsh", "fish"] {
        let script = run(TempDir::new().unwrap().path(), &["completion", shell]);
        assert!(script.status.success() && text(&script.stdout).contains("keypaird"), "{shell}");
    }
}
