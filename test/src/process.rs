//! What `/proc` says of a process that is under test, and of those it has started.

use memchr::memmem;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;

/// Bytes that are read at once from another process's memory.
const WINDOW: usize = 1 << 20;

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
    let maps = fs::read_to_string(format!("/proc/{pid}/maps"))?;
    let mut found = vec![false; needles.len()];
    let mut window = vec![0; WINDOW];
    for line in maps.lines() {
        let (range, rest) = line.split_once(' ').unwrap();
        // The kernel's own mappings hold no app's data, and some of them cannot be read this way.
        if !rest.starts_with('r')
            || rest.ends_with("[vvar]")
            || rest.ends_with("[vvar_vclock]")
            || rest.ends_with("[vsyscall]")
        {
            continue;
        }
        let (start, end) = range.split_once('-').unwrap();
        let (mut at, end) = (u64::from_str_radix(start, 16).unwrap(), u64::from_str_radix(end, 16).unwrap());
        while at < end {
            let length = usize::try_from(end - at).unwrap().min(WINDOW);
            // It may have given the memory back since the list was made.
            let Ok(read) = memory.read_at(&mut window[..length], at) else { break };
            if read == 0 {
                break;
            }
            for (forms, beginning) in forms.iter().zip(&beginnings) {
                for hit in beginning.find_iter(&window[..read]) {
                    for (needle, form) in forms.iter().enumerate() {
                        found[needle] |= window[hit..read].starts_with(form);
                    }
                }
            }
            if read <= overlap {
                break;
            }
            // What stands across the edge of two windows is found in the second.
            at += u64::try_from(if at + u64::try_from(read).unwrap() < end { read - overlap } else { read }).unwrap();
        }
    }
    Ok((0..needles.len()).filter(|at| found[*at]).collect())
}

fn common_beginning(forms: &[Vec<u8>]) -> &[u8] {
    let Some((first, rest)) = forms.split_first() else { return &[] };
    let alike = |form: &Vec<u8>| first.iter().zip(form).take_while(|(a, b)| a == b).count();
    &first[..rest.iter().map(alike).min().unwrap_or(first.len())]
}

#[cfg(test)]
mod tests;
