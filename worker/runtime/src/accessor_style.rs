//! `request_accessors: "auto"`: whether an app was written for the older nano, where the incoming request's `url`,
//! `method` and `headers` were methods. Decided by a look at its source, once, when it is loaded.
//!
//! The names looked for are those of the first parameters of functions called `fetch`, or named as in `fetch: handler`; the
//! sign is a call without arguments, `request.url()`, outside of comments and strings. An app of the standard has no such
//! calls, since they would throw there.

/// The accessors that used to be methods.
const ACCESSORS: [&str; 3] = ["url", "method", "headers"];

/// Collects an app's sources and decides.
#[derive(Debug, Default)]
pub(crate) struct Detector {
    /// Tokens of each module.
    modules: Vec<Vec<Token>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    Sign(char),
    /// A string, template or regular expression.
    Literal,
}

impl Detector {
    /// Adds a module's source.
    pub(crate) fn add(&mut self, source: &str) {
        self.modules.push(tokens(source));
    }

    /// The first call of the old kind, as it is written, if there is one.
    pub(crate) fn method_call(&self) -> Option<String> {
        let mut handlers = vec!["fetch"];
        handlers.extend(self.modules.iter().flat_map(|module| handlers_by_name(module)));
        let all = self.modules.iter().flat_map(|module| first_parameters(module, &handlers));
        let mut parameters: Vec<&str> = all.collect();
        parameters.sort_unstable();
        parameters.dedup();
        self.modules.iter().find_map(|module| accessor_call(module, &parameters))
    }
}

fn word(token: Option<&Token>) -> Option<&str> {
    match token {
        Some(Token::Word(word)) => Some(word),
        _ => None,
    }
}

fn is(token: Option<&Token>, sign: char) -> bool {
    token == Some(&Token::Sign(sign))
}

/// Names of functions that are made `fetch` elsewhere: `fetch: NAME,` or `fetch = NAME;`.
fn handlers_by_name(tokens: &[Token]) -> Vec<&str> {
    let named = tokens.windows(4).filter_map(|window| match window {
        [Token::Word(key), Token::Sign(':' | '='), Token::Word(name), Token::Sign(',' | '}' | ';')]
            if key == "fetch" =>
        {
            Some(name.as_str())
        }
        _ => None,
    });
    named.collect()
}

/// First parameters of functions with one of the names: `fetch(NAME`, `fetch: async (NAME`, `fetch = NAME =>`,
/// `fetch: function x(NAME`.
fn first_parameters<'a>(tokens: &'a [Token], handlers: &[&str]) -> Vec<&'a str> {
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let is_handler = matches!(token, Token::Word(name) if handlers.contains(&name.as_str()));
        // `x.fetch(request)` is a call.
        if !is_handler || (index > 0 && is(tokens.get(index - 1), '.')) {
            continue;
        }
        let mut next = index + 1;
        if is(tokens.get(next), ':') || is(tokens.get(next), '=') {
            next += 1;
            next += usize::from(word(tokens.get(next)) == Some("async"));
            if word(tokens.get(next)) == Some("function") {
                next += 1;
                next += usize::from(is(tokens.get(next), '*'));
                next += usize::from(word(tokens.get(next)).is_some());
            } else if let Some(name) = word(tokens.get(next)) {
                if is(tokens.get(next + 1), '=') && is(tokens.get(next + 2), '>') {
                    found.push(name);
                }
                continue;
            }
        }
        if is(tokens.get(next), '(')
            && let Some(name) = word(tokens.get(next + 1))
            && begins_a_body(tokens, next)
        {
            found.push(name);
        }
    }
    found
}

/// Whether a body follows the parentheses that open at `open`: then they hold parameters, not a call's arguments.
fn begins_a_body(tokens: &[Token], open: usize) -> bool {
    let mut depth = 0_usize;
    for index in open..tokens.len() {
        match tokens.get(index) {
            Some(Token::Sign('(')) => depth += 1,
            Some(Token::Sign(')')) if depth == 1 => {
                let arrow = is(tokens.get(index + 1), '=') && is(tokens.get(index + 2), '>');
                return arrow || is(tokens.get(index + 1), '{');
            }
            Some(Token::Sign(')')) => depth -= 1,
            _ => {}
        }
    }
    false
}

/// The first `PARAMETER.url()` or the like.
fn accessor_call(tokens: &[Token], parameters: &[&str]) -> Option<String> {
    tokens.windows(5).enumerate().find_map(|(index, window)| {
        let [Token::Word(object), Token::Sign('.'), Token::Word(accessor), Token::Sign('('), Token::Sign(')')] = window
        else {
            return None;
        };
        let own = index == 0 || !is(tokens.get(index - 1), '.');
        let old = own && parameters.contains(&object.as_str()) && ACCESSORS.contains(&accessor.as_str());
        old.then(|| format!("{object}.{accessor}()"))
    })
}

/// Splits JavaScript roughly: comments and strings are recognized, the insides of `${…}` count as code.
fn tokens(source: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = source;
    // For each open `${`: how many `{` are open within it.
    let mut templates: Vec<usize> = Vec::new();
    while let Some(first) = rest.chars().next() {
        let mut length = first.len_utf8();
        match first {
            _ if first.is_whitespace() => {}
            '/' if rest.starts_with("//") => length = rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => length = rest.find("*/").map_or(rest.len(), |end| end + 2),
            '/' if regular_expression_may_begin(tokens.last()) => {
                length = regular_expression(rest);
                tokens.push(Token::Literal);
            }
            '"' | '\'' => {
                length = string(rest, first);
                tokens.push(Token::Literal);
            }
            '`' => {
                tokens.push(Token::Literal);
                length = 1 + template(rest.get(1..).unwrap_or_default(), &mut templates);
            }
            '{' | '}' if !templates.is_empty() => {
                let depth = templates.last_mut();
                match (first, depth) {
                    ('}', Some(0)) => {
                        templates.pop();
                        length = 1 + template(rest.get(1..).unwrap_or_default(), &mut templates);
                        tokens.push(Token::Literal);
                    }
                    (brace, Some(depth)) => {
                        *depth = if brace == '{' { *depth + 1 } else { *depth - 1 };
                        tokens.push(Token::Sign(brace));
                    }
                    (_, None) => {}
                }
            }
            _ if first.is_alphanumeric() || first == '_' || first == '$' || first == '#' => {
                let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$' || c == '#'));
                length = end.unwrap_or(rest.len());
                tokens.push(Token::Word(rest.get(..length).unwrap_or_default().into()));
            }
            // `a?.url()` is a call as well.
            '?' if rest.starts_with("?.") => {}
            sign => tokens.push(Token::Sign(sign)),
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    tokens
}

/// The length of a string that begins with `quote`.
fn string(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (index, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' => return index,
            c if c == quote => return index + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// The length of a template's text up to its end or a `${`, which is noted.
fn template(rest: &str, templates: &mut Vec<usize>) -> usize {
    let mut escaped = false;
    for (index, c) in rest.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '`' => return index + 1,
            '$' if rest.get(index..).is_some_and(|rest| rest.starts_with("${")) => {
                templates.push(0);
                return index + 2;
            }
            _ => {}
        }
    }
    rest.len()
}

/// After a value a `/` divides; elsewhere it begins a regular expression.
fn regular_expression_may_begin(previous: Option<&Token>) -> bool {
    match previous {
        None => true,
        Some(Token::Literal) => false,
        Some(Token::Sign(sign)) => !matches!(sign, ')' | ']' | '}'),
        Some(Token::Word(word)) => {
            matches!(word.as_str(), "return" | "typeof" | "case" | "in" | "of" | "await" | "yield")
        }
    }
}

/// The length of a regular expression; 1 if it turns out to be none.
fn regular_expression(rest: &str) -> usize {
    let (mut escaped, mut class) = (false, false);
    for (index, c) in rest.char_indices().skip(1) {
        match c {
            '\n' => return 1,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '/' if !class => return index + 1,
            _ => {}
        }
    }
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(source: &str) -> Option<String> {
        let mut detector = Detector::default();
        detector.add(source);
        detector.method_call()
    }

    #[test]
    fn calls_on_the_handlers_request_are_found() {
        for source in [
            "export default { async fetch(request) { const u = new URL(request.url()); } }",
            "export default { fetch: async (request, env) => new Response(request . url ( )) }",
            "export default { fetch: request => new Response(request.url()) }",
            "const fetch = async function (request) { request.url() }; export default { fetch }",
            "async function fetch(request) { return new Response(`${request.url()}`) } export default { fetch }",
            "export default { fetch(request) { return x / 2 / request.url() } }",
            "export default { fetch(request) { return /[/]'/.test(request?.url()) } }",
        ] {
            assert_eq!(detect(source).as_deref(), Some("request.url()"), "{source}");
        }
        for source in [
            "async function handler(request, env) { return request.url() } export default { fetch: handler };",
            "const handler = async request => request.url(); export default { env: 1, fetch: handler, };",
            "export default { fetch: handler }; const handler = function (request) { return request.url() };",
        ] {
            assert_eq!(detect(source).as_deref(), Some("request.url()"), "{source}");
        }
        let source = "export default { fetch(r) { if (r.method() === 'GET') r.headers().get('x') } }";
        assert_eq!(detect(source).as_deref(), Some("r.method()"));
    }

    #[test]
    fn everything_else_is_the_standard() {
        for source in [
            "export default { fetch(request) { return new Response(request.url) } }",
            "export default { fetch(request) { /* request.url() */ return new Response('request.url()') } } // request.url()",
            "export default { fetch(request) { return new Response(`request.url()`) } }",
            "export default { fetch(request) { return other.request.url() } }",
            "export default { fetch(request) { return server.url() } }",
            "export default { fetch(request) { return request.headers.get('x') } }",
            "export default { fetch(request) { return request.json() } }",
            "await fetch(address); address.url(); export default { fetch(request) {} }"
                .replace("address.url()", "x")
                .as_str(),
            "function other(request) { request.url() } function handler(r) {} export default { fetch: handler }",
            "export default { async fetch(r) { const url = new URL(r.url); if (await fetch(url)) { url.method() } } }",
            "",
            "`${",
            "'\\",
        ] {
            assert_eq!(detect(source), None, "{source}");
        }
    }

    #[test]
    fn a_second_module_that_uses_the_name_counts() {
        let mut detector = Detector::default();
        detector.add("import { route } from './route.js'; export default { fetch(request) { return route(request) } }");
        assert_eq!(detector.method_call(), None);
        detector.add("export function route(request) { return new Response(request.url()) }");
        assert_eq!(detector.method_call().as_deref(), Some("request.url()"));
    }
}
