//! Filters kept on the server (RFC 5466).

use alloc::{boxed::Box, string::String};

use crate::{
    parse,
    types::{Atom, SearchKey},
};

/// Filters may name filters so deep; one that goes on, as one that names itself, is not defined (RFC 5466 §3.1).
const DEPTH: u32 = 8;

/// A key with the conditions of its filters in place of their names. `value` gives what a filter holds: the criteria of a
/// SEARCH, in UTF-8.
///
/// ```
/// use imap_proto::{search::expand_filters, types::{Atom, SearchKey}};
///
/// let key = SearchKey::Not(Box::new(SearchKey::Filter(Atom::new("road").unwrap())));
/// let value = |name: &str| (name == "road").then(|| b"OR SEEN DELETED".to_vec());
/// let key = expand_filters(key, &value).unwrap();
/// let either = SearchKey::Or(Box::new(SearchKey::Seen), Box::new(SearchKey::Deleted));
/// assert_eq!(key, SearchKey::Not(Box::new(either)));
/// assert!(expand_filters(SearchKey::Filter(Atom::new("home").unwrap()), &value).is_err());
/// ```
///
/// # Errors
///
/// The name of a filter that is not there, that holds no criteria or such as depend on what is selected (sequence numbers,
/// `$`, RECENT), or that names itself: the answer is NO with
/// [`Code::UndefinedFilter`](crate::types::Code::UndefinedFilter).
pub fn expand_filters(
    key: SearchKey<'static>,
    value: &impl Fn(&str) -> Option<alloc::vec::Vec<u8>>,
) -> Result<SearchKey<'static>, String> {
    expand(key, value, DEPTH)
}

fn expand(
    key: SearchKey<'static>,
    value: &impl Fn(&str) -> Option<alloc::vec::Vec<u8>>,
    depth: u32,
) -> Result<SearchKey<'static>, String> {
    let boxed = |key: Box<SearchKey<'static>>| expand(*key, value, depth).map(Box::new);
    Ok(match key {
        SearchKey::Filter(name) => held(&name, value, depth)?,
        SearchKey::And(keys) => {
            let mut all = None;
            for key in keys {
                let key = expand(key, value, depth)?;
                match &mut all {
                    None => all = Some(crate::types::OneOrMore::one(key)),
                    Some(all) => all.push(key),
                }
            }
            all.map_or(SearchKey::All, SearchKey::And)
        }
        SearchKey::Or(a, b) => SearchKey::Or(boxed(a)?, boxed(b)?),
        SearchKey::Not(key) => SearchKey::Not(boxed(key)?),
        SearchKey::Fuzzy(key) => SearchKey::Fuzzy(boxed(key)?),
        other => other,
    })
}

fn held(
    name: &Atom<'_>,
    value: &impl Fn(&str) -> Option<alloc::vec::Vec<u8>>,
    depth: u32,
) -> Result<SearchKey<'static>, String> {
    let undefined = || String::from(name.as_str());
    let depth = depth.checked_sub(1).ok_or_else(undefined)?;
    let criteria = value(name).ok_or_else(undefined)?;
    let key = parse::search_criteria(&criteria).map_err(|_| undefined())?.into_owned();
    if depends_on_the_session(&key) {
        return Err(undefined());
    }
    expand(key, value, depth)
}

fn depends_on_the_session(key: &SearchKey<'_>) -> bool {
    key.any(&|key| match key {
        SearchKey::Sequence(_) | SearchKey::Recent => true,
        SearchKey::Uid(set) => set.is_saved(),
        _ => false,
    })
}
