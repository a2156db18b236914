//! The tables of wrangler's documentation, and what lies between.

use super::*;

struct Names(&'static [&'static str]);

impl Files for Names {
    fn has(&self, path: &str) -> bool {
        self.0.contains(&path)
    }
}

/// A page, a directory with a page, both under one name, and files without `.html`.
const SITE: Names = Names(&[
    "/index.html",
    "/file.html",
    "/folder/index.html",
    "/both.html",
    "/both/index.html",
    "/bin",
    "/bin.html",
    "/a.txt",
    "/deep/er/page.html",
    "/index/index",
]);

fn told(path: &str, handling: HtmlHandling) -> String {
    match resolve(path, handling, &SITE) {
        Resolved::File(file) => file,
        Resolved::Redirect(to) => format!("-> {to}"),
        Resolved::Nothing => "-".to_owned(),
    }
}

#[test]
fn auto_trailing_slash() {
    for (path, expected) in [
        ("/", "/index.html"),
        ("/index", "-> /"),
        ("/index.html", "-> /"),
        ("/file", "/file.html"),
        ("/file.html", "-> /file"),
        ("/file/", "-> /file"),
        ("/file/index", "-> /file"),
        ("/file/index.html", "-> /file"),
        ("/folder", "-> /folder/"),
        ("/folder.html", "-> /folder/"),
        ("/folder/", "/folder/index.html"),
        ("/folder/index", "-> /folder/"),
        ("/folder/index.html", "-> /folder/"),
        ("/both", "/both.html"),
        ("/both/", "/both/index.html"),
        ("/bin", "/bin"),
        ("/bin.html", "/bin.html"),
        ("/bin/", "-"),
        ("/a.txt", "/a.txt"),
        ("/a.txt/", "-"),
        ("/deep/er/page/", "-> /deep/er/page"),
        ("/index/index", "/index/index"),
        ("/none", "-"),
        ("/none/", "-"),
        ("", "-> /"),
    ] {
        assert_eq!(told(path, HtmlHandling::Auto), expected, "{path}");
    }
}

#[test]
fn force_trailing_slash() {
    for (path, expected) in [
        ("/", "/index.html"),
        ("/index.html", "-> /"),
        ("/file", "-> /file/"),
        ("/file.html", "-> /file/"),
        ("/file/", "/file.html"),
        ("/file/index", "-> /file/"),
        ("/file/index.html", "-> /file/"),
        ("/folder", "-> /folder/"),
        ("/folder.html", "-> /folder/"),
        ("/folder/", "/folder/index.html"),
        ("/folder/index.html", "-> /folder/"),
        ("/both", "-> /both/"),
        ("/both.html", "/both.html"),
        ("/both/", "/both/index.html"),
        ("/bin", "/bin"),
        ("/bin/", "/bin.html"),
        ("/a.txt", "/a.txt"),
        ("/none", "-"),
    ] {
        assert_eq!(told(path, HtmlHandling::Force), expected, "{path}");
    }
}

#[test]
fn drop_trailing_slash() {
    for (path, expected) in [
        ("/", "/index.html"),
        ("/index", "-> /"),
        ("/index.html", "-> /"),
        ("/file", "/file.html"),
        ("/file.html", "-> /file"),
        ("/file/", "-> /file"),
        ("/file/index", "-> /file"),
        ("/folder", "/folder/index.html"),
        ("/folder.html", "-> /folder"),
        ("/folder/", "-> /folder"),
        ("/folder/index", "-> /folder"),
        ("/folder/index.html", "-> /folder"),
        ("/both", "/both.html"),
        ("/both/", "-> /both"),
        ("/both/index.html", "/both/index.html"),
        ("/a.txt", "/a.txt"),
        ("/none/", "-"),
    ] {
        assert_eq!(told(path, HtmlHandling::Drop), expected, "{path}");
    }
}

#[test]
fn none() {
    for (path, expected) in
        [("/", "-"), ("/index.html", "/index.html"), ("/file", "-"), ("/folder/", "-"), ("/bin", "/bin")]
    {
        assert_eq!(told(path, HtmlHandling::None), expected, "{path}");
    }
}

#[test]
fn pages_for_what_is_not_there() {
    let files = Names(&["/404.html", "/docs/404.html", "/index.html"]);
    let page = |path| not_found(path, NotFound::Page, &files);
    assert_eq!(page("/x"), Some(("/404.html".to_owned(), 404)));
    assert_eq!(page("/docs/a/b"), Some(("/docs/404.html".to_owned(), 404)));
    assert_eq!(page("/docs"), Some(("/404.html".to_owned(), 404)));
    assert_eq!(page("/docs/"), Some(("/docs/404.html".to_owned(), 404)));
    assert_eq!(not_found("/x", NotFound::Page, &SITE), None);
    assert_eq!(not_found("/x/y", NotFound::SinglePageApplication, &files), Some(("/index.html".to_owned(), 200)));
    assert_eq!(not_found("/x", NotFound::SinglePageApplication, &Names(&[])), None);
    assert_eq!(not_found("/x", NotFound::None, &files), None);
}

struct One(String);

impl Files for One {
    fn has(&self, path: &str) -> bool {
        self.0 == path
    }
}

/// Counts what is looked for.
#[derive(Default)]
struct Counted(std::cell::Cell<(usize, usize)>);

impl Files for Counted {
    fn has(&self, path: &str) -> bool {
        let (times, bytes) = self.0.get();
        self.0.set((times + 1, bytes + path.len()));
        false
    }
}

#[test]
fn a_path_of_many_directories_is_not_looked_for_in_each() {
    for path in ["/a".repeat(32 << 10), format!("/{}/b", "a".repeat(60 << 10)), "/".repeat(64 << 10)] {
        let files = Counted::default();
        assert_eq!(not_found(&path, NotFound::Page, &files), None);
        let (times, bytes) = files.0.get();
        assert!(times <= MAX_DIRECTORIES && bytes <= 4 * MAX_MODULE_PATH, "{times} {bytes}");
    }
    // The deepest that can be listed is found.
    let deep = format!("{}/404.html", "/a".repeat(MAX_ASSET_DEPTH));
    let path = format!("{}/x", "/a".repeat(MAX_ASSET_DEPTH));
    assert_eq!(not_found(&path, NotFound::Page, &One(deep.clone())), Some((deep, 404)));
}
