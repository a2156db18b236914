//! `_` and `_error`: the last result and the last exception, as globals, until the user takes the name.

/// One such global.
pub(crate) struct LastValue {
    name: &'static str,
    /// What was put there last; `None` before the first time.
    written: Option<v8::Global<v8::Value>>,
    taken: bool,
}

impl LastValue {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, written: None, taken: false }
    }

    /// Puts `value` there, unless the user defined or assigned the name.
    pub(crate) fn set(&mut self, scope: &mut v8::PinScope, value: v8::Local<v8::Value>) {
        if self.taken {
            return;
        }
        v8::tc_scope!(let scope, scope);
        let global = scope.get_current_context().global(scope);
        let Some(name) = v8::String::new(scope, self.name) else { return };
        let is_own = global.has_own_property(scope, name.into()).unwrap_or(true);
        let untouched = match &self.written {
            None => !is_own,
            Some(written) => {
                let written = v8::Local::new(scope, written);
                is_own && global.get(scope, name.into()).is_some_and(|now| now.same_value(written))
            }
        };
        if !untouched {
            self.taken = true;
            return;
        }
        let defined = global.define_own_property(scope, name.into(), value, v8::PropertyAttribute::DONT_ENUM);
        if defined == Some(true) {
            self.written = Some(v8::Global::new(scope, value));
        } else {
            self.taken = true;
        }
    }
}
