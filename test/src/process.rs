//! What `/proc` says of a process that is under test, and of those it has started.

use memchr::memmem;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;

/// Bytes that are read at once from another process's memory.
const WINDOW: usize = 1 << 16;

/// Resident memory in bytes.
#[must_use]
pub fn resident(pid: i32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<u64>().unwrap() * 1024
}

/// Open file descriptors. `None` where only root may see them: nano is not dumpable.
#[must_use]
pub fn descriptors(pid: i32) -> Option<usize> {
    match fs::read_dir(format!("/proc/{pid}/fd")) {
        Ok(entries) => Some(entries.count()),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            eprintln!("skipped: only root may count nano's descriptors");
            None
        }
        Err(error) => panic!("the descriptors of process {pid}: {error}"),
    }
}

/// Bytes of a page, at least, and of what the kernel tells of one.
const PAGE: usize = 4096;
const ENTRY: usize = 8;

/// User and system time so far, in ticks of the kernel (a hundredth of a second).
#[must_use]
pub fn cpu_ticks(pid: i32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = text.rsplit_once(") ").unwrap().1.split(' ').collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// How often its threads gave up the processor by themselves, to wait for something: thread and count. A thread that does not
/// wake does not count up.
#[must_use]
pub fn waits(pid: i32) -> BTreeMap<i32, u64> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let count = |path: std::path::PathBuf| -> Option<(i32, u64)> {
        let text = fs::read_to_string(path.join("status")).ok()?;
        let count = text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
        Some((path.file_name()?.to_str()?.parse().ok()?, count.trim().parse().ok()?))
    };
    threads.filter_map(|thread| count(thread.path())).collect()
}

/// Whether it runs; one that only waits to be reaped does not.
#[must_use]
pub fn runs(pid: i32) -> bool {
    let Ok(text) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    // The state stands behind the name, which may hold anything.
    !matches!(text.rsplit_once(") ").map(|(_, rest)| rest.as_bytes()[0]), Some(b'Z' | b'X') | None)
}

/// Process id and time of start: an id is used again by and by, the two together are not.
pub type Identity = (i32, u64);

/// Which process this is; `None` when it is gone.
#[must_use]
pub fn identity(pid: i32) -> Option<Identity> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some((pid, text.rsplit_once(") ")?.1.split(' ').nth(19)?.parse().ok()?))
}

/// What stands behind `nano-worker:` in the title of a worker's process: its app, or `(spare)`; `None` for others.
#[must_use]
pub fn worker_title(pid: i32) -> Option<String> {
    let shown = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let first = shown.split(|byte| *byte == 0).next()?;
    Some(std::str::from_utf8(first).ok()?.strip_prefix("nano-worker:")?.trim().to_owned())
}

/// Its line of `/proc/PID/status` that has this name, without the name.
#[must_use]
pub fn status(pid: i32, name: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    text.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim().to_owned()))
}

/// What its descriptors lead to, as the kernel names it: `socket:[…]`, `pipe:[…]`, paths. Without the right to trace the process
/// this is an error.
pub fn opened(pid: i32) -> io::Result<BTreeSet<String>> {
    let mut all = BTreeSet::new();
    for entry in fs::read_dir(format!("/proc/{pid}/fd"))? {
        // Closed since the list was made.
        let Ok(target) = fs::read_link(entry?.path()) else { continue };
        all.insert(target.to_string_lossy().into_owned());
    }
    Ok(all)
}

/// Every process whose ancestor this is.
#[must_use]
pub fn descendants(root: i32) -> Vec<i32> {
    let mut found = vec![root];
    let mut at = 0;
    while let Some(parent) = found.get(at).copied() {
        for entry in fs::read_dir(format!("/proc/{parent}/task")).into_iter().flatten().flatten() {
            // A thread that ends meanwhile has no children to tell of.
            let text = fs::read_to_string(entry.path().join("children")).unwrap_or_default();
            found.extend(text.split_whitespace().map(|pid| pid.parse::<i32>().unwrap()));
        }
        at += 1;
    }
    found.split_off(1)
}

/// Which of `needles` stand in the process's environment or arguments, as the kernel shows them.
pub fn find_in_start(pid: i32, needles: &[&str]) -> io::Result<Vec<usize>> {
    let shown = [fs::read(format!("/proc/{pid}/environ"))?, fs::read(format!("/proc/{pid}/cmdline"))?].concat();
    Ok((0..needles.len()).filter(|at| memmem::find(&shown, needles[*at].as_bytes()).is_some()).collect())
}

/// Which of `needles` stand in memory that the process can read: as bytes, or as UTF-16, as V8 may hold them. Needles that
/// begin alike are found faster. Without the right to trace the process this is an error.
pub fn find_in_memory(pid: i32, needles: &[&str]) -> io::Result<Vec<usize>> {
    let wide = |needle: &&str| needle.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let forms: [Vec<Vec<u8>>; 2] =
        [needles.iter().map(|needle| needle.as_bytes().to_vec()).collect(), needles.iter().map(wide).collect()];
    let beginnings = forms.each_ref().map(|forms| memmem::Finder::new(common_beginning(forms)));
    let overlap = forms.iter().flatten().map(Vec::len).max().unwrap_or(0);
    let memory = File::open(format!("/proc/{pid}/mem"))?;
    let pages = File::open(format!("/proc/{pid}/pagemap"))?;
    let maps = fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let mut found = vec![false; needles.len()];
    let mut window = vec![0; WINDOW + overlap];
    for line in maps.lines() {
        let (range, rest) = line.split_once(' ').unwrap();
        // The kernel's own mappings hold no app's data, and some of them cannot be read this way. A file's that cannot be written
        // hold what the file holds: most of a program, and of the time.
        let of_file = rest.split_whitespace().nth(4).is_some_and(|name| name.starts_with('/'));
        if !rest.starts_with('r')
            || (of_file && !rest.starts_with("rw"))
            || rest.ends_with("[vvar]")
            || rest.ends_with("[vvar_vclock]")
            || rest.ends_with("[vsyscall]")
        {
            continue;
        }
        let (start, end) = range.split_once('-').unwrap();
        let (mut at, end) = (u64::from_str_radix(start, 16).unwrap(), u64::from_str_radix(end, 16).unwrap());
        while at < end {
            let left = usize::try_from(end - at).unwrap();
            let step = left.min(WINDOW);
            // What stands across the edge of two windows is found in the first.
            let window = &mut window[..left.min(WINDOW + overlap)];
            // It may have given the memory back since the list was made.
            let read = if is_populated(&pages, at, step) { memory.read_at(window, at).unwrap_or(0) } else { 0 };
            for (forms, beginning) in forms.iter().zip(&beginnings) {
                for hit in beginning.find_iter(&window[..read]) {
                    for (needle, form) in forms.iter().enumerate() {
                        found[needle] |= window[hit..read].starts_with(form);
                    }
                }
            }
            at += u64::try_from(step).unwrap();
        }
    }
    Ok((0..needles.len()).filter(|at| found[*at]).collect())
}

/// Whether a page of this memory is there or swapped out (bits 63 and 62 of its entry in proc_pid_pagemap(5)). The others were
/// never written to, and are most of what a program reserves.
fn is_populated(pages: &File, at: u64, length: usize) -> bool {
    let mut entries = [0; ENTRY * WINDOW / PAGE];
    let entries = &mut entries[..ENTRY * length.div_ceil(PAGE)];
    let offset = at / u64::try_from(PAGE).unwrap() * u64::try_from(ENTRY).unwrap();
    // What cannot be asked for is looked at.
    pages.read_exact_at(entries, offset).is_err()
        || entries.chunks(ENTRY).any(|entry| entry.last().is_some_and(|byte| byte >> 6 != 0))
}

fn common_beginning(forms: &[Vec<u8>]) -> &[u8] {
    let Some((first, rest)) = forms.split_first() else { return &[] };
    let alike = |form: &Vec<u8>| first.iter().zip(form).take_while(|(a, b)| a == b).count();
    &first[..rest.iter().map(alike).min().unwrap_or(first.len())]
}

#[cfg(test)]
mod tests;
