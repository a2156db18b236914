//! Projects and packages that mean harm, or are too large.

use std::fs::File;
use std::os::unix::fs::symlink;

use nano_test::{Site, finish};

use crate::server::DevServer;

#[test]
fn nothing_outside_of_the_project_is_read() {
    let site = Site::new();
    site.file("secret/index.ts", "export const secret = 'secret-text';");
    site.file("secret/words.txt", "secret-text");
    site.file("p/node_modules/linked/package.json", "{}");
    std::fs::remove_dir_all(site.path("p/node_modules/linked")).unwrap();
    symlink("../../secret", site.path("p/node_modules/linked")).unwrap();
    symlink("../secret/words.txt", site.path("p/words.txt")).unwrap();
    site.file(
        "p/index.ts",
        "import { secret } from 'linked';\nimport again from '../secret';\nimport words from './words.txt';\nimport passwd from '/etc/passwd';\n\
         export default { fetch: () => new Response(`${secret}${again}${words}${passwd}`) };",
    );
    let dev = DevServer::start(&site, &["p"]);
    for (specifier, place) in [("linked", "1:24"), ("../secret", "2:19"), ("./words.txt", "3:19")] {
        let line = dev.await_line(&format!("p/index.ts:{place}: Cannot import \"{specifier}\": it leads to "));
        assert!(line.contains("and nothing else is read for this project"), "{line}");
    }
    dev.await_line("Cannot import \"/etc/passwd\"");
    let page = dev.navigate("/");
    assert!(page.status == 500 && !page.text().contains("secret-text"), "{page:?}");
}

#[test]
fn what_is_too_large_or_too_deep_is_an_error_and_not_the_end() {
    let site = Site::new();
    site.file("p/index.ts", "import './large';\nexport default { fetch: () => new Response('fine') };");
    File::create(site.path("p/large.ts")).unwrap().set_len(64 << 20).unwrap();
    let dev = DevServer::start(&site, &["p"]);
    dev.await_line("larger than 32 MiB");
    // Nested so deep that a parser that descends has no stack left.
    site.file("p/large.ts", &format!("export const a = {}1{};", "(".repeat(1_000_000), ")".repeat(1_000_000)));
    nano_test::until("it is refused", || (dev.log.count("waiting for a change") >= 2).then_some(()));
    site.file("p/large.ts", "export {};");
    dev.await_text("fine");
}

#[test]
fn long_chains_and_cycles_of_imports_are_bundled() {
    const MODULES: usize = 1500;
    let site = Site::new();
    for at in 0..MODULES {
        let next = (at + 1) % MODULES;
        let text = format!(
            "import {{ f as g }} from './m{next}.ts';\nexport const f = (n: number): number => n === 0 ? {at} : g(n - 1);\n"
        );
        std::fs::create_dir_all(site.path("p")).unwrap();
        std::fs::write(site.path(&format!("p/m{at}.ts")), text).unwrap();
    }
    site.file(
        "p/index.ts",
        &format!(
            "import {{ f }} from './m0.ts';\nexport default {{ fetch: () => new Response(`${{f({})}}`) }};",
            MODULES - 1
        ),
    );
    let dev = DevServer::start(&site, &["p"]);
    assert_eq!(dev.get("localhost", "/").text(), (MODULES - 1).to_string());
}

#[test]
fn the_bundler_has_no_environment_and_wants_its_own_request() {
    let site = Site::new();
    let ended = finish(&mut site.command("nano-bundle", &[]), "{}");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("it is started by `nano` only"), "{ended:?}");
}

#[test]
fn what_the_project_says_does_not_control_the_terminal() {
    let site = Site::new();
    site.file("p/index.ts", "import '\\u001b]0;owned\\u0007';\nimport './\u{1b}[31mred';\nexport default {};");
    let dev = DevServer::start(&site, &["p"]);
    dev.await_line("waiting for a change");
    assert!(!dev.log.lines().join("\n").contains('\u{1b}'), "{:#?}", dev.log.lines());
}
