//! Tests of `content_type.rs`.

#[test]
fn what_sites_are_made_of() {
    for (path, kind) in [
        ("/index.html", "text/html; charset=utf-8"),
        ("/a.CSS", "text/css; charset=utf-8"),
        ("/a.js", "text/javascript; charset=utf-8"),
        ("/a.mjs", "text/javascript; charset=utf-8"),
        ("/a.json", "application/json"),
        ("/a.svg", "image/svg+xml"),
        ("/a.png", "image/png"),
        ("/a.webp", "image/webp"),
        ("/a.avif", "image/avif"),
        ("/a.woff2", "font/woff2"),
        ("/a.woff", "font/woff"),
        ("/a.otf", "font/otf"),
        ("/sitemap.xml", "application/xml"),
        ("/a.XSL", "application/xml"),
        ("/a.js.map", "application/json"),
        ("/a.yaml", "text/yaml; charset=utf-8"),
        ("/a.ts", "video/mp2t"),
        ("/a.m4s", "video/iso.segment"),
        ("/a.m4a", "audio/mp4"),
        ("/a.cjs", "application/node"),
        ("/a.jsx", "text/jsx; charset=utf-8"),
        ("/a.wasm", "application/wasm"),
        ("/a.txt", "text/plain; charset=utf-8"),
        ("/a.webmanifest", "application/manifest+json"),
        ("/favicon.ico", "image/x-icon"),
        ("/a.pdf", "application/pdf"),
        ("/a.mp4", "video/mp4"),
        ("/a.html/b", "application/octet-stream"),
        ("/LICENSE", "application/octet-stream"),
    ] {
        assert_eq!(super::of(path), kind, "{path}");
    }
}
