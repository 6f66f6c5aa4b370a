//! `lora-subspace`: the commands under one name.

use std::fs;
use std::path::Path;

use crate::made::done;
use crate::programs::{files, run};
use crate::workshop::workshop;

const TOOL: &str = "lora-subspace";

#[test]
fn a_command_writes_and_says_what_its_own_program_does() {
    for (command, program, arguments) in [
        ("overlap", "subspace-overlap", &["one", "two", "-q"][..]),
        (
            "amplification",
            "amplification",
            &["one", "--base", "base", "-q"],
        ),
        ("inspect", "inspect", &["one"]),
    ] {
        let (of_tool, of_own) = (workshop(), workshop());
        let with_command = [&[command], arguments].concat();
        let said = done(TOOL, &with_command, of_tool.path());
        let said_alone = done(program, arguments, of_own.path());
        assert_eq!(said.stdout, said_alone.stdout, "{command}");
        assert_eq!(said.stderr, said_alone.stderr, "{command}");
        let names = files(of_own.path());
        assert_eq!(names, files(of_tool.path()));
        // A record has the times of its run.
        for name in names.iter().filter(|name| !name.contains("run-")) {
            let read = |folder: &Path| fs::read(folder.join(name)).unwrap();
            assert!(read(of_tool.path()) == read(of_own.path()), "{name}");
        }
    }
}

#[test]
fn help_and_messages_have_the_name_that_is_typed() {
    let folder = workshop();
    for command in ["overlap", "amplification", "regenerate", "inspect"] {
        let help = done(TOOL, &[command, "--help"], folder.path()).stdout;
        for words in [
            format!("Usage: lora-subspace {command} "),
            format!("\n  lora-subspace {command} runs"),
        ] {
            let has = help.contains(&words) || help.contains(&words.replace("runs", "--init runs"));
            assert!(has, "{words} is not in {help}");
        }
        // What a command does is said in its own words, which lines may break.
        let all = done(TOOL, &["--help"], folder.path()).stdout;
        let all: Vec<&str> = all.split_whitespace().collect();
        assert!(
            all.join(" ").contains(help.lines().next().unwrap()),
            "{all:?}"
        );
        let again = done(TOOL, &["help", command], folder.path()).stdout;
        assert!(again.contains(&format!("\n  lora-subspace {command} ")));
    }
    for (arguments, code, words) in [
        (
            &[][..],
            2,
            "give a command, as in `lora-subspace overlap runs/r8 runs/r64`; `lora-subspace --help` lists",
        ),
        (
            &["overlap", "one", "two", "--draws", "5"],
            2,
            "lora-subspace overlap does not use --draws, a flag of lora-subspace amplification and \
             lora-subspace regenerate: leave",
        ),
        (
            &["amplification", "one"],
            2,
            "lora-subspace amplification compares ΔW with W",
        ),
        (
            &["regenerate", "one"],
            1,
            "`lora-subspace regenerate --init one` writes a first study",
        ),
        (
            &["overlap", "one", "two", "--modules", "*k_proj"],
            1,
            "`lora-subspace inspect` lists them all",
        ),
        (&["overlay"], 2, "unrecognized subcommand 'overlay'"),
    ] {
        let outcome = run(TOOL, arguments, folder.path());
        assert_eq!(outcome.code, code, "{arguments:?}: {}", outcome.stderr);
        let error = outcome.error();
        assert!(error.contains(words), "{words}: {error}");
        assert!(outcome.stdout.is_empty());
    }
}

#[test]
fn completions_for_every_shell_and_a_page_for_every_command() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = done(TOOL, &["completions", shell], folder.path()).stdout;
        assert!(
            script.contains("amplification") && script.contains("no-figures"),
            "{script}"
        );
    }
    done(TOOL, &["completions", "man", "man1"], folder.path());
    let commands = [
        "amplification",
        "completions",
        "inspect",
        "overlap",
        "regenerate",
    ];
    let pages = commands.map(|command| format!("man1/lora-subspace-{command}.1"));
    assert_eq!(
        files(folder.path()),
        [&pages[..], &["man1/lora-subspace.1".to_string()]].concat()
    );
    let page = fs::read_to_string(folder.path().join(&pages[3])).unwrap();
    // A hyphen is escaped in a manual page.
    assert!(
        page.contains("lora\\-subspace overlap runs/r8 runs/r64") && page.contains("\\-\\-basis"),
        "{page}"
    );
    for wrong in [&["completions", "man"][..], &["completions", "bash", "x"]] {
        let outcome = run(TOOL, wrong, folder.path());
        assert_eq!(outcome.code, 2, "{}", outcome.stderr);
        assert!(outcome.stdout.is_empty());
    }
}
