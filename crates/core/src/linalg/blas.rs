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

/// OpenBLAS's version and the processor that it chose its kernels for, in its own words.
#[cfg(feature = "openblas-system")]
#[allow(unsafe_code)]
pub fn blas_version() -> Option<String> {
    use std::ffi::{CStr, c_char};
    unsafe extern "C" {
        fn openblas_get_config() -> *const c_char;
    }
    // SAFETY: it takes nothing and gives text that ends with a NUL and is never freed.
    let text = unsafe {
        let text = openblas_get_config();
        (!text.is_null()).then(|| CStr::from_ptr(text))
    };
    text.map(|text| text.to_string_lossy().trim().to_string())
}

/// Another BLAS: it is not known how to ask it.
#[cfg(not(feature = "openblas-system"))]
pub fn blas_version() -> Option<String> {
    None
}

/// Kernels that OpenBLAS has for this processor and did not choose, as `OPENBLAS_CORETYPE` names them.
///
/// A processor that is younger than the library is not in its table, and gets kernels of twenty years
/// ago: products then take three to six times as long (OpenBLAS 0.3.21, Debian 12's, on an Emerald
/// Rapids). What decides is what the processor can do, not its name. It must stand in the environment
/// before the library is loaded.
pub fn better_kernels() -> Option<&'static str> {
    /// Kernels without AVX.
    const OLD: [&str; 7] = [
        "Katmai",
        "Northwood",
        "Prescott",
        "Core2",
        "Penryn",
        "Dunnington",
        "Nehalem",
    ];
    let chosen = blas_version()?;
    let is_old = chosen.split(' ').any(|word| OLD.contains(&word));
    is_old.then(newest_kernels).flatten()
}

#[cfg(target_arch = "x86_64")]
fn newest_kernels() -> Option<&'static str> {
    use std::is_x86_feature_detected as has;
    let has_avx512 = has!("avx512f")
        && has!("avx512cd")
        && has!("avx512bw")
        && has!("avx512dq")
        && has!("avx512vl");
    if !(has!("avx2") && has!("fma")) {
        return None;
    }
    Some(if has_avx512 { "SkylakeX" } else { "Haswell" })
}

#[cfg(not(target_arch = "x86_64"))]
fn newest_kernels() -> Option<&'static str> {
    None
}

/// [`use_one_thread`] for a program's first line, which also ends the threads that OpenBLAS started
/// when it was loaded: each would look for work for a tenth of a second before it sleeps.
///
/// Only there: a product that has just been handed to these threads would never come to its end.
pub fn use_one_thread_from_the_start() {
    use_one_thread();
    end_idle_threads();
}

/// OpenBLAS does the same before a fork, and starts threads again when it is told to use them. Asked
/// for by name, because its builds without threads do not have the function.
#[cfg(all(feature = "openblas-system", unix))]
#[allow(unsafe_code)]
fn end_idle_threads() {
    use std::ffi::{c_char, c_int, c_void};
    unsafe extern "C" {
        fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
    }
    // SAFETY: the name ends with a NUL, and a null library stands for all that are loaded (or, on
    // some systems, for none); what is found under this name takes nothing and returns an int.
    unsafe {
        let found = dlsym(std::ptr::null_mut(), c"blas_thread_shutdown_".as_ptr());
        if !found.is_null() {
            let shutdown: extern "C" fn() -> c_int = std::mem::transmute(found);
            shutdown();
        }
    }
}

#[cfg(not(all(feature = "openblas-system", unix)))]
fn end_idle_threads() {}

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
