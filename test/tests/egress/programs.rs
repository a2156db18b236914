//! `fetch()` in programs: `nano run` and the REPL have a network too, by a `nano` of their own.

use crate::upstream::Upstream;
use nano_test::{Site, finish};

fn upstream() -> Upstream {
    Upstream::serve(|peer, asked| {
        peer.respond("", format!("{} {}", asked.line, asked.body.len()));
    })
}

#[test]
fn a_script_fetches_and_ends() {
    let (site, upstream) = (Site::new(), upstream());
    let source = format!(
        "const url = {:?};\n\
         console.log(await (await fetch(url)).text());\n\
         console.log(await (await fetch(url, {{ method: 'POST', body: 'x'.repeat(1e6) }})).text());\n\
         console.log((await fetch('http://127.0.0.1:1/').catch((error) => error)).cause.code);\n\
         await fetch(url); // its body is never read\n",
        upstream.url("/")
    );
    site.file("script.js", &source);
    let end = finish(&mut site.command("nano", &["run", "script.js"]), "");
    assert_eq!((end.code, end.stderr.as_str()), (Some(0), ""));
    assert_eq!(end.stdout, "GET / HTTP/1.1 0\nPOST / HTTP/1.1 1000000\nCONNECT_FAILED\n");
}

#[test]
fn the_repl_fetches() {
    let (site, upstream) = (Site::new(), upstream());
    let entry = format!("await (await fetch({:?})).text()\n", upstream.url("/x"));
    let end = finish(&mut site.command("nano", &["repl"]), &entry);
    assert_eq!((end.code, end.stdout.as_str()), (Some(0), "'GET /x HTTP/1.1 0'\n"), "{end:?}");
}

#[test]
fn more_uploads_at_once_than_the_link_holds_all_arrive() {
    let (site, upstream) = (Site::new(), upstream());
    let source = format!(
        "const url = {:?};\n\
         const body = () => {{\n\
           let left = 15;\n\
           return new ReadableStream({{ pull(to) {{ if (left-- === 0) to.close(); else to.enqueue(new Uint8Array(20_000)); }} }});\n\
         }};\n\
         const post = async () => (await fetch(url, {{ method: 'POST', body: body(), duplex: 'half' }})).text();\n\
         const answers = await Promise.all(Array.from({{ length: 12 }}, post));\n\
         console.log(answers.length, ...new Set(answers));\n",
        upstream.url("/")
    );
    site.file("script.js", &source);
    let end = finish(&mut site.command("nano", &["run", "script.js"]), "");
    assert_eq!((end.code, end.stderr.as_str()), (Some(0), ""));
    assert_eq!(end.stdout, "12 POST / HTTP/1.1 300000\n");
}
