//! The records on paper.

use super::records::{Record, Setup, records};
use std::fmt::Write;

/// A zone file with a word on each record, or a list to tick off.
pub(crate) fn print(setup: &Setup<'_>, checklist: bool) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = if checklist { list(&mut out, setup) } else { zone(&mut out, setup) };
    out
}

fn zone(out: &mut String, setup: &Setup<'_>) -> std::fmt::Result {
    let host = &setup.config.hostname;
    writeln!(
        out,
        "; What mail needs in DNS. Lines with a ; before the name wait for what stands above them."
    )?;
    for (name, records) in records(setup) {
        writeln!(out, "\n; === {name}")?;
        for Record { name, data, why, only_if } in records {
            writeln!(out, "; {why}")?;
            let mark = match only_if {
                Some(condition) => {
                    writeln!(out, "; Only if {condition}:")?;
                    ";"
                }
                None => "",
            };
            writeln!(out, "{mark}{name}. 3600 IN {data}")?;
        }
    }
    writeln!(out, "\n; === to ask of whoever gives you the address")?;
    if setup.addresses.is_empty() {
        writeln!(out, "; Which address {host} has is not known here: name it with --address.")?;
    }
    for ip in setup.addresses {
        writeln!(
            out,
            "; {ip} must lead back to {host} (PTR); many servers refuse mail otherwise."
        )?;
    }
    Ok(())
}

fn list(out: &mut String, setup: &Setup<'_>) -> std::fmt::Result {
    for (name, records) in records(setup) {
        writeln!(out, "{name}")?;
        for Record { name, data, why, only_if } in records {
            writeln!(out, "  [ ] {name}  {data}")?;
            writeln!(out, "      {why}")?;
            if let Some(condition) = only_if {
                writeln!(out, "      Only if {condition}.")?;
            }
        }
    }
    for ip in setup.addresses {
        writeln!(out, "  [ ] PTR of {ip}: {}", setup.config.hostname)?;
        writeln!(
            out,
            "      Whoever gives you the address sets it; many servers refuse mail otherwise."
        )?;
    }
    Ok(())
}
