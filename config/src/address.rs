//! `"addr:port"` and `"unix:/path"` as `listen` and `metrics` have them.

use std::net::SocketAddr;
use std::path::Path;

use crate::config::{ListenAddress, UnixListen};

/// Longest path of a Unix socket: `sun_path` less its terminating zero (unix(7)).
pub(crate) const MAX_SOCKET_PATH: usize = 107;

/// What is wrong, and what to write instead, if that is known.
pub(crate) type Fault = (String, Option<String>);

pub(crate) fn listen(text: &str) -> Result<ListenAddress, Fault> {
    let Some(path) = text.strip_prefix("unix:") else { return socket_addr(text).map(ListenAddress::Tcp) };
    let path = Path::new(path);
    if !path.is_absolute() {
        return Err(("the path of a Unix socket must be absolute, as in `unix:/run/nano/http.sock`".to_owned(), None));
    }
    socket_path(path)?;
    Ok(ListenAddress::Unix(UnixListen::open(path)))
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
mod tests;
