//! What is on the screen, and what keys change.

use ratatui::Frame;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::{Alignment, Constraint, Layout};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::{Cell, Paragraph, Row, Table};
use serde_json::Value;

use super::rates::{Rates, rates};
use super::table::Column;
use crate::control::top::ServerSample;
use crate::nanoctl::show;
use crate::printable;

/// Longest word to filter by.
const MAX_WORD: usize = 100;

/// What follows a key press.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    GoOn,
    End,
}

pub(super) struct Screen {
    last: ServerSample,
    /// `None` before there was a whole interval.
    shown: Option<Vec<Rates>>,
    sort: Column,
    reverse: bool,
    paused: bool,
    word: String,
    /// The word is being typed.
    typing: bool,
    /// Rows above the first that is shown.
    above: usize,
    /// Why there is nothing new.
    error: Option<String>,
}

impl Screen {
    pub(super) fn new(first: ServerSample) -> Self {
        Self {
            last: first,
            shown: None,
            sort: Column::Requests,
            reverse: false,
            paused: false,
            word: String::new(),
            typing: false,
            above: 0,
            error: None,
        }
    }

    /// A new sample, or why there is none. While it is paused, the intervals go on unseen.
    pub(super) fn take(&mut self, told: Result<ServerSample, String>) {
        match told {
            Ok(sample) => {
                self.error = None;
                if !self.paused {
                    self.shown = Some(rates(&self.last, &sample));
                }
                self.last = sample;
            }
            Err(error) => self.error = Some(error),
        }
    }

    pub(super) fn press(&mut self, key: KeyEvent) -> Then {
        let with_control = key.modifiers.contains(KeyModifiers::CONTROL);
        if with_control && matches!(key.code, KeyCode::Char('c' | 'd')) {
            return Then::End;
        }
        match key.code {
            KeyCode::Enter => self.typing = false,
            KeyCode::Esc if self.typing || !self.word.is_empty() => {
                self.typing = false;
                self.word.clear();
            }
            KeyCode::Backspace if self.typing => drop(self.word.pop()),
            KeyCode::Char(char) if self.typing && self.word.len() < MAX_WORD && !with_control => self.word.push(char),
            KeyCode::Char(_) if self.typing => {}
            KeyCode::Char('q') | KeyCode::Esc => return Then::End,
            KeyCode::Char('/') => self.typing = true,
            KeyCode::Char(' ' | 'p') => self.paused = !self.paused,
            KeyCode::Down | KeyCode::Char('j') => self.above = self.above.saturating_add(1),
            KeyCode::Up | KeyCode::Char('k') => self.above = self.above.saturating_sub(1),
            KeyCode::PageDown => self.above = self.above.saturating_add(10),
            KeyCode::PageUp => self.above = self.above.saturating_sub(10),
            KeyCode::Home => self.above = 0,
            KeyCode::End => self.above = usize::MAX,
            KeyCode::Char(char) => {
                if let Some(column) = Column::ALL.into_iter().find(|column| column.key() == char) {
                    self.reverse = column == self.sort && !self.reverse;
                    self.sort = column;
                }
            }
            _ => {}
        }
        Then::GoOn
    }

    /// The rows that the filter leaves, sorted; equals by name.
    fn rows(&self) -> Vec<&Rates> {
        let mut rows: Vec<&Rates> =
            self.shown.iter().flatten().filter(|rates| self.word.is_empty() || rates.has(&self.word)).collect();
        rows.sort_by(|one, other| {
            let order = self.sort.compare(one, other);
            let order = if self.reverse { order.reverse() } else { order };
            order.then_with(|| one.name.cmp(&other.name))
        });
        rows
    }

    pub(super) fn draw(&mut self, frame: &mut Frame<'_>) {
        let [top, middle, bottom] =
            Layout::vertical([Constraint::Length(1), Constraint::Min(0), Constraint::Length(1)]).areas(frame.area());
        let rows = self.rows();
        let room = usize::from(middle.height.saturating_sub(1));
        let above = self.above.min(rows.len().saturating_sub(room));
        let columns = Column::that_fit(middle.width);
        let body: Vec<Row<'_>> = rows.iter().skip(above).take(room).map(|rates| row(&columns, rates)).collect();
        let heading = Row::new(columns.iter().map(|column| self.heading(*column)));
        let widths = columns.iter().map(|column| match column {
            Column::Name => Constraint::Min(column.width()),
            other => Constraint::Length(other.width()),
        });
        let summary = self.summary(&rows);
        let table = Table::new(body, widths).header(heading.style(Style::new().add_modifier(Modifier::BOLD)));
        frame.render_widget(Paragraph::new(summary), top);
        frame.render_widget(table, middle);
        frame.render_widget(Paragraph::new(self.prompt()), bottom);
        self.above = above;
    }

    fn heading(&self, column: Column) -> Cell<'static> {
        let style = match column == self.sort {
            true => Style::new().add_modifier(Modifier::REVERSED),
            false => Style::new(),
        };
        cell(column, column.heading().to_owned()).style(style)
    }

    fn summary(&self, rows: &[&Rates]) -> Line<'static> {
        let sum = |value: &dyn Fn(&Rates) -> f64| rows.iter().map(|rates| value(rates)).sum::<f64>();
        let text = format!(
            "nano {}, up {}: {} apps, {:.0} req/s, {} in flight, CPU {:.0}%, {}",
            printable::line(&self.last.version),
            show::duration(&self.last.uptime_ms.into()),
            rows.len(),
            sum(&|rates| rates.requests_per_second),
            rows.iter().map(|rates| rates.in_flight).sum::<u64>(),
            sum(&|rates| rates.cpu_percent),
            show::bytes(&Value::from(rows.iter().map(|rates| rates.memory_bytes).sum::<u64>())),
        );
        let paused = self.paused.then(|| Span::styled("PAUSED ", Style::new().add_modifier(Modifier::REVERSED)));
        Line::from_iter(paused.into_iter().chain([Span::raw(text)]))
    }

    fn prompt(&self) -> Line<'static> {
        if let Some(error) = &self.error {
            return Line::styled(printable::line(error).into_owned(), Style::new().add_modifier(Modifier::REVERSED));
        }
        if self.typing || !self.word.is_empty() {
            let cursor = if self.typing { "_" } else { "" };
            return Line::raw(format!("/{}{cursor}  Esc: all", printable::line(&self.word)));
        }
        let keys: Vec<String> =
            Column::ALL.iter().map(|column| format!("{}:{}", column.key(), column.heading().to_lowercase())).collect();
        Line::raw(format!("q:end space:pause /:filter  sort {}", keys.join(" ")))
    }
}

/// A row; one of an app that is not well is marked.
fn row<'r>(columns: &[Column], rates: &Rates) -> Row<'r> {
    let is_well = matches!(rates.state.as_str(), "ready" | "idle" | "files" | "");
    let style = if is_well { Style::new() } else { Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED) };
    Row::new(columns.iter().map(|column| cell(*column, column.cell(rates))).collect::<Vec<_>>()).style(style)
}

fn cell(column: Column, text: String) -> Cell<'static> {
    let alignment = if column.is_text() { Alignment::Left } else { Alignment::Right };
    Cell::new(Text::raw(printable::line(&text).into_owned()).alignment(alignment))
}

#[cfg(test)]
mod tests;
