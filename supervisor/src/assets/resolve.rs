//! Which file a path means: `html_handling` and `not_found`, with the rules of wrangler's static assets.

use nano_config::{HtmlHandling, NotFound};
use nano_protocol::limits::MAX_MODULE_PATH;
use nano_spawner::MAX_ASSET_DEPTH;

/// Most directories in which a listed file can lie, the top included.
const MAX_DIRECTORIES: usize = MAX_ASSET_DEPTH + 1;

/// Answers whether there is a file; paths begin with `/`.
pub(super) trait Files {
    /// Whether there is a file with exactly this path.
    fn has(&self, path: &str) -> bool;
}

/// What is served for a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Resolved {
    /// A file.
    File(String),
    /// The file has this path instead.
    Redirect(String),
    /// There is no file.
    Nothing,
}

/// Which file a decoded path means.
pub(super) fn resolve(path: &str, handling: HtmlHandling, files: &impl Files) -> Resolved {
    Resolver { handling, files, redirects: true }.resolve(path)
}

/// The file in place of one that is not there, with its status.
pub(super) fn not_found(path: &str, handling: NotFound, files: &impl Files) -> Option<(String, u16)> {
    match handling {
        NotFound::None => None,
        NotFound::SinglePageApplication => files.has("/index.html").then(|| ("/index.html".to_owned(), 200)),
        NotFound::Page => {
            // A client's path may have many more directories than any that was listed.
            let near = path.match_indices('/').map(|(at, _)| at).take_while(|at| *at <= MAX_MODULE_PATH);
            let directories: Vec<_> = near.take(MAX_DIRECTORIES).filter_map(|at| path.get(..at)).collect();
            let pages = directories.into_iter().rev().map(|directory| format!("{directory}/404.html"));
            pages.map(|page| (page, 404)).find(|(page, _)| files.has(page))
        }
    }
}

struct Resolver<'f, F> {
    handling: HtmlHandling,
    files: &'f F,
    /// Off while it is found out what a redirect would lead to.
    redirects: bool,
}

impl<F: Files> Resolver<'_, F> {
    fn resolve(&self, path: &str) -> Resolved {
        match self.handling {
            HtmlHandling::Auto => self.auto(path),
            HtmlHandling::Force => self.force(path),
            HtmlHandling::Drop => self.drop_slash(path),
            HtmlHandling::None => self.file(path.to_owned()),
        }
        .unwrap_or(Resolved::Nothing)
    }

    fn file(&self, path: String) -> Option<Resolved> {
        self.files.has(&path).then_some(Resolved::File(path))
    }

    /// A redirect to `to`, if `file` is there, there is no file with the name `to`, and `to` leads to `file`.
    fn redirect(&self, file: &str, to: &str) -> Option<Resolved> {
        if !self.redirects || !self.files.has(file) || self.files.has(to) {
            return None;
        }
        let then = Resolver { handling: self.handling, files: self.files, redirects: false };
        matches!(then.resolve(to), Resolved::File(found) if found == file).then(|| Resolved::Redirect(to.to_owned()))
    }

    fn auto(&self, path: &str) -> Option<Resolved> {
        let found = if let Some(base) = path.strip_suffix("/index") {
            self.file(path.to_owned())
                .or_else(|| self.redirect(&format!("{path}.html"), &format!("{base}/")))
                .or_else(|| self.redirect(&format!("{base}.html"), base))
        } else if let Some(base) = path.strip_suffix("/index.html") {
            self.redirect(path, &format!("{base}/")).or_else(|| self.redirect(&format!("{base}.html"), base))
        } else if let Some(base) = path.strip_suffix('/') {
            self.file(format!("{path}index.html")).or_else(|| self.redirect(&format!("{base}.html"), base))
        } else if let Some(base) = path.strip_suffix(".html") {
            self.redirect(path, base).or_else(|| self.redirect(&format!("{base}/index.html"), &format!("{base}/")))
        } else {
            None
        };
        found
            .or_else(|| self.file(path.to_owned()))
            .or_else(|| self.file(format!("{path}.html")))
            .or_else(|| self.redirect(&format!("{path}/index.html"), &format!("{path}/")))
    }

    fn force(&self, path: &str) -> Option<Resolved> {
        let found = if let Some(base) = path.strip_suffix("/index") {
            self.file(path.to_owned())
                .or_else(|| self.redirect(&format!("{path}.html"), &format!("{base}/")))
                .or_else(|| self.redirect(&format!("{base}.html"), &format!("{base}/")))
        } else if let Some(base) = path.strip_suffix("/index.html") {
            let to = format!("{base}/");
            self.redirect(path, &to).or_else(|| self.redirect(&format!("{base}.html"), &to))
        } else if let Some(base) = path.strip_suffix('/') {
            self.file(format!("{path}index.html")).or_else(|| self.file(format!("{base}.html")))
        } else if let Some(base) = path.strip_suffix(".html") {
            let to = format!("{base}/");
            self.redirect(path, &to)
                .or_else(|| self.file(path.to_owned()))
                .or_else(|| self.redirect(&format!("{base}/index.html"), &to))
        } else {
            None
        };
        let to = format!("{path}/");
        found
            .or_else(|| self.file(path.to_owned()))
            .or_else(|| self.redirect(&format!("{path}.html"), &to))
            .or_else(|| self.redirect(&format!("{path}/index.html"), &to))
    }

    fn drop_slash(&self, path: &str) -> Option<Resolved> {
        let found = if let Some(base) = path.strip_suffix("/index") {
            self.file(path.to_owned()).or_else(|| {
                if base.is_empty() {
                    self.redirect("/index.html", "/")
                } else {
                    self.redirect(&format!("{base}.html"), base)
                        .or_else(|| self.redirect(&format!("{path}.html"), base))
                }
            })
        } else if let Some(base) = path.strip_suffix("/index.html") {
            if base.is_empty() {
                self.redirect("/index.html", "/")
            } else {
                self.redirect(path, base)
                    .or_else(|| self.file(path.to_owned()))
                    .or_else(|| self.redirect(&format!("{base}.html"), base))
            }
        } else if path == "/" {
            self.file("/index.html".to_owned())
        } else if let Some(base) = path.strip_suffix('/') {
            self.redirect(&format!("{base}.html"), base).or_else(|| self.redirect(&format!("{base}/index.html"), base))
        } else if let Some(base) = path.strip_suffix(".html") {
            self.redirect(path, base).or_else(|| self.redirect(&format!("{base}/index.html"), base))
        } else {
            None
        };
        found
            .or_else(|| self.file(path.to_owned()))
            .or_else(|| self.file(format!("{path}.html")))
            .or_else(|| self.file(format!("{path}/index.html")))
    }
}

#[cfg(test)]
mod tests;
