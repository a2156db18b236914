//! CompressionStream and DecompressionStream: the scripts of `test/compression`, and Python's zlib reading what they make.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

use std::fs;
use std::process::Command;

use nano_test::{Finished, Site, binary, finish, repository};
use serde_json::json;

/// A site with the scripts' common files, and `script.js`.
fn site(script: &str) -> Site {
    let site = Site::new();
    for file in ["compression/data.js", "compression/golden.js", "streams/harness.js"] {
        let text = fs::read_to_string(repository().join("test").join(file)).unwrap();
        site.file(file.rsplit('/').next().unwrap(), &text);
    }
    site.file("script.js", script);
    site
}

fn run(site: &Site, options: &[&str]) -> Finished {
    finish(Command::new(binary("nano-worker")).arg("run").args(options).arg(site.path("script.js")), "")
}

/// Runs a script of `test/compression`; all its tests must be there and pass.
fn check(name: &str, options: &[&str]) {
    let site = site(&fs::read_to_string(repository().join("test/compression").join(name)).unwrap());
    let done = run(&site, options);
    let passed = done.stdout.lines().filter(|line| line.starts_with("ok ")).count();
    let complete = done.stdout.lines().next_back() == Some(&format!("1..{passed}"));
    assert!(done.code == Some(0) && passed > 0 && complete, "{name} failed\n{}{}", done.stdout, done.stderr);
}

#[test]
fn formats() {
    check("formats.js", &[]);
}

#[test]
fn streams() {
    check("streams.js", &[]);
}

#[test]
fn limit() {
    check("limit.js", &["--max-buffer-size-mb", "1"]);
}

#[test]
fn python_reads_what_is_compressed_here() {
    let site = site(
        "import { compress, data, FORMATS, noise } from './data.js';
         data.large = noise(100_000);
         for (const format of FORMATS.filter((format) => format !== 'brotli')) {
           for (const name in data) {
             const packed = await compress(format, data[name].subarray(0, 50), data[name].subarray(50));
             console.log(format, packed.toHex(), data[name].toHex());
           }
         }",
    );
    let made = run(&site, &[]);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert_eq!(made.stdout.lines().count(), 18);
    let reader = "
import sys, zlib
bits = {'deflate': 15, 'deflate-raw': -15, 'gzip': 31}
for line in sys.stdin:
    format, packed, plain = line.rstrip('\\n').split(' ')
    coder = zlib.decompressobj(bits[format])
    same = coder.decompress(bytes.fromhex(packed)) == bytes.fromhex(plain)
    print(format, same and coder.eof and not coder.unused_data)
";
    let read = finish(Command::new("python3").args(["-c", reader]), &made.stdout);
    let right = read.stdout.lines().filter(|line| line.ends_with(" True")).count();
    assert_eq!((read.code, right), (Some(0), 18), "{read:?}");
}

/// An app whose streams hold more than its memory is refused more, and served on; dropped ones are no burden.
#[test]
fn native_memory_counts_against_the_apps() {
    let site = Site::new();
    site.app(
        "coding",
        "export default { async fetch(request) {
           const keep = [];
           const { pathname } = new URL(request.url);
           const hold = pathname !== '/drop';
           const format = pathname === '/hold-brotli' ? 'brotli' : 'gzip';
           const chunk = new Uint8Array(format === 'brotli' ? 100_000 : 10);
           let refused = 'no';
           for (let i = 0; i < 10_000 && refused === 'no'; i++) {
             const stream = new CompressionStream(format);
             const writer = stream.writable.getWriter();
             writer.closed.catch(() => {});
             stream.readable.getReader().read().catch(() => {});
             await writer.write(chunk).catch((error) => { refused = error.name; });
             if (hold) keep.push(stream);
           }
           keep.length = 0;
           return new Response(refused);
         } };",
    );
    site.apps(json!([{ "hostname": "a.example", "path": "coding", "memory_mb": 64, "cpu_ms": 30000 }]));
    let nano = site.serve();
    assert_eq!(nano.get("a.example", "/hold").text(), "RangeError");
    assert_eq!(nano.get("a.example", "/hold-brotli").text(), "RangeError");
    assert_eq!(nano.get("a.example", "/drop").text(), "no");
    assert_eq!(nano.get("a.example", "/hold").text(), "RangeError");
}
