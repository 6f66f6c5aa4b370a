//! Looks for OpenBLAS before anything else is compiled for minutes and then fails to link.
//!
//! # Decisions
//!
//! - The probe links a program where pkg-config knows nothing. It asks the question that the last
//!   link would.

use std::env;
use std::io::Write;
use std::process::{Command, Stdio};

const ADVICE: &str =
    "OpenBLAS was not found (neither by pkg-config nor by linking with -lopenblas). Install it:
    Debian, Ubuntu   apt-get install libopenblas-dev pkg-config
    Fedora           dnf install openblas-devel pkgconf
    macOS            brew install openblas pkg-config
                     export PKG_CONFIG_PATH=\"$(brew --prefix openblas)/lib/pkgconfig\"
    conda            conda install -c conda-forge openblas pkg-config
                     export PKG_CONFIG_PATH=\"$CONDA_PREFIX/lib/pkgconfig\"";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=PKG_CONFIG_PATH");
    println!("cargo:rerun-if-env-changed=LIBRARY_PATH");
    // docs.rs and `--no-default-features` link nothing.
    if env::var_os("CARGO_FEATURE_OPENBLAS_SYSTEM").is_none() || env::var_os("DOCS_RS").is_some() {
        return;
    }
    // pkg-config also tells cargo the folder to link from, which brew and conda need.
    let known = pkg_config::Config::new()
        .env_metadata(false)
        .probe("openblas")
        .is_ok();
    let cross = env::var("HOST") != env::var("TARGET");
    if !known && !cross && !links() {
        eprintln!("{ADVICE}");
        std::process::exit(1);
    }
}

/// Whether the C compiler that Rust links with finds `-lopenblas`.
fn links() -> bool {
    let output = env::temp_dir().join(format!("lora-subspace-probe-{}", std::process::id()));
    let child = Command::new("cc")
        .args(["-x", "c", "-", "-lopenblas", "-o"])
        .arg(&output)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = child else { return false };
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(b"int main(void) { return 0; }\n");
    }
    let found = child.wait().is_ok_and(|status| status.success());
    let _ = std::fs::remove_file(output);
    found
}
