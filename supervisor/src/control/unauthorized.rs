//! Answers a user who may not use the control socket, instead of only closing the connection.

use std::time::Duration;

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::group::ControlGroup;
use crate::printable;

/// Time limit for the whole exchange.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Most bytes of the request. It is read because closing with unread data would reset the connection.
const MAX_REQUEST: u64 = 16 * 1024;

/// Tells `peer` that the socket is for root, `own` and the members of `group` alone.
pub(super) async fn turn_away(mut stream: UnixStream, peer: Option<u32>, own: u32, group: Option<ControlGroup>) {
    let _ = tokio::time::timeout(TIMEOUT, async {
        let (reader, mut writer) = stream.split();
        let mut head = Vec::new();
        let mut reader = reader.take(MAX_REQUEST);
        while !head.ends_with(b"\r\n\r\n") && reader.read_buf(&mut head).await? > 0 {}
        writer.write_all(answer(peer, own, group.as_ref()).as_bytes()).await?;
        writer.shutdown().await?;
        while reader.read_buf(&mut head).await? > 0 {
            head.clear();
        }
        std::io::Result::Ok(())
    })
    .await;
}

fn answer(peer: Option<u32>, own: u32, group: Option<&ControlGroup>) -> String {
    let owner = (own != 0).then(|| format!("uid {own}"));
    let members = group.map(|group| format!("the group {:?}", group.name()));
    let all: Vec<String> = std::iter::once("root".to_owned()).chain(owner).chain(members).collect();
    let who = all.join(" and ");
    let you = peer.map_or_else(String::new, |uid| format!(", and you are uid {uid}"));
    let help = match group {
        Some(group) => format!(", or become a member of {:?} and log in again", group.name()),
        None => ", or have `control_group` in nano.json name a group of yours".to_owned(),
    };
    let error = format!("the control socket is for {who} alone{you}: try with `sudo`{help}");
    let body = format!("{}\n", printable::json(&json!({ "error": error, "code": "not_allowed" }).to_string()));
    format!(
        "HTTP/1.1 403 Forbidden\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[cfg(test)]
mod tests;
