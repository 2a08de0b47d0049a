//! The demo as a user meets it.

use std::process::{Command, Stdio};

#[test]
fn the_demo_shows_four_steps_proves_what_it_says_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_mail-server"))
        .arg("demo")
        .env("TMPDIR", folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let (shown, log) = (String::from_utf8(output.stdout).unwrap(), output.stderr);
    assert_eq!(output.status.code(), Some(0), "{shown}{}", String::from_utf8_lossy(&log));
    assert_eq!(String::from_utf8_lossy(&log), "");

    let steps = [" 1 SUBMIT ", " 2 RELAY ", " 3 STORE ", " 4 READ ", "\nProved\n"];
    let places: Vec<usize> = steps.iter().map(|step| shown.find(step).unwrap()).collect();
    assert!(places.is_sorted(), "{shown}");
    assert_eq!(shown.matches(" ✓ ").count(), 10, "{shown}");
    assert!(!shown.contains('✗') && shown.contains("All of it worked"), "{shown}");
    // Nothing that only a terminal understands, and no password.
    assert!(!shown.contains('\x1b') && !shown.contains("-secret"), "{shown}");
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "it left something behind");
}
