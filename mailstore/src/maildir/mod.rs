//! Maildir++ as Dovecot and mutt use it: a store whose mail they may read and change, and the names they
//! give to things.

mod look;
mod names;
mod side;
mod store;
mod tree;
mod uidlist;

pub use names::{
    MAX_KEYWORDS, flag_letters, flags_of_letters, folder_name, keywords_file, keywords_of_file,
    mailbox_of_folder, number_in_name, split_info,
};
pub use store::MaildirStore;
