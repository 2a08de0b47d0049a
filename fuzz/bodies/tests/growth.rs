//! Eight times the input costs at most ten times the instructions, whatever the peer sends: counted by valgrind's
//! callgrind, so that the load of the machine does not matter. Without valgrind the test says so and is skipped, unless
//! `GROWTH=must` is set.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::{fs, path::Path, process::Command};

/// Input times eight may cost so many times the instructions.
const MOST: f64 = 10.0;

#[test]
fn cost_grows_with_the_input_and_not_with_its_square() {
    let program = env!("CARGO_BIN_EXE_growth");
    if Command::new("valgrind").arg("--version").output().is_err() {
        let must = std::env::var("GROWTH").is_ok_and(|value| value == "must");
        assert!(!must, "valgrind is not installed");
        println!("skipped: valgrind is not installed");
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("growth");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    let list = Command::new(program).arg("list").output().expect("the list of cases");
    let list = String::from_utf8(list.stdout).expect("text");
    let run = Command::new("valgrind")
        .current_dir(&folder)
        .args(["--tool=callgrind", "--callgrind-out-file=counts", "--combine-dumps=no"])
        .args(["--toggle-collect=growth::growth_measured", "--dump-after=growth::growth_measured"])
        .arg(program)
        .output()
        .expect("valgrind runs");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));

    let mut slow = Vec::new();
    let mut compared = 0;
    for (i, name) in list.lines().enumerate() {
        let (small, large) = (count(&folder, 2 * i + 1), count(&folder, 2 * i + 2));
        let times = large as f64 / small as f64;
        println!("{times:5.2}  {small:>9} {large:>10}  {name}");
        compared += 1;
        if times > MOST {
            slow.push(format!(
                "{name}: {small} instructions, eight times the input {large}: {times:.1} times"
            ));
        }
    }
    assert!(compared > 50, "there are cases: {compared}");
    assert!(slow.is_empty(), "{}", slow.join("\n"));
}

/// The instructions of one dump.
fn count(folder: &Path, number: usize) -> u64 {
    let path = folder.join(format!("counts.{number}"));
    let dump = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let line = dump.lines().find_map(|line| line.strip_prefix("summary: ")).expect("a summary");
    line.trim().parse().expect("a number")
}
