//! Seeded mutations of corpus entries, for replays without a fuzzer: the same on every machine.

/// A generator of mutations.
#[derive(Debug)]
pub struct Mutator(u64);

/// Octets that mean something to one of the protocols, or to their framing.
const TOKENS: [&[u8]; 24] = [
    b"\r\n",
    b"\r",
    b"\n",
    b"\0",
    b".",
    b"\r\n.\r\n",
    b"\n.\n",
    b"\r\n.",
    b" ",
    b"\"",
    b"\\",
    b"<",
    b">",
    b"@",
    b"{3}\r\n",
    b"{3+}\r\n",
    b"(",
    b")",
    b"*",
    b"=",
    b"\xFF",
    b"\xC3\xA9",
    b"4294967296",
    b":",
];

impl Mutator {
    /// A generator with this seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// A number below `bound`; 0 if that is 0.
    fn below(&mut self, bound: usize) -> usize {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let random = (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize;
        if bound == 0 { 0 } else { random % bound }
    }

    /// A mutation of one of `seeds`: one to four small edits, now and then two entries spliced.
    pub fn next(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut octets = seeds[self.below(seeds.len())].clone();
        if self.below(8) == 0 {
            let other = &seeds[self.below(seeds.len())];
            octets.truncate(self.below(octets.len() + 1));
            octets.extend_from_slice(&other[self.below(other.len() + 1)..]);
        }
        for _ in 0..=self.below(4) {
            self.edit(&mut octets);
        }
        octets
    }

    fn edit(&mut self, octets: &mut Vec<u8>) {
        let at = self.below(octets.len() + 1);
        match self.below(6) {
            0 if at < octets.len() => octets[at] ^= 1 << self.below(8),
            1 if at < octets.len() => octets[at] = self.below(256) as u8,
            2 => drop(octets.drain(at..(at + self.below(9)).min(octets.len()))),
            3 => {
                let piece = octets[at..(at + self.below(33)).min(octets.len())].to_vec();
                let to = self.below(octets.len() + 1);
                octets.splice(to..to, piece);
            }
            4 => octets.truncate(at),
            _ => drop(octets.splice(at..at, TOKENS[self.below(TOKENS.len())].iter().copied())),
        }
    }
}
