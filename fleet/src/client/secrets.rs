//! Secrets, on the side of who deploys: read from files, the environment or the standard input, and encrypted here.

use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::show::Output;
use super::{ClientError, Fleet};
use crate::bundle::Manifest;
use crate::secrets::{PublicKey, generate};

/// Most bytes that are read of the standard input: a secret has less.
const MAX_INPUT: u64 = 128 << 10;

/// `fleet secrets-key --new FILE`
pub(crate) fn make(output: &Output, file: &Path) -> Result<bool, ClientError> {
    let key = generate(file)?;
    output.line(&key.to_string());
    output.value(&json!({ "key": key.to_string(), "id": key.id(), "private": file.display().to_string() }));
    Ok(true)
}

/// `fleet secrets-key`, with a key that is put into etcd.
pub(crate) async fn key(fleet: &Fleet, output: &Output, publish: Option<&str>) -> Result<bool, ClientError> {
    let key = match publish {
        Some(text) => {
            let key = named(text)?;
            fleet.etcd.put(&fleet.keys.secrets_key(), key.to_string().into_bytes(), 0).await?;
            key
        }
        None => published(fleet).await?,
    };
    output.line(&key.to_string());
    output.value(&json!({ "key": key.to_string(), "id": key.id() }));
    Ok(true)
}

/// A key, or `@` and the file with it.
fn named(text: &str) -> Result<PublicKey, ClientError> {
    let Some(file) = text.strip_prefix('@') else { return Ok(PublicKey::parse(text)?) };
    let text = nano_config::read_secret(file, Path::new(""), Path::new(""));
    Ok(PublicKey::parse(&text.map_err(|why| ClientError::File { place: file.to_owned(), why })?.text)?)
}

async fn published(fleet: &Fleet) -> Result<PublicKey, ClientError> {
    let (value, _) = fleet.etcd.get(fleet.keys.secrets_key().into_bytes()).await?;
    let value = value.ok_or(ClientError::NoSecretsKey)?.value;
    Ok(PublicKey::parse(&String::from_utf8_lossy(&value))?)
}

/// What secrets are encrypted for, and a line that says so: whoever may write etcd's may read what is encrypted for it.
async fn chosen(fleet: &Fleet, output: &Output) -> Result<PublicKey, ClientError> {
    let (key, from) = match &fleet.secrets_key {
        Some(text) => (named(text)?, "named here"),
        None => (published(fleet).await?, "from etcd"),
    };
    output.line(&format!("secrets are encrypted for the key {} ({from})", key.id()));
    Ok(key)
}

/// `--secret NAME=@FILE`
pub(crate) async fn set(
    fleet: &Fleet,
    output: &Output,
    app: &str,
    settings: &mut Map<String, Value>,
    secret: &str,
) -> Result<(), ClientError> {
    let usage = || {
        let name = secret.split('=').next().unwrap_or_default();
        ClientError::Usage(format!(
            "--secret {name}: expected NAME=@FILE; a value itself would be in the list of processes"
        ))
    };
    let (name, file) =
        secret.split_once("=@").filter(|(name, file)| !name.is_empty() && !file.is_empty()).ok_or_else(usage)?;
    let failed = |why: String| ClientError::SecretOf(name.to_owned(), why);
    let text = if file == "-" {
        let mut text = String::new();
        let read = std::io::stdin().take(MAX_INPUT).read_to_string(&mut text);
        read.map_err(|error| failed(format!("the standard input cannot be read: {error}")))?;
        text.strip_suffix('\n').map_or(text.clone(), |text| text.strip_suffix('\r').unwrap_or(text).to_owned())
    } else {
        nano_config::read_secret(file, Path::new(""), Path::new("")).map_err(failed)?.text
    };
    let key = chosen(fleet, output).await?;
    let sealed = key.seal(app, name, &text).map_err(|error| failed(error.to_string()))?;
    let env = settings.entry("env").or_insert_with(|| json!({})).as_object_mut();
    env.ok_or_else(|| ClientError::Usage("env is no object".to_owned()))?.insert(name.to_owned(), sealed);
    Ok(())
}

/// Reads and encrypts what `env` has as `{"file": …}` or `{"env": …}`.
pub(crate) async fn seal(
    fleet: &Fleet,
    output: &Output,
    (app, directory, manifest): (&str, &Path, &Manifest),
    settings: &mut Map<String, Value>,
) -> Result<(), ClientError> {
    let mut key = None;
    let Some(env) = settings.get_mut("env").and_then(Value::as_object_mut) else { return Ok(()) };
    for (name, value) in env {
        let alone = value.as_object().filter(|members| members.len() == 1);
        let Some((kind, Value::String(from))) = alone.and_then(|members| members.iter().next()) else { continue };
        let failed = |why: String| ClientError::SecretOf(name.clone(), why);
        let text = match kind.as_str() {
            "file" => {
                let file = nano_config::read_secret(from, directory, Path::new("")).map_err(failed)?;
                if is_in_bundle(directory, manifest, &file.path) {
                    let why =
                        "the secret's file is among the app's files, which are not encrypted: name it in .nanoignore";
                    return Err(failed(format!("{}: {why}", file.path.display())));
                }
                file.text
            }
            "env" => match std::env::var(from) {
                Ok(text) if !text.is_empty() => text,
                _ => return Err(failed(format!("the environment of nanoctl has no {from}"))),
            },
            _ => continue,
        };
        if key.is_none() {
            key = Some(chosen(fleet, output).await?);
        }
        if let Some(key) = &key {
            *value = key.seal(app, name, &text).map_err(|error| failed(error.to_string()))?;
        }
    }
    Ok(())
}

fn is_in_bundle(directory: &Path, manifest: &Manifest, file: &Path) -> bool {
    let (Ok(directory), Ok(file)) = (directory.canonicalize(), file.canonicalize()) else { return false };
    let own = file.strip_prefix(directory).ok().and_then(Path::to_str);
    own.is_some_and(|own| manifest.files.iter().any(|each| each.path == own))
}
