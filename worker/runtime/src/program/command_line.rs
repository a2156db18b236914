//! `CLI` for scripts and the REPL: `args`, `env` and `exit`, what a command cannot do without, by the draft of
//! <https://github.com/WinterTC55/proposal-cli-api>. Apps have none: their settings are the handler's second argument,
//! and they end when the supervisor says so.

use std::ffi::OsString;

use super::Program;
use crate::engine::isolate_state::IsolateState;

impl Program {
    /// Defines the global `CLI`. `arguments`: the script's own. `environment`: a copy that the script may change.
    pub fn define_command_line(&mut self, arguments: &[OsString], environment: &[(OsString, OsString)]) {
        self.runtime.with_scope(|scope| {
            let global = scope.get_current_context().global(scope);
            let name = v8::String::new(scope, "CLI");
            let object = command_line(scope, arguments, environment);
            if let (Some(name), Some(object)) = (name, object) {
                global.define_own_property(scope, name.into(), object.into(), v8::PropertyAttribute::DONT_ENUM);
            }
        });
    }
}

fn command_line<'s>(
    scope: &mut v8::PinScope<'s, '_>,
    arguments: &[OsString],
    environment: &[(OsString, OsString)],
) -> Option<v8::Local<'s, v8::Object>> {
    let mut values = Vec::with_capacity(arguments.len());
    for argument in arguments {
        values.push(v8::String::new(scope, &argument.to_string_lossy())?.into());
    }
    let args = v8::Array::new_with_elements(scope, &values);
    let null = v8::null(scope).into();
    let env = v8::Object::with_prototype_and_properties(scope, null, &[], &[]);
    for (name, value) in environment {
        let name = v8::String::new(scope, &name.to_string_lossy())?;
        let value = v8::String::new(scope, &value.to_string_lossy())?;
        env.create_data_property(scope, name.into(), value.into())?;
    }
    let exit = v8::Function::builder(exit).constructor_behavior(v8::ConstructorBehavior::Throw).build(scope)?;
    exit.set_name(v8::String::new(scope, "exit")?);
    let object = v8::Object::new(scope);
    for (name, value) in [("args", args.into()), ("env", env.into()), ("exit", v8::Local::<v8::Value>::from(exit))] {
        let name = v8::String::new(scope, name)?;
        object.create_data_property(scope, name.into(), value)?;
    }
    Some(object)
}

/// `exit(code = 0)`: ends the program; the caller does not continue.
fn exit(scope: &mut v8::PinScope, args: v8::FunctionCallbackArguments, _: v8::ReturnValue) {
    let code = if args.get(0).is_undefined() { Some(0) } else { args.get(0).int32_value(scope) };
    if let (Some(state), Some(code)) = (IsolateState::get(scope), code) {
        state.exit.set(Some(code));
        scope.terminate_execution();
    }
}
