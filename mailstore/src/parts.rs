//! A list of shared parts, in shared chunks: a clone costs a pointer per 64 parts, and a change copies one
//! chunk and one part, however long the list is.

use std::sync::Arc;

/// Parts in a chunk.
const CHUNK: usize = 64;

#[derive(Clone, Debug)]
pub(crate) struct Parts<T>(Vec<Arc<Vec<Arc<T>>>>);

/// Where a part is: its chunk, and its place there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At(usize, usize);

impl<T: Clone> Parts<T> {
    pub(crate) const fn new() -> Parts<T> {
        Parts(Vec::new())
    }

    pub(crate) fn push(&mut self, part: T) {
        match self.0.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => Arc::make_mut(chunk).push(Arc::new(part)),
            _ => self.0.push(Arc::new(vec![Arc::new(part)])),
        }
    }

    pub(crate) fn last(&self) -> Option<&T> {
        self.0.last()?.last().map(|part| &**part)
    }

    pub(crate) fn last_mut(&mut self) -> Option<&mut T> {
        Arc::make_mut(self.0.last_mut()?).last_mut().map(Arc::make_mut)
    }

    /// The first part that is not `before`, where those that are stand in front.
    pub(crate) fn first(&self, before: impl Fn(&T) -> bool) -> Option<At> {
        let chunk = self.0.partition_point(|chunk| chunk.last().is_some_and(|part| before(part)));
        let place = self.0.get(chunk)?.partition_point(|part| before(part));
        Some(At(chunk, place))
    }

    pub(crate) fn get(&self, At(chunk, place): At) -> Option<&T> {
        self.0.get(chunk)?.get(place).map(|part| &**part)
    }

    /// A part to be changed: it and its chunk are copied where others share them.
    pub(crate) fn get_mut(&mut self, At(chunk, place): At) -> Option<&mut T> {
        Arc::make_mut(self.0.get_mut(chunk)?).get_mut(place).map(Arc::make_mut)
    }

    /// All parts from this one on.
    pub(crate) fn from(&self, at: Option<At>) -> impl DoubleEndedIterator<Item = &Arc<T>> {
        let (first, place) = at.map_or((self.0.len(), 0), |At(chunk, place)| (chunk, place));
        let chunks = self.0.get(first..).unwrap_or_default();
        let (head, rest) = chunks.split_first().map_or((&[][..], &[][..]), |(head, rest)| {
            (head.get(place..).unwrap_or_default(), rest)
        });
        head.iter().chain(rest.iter().flat_map(|chunk| chunk.iter()))
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<T>> {
        self.0.iter().flat_map(|chunk| chunk.iter())
    }

    /// Takes out the parts that are not `kept`. Chunks that lose none stay shared.
    pub(crate) fn retain(&mut self, kept: impl Fn(&T) -> bool) {
        for chunk in &mut self.0 {
            if !chunk.iter().all(|part| kept(part)) {
                Arc::make_mut(chunk).retain(|part| kept(part));
            }
        }
        self.0.retain(|chunk| !chunk.is_empty());
    }
}
