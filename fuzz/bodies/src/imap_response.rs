//! IMAP responses: what is parsed prints as a response that parses to the same.

use imap_proto::{
    frame::{Frame, Framer},
    parse,
    response::{FetchData, Response},
};
use mailwire::RecvBuf;

/// The octets are responses on the wire.
pub fn check(octets: &[u8]) {
    const LIMIT: usize = 1 << 16;
    let mut buf = RecvBuf::new(LIMIT);
    let mut framer = Framer::responses(LIMIT);
    buf.push(octets);
    loop {
        match framer.find(&mut buf) {
            Frame::Complete { len } => {
                response(&buf.unread()[..len]);
                buf.consume(len);
                framer.next();
            }
            Frame::Literal { len, size, .. } if size < (LIMIT - len) as u64 => framer.gather(),
            _ => return,
        }
    }
}

fn response(frame: &[u8]) {
    // What is no response has an error for both; what only a tolerant reader takes is kept by it.
    let tolerated = parse::tolerant_response(frame);
    if let Ok(strict) = parse::response(frame) {
        let tolerated = tolerated.as_ref().expect("what is strict is tolerated");
        assert_eq!((&tolerated.response, tolerated.deviations.len()), (&strict, 0));
    }
    if let Ok(tolerated) = &tolerated {
        assert!(tolerated.deviations.iter().all(|deviation| deviation.offset <= frame.len()));
        let _ = tolerated.response.print();
    }
    match parse::response(frame) {
        // What was not understood is kept as it came, and is set off from the rest when printed.
        Ok(Response::Unknown(_)) => {}
        Ok(Response::Fetch(_, items)) if items.iter().any(is_unknown) => {}
        Ok(response) => {
            let printed = response.print();
            let again = parse::response(&printed);
            // What people read is cleaned: control characters go, no text becomes `-`, and a text that
            // looks like a code gets a space before it.
            let cleaned = match &response {
                Response::Status { text, .. }
                | Response::Tagged { text, .. }
                | Response::Continue(text) => {
                    let line = frame.strip_suffix(b"\r\n").unwrap_or(frame);
                    text.text.is_empty()
                        || text.text.starts_with('[')
                        || line.iter().any(u8::is_ascii_control)
                }
                _ => false,
            };
            let same = again.as_ref() == Ok(&response);
            assert!(cleaned || same, "{}", printed.escape_ascii());
            let stays = again.map(|again| again.print());
            assert_eq!(stays.as_ref(), Ok(&printed), "{}", printed.escape_ascii());
        }
        Err(error) => assert!(error.offset <= frame.len()),
    }
}

fn is_unknown(item: &FetchData<'_>) -> bool {
    matches!(item, FetchData::Unknown(_))
}
