//! One field of a cron expression: what it may hold, and the same as a plain list of numbers.

use super::Fault;
use crate::error::quote;

/// What a field may hold.
#[derive(Clone, Copy)]
pub(super) struct FieldRule {
    /// In messages.
    name: &'static str,
    min: u8,
    max: u8,
    /// Those of the numbers from `min`.
    names: &'static [&'static str],
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    /// Takes `L`, `LW` and `15W`.
    DayOfMonth,
    /// Takes `L`, `FRIL` and `FRI#2`.
    DayOfWeek,
}

const MONTHS: &[&str] = &["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: &[&str] = &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

pub(super) const MINUTE: FieldRule = FieldRule { name: "minute", min: 0, max: 59, names: &[], kind: Kind::Plain };
pub(super) const HOUR: FieldRule = FieldRule { name: "hour", min: 0, max: 23, names: &[], kind: Kind::Plain };
pub(super) const DAY_OF_MONTH: FieldRule =
    FieldRule { name: "day of the month", min: 1, max: 31, names: &[], kind: Kind::DayOfMonth };
pub(super) const MONTH: FieldRule = FieldRule { name: "month", min: 1, max: 12, names: MONTHS, kind: Kind::Plain };
/// 1 is Sunday, as in Quartz and unlike in crontab(5).
pub(super) const DAY_OF_WEEK: FieldRule =
    FieldRule { name: "day of the week", min: 1, max: 7, names: WEEKDAYS, kind: Kind::DayOfWeek };

impl FieldRule {
    /// The field as `croner` takes it: `*`, a list of numbers in order, or one day with its sign; days of the week from 0, Sunday.
    pub(super) fn plain(self, field: &str) -> Result<String, Fault> {
        if field == "*" {
            return Ok("*".to_owned());
        }
        if let Some(special) = self.special(field)? {
            return Ok(special);
        }
        let mut set = 0_u64;
        for item in field.split(',') {
            set |= self.item(item, field)?;
        }
        let numbers = (self.min..=self.max).filter(|number| set & (1 << number) != 0);
        Ok(numbers.map(|number| self.as_plain(number).to_string()).collect::<Vec<_>>().join(","))
    }

    fn as_plain(self, number: u8) -> u8 {
        if self.kind == Kind::DayOfWeek { number.saturating_sub(1) } else { number }
    }

    /// What stands alone in its field.
    fn special(self, field: &str) -> Result<Option<String>, Fault> {
        let alone = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match self.kind {
            Kind::DayOfMonth if matches!(field, "L" | "LW") => Ok(Some(field.to_owned())),
            Kind::DayOfMonth if field.starts_with("L-") => {
                Err((format!("{}: nano has no offsets from the last day", self.name), None))
            }
            Kind::DayOfMonth => match field.strip_suffix('W').filter(|day| alone(day)) {
                Some(day) => Ok(Some(format!("{}W", self.number(day, field)?))),
                None => Ok(None),
            },
            // The last day of a week.
            Kind::DayOfWeek if field == "L" => Ok(Some("6".to_owned())),
            Kind::DayOfWeek => {
                if let Some((day, nth)) = field.split_once('#') {
                    let day = self.as_plain(self.number(day, field)?);
                    return match digits(nth) {
                        Some(nth @ 1..=5) => Ok(Some(format!("{day}#{nth}"))),
                        _ => Err((format!("{}: after `#` is a number from 1 to 5", self.name), None)),
                    };
                }
                match field.strip_suffix('L').filter(|day| alone(day)) {
                    Some(day) => Ok(Some(format!("{}#L", self.as_plain(self.number(day, field)?)))),
                    None => Ok(None),
                }
            }
            Kind::Plain => Ok(None),
        }
    }

    /// The numbers of one item of a list, as bits: `5`, `5-8`, `*/2`, `5/2`, `5-8/2`. A range may go beyond the end: `22-2`.
    fn item(self, item: &str, field: &str) -> Result<u64, Fault> {
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(self.step(step)?)),
            None => (item, None),
        };
        let (start, end) = match (range, range.split_once('-')) {
            ("*", _) if step.is_some() => (self.min, self.max),
            ("*", _) => {
                let message =
                    format!("{}: `*` is every one, so nothing stands beside it: \"{}\"", self.name, quote(field));
                return Err((message, None));
            }
            (_, Some((start, end))) => (self.number(start, field)?, self.number(end, field)?),
            (start, None) => {
                let start = self.number(start, field)?;
                (start, if step.is_some() { self.max } else { start })
            }
        };
        let (last, beyond) = if start <= end { (end, None) } else { (self.max, Some(self.min..=end)) };
        let numbers = (start..=last).chain(beyond.into_iter().flatten()).step_by(usize::from(step.unwrap_or(1)));
        Ok(numbers.fold(0, |set, number| set | (1 << number)))
    }

    fn step(self, text: &str) -> Result<u8, Fault> {
        let most = self.max - self.min;
        let step = digits(text).filter(|step| (1..=most).contains(step));
        step.ok_or_else(|| {
            let message = format!("{}: after `/` is a number from 1 to {most}, found \"{}\"", self.name, quote(text));
            (message, None)
        })
    }

    fn number(self, text: &str, field: &str) -> Result<u8, Fault> {
        let named = self.names.iter().position(|name| name.eq_ignore_ascii_case(text));
        let named = named.and_then(|at| u8::try_from(at).ok()).map(|at| self.min + at);
        let number = named.or_else(|| digits(text)).filter(|number| (self.min..=self.max).contains(number));
        number.ok_or_else(|| self.no_number(text, field))
    }

    fn no_number(self, text: &str, field: &str) -> Fault {
        let range = match (self.names.first(), self.names.last()) {
            (Some(first), Some(last)) => format!("{first} to {last} or {} to {}", self.min, self.max),
            _ => format!("{} to {}", self.min, self.max),
        };
        let within = if text == field { String::new() } else { format!(" in \"{}\"", quote(field)) };
        let message = format!("{}: expected {range}, found \"{}\"{within}", self.name, quote(text));
        let suggestion = match (self.kind, digits(text)) {
            (Kind::DayOfWeek, Some(0)) => Some("Sunday is 1, as on Cloudflare, or SUN".to_owned()),
            _ if field.contains('?') => Some("write `*` for every one".to_owned()),
            (Kind::DayOfMonth | Kind::DayOfWeek, None) if field.contains(['L', 'W', '#']) => {
                Some("`L`, `W` and `#` stand alone in their field".to_owned())
            }
            _ => None,
        };
        (message, suggestion)
    }
}

/// A number of digits alone.
fn digits(text: &str) -> Option<u8> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}
