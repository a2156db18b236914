//! Natives of url/url_pattern.js: patterns are parsed here, by the `urlpattern` crate; V8's regular expressions match.
//!
//! Nothing here calls what brings in the `regex` crate: its tables are 140 KB that the loader would write to in each worker.

use url::Url;
use urlpattern::quirks::{self, StringOrInit, UrlPatternComponent};
use urlpattern::regexp::RegExp;
use urlpattern::{Error, RegexSyntax, UrlPatternInit, UrlPatternOptions};

use super::{ops, throw_type_error};

ops! {
    "urlPatternInput" => url_pattern_input,
    "urlPatternParse" => url_pattern_parse,
}

/// A regular expression for V8, which is the one to say what it is worth.
struct ForV8(String);

impl RegExp for ForV8 {
    fn syntax() -> RegexSyntax {
        RegexSyntax::EcmaScript
    }

    fn parse(pattern: &str, _flags: &str, _force_eval: bool) -> Result<Self, ()> {
        Ok(Self(pattern.to_owned()))
    }

    /// Asked of protocols only, whether one may be special.
    fn matches<'a>(&self, text: &'a str) -> Option<Vec<Option<&'a str>>> {
        regex_lite::Regex::new(&self.0).ok()?.is_match(text).then(Vec::new)
    }

    fn pattern_string(&self) -> &str {
        &self.0
    }
}

/// A string, or the members of a URLPatternInit in the order of [`quirks::UrlPatternInit`], undefined where they are missing.
fn input_of(scope: &v8::PinScope, value: v8::Local<v8::Value>) -> StringOrInit<'static> {
    let Ok(members) = v8::Local::<v8::Array>::try_from(value) else {
        return StringOrInit::String(value.to_rust_string_lossy(scope).into());
    };
    let member = |index: u32| optional(scope, members.get_index(scope, index)?);
    StringOrInit::Init(quirks::UrlPatternInit {
        protocol: member(0),
        username: member(1),
        password: member(2),
        hostname: member(3),
        port: member(4),
        pathname: member(5),
        search: member(6),
        hash: member(7),
        base_url: member(8),
    })
}

fn optional(scope: &v8::PinScope, value: v8::Local<v8::Value>) -> Option<String> {
    (!value.is_undefined()).then(|| value.to_rust_string_lossy(scope))
}

/// What a pattern is made of.
fn init_of(input: StringOrInit, base: Option<&str>) -> Result<UrlPatternInit, Error> {
    let url = |text: &str| Url::parse(text).map_err(Error::Url);
    match input {
        StringOrInit::String(pattern) => {
            UrlPatternInit::parse_constructor_string::<ForV8>(&pattern, base.map(url).transpose()?)
        }
        StringOrInit::Init(_) if base.is_some() => Err(Error::BaseUrlWithInit),
        StringOrInit::Init(init) => Ok(UrlPatternInit {
            protocol: init.protocol,
            username: init.username,
            password: init.password,
            hostname: init.hostname,
            port: init.port,
            pathname: init.pathname,
            search: init.search,
            hash: init.hash,
            base_url: init.base_url.as_deref().map(url).transpose()?,
        }),
    }
}

/// `urlPatternParse(input, baseURL, ignoreCase) → [hasRegExpGroups, (pattern, regular expression, [group name, …]) of each component]`.
/// Throws a `TypeError` for what is no pattern.
fn url_pattern_parse(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let input = input_of(scope, args.get(0));
    let base = optional(scope, args.get(1));
    let ignore_case = args.get(2).is_true();
    let options = UrlPatternOptions { regex_syntax: RegexSyntax::EcmaScript, ignore_case };
    let pattern = match init_of(input, base.as_deref()).and_then(|init| quirks::parse_pattern::<ForV8>(init, options)) {
        Ok(pattern) => pattern,
        Err(error) => return throw_type_error(scope, &format!("Failed to construct 'URLPattern': {error}")),
    };
    let components = [
        pattern.protocol,
        pattern.username,
        pattern.password,
        pattern.hostname,
        pattern.port,
        pattern.pathname,
        pattern.search,
        pattern.hash,
    ];
    let mut list = vec![v8::Boolean::new(scope, pattern.has_regexp_groups).into()];
    for component in components {
        let UrlPatternComponent { pattern_string, regexp_string, group_name_list, .. } = component;
        let names: Option<Vec<v8::Local<v8::Value>>> =
            group_name_list.iter().map(|name| Some(v8::String::new(scope, name)?.into())).collect();
        let texts = v8::String::new(scope, &pattern_string).zip(v8::String::new(scope, &regexp_string));
        let (Some((pattern, regexp)), Some(names)) = (texts, names) else { return };
        list.push(pattern.into());
        list.push(regexp.into());
        list.push(v8::Array::new_with_elements(scope, &names).into());
    }
    rv.set(v8::Array::new_with_elements(scope, &list).into());
}

/// `urlPatternInput(input, baseURL) → [text of each component]`; undefined for what no pattern matches.
fn url_pattern_input(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, mut rv: v8::ReturnValue) {
    let input = input_of(scope, args.get(0));
    let base = optional(scope, args.get(1));
    let found = match quirks::process_match_input(input, base.as_deref()) {
        Ok(found) => found.and_then(|(input, _)| quirks::parse_match_input(input)),
        Err(error) => return throw_type_error(scope, &error.to_string()),
    };
    let Some(found) = found else { return };
    let texts = [
        found.protocol,
        found.username,
        found.password,
        found.hostname,
        found.port,
        found.pathname,
        found.search,
        found.hash,
    ];
    let list: Option<Vec<v8::Local<v8::Value>>> =
        texts.iter().map(|text| Some(v8::String::new(scope, text)?.into())).collect();
    if let Some(list) = list {
        rv.set(v8::Array::new_with_elements(scope, &list).into());
    }
}
