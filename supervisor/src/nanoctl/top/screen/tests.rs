//! What is drawn in terminals of several sizes, and what keys do.

#![allow(clippy::unwrap_used, reason = "tests")]
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::*;
use crate::control::top::NamedSample;
use crate::telemetry::AppSample;

fn sample(uptime_ms: u64, factor: u64) -> ServerSample {
    let app = |name: &str, state: &str, per_step: u64| NamedSample {
        name: name.to_owned(),
        state: state.to_owned(),
        workers: 1,
        counters: AppSample {
            answered: per_step * factor,
            in_flight: per_step,
            resident_bytes: (1000 - per_step) << 20,
            durations: vec![(Some(10.0), per_step * factor), (None, per_step * factor)],
            ..AppSample::default()
        },
    };
    let apps = vec![app("alpha", "ready", 1), app("beta", "crash loop", 300), app("gamma", "ready", 20)];
    ServerSample { uptime_ms, version: "1.2.3".to_owned(), apps }
}

fn screen() -> Screen {
    let mut screen = Screen::new(sample(1000, 1));
    screen.take(Ok(sample(2000, 2)));
    screen
}

fn drawn(screen: &mut Screen, width: u16, height: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| screen.draw(frame)).unwrap();
    let cells = terminal.backend().buffer().content.chunks(usize::from(width.max(1)));
    cells.map(|line| line.iter().map(|cell| cell.symbol()).collect::<String>().trim_end().to_owned()).collect()
}

fn press(screen: &mut Screen, keys: &str) -> Then {
    keys.chars().map(|char| screen.press(KeyEvent::from(KeyCode::Char(char)))).last().unwrap()
}

/// The names of the rows, from above.
fn names(screen: &mut Screen) -> Vec<String> {
    let lines = drawn(screen, 100, 24);
    let rows = lines.iter().skip(2).map(|line| line.split(' ').next().unwrap().to_owned());
    rows.take_while(|name| !name.is_empty()).collect()
}

#[test]
fn a_table_with_what_happens() {
    let lines = drawn(&mut screen(), 120, 10);
    assert!(lines[0].starts_with("nano 1.2.3, up 2 s: 3 apps, 321 req/s, 321 in flight"), "{lines:?}");
    assert!(lines[1].starts_with("APP") && lines[1].contains("REQ/S") && lines[1].ends_with("RST"), "{lines:?}");
    assert!(lines[2].starts_with("beta") && lines[2].contains("crash loop") && lines[2].contains(" 300 "), "{lines:?}");
    assert!(lines[2].contains("5.0ms") && lines[2].contains("9.9ms") && lines[2].contains("700M"), "{lines:?}");
    assert!(lines[9].starts_with("q:end"), "{lines:?}");
}

#[test]
fn before_the_first_interval_and_in_any_size() {
    let mut first = Screen::new(sample(1000, 1));
    assert!(drawn(&mut first, 80, 24)[0].contains("0 apps"));
    for (width, height) in [(80, 24), (79, 5), (40, 10), (20, 4), (12, 3), (3, 2), (1, 1)] {
        let lines = drawn(&mut screen(), width, height);
        assert_eq!(lines.len(), usize::from(height));
    }
    let narrow = drawn(&mut screen(), 40, 10);
    assert!(narrow[1].contains("REQ/S") && narrow[1].contains("P99") && !narrow[1].contains("BUFFER"), "{narrow:?}");
    assert!(narrow[2].starts_with("beta"), "{narrow:?}");
}

#[test]
fn keys_sort_filter_pause_and_end() {
    let mut screen = screen();
    assert_eq!(names(&mut screen), ["beta", "gamma", "alpha"]);
    press(&mut screen, "r");
    assert_eq!(names(&mut screen), ["alpha", "gamma", "beta"]);
    press(&mut screen, "n");
    assert_eq!(names(&mut screen), ["alpha", "beta", "gamma"]);
    press(&mut screen, "m");
    assert_eq!(names(&mut screen), ["alpha", "gamma", "beta"]);
    assert_eq!(press(&mut screen, "/amq"), Then::GoOn);
    screen.press(KeyEvent::from(KeyCode::Backspace));
    screen.press(KeyEvent::from(KeyCode::Enter));
    assert_eq!(names(&mut screen), ["gamma"]);
    screen.press(KeyEvent::from(KeyCode::Esc));
    assert_eq!(names(&mut screen).len(), 3);

    press(&mut screen, " ");
    screen.take(Ok(sample(3000, 102)));
    assert!(
        drawn(&mut screen, 100, 24)[0].starts_with("PAUSED") && drawn(&mut screen, 100, 24)[0].contains("321 req/s")
    );
    press(&mut screen, "p");
    screen.take(Ok(sample(4000, 104)));
    assert!(drawn(&mut screen, 100, 24)[0].contains("642 req/s"), "of the last interval alone");

    screen.take(Err("no nano\u{1b}[2J answers".to_owned()));
    let lines = drawn(&mut screen, 100, 24);
    assert!(lines[23].starts_with("no nano") && !lines[23].contains('\u{1b}'), "{lines:?}");
    screen.take(Ok(sample(100, 1)));
    assert!(drawn(&mut screen, 100, 24)[23].starts_with("q:end"));

    assert_eq!(press(&mut screen, "q"), Then::End);
    assert_eq!(screen.press(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)), Then::End);
}

#[test]
fn rows_beyond_the_screen_are_scrolled_to() {
    let mut screen = screen();
    let first = |screen: &mut Screen| drawn(screen, 60, 4)[2].split(' ').next().unwrap().to_owned();
    assert_eq!(first(&mut screen), "beta");
    press(&mut screen, "j");
    assert_eq!(first(&mut screen), "gamma");
    screen.press(KeyEvent::from(KeyCode::End));
    assert_eq!(first(&mut screen), "alpha");
    press(&mut screen, "jjj");
    assert_eq!(first(&mut screen), "alpha");
    press(&mut screen, "k");
    assert_eq!(first(&mut screen), "gamma");
}
