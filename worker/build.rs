//! Writes the startup snapshot that `main.rs` embeds.

use std::env;
use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use nano_runtime::snapshot::{self, Snapshot};

fn main() -> Result<(), Box<dyn Error>> {
    // Cargo runs this again when nano-runtime, a build-dependency, changes; and when a builtin does, which nano-runtime reads
    // in a debug build.
    writeln!(io::stdout(), "cargo::rerun-if-changed=build.rs")?;
    writeln!(io::stdout(), "cargo::rerun-if-changed=runtime/src/js")?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let Snapshot { blob, texts, lengths } = snapshot::create()?;
    for (name, part) in [("heap.bin", blob), ("texts.js", texts), ("lengths.bin", lengths)] {
        fs::write(out.join(name), part)?;
    }
    Ok(())
}
