//! The right kernels for a processor that OpenBLAS does not know.

/// What OpenBLAS reads when it is loaded.
#[cfg(unix)]
const VARIABLE: &str = "OPENBLAS_CORETYPE";

/// Starts this program again where OpenBLAS has better kernels than it chose, with the variable that
/// names them; an answer that somebody gave already stands. Where that does not work, it goes on: the
/// numbers are right, and take longer.
#[cfg(unix)]
pub(super) fn choose() {
    use std::os::unix::process::CommandExt;
    if std::env::var_os(VARIABLE).is_some() {
        return;
    }
    let (Some(kernels), Ok(program)) = (crate::linalg::better_kernels(), std::env::current_exe())
    else {
        return;
    };
    let mut arguments = std::env::args_os();
    let mut again = std::process::Command::new(program);
    if let Some(name) = arguments.next() {
        again.arg0(name);
    }
    // It only returns when it could not.
    let _ = again.args(arguments).env(VARIABLE, kernels).exec();
}

#[cfg(not(unix))]
pub(super) fn choose() {}
