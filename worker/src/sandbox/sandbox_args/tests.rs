//! Tests of `sandbox_args.rs`.

use super::*;

fn read(arguments: &[&str]) -> Option<SandboxArgs> {
    SandboxArgs::from_arguments(arguments.iter().map(OsString::from))
}

#[test]
fn arguments_are_understood_or_refused() {
    assert_eq!(read(&[]), Some(SandboxArgs::default()));
    let all = SandboxArgs { identity: Some((1000, 100)), empty_root: true, user: Some(60_001), spare: true };
    assert_eq!(read(&["--identity=1000:100", "--empty-root", "--user=60001", "--spare"]), Some(all));
    for wrong in ["--user=", "--user=-1", "--user", "--identity=5", "--empty-root=1", "x"] {
        assert_eq!(read(&[wrong]), None, "{wrong}");
    }
}
