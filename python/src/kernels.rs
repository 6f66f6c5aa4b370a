//! Which kernels OpenBLAS should have been told to take, asked before Python imports the extension.
//!
//! OpenBLAS reads `OPENBLAS_CORETYPE` when it is loaded, and a Python process cannot start again, as the
//! commands do. So the package loads this library for a moment, asks it here, unloads it, sets the
//! variable, and imports it. The rule is the commands' own.

use std::ffi::{CString, c_char};
use std::ptr;

use lora_subspace::linalg::better_kernels;

/// The value for `OPENBLAS_CORETYPE`, as text that ends with a NUL; null where OpenBLAS chose well.
#[allow(unsafe_code)]
// SAFETY: the name is this library's alone; nothing else in the process defines it.
#[unsafe(no_mangle)]
extern "C" fn lora_subspace_better_kernels() -> *const c_char {
    let name = better_kernels().and_then(|name| CString::new(name).ok());
    // Never freed: a few bytes, once.
    name.map_or(ptr::null(), |name| name.into_raw().cast_const())
}
