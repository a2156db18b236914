//! Writes the startup snapshot that `main.rs` embeds.

use std::env;
use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    // Cargo runs this again when nano-runtime, a build-dependency, changes; and when a builtin does, which nano-runtime reads
    // in a debug build.
    writeln!(io::stdout(), "cargo::rerun-if-changed=build.rs")?;
    writeln!(io::stdout(), "cargo::rerun-if-changed=runtime/src/js")?;
    let out = PathBuf::from(env::var("OUT_DIR")?).join("snapshot.bin");
    fs::write(out, nano_runtime::snapshot::create()?)?;
    Ok(())
}
