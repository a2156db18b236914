//! The control socket of `nano serve`, with the link that leads to it.

use std::os::unix::net::UnixListener;
use std::path::PathBuf;

use nano_config::Config;

use super::ServeError;
use super::files::Files;
use super::predecessor::Predecessor;
use crate::control::group::ControlGroup;
use crate::control::pointer::Pointer;
use crate::control::socket::{self, Environment, SocketError};
use crate::supervisor::ConfigSource;

pub(super) struct Control {
    pub(super) listener: UnixListener,
    pub(super) path: PathBuf,
    pub(super) group: Option<ControlGroup>,
}

/// Binds the socket, or takes that of the nano before this one.
pub(super) fn control(
    config: &Config,
    source: &ConfigSource,
    predecessor: Option<&mut Predecessor>,
    files: &mut Files,
) -> Result<Option<Control>, ServeError> {
    let environment = Environment::of_process();
    let path = environment.path(None, config.control_socket.as_deref());
    let group = config.control_group.as_deref().map(ControlGroup::find).transpose()?;
    let before = predecessor.map(|predecessor| predecessor.control_at(&path)).transpose()?.flatten();
    let place = Place { environment, path, group };
    Ok(match before {
        Some(before) => Some(place.take_over(config, before.into(), files)?),
        None => place.bind(config, source, files)?,
    })
}

struct Place {
    environment: Environment,
    path: PathBuf,
    group: Option<ControlGroup>,
}

impl Place {
    fn take_over(self, config: &Config, listener: UnixListener, files: &mut Files) -> Result<Control, SocketError> {
        let Self { environment, path, group } = self;
        let io = |source| SocketError::Io { path: path.clone(), source };
        let is_there = listener.local_addr().map_err(io)?.as_pathname().is_some_and(|bound| path.ends_with(bound));
        if !is_there {
            return Err(io(std::io::ErrorKind::AddrNotAvailable.into()));
        }
        listener.set_nonblocking(true).map_err(io)?;
        let socket = socket::adopt(&path, group.as_ref())?;
        let usual = environment.usual_place();
        if environment.is_elsewhere(config.control_socket.as_deref()) {
            let before = Pointer::adopt(&usual, socket.path());
            files.pointer = before.or_else(|| Pointer::place(&usual, socket.path(), group.as_ref()));
        }
        files.sockets.push(socket);
        Ok(Control { listener, path, group })
    }

    fn bind(self, config: &Config, source: &ConfigSource, files: &mut Files) -> Result<Option<Control>, SocketError> {
        let Self { environment, path, group } = self;
        let usual = environment.usual_place();
        if path == usual {
            match source {
                // A single app that is tried out must not take the place of a nano that serves.
                ConfigSource::App { .. } if Pointer::leads_to_a_nano(&usual) => return Ok(None),
                _ => Pointer::make_way(&usual),
            }
        }
        match (socket::bind(&path, group.as_ref()), source) {
            (Ok((listener, socket)), _) => {
                let pointer = environment.is_elsewhere(config.control_socket.as_deref());
                files.pointer = pointer.then(|| Pointer::place(&usual, socket.path(), group.as_ref())).flatten();
                files.sockets.push(socket);
                Ok(Some(Control { listener, path, group }))
            }
            // An app that is tried beside a running nano needs no control socket.
            (Err(SocketError::Taken(_)), ConfigSource::App { .. }) => Ok(None),
            (Err(error), _) => Err(error),
        }
    }
}
