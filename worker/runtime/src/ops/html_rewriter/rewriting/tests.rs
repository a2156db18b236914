//! Handlers that stand still, contents, output, and rewriters that are given up.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::{ContentType, Rewriting, Stacks, Step, TokenRef, handlers};
use crate::engine::allocated::allocated;

fn on_paragraphs(stacks: &Stacks) -> Rewriting {
    Rewriting::new(stacks.clone(), |gate| {
        let element = lol_html::ElementContentHandlers::default().element(handlers::element(gate, 7));
        lol_html::Settings::new()
            .append_element_content_handler((std::borrow::Cow::Owned("p".parse().unwrap()), element))
    })
}

fn write(rewriting: &mut Rewriting, text: &str) -> Step {
    rewriting.write(Some(text.as_bytes().to_vec()))
}

#[test]
fn a_handler_stands_still_until_it_is_told_to_go_on() {
    let mut rewriting = on_paragraphs(&Stacks::default());
    assert!(matches!(write(&mut rewriting, "<b>x</b><p a=1>y<p>"), Step::Handler(7, _)));
    let Some(TokenRef::Element(element)) = rewriting.token() else { panic!("no element") };
    element.set_attribute("b", "2").unwrap();
    // What came before is out already.
    assert_eq!(rewriting.take_output(), b"<b>x</b>");
    assert!(matches!(rewriting.resume(), Step::Handler(7, _)));
    assert!(matches!(rewriting.resume(), Step::Done));
    assert!(rewriting.token().is_none());
    assert!(matches!(rewriting.resume(), Step::Failed(_)));
    assert!(matches!(rewriting.write(None), Step::Done));
    assert_eq!(rewriting.take_output(), b"<p a=1 b=\"2\">y<p>");
    assert!(matches!(write(&mut rewriting, "more"), Step::Failed(_)));
}

#[test]
fn contents_are_written_when_it_is_their_turn() {
    let mut rewriting = on_paragraphs(&Stacks::default());
    assert!(matches!(write(&mut rewriting, "<p>x</p>"), Step::Handler(7, _)));
    let (content, dropped) = (rewriting.streamed(3), rewriting.streamed(4));
    let Some(TokenRef::Element(element)) = rewriting.token() else { panic!("no element") };
    element.streaming_append(content);
    drop(dropped);
    assert_eq!(rewriting.take_released(), [4]);
    assert!(matches!(rewriting.resume(), Step::Content(3)));
    assert!(rewriting.token().is_none());
    assert!(rewriting.write_content("<\u{fc}".as_bytes(), ContentType::Text));
    assert!(!rewriting.write_content(&[0xff], ContentType::Text));
    assert!(matches!(rewriting.resume(), Step::Done));
    assert_eq!(rewriting.take_output(), "<p>x&lt;\u{fc}</p>".as_bytes());
    assert_eq!(rewriting.take_released(), [3]);
}

#[test]
fn the_output_is_bounded() {
    let mut rewriting = on_paragraphs(&Stacks::default());
    assert!(matches!(write(&mut rewriting, "<p>"), Step::Handler(7, _)));
    let Some(TokenRef::Element(element)) = rewriting.token() else { panic!("no element") };
    element.after("", ContentType::Text);
    element.before(&"<".repeat(1 << 18), ContentType::Text);
    let mut length = 0;
    let mut step = rewriting.resume();
    while let Step::Drain = step {
        let output = rewriting.take_output();
        assert!(output.len() < 2 * super::PIECE, "{}", output.len());
        length += output.len();
        step = rewriting.resume();
    }
    assert!(matches!(step, Step::Done));
    assert_eq!(length + rewriting.take_output().len(), (4 << 18) + 3);
}

/// Given up between two writes, in a handler, in a content, and with its output full: what it held is given back, and so
/// is its stack.
#[test]
fn one_that_is_given_up_leaves_nothing() {
    let stacks = Stacks::default();
    let give_up = |state: u32| {
        let mut rewriting = on_paragraphs(&stacks);
        assert!(matches!(write(&mut rewriting, "<b><p>x</p><p>y</p>"), Step::Handler(7, _)));
        let content = rewriting.streamed(3);
        let end = rewriting.end_tag_handler(4);
        if let Some(TokenRef::Element(element)) = rewriting.token() {
            element.end_tag_handlers().unwrap().push(end);
            match state {
                0 => element.streaming_before(content),
                1 => element.before(&"<".repeat(super::PIECE), ContentType::Text),
                _ => element.streaming_append(content),
            }
        }
        match state {
            0 => assert!(matches!(rewriting.resume(), Step::Content(3))),
            1 => assert!(matches!(rewriting.resume(), Step::Drain)),
            2 => assert!(matches!(rewriting.resume(), Step::Handler(4, _))),
            _ => {}
        }
        assert!(rewriting.waits());
        rewriting.stop();
        assert!(!rewriting.waits() && rewriting.token().is_none());
        assert!(matches!(rewriting.resume(), Step::Failed(_)));
    };
    // The stack, and what libraries keep for good.
    (0..4).for_each(give_up);
    let before = allocated();
    for _ in 0..50 {
        (0..4).for_each(give_up);
    }
    assert_eq!(allocated(), before);
    assert_eq!(stacks.0.borrow().len(), 1);
}

#[test]
fn what_the_library_finds_wrong_is_said() {
    let mut rewriting = on_paragraphs(&Stacks::default());
    let Step::Failed(message) = write(&mut rewriting, "<select><div><style></select></style>") else {
        panic!("no error")
    };
    assert!(message.contains("ambiguous"), "{message}");
    assert!(matches!(write(&mut rewriting, "x"), Step::Failed(_)));
}
