//! OpenBLAS's own threads, switched off.

/// Sets OpenBLAS to one thread, once for the process.
///
/// Its threads collapse when cores are shared, and how it splits a product changes the last digits;
/// parallelism lives in rayon above it, so that the bytes do not depend on the number of threads.
pub fn use_one_thread() {
    #[cfg(feature = "openblas-system")]
    {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(|| {
            set_one_thread();
            keep_freed_memory();
        });
    }
}

#[cfg(feature = "openblas-system")]
#[allow(unsafe_code)]
fn set_one_thread() {
    unsafe extern "C" {
        fn openblas_set_num_threads(threads: std::ffi::c_int);
    }
    // SAFETY: a C function that takes an int and stores it; OpenBLAS is linked by this feature.
    unsafe { openblas_set_num_threads(1) }
}

/// Lets the allocator reuse what it has: matrices of a few MB come and go with every module, and
/// glibc would give each back to the kernel, which then clears the pages again.
#[cfg(all(feature = "openblas-system", target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code)]
fn keep_freed_memory() {
    use std::ffi::c_int;
    unsafe extern "C" {
        fn mallopt(parameter: c_int, value: c_int) -> c_int;
    }
    const TRIM_THRESHOLD: c_int = -1;
    const MMAP_THRESHOLD: c_int = -3;
    // SAFETY: two ints into the C library's settings; larger blocks are still given back at once.
    unsafe {
        mallopt(TRIM_THRESHOLD, 64 << 20);
        mallopt(MMAP_THRESHOLD, 32 << 20);
    }
}

#[cfg(all(
    feature = "openblas-system",
    not(all(target_os = "linux", target_env = "gnu"))
))]
fn keep_freed_memory() {}
