//! Reading the configuration file; saying where it is wrong.

use super::Config;
use std::{
    io,
    path::{Path, PathBuf},
};

#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("cannot read the configuration file {}: {error}", path.display())]
    Unreadable { path: PathBuf, error: io::Error },
    #[error("{}, line {line}: {message}\n  {source_line}", path.display())]
    Syntax { path: PathBuf, line: usize, message: String, source_line: String },
    #[error("setting `{key}`: {why}")]
    Value { key: &'static str, why: String },
}

pub(super) fn read(path: &Path) -> Result<Config, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| ConfigError::Unreadable { path: path.into(), error })?;
    parse(path, &text)
}

pub(super) fn parse(path: &Path, text: &str) -> Result<Config, ConfigError> {
    toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let line = text.bytes().take(at).filter(|b| *b == b'\n').count();
        ConfigError::Syntax {
            path: path.into(),
            line: line + 1,
            message: error.message().trim_end().replace('\n', "; "),
            source_line: text.lines().nth(line).unwrap_or_default().trim().into(),
        }
    })
}
