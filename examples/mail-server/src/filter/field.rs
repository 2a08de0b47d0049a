//! Fields that filters add.

/// Octets of a line, without its end (RFC 5322 §2.1.1).
const LONGEST: usize = 998;

/// The field with its line end; `None` if it has no name of a field.
pub(crate) fn field(name: &str, value: &str) -> Option<String> {
    // RFC 5322 §2.2: printable US-ASCII but the colon.
    let is_name = !name.is_empty() && name.bytes().all(|b| (33..=126).contains(&b) && b != b':');
    if !is_name {
        return None;
    }
    let mut field = format!("{name}: ");
    let lines = value.split(['\r', '\n']).map(str::trim).filter(|line| !line.is_empty());
    for c in lines.flat_map(|line| line.chars().chain([' '])) {
        if field.len() + c.len_utf8() > LONGEST {
            break;
        }
        if !c.is_control() {
            field.push(c);
        }
    }
    Some(format!("{}\r\n", field.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_line_whatever_it_holds() {
        let field = |name: &str, value: &str| field(name, value).unwrap_or_default();
        assert_eq!(field("X-Spam", "Yes"), "X-Spam: Yes\r\n");
        assert_eq!(field("X-Spam", "Yes\r\nBcc: x\n\ty\0"), "X-Spam: Yes Bcc: x y\r\n");
        assert_eq!(field("X-Spam", &"ä".repeat(999)).len(), LONGEST + 2);
        for name in ["", "X Spam", "X:", "X\r\nY", "Ä"] {
            assert_eq!(field(name, "x"), "", "{name}");
        }
    }
}
