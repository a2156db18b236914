//! JavaScript split into tokens, with the brackets matched. Gives up where it would have to guess what a `/` means, and on
//! whatever V8 would not compile: nothing may be concluded from such a text.

/// A token of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// An identifier, keyword, private name or number.
    Word(&'a str),
    /// A punctuator; `${` and its `}` are brackets like others.
    Sign(&'static str),
    /// A string, a piece of a template, or a regular expression.
    Literal(&'a str),
}

/// No token.
pub(super) const NONE: usize = usize::MAX;

/// The tokens of one module.
#[derive(Debug)]
pub(super) struct Tokens<'a> {
    tokens: Vec<Token<'a>>,
    /// Of a bracket, the other one.
    partner: Vec<usize>,
    /// The innermost bracket that is open at a token. Of a bracket, the one around it.
    parent: Vec<usize>,
}

/// All of them, the longest first where one begins with another.
const SIGNS: [&str; 59] = [
    ">>>=", "...", "===", "!==", "**=", "<<=", ">>=", ">>>", "&&=", "||=", "??=", "=>", "==", "!=", "<=", ">=", "&&",
    "||", "??", "?.", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<", ">>", "**", "{", "}", "(", ")",
    "[", "]", ";", ",", "<", ">", "+", "-", "*", "/", "%", "&", "|", "^", "!", "~", "?", ":", "=", ".", "@", "#",
];

/// How many of them have more than one character.
const LONGER: usize = 33;

impl<'a> Tokens<'a> {
    /// `None` where the text is not understood for certain.
    pub(super) fn of(source: &'a str) -> Option<Self> {
        let mut splitter =
            Splitter { result: Self { tokens: Vec::new(), partner: Vec::new(), parent: Vec::new() }, open: Vec::new() };
        let mut rest = source;
        if rest.starts_with("#!") {
            rest = rest.get(line_end(rest)..)?;
        }
        while let Some(first) = rest.chars().next() {
            let length = splitter.next(rest, first)?;
            rest = rest.get(length..)?;
        }
        splitter.open.is_empty().then_some(splitter.result)
    }

    pub(super) fn len(&self) -> usize {
        self.tokens.len()
    }

    pub(super) fn get(&self, index: usize) -> Option<Token<'a>> {
        self.tokens.get(index).copied()
    }

    pub(super) fn word(&self, index: usize) -> Option<&'a str> {
        match self.get(index) {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    /// The text of a string without its quotes.
    pub(super) fn string(&self, index: usize) -> Option<&'a str> {
        match self.get(index) {
            Some(Token::Literal(text)) if text.starts_with(['"', '\'']) => text.get(1..text.len() - 1),
            _ => None,
        }
    }

    pub(super) fn sign(&self, index: usize) -> Option<&'static str> {
        match self.get(index) {
            Some(Token::Sign(sign)) => Some(sign),
            _ => None,
        }
    }

    pub(super) fn is(&self, index: usize, sign: &str) -> bool {
        self.sign(index) == Some(sign)
    }

    pub(super) fn is_word(&self, index: usize, word: &str) -> bool {
        self.word(index) == Some(word)
    }

    /// The other bracket.
    pub(super) fn partner(&self, index: usize) -> usize {
        self.partner.get(index).copied().unwrap_or(NONE)
    }

    /// The innermost open bracket around a token; [`NONE`] at the top.
    pub(super) fn parent(&self, index: usize) -> usize {
        self.parent.get(index).copied().unwrap_or(NONE)
    }

    /// Whether the word at `index` is a name of its own, not that of a property behind a dot.
    pub(super) fn is_free(&self, index: usize) -> bool {
        index == 0 || !matches!(self.sign(index - 1), Some("." | "?."))
    }
}

struct Splitter<'a> {
    result: Tokens<'a>,
    open: Vec<usize>,
}

impl<'a> Splitter<'a> {
    /// Takes one token, or what is none, from the start of `rest`; returns its length.
    fn next(&mut self, rest: &'a str, first: char) -> Option<usize> {
        if first.is_whitespace() || first == '\u{feff}' {
            return Some(first.len_utf8());
        }
        if rest.starts_with("//") {
            return Some(line_end(rest));
        }
        if rest.starts_with("/*") {
            return Some(rest.find("*/")? + 2);
        }
        match first {
            '"' | '\'' => {
                let length = string_length(rest, first)?;
                self.push(Token::Literal(rest.get(..length)?));
                Some(length)
            }
            '`' => self.template(rest, 1),
            '/' if self.regular_expression_begins()? => {
                let length = regular_expression_length(rest)?;
                self.push(Token::Literal(rest.get(..length)?));
                Some(length)
            }
            '}' if self.open.last().is_some_and(|open| self.result.is(*open, "${")) => {
                self.close("${", "}")?;
                self.template(rest, 1)
            }
            _ if is_part_of_name(first) || (first == '#' && rest.chars().nth(1).is_some_and(is_part_of_name)) => {
                let end = rest.char_indices().skip(1).find(|(_, c)| !is_part_of_name(*c));
                let length = end.map_or(rest.len(), |(end, _)| end);
                self.push(Token::Word(rest.get(..length)?));
                Some(length)
            }
            _ => self.punctuator(rest),
        }
    }

    fn push(&mut self, token: Token<'a>) {
        self.result.parent.push(self.open.last().copied().unwrap_or(NONE));
        self.result.partner.push(NONE);
        self.result.tokens.push(token);
    }

    fn punctuator(&mut self, rest: &str) -> Option<usize> {
        let is_longer = matches!(
            rest.as_bytes().get(1),
            Some(b'=' | b'.' | b'*' | b'<' | b'>' | b'&' | b'|' | b'?' | b'+' | b'-' | b'{')
        );
        let candidates = if is_longer { &SIGNS[..] } else { &SIGNS[LONGER..] };
        let sign = *candidates.iter().find(|sign| rest.starts_with(**sign))?;
        // `a?.5:b` is a condition.
        let is_condition = sign == "?." && rest.as_bytes().get(2).is_some_and(u8::is_ascii_digit);
        let sign = if is_condition { "?" } else { sign };
        match sign {
            "(" | "[" | "{" => {
                self.push(Token::Sign(sign));
                self.open.push(self.result.len() - 1);
            }
            ")" => self.close("(", sign)?,
            "]" => self.close("[", sign)?,
            "}" => self.close("{", sign)?,
            "#" | "@" => return None,
            _ => self.push(Token::Sign(sign)),
        }
        Some(sign.len())
    }

    fn close(&mut self, opening: &str, closing: &'static str) -> Option<()> {
        let open = self.open.pop()?;
        if !self.result.is(open, opening) {
            return None;
        }
        self.push(Token::Sign(closing));
        let close = self.result.len() - 1;
        *self.result.partner.get_mut(open)? = close;
        *self.result.partner.get_mut(close)? = open;
        Some(())
    }

    /// The text of a template from `from` on, up to its end or a `${`.
    fn template(&mut self, rest: &'a str, from: usize) -> Option<usize> {
        let mut escaped = false;
        let bytes = rest.as_bytes();
        for (index, byte) in bytes.iter().enumerate().skip(from) {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'`' => {
                    self.push(Token::Literal(rest.get(..=index)?));
                    return Some(index + 1);
                }
                b'$' if bytes.get(index + 1) == Some(&b'{') => {
                    self.push(Token::Literal(rest.get(..index)?));
                    self.push(Token::Sign("${"));
                    self.open.push(self.result.len() - 1);
                    return Some(index + 2);
                }
                _ => {}
            }
        }
        None
    }

    /// Whether a `/` here begins a regular expression or divides; `None` where only a parser could tell.
    fn regular_expression_begins(&self) -> Option<bool> {
        let tokens = &self.result;
        let Some(last) = tokens.len().checked_sub(1) else { return Some(true) };
        match tokens.get(last)? {
            Token::Literal(_) | Token::Sign("]" | "++" | "--") => Some(false),
            Token::Sign("}") => None,
            Token::Sign(")") => {
                let before = tokens.partner(last).wrapping_sub(1);
                let is_head = matches!(tokens.word(before), Some("if" | "while" | "for" | "with"));
                Some(is_head && tokens.is_free(before))
            }
            Token::Sign(_) => Some(true),
            Token::Word(word) => Some(
                tokens.is_free(last)
                    && matches!(
                        word,
                        "return"
                            | "typeof"
                            | "case"
                            | "in"
                            | "of"
                            | "await"
                            | "yield"
                            | "do"
                            | "else"
                            | "delete"
                            | "void"
                            | "throw"
                            | "new"
                            | "instanceof"
                    ),
            ),
        }
    }
}

fn is_part_of_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '\u{200c}' | '\u{200d}')
}

fn line_end(rest: &str) -> usize {
    rest.find(['\n', '\r', '\u{2028}', '\u{2029}']).unwrap_or(rest.len())
}

/// The length of a string that begins with `quote`.
fn string_length(rest: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (index, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '\n' | '\r' => return None,
            c if c == quote => return Some(index + 1),
            _ => {}
        }
    }
    None
}

/// The length of a regular expression without its flags, which look like a word.
fn regular_expression_length(rest: &str) -> Option<usize> {
    let (mut escaped, mut class) = (false, false);
    for (index, c) in rest.char_indices().skip(1) {
        match c {
            '\n' | '\r' | '\u{2028}' | '\u{2029}' => return None,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => class = true,
            ']' => class = false,
            '/' if !class => {
                let flags = rest.get(index + 1..)?.bytes().take_while(u8::is_ascii_alphabetic).count();
                return Some(index + 1 + flags);
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests;
