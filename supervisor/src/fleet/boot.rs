//! From a spawned process to a worker that is ready for requests.

use std::time::Duration;

use nano_config::AppConfig;
use nano_protocol::{
    Boot, BootFailed, CompatibilityFlags, EnvValue, ExitReason, Frame, LayerReport, LogLine, Ready, RequestAccessors,
    RuntimeLimits, Stats,
};

use nano_spawner::wire::Exit;

use super::control_link::LinkError;
use super::exit::exit_code;
use super::modules::AppModules;
use super::process::Process;
use super::start_error::StartError;
use super::{sandbox, shown};

/// Time for V8 and the disk on a busy machine, in addition to the app's own `cpu_ms`.
const START_ALLOWANCE: Duration = Duration::from_secs(10);

/// Time for a spare to say that it has become its app's worker: it has little to do for that.
const ADOPTION: Duration = Duration::from_secs(3);

/// The worker's boot message.
pub(super) fn boot_message(app: &AppConfig) -> Boot {
    let settings = &app.settings;
    let (total_buffer, total_buffer_text) = settings
        .max_total_buffer
        .as_ref()
        .map_or((0, "0".to_owned()), |total| (total.bytes(), total.text().to_owned()));
    // What the operator wrote into `env` comes first.
    let binding = app.assets.as_ref().map(|assets| assets.binding.clone());
    let binding = binding.filter(|name| !settings.env.contains_key(name)).map(|name| (name, EnvValue::Assets));
    Boot {
        app: app.name.clone(),
        entry: app.entry.clone(),
        shown: shown::for_app(app),
        env: settings.env.iter().map(|(name, value)| (name.clone(), env_value(value))).chain(binding).collect(),
        request_accessors: match settings.request_accessors {
            nano_config::RequestAccessors::Property => RequestAccessors::Property,
            nano_config::RequestAccessors::Method => RequestAccessors::Method,
            nano_config::RequestAccessors::Auto => RequestAccessors::Auto,
        },
        compatibility_flags: compatibility_flags(app),
        limits: RuntimeLimits {
            stream_buffer: settings.max_buffer.bytes(),
            stream_buffer_text: settings.max_buffer.text().to_owned(),
            total_buffer,
            total_buffer_text,
            memory: settings.memory_bytes,
            cpu_ms: u32::try_from(settings.cpu.as_millis()).unwrap_or(u32::MAX),
            max_concurrent: settings.max_concurrent,
            timeout_ms: u32::try_from(settings.timeout.as_millis()).unwrap_or(u32::MAX),
        },
    }
}

/// What an app has beside the web platform.
pub(super) fn compatibility_flags(app: &AppConfig) -> CompatibilityFlags {
    let words = &app.settings.compatibility_flags;
    let flags = CompatibilityFlags::ALL.into_iter().filter(|(word, _)| words.contains(word));
    flags.fold(CompatibilityFlags::default(), |all, (_, flag)| all.with(flag))
}

fn env_value(value: &nano_config::EnvValue) -> EnvValue {
    match value {
        nano_config::EnvValue::Text(text) | nano_config::EnvValue::Secret(text) => EnvValue::Text(text.clone()),
        nano_config::EnvValue::Json(text) => EnvValue::Json(text.clone()),
    }
}

/// How long a worker of this app may take to become ready.
pub(super) fn deadline(app: &AppConfig) -> Duration {
    START_ALLOWANCE + app.settings.cpu
}

/// What a worker reports while it boots, besides requests for modules.
pub(super) enum BootEvent {
    /// The layers of its sandbox, as verified from outside. Reported first and once; an error ends the boot.
    Sandbox(Vec<LayerReport>),
    Log(LogLine),
    Stats(Stats),
}

/// Loads the app in a new process, once its sandbox is verified.
pub(super) async fn boot(
    process: &mut Process,
    app: &AppConfig,
    modules: &AppModules,
    was_spare: bool,
    mut on_event: impl FnMut(BootEvent) -> Result<(), StartError>,
) -> Result<Ready, StartError> {
    let loads = async |process: &mut Process| load_app(process, app, modules, was_spare, &mut on_event).await;
    within(deadline(app), process, loads).await?.map_err(StartError::Late)
}

/// Waits for what a process that is not ready yet does. The inner error: it took so long.
pub(super) async fn within<T>(
    most: Duration,
    process: &mut Process,
    what: impl AsyncFnOnce(&mut Process) -> Result<T, Option<StartError>>,
) -> Result<Result<T, Duration>, StartError> {
    match tokio::time::timeout(most, what(process)).await {
        Ok(Ok(done)) => Ok(Ok(done)),
        Ok(Err(Some(error))) => Err(error),
        Ok(Err(None)) => Err(died(process).await),
        Err(_) => Ok(Err(most)),
    }
}

/// `Err(None)`: the link ended.
async fn load_app(
    process: &mut Process,
    app: &AppConfig,
    modules: &AppModules,
    was_spare: bool,
    on_event: &mut impl FnMut(BootEvent) -> Result<(), StartError>,
) -> Result<Ready, Option<StartError>> {
    let layers = if was_spare {
        let adopted = tokio::time::timeout(ADOPTION, sandboxed(process)).await;
        adopted.unwrap_or(Err(Some(StartError::NotAdopted(ADOPTION))))?
    } else {
        sandboxed(process).await?
    };
    on_event(BootEvent::Sandbox(layers))?;
    // From here on the process has the app's secrets.
    process.link.queue(&Frame::Boot(Box::new(boot_message(app))));
    loop {
        match next(process).await? {
            Frame::ModuleRequest { id, path } => {
                let source = modules.source(&path).await;
                process.link.queue(&Frame::ModuleSource { id, source });
            }
            Frame::Ready(ready) if !ready.scheduled && !app.settings.crons.is_empty() => {
                return Err(Some(no_handler(app)));
            }
            Frame::Ready(ready) => return Ok(ready),
            Frame::BootFailed(fault) => return Err(Some(module_fault(app, modules, fault).await)),
            Frame::Log(line) => {
                modules.find_maps(app, &line.message).await;
                on_event(BootEvent::Log(line))?;
            }
            Frame::Stats(stats) => on_event(BootEvent::Stats(stats))?,
            Frame::Exiting { reason, .. } => {
                return Err(Some(StartError::Limit(reason)));
            }
            other => return Err(Some(out_of_turn(&other))),
        }
    }
}

/// An app with crons that nothing could be called for.
fn no_handler(app: &AppConfig) -> StartError {
    StartError::Module(BootFailed {
        message:
            "it has `crons` and no handler for them: add `async scheduled(event, env, ctx) { \u{2026} }` beside `fetch`"
                .to_owned(),
        path: format!("{}{}", shown::for_operators(app), app.entry),
        line: 0,
        column: 0,
    })
}

/// The layers of a new process's sandbox, as verified from outside. `Err(None)`: the link ended.
pub(super) async fn sandboxed(process: &mut Process) -> Result<Vec<LayerReport>, Option<StartError>> {
    match next(process).await? {
        Frame::Sandboxed(claims) => {
            let seen = process.inspect().await;
            Ok(sandbox::judge_all(&process.layers, &claims, &seen))
        }
        other => Err(Some(out_of_turn(&other))),
    }
}

/// What a worker found wrong with an app's modules, with paths as the operator knows them.
pub(super) async fn module_fault(app: &AppConfig, modules: &AppModules, mut fault: BootFailed) -> StartError {
    let prefix = shown::for_app(app);
    let place = format!("{prefix}{}:{}:{}", fault.path, fault.line, fault.column);
    modules.find_maps(app, &place).await;
    modules.find_maps(app, &fault.message).await;
    fault.message = shown::with_paths(app, &modules.maps().originals(app, &fault.message));
    if let Some((source, line, column)) = modules.maps().original(app, &fault.path, fault.line, fault.column) {
        (fault.path, fault.line, fault.column) = (source, line, column);
    } else if !fault.path.is_empty() {
        fault.path.insert_str(0, &shown::for_operators(app));
    }
    StartError::Module(fault)
}

/// `Err(None)`: the link ended.
pub(super) async fn next(process: &mut Process) -> Result<Frame, Option<StartError>> {
    match process.link.next().await {
        Ok(Some(frame)) => Ok(frame),
        Ok(None) | Err(LinkError::Io(_)) => Err(None),
        Err(LinkError::Broken(why)) => Err(Some(StartError::Protocol(why.to_string()))),
    }
}

pub(super) fn out_of_turn(frame: &Frame) -> StartError {
    StartError::Protocol(format!("{} while booting", kind(frame)))
}

/// How it ended: its link did.
pub(super) async fn ended(process: &mut Process) -> Exit {
    let _ = tokio::time::timeout(Duration::from_secs(1), process.life.over()).await;
    process.kill();
    let exit = process.life.over().await;
    process.finish_stderr().await;
    exit
}

async fn died(process: &mut Process) -> StartError {
    let exit = ended(process).await;
    if exit.out_of_memory {
        return StartError::Limit(ExitReason::Memory);
    }
    let reason = exit_code(&exit).and_then(ExitReason::from_exit_status);
    if let Some(reason @ (ExitReason::Cpu | ExitReason::Heap | ExitReason::Memory)) = reason {
        return StartError::Limit(reason);
    }
    let how = process.describe(&exit);
    StartError::Died { how, stderr: process.stderr_tail() }
}

/// A frame's name, for messages: its content may be secret.
pub(super) fn kind(frame: &Frame) -> &'static str {
    match frame {
        Frame::Boot(_) => "Boot",
        Frame::Check(_) => "Check",
        Frame::Prepared => "Prepared",
        Frame::Adopt { .. } => "Adopt",
        Frame::Checked(_) => "Checked",
        Frame::ModuleRequest { .. } => "ModuleRequest",
        Frame::ModuleSource { .. } => "ModuleSource",
        Frame::Ready(_) => "Ready",
        Frame::BootFailed(_) => "BootFailed",
        Frame::RequestHead(..) => "RequestHead",
        Frame::ResponseHead(..) => "ResponseHead",
        Frame::Scheduled(..) => "Scheduled",
        Frame::ScheduledDone { .. } => "ScheduledDone",
        Frame::Data { .. } => "Data",
        Frame::Credit { .. } => "Credit",
        Frame::BodyWanted { .. } => "BodyWanted",
        Frame::ResetAck { .. } => "ResetAck",
        Frame::Reset { .. } => "Reset",
        Frame::Log(_) => "Log",
        Frame::Stats(_) => "Stats",
        Frame::Ping(_) => "Ping",
        Frame::Pong { .. } => "Pong",
        Frame::Drain => "Drain",
        Frame::CloseSockets => "CloseSockets",
        Frame::Exiting { .. } => "Exiting",
        Frame::Sandboxed(_) => "Sandboxed",
        Frame::FetchHead(..) => "FetchHead",
        Frame::FetchResponse(..) => "FetchResponse",
    }
}

#[cfg(test)]
mod tests;
