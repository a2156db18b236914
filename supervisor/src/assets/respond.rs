//! Responses from files.

use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    LAST_MODIFIED, LOCATION, RANGE, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::Assets;
use super::content_type;
use super::decide::{Asked, Decision};
use super::encodings::{self, Coding};
use super::files::{AssetError, Content};
use super::head_room::HeadTooLarge;
use super::reader::AssetReader;
use super::resolve::Files;
use crate::conditions::Part;

/// Caches ask each time whether what they have is still what is served.
const REVALIDATE: HeaderValue = HeaderValue::from_static("public, max-age=0, must-revalidate");

/// A response from files.
#[derive(Debug)]
pub(crate) struct AssetAnswer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: AssetBody,
}

/// Its body.
#[derive(Debug)]
pub(crate) enum AssetBody {
    /// In memory, perhaps empty.
    Whole(Bytes),
    /// Read while it is sent.
    File(AssetReader),
}

impl AssetBody {
    /// Bytes that are to come.
    pub(crate) fn left(&self) -> u64 {
        match self {
            Self::Whole(bytes) => bytes.len() as u64,
            Self::File(reader) => reader.left(),
        }
    }
}

impl AssetAnswer {
    fn empty(status: StatusCode, headers: HeaderMap) -> Self {
        Self { status, headers, body: AssetBody::Whole(Bytes::new()) }
    }

    /// `to`: encoded.
    pub(super) fn redirect(status: StatusCode, to: &str) -> Self {
        let mut headers = HeaderMap::new();
        if let Ok(location) = HeaderValue::try_from(to) {
            headers.insert(LOCATION, location);
        }
        Self::empty(status, headers)
    }
}

/// What the files have for a request.
#[derive(Debug)]
pub(crate) enum Found {
    /// A response.
    Answer(AssetAnswer),
    /// It is the worker's.
    Worker,
    /// Only GET and HEAD are served.
    Method,
    /// There is no file.
    Nothing,
}

impl Assets {
    /// The whole answer: which file, or whose the request is; its head by the rules.
    pub(crate) async fn find(&self, asked: Asked<'_>) -> Result<Found, AssetError> {
        let mut answer = match self.decide(asked)? {
            Decision::Worker => return Ok(Found::Worker),
            Decision::Method => return Ok(Found::Method),
            Decision::Nothing => return Ok(Found::Nothing),
            Decision::TooLong => return Err(AssetError::PathTooLong),
            _ if !self.rules.headers.take(asked.path) => return Err(AssetError::PathTooLong),
            Decision::Answer(answer) => answer,
            Decision::File(file, status) => self.respond(&file, status, asked).await?,
        };
        self.dress(&mut answer, asked)?;
        Ok(Found::Answer(answer))
    }

    /// The response that is a file.
    async fn respond(&self, file: &str, status: u16, asked: Asked<'_>) -> Result<AssetAnswer, AssetError> {
        let (content, coding) = self.negotiated(file, asked.headers).await?;
        let mut version = content.version().clone();
        let mut headers = HeaderMap::with_capacity(8);
        if let Some(coding) = coding {
            version = version.coded(coding.name());
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
        }
        if self.has_siblings(file) {
            headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        }
        headers.insert(ETAG, version.etag.clone());
        if let Ok(date) = HeaderValue::try_from(httpdate::fmt_http_date(version.modified)) {
            headers.insert(LAST_MODIFIED, date);
        }
        if !asked.headers.contains_key(AUTHORIZATION) && !asked.headers.contains_key(RANGE) {
            headers.insert(CACHE_CONTROL, REVALIDATE);
        }
        // A page in place of a file is neither asked for again nor asked for in parts.
        let part = if status == 200 { version.validators().part(asked.method, asked.headers) } else { Part::Whole };
        let (status, at, count) = match part {
            Part::Whole => (StatusCode::from_u16(status).unwrap_or(StatusCode::OK), 0, version.size),
            Part::NotModified => {
                headers.remove(CONTENT_ENCODING);
                return Ok(AssetAnswer::empty(StatusCode::NOT_MODIFIED, headers));
            }
            Part::Unmet => return Err(AssetError::Unmet),
            Part::Unsatisfiable => return Err(AssetError::Unsatisfiable(version.size)),
            Part::Range(first, last) => {
                let range = format!("bytes {first}-{last}/{}", version.size);
                headers.extend(HeaderValue::try_from(range).ok().map(|range| (CONTENT_RANGE, range)));
                (StatusCode::PARTIAL_CONTENT, first, last - first + 1)
            }
        };
        if let Ok(kind) = HeaderValue::try_from(content_type::of(file)) {
            headers.insert(CONTENT_TYPE, kind);
        }
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        if *asked.method == Method::HEAD {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(count));
            return Ok(AssetAnswer::empty(status, headers));
        }
        Ok(AssetAnswer { status, headers, body: body(content, at, count) })
    }
}

impl Assets {
    /// The file, or what of its precompressed siblings the client likes best.
    async fn negotiated(&self, file: &str, asked: &HeaderMap) -> Result<(Content, Option<Coding>), AssetError> {
        let there = |coding: Coding| self.manifest.has(&format!("{file}{}", coding.suffix()));
        if let Some(coding) = encodings::choose(asked, there) {
            match self.content(&format!("{file}{}", coding.suffix())).await {
                Ok(content) => return Ok((content, Some(coding))),
                // The file itself may be there still.
                Err(AssetError::Gone | AssetError::Unreadable) => {}
                Err(error) => return Err(error),
            }
        }
        Ok((self.content(file).await?, None))
    }

    fn has_siblings(&self, file: &str) -> bool {
        Coding::ALL.into_iter().any(|coding| self.manifest.has(&format!("{file}{}", coding.suffix())))
    }

    /// Sets and removes what `_headers` says.
    ///
    /// # Errors
    /// The head would be too large. The answer is not to be sent then: a header that lacks may be one that protects.
    fn dress(&self, answer: &mut AssetAnswer, asked: Asked<'_>) -> Result<(), HeadTooLarge> {
        if self.rules.headers.is_empty() {
            return Ok(());
        }
        self.rules.headers.apply(host(asked.url), asked.path, &mut answer.headers)
    }
}

/// The host of an `http` or `https` URL, without its port.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split('/').next().unwrap_or_default();
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => host,
        _ => authority,
    }
}

fn body(content: Content, at: u64, count: u64) -> AssetBody {
    match content {
        Content::Kept(kept) => {
            let place = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX).min(kept.bytes.len());
            AssetBody::Whole(kept.bytes.slice(place(at)..place(at + count)))
        }
        Content::Open { file, turns, .. } => AssetBody::File(AssetReader::new(file, turns, at, count)),
    }
}
