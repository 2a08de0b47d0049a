//! NOTIFY, and the mailboxes that NOTIFY and ESEARCH name (RFC 5465 §8, RFC 7377 §4).

use alloc::vec::Vec;

use nom::{
    Parser,
    combinator::opt,
    error::ErrorKind,
    multi::separated_list1,
    sequence::{delimited, preceded, terminated},
};

use super::{Res, basic::*, fail, fetch};
use crate::{
    command::{Command, EventGroup, MailboxFilter, Notify, NotifyEvent},
    types::{Atom, FetchItem, Mailbox, Names, OneOrMore},
};

/// `notify = "NOTIFY" SP ("SET" [SP "STATUS"] SP event-group *(SP event-group) / "NONE")`, from the space after the word
/// on.
pub(super) fn notify(input: &[u8], names: Names) -> Res<'_, Command<'_>> {
    let (rest, name) = preceded(sp, atom).parse(input)?;
    if name.eq_ignore_ascii_case("NONE") {
        return Ok((rest, Command::Notify(Notify::None)));
    }
    if !name.eq_ignore_ascii_case("SET") {
        return fail(input, ErrorKind::Tag);
    }
    let (rest, status) = opt(preceded(sp, word("STATUS"))).parse(rest)?;
    let groups = preceded(sp, separated_list1(sp, |input| event_group(input, names)));
    let (rest, groups) = nom::combinator::map_opt(groups, OneOrMore::new).parse(rest)?;
    Ok((rest, Command::Notify(Notify::Set { status: status.is_some(), groups })))
}

/// `event-group = "(" filter-mailboxes SP events ")"`
fn event_group(input: &[u8], names: Names) -> Res<'_, EventGroup<'_>> {
    let delayed = |input| (octet(b'('), word("SELECTED-DELAYED"), sp).parse(input);
    if let Ok((rest, _)) = delayed(input) {
        let group = terminated(events, octet(b')')).map(EventGroup::selected_delayed);
        return { group }.parse(rest);
    }
    let pair = (terminated(|input| mailbox_filter(input, names), sp), events);
    let (rest, (mailboxes, events)) = delimited(octet(b'('), pair, octet(b')')).parse(input)?;
    match EventGroup::new(mailboxes, events) {
        Some(group) => Ok((rest, group)),
        None => fail(input, ErrorKind::Verify),
    }
}

/// `filter-mailboxes`, without `selected-delayed`, which RFC 7377 §4 forbids to ESEARCH.
pub(super) fn mailbox_filter(input: &[u8], names: Names) -> Res<'_, MailboxFilter<'_>> {
    let (rest, name) = atom(input)?;
    let is = |known: &str| known.eq_ignore_ascii_case(name);
    let plain = |filter| Ok((rest, filter));
    let some = |filter: fn(_) -> _| mailboxes(rest, names).map(|(rest, all)| (rest, filter(all)));
    match () {
        () if is("SELECTED") => plain(MailboxFilter::Selected),
        () if is("INBOXES") => plain(MailboxFilter::Inboxes),
        () if is("PERSONAL") => plain(MailboxFilter::Personal),
        () if is("SUBSCRIBED") => plain(MailboxFilter::Subscribed),
        () if is("SUBTREE") => some(MailboxFilter::Subtree),
        () if is("SUBTREE-ONE") => some(MailboxFilter::SubtreeOne),
        () if is("MAILBOXES") => some(MailboxFilter::Mailboxes),
        () => fail(input, ErrorKind::Tag),
    }
}

/// `SP one-or-more-mailbox`
fn mailboxes(input: &[u8], names: Names) -> Res<'_, OneOrMore<Mailbox<'_>>> {
    let (rest, _) = sp(input)?;
    match rest {
        [b'(', ..] => paren_list1(mailbox(names))(rest),
        _ => mailbox(names).map(OneOrMore::one).parse(rest),
    }
}

/// `events = "(" event *(SP event) ")" / "NONE"`
fn events(input: &[u8]) -> Res<'_, Vec<NotifyEvent<'_>>> {
    match input {
        [b'(', ..] => paren_list1(event).map(OneOrMore::into_vec).parse(input),
        _ => word("NONE").map(|()| Vec::new()).parse(input),
    }
}

fn event(input: &[u8]) -> Res<'_, NotifyEvent<'_>> {
    let (rest, name) = atom(input)?;
    if name.eq_ignore_ascii_case("MessageNew") {
        let (rest, items) = opt(preceded(sp, update_items)).parse(rest)?;
        return Ok((rest, NotifyEvent::MessageNew(items.unwrap_or_default())));
    }
    Ok((rest, NotifyEvent::new(Atom::checked(name))))
}

/// `"(" fetch-att *(SP fetch-att) ")"`
pub(super) fn update_items(input: &[u8]) -> Res<'_, Vec<FetchItem<'_>>> {
    paren_list1(fetch::fetch_item).map(OneOrMore::into_vec).parse(input)
}
