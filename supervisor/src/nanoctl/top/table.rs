//! The columns: what they show, how they are sorted, and which have room.

use std::cmp::Ordering;

use serde_json::Value;

use super::rates::Rates;
use crate::nanoctl::show;

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Name,
    State,
    Requests,
    Errors,
    P50,
    P99,
    InFlight,
    Cpu,
    Memory,
    Buffered,
    Overflows,
    Restarts,
}

impl Column {
    /// In the order in which they are shown.
    pub(super) const ALL: [Self; 12] = [
        Self::Name,
        Self::State,
        Self::Requests,
        Self::Errors,
        Self::P50,
        Self::P99,
        Self::InFlight,
        Self::Cpu,
        Self::Memory,
        Self::Buffered,
        Self::Overflows,
        Self::Restarts,
    ];

    /// Where there is no room for all, the last of these go first.
    const BY_IMPORTANCE: [Self; 12] = [
        Self::Name,
        Self::Requests,
        Self::P99,
        Self::Cpu,
        Self::Memory,
        Self::InFlight,
        Self::P50,
        Self::Restarts,
        Self::Overflows,
        Self::Buffered,
        Self::State,
        Self::Errors,
    ];

    pub(super) fn heading(self) -> &'static str {
        match self {
            Self::Name => "APP",
            Self::State => "STATE",
            Self::Requests => "REQ/S",
            Self::Errors => "5XX/S",
            Self::P50 => "P50",
            Self::P99 => "P99",
            Self::InFlight => "INFL",
            Self::Cpu => "CPU%",
            Self::Memory => "MEM",
            Self::Buffered => "BUFFER",
            Self::Overflows => "OVFL",
            Self::Restarts => "RST",
        }
    }

    /// The key that sorts by it.
    pub(super) fn key(self) -> char {
        match self {
            Self::Name => 'n',
            Self::State => 's',
            Self::Requests => 'r',
            Self::Errors => 'e',
            Self::P50 => '5',
            Self::P99 => '9',
            Self::InFlight => 'i',
            Self::Cpu => 'c',
            Self::Memory => 'm',
            Self::Buffered => 'b',
            Self::Overflows => 'o',
            Self::Restarts => 'x',
        }
    }

    /// Of its cells; the name's is the least.
    pub(super) fn width(self) -> u16 {
        match self {
            Self::Name => 12,
            Self::State => 11,
            Self::Requests | Self::Memory | Self::Buffered => 7,
            Self::Errors | Self::P50 | Self::P99 | Self::Cpu => 6,
            Self::InFlight | Self::Overflows => 5,
            Self::Restarts => 4,
        }
    }

    /// Text is aligned to the left, numbers to the right.
    pub(super) fn is_text(self) -> bool {
        matches!(self, Self::Name | Self::State)
    }

    pub(super) fn cell(self, rates: &Rates) -> String {
        match self {
            Self::Name => rates.name.clone(),
            Self::State => rates.state.clone(),
            Self::Requests => number(rates.requests_per_second),
            Self::Errors => number(rates.errors_per_second),
            Self::P50 => time(rates.p50_ms),
            Self::P99 => time(rates.p99_ms),
            Self::InFlight => rates.in_flight.to_string(),
            Self::Cpu => number(rates.cpu_percent),
            Self::Memory => size(rates.memory_bytes),
            Self::Buffered => size(rates.buffered_bytes),
            Self::Overflows => rates.overflows.to_string(),
            Self::Restarts => rates.restarts.to_string(),
        }
    }

    /// Words from A, numbers from the largest.
    pub(super) fn compare(self, one: &Rates, other: &Rates) -> Ordering {
        let numbers = |value: &dyn Fn(&Rates) -> f64| value(other).total_cmp(&value(one));
        match self {
            Self::Name => one.name.cmp(&other.name),
            Self::State => one.state.cmp(&other.state),
            Self::Requests => numbers(&|rates| rates.requests_per_second),
            Self::Errors => numbers(&|rates| rates.errors_per_second),
            Self::P50 => numbers(&|rates| rates.p50_ms.unwrap_or(-1.0)),
            Self::P99 => numbers(&|rates| rates.p99_ms.unwrap_or(-1.0)),
            Self::InFlight => other.in_flight.cmp(&one.in_flight),
            Self::Cpu => numbers(&|rates| rates.cpu_percent),
            Self::Memory => other.memory_bytes.cmp(&one.memory_bytes),
            Self::Buffered => other.buffered_bytes.cmp(&one.buffered_bytes),
            Self::Overflows => other.overflows.cmp(&one.overflows),
            Self::Restarts => other.restarts.cmp(&one.restarts),
        }
    }

    /// Those that fit, with a space between two.
    pub(super) fn that_fit(width: u16) -> Vec<Self> {
        let mut room = width;
        let mut fitting = Vec::new();
        for column in Self::BY_IMPORTANCE {
            let taken = column.width() + u16::from(!fitting.is_empty());
            match room.checked_sub(taken) {
                Some(left) => {
                    room = left;
                    fitting.push(column);
                }
                None => break,
            }
        }
        // The name is there, however little of it.
        if fitting.is_empty() {
            fitting.push(Self::Name);
        }
        Self::ALL.into_iter().filter(|column| fitting.contains(column)).collect()
    }
}

/// The table as text, with its heading.
pub(super) fn lines(all: &[Rates]) -> Vec<Vec<String>> {
    let heading = Column::ALL.map(|column| column.heading().to_owned()).to_vec();
    let rows = all.iter().map(|rates| Column::ALL.map(|column| column.cell(rates)).to_vec());
    std::iter::once(heading).chain(rows).collect()
}

fn number(value: f64) -> String {
    if value < 9.95 { format!("{value:.1}") } else { format!("{value:.0}") }
}

fn time(ms: Option<f64>) -> String {
    match ms {
        None => "-".to_owned(),
        Some(ms) if ms < 9.95 => format!("{ms:.1}ms"),
        Some(ms) if ms < 999.5 => format!("{ms:.0}ms"),
        Some(ms) => format!("{:.1}s", ms / 1000.0),
    }
}

/// As everywhere in `nanoctl`, and short.
fn size(bytes: u64) -> String {
    let text = show::bytes(&Value::from(bytes));
    let (number, unit) = text.split_once(' ').unwrap_or((&text, ""));
    format!("{}{}", number.strip_suffix(".0").unwrap_or(number), unit.get(..1).unwrap_or_default())
}

#[cfg(test)]
mod tests;
