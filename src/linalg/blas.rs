//! OpenBLAS's own threads, switched off.

/// Sets OpenBLAS to one thread, once for the process.
///
/// Its threads collapse when cores are shared, and how it splits a product changes the last digits;
/// parallelism lives in rayon above it, so that the bytes do not depend on the number of threads.
pub fn use_one_thread() {
    #[cfg(feature = "openblas-system")]
    {
        static ONCE: std::sync::Once = std::sync::Once::new();
        ONCE.call_once(set_one_thread);
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
