//! mail-server
fn main() {}
