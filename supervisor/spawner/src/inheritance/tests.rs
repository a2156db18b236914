//! Tests of `inheritance.rs`.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn variables(list: &[(&str, &str)]) -> impl Iterator<Item = (OsString, OsString)> {
    list.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)))
}

#[test]
fn all_of_it_comes_back_but_for_what_is_about_one_process() {
    let uids = BTreeMap::from([("a.example".to_owned(), 60_001)]);
    let given = Inheritance::new(Path::new("/usr/local/bin/nano"), Some(3), uids);
    let environment = [("PATH", "/bin"), ("LISTEN_FDS", "1"), ("WATCHDOG_PID", "7"), ("WATCHDOG_USEC", "9"), ("E", "")];
    let file = given.write(variables(&environment)).unwrap();
    for _ in 0..2 {
        assert_eq!(Inheritance::read(&file).unwrap(), given);
        let environment = Inheritance::environment(&file).unwrap();
        assert_eq!(environment, [c"PATH=/bin".to_owned(), c"WATCHDOG_USEC=9".to_owned(), c"E=".to_owned()]);
    }
    assert_eq!(given.program().unwrap(), c"/usr/local/bin/nano".to_owned());
}

#[test]
fn it_cannot_be_changed_and_nothing_else_is_taken_for_one() {
    let file = Inheritance::default().write(variables(&[])).unwrap();
    assert!(File::from(file.try_clone().unwrap()).write_all(b"x").is_err());
    assert!(Inheritance::environment(&file).unwrap().is_empty());
    for text in [&b""[..], &[0xff; 64]] {
        let mut other = memory("other").unwrap();
        other.write_all(text).unwrap();
        assert!(Inheritance::read(&other).is_err());
    }
}
