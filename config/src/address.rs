//! `"addr:port"` and `"unix:/path"` as `listen` and `metrics` have them.

use std::net::SocketAddr;
use std::path::Path;

use crate::server::{Listen, UnixListen};

/// Longest path of a Unix socket: `sun_path` less its terminating zero (unix(7)).
pub(crate) const MAX_SOCKET_PATH: usize = 107;

/// What is wrong, and what to write instead where that can be told.
pub(crate) type Fault = (String, Option<String>);

pub(crate) fn listen(text: &str) -> Result<Listen, Fault> {
    let Some(path) = text.strip_prefix("unix:") else { return socket_addr(text).map(Listen::Tcp) };
    let path = Path::new(path);
    if !path.is_absolute() {
        return Err(("the path of a Unix socket must be absolute, as in `unix:/run/nano/http.sock`".to_owned(), None));
    }
    socket_path(path)?;
    Ok(Listen::Unix(UnixListen::open(path)))
}

/// Permission bits as chmod(1) writes them: three octal digits, or four of which the first is 0.
pub(crate) fn mode(text: &str) -> Result<u32, Fault> {
    let digits = text.strip_prefix('0').filter(|rest| rest.len() == 3).unwrap_or(text);
    let mode = (digits.len() == 3).then(|| u32::from_str_radix(digits, 8).ok()).flatten();
    // `from_str_radix` takes a sign.
    match mode.filter(|_| digits.bytes().all(|digit| digit.is_ascii_digit())) {
        Some(mode) if mode & 0o222 == 0 => {
            Err(("nobody could connect: that takes the right to write to the socket, as in \"0660\"".to_owned(), None))
        }
        Some(mode) => Ok(mode),
        None => Err(("expected permission bits in octal digits, as in \"0660\"".to_owned(), None)),
    }
}

/// Whether a Unix socket can have this path.
pub(crate) fn socket_path(path: &Path) -> Result<(), Fault> {
    let bytes = path.as_os_str().as_encoded_bytes();
    if bytes.contains(&0) {
        return Err(("a path must not hold a NUL character".to_owned(), None));
    }
    if bytes.len() > MAX_SOCKET_PATH {
        return Err((
            format!("the path of a Unix socket has at most {MAX_SOCKET_PATH} bytes, not {}", bytes.len()),
            None,
        ));
    }
    Ok(())
}

/// Port 0 is allowed: the kernel picks one.
pub(crate) fn socket_addr(text: &str) -> Result<SocketAddr, Fault> {
    text.parse().map_err(|_| {
        let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
        let likely = match host {
            "" | "*" => format!("[::]:{port}"),
            "localhost" => format!("127.0.0.1:{port}"),
            host => format!("[{host}]:{port}"),
        };
        let suggestion = likely.parse::<SocketAddr>().ok().map(|likely| format!("did you mean \"{likely}\"?"));
        ("expected an IP address and a port, as in \"127.0.0.1:8080\" or \"[::1]:8080\"".to_owned(), suggestion)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn modes() {
        assert_eq!(
            (mode("0660"), mode("660"), mode("0222"), mode("777")),
            (Ok(0o660), Ok(0o660), Ok(0o222), Ok(0o777))
        );
        for text in
            ["", "0", "66", "6", "00660", "1660", "4755", "0o66", "+66", "0 66", "668", "rw-", "-660", "0444", "000"]
        {
            assert!(mode(text).is_err(), "{text}");
        }
    }

    #[test]
    fn addresses() {
        assert_eq!(listen("127.0.0.1:80").unwrap(), Listen::Tcp("127.0.0.1:80".parse().unwrap()));
        assert_eq!(listen("[::1]:0").unwrap(), Listen::Tcp("[::1]:0".parse().unwrap()));
        assert_eq!(listen("unix:/run/x.sock").unwrap(), Listen::Unix(UnixListen::open("/run/x.sock")));
        for (text, meant) in [
            ("8080", Some("did you mean \"[::]:8080\"?")),
            (":8080", Some("did you mean \"[::]:8080\"?")),
            ("*:8080", Some("did you mean \"[::]:8080\"?")),
            ("localhost:80", Some("did you mean \"127.0.0.1:80\"?")),
            ("::1:80", Some("did you mean \"[::1]:80\"?")),
            ("127.0.0.1", None),
            ("127.0.0.1:65536", None),
            ("example.com:80", None),
            ("", None),
        ] {
            let (message, suggestion) = listen(text).unwrap_err();
            assert!(message.starts_with("expected an IP address and a port"), "{message}");
            assert_eq!(suggestion.as_deref(), meant, "{text}");
        }
        assert!(listen("unix:relative.sock").is_err());
        assert!(listen("unix:").is_err());
        assert!(listen(&format!("unix:/{}", "a".repeat(106))).is_ok());
        assert!(listen(&format!("unix:/{}", "a".repeat(107))).unwrap_err().0.contains("at most 107 bytes, not 108"));
        assert!(listen("unix:/a\0b").is_err());
    }
}
