//! The corpus: exact bytes, and what must come of them.
//!
//! An answer is written `a POST /x hello` (app a served it and read this body), `400 code` (refused), `400 code @a POST /x`
//! (refused when app a may have seen its head already), `close` (the server closes), `half` (the client closes its half)
//! or `cut` (it does, and the server closes without a word).

mod framing;

/// One case.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) bytes: Vec<u8>,
    pub(crate) answers: Vec<&'static str>,
}

/// Follows what leaves the connection open: both sides still agree where a request begins.
const GOOD: &str = "GET /after HTTP/1.1\r\nHost: a.local\r\n\r\n";
/// Sent after a request that must end the connection: no app may see it.
const LOST: &str = "GET /lost HTTP/1.1\r\nHost: b.local\r\n\r\n";
/// Hidden in bodies.
const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: b.local\r\n\r\n";

#[derive(Default)]
struct Corpus(Vec<Case>);

impl Corpus {
    /// These answers, and the connection serves on.
    fn open(&mut self, name: &'static str, bytes: impl AsRef<[u8]>, answers: &[&'static str]) {
        let answers = answers.iter().copied().chain(["a GET /after"]).collect();
        self.0.push(Case { name, bytes: [bytes.as_ref(), GOOD.as_bytes()].concat(), answers });
    }

    /// These answers, and the connection ends.
    fn shut(&mut self, name: &'static str, bytes: impl AsRef<[u8]>, answers: &[&'static str]) {
        let answers = answers.iter().copied().chain(["close"]).collect();
        self.0.push(Case { name, bytes: [bytes.as_ref(), LOST.as_bytes()].concat(), answers });
    }

    /// The client closes its half in the middle of a body.
    fn half(&mut self, name: &'static str, bytes: impl AsRef<[u8]>) {
        let answers = vec!["half", "400 malformed_body @a POST /", "close"];
        self.0.push(Case { name, bytes: bytes.as_ref().to_vec(), answers });
    }

    /// The client closes its half when it has asked: it is answered, and the connection ends.
    fn asked(&mut self, name: &'static str, bytes: impl AsRef<[u8]>, answers: &[&'static str]) {
        let answers = std::iter::once("half").chain(answers.iter().copied()).chain(["close"]).collect();
        self.0.push(Case { name, bytes: bytes.as_ref().to_vec(), answers });
    }

    /// The client leaves in the middle of a head.
    fn cut(&mut self, name: &'static str, bytes: impl AsRef<[u8]>) {
        self.0.push(Case { name, bytes: bytes.as_ref().to_vec(), answers: vec!["cut"] });
    }

    /// A `GET /` of app a with this header line, which is refused.
    fn bad_header(&mut self, name: &'static str, line: impl AsRef<[u8]>) {
        self.shut(name, get(line), &["400 bad_request"]);
    }

    /// A `GET /` with this line in the place of `Host`.
    fn host(&mut self, name: &'static str, lines: &str, answer: &'static str) {
        self.open(name, format!("GET / HTTP/1.1\r\n{lines}\r\n"), &[answer]);
    }

    /// A request line, with `Host: a.local` after it.
    fn line(&mut self, name: &'static str, line: &str, answer: &'static str, open: bool) {
        let bytes = format!("{line}\r\nHost: a.local\r\n\r\n");
        if open { self.open(name, bytes, &[answer]) } else { self.shut(name, bytes, &[answer]) }
    }

    /// A `POST /` of app a with these header lines and this body, refused at its head.
    fn bad_length(&mut self, name: &'static str, headers: &str, body: &str) {
        self.shut(name, post(headers, body), &["400 bad_request"]);
    }

    /// A chunked `POST /` of app a whose body is refused.
    fn bad_chunks(&mut self, name: &'static str, body: impl AsRef<[u8]>) {
        let bytes = [post("Transfer-Encoding: chunked\r\n", "").as_bytes(), body.as_ref()].concat();
        self.shut(name, bytes, &["400 malformed_body @a POST /"]);
    }

    /// A chunked `POST /` of app a that is right.
    fn chunks(&mut self, name: &'static str, body: &str, answer: &'static str) {
        self.open(name, post("Transfer-Encoding: chunked\r\n", body), &[answer]);
    }
}

fn get(line: impl AsRef<[u8]>) -> Vec<u8> {
    [b"GET / HTTP/1.1\r\nHost: a.local\r\n", line.as_ref(), b"\r\n\r\n"].concat()
}

fn post(headers: &str, body: &str) -> String {
    format!("POST / HTTP/1.1\r\nHost: a.local\r\n{headers}\r\n{body}")
}

/// All cases.
pub(crate) fn corpus() -> Vec<Case> {
    let mut corpus = Corpus::default();
    hosts(&mut corpus);
    targets(&mut corpus);
    lines(&mut corpus);
    headers(&mut corpus);
    framing::lengths(&mut corpus);
    framing::smuggling(&mut corpus);
    framing::chunks(&mut corpus);
    connections(&mut corpus);
    sizes(&mut corpus);
    corpus.0
}

fn hosts(c: &mut Corpus) {
    c.host("a host", "Host: a.local\r\n", "a GET /");
    c.host("another host", "Host: b.local\r\n", "b GET /");
    c.host("upper case", "Host: A.LOCAL\r\n", "a GET /");
    c.host("name of the header in odd case", "hOsT: b.local\r\n", "b GET /");
    c.host("with port", "Host: a.local:8080\r\n", "a GET /");
    c.host("with port 0", "Host: a.local:0\r\n", "a GET /");
    c.host("with an empty port", "Host: a.local:\r\n", "a GET /");
    c.host("trailing dot", "Host: a.local.\r\n", "a GET /");
    c.host("trailing dot and port", "Host: a.local.:80\r\n", "a GET /");
    c.host("no space before it", "Host:a.local\r\n", "a GET /");
    c.host("tabs and spaces around it", "Host: \t a.local \t\r\n", "a GET /");
    c.host("wildcard", "Host: x.wild.local\r\n", "wild GET /");
    c.host("wildcard, deep", "Host: x.y.z.wild.local\r\n", "wild GET /");
    c.host("wildcard without a label", "Host: wild.local\r\n", "404 unknown_host");
    c.host("unknown host", "Host: c.local\r\n", "404 unknown_host");
    c.host("below a host", "Host: x.a.local\r\n", "404 unknown_host");
    c.host("an address", "Host: 127.0.0.1\r\n", "404 unknown_host");
    c.host("an IPv6 address", "Host: [::1]:80\r\n", "404 unknown_host");
    c.host("no host", "", "400 missing_host");
    c.host("an empty host", "Host:\r\n", "400 malformed_host");
    c.host("a blank host", "Host:   \r\n", "400 malformed_host");
    c.host("two hosts", "Host: b.local\r\nHost: a.local\r\n", "400 several_hosts");
    c.host("the same host twice", "Host: a.local\r\nHost: a.local\r\n", "400 several_hosts");
    c.host("two hosts in one", "Host: a.local, b.local\r\n", "400 malformed_host");
    c.host("two hosts by a space", "Host: a.local b.local\r\n", "400 malformed_host");
    c.host("user in the host", "Host: a.local@b.local\r\n", "400 malformed_host");
    c.host("user and password in the host", "Host: u:p@a.local\r\n", "400 malformed_host");
    c.host("path in the host", "Host: a.local/b\r\n", "400 malformed_host");
    c.host("query in the host", "Host: a.local?b.local\r\n", "400 malformed_host");
    c.host("fragment in the host", "Host: a.local#b.local\r\n", "400 malformed_host");
    c.host("backslash in the host", "Host: a.local\\b.local\r\n", "400 malformed_host");
    c.host("scheme in the host", "Host: http://a.local\r\n", "400 malformed_host");
    c.host("percent in the host", "Host: %61.local\r\n", "400 malformed_host");
    c.host("percent dot in the host", "Host: a%2elocal\r\n", "400 malformed_host");
    c.host("percent zero in the host", "Host: a.local%00.b.local\r\n", "400 malformed_host");
    c.host("unicode host", "Host: \u{e4}.local\r\n", "400 malformed_host");
    c.host("full-width host", "Host: \u{ff41}.local\r\n", "400 malformed_host");
    c.host("unicode dot in the host", "Host: a\u{3002}local\r\n", "400 malformed_host");
    c.host("port with letters", "Host: a.local:8o\r\n", "400 malformed_host");
    c.host("port too large", "Host: a.local:65536\r\n", "400 malformed_host");
    c.host("negative port", "Host: a.local:-1\r\n", "400 malformed_host");
    c.host("two ports", "Host: a.local:80:80\r\n", "400 malformed_host");
    c.host("empty label", "Host: a..local\r\n", "400 malformed_host");
    c.host("leading dot", "Host: .a.local\r\n", "400 malformed_host");
    c.host("two trailing dots", "Host: a.local..\r\n", "400 malformed_host");
    c.host("star as host", "Host: *\r\n", "400 malformed_host");
    c.host("the wildcard itself as host", "Host: *.wild.local\r\n", "400 malformed_host");
    c.host("a label of no other script", "Host: xn--\r\n", "400 malformed_host");
    c.host("a label that stands for nothing", "Host: xn--a.wild.local\r\n", "400 malformed_host");
    c.host("a label of another script", "Host: XN--Bcher-kva.wild.local\r\n", "wild GET /");
    c.host("a label that would be another", "Host: xn--a-ecp.wild.local\r\n", "400 malformed_host");
    c.host("a hexadecimal address", "Host: 0x7f000001\r\n", "400 malformed_host");
    c.host("a name that ends in a hexadecimal number", "Host: x.wild.0x1\r\n", "400 malformed_host");
    c.host("a short address", "Host: 127.1\r\n", "400 malformed_host");
    c.host("an octal address", "Host: 0177.0.0.1\r\n", "400 malformed_host");
    c.host("a hexadecimal label", "Host: 0x7f.wild.local\r\n", "wild GET /");
    c.host("open bracket", "Host: [::1\r\n", "400 malformed_host");
    c.host("X-Forwarded-Host says nothing", "Host: a.local\r\nX-Forwarded-Host: b.local\r\n", "a GET /");
    c.host("Forwarded says nothing", "Host: a.local\r\nForwarded: host=b.local\r\n", "a GET /");
}

fn targets(c: &mut Corpus) {
    c.line("absolute target", "GET http://a.local/x HTTP/1.1", "a GET /x", true);
    c.line("absolute target wins", "GET http://b.local/x HTTP/1.1", "b GET /x", true);
    c.line("absolute target, https", "GET https://b.local/x HTTP/1.1", "b GET /x", true);
    c.line("absolute target, upper case", "GET HTTP://B.LOCAL/x HTTP/1.1", "b GET /x", true);
    c.line("absolute target without path", "GET http://b.local HTTP/1.1", "b GET /", true);
    c.line("absolute target, query only", "GET http://b.local?x HTTP/1.1", "b GET /?x", true);
    c.line("absolute target, unknown", "GET http://c.local/ HTTP/1.1", "404 unknown_host", true);
    c.line("absolute target with user", "GET http://a.local@b.local/ HTTP/1.1", "400 malformed_host", true);
    c.line("absolute target without host", "GET http:///x HTTP/1.1", "400 bad_request", false);
    c.line("another scheme", "GET ftp://a.local/ HTTP/1.1", "400 malformed_target", true);
    c.line("file scheme", "GET file:///etc/passwd HTTP/1.1", "400 bad_request", false);
    c.line("authority target", "GET a.local:80 HTTP/1.1", "400 malformed_target", true);
    c.line("star", "OPTIONS * HTTP/1.1", "400 malformed_target", true);
    c.line("star for GET", "GET * HTTP/1.1", "400 malformed_target", true);
    c.line("CONNECT", "CONNECT a.local:80 HTTP/1.1", "405 method_not_allowed", true);
    c.line("CONNECT of elsewhere", "CONNECT example.org:443 HTTP/1.1", "405 method_not_allowed", true);
    c.line("TRACE", "TRACE / HTTP/1.1", "405 method_not_allowed", true);
    c.line("a target without slash", "GET x HTTP/1.1", "400 malformed_target", true);
    c.line("two slashes are a path", "GET //b.local/x HTTP/1.1", "a GET //b.local/x", true);
    c.line("slash and user are a path", "GET /@b.local/ HTTP/1.1", "a GET /@b.local/", true);
    c.line("dots are resolved", "GET /x/../y HTTP/1.1", "a GET /y", true);
    c.line("dots above the root", "GET /../../../etc/passwd HTTP/1.1", "a GET /etc/passwd", true);
    c.line("escapes stay", "GET /%2e%00%ff HTTP/1.1", "a GET /%2e%00%ff", true);
    c.line("a bad escape stays", "GET /%zz%1 HTTP/1.1", "a GET /%zz%1", true);
    c.line("query", "GET /x?y=1&z=http://b.local/ HTTP/1.1", "a GET /x?y=1&z=http://b.local/", true);
    c.line("fragment", "GET /x#b HTTP/1.1", "a GET /x", true);
}

fn lines(c: &mut Corpus) {
    c.line("an odd method", "PURGE / HTTP/1.1", "a PURGE /", true);
    c.line("a method in lower case", "get / HTTP/1.1", "a get /", true);
    c.line("HTTP/0.9", "GET /", "400 bad_request", false);
    c.line("HTTP/1.2", "GET / HTTP/1.2", "400 bad_request", false);
    c.line("HTTP/2.0", "GET / HTTP/2.0", "400 bad_request", false);
    c.line("HTTP/3", "GET / HTTP/3", "400 bad_request", false);
    c.line("no version", "GET / ", "400 bad_request", false);
    c.line("http in lower case", "GET / http/1.1", "400 bad_request", false);
    c.line("version with more digits", "GET / HTTP/1.10", "400 bad_request", false);
    c.line("junk after the version", "GET / HTTP/1.1 x", "400 bad_request", false);
    c.line("two spaces before the target", "GET  / HTTP/1.1", "400 bad_request", false);
    c.line("two spaces after the target", "GET /  HTTP/1.1", "400 bad_request", false);
    c.line("a tab as space", "GET\t/ HTTP/1.1", "400 bad_request", false);
    c.line("a space in the target", "GET /a b HTTP/1.1", "400 bad_request", false);
    c.line("a space first", " GET / HTTP/1.1", "400 bad_request", false);
    c.line("a method with a colon", "GE:T / HTTP/1.1", "400 bad_request", false);
    c.line("no method", "/ HTTP/1.1", "400 bad_request", false);
    c.line("no target", "GET HTTP/1.1", "400 bad_request", false);
    c.line("zero in the method", "G\0T / HTTP/1.1", "400 bad_request", false);
    c.line("zero in the target", "GET /\0 HTTP/1.1", "400 bad_request", false);
    c.line("carriage return in the target", "GET /\rx HTTP/1.1", "400 bad_request", false);
    c.line("DEL in the target", "GET /\x7f HTTP/1.1", "400 bad_request", false);
    c.line("a method without end", &format!("{} / HTTP/1.1", "M".repeat(65)), "405 method_not_allowed", true);
    c.shut("binary", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", &["400 bad_request"]);
    c.shut("only zeros", [0; 64], &["400 bad_request"]);
    c.shut("nearly the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSN\r\n\r\n", &["400 bad_request"]);
    c.shut("preface of SSH", b"SSH-2.0-x\r\n", &["400 bad_request"]);
    c.open("empty lines before a request", b"\r\n\r\nGET / HTTP/1.1\r\nHost: a.local\r\n\r\n", &["a GET /"]);
    let refused = &["400 bad_request"][..];
    c.shut("bare line feeds", b"GET / HTTP/1.1\nHost: a.local\n\n", refused);
    c.shut("line feeds, mixed", b"GET / HTTP/1.1\r\nHost: a.local\nX: y\r\n\n", refused);
    c.shut("line feed after the request line", b"GET / HTTP/1.1\nHost: a.local\r\n\r\n", refused);
    c.shut("line feed after a header", get("X: y\nHost: b.local"), refused);
    c.shut("line feed, then a header of framing", get("X: y\nTransfer-Encoding: chunked"), refused);
    c.shut("line feed as the end of the head", b"GET / HTTP/1.1\r\nHost: a.local\r\n\n", refused);
    c.shut("line feed before a request", format!("\n{GOOD}"), refused);
    c.shut("carriage return before a request", format!("\r{GOOD}"), refused);
    c.shut("line feed between requests", format!("{GOOD}\n{GOOD}"), &["a GET /after", "400 bad_request"]);
    c.open("line breaks between requests", format!("{GOOD}\r\n\r\n"), &["a GET /after"]);
    c.shut(
        "line feeds behind a good request",
        format!("{GOOD}GET / HTTP/1.1\nHost: a.local\n\n"),
        &["a GET /after", "400 bad_request"],
    );
    c.shut("two carriage returns", get("X: y\r"), refused);
    c.shut("bare carriage returns", b"GET / HTTP/1.1\rHost: a.local\r\r", &["400 bad_request"]);
    c.shut("carriage return, no line feed", b"GET / HTTP/1.1\r\nHost: a.local\r\n\rX", &["400 bad_request"]);
}

fn headers(c: &mut Corpus) {
    c.bad_header("folded line", "X: a\r\n b");
    c.bad_header("folded by a tab", "X: a\r\n\tb");
    c.shut("first header folded", "GET / HTTP/1.1\r\n Host: b.local\r\nHost: a.local\r\n\r\n", &["400 bad_request"]);
    c.shut("folded host", "GET / HTTP/1.1\r\nHost: a.local\r\n .b.local\r\n\r\n", &["400 bad_request"]);
    c.bad_header("space before the colon", "X : y");
    c.bad_header("tab before the colon", "X\t: y");
    c.shut("space before the colon of Host", "GET / HTTP/1.1\r\nHost : a.local\r\n\r\n", &["400 bad_request"]);
    c.bad_header("space before the colon of a length", "Content-Length : 5");
    c.bad_header("no colon", "X");
    c.bad_header("no name", ": y");
    c.bad_header("space in a name", "X Y: z");
    c.bad_header("zero in a name", "X\0Y: z");
    c.bad_header("control character in a name", "X\x01Y: z");
    c.bad_header("DEL in a name", "X\x7fY: z");
    c.bad_header("unicode in a name", "X\u{e4}: z");
    c.bad_header("parenthesis in a name", "X(Y): z");
    c.bad_header("quote in a name", "\"X\": z");
    c.bad_header("zero in a value", "X: a\0b");
    c.bad_header("control character in a value", "X: a\x01b");
    c.bad_header("DEL in a value", "X: a\x7fb");
    c.bad_header("escape in a value", "X: a\x1bb");
    c.bad_header("carriage return in a value", "X: a\rb");
    c.bad_header("carriage return and a header in a value", "X: a\rHost: b.local");
    c.open("tab in a value", get("X: a\tb"), &["a GET /"]);
    c.open("an empty value", get("X:"), &["a GET /"]);
    c.open("bytes above ASCII in a value", get(b"X: \x80\xff"), &["a GET /"]);
    c.open("one header many times", get(["X: y"; 50].join("\r\n")), &["a GET /"]);
    c.open("a name of odd characters", get("!#$%&'*+-.^_`|~: y"), &["a GET /"]);
}

fn connections(c: &mut Corpus) {
    let many = "GET /1 HTTP/1.1\r\nHost: a.local\r\n\r\nGET /2 HTTP/1.1\r\nHost: b.local\r\n\r\nGET /3 HTTP/1.1\r\nHost: x.wild.local\r\n\r\n";
    c.open("pipelined, each to its own", many, &["a GET /1", "b GET /2", "wild GET /3"]);
    c.shut(
        "pipelined, then nonsense",
        format!("{many}nonsense\r\n\r\n"),
        &["a GET /1", "b GET /2", "wild GET /3", "400 bad_request"],
    );
    c.open(
        "pipelined after a 404",
        format!("GET / HTTP/1.1\r\nHost: c.local\r\n\r\n{many}"),
        &["404 unknown_host", "a GET /1", "b GET /2", "wild GET /3"],
    );
    c.shut("close", get("Connection: close"), &["a GET /"]);
    c.asked("half closed after asking", "GET / HTTP/1.1\r\nHost: a.local\r\n\r\n", &["a GET /"]);
    c.asked("half closed after asking often", many, &["a GET /1", "b GET /2", "wild GET /3"]);
    c.asked("half closed after a body", post("Content-Length: 5\r\n", "hello"), &["a POST / hello"]);
    c.asked(
        "half closed after chunks",
        post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"),
        &["a POST / hello"],
    );
    c.asked("half closed after HTTP/1.0", "GET / HTTP/1.0\r\nHost: a.local\r\n\r\n", &["a GET /"]);
    c.asked("half closed after nonsense", "nonsense\r\n\r\n", &["400 bad_request"]);
    c.open("another expectation", get("Expect: 200-maybe"), &["417 expectation_failed"]);
    c.open("an expectation among others", get("Expect: 100-continue, x"), &["417 expectation_failed"]);
    c.open("an empty expectation", get("Expect:"), &["a GET /"]);
    c.open("100-continue without a body", get("Expect: 100-continue"), &["a GET /"]);
    c.open("100-continue, read", post("Expect: 100-continue\r\nContent-Length: 5\r\n", "hello"), &["a POST / hello"]);
    c.shut("an expectation of HTTP/1.0", "GET / HTTP/1.0\r\nHost: a.local\r\nExpect: x\r\n\r\n", &["a GET /"]);
    c.open(
        "Connection of too many names",
        get(format!("Connection: {}", "q,".repeat(200))),
        &["431 headers_too_large"],
    );
    c.shut("close among others", get("Connection: x, close, y"), &["a GET /"]);
    c.open("Connection names Host", get("Connection: host"), &["a GET /"]);
    c.shut(
        "Connection names a length",
        post("Connection: content-length, close\r\nContent-Length: 5\r\n", "hello"),
        &["a POST / hello"],
    );
    c.shut("HTTP/1.0", "GET / HTTP/1.0\r\nHost: a.local\r\n\r\n", &["a GET /"]);
    c.open("HTTP/1.0, kept", "GET / HTTP/1.0\r\nHost: a.local\r\nConnection: keep-alive\r\n\r\n", &["a GET /"]);
    c.shut("HTTP/1.0 without host", "GET / HTTP/1.0\r\n\r\n", &["400 missing_host"]);
    c.open(
        "Upgrade to h2c",
        get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk"),
        &["a GET /"],
    );
    let websocket = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version";
    c.open("Upgrade to websocket, no key", get(format!("{websocket}: 13")), &["400 malformed_handshake"]);
    c.open(
        "Upgrade to websocket, short key",
        get(format!("{websocket}: 13\r\nSec-WebSocket-Key: eA==")),
        &["400 malformed_handshake"],
    );
    c.open("Upgrade to websocket, another version", get(format!("{websocket}: 12")), &["426 websocket_version"]);
    c.open("Upgrade to websocket, not asked of the next hop", get("Upgrade: websocket"), &["a GET /"]);
    c.open(
        "Upgrade to websocket by POST",
        post(&format!("{websocket}: 13\r\nContent-Length: 5\r\n"), "hello"),
        &["a POST / hello"],
    );
    c.open("Expect: 100-continue", post("Expect: 100-continue\r\nContent-Length: 5\r\n", "hello"), &["a POST / hello"]);
    c.open(
        "an unknown expectation",
        post("Expect: the worst\r\nContent-Length: 5\r\n", "hello"),
        &["417 expectation_failed"],
    );
    c.shut(
        "Expect with a length over the limit",
        post("Expect: 100-continue\r\nContent-Length: 1048577\r\n", ""),
        &["413 body_too_large"],
    );
    c.open("TE: trailers", get("TE: trailers, chunked"), &["a GET /"]);
    c.cut("nothing at all", "");
    c.cut("half a request line", "GET / HT");
    c.cut("a head without end", "GET / HTTP/1.1\r\nHost: a.local\r\n");
}

fn sizes(c: &mut Corpus) {
    let long = "x".repeat(70_000);
    c.open(
        "a long target",
        format!("GET /{} HTTP/1.1\r\nHost: a.local\r\n\r\n", &long[..30_000]),
        &[LONG.get_or_init(|| format!("a GET /{}", "x".repeat(30_000)))],
    );
    c.shut(
        "a target over the limit",
        format!("GET /{long} HTTP/1.1\r\nHost: a.local\r\n\r\n"),
        &["431 headers_too_large"],
    );
    c.shut("a value over the limit", get(format!("X: {long}")), &["431 headers_too_large"]);
    c.shut("a name over the limit", get(format!("{long}: y")), &["431 headers_too_large"]);
    c.shut(
        "a method over all limits",
        format!("{long} / HTTP/1.1\r\nHost: a.local\r\n\r\n"),
        &["431 headers_too_large"],
    );
    c.shut("too many headers", get(["X: y"; 200].join("\r\n")), &["431 headers_too_large"]);
    c.host("a host over the limit", &format!("Host: {}.local\r\n", "x".repeat(300)), "400 malformed_host");
    c.host("a label over the limit", &format!("Host: {}.wild.local\r\n", "x".repeat(64)), "400 malformed_host");
    c.host("a label at the limit", &format!("Host: {}.wild.local\r\n", "x".repeat(63)), "wild GET /");
    c.shut("a host without end", format!("GET / HTTP/1.1\r\nHost: {long}\r\n\r\n"), &["431 headers_too_large"]);
}

static LONG: std::sync::OnceLock<String> = std::sync::OnceLock::new();
