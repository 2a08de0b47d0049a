//! THREAD: who answers whom (RFC 5256 §3).

use alloc::{collections::BTreeMap, string::String, vec, vec::Vec};

use super::{base_subject, sent};
use crate::{
    mime::Summary,
    response::Thread,
    search::fold,
    types::{DateTime, ThreadAlgorithm},
};

/// Ancestors that are looked at to find a loop; a longer line of answers is cut there.
const ANCESTORS: usize = 1000;
/// Branches that nest deeper are told as one line.
const DEPTH: usize = 64;
/// References of one message that count, the last ones.
const REFERENCES: usize = 200;

/// Groups messages into threads. The numbers of the threads are UIDs.
#[derive(Clone, Debug)]
pub struct Threader {
    algorithm: ThreadAlgorithm,
    messages: Vec<Message>,
    nodes: Vec<Node>,
    by_id: BTreeMap<Vec<u8>, usize>,
}

#[derive(Clone, Debug)]
struct Message {
    uid: u32,
    arrived: i64,
    sent: i64,
    subject: String,
    reply: bool,
}

/// A message, or the place of one that is not there.
#[derive(Clone, Debug, Default)]
struct Node {
    message: Option<usize>,
    parent: Option<usize>,
    children: Vec<usize>,
}

impl Threader {
    /// Threads by this algorithm.
    pub fn new(algorithm: ThreadAlgorithm) -> Self {
        Self { algorithm, messages: Vec::new(), nodes: Vec::new(), by_id: BTreeMap::new() }
    }

    /// The next message of the mailbox.
    pub fn push(&mut self, uid: u32, internal_date: DateTime, summary: &Summary<'_>) {
        let envelope = summary.envelope_view();
        let (subject, reply) = base_subject(&envelope.subject().unwrap_or_default());
        let subject = fold(&subject).into_owned();
        let sent = sent(internal_date, summary);
        let message = self.messages.len();
        let arrived = internal_date.unix();
        self.messages.push(Message { uid, arrived, sent, subject, reply });
        if self.algorithm != ThreadAlgorithm::OrderedSubject {
            let id = envelope.message_id().and_then(|text| message_ids(&text).into_iter().next());
            let mut references = message_ids(summary.references());
            if references.is_empty() {
                let parent = envelope.in_reply_to().unwrap_or_default();
                references.extend(message_ids(&parent).into_iter().next());
            }
            self.link(message, id, references);
        }
    }

    /// Step (1): a message and those it refers to.
    fn link(&mut self, message: usize, id: Option<Vec<u8>>, mut references: Vec<Vec<u8>>) {
        let node = match id {
            None => self.node(None),
            Some(id) => {
                let known = self.node(Some(id));
                // Of messages with the same id the first one has it.
                match self.nodes.get(known).and_then(|node| node.message) {
                    Some(_) => self.node(None),
                    None => known,
                }
            }
        };
        if let Some(node) = self.nodes.get_mut(node) {
            node.message = Some(message);
        }
        let skip = references.len().saturating_sub(REFERENCES);
        references.drain(..skip);
        let mut before: Option<usize> = None;
        for id in references {
            let here = self.node(Some(id));
            if let Some(before) = before
                && self.nodes.get(here).is_some_and(|node| node.parent.is_none())
            {
                self.adopt(before, here);
            }
            before = Some(here);
        }
        // (B) The last reference is the parent, whatever was thought before.
        self.orphan(node);
        if let Some(parent) = before {
            self.adopt(parent, node);
        }
    }

    /// The node of an id, made if there is none; a new one for no id.
    fn node(&mut self, id: Option<Vec<u8>>) -> usize {
        let new = self.nodes.len();
        let node = match id {
            Some(id) => *self.by_id.entry(id).or_insert(new),
            None => new,
        };
        if node == new {
            self.nodes.push(Node::default());
        }
        node
    }

    /// Makes `child` a child of `parent`, unless that would be a loop.
    fn adopt(&mut self, parent: usize, child: usize) {
        let childless = self.nodes.get(child).is_none_or(|node| node.children.is_empty());
        if parent == child || (!childless && self.descends(parent, child)) {
            return;
        }
        if let Some(node) = self.nodes.get_mut(child) {
            node.parent = Some(parent);
        }
        if let Some(node) = self.nodes.get_mut(parent) {
            node.children.push(child);
        }
    }

    fn orphan(&mut self, child: usize) {
        let parent = self.nodes.get_mut(child).and_then(|node| node.parent.take());
        if let Some(parent) = parent.and_then(|parent| self.nodes.get_mut(parent)) {
            parent.children.retain(|one| *one != child);
        }
    }

    /// Whether `node` is `ancestor` or below it.
    fn descends(&self, node: usize, ancestor: usize) -> bool {
        let mut at = Some(node);
        for _ in 0..ANCESTORS {
            match at {
                None => return false,
                Some(here) if here == ancestor => return true,
                Some(here) => at = self.nodes.get(here).and_then(|node| node.parent),
            }
        }
        true
    }

    /// The threads in order.
    pub fn finish(mut self) -> Vec<Thread> {
        match self.algorithm {
            ThreadAlgorithm::OrderedSubject => self.by_subject(),
            ThreadAlgorithm::References => self.by_references(true),
            ThreadAlgorithm::Refs => self.by_references(false),
        }
    }

    /// Messages of the same base subject by sent date: the first, and the others as its children (RFC 5256 §3).
    fn by_subject(&self) -> Vec<Thread> {
        let mut order: Vec<usize> = (0..self.messages.len()).collect();
        order.sort_by_key(|at| self.messages.get(*at).map(|m| m.sent));
        let mut groups: Vec<Vec<u32>> = Vec::new();
        let mut known: BTreeMap<&str, usize> = BTreeMap::new();
        for message in order.into_iter().filter_map(|at| self.messages.get(at)) {
            let group = *known.entry(&message.subject).or_insert(groups.len());
            match groups.get_mut(group) {
                Some(group) => group.push(message.uid),
                None => groups.push(vec![message.uid]),
            }
        }
        let thread = |group: Vec<u32>| match group.as_slice() {
            [] | [_] | [_, _] => Thread::new(group, Vec::new()),
            [first, others @ ..] => {
                let branches = others.iter().filter_map(|uid| Thread::new(vec![*uid], Vec::new()));
                Thread::new(vec![*first], branches.collect())
            }
        };
        groups.into_iter().filter_map(thread).collect()
    }

    /// Steps (2) to (6); without (5) where subjects do not count.
    fn by_references(&mut self, subjects: bool) -> Vec<Thread> {
        let mut roots: Vec<usize> = Vec::new();
        for root in 0..self.nodes.len() {
            if self.nodes.get(root).is_some_and(|node| node.parent.is_none()) {
                roots.extend(self.prune(root));
            }
        }
        // (4) Their children, too, where the root itself is not there.
        for root in &roots {
            self.sort_children(*root);
        }
        roots.sort_by_key(|root| self.moment(*root));
        if subjects {
            roots = self.merge(roots);
        }
        // (6)
        self.sort_all(&roots);
        match subjects {
            true => roots.sort_by_key(|root| self.moment(*root)),
            false => roots.sort_by_cached_key(|root| self.latest(*root)),
        }
        roots.into_iter().filter_map(|root| self.told(root)).collect()
    }

    /// Step (3): dummies go, their children take their place; at the top only an only child does.
    fn prune(&mut self, root: usize) -> Option<usize> {
        // From the leaves up: each node after all below it.
        let mut order = vec![root];
        let mut next = 0;
        while let Some(node) = order.get(next).copied() {
            order.extend(
                self.nodes.get(node).into_iter().flat_map(|node| node.children.iter().copied()),
            );
            next += 1;
        }
        for node in order.into_iter().rev() {
            let children = self.nodes.get(node).map(|n| n.children.clone()).unwrap_or_default();
            let mut kept = Vec::with_capacity(children.len());
            for child in children {
                let Some(one) = self.nodes.get(child) else { continue };
                match (one.message, one.children.len()) {
                    (None, _) => kept.extend(one.children.iter().copied()),
                    _ => kept.push(child),
                }
            }
            for child in &kept {
                if let Some(child) = self.nodes.get_mut(*child) {
                    child.parent = Some(node);
                }
            }
            if let Some(node) = self.nodes.get_mut(node) {
                node.children = kept;
            }
        }
        let node = self.nodes.get(root)?;
        match (node.message, node.children.as_slice()) {
            (None, []) => None,
            (None, [only]) => Some(*only),
            _ => Some(root),
        }
    }

    /// The message of a node, or of its first child where it is a dummy.
    fn head(&self, node: usize) -> Option<&Message> {
        let node = self.nodes.get(node)?;
        let first = || self.nodes.get(*node.children.first()?)?.message;
        self.messages.get(node.message.or_else(first)?)
    }

    /// What siblings are sorted by: sent date, then place in the mailbox.
    fn moment(&self, node: usize) -> Option<(i64, u32)> {
        self.head(node).map(|message| (message.sent, message.uid))
    }

    /// When the last message of a thread came, and which that is.
    fn latest(&self, root: usize) -> Option<(i64, u32)> {
        let mut latest = None;
        let mut rest = vec![root];
        while let Some(node) = rest.pop().and_then(|node| self.nodes.get(node)) {
            let message = node.message.and_then(|at| self.messages.get(at));
            latest = latest.max(message.map(|message| (message.arrived, message.uid)));
            rest.extend(&node.children);
        }
        latest
    }

    fn sort_children(&mut self, node: usize) {
        let Some(children) = self.nodes.get_mut(node).map(|n| core::mem::take(&mut n.children))
        else {
            return;
        };
        let mut children = children;
        children.sort_by_key(|child| self.moment(*child));
        if let Some(node) = self.nodes.get_mut(node) {
            node.children = children;
        }
    }

    /// Each set of siblings, the deepest first.
    fn sort_all(&mut self, roots: &[usize]) {
        let mut order = roots.to_vec();
        let mut next = 0;
        while let Some(node) = order.get(next).copied() {
            order.extend(
                self.nodes.get(node).into_iter().flat_map(|node| node.children.iter().copied()),
            );
            next += 1;
        }
        for node in order.into_iter().rev() {
            self.sort_children(node);
        }
    }

    fn is_dummy(&self, node: usize) -> bool {
        self.nodes.get(node).is_some_and(|node| node.message.is_none())
    }

    fn is_reply(&self, node: usize) -> bool {
        !self.is_dummy(node) && self.head(node).is_some_and(|message| message.reply)
    }

    fn subject(&self, node: usize) -> Option<String> {
        self.head(node).map(|message| message.subject.clone()).filter(|subject| !subject.is_empty())
    }

    /// Step (5): threads of the same base subject become one.
    fn merge(&mut self, roots: Vec<usize>) -> Vec<usize> {
        let mut table: BTreeMap<String, usize> = BTreeMap::new();
        for root in &roots {
            let Some(subject) = self.subject(*root) else { continue };
            let better = match table.get(&subject) {
                None => true,
                Some(known) => {
                    !self.is_dummy(*known)
                        && (self.is_dummy(*root)
                            || (self.is_reply(*known) && !self.is_reply(*root)))
                }
            };
            if better {
                table.insert(subject, *root);
            }
        }
        let mut gone = vec![false; self.nodes.len()];
        let mut added = Vec::new();
        for root in &roots {
            let Some(subject) = self.subject(*root) else { continue };
            let Some(known) = table.get(&subject).copied().filter(|known| known != root) else {
                continue;
            };
            let leave = |gone: &mut Vec<bool>, node: usize| {
                if let Some(gone) = gone.get_mut(node) {
                    *gone = true;
                }
            };
            match (self.is_dummy(known), self.is_dummy(*root)) {
                (true, true) => {
                    let children =
                        self.nodes.get_mut(*root).map(|n| core::mem::take(&mut n.children));
                    for child in children.unwrap_or_default() {
                        self.put_below(known, child);
                    }
                    leave(&mut gone, *root);
                }
                (true, false) => {
                    self.put_below(known, *root);
                    leave(&mut gone, *root);
                }
                _ if self.is_reply(*root) && !self.is_reply(known) => {
                    self.put_below(known, *root);
                    leave(&mut gone, *root);
                }
                _ => {
                    let dummy = self.node(None);
                    gone.push(false);
                    self.put_below(dummy, known);
                    self.put_below(dummy, *root);
                    leave(&mut gone, known);
                    leave(&mut gone, *root);
                    table.insert(subject, dummy);
                    added.push(dummy);
                }
            }
        }
        let stays = |node: &usize| !gone.get(*node).copied().unwrap_or(false);
        roots.into_iter().chain(added).filter(stays).collect()
    }

    fn put_below(&mut self, parent: usize, child: usize) {
        if let Some(node) = self.nodes.get_mut(child) {
            node.parent = Some(parent);
        }
        if let Some(node) = self.nodes.get_mut(parent) {
            node.children.push(child);
        }
    }

    /// A tree as THREAD tells it: only children follow their parent in one line.
    fn told(&self, root: usize) -> Option<Thread> {
        self.told_from(root, DEPTH)
    }

    fn told_from(&self, root: usize, depth: usize) -> Option<Thread> {
        let mut numbers = Vec::new();
        let mut at = root;
        while let Some(node) = self.nodes.get(at) {
            numbers.extend(node.message.and_then(|m| self.messages.get(m)).map(|m| m.uid));
            match (node.children.as_slice(), depth.checked_sub(1)) {
                ([], _) => break,
                ([only], _) => at = *only,
                (children, Some(depth)) => {
                    let branches =
                        children.iter().filter_map(|child| self.told_from(*child, depth));
                    return Thread::new(numbers, branches.collect());
                }
                // Deeper than anybody answers: the rest in one line.
                (children, None) => {
                    let mut rest = children.to_vec();
                    while let Some(child) = rest.pop() {
                        let Some(node) = self.nodes.get(child) else { continue };
                        numbers
                            .extend(node.message.and_then(|m| self.messages.get(m)).map(|m| m.uid));
                        rest.extend(node.children.iter().rev());
                    }
                    break;
                }
            }
        }
        Thread::new(numbers, Vec::new())
    }
}

/// The message ids in a text, without brackets, quotes and escapes (RFC 5256 §3: they are normalized).
fn message_ids(text: &[u8]) -> Vec<Vec<u8>> {
    let mut ids = Vec::new();
    let mut rest = text;
    while let Some(start) = memchr::memchr(b'<', rest) {
        let inside = rest.get(start.saturating_add(1)..).unwrap_or_default();
        let Some(end) = memchr::memchr2(b'>', b'<', inside) else { break };
        let (id, after) = inside.split_at_checked(end).unwrap_or((inside, &[]));
        rest = after;
        // An id has two sides; what has not is an address or a guess.
        if after.first() == Some(&b'>') && memchr::memchr(b'@', id).is_some() {
            let plain = id.iter().filter(|b| !matches!(b, b'"' | b'\\' | b' ' | b'\t'));
            ids.push(plain.copied().collect());
        }
    }
    ids
}
