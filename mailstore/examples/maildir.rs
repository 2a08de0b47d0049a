//! A Maildir++ store from the command line, beside whatever other program has the tree open:
//!
//! ```text
//! maildir ROOT account LOGIN
//! maildir ROOT append LOGIN MAILBOX FLAG,FLAG… < message   prints the UID
//! maildir ROOT flag LOGIN MAILBOX UID FLAG,FLAG…
//! maildir ROOT expunge LOGIN MAILBOX UID
//! maildir ROOT list LOGIN MAILBOX                          prints uidvalidity, uidnext; uid, size, flags
//! maildir ROOT mailboxes LOGIN                             prints names, subscribed ones with a star
//! maildir ROOT watch LOGIN MAILBOX COUNT                   lists it as soon as it has so many messages
//! ```
//!
//! Flags are `seen`, `answered`, `flagged`, `deleted`, `draft` and keywords; `-` for none. A mailbox that is
//! missing is created by `append`, and subscribed to.

use std::io::Read;

use mailstore::{
    Accounts, Changes, Error, Expunge, FlagChange, Flags, MailboxId, Mailboxes, MaildirStore,
    Messages, NewMailbox, NewMessage, Staged, Uid,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn core::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let [root, command, login, rest @ ..] = &*words else { return Err("see its source".into()) };
    let store = MaildirStore::open(*root).await?;
    if *command == "account" {
        store.create_account(login, &[]).await?;
        return Ok(());
    }
    let account = store.account(login).await?.id;
    match (*command, rest) {
        ("mailboxes", []) => {
            for mailbox in store.mailboxes(account).await? {
                println!("{}{}", mailbox.name, if mailbox.subscribed { " *" } else { "" });
            }
        }
        ("append", [mailbox, words]) => {
            let id = match store.mailbox(account, mailbox).await {
                Err(Error::NotFound { .. }) => {
                    let new = NewMailbox::new(*mailbox).subscribed();
                    store.create_mailbox(account, &new).await?.id
                }
                found => found?.id,
            };
            let mut octets = Vec::new();
            std::io::stdin().read_to_end(&mut octets)?;
            let message = NewMessage::new(Staged::from_bytes(octets)).flags(flags(words));
            println!("{:?}", store.append(id, vec![message]).await?.uids);
        }
        ("flag", [mailbox, uid, words]) => {
            let id = store.mailbox(account, mailbox).await?.id;
            let change = FlagChange::Replace(flags(words));
            store.store_flags(id, &[number(uid)?], change, None).await?;
        }
        ("expunge", [mailbox, uid]) => {
            let id = store.mailbox(account, mailbox).await?.id;
            store.expunge(id, Expunge::Exactly(vec![number(uid)?])).await?;
        }
        ("list", [mailbox]) => list(&store, store.mailbox(account, mailbox).await?.id).await?,
        ("watch", [mailbox, count]) => {
            let id = store.mailbox(account, mailbox).await?.id;
            let mut watcher = store.watch(id).await?;
            println!("watching");
            while store.snapshot(id).await?.len() < count.parse()? {
                watcher.changed().await?;
            }
            list(&store, id).await?;
        }
        _ => return Err("see its source".into()),
    }
    Ok(())
}

async fn list(store: &MaildirStore, mailbox: MailboxId) -> mailstore::Result<()> {
    let snapshot = store.snapshot(mailbox).await?;
    println!("{} {}", snapshot.uid_validity(), snapshot.uid_next());
    for row in snapshot.rows() {
        let body = store.body(row.message).await?.bytes().await?;
        assert_eq!(u64::try_from(body.len()).ok(), Some(row.size));
        println!("{} {} {:?}", row.uid, row.size, row.flags);
    }
    Ok(())
}

fn flags(words: &str) -> Flags {
    words.split(',').filter(|word| *word != "-").fold(Flags::NONE, |flags, word| {
        flags.union(&match word {
            "seen" => Flags::SEEN,
            "answered" => Flags::ANSWERED,
            "flagged" => Flags::FLAGGED,
            "deleted" => Flags::DELETED,
            "draft" => Flags::DRAFT,
            word => Flags::keyword(word),
        })
    })
}

fn number(uid: &str) -> Result<Uid, Box<dyn core::error::Error>> {
    Ok(Uid::new(uid.parse()?).ok_or("no message has UID 0")?)
}
