//! How many threads the passes of ggml may have that the calling thread begins: the function that
//! `scripts/build/blocking_barrier.cmake` adds to it.

#![expect(
    unsafe_code,
    reason = "a C function without pointers; llama-cpp-2 can set the number of threads only when a context is made"
)]

use std::ffi::c_int;

unsafe extern "C" {
    /// Sets a number of the calling thread; 0 is for no limit.
    fn patter_ggml_at_most(threads: c_int);
}

/// Passes that this thread begins from now on get at most `threads`; 0 for as many as they ask for.
pub(crate) fn at_most(threads: u32) {
    let threads = c_int::try_from(threads).unwrap_or(c_int::MAX);
    // SAFETY: it writes one thread-local number and keeps nothing.
    unsafe { patter_ggml_at_most(threads) }
}
