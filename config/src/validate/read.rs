//! Typed reading of the keys of one object; every wrong value is reported.

use crate::json::number::Decimal;
use crate::json::{Member, Node, Span, Value};
use crate::megabytes::Megabytes;
use crate::schema::{Key, Level, MAX_MB, ValueKind};
use crate::suggest;
use crate::validate::report::{KeyPath, Report, describe};

/// The value of a key that takes `true`, `false` or a word.
pub(crate) enum FlagOrWord {
    Flag(bool),
    Word,
}

/// An object whose keys are all known.
pub(crate) struct Object<'n> {
    members: &'n [Member],
    /// Of the whole object.
    pub(crate) span: Span,
    pub(crate) path: KeyPath,
}

impl<'n> Object<'n> {
    /// Reports the unknown keys. `None`, reported too, when the value is no object.
    pub(crate) fn open(
        report: &mut Report<'_>,
        node: &'n Node,
        path: KeyPath,
        level: &Level,
        otherwise: &str,
    ) -> Option<Self> {
        let Value::Object(members) = &node.value else {
            report.fault(node.span, &path, format!("{otherwise}, found {}", describe(node)), None);
            return None;
        };
        for member in members.iter().filter(|member| !level.has(&member.key)) {
            let suggestion = suggest::for_key(&member.key, level);
            report.fault(member.key_span, &path.key(&member.key), "unknown key", suggestion);
        }
        Some(Self { members, span: node.span, path })
    }

    /// An object whose keys were checked already.
    pub(super) fn of(members: &'n [Member], span: Span, path: KeyPath) -> Self {
        Self { members, span, path }
    }

    /// The value of a key and the path to it. The first where the key is there twice.
    pub(crate) fn node(&self, key: &Key) -> Option<(&'n Node, KeyPath)> {
        let member = self.members.iter().find(|member| member.key == key.name)?;
        Some((&member.value, self.path.key(key.name)))
    }

    /// Every key that is there, and where.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&'n str, Span)> {
        self.members.iter().map(|member| (member.key.as_str(), member.key_span))
    }

    /// The span of a key that is there.
    pub(crate) fn key_span(&self, key: &Key) -> Option<Span> {
        self.members.iter().find(|member| member.key == key.name).map(|member| member.key_span)
    }

    pub(crate) fn text(&self, report: &mut Report<'_>, key: &Key) -> Option<(&'n str, &'n Node, KeyPath)> {
        let (node, path) = self.node(key)?;
        if let Value::String(text) = &node.value {
            return Some((text, node, path));
        }
        report.wrong_type(node, &path, key, None);
        None
    }

    pub(crate) fn whole(&self, report: &mut Report<'_>, key: &Key) -> Option<u64> {
        let (node, path) = self.node(key)?;
        let ValueKind::Whole { min, max, .. } = key.kind else { return None };
        let Value::Number(text) = &node.value else {
            report.wrong_type(node, &path, key, unquoted_number(node));
            return None;
        };
        let value = Decimal::parse(text).and_then(Decimal::whole).filter(|value| (min..=max).contains(value));
        if value.is_none() {
            report.wrong_type(node, &path, key, None);
        }
        value
    }

    pub(crate) fn whole_or_default(&self, report: &mut Report<'_>, key: &Key) -> u64 {
        self.whole(report, key).unwrap_or_else(|| key.default_whole())
    }

    pub(crate) fn megabytes(&self, report: &mut Report<'_>, key: &Key) -> Option<Megabytes> {
        let (node, path) = self.node(key)?;
        let ValueKind::Megabytes { zero, .. } = key.kind else { return None };
        let Value::Number(text) = &node.value else {
            report.wrong_type(node, &path, key, unquoted_number(node));
            return None;
        };
        let is_zero = Decimal::parse(text).is_some_and(Decimal::is_zero);
        let size = Megabytes::from_json(text).filter(|size| size.bytes() <= u64::from(MAX_MB) << 20);
        match size {
            Some(size) if size.bytes() > 0 || (is_zero && zero) => Some(size),
            Some(_) if !is_zero => {
                report.fault(node.span, &path, format!("less than one byte: {text} MB"), None);
                None
            }
            _ => {
                report.wrong_type(node, &path, key, None);
                None
            }
        }
    }

    /// The flag, or its default.
    pub(crate) fn flag(&self, report: &mut Report<'_>, key: &Key) -> bool {
        let Some((node, path)) = self.node(key) else { return key.default_flag() };
        if let Value::Bool(flag) = node.value {
            return flag;
        }
        let suggestion = match &node.value {
            Value::String(text) if text == "true" || text == "false" => Some(format!("write {text} without quotes")),
            _ => None,
        };
        report.wrong_type(node, &path, key, suggestion);
        key.default_flag()
    }

    pub(crate) fn flag_or_word(&self, report: &mut Report<'_>, key: &Key) -> FlagOrWord {
        let ValueKind::FlagOrWord { word, .. } = key.kind else { return FlagOrWord::Flag(false) };
        match self.node(key) {
            Some((Node { value: Value::String(text), .. }, _)) if text == word => FlagOrWord::Word,
            Some((node @ Node { value: Value::String(text), .. }, path)) if text != "true" && text != "false" => {
                let near = suggest::nearest(text, [word].into_iter());
                report.wrong_type(node, &path, key, near.map(|word| format!("did you mean \"{word}\"?")));
                FlagOrWord::Flag(key.default_flag())
            }
            _ => FlagOrWord::Flag(self.flag(report, key)),
        }
    }

    pub(crate) fn choice(&self, report: &mut Report<'_>, key: &Key) -> Option<&'static str> {
        let (node, path) = self.node(key)?;
        let ValueKind::Choice { words, .. } = key.kind else { return None };
        let Value::String(text) = &node.value else {
            report.wrong_type(node, &path, key, None);
            return None;
        };
        let word = words.iter().copied().find(|word| word == text);
        if word.is_none() {
            let near = suggest::nearest(text, words.iter().copied());
            report.wrong_type(node, &path, key, near.map(|word| format!("did you mean \"{word}\"?")));
        }
        word
    }
}

/// For a number in quotes.
fn unquoted_number(node: &Node) -> Option<String> {
    match &node.value {
        Value::String(text)
            if !text.is_empty() && text.len() < 16 && text.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            Some(format!("write {text} without quotes"))
        }
        _ => None,
    }
}
