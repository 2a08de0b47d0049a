use alloc::{borrow::Cow, string::String, vec::Vec};
use core::fmt::{Display, Write};

use super::german::GERMAN;

/// A language in which the server can say what it says to people (RFC 6856 §3).
///
/// The texts of the machine are English. A language is a table from these to its own; what is not in
/// the table stays English. `{}` stands for a number, a name or a form of a command.
///
/// ```
/// use pop3_proto::server::{Config, Language};
///
/// let swedish = Language::new("sv", "Svenska")
///     .text("language changed", "Kommandot LANG lyckades")
///     .text("message {} deleted", "meddelande {} är raderat");
/// let mut config = Config::default();
/// config.languages = vec![Language::english(), Language::german(), swedish];
/// assert!(Language::originals().any(|text| text == "message {} deleted"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Language {
    tag: Cow<'static, str>,
    name: Cow<'static, str>,
    texts: Vec<(Cow<'static, str>, Cow<'static, str>)>,
}

impl Language {
    /// A language by its tag (RFC 5646) and what it calls itself.
    pub fn new(tag: impl Into<Cow<'static, str>>, name: impl Into<Cow<'static, str>>) -> Self {
        Self { tag: tag.into(), name: name.into(), texts: Vec::new() }
    }

    /// With this text in place of that of the machine. The host's own texts (of
    /// [`fail`](super::Server::fail) and the like) are looked up here, too.
    #[must_use]
    pub fn text(
        mut self,
        english: impl Into<Cow<'static, str>>,
        translated: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.texts.push((english.into(), translated.into()));
        self
    }

    /// English.
    pub fn english() -> Self {
        Self::new("en", "English")
    }

    /// German.
    pub fn german() -> Self {
        let german = Self::new("de", "Deutsch");
        GERMAN.iter().fold(german, |german, (english, text)| german.text(*english, *text))
    }

    /// All texts of the machine, as they stand in [`text`](Self::text)'s first argument.
    pub fn originals() -> impl Iterator<Item = &'static str> {
        GERMAN.iter().map(|(english, _)| *english)
    }

    /// The tag.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// What the language calls itself.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a basic language range matches this language (RFC 4647 §3.3.1): it is its tag, or the
    /// beginning of it up to a hyphen.
    pub(super) fn matches(&self, range: &str) -> bool {
        self.tag.split_at_checked(range.len()).is_some_and(|(head, tail)| {
            head.eq_ignore_ascii_case(range) && (tail.is_empty() || tail.starts_with('-'))
        })
    }

    /// A text in this language, with each `{}` filled in.
    pub(super) fn say<'a>(&'a self, english: &'a str, with: &[&dyn Display]) -> Cow<'a, str> {
        let found = self.texts.iter().find(|(original, _)| original == english);
        let text = found.map_or(english, |(_, text)| text);
        if with.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut said = String::new();
        let mut with = with.iter();
        for (i, part) in text.split("{}").enumerate() {
            if let Some(value) = (i > 0).then(|| with.next()).flatten() {
                let _ = write!(said, "{value}");
            }
            said.push_str(part);
        }
        Cow::Owned(said)
    }
}

/// The language a client asks for: the one with that very tag, else the first of that range; `*` is
/// the one that the operator put first (RFC 6856 §3.2).
pub(super) fn find(languages: &[Language], range: &str) -> Option<usize> {
    let exact = || languages.iter().position(|it| it.tag.eq_ignore_ascii_case(range));
    let first = || languages.iter().position(|it| range == "*" || it.matches(range));
    exact().or_else(first)
}
