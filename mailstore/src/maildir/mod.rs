//! Maildir++ as Dovecot and mutt use it.

mod names;

pub use names::{
    MAX_KEYWORDS, flag_letters, flags_of_letters, folder_name, keywords_file, keywords_of_file,
    mailbox_of_folder, number_in_name, split_info,
};
