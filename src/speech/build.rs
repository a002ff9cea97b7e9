//! Links libsonic, which espeak-ng's build takes from the system but its crate does not name to the linker.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Static where there is an archive: the binary then runs on machines without the package.
    let compiler = std::env::var("CC").unwrap_or_else(|_| "cc".into());
    let archive = Command::new(compiler)
        .arg("-print-file-name=libsonic.a")
        .output()
        .ok()
        .map(|out| String::from_utf8_lossy(&out.stdout).trim().to_owned())
        .filter(|path| Path::new(path).is_absolute());
    match archive.as_deref().and_then(|path| Path::new(path).parent()) {
        Some(folder) => {
            println!("cargo:rustc-link-search=native={}", folder.display());
            println!("cargo:rustc-link-lib=static:-bundle=sonic");
        }
        None => println!("cargo:rustc-link-lib=dylib=sonic"),
    }
}
