//! Upgrades to another number of shards: as on a machine, or in a container, that was given other processors meanwhile.

use crate::traffic::{flows, nothing_failed, traffic};
use crate::{command, end, install, installed, site, upgrade};
use nano_test::{Site, binary};
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// Installs a nano that has so many shards, whatever it is told.
fn install_with(site: &Site, shards: u32) {
    let wrapper = site.path(&format!("bin/nano-of-{shards}"));
    let text = format!(
        "#!/bin/sh\nfor word do\nshift\ncase $word in --shards=*) ;; *) set -- \"$@\" \"$word\";; esac\ndone\n\
         NANO_SHARDS={shards} exec {} \"$@\"\n",
        binary("nano").display()
    );
    fs::write(&wrapper, text).unwrap();
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
    install(site, &wrapper);
}

fn changes(from: u32, to: u32) {
    let site = site();
    let (nano, all) = traffic(&site, |site| {
        let mut command = command(site);
        command.env("NANO_SHARDS", from.to_string());
        site.serve_with(command)
    });
    let shards = || nano.ctl_json(&["status"])["shards"].clone();
    assert_eq!(shards(), from);
    flows(&all);
    install_with(&site, to);
    assert!(installed(&site).exists());
    upgrade(&nano);
    assert_eq!(shards(), to);
    // Those who come now meet each of the sockets, and each is accepted from.
    for _ in 0..4 {
        flows(&all);
    }
    nothing_failed(all);
    end(nano);
}

#[test]
fn more_shards_lose_nothing() {
    changes(1, 3);
}

#[test]
fn fewer_shards_lose_nothing() {
    changes(3, 1);
}
