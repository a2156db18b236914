//! `_headers`: headers of responses that are made of files, by their paths.

use std::collections::HashSet;

use http::header;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::head_room::{HeadRoom, HeadTooLarge};
use super::path_rule::{PathRule, fill, longest_path};
use super::rule_file::{Faults, rule_lines};
use crate::hop_by_hop::is_hop_by_hop;
use crate::request_id::X_REQUEST_ID;

/// Most paths with headers.
const MAX_RULES: usize = 100;

/// Most headers that they set together.
const MAX_HEADERS: usize = 1000;

/// Most of one path: more would find no room in any response.
const MAX_OF_PATH: usize = 200;

/// The rules of one app.
#[derive(Debug, Default)]
pub(super) struct HeaderRules(Vec<Rule>);

#[derive(Debug)]
struct Rule {
    path: PathRule,
    set: Vec<(HeaderName, String)>,
    unset: Vec<HeaderName>,
}

impl HeaderRules {
    pub(super) fn parse(text: &str) -> (Self, Faults) {
        let (mut rules, mut faults) = (Self::default(), Faults::default());
        let mut headers = 0;
        // Of a faulty path, the headers are not reported too.
        let mut skip = false;
        for (line, text) in rule_lines(text, &mut faults) {
            if text.starts_with('/') || text.starts_with("https://") || text.starts_with("http://") {
                skip = true;
                match PathRule::parse(text) {
                    Ok(_) if rules.0.len() >= MAX_RULES => {
                        faults.refuse(line, format!("there are more than {MAX_RULES} paths"));
                    }
                    Ok(path) => {
                        rules.0.push(Rule { path, set: Vec::new(), unset: Vec::new() });
                        skip = false;
                    }
                    Err(why) => faults.refuse(line, why),
                }
                continue;
            }
            headers += 1;
            match rules.0.last_mut() {
                _ if skip => {}
                None => faults.refuse(line, "a path comes before headers"),
                Some(_) if headers > MAX_HEADERS => {
                    faults.refuse(line, format!("there are more than {MAX_HEADERS} headers"));
                }
                Some(rule) => {
                    if let Err(why) = rule.add(text) {
                        faults.refuse(line, why);
                    }
                }
            }
        }
        (rules, faults.sorted())
    }

    /// Whether a path is not too long to be compared with all of them.
    pub(super) fn take(&self, path: &str) -> bool {
        path.len() <= longest_path(self.0.iter().filter(|rule| rule.path.is_pattern()).count())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets and removes headers of a response to a request for this host and path. After an error some are set.
    pub(super) fn apply(&self, host: &str, path: &str, headers: &mut HeaderMap) -> Result<(), HeadTooLarge> {
        let mut own = HashSet::new();
        let mut room = HeadRoom::beside(headers)?;
        for rule in &self.0 {
            let Some(names) = rule.path.matches(host, path) else { continue };
            for name in &rule.unset {
                headers.remove(name);
            }
            for (name, value) in &rule.set {
                let value = fill(value, &names, room.bytes()).ok_or(HeadTooLarge)?;
                room.take(name, &value)?;
                let Ok(value) = HeaderValue::try_from(value) else { continue };
                // What a rule above set is added to; what nano set is replaced.
                if own.insert(name) {
                    headers.insert(name.clone(), value);
                } else {
                    headers.try_append(name.clone(), value).map_err(|_| HeadTooLarge)?;
                }
            }
        }
        Ok(())
    }
}

impl Rule {
    fn add(&mut self, line: &str) -> Result<(), String> {
        if let Some(name) = line.strip_prefix('!') {
            self.unset.push(own_name(name.trim())?);
            return Ok(());
        }
        let (name, value) = line.split_once(':').ok_or("expected `Name: value`, or `! Name`")?;
        let (name, value) = (own_name(name.trim())?, value.trim());
        if value.is_empty() {
            return Err("the header has no value".to_owned());
        }
        HeaderValue::from_str(value).map_err(|_| "the value has characters that no header may have")?;
        let is_full = self.set.len() >= MAX_OF_PATH;
        match self.set.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => {
                known.push_str(", ");
                known.push_str(value);
            }
            None if is_full => return Err(format!("the path has more than {MAX_OF_PATH} headers")),
            None => self.set.push((name, value.to_owned())),
        }
        Ok(())
    }
}

/// A name that an app may set: how a message is framed and nano's own are not among them.
fn own_name(name: &str) -> Result<HeaderName, String> {
    let name = HeaderName::try_from(name).map_err(|_| "this is no name of a header")?;
    let framing = [header::CONTENT_LENGTH, header::CONTENT_RANGE, header::CONTENT_ENCODING, header::CONNECTION];
    if framing.contains(&name) || is_hop_by_hop(&name) || name == X_REQUEST_ID {
        return Err(format!("{name} is not for an app to set"));
    }
    Ok(name)
}

#[cfg(test)]
mod tests;
