//! What a mailbox has below it, among names that sort around the delimiter.

use crate::kit::{Talk, World};

#[test]
fn a_mailbox_has_children_when_a_name_below_it_exists_and_not_when_one_only_begins_alike() {
    let world = World::new([]);
    let server = world.start("a.test", &[]);
    let mut talk = Talk::with(&server, "imaps");
    talk.line();
    // `!` sorts before the delimiter, `0` after it.
    for command in
        ["LOGIN alice@a.test alice-secret", "CREATE x", "CREATE x!y", "CREATE x/z", "CREATE x0/y"]
    {
        talk.write(format!("a {command}\r\n").as_bytes());
        let answer = talk.line();
        assert!(answer.starts_with("a OK"), "{command}: {answer}");
    }
    for name in ["x!y", "x/z", "x0/y"] {
        talk.write(format!("a SUBSCRIBE {name}\r\n").as_bytes());
        assert!(talk.line().starts_with("a OK"));
    }
    let mut ask = |command: &str| {
        talk.write(format!("a {command}\r\n").as_bytes());
        let lines = std::iter::from_fn(|| Some(talk.line()).filter(|line| line.starts_with('*')));
        lines.collect::<Vec<_>>()
    };
    assert_eq!(
        ask("LIST \"\" x%"),
        [
            r#"* LIST (\HasChildren) "/" "x""#,
            r#"* LIST (\HasNoChildren) "/" "x!y""#,
            r#"* LIST (\HasChildren) "/" "x0""#,
        ]
    );
    // RFC 3501 §6.3.9: a name is there for what is subscribed below it.
    assert_eq!(
        ask("LSUB \"\" x%"),
        [
            r#"* LSUB (\Noselect \HasChildren) "/" "x""#,
            r#"* LSUB (\HasNoChildren) "/" "x!y""#,
            r#"* LSUB (\Noselect \HasChildren) "/" "x0""#,
        ]
    );
}
