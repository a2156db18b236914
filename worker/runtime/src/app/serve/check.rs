//! A worker that checks apps' modules, one app after the other, instead of serving one. The modules are compiled and linked;
//! none is evaluated, so that no code of an app runs. The entry must have a default export. It gets no app's environment and no requests.

use std::cell::RefCell;
use std::os::fd::AsFd as _;
use std::rc::Rc;
use std::time::Instant;

use nano_protocol::limits::MAX_ERROR_TEXT;
use nano_protocol::{BootFailed, Check, Frame, Outbox};
use nix::poll::{PollFd, PollFlags, ppoll};

use super::boot_failed;
use super::control_modules::{Asked, ControlModules};
use super::{LAST_FRAMES_TIMEOUT, ServeError};
use crate::app::App;
use crate::app::app_log::cut;
use crate::engine::heap_image::HeapImage;
use crate::engine::modules::{SourceError, adds_listener, for_exports_of};
use crate::engine::platform;
use crate::exchange::link::{Link, LinkError};

struct Checker {
    control: Link,
    outbox: Rc<RefCell<Outbox>>,
    app: App,
    /// The modules of the app that is checked; `None` between two.
    asked: Option<Rc<RefCell<Asked>>>,
    /// The first module of that app.
    entry: String,
    /// What to do about that module, should it lack a default export.
    hint: Option<&'static str>,
    /// Whether some module of that app may add a listener for requests.
    may_listen: bool,
    /// The number of the next request for a module. An answer that comes after its app's check has ended fits no later one.
    next_id: u32,
}

/// Checks until the supervisor closes the link. Returns the exit status.
pub(super) fn run(control: Link, first: Check, snapshot: HeapImage, mut scratch: Vec<u8>) -> Result<i32, ServeError> {
    let mut checker = Checker::new(control, first.memory, snapshot)?;
    checker.take(Frame::Check(first))?;
    loop {
        if let Some(reason) = checker.app.runtime.state.termination.reason() {
            checker.outbox.borrow_mut().push(&Frame::Exiting { reason, culprit: None });
            checker.control.flush_until(&mut checker.outbox.borrow_mut(), Instant::now() + LAST_FRAMES_TIMEOUT)?;
            return Ok(reason.exit_status().into());
        }
        checker.control.flush(&mut checker.outbox.borrow_mut())?;
        let mut interest = PollFlags::POLLIN;
        interest.set(PollFlags::POLLOUT, !checker.outbox.borrow().is_empty());
        let mut fds = [PollFd::new(checker.control.as_fd(), interest)];
        let _ = ppoll(&mut fds, None, None);
        match checker.control.receive(&mut scratch) {
            Err(LinkError::Closed) => return Ok(0),
            received => received?,
        };
        while let Some(frame) = checker.control.next_frame()? {
            checker.take(frame)?;
        }
    }
}

impl Checker {
    fn new(control: Link, memory: u64, snapshot: HeapImage) -> Result<Self, ServeError> {
        // Nothing is evaluated in it, so it needs no log and no limits of streams.
        let app = App::without_program(snapshot, memory)?;
        Ok(Self {
            control,
            outbox: Rc::default(),
            app,
            asked: None,
            entry: String::new(),
            hint: None,
            may_listen: false,
            next_id: 0,
        })
    }

    fn take(&mut self, frame: Frame) -> Result<(), ServeError> {
        match frame {
            Frame::Check(check) if self.asked.is_none() => self.begin(&check),
            Frame::ModuleSource { id, source } => {
                let path = self.asked.as_ref().and_then(|asked| asked.borrow_mut().answered(id));
                if let Some(path) = path {
                    if let Ok(bytes) = &source
                        && path == self.entry
                    {
                        self.hint = for_exports_of(bytes);
                    }
                    self.may_listen |= source.as_ref().is_ok_and(|bytes| adds_listener(bytes));
                    let source = source.map(|bytes| bytes.to_vec()).map_err(|error| SourceError(error.to_string()));
                    self.app.runtime.module_arrived(&path, source);
                }
            }
            Frame::Ping(nonce) => self.outbox.borrow_mut().push(&Frame::Pong { nonce, idle: self.asked.is_none() }),
            _ => return Err(ServeError::Protocol("a frame that a worker which checks must not get")),
        }
        self.finish();
        Ok(())
    }

    fn begin(&mut self, check: &Check) {
        let asked = Rc::new(RefCell::new(Asked::new(&self.outbox, self.next_id)));
        let source = Box::new(ControlModules::new(&asked));
        self.asked = Some(asked);
        (self.entry, self.hint, self.may_listen) = (check.entry.clone(), None, false);
        self.app.runtime.check_main(source, check);
    }

    /// Tells how the check ended, if it has.
    fn finish(&mut self) {
        if self.asked.is_none() {
            return;
        }
        let Some(outcome) = self.app.runtime.main_outcome() else { return };
        let outcome = outcome.map_err(|error| boot_failed(&self.app, error)).and_then(|()| self.check_exports());
        let outcome = outcome.map(|()| platform::v8_version().into());
        if let Some(asked) = self.asked.take() {
            self.next_id = asked.borrow().next_id();
        }
        self.outbox.borrow_mut().push(&Frame::Checked(outcome));
    }

    /// What an app that starts is told of its default export, as far as that is sure before its code runs.
    fn check_exports(&mut self) -> Result<(), BootFailed> {
        self.app.check_exports(self.may_listen).map_err(|mut message| {
            if let Some(hint) = self.hint {
                message.push('\n');
                message.push_str(hint);
            }
            BootFailed { message: cut(&message, MAX_ERROR_TEXT), path: self.entry.clone(), line: 0, column: 0 }
        })
    }
}
