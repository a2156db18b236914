//! `trusted_proxies`.

use crate::json::Value;
use crate::schema;
use crate::trusted_proxies::{self, TrustedProxies};
use crate::validate::read::Object;
use crate::validate::report::Report;

pub(super) fn read(report: &mut Report<'_>, top: &Object<'_>) -> TrustedProxies {
    let Some((node, path)) = top.node(&schema::TRUSTED_PROXIES) else { return TrustedProxies::default() };
    let Value::Array(items) = &node.value else {
        let suggestion = matches!(node.value, Value::String(_)).then(|| "put it into `[ ]`".to_owned());
        report.wrong_type(node, &path, &schema::TRUSTED_PROXIES, suggestion);
        return TrustedProxies::default();
    };
    if items.is_empty() {
        // It might be meant to refuse every PROXY header, or to be no list at all.
        let suggestion = Some("leave the key out to trust nobody".to_owned());
        report.fault(node.span, &path, "the list must not be empty", suggestion);
    }
    let mut entries = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let path = path.item(index);
        match &item.value {
            Value::String(text) => match trusted_proxies::entry(text) {
                Ok(entry) => entries.push(entry),
                Err((message, suggestion)) => report.fault(item.span, &path, message, suggestion),
            },
            _ => report.wrong_type_of(item, &path, "a CIDR range or \"unix\"", None),
        }
    }
    TrustedProxies::of(entries.into_iter())
}
