//! A static library with a panic handler and an allocator of its own. If any crate below linked std, there would be
//! two panic handlers, and the compiler refuses that: `error[E0152]: found duplicate lang item panic_impl`.
#![no_std]

extern crate alloc;
extern crate imap_proto as _;
extern crate mailwire as _;
extern crate pop3_proto as _;
extern crate smtp_proto as _;

use core::alloc::{GlobalAlloc, Layout};

struct NoMemory;

// SAFETY: a null pointer is how an allocator says that there is no memory; nothing is ever handed out.
unsafe impl GlobalAlloc for NoMemory {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        core::ptr::null_mut()
    }
    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

#[global_allocator]
static ALLOCATOR: NoMemory = NoMemory;

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
