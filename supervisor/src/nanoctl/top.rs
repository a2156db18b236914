//! `nanoctl top`: the apps, live. One thread asks the nano that runs at each interval; this one draws and reads keys.

mod rates;
mod screen;
mod table;

use std::io::{self, IsTerminal};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::time::Duration;

use ratatui::crossterm::event::{self, Event, KeyEventKind};
use serde_json::{Value, json};

use super::command_line::Cli;
use super::show;
use super::{CommandFailure, client, json_of, print};
use crate::control::top::ServerSample;
use rates::{Rates, rates};
use screen::{Screen, Then};

/// How long a key press waits for this thread at most.
const KEYS: Duration = Duration::from_millis(100);

/// Samples on their way from the asking thread.
const SAMPLES: usize = 2;

/// Shows the apps until the user ends it, or what happened in one interval.
pub(super) fn run(cli: &Cli, interval: Duration, once: bool) -> Result<(), CommandFailure> {
    // Whatever is wrong with the socket is told before the screen is taken.
    let client = client(cli)?;
    let first = sample(json_of(client.get("/top")?)?)?;
    if once || cli.json || !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        pause(interval);
        let second = sample(json_of(client.get("/top")?)?)?;
        let rates = rates(&first, &second);
        return print(
            cli,
            &json!({ "interval_ms": second.uptime_ms.saturating_sub(first.uptime_ms), "apps": rates }),
            |_| show::table(&table::lines(&rates)),
        );
    }
    let (sender, samples) = mpsc::sync_channel(SAMPLES);
    // It ends with the process.
    std::thread::Builder::new().spawn(move || ask(&client, interval, &sender))?;
    let mut terminal = ratatui::try_init()?;
    let ended = live(&mut terminal, first, &samples);
    ratatui::restore();
    Ok(ended?)
}

#[expect(clippy::disallowed_methods, reason = "its thread has nothing else to do")]
fn pause(interval: Duration) {
    std::thread::sleep(interval);
}

/// Asks at each interval, until nobody wants to know any more.
fn ask(client: &super::Client, interval: Duration, to: &SyncSender<Result<ServerSample, String>>) {
    loop {
        pause(interval);
        let asked = client.get("/top").map_err(CommandFailure::from).and_then(json_of).and_then(sample);
        let told = asked.map_err(|failure| super::text_of(&failure.error));
        if to.send(told).is_err() {
            return;
        }
    }
}

fn sample(body: Value) -> Result<ServerSample, CommandFailure> {
    serde_json::from_value(body).map_err(|error| {
        CommandFailure::new(nano_protocol::ExitCode::Failed, &format_args!("not what `top` reads: {error}"))
    })
}

fn live(
    terminal: &mut ratatui::DefaultTerminal,
    first: ServerSample,
    samples: &Receiver<Result<ServerSample, String>>,
) -> io::Result<()> {
    let mut screen = Screen::new(first);
    loop {
        terminal.draw(|frame| screen.draw(frame))?;
        if event::poll(KEYS)? {
            let read = event::read()?;
            if let Event::Key(key) = read
                && key.kind != KeyEventKind::Release
                && screen.press(key) == Then::End
            {
                return Ok(());
            }
        }
        for told in samples.try_iter() {
            screen.take(told);
        }
    }
}

impl Rates {
    /// Whether a word that the user typed is in its name or its state.
    fn has(&self, word: &str) -> bool {
        self.name.contains(word) || self.state.contains(word)
    }
}
