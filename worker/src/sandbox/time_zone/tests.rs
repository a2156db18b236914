//! Tests of `time_zone.rs`.

use super::*;

#[test]
fn names_are_taken_from_links() {
    for (target, name) in [
        ("/usr/share/zoneinfo/Europe/Berlin", Some("Europe/Berlin")),
        ("../usr/share/zoneinfo/Etc/GMT+5", Some("Etc/GMT+5")),
        ("/etc/zones/mine", None),
        ("/usr/share/zoneinfo/", None),
        ("/usr/share/zoneinfo/a b", None),
    ] {
        assert_eq!(name_in(Path::new(target)).as_deref(), name, "{target}");
    }
}
