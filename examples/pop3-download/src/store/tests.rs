//! A crash between any two steps.

use super::*;
use std::path::Path;
use tempfile::TempDir;

const NOW: Duration = Duration::from_secs(1_000_000);
const DATE: &str = "Mon Jan 12 13:46:40 1970";

/// Where a crash comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Crash {
    Written,
    Synced,
    Noted,
    Published,
}

const CRASHES: [Crash; 4] = [Crash::Written, Crash::Synced, Crash::Noted, Crash::Published];

fn places(folder: &TempDir) -> [Place; 2] {
    let path = folder.path();
    [Place::Maildir(path.join("deep/maildir")), Place::Mbox(path.join("mbox"))]
}

/// As `commit`, up to there.
fn commit_until(store: &mut Store, crash: Crash, uidl: &str, text: &str) {
    let mut staged = store.begin(uidl, NOW, DATE).unwrap();
    staged.write(text.as_bytes()).unwrap();
    if crash == Crash::Written {
        return std::mem::forget(staged); // a crash tidies nothing up
    }
    let name = staged.name().to_owned();
    let path = staged.finish().unwrap();
    if crash == Crash::Synced {
        return;
    }
    let fetched = Fetched { at: NOW, name, place: store.output.reserve().unwrap() };
    store.journal.fetched("tim@a", uidl, fetched.clone()).unwrap();
    if crash == Crash::Published {
        store.output.publish(&path, &fetched).unwrap();
    }
}

fn messages(place: &Place) -> Vec<String> {
    let mut found: Vec<_> = match place {
        Place::Maildir(folder) => {
            let files = fs::read_dir(folder.join("new")).unwrap();
            files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect()
        }
        Place::Mbox(file) => {
            let text = fs::read_to_string(file).unwrap();
            text.split("From ").skip(1).map(|m| m.split_once('\n').unwrap().1.to_owned()).collect()
        }
    };
    found.sort();
    found
}

fn is_empty(folder: &Path) -> bool {
    fs::read_dir(folder).unwrap().next().is_none()
}

#[test]
fn a_message_counts_as_fetched_from_its_line_in_the_journal_and_then_is_in_its_place() {
    let folder = tempfile::tempdir().unwrap();
    for place in places(&folder) {
        for (n, crash) in CRASHES.into_iter().enumerate() {
            let uidl = n.to_string();
            let mut store = Store::open(place.clone(), "tim@a").unwrap();
            let before = messages(&place).len();
            commit_until(&mut store, crash, &uidl, "a: b\r\n\r\nc\r\n");
            drop(store);
            let store = Store::open(place.clone(), "tim@a").unwrap();
            let known = store.known().any(|known| known.uidl == uidl && known.fetched == NOW);
            assert_eq!(known, matches!(crash, Crash::Noted | Crash::Published), "{crash:?}");
            assert_eq!(messages(&place).len() - before, usize::from(known), "{place:?} {crash:?}");
            assert!(is_empty(&store.staged), "{crash:?}");
        }
        let end = if matches!(place, Place::Mbox(_)) { "\n" } else { "" };
        assert_eq!(messages(&place), [format!("a: b\n\nc\n{end}"), format!("a: b\n\nc\n{end}")]);
    }
}

#[test]
fn a_download_that_breaks_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for place in places(&folder) {
        let store = Store::open(place.clone(), "tim@a").unwrap();
        let mut staged = store.begin("1", NOW, DATE).unwrap();
        staged.write(b"half").unwrap();
        assert!(!is_empty(&store.staged));
        drop(staged);
        assert!(is_empty(&store.staged));
        assert!(messages(&place).is_empty());
    }
}

#[test]
fn two_programs_do_not_write_to_one_place() {
    let folder = tempfile::tempdir().unwrap();
    for place in places(&folder) {
        let store = Store::open(place.clone(), "tim@a").unwrap();
        let error = Store::open(place.clone(), "tim@b").unwrap_err().to_string();
        assert!(error.contains("another pop3-download"), "{error}");
        drop(store);
        Store::open(place, "tim@b").unwrap();
    }
}

#[test]
fn accounts_do_not_know_of_each_other_and_what_is_forgotten_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    for place in places(&folder) {
        let mut store = Store::open(place.clone(), "tim@a").unwrap();
        commit_until(&mut store, Crash::Published, "1", "\r\n");
        drop(store);
        assert_eq!(Store::open(place.clone(), "tim@b").unwrap().known().count(), 0);
        let mut store = Store::open(place.clone(), "tim@a").unwrap();
        store.forget(&["1".into()]).unwrap();
        drop(store);
        assert_eq!(Store::open(place.clone(), "tim@a").unwrap().known().count(), 0);
        assert_eq!(messages(&place).len(), 1);
    }
}
