//! One run of lol_html, whose handlers may wait.
//!
//! lol_html calls its handlers and wants their answers at once; JavaScript's may be asynchronous. So each write goes on a stack
//! of its own (a coroutine). A handler hands a pointer to what it was called with over to the stack where JavaScript runs,
//! and stands still until it is told to go on. JavaScript never runs on a coroutine's stack, of which V8 knows nothing.
//!
//! A coroutine is never dropped in the middle: it is told to stop, and lol_html comes back with an error. No stack is held
//! between two writes.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::{self, NonNull};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use corosensei::stack::DefaultStack;
use corosensei::{Coroutine, CoroutineResult};
use lol_html::errors::RewritingError;
use lol_html::html_content::{
    Comment, ContentType, Doctype, DocumentEnd, Element, EndTag, StreamingHandler, StreamingHandlerSink, TextChunk,
};
use lol_html::{HandlerResult, HtmlRewriter, OutputSink, Settings};

/// What a handler is told when it stands still.
enum Answer {
    GoOn,
    /// The rewriter was given up.
    Stop,
}

/// What a token of the document is, and where it lies while its handler stands still.
#[derive(Clone, Copy)]
pub(super) enum Token {
    Element(NonNull<Element<'static, 'static>>),
    EndTag(NonNull<EndTag<'static>>),
    Comment(NonNull<Comment<'static>>),
    Text(NonNull<TextChunk<'static>>),
    Doctype(NonNull<Doctype<'static>>),
    End(NonNull<DocumentEnd<'static>>),
}

/// The same, for as long as the rewriter is borrowed.
pub(super) enum TokenRef<'a> {
    Element(&'a mut Element<'a, 'a>),
    EndTag(&'a mut EndTag<'a>),
    Comment(&'a mut Comment<'a>),
    Text(&'a mut TextChunk<'a>),
    Doctype(&'a mut Doctype<'a>),
    End(&'a mut DocumentEnd<'a>),
}

/// What the coroutine wants done on the other stack.
enum Call {
    /// The handler of this number is to be called.
    Handler(u32, Token),
    /// The content of this number is to be written.
    Content(u32, NonNull<StreamingHandlerSink<'static>>),
    /// The output is to be taken.
    Drain,
}

/// How a step ended.
pub(super) enum Step {
    /// The handler of this number is to be called with the token.
    Handler(u32, Token),
    /// The content of this number is to be written, piece by piece.
    Content(u32),
    /// There is as much output as there may be.
    Drain,
    /// All of what was written has been read.
    Done,
    Failed(String),
}

type Rewriter = HtmlRewriter<'static, Output>;
type Yielder = corosensei::Yielder<Answer, Call>;

/// What a coroutine comes back with.
struct Finished {
    /// `None` at the end of the document, or where it cannot be used any more.
    rewriter: Option<Box<Rewriter>>,
    outcome: Result<(), String>,
}

/// From so many bytes of output on, the rewriter stands still until they were taken.
const PIECE: usize = 64 << 10;

/// What handlers and output need to come across. Shared with what must be `Send`, though all is on one thread.
pub(super) struct Gate {
    /// Of the coroutine that is there, or null.
    yielder: AtomicPtr<Yielder>,
    /// The coroutine's stack is the one that is being run on.
    inside: AtomicBool,
    stopped: AtomicBool,
    /// Numbers of contents and handlers that lol_html has dropped.
    released: Mutex<Vec<u32>>,
}

impl Gate {
    /// Stands still, on the coroutine's stack, until it is told to go on. False when it shall stop.
    fn ask(&self, call: Call) -> bool {
        let yielder = self.yielder.load(Ordering::Relaxed);
        if yielder.is_null() || !self.inside.load(Ordering::Relaxed) || self.stopped.load(Ordering::Relaxed) {
            return false;
        }
        // SAFETY: the yielder lies on the coroutine's stack, which is the one being run on; it was put here by that
        // coroutine's function, which takes it away before it returns.
        #[expect(unsafe_code, reason = "lol_html's handlers cannot be given a reference of this lifetime")]
        let answer = unsafe { &*yielder }.suspend(call);
        matches!(answer, Answer::GoOn)
    }

    fn handler(&self, number: u32, token: Token) -> HandlerResult {
        if self.ask(Call::Handler(number, token)) { Ok(()) } else { Err("The rewriter was stopped".into()) }
    }

    /// Numbers that are of no more use since this was last asked.
    fn take_released(&self) -> Vec<u32> {
        std::mem::take(&mut *self.released.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A number that is given back when what lol_html has of it is dropped.
struct Number {
    gate: Arc<Gate>,
    number: u32,
}

impl Drop for Number {
    fn drop(&mut self) {
        self.gate.released.lock().unwrap_or_else(PoisonError::into_inner).push(self.number);
    }
}

/// Content that JavaScript writes piece by piece, when it is its turn.
struct Streamed(Number);

impl StreamingHandler for Streamed {
    fn write_all(self: Box<Self>, sink: &mut StreamingHandlerSink<'_>) -> HandlerResult {
        let sink = NonNull::from(sink).cast();
        if self.0.gate.ask(Call::Content(self.0.number, sink)) {
            Ok(())
        } else {
            Err("The rewriter was stopped".into())
        }
    }
}

/// What comes out of the rewriter.
struct Output {
    bytes: Rc<RefCell<Vec<u8>>>,
    gate: Arc<Gate>,
}

impl OutputSink for Output {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        // On the other stack nothing can wait; the caller gives pieces, and takes what came of each.
        let inside = self.gate.inside.load(Ordering::Relaxed);
        for part in chunk.chunks(PIECE) {
            if self.gate.stopped.load(Ordering::Relaxed) {
                return;
            }
            self.bytes.borrow_mut().extend_from_slice(part);
            if inside && self.bytes.borrow().len() >= PIECE {
                self.gate.ask(Call::Drain);
            }
        }
    }
}

/// The stacks of coroutines that are not in use.
#[derive(Default, Clone)]
pub(super) struct Stacks(Rc<RefCell<Vec<DefaultStack>>>);

impl Stacks {
    /// What the frames of lol_html take. workerd gives it 64 KiB too; frames that are not optimized are larger.
    pub(super) const SIZE: usize = if cfg!(debug_assertions) { 256 << 10 } else { 64 << 10 };
    /// Handlers that do not wait need one at a time.
    const KEPT: usize = 4;

    fn take(&self) -> std::io::Result<DefaultStack> {
        self.0.borrow_mut().pop().map_or_else(|| DefaultStack::new(Self::SIZE), Ok)
    }

    fn give_back(&self, stack: DefaultStack) {
        let mut kept = self.0.borrow_mut();
        if kept.len() < Self::KEPT {
            kept.push(stack);
        }
    }
}

enum State {
    /// Between two writes.
    Idle(Box<Rewriter>),
    /// In a write, standing still.
    Waiting(Coroutine<Answer, Call, Finished>, Call),
    Over,
}

pub(super) struct Rewriting {
    gate: Arc<Gate>,
    output: Rc<RefCell<Vec<u8>>>,
    state: State,
    stacks: Stacks,
}

impl Rewriting {
    /// `settings` is given what its handlers call.
    pub(super) fn new(stacks: Stacks, settings: impl FnOnce(&Arc<Gate>) -> Settings<'static, 'static>) -> Self {
        let gate = Arc::new(Gate {
            yielder: AtomicPtr::new(ptr::null_mut()),
            inside: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            released: Mutex::default(),
        });
        let output = Rc::<RefCell<Vec<u8>>>::default();
        let sink = Output { bytes: Rc::clone(&output), gate: Arc::clone(&gate) };
        let rewriter = Box::new(HtmlRewriter::new(settings(&gate), sink));
        Self { gate, output, state: State::Idle(rewriter), stacks }
    }

    /// Has more of the document read; `None`: there is no more. Fails where there is a write already.
    pub(super) fn write(&mut self, input: Option<Vec<u8>>) -> Step {
        let State::Idle(mut rewriter) = std::mem::replace(&mut self.state, State::Over) else {
            return Step::Failed("The rewriter cannot be written to now".into());
        };
        let stack = match self.stacks.take() {
            Ok(stack) => stack,
            Err(error) => return Step::Failed(format!("There is no memory for the rewriter: {error}")),
        };
        let gate = Arc::clone(&self.gate);
        let coroutine = Coroutine::with_stack(stack, move |yielder: &Yielder, _: Answer| {
            gate.yielder.store(ptr::from_ref(yielder).cast_mut(), Ordering::Relaxed);
            let ran = catch_unwind(AssertUnwindSafe(move || match input {
                Some(input) => rewriter.write(&input).map(|()| Some(rewriter)),
                None => rewriter.end().map(|()| None),
            }));
            gate.yielder.store(ptr::null_mut(), Ordering::Relaxed);
            match ran {
                Ok(Ok(rewriter)) => Finished { rewriter, outcome: Ok(()) },
                Ok(Err(error)) => Finished { rewriter: None, outcome: Err(message(&error)) },
                Err(_) => Finished { rewriter: None, outcome: Err("The rewriter failed".into()) },
            }
        });
        self.run(coroutine, Answer::GoOn)
    }

    /// Goes on where the last step stood still.
    pub(super) fn resume(&mut self) -> Step {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Waiting(coroutine, _) => self.run(coroutine, Answer::GoOn),
            other => {
                self.state = other;
                Step::Failed("The rewriter does not wait".into())
            }
        }
    }

    fn run(&mut self, mut coroutine: Coroutine<Answer, Call, Finished>, answer: Answer) -> Step {
        self.gate.inside.store(true, Ordering::Relaxed);
        let result = coroutine.resume(answer);
        self.gate.inside.store(false, Ordering::Relaxed);
        match result {
            CoroutineResult::Yield(call) => {
                let step = match &call {
                    Call::Handler(number, token) => Step::Handler(*number, *token),
                    Call::Content(number, _) => Step::Content(*number),
                    Call::Drain => Step::Drain,
                };
                self.state = State::Waiting(coroutine, call);
                step
            }
            CoroutineResult::Return(Finished { rewriter, outcome }) => {
                self.stacks.give_back(coroutine.into_stack());
                self.state = rewriter.map_or(State::Over, State::Idle);
                outcome.map_or_else(Step::Failed, |()| Step::Done)
            }
        }
    }

    /// Gives it up, with what lol_html holds.
    pub(super) fn stop(&mut self) {
        self.gate.stopped.store(true, Ordering::Relaxed);
        while let State::Waiting(coroutine, _) = std::mem::replace(&mut self.state, State::Over) {
            self.run(coroutine, Answer::Stop);
        }
        self.state = State::Over;
    }

    /// Whether it has a stack.
    pub(super) fn waits(&self) -> bool {
        matches!(self.state, State::Waiting(..))
    }

    /// What it was called with, while a handler stands still.
    pub(super) fn token(&mut self) -> Option<TokenRef<'_>> {
        let State::Waiting(_, Call::Handler(_, token)) = &mut self.state else { return None };
        // SAFETY: the handler that got this exclusive reference stands still, and does not touch it until it goes on;
        // what is made of it here lives as long as `self` is borrowed, and to go on borrows `self` too.
        #[expect(unsafe_code, reason = "a reference of another stack")]
        Some(unsafe {
            match *token {
                Token::Element(token) => TokenRef::Element(token.cast().as_mut()),
                Token::EndTag(token) => TokenRef::EndTag(token.cast().as_mut()),
                Token::Comment(token) => TokenRef::Comment(token.cast().as_mut()),
                Token::Text(token) => TokenRef::Text(token.cast().as_mut()),
                Token::Doctype(token) => TokenRef::Doctype(token.cast().as_mut()),
                Token::End(token) => TokenRef::End(token.cast().as_mut()),
            }
        })
    }

    /// Writes a piece of the content that was asked for; false where it is not UTF-8.
    pub(super) fn write_content(&mut self, piece: &[u8], kind: ContentType) -> bool {
        let State::Waiting(_, Call::Content(_, sink)) = &mut self.state else { return true };
        // SAFETY: as in `token`.
        #[expect(unsafe_code, reason = "a reference of another stack")]
        let sink: &mut StreamingHandlerSink<'_> = unsafe { sink.as_mut() };
        sink.write_utf8_chunk(piece, kind).is_ok()
    }

    /// What came out since this was last asked.
    pub(super) fn take_output(&mut self) -> Vec<u8> {
        self.output.take()
    }

    pub(super) fn output_length(&self) -> usize {
        self.output.borrow().len()
    }

    pub(super) fn take_released(&self) -> Vec<u32> {
        self.gate.take_released()
    }

    /// Content that is asked for by its number when it is its turn.
    pub(super) fn streamed(&self, number: u32) -> Box<dyn StreamingHandler + Send + 'static> {
        Box::new(Streamed(self.number(number)))
    }

    /// The handler of this number for an end tag.
    pub(super) fn end_tag_handler(&self, number: u32) -> lol_html::EndTagHandler<'static> {
        let number = self.number(number);
        Box::new(move |tag| number.gate.handler(number.number, Token::EndTag(NonNull::from(tag).cast())))
    }

    fn number(&self, number: u32) -> Number {
        Number { gate: Arc::clone(&self.gate), number }
    }
}

impl Drop for Rewriting {
    fn drop(&mut self) {
        self.stop();
    }
}

fn message(error: &RewritingError) -> String {
    error.to_string()
}

/// A handler for each kind of token, which has the number called.
pub(super) mod handlers {
    use super::{Arc, Comment, Doctype, DocumentEnd, Element, Gate, HandlerResult, NonNull, TextChunk, Token};

    pub(in super::super) fn element(
        gate: &Arc<Gate>,
        number: u32,
    ) -> impl FnMut(&mut Element<'_, '_>) -> HandlerResult + 'static {
        let gate = Arc::clone(gate);
        move |token| gate.handler(number, Token::Element(NonNull::from(token).cast()))
    }

    pub(in super::super) fn comment(
        gate: &Arc<Gate>,
        number: u32,
    ) -> impl FnMut(&mut Comment<'_>) -> HandlerResult + 'static {
        let gate = Arc::clone(gate);
        move |token| gate.handler(number, Token::Comment(NonNull::from(token).cast()))
    }

    pub(in super::super) fn text(
        gate: &Arc<Gate>,
        number: u32,
    ) -> impl FnMut(&mut TextChunk<'_>) -> HandlerResult + 'static {
        let gate = Arc::clone(gate);
        move |token| gate.handler(number, Token::Text(NonNull::from(token).cast()))
    }

    pub(in super::super) fn doctype(
        gate: &Arc<Gate>,
        number: u32,
    ) -> impl FnMut(&mut Doctype<'_>) -> HandlerResult + 'static {
        let gate = Arc::clone(gate);
        move |token| gate.handler(number, Token::Doctype(NonNull::from(token).cast()))
    }

    pub(in super::super) fn end(
        gate: &Arc<Gate>,
        number: u32,
    ) -> impl FnOnce(&mut DocumentEnd<'_>) -> HandlerResult + 'static {
        let gate = Arc::clone(gate);
        move |token| gate.handler(number, Token::End(NonNull::from(token).cast()))
    }
}

#[cfg(test)]
mod tests;
