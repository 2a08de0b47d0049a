use super::*;
use crate::config::Config;
use mailstore::{Mailboxes, MemoryStore};
use mailwire::sasl::{
    Failure, Mechanism, Progress, Verdict,
    client::{self, Credentials},
    server,
};

fn users(store: &MemoryStore) -> Users<MemoryStore> {
    Users::new(store.clone(), Directory::of(&Config::default().domains), LoginSecret::random())
}

#[tokio::test]
async fn a_login_name_is_the_address_in_any_case() {
    let users = users(&MemoryStore::new());
    let account = users.add("Dave@example.test", "geheim").await.expect("added");
    for name in ["Dave@example.test", "dave@EXAMPLE.test"] {
        let found = users.log_in(name, "geheim").await.expect("checked");
        assert_eq!(found, Some(account.clone()), "{name}");
    }
    for (name, password) in
        [("dave@example.test", "Geheim"), ("dave@example.test", ""), ("dave", "geheim"), ("", "")]
    {
        assert_eq!(users.log_in(name, password).await.expect("checked"), None, "{name}");
    }
}

#[tokio::test]
async fn a_changed_password_replaces_the_old_one_at_once() {
    let users = users(&MemoryStore::new());
    users.add("dave@example.test", "old").await.expect("added");
    assert!(users.log_in("dave@example.test", "old").await.expect("checked").is_some());
    users.set_password("DAVE@example.test", "new").await.expect("changed");
    assert!(users.log_in("dave@example.test", "old").await.expect("checked").is_none());
    assert!(users.log_in("dave@example.test", "new").await.expect("checked").is_some());
}

#[tokio::test]
async fn a_removed_account_is_gone() {
    let users = users(&MemoryStore::new());
    users.add("dave@example.test", "geheim").await.expect("added");
    users.remove("dave@example.test").await.expect("removed");
    assert!(users.log_in("dave@example.test", "geheim").await.expect("checked").is_none());
    assert!(users.list().await.expect("listed").is_empty());
    let error = users.remove("dave@example.test").await.expect_err("gone").to_string();
    assert_eq!(error, "there is no account \"dave@example.test\"");
}

#[tokio::test]
async fn a_new_account_has_the_usual_mailboxes() {
    let store = MemoryStore::new();
    let account = users(&store).add("dave@example.test", "geheim").await.expect("added");
    let mailboxes = store.mailboxes(account.id).await.expect("listed");
    let names: Vec<_> = mailboxes.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(names, ["Archive", "Drafts", "INBOX", "Junk", "Sent", "Trash"]);
    assert!(mailboxes.iter().all(|m| m.name == "INBOX" || m.special_use.is_some()));
}

#[tokio::test]
async fn what_is_no_account_of_this_server_is_refused_in_one_sentence() {
    let users = users(&MemoryStore::new());
    let cases = [
        ("dave", "x", "`dave` is not an address such as dave@example.test"),
        ("@example.test", "x", "`@example.test` is not an address such as dave@example.test"),
        ("a b@example.test", "x", "`a b@example.test` is not an address such as dave@example.test"),
        (
            "a..b@example.test",
            "x",
            "`a..b@example.test` is not an address such as dave@example.test",
        ),
        (
            "dave@elsewhere.test",
            "x",
            "dave@elsewhere.test is in none of this server's domains (example.test); add its domain with `mail-server domain add` or in the configuration file",
        ),
        ("dave@example.test", "", "an empty password protects nothing"),
    ];
    for (address, password, expected) in cases {
        let error = users.add(address, password).await.expect_err("refused");
        assert_eq!(error.to_string(), expected);
    }
    users.add("dave@example.test", "x").await.expect("added");
    let error = users.add("Dave@Example.test", "x").await.expect_err("taken").to_string();
    assert_eq!(error, "the account \"Dave@Example.test\" exists already");
}

#[tokio::test]
async fn an_empty_store_gets_the_ready_accounts_once() {
    let (users, config) = (users(&MemoryStore::new()), Config::default());
    let made = prepare(&users, &config).await.expect("made");
    let expected = [("alice", "alice-secret"), ("bob", "bob-secret"), ("carol", "carol-secret")]
        .map(|(name, password)| WellKnown { address: format!("{name}@example.test"), password });
    assert_eq!(made, expected);
    assert_eq!(prepare(&users, &config).await.expect("found"), expected);
    users.set_password("bob@example.test", "other").await.expect("changed");
    let left = prepare(&users, &config).await.expect("found");
    assert_eq!(left, [expected[0].clone(), expected[2].clone()]);
}

#[tokio::test]
async fn with_well_known_passwords_it_listens_on_loopback_only() {
    let (users, mut config) = (users(&MemoryStore::new()), Config::default());
    prepare(&users, &config).await.expect("made");
    config.listen = vec!["0.0.0.0".parse().expect("an address")];
    let refusal = prepare(&users, &config).await.expect_err("refused").to_string();
    assert_eq!(
        refusal,
        "alice@example.test still has its well-known password, so this server listens on loopback only; change it with `mail-server user passwd alice@example.test`"
    );
    for name in ["alice", "bob", "carol"] {
        users.set_password(&format!("{name}@example.test"), "other").await.expect("changed");
    }
    assert_eq!(prepare(&users, &config).await.expect("lifted"), []);
}

#[tokio::test]
async fn ready_accounts_are_made_only_where_nobody_else_can_connect_and_if_wanted() {
    let users = users(&MemoryStore::new());
    let mut config = Config::default();
    config.accounts.ready_made = false;
    assert_eq!(prepare(&users, &config).await.expect("nothing"), []);
    config.accounts.ready_made = true;
    config.listen.push("192.0.2.1".parse().expect("an address"));
    assert_eq!(prepare(&users, &config).await.expect("nothing"), []);
    assert!(users.list().await.expect("listed").is_empty());
}

/// A client that knows this password logs in by SCRAM; what comes of it.
async fn scram(users: &Users<MemoryStore>, name: &str, password: &str) -> (Progress, Vec<u8>) {
    let metrics = std::sync::Arc::new(crate::metrics::Metrics::new().expect("metrics"));
    let client = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
    let limits = crate::limits::Limits::new(crate::config::Current::new(Config::default()));
    let record = crate::listen::Record::new(crate::service::Service::Imap, client, metrics, limits);
    let mut credentials = Credentials::password(name, password);
    credentials.nonce = vec![7; 18];
    let mechanism = Mechanism::ScramSha256;
    let mut client = client::Exchange::new(mechanism, credentials, &mechanisms(&Config::default()));
    let mut server = server::Exchange::new(mechanism);
    let mut progress = server.receive(client.initial().as_deref());
    let mut salt = Vec::new();
    loop {
        progress = match progress {
            Progress::Challenge(challenge) => {
                if salt.is_empty() {
                    let text = String::from_utf8(challenge.clone()).expect("text");
                    salt = text.split(',').nth(1).expect("a salt").into();
                }
                let answer = client.respond(&challenge).expect("it fits");
                server.receive(Some(&answer))
            }
            Progress::Decide => {
                let (verdict, account) =
                    users.judge(&server.claim().expect("a claim"), &record).await;
                assert_eq!(account.is_some(), verdict == Verdict::Accept);
                server.verdict(verdict)
            }
            over => return (over, salt),
        };
    }
}

#[tokio::test]
async fn scram_knows_the_password_and_an_unknown_user_looks_like_a_wrong_password() {
    let users = users(&MemoryStore::new());
    users.add("dave@example.test", "geheim").await.expect("added");
    let refused = Progress::Failed(Failure::Refused);
    assert_eq!(scram(&users, "Dave@Example.TEST", "geheim").await.0, Progress::Success);
    assert_eq!(scram(&users, "dave@example.test", "Geheim").await.0, refused);
    let (nobody, salt) = scram(&users, "nobody@example.test", "geheim").await;
    assert_eq!(nobody, refused);
    let (_, again) = scram(&users, "Nobody@example.test", "other").await;
    assert_eq!(salt, again, "the salt of somebody who does not exist stays");
    users.set_password("dave@example.test", "neu").await.expect("changed");
    assert_eq!(scram(&users, "dave@example.test", "geheim").await.0, refused);
    assert_eq!(scram(&users, "dave@example.test", "neu").await.0, Progress::Success);
}

#[test]
fn the_secret_outlives_the_process_and_a_crash() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = LoginSecret::keep(folder.path()).expect("made");
    let second = LoginSecret::keep(folder.path()).expect("read");
    assert_eq!(first.keys_of_nobody("x"), second.keys_of_nobody("x"));
    std::fs::write(folder.path().join("login-secret"), b"half").expect("written");
    let third = LoginSecret::keep(folder.path()).expect("made anew");
    assert_ne!(first.keys_of_nobody("x"), third.keys_of_nobody("x"));
}

async fn receivers(users: &Users<MemoryStore>, address: &str) -> Vec<String> {
    let found = users.receivers(address).await.expect("looked up");
    found.into_iter().map(|account| account.login).collect()
}

#[tokio::test]
async fn aliases_details_and_whole_domains_lead_to_accounts() {
    let users = users(&MemoryStore::new());
    for name in ["dave@example.test", "erin@example.test", "dave+fixed@example.test"] {
        users.add(name, "geheim").await.expect("added");
    }
    let to = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let list = to(&["dave@example.test", "Erin@example.test", "DAVE@example.test"]);
    users.set_alias("team@example.test", &list).await.expect("set");
    users.set_alias("all@example.test", &to(&["team@example.test"])).await.expect("set");
    assert_eq!(receivers(&users, "nobody@example.test").await, to(&[]));
    users.set_alias("@example.test", &to(&["erin@example.test"])).await.expect("set");
    let both = ["dave@example.test", "erin@example.test"];
    for (address, expected) in [
        ("dave@example.test", &both[..1]),
        ("Dave+lists@Example.test", &both[..1]),
        ("dave+fixed@example.test", &["dave+fixed@example.test"]),
        ("team@example.test", &both[..]),
        ("team+x@example.test", &both[..]),
        ("ALL@example.test", &both[..]),
        ("nobody@example.test", &both[1..]),
        ("+@example.test", &both[1..]),
        ("dave@elsewhere.test", &[]),
    ] {
        assert_eq!(receivers(&users, address).await, to(expected), "{address}");
    }
    // A loop ends, and leads nowhere but to the whole domain.
    users.set_alias("team@example.test", &to(&["all@example.test"])).await.expect("set");
    assert_eq!(receivers(&users, "all@example.test").await, both[1..]);
}

#[tokio::test]
async fn aliases_and_domains_are_kept_and_refused_for_a_reason() {
    let store = MemoryStore::new();
    let users = users(&store);
    users.add("dave@example.test", "geheim").await.expect("added");
    let dave = ["dave@example.test".to_owned()];
    for (alias, to, why) in [
        ("info@elsewhere.test", &dave[0], "is not in one of this server's domains"),
        ("info", &dave[0], "is not an alias"),
        ("a..b@example.test", &dave[0], "is not an alias"),
        ("info@example.test", &"x@elsewhere.test".to_owned(), "mail is not forwarded"),
        ("info@example.test", &"x@example.test".to_owned(), "nobody receives mail"),
        ("info@example.test", &"info@example.test".to_owned(), "nobody receives mail"),
    ] {
        let error = users.set_alias(alias, std::slice::from_ref(to)).await.expect_err(alias);
        assert!(error.to_string().contains(why), "{alias}: {error}");
    }
    users.add_domain("Second.test").await.expect("added");
    users.set_alias("info@second.test", &dave).await.expect("set");
    let again = Directory::load(&store, &["example.test".into()]).await.expect("loaded");
    assert_eq!(again.domains(), ["example.test", "second.test"]);
    assert_eq!(again.aliases(), [("info@second.test".to_owned(), dave.to_vec())]);
    let in_use = users.remove_domain("second.test").await.expect_err("in use");
    assert!(in_use.to_string().contains("still has users or aliases"), "{in_use}");
    users.remove_alias("info@second.test").await.expect("removed");
    users.add("x@second.test", "geheim").await.expect("added");
    users.remove_domain("second.test").await.expect_err("in use");
    users.remove("x@second.test").await.expect("removed");
    users.remove_domain("second.test").await.expect("removed");
    assert!(!users.is_local("second.test"));
    let configured = users.remove_domain("example.test").await.expect_err("configured");
    assert!(configured.to_string().contains("configuration file"), "{configured}");
}
