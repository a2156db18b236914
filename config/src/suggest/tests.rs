//! Tests of `suggest.rs`.

use super::*;
use crate::schema::{APP_LEVEL, DEFAULTS_LEVEL, LOG_LEVEL_KEYS, SERVER_LEVEL};

#[test]
fn hints() {
    let cases: &[(&str, &Level, Option<&str>)] = &[
        ("prot", &SERVER_LEVEL, Some("did you mean `port`?")),
        ("max_bufer_size_mb", &APP_LEVEL, Some("did you mean `max_buffer_size_mb`?")),
        ("maxBufferSizeMB", &APP_LEVEL, Some("did you mean `max_buffer_size_mb`?")),
        ("max_buffer_mb", &APP_LEVEL, Some("did you mean `max_buffer_size_mb`?")),
        ("hostnames", &APP_LEVEL, Some("did you mean `hostname`?")),
        ("host", &APP_LEVEL, Some("did you mean `hostname`?")),
        ("memory", &APP_LEVEL, Some("did you mean `memory_mb`?")),
        ("timeout", &DEFAULTS_LEVEL, Some("did you mean `timeout_ms`?")),
        ("drain", &SERVER_LEVEL, Some("did you mean `drain_ms`?")),
        ("control-socket", &SERVER_LEVEL, Some("did you mean `control_socket`?")),
        ("max_body_mb", &SERVER_LEVEL, Some("it belongs in an app or in `defaults`")),
        ("name", &SERVER_LEVEL, Some("it belongs in an entry of `apps`")),
        ("hostname", &DEFAULTS_LEVEL, Some("it belongs in an entry of `apps`")),
        ("port", &APP_LEVEL, Some("it belongs at the top level")),
        ("level", &SERVER_LEVEL, Some("it belongs in `log`")),
        ("workers", &LOG_LEVEL_KEYS, Some("it belongs in an app or in `defaults`")),
        ("max_bdy_mb", &SERVER_LEVEL, Some("did you mean `max_body_mb`? It belongs in an app or in `defaults`")),
        ("banana", &SERVER_LEVEL, None),
        ("", &SERVER_LEVEL, None),
        ("x", &APP_LEVEL, None),
        ("mb", &APP_LEVEL, None),
    ];
    for (unknown, level, hint) in cases {
        assert_eq!(for_key(unknown, level).as_deref(), *hint, "{unknown}");
    }
    assert_eq!(for_key(&"a".repeat(100_000), &SERVER_LEVEL), None);
}
