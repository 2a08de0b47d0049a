use alloc::string::{String, ToString};

/// Where lines are broken if there is a space (RFC 5322 §2.1.1).
const WIDTH: usize = 76;
/// Where they are broken if there is none.
const WIDEST: usize = 900;

/// Words of a peer as part of a line, at most `max` octets: control characters become spaces.
pub(super) fn clean(text: &str, max: usize) -> String {
    let mut line = String::new();
    for c in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        if line.len() + c.len_utf8() > max {
            break;
        }
        line.push(c);
    }
    line.trim().to_string()
}

/// What is not ASCII becomes `?`.
pub(super) fn ascii(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect()
}

/// Appends a text that may be folded: each of its lines begins a new one but the first, long ones
/// are broken at spaces, and `indent` stands before each that is added. `column` is how many octets
/// the first line has already. Ends with CRLF.
pub(super) fn fold(out: &mut String, text: &str, indent: &str, mut column: usize) {
    for (number, line) in text.lines().filter(|line| !line.trim().is_empty()).enumerate() {
        if number > 0 {
            column = begin(out, indent);
        }
        let mut first = true;
        for word in line.split(' ').filter(|word| !word.is_empty()) {
            if !first && column + 1 + word.len() > WIDTH {
                column = begin(out, indent);
            } else if !first {
                out.push(' ');
                column += 1;
            }
            first = false;
            for c in word.chars() {
                if column + c.len_utf8() > WIDEST {
                    column = begin(out, indent);
                }
                out.push(c);
                column += c.len_utf8();
            }
        }
    }
    out.push_str("\r\n");
}

fn begin(out: &mut String, indent: &str) -> usize {
    out.push_str("\r\n");
    out.push_str(indent);
    indent.len()
}
