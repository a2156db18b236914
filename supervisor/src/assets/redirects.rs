//! `_redirects`: paths that lead elsewhere, or to another file.

use std::collections::HashMap;

use url::Url;

use super::head_room::HeadTooLarge;
use super::path_rule::{PathRule, longest_path};
use super::pattern::Names;
use super::redirect_target::{Led, Target};
use super::rule_file::{Faults, MAX_LINE, rule_lines};

/// Most lines without `*` and `:name`.
const MAX_STATIC: usize = 2000;

/// Most others, and lines after the first of them.
const MAX_DYNAMIC: usize = 100;

/// The rules of one app.
#[derive(Debug, Default)]
pub(super) struct Redirects {
    exact: HashMap<String, Target>,
    others: Vec<(PathRule, Target)>,
}

impl Redirects {
    /// `strips`: `html_handling` takes `/index.html` off paths.
    pub(super) fn parse(text: &str, strips: bool) -> (Self, Faults) {
        let (mut redirects, mut faults) = (Self::default(), Faults::default());
        for (line, rule) in rule_lines(text, &mut faults) {
            match redirects.add(rule, strips) {
                Ok(None) => {}
                Ok(Some(ignored)) => faults.warn(line, ignored),
                Err(wrong) => faults.refuse(line, wrong),
            }
        }
        (redirects, faults.sorted())
    }

    /// `Ok(Some(…))`: why it is ignored, as wrangler ignores it.
    fn add(&mut self, line: &str, strips: bool) -> Result<Option<&'static str>, String> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let (from, to, status) = match words.as_slice() {
            [from, to] => (*from, *to, "302"),
            [from, to, status] => (*from, *to, *status),
            _ => {
                return Err(format!(
                    "expected a path, where it leads and perhaps a status, found {} words",
                    words.len()
                ));
            }
        };
        if !from.starts_with('/') {
            return Err("the first path begins with `/`".to_owned());
        }
        let rule = PathRule::parse(from)?;
        let status = match status {
            "200" | "301" | "302" | "303" | "307" | "308" => status.parse().unwrap_or(302),
            _ => return Err(format!("the status is 200, 301, 302, 303, 307 or 308, found {:?}", shorten(status))),
        };
        let target = Target::parse(to, status, &rule)?;
        let is_index = |path: &str| path.ends_with("/index") || path.ends_with("/index.html");
        if strips && target.is_within() && is_index(to) && (from.ends_with('/') || from.ends_with("/*")) {
            return Ok(Some("ignored: it would lead to itself, since `/index.html` is taken off paths"));
        }
        if target.is_within() && status != 200 && to.split('#').next() == Some(from.replace('*', ":splat").as_str()) {
            return Ok(Some("ignored: it would lead to itself"));
        }
        match rule.exact() {
            Some(path) if self.others.is_empty() => {
                if self.exact.contains_key(path) {
                    return Ok(Some("ignored: the path has a rule already"));
                }
                if self.exact.len() >= MAX_STATIC {
                    return Err(format!("there are more than {MAX_STATIC} lines without `*` and `:name`"));
                }
                self.exact.insert(path.to_owned(), target);
            }
            _ => {
                if self.others.iter().any(|(other, _)| *other == rule) {
                    return Ok(Some("ignored: the path has a rule already"));
                }
                if self.others.len() >= MAX_DYNAMIC {
                    let message = "lines with `*` or `:name`, or after the first of them";
                    return Err(format!("there are more than {MAX_DYNAMIC} {message}"));
                }
                self.others.push((rule, target));
            }
        }
        Ok(None)
    }

    /// Where a request for this URL leads, if there is a rule. One that leads to this very URL is no rule for it.
    pub(super) fn lead(&self, url: &Url) -> Result<Option<Led>, HeadTooLarge> {
        let path = url.path();
        if let Some(target) = self.exact.get(path) {
            return target.lead(url, &Names::new());
        }
        for (rule, target) in &self.others {
            let Some(names) = rule.matches(url.host_str().unwrap_or_default(), path) else { continue };
            if let Some(led) = target.lead(url, &names)? {
                return Ok(Some(led));
            }
        }
        Ok(None)
    }

    /// Whether a path is not too long to be compared with all of them.
    pub(super) fn take(&self, path: &str) -> bool {
        path.len() <= longest_path(self.others.iter().filter(|(rule, _)| rule.is_pattern()).count())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.others.is_empty()
    }
}

fn shorten(text: &str) -> String {
    text.chars().take(MAX_LINE.min(32)).collect()
}

#[cfg(test)]
mod tests;
