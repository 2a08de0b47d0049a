//! The PROXY protocol, sections 2.1 (version 1) and 2.2 (version 2) of HAProxy's document.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use core::net::IpAddr;

use mailwire::proxy::{Command, Header, Invalid, MAX_V1, MAX_V2, Parsed, Transport, tlv};
use proptest::prelude::*;

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// A header of version 2: version and command, family and transport, and the block after them.
fn v2(command: u8, family: u8, block: &[u8]) -> Vec<u8> {
    let len = u16::try_from(block.len()).unwrap();
    [SIGNATURE, &[command, family], &len.to_be_bytes(), block].concat()
}

const IPV4_BLOCK: &[u8] = &[192, 0, 2, 7, 198, 51, 100, 1, 0xDC, 0x04, 0, 25];

fn ipv6_block() -> Vec<u8> {
    let mut block = vec![0; 36];
    block[..4].copy_from_slice(&[0x20, 0x01, 0x0D, 0xB8]);
    block[15] = 7;
    block[16..20].copy_from_slice(&[0x20, 0x01, 0x0D, 0xB8]);
    block[31] = 1;
    block[32..].copy_from_slice(&[0xDC, 0x04, 0x02, 0x4B]);
    block
}

fn complete(wire: &[u8]) -> Header {
    match Header::parse(wire) {
        Parsed::Complete { header, len } if len == wire.len() => header,
        other => panic!("{other:?} for b\"{}\"", wire.escape_ascii()),
    }
}

fn invalid(wire: &[u8]) -> Invalid {
    match Header::parse(wire) {
        Parsed::Invalid(invalid) => invalid,
        other => panic!("{other:?} for b\"{}\"", wire.escape_ascii()),
    }
}

/// Source and destination.
type Ends = Option<(&'static str, &'static str)>;

/// Good headers, and the ends they name.
fn good() -> Vec<(Vec<u8>, Ends)> {
    let v4 = Some(("192.0.2.7:56324", "198.51.100.1:25"));
    let v6 = Some(("[2001:db8::7]:56324", "[2001:db8::1]:587"));
    let longest = format!("PROXY UNKNOWN {}\r\n", "f".repeat(MAX_V1 - 16));
    let tlvs: &[u8] = b"\x01\0\x04smtp\x04\0\0\xE0\0\x01x";
    vec![
        (b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 25\r\n".to_vec(), v4),
        (b"PROXY TCP6 2001:db8::7 2001:DB8:0:0:0:0:0:1 56324 587\r\n".to_vec(), v6),
        (
            b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n".to_vec(),
            Some(("255.255.255.255:65535", "255.255.255.255:65535")),
        ),
        (b"PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n".to_vec(), Some(("0.0.0.0:0", "0.0.0.0:0"))),
        (
            b"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ::1 65535 1\r\n".to_vec(),
            Some(("[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", "[::1]:1")),
        ),
        (b"PROXY UNKNOWN\r\n".to_vec(), None),
        (b"PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n".to_vec(), None),
        (b"PROXY UNKNOWN anything at all\r\n".to_vec(), None),
        (longest.into_bytes(), None),
        (v2(0x21, 0x11, IPV4_BLOCK), v4),
        (v2(0x21, 0x12, IPV4_BLOCK), v4),
        (v2(0x21, 0x21, &ipv6_block()), v6),
        (v2(0x21, 0x22, &ipv6_block()), v6),
        (v2(0x21, 0x11, &[IPV4_BLOCK, tlvs].concat()), v4),
        (v2(0x21, 0x21, &[&ipv6_block(), tlvs].concat()), v6),
        (v2(0x21, 0x00, b""), None),
        (v2(0x21, 0x00, b"no vectors, no addresses"), None),
        (v2(0x21, 0x10, IPV4_BLOCK), None),
        (v2(0x21, 0x01, IPV4_BLOCK), None),
        (v2(0x21, 0x31, &[b'/'; 216]), None),
        (v2(0x21, 0x32, &[b'/'; 216]), None),
        (v2(0x20, 0x00, b""), None),
        (v2(0x20, 0x11, IPV4_BLOCK), None),
        (v2(0x20, 0xFF, b"what a LOCAL header holds is ignored"), None),
        (v2(0x21, 0x00, &[0; MAX_V2 - 16]), None),
    ]
}

/// What is no header.
fn bad() -> Vec<(Vec<u8>, Invalid)> {
    let block = |tlvs: &[u8]| v2(0x21, 0x11, &[IPV4_BLOCK, tlvs].concat());
    let lines: &[&[u8]] = &[
        b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 25\n",
        b"PROXY UNKNOWN\n",
        b"PROXY UNKNOWN\rx\r\n",
        b"PROXY UNKNOWN\r\r\n",
        b"PROXY UNKNOWNS\r\n",
        b"PROXY \r\n",
        b"PROXY tcp4 192.0.2.7 198.51.100.1 56324 25\r\n",
        b"PROXY TCP5 192.0.2.7 198.51.100.1 56324 25\r\n",
        b"PROXY UDP4 192.0.2.7 198.51.100.1 56324 25\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 56324\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 25 \r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 25 1\r\n",
        b"PROXY TCP4  192.0.2.7 198.51.100.1 56324 25\r\n",
        b"PROXY TCP4\t192.0.2.7 198.51.100.1 56324 25\r\n",
        b"PROXY TCP4 192.0.2.256 198.51.100.1 56324 25\r\n",
        b"PROXY TCP4 192.0.2.07 198.51.100.1 56324 25\r\n",
        b"PROXY TCP4 192.0.2 198.51.100.1 56324 25\r\n",
        b"PROXY TCP4 ::1 ::1 56324 25\r\n",
        b"PROXY TCP6 192.0.2.7 198.51.100.1 56324 25\r\n",
        b"PROXY TCP6 ::1%eth0 ::1 56324 25\r\n",
        b"PROXY TCP6 [::1] ::1 56324 25\r\n",
        b"PROXY TCP6 ::12345 ::1 56324 25\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 65536 25\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 056324 25\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 +1 25\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 -1 25\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 00\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1  25\r\n",
        b"PROXY TCP4 \xFF 198.51.100.1 1 25\r\n",
    ];
    let mut bad: Vec<_> = lines.iter().map(|line| (line.to_vec(), Invalid::Line)).collect();
    let mut huge = v2(0x21, 0x11, IPV4_BLOCK);
    huge[14..16].copy_from_slice(&[0xFF, 0xFF]);
    bad.extend([
        (b"EHLO client.example\r\n".to_vec(), Invalid::Signature),
        (b"PROXX".to_vec(), Invalid::Signature),
        (b"proxy UNKNOWN\r\n".to_vec(), Invalid::Signature),
        (b"PROXY\tUNKNOWN\r\n".to_vec(), Invalid::Signature),
        (b"\r\n\r\nX".to_vec(), Invalid::Signature),
        (b"\x16\x03\x01".to_vec(), Invalid::Signature),
        (format!("PROXY UNKNOWN {}\r\n", "f".repeat(MAX_V1 - 15)).into_bytes(), Invalid::TooLong),
        (v2(0x21, 0x00, &[0; MAX_V2 - 15]), Invalid::TooLong),
        (huge, Invalid::TooLong),
        (v2(0x11, 0x11, IPV4_BLOCK), Invalid::Command),
        (v2(0x31, 0x11, IPV4_BLOCK), Invalid::Command),
        (v2(0x22, 0x11, IPV4_BLOCK), Invalid::Command),
        (v2(0x21, 0x13, IPV4_BLOCK), Invalid::Family),
        (v2(0x21, 0x41, IPV4_BLOCK), Invalid::Family),
        (v2(0x21, 0x11, &IPV4_BLOCK[1..]), Invalid::Addresses),
        (v2(0x21, 0x21, IPV4_BLOCK), Invalid::Addresses),
        (block(b"\x01"), Invalid::Tlv),
        (block(b"\x01\0"), Invalid::Tlv),
        (block(b"\x01\0\x05smtp"), Invalid::Tlv),
        (block(b"\x01\xFF\xFFsmtp"), Invalid::Tlv),
        (block(b"\x04\0\0\x01"), Invalid::Tlv),
        (block(b"\x03\0\x04\0\0\0\0"), Invalid::Checksum),
        (block(b"\x03\0\0"), Invalid::Checksum),
        (block(b"\x03\0\x05\0\0\0\0\0"), Invalid::Checksum),
    ]);
    bad
}

#[test]
fn every_form_names_both_ends() {
    for (wire, ends) in good() {
        let header = complete(&wire);
        let ends = ends
            .map(|(source, destination)| (source.parse().unwrap(), destination.parse().unwrap()));
        let found = header.source().zip(header.destination());
        assert_eq!(found, ends, "b\"{}\"", wire.escape_ascii());
    }
}

#[test]
fn what_is_no_header_is_refused_with_its_reason() {
    for (wire, why) in bad() {
        assert_eq!(invalid(&wire), why, "b\"{}\"", wire.escape_ascii());
    }
}

#[test]
fn a_header_is_partial_at_every_split_point() {
    for (wire, _) in good() {
        for cut in 0..wire.len() {
            assert_eq!(Header::parse(&wire[..cut]), Parsed::Partial, "{cut}");
        }
    }
}

#[test]
fn the_reason_of_a_refusal_does_not_depend_on_the_split_point() {
    for (wire, why) in bad() {
        let mut refused = false;
        for cut in 0..=wire.len() {
            match Header::parse(&wire[..cut]) {
                Parsed::Partial => assert!(!refused, "{cut}"),
                Parsed::Invalid(found) => {
                    assert_eq!(found, why);
                    refused = true;
                }
                Parsed::Complete { .. } => panic!("b\"{}\"", wire.escape_ascii()),
            }
        }
    }
}

#[test]
fn what_follows_a_header_is_not_looked_at() {
    for (wire, _) in good() {
        let expected = complete(&wire);
        for behind in [&b"EHLO client.example\r\n"[..], b"\n", b"\r\n", SIGNATURE, &[0xFF; 300]] {
            let (header, len) = match Header::parse(&[&wire, behind].concat()) {
                Parsed::Complete { header, len } => (header, len),
                other => panic!("{other:?}"),
            };
            assert_eq!((header, len), (expected.clone(), wire.len()));
        }
    }
}

#[test]
fn a_claimed_length_is_refused_before_any_of_it_is_held() {
    let wire = [SIGNATURE, &[0x21, 0x11, 0xFF, 0xFF]].concat();
    assert_eq!(invalid(&wire), Invalid::TooLong);
}

#[test]
fn local_is_the_proxy_itself_and_unknown_is_not() {
    assert_eq!(complete(&v2(0x20, 0x11, IPV4_BLOCK)).command(), Command::Local);
    assert_eq!(complete(b"PROXY UNKNOWN\r\n").command(), Command::Proxy);
    assert_eq!(complete(&v2(0x21, 0x00, b"")), Header::unknown());
    assert_eq!(complete(&v2(0x20, 0x00, b"")), Header::local());
}

#[test]
fn the_transport_is_told() {
    let transport = |wire: &[u8]| complete(wire).addresses().map(|ends| ends.transport);
    assert_eq!(transport(&v2(0x21, 0x11, IPV4_BLOCK)), Some(Transport::Stream));
    assert_eq!(transport(&v2(0x21, 0x22, &ipv6_block())), Some(Transport::Datagram));
    assert_eq!(transport(&v2(0x20, 0x11, IPV4_BLOCK)), None);
}

#[test]
fn headers_are_written_as_the_document_has_them() {
    let v4 =
        Header::proxied("192.0.2.7:56324".parse().unwrap(), "198.51.100.1:25".parse().unwrap());
    assert_eq!(&v4.to_v1()[..], b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 25\r\n");
    assert_eq!(&v4.to_v2()[..], v2(0x21, 0x11, IPV4_BLOCK));
    let v6 = Header::proxied(
        "[2001:db8::7]:56324".parse().unwrap(),
        "[2001:db8::1]:587".parse().unwrap(),
    );
    assert_eq!(&v6.to_v1()[..], b"PROXY TCP6 2001:db8::7 2001:db8::1 56324 587\r\n");
    assert_eq!(&v6.to_v2()[..], v2(0x21, 0x21, &ipv6_block()));
    assert_eq!(&Header::local().to_v1()[..], b"PROXY UNKNOWN\r\n");
    assert_eq!(&Header::local().to_v2()[..], v2(0x20, 0x00, b""));
    assert_eq!(&Header::unknown().to_v2()[..], v2(0x21, 0x00, b""));
}

#[test]
fn ends_of_two_families_become_one_family() {
    let mixed =
        Header::proxied("192.0.2.7:1".parse().unwrap(), "[2001:db8::1]:25".parse().unwrap());
    for wire in [mixed.to_v1(), mixed.to_v2()] {
        let source = complete(&wire).source().unwrap();
        assert_eq!(source.to_string(), "[::ffff:192.0.2.7]:1");
        assert_eq!(source.ip().to_canonical().to_string(), "192.0.2.7");
    }
}

#[test]
fn vectors_are_kept_in_their_order() {
    let tlvs = b"\x01\0\x04smtp\x04\0\0\xE0\0\x01x\xE0\0\x01y";
    let header = complete(&v2(0x21, 0x11, &[IPV4_BLOCK, tlvs].concat()));
    let found: Vec<_> = header.tlvs().iter().collect();
    let expected: [(u8, &[u8]); 4] =
        [(tlv::ALPN, b"smtp"), (tlv::NOOP, b""), (0xE0, b"x"), (0xE0, b"y")];
    assert_eq!(found, expected);
    assert_eq!(header.tlvs().find(0xE0), Some(&b"x"[..]));
    assert_eq!(header.tlvs().find(tlv::SSL), None);
    assert_eq!(header.tlvs().as_bytes(), tlvs);
}

#[test]
fn a_checksum_is_written_and_checked() {
    let header =
        Header::proxied("192.0.2.7:56324".parse().unwrap(), "198.51.100.1:25".parse().unwrap())
            .with_tlv(tlv::AUTHORITY, b"mx.example")
            .unwrap()
            .with_tlv(tlv::CRC32C, b"")
            .unwrap()
            .with_tlv(tlv::NOOP, b"...")
            .unwrap();
    let wire = header.to_v2();
    assert_eq!(complete(&wire).tlvs().find(tlv::CRC32C).unwrap().len(), 4);
    for at in 16..wire.len() {
        let mut broken = wire.to_vec();
        broken[at] ^= 1;
        match Header::parse(&broken) {
            // Where a vector is no checksum any more, nothing says that the rest is wrong.
            Parsed::Complete { header, .. } => assert_eq!(header.tlvs().find(tlv::CRC32C), None),
            other => assert!(matches!(other, Parsed::Invalid(Invalid::Checksum | Invalid::Tlv))),
        }
    }
}

#[test]
fn what_nobody_could_read_cannot_be_built() {
    let header = Header::proxied("192.0.2.7:1".parse().unwrap(), "192.0.2.1:25".parse().unwrap());
    assert_eq!(header.clone().with_tlv(0xE0, &[0; 5000]), Err(Invalid::TooLong));
    assert_eq!(header.clone().with_tlv(0xE0, &[0; 70_000]), Err(Invalid::TooLong));
    let once = header.with_tlv(tlv::CRC32C, b"").unwrap();
    assert_eq!(once.with_tlv(tlv::CRC32C, b""), Err(Invalid::Tlv));
    assert_eq!(Header::local().with_tlv(tlv::ALPN, b"smtp"), Err(Invalid::Tlv));
}

prop_compose! {
    fn header()(
        v6: bool,
        source: [u8; 16], destination: [u8; 16], ports: (u16, u16),
        tlvs in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..20)), 0..5),
    ) -> Header {
        let ip = |octets: [u8; 16]| -> IpAddr {
            if v6 { octets.into() } else { [octets[0], octets[1], octets[2], octets[3]].into() }
        };
        let mut header =
            Header::proxied((ip(source), ports.0).into(), (ip(destination), ports.1).into());
        for (kind, value) in tlvs {
            header = header.clone().with_tlv(kind, &value).unwrap_or(header);
        }
        header
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(header in header()) {
        let line = complete(&header.to_v1());
        prop_assert_eq!(line.addresses(), header.addresses());
        let binary = complete(&header.to_v2());
        prop_assert_eq!(binary.addresses(), header.addresses());
        let kinds = |header: &Header| header.tlvs().iter().map(|(kind, _)| kind).collect::<Vec<_>>();
        prop_assert_eq!(kinds(&binary), kinds(&header));
        prop_assert_eq!(complete(&binary.to_v2()), binary);
    }

    #[test]
    fn no_octets_panic_and_more_of_them_change_no_answer(
        start in prop::sample::select(vec![&b""[..], b"PROXY ", b"PROXY TCP4 1.1.1.1 ", SIGNATURE, b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0"]),
        rest in prop::collection::vec(prop_oneof![any::<u8>(), Just(b' '), Just(b'\r'), Just(b'\n'), Just(0)], 0..150),
    ) {
        let wire = [start, &rest].concat();
        let whole = Header::parse(&wire);
        for cut in 0..wire.len() {
            let part = Header::parse(&wire[..cut]);
            prop_assert!(part == Parsed::Partial || part == whole, "{:?} at {}", part, cut);
        }
        if let Parsed::Complete { header, len } = whole {
            prop_assert!(len <= wire.len());
            prop_assert_eq!(complete(&header.to_v2()), header);
        }
    }
}

mod connections {
    use core::time::Duration;
    use std::io::{self, Cursor, Read, Write};

    use mailwire::{
        driver::{blocking::Transport, proxy},
        proxy::Invalid,
    };
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const LINE: &[u8] = b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 25\r\n";

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap()
            .block_on(future)
    }

    #[test]
    fn a_header_is_taken_from_a_connection_wherever_it_is_cut() {
        let large =
            super::v2(0x21, 0x11, &[super::IPV4_BLOCK, b"\xE0\x0F\xA0", &[7; 4000]].concat());
        for wire in [LINE, &large] {
            for pipe in [1, 7, 60, 5000] {
                run(async {
                    let (mut balancer, socket) = tokio::io::duplex(pipe);
                    let writer = async {
                        balancer.write_all(wire).await.unwrap();
                        balancer.write_all(b"EHLO client.example\r\n").await.unwrap();
                        balancer.shutdown().await.unwrap();
                    };
                    let reader = async {
                        let (header, mut socket) = proxy::accept(socket).await.unwrap();
                        let mut rest = Vec::new();
                        socket.read_to_end(&mut rest).await.unwrap();
                        (header, rest)
                    };
                    let ((), (header, rest)) = tokio::join!(writer, reader);
                    assert_eq!(header.source().unwrap().to_string(), "192.0.2.7:56324");
                    assert_eq!(rest, b"EHLO client.example\r\n");
                });
            }
        }
    }

    #[test]
    fn a_connection_without_header_is_refused() {
        run(async {
            let (mut client, socket) = tokio::io::duplex(64);
            client.write_all(b"EHLO client.example\r\n").await.unwrap();
            let error = proxy::accept(socket).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            let inner = error.get_ref().unwrap().downcast_ref::<Invalid>();
            assert_eq!(inner, Some(&Invalid::Signature));
        });
    }

    #[test]
    fn a_connection_that_ends_early_is_an_error() {
        run(async {
            let (mut client, socket) = tokio::io::duplex(64);
            client.write_all(b"PROXY TCP4").await.unwrap();
            drop(client);
            let error = proxy::accept(socket).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        });
    }

    #[test]
    fn the_callers_limit_ends_the_wait() {
        run(async {
            let (_silent, socket) = tokio::io::duplex(64);
            let limit = Duration::from_secs(5);
            assert!(tokio::time::timeout(limit, proxy::accept(socket)).await.is_err());
        });
    }

    /// Gives so many octets a read; then nothing, until the limit of a read.
    struct Slow(Cursor<Vec<u8>>, usize, bool);

    impl Read for Slow {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            let n = self.1.min(buf.len());
            match Read::read(&mut self.0, &mut buf[..n])? {
                0 if self.2 => Err(io::ErrorKind::WouldBlock.into()),
                n => Ok(n),
            }
        }
    }

    impl Write for Slow {
        fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
            Ok(buf.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Transport for Slow {
        fn set_read_limit(&mut self, _: Option<Duration>) -> io::Result<()> {
            Ok(())
        }
    }

    fn slow(wire: &[u8], step: usize, open: bool) -> Slow {
        Slow(Cursor::new([wire, b"EHLO client.example\r\n"].concat()), step, open)
    }

    #[test]
    fn a_blocking_transport_serves_as_well() {
        for step in [1, 10, 1000] {
            let limit = Duration::from_secs(5);
            let (header, mut socket) =
                proxy::accept_blocking(slow(LINE, step, false), limit).unwrap();
            assert_eq!(header.destination().unwrap().to_string(), "198.51.100.1:25");
            let mut rest = String::new();
            socket.read_to_string(&mut rest).unwrap();
            assert_eq!(rest, "EHLO client.example\r\n");
        }
    }

    #[test]
    fn a_blocking_wait_ends_with_its_limit() {
        let silent = Slow(Cursor::new(b"PROXY ".to_vec()), 1, true);
        let error = proxy::accept_blocking(silent, Duration::from_millis(5)).map(drop).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let error = proxy::accept_blocking(slow(b"", 9, false), Duration::from_secs(5));
        assert_eq!(error.map(drop).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
