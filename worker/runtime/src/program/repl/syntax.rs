//! Where an entry ends, and whether `{ … }` is an object: both asked of V8's parser.

/// How a text parses.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parse {
    /// It is a whole program.
    Whole,
    /// It ends too early.
    Unfinished,
    /// Whatever follows, it is none.
    Wrong,
}

/// What a text is parsed as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Goal {
    Script,
    /// For top-level `await`.
    Module,
}

/// Whether `entry` is to be evaluated as it stands.
pub(crate) fn is_whole(scope: &mut v8::PinScope, entry: &str) -> bool {
    let as_statements = parse(scope, entry);
    if as_statements == Parse::Whole || !may_be_object(entry) {
        return as_statements != Parse::Unfinished;
    }
    // `{ a: 1, b:` is no beginning of a block, but of an object.
    parse(scope, &format!("({entry}\n)")) == Parse::Whole
        || (as_statements == Parse::Wrong && parse(scope, &format!("({entry}")) != Parse::Unfinished)
}

/// The program that is evaluated for `entry`: `{ … }` is an object where it can be one.
pub(crate) fn as_program(scope: &mut v8::PinScope, entry: &str) -> String {
    if may_be_object(entry) {
        let object = format!("({entry}\n)");
        if parse(scope, &object) == Parse::Whole {
            return object;
        }
    }
    entry.to_owned()
}

fn may_be_object(entry: &str) -> bool {
    entry.trim_start().starts_with('{') && !entry.trim_end().ends_with(';')
}

/// Parentheses that an unfinished entry may lack.
const MAX_OPEN_CALLS: u8 = 32;

/// Entries are scripts in which `await` works: no goal of the grammar, so both of the closest are tried.
fn parse(scope: &mut v8::PinScope, text: &str) -> Parse {
    let script = parse_as(scope, text, Goal::Script, MAX_OPEN_CALLS);
    if script == Parse::Whole {
        return script;
    }
    match parse_as(scope, text, Goal::Module, MAX_OPEN_CALLS) {
        Parse::Wrong => script,
        module => module,
    }
}

fn parse_as(scope: &mut v8::PinScope, text: &str, goal: Goal, open_calls: u8) -> Parse {
    use v8::script_compiler::{CompileOptions, NoCacheReason, compile_module, compile_unbound_script};
    let text = text.trim_end();
    v8::tc_scope!(let scope, scope);
    let Some(source_text) = v8::String::new(scope, text) else { return Parse::Wrong };
    let name = v8::String::empty(scope).into();
    let is_module = goal == Goal::Module;
    let origin = v8::ScriptOrigin::new(scope, name, 0, 0, false, 0, None, false, false, is_module, None);
    let mut source = v8::script_compiler::Source::new(source_text, Some(&origin));
    let compiled = match goal {
        Goal::Module => compile_module(scope, &mut source).is_some(),
        Goal::Script => {
            let options = CompileOptions::NoCompileOptions;
            compile_unbound_script(scope, &mut source, options, NoCacheReason::NoReason).is_some()
        }
    };
    if compiled {
        return Parse::Whole;
    }
    let Some(message) = scope.message() else { return Parse::Wrong };
    let start = usize::try_from(message.get_start_position()).unwrap_or(0);
    let reason = message.get(scope).to_rust_string_lossy(scope);
    if start >= source_text.length() || is_cut_token(text, start, &reason) {
        return Parse::Unfinished;
    }
    // V8 gives the place of the last argument here, wherever the next token is.
    if reason.contains("missing ) after argument list") && open_calls > 0 {
        let closed = format!("{text}\n)");
        return match parse_as(scope, &closed, goal, open_calls - 1) {
            Parse::Wrong => Parse::Wrong,
            Parse::Whole | Parse::Unfinished => Parse::Unfinished,
        };
    }
    Parse::Wrong
}

/// Whether the error at UTF-16 unit `start` is about a token that more text would complete.
fn is_cut_token(text: &str, start: usize, reason: &str) -> bool {
    if reason.contains("template") {
        return reason.contains("Unterminated template literal") || reason.contains("Missing } in template expression");
    }
    if !reason.contains("Invalid or unexpected token") {
        return false;
    }
    let token: Vec<u16> = text.encode_utf16().skip(start).collect();
    match token.get(..2).and_then(|begin| char::from_u32(begin.first().copied().unwrap_or(0).into()).zip(begin.last()))
    {
        Some(('/', second)) => *second == u16::from(b'*') && !String::from_utf16_lossy(&token).contains("*/"),
        Some(('"' | '\'', _)) => text.ends_with('\\') && !String::from_utf16_lossy(&token).contains('\n'),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
