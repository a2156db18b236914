//! `gc()` for tests: what garbage collection must do (give bytes back, end what is unreachable) can then be waited for.

use super::Program;

impl Program {
    /// Defines the global function `gc()`, which collects all garbage before it returns. Only `nano-worker run
    /// --expose-gc` does this, never an app: a collection takes milliseconds whatever the limits are.
    pub fn expose_gc(&mut self) {
        self.runtime.with_scope(|scope| {
            let global = scope.get_current_context().global(scope);
            if let (Some(name), Some(function)) = (v8::String::new(scope, "gc"), v8::Function::new(scope, collect)) {
                global.set(scope, name.into(), function.into());
            }
        });
    }
}

fn collect(scope: &mut v8::PinScope, _: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    scope.low_memory_notification();
}
