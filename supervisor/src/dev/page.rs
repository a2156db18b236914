//! What a browser shows while the project does not load.

/// Most text of faults in a page, in bytes: it is read by people.
const MAX_TEXT: usize = 256 * 1024;

/// The page for these faults. Their text comes from the project, and from packages.
pub(super) fn html(faults: &[String]) -> String {
    let mut left = MAX_TEXT;
    let shown = faults.iter().map_while(|fault| {
        left = left.checked_sub(fault.len())?;
        Some(format!("<pre>{}</pre>\n", escaped(fault)))
    });
    let faults: String = shown.collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>nano dev: the project does not load</title>\n\
         <style>body {{ font: 16px/1.5 system-ui, sans-serif; margin: 2rem; color-scheme: light dark }}\n\
         pre {{ font: 14px/1.4 ui-monospace, monospace; padding: 1rem; overflow: auto; border-left: 4px solid #c33 }}</style>\n\
         </head>\n<body>\n<h1>The project does not load</h1>\n{faults}<p>This page goes away with the next version that loads: \
         save the file, and reload.</p>\n</body>\n</html>\n"
    )
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(c),
            c if c.is_control() => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
