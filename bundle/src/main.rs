//! `nano-bundle`: makes one module of a project, as wrangler's bundler would: types are stripped, JSX is transformed,
//! packages are found in `node_modules`. Started by `nano dev` and `nano check`, once for each bundle.
//!
//! What it reads was written by strangers. None of it is executed; and in case a parser can be broken, this process has
//! no secrets, reads one directory, writes one, and is bounded in memory and time ([`confine`]).

mod confine;
mod excerpt;
mod make;
mod missing;
mod plugin;
mod resolution;

use std::io::{self, Read, Write};

use nano_protocol::ExitCode;
use nano_protocol::bundle::{BundleRequest, MAX_ANSWER};

/// Longest request in bytes.
const MAX_REQUEST: u64 = 4 << 20;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::Done,
        Err(error) => {
            let _ = writeln!(io::stderr(), "nano-bundle: {error:#}");
            ExitCode::Failed
        }
    }
}

fn run() -> anyhow::Result<()> {
    let mut text = Vec::new();
    io::stdin().lock().take(MAX_REQUEST).read_to_end(&mut text)?;
    let request: BundleRequest =
        serde_json::from_slice(&text).map_err(|error| anyhow::anyhow!("it is started by `nano` only ({error})"))?;
    // Before there are threads, which inherit it.
    confine::confine(&request)?;
    let bundle = make::make(request)?;
    let answer = serde_json::to_vec(&bundle)?;
    anyhow::ensure!(answer.len() <= MAX_ANSWER, "the answer is too long");
    io::stdout().lock().write_all(&answer)?;
    Ok(())
}
