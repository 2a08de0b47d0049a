//! The PROXY header: cuts do not matter, what follows is not looked at, print and parse agree.

use mailwire::proxy::{Command, Header, MAX_V1, MAX_V2, Parsed};

/// The octets are what a connection begins with.
pub fn check(octets: &[u8]) {
    let whole = Header::parse(octets);
    // Octets beyond the longest header cannot matter.
    for cut in 0..octets.len().min(MAX_V1 + 20) {
        let part = Header::parse(&octets[..cut]);
        assert!(part == Parsed::Partial || part == whole, "{cut}");
    }
    match whole {
        Parsed::Partial => assert!(octets.len() < MAX_V2),
        Parsed::Complete { header, len } => {
            assert!(len <= octets.len() && len <= MAX_V2);
            let again = Parsed::Complete { header: header.clone(), len };
            assert_eq!(Header::parse(&octets[..len]), again);
            assert_eq!(Header::parse(&[&octets[..len], b"\r\nEHLO x\r\n"].concat()), again);
            printed(&header);
        }
        _ => {}
    }
}

fn printed(header: &Header) {
    let (line, binary) = (header.to_v1(), header.to_v2());
    assert!(
        line.len() <= MAX_V1 && line.ends_with(b"\r\n") && !line[..line.len() - 1].contains(&b'\n')
    );
    let Parsed::Complete { header: read, len } = Header::parse(&binary) else {
        panic!("{header:?}")
    };
    assert_eq!((&read, len), (header, binary.len()));
    let Parsed::Complete { header: read, len } = Header::parse(&line) else { panic!("{header:?}") };
    assert_eq!((len, read.command()), (line.len(), Command::Proxy));
    assert!(read.addresses().is_none() || read.addresses() == header.addresses());
}
