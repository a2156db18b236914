//! Redirects by the standard: what is asked next, with what, and where it ends.

use crate::upstream::Upstream;
use crate::{fetch, get, serve};
use nano_test::Site;
use serde_json::{Value, json};

/// `/STATUS/LOCATION…` redirects there; everything else says what was asked.
fn upstream() -> Upstream {
    Upstream::serve(|peer, asked| {
        let path = asked.path().replace("/dir/relative", "/302/end");
        let (status, location) = path[1..].split_once('/').unwrap_or_default();
        match status.parse::<u16>() {
            Ok(status @ (301 | 302 | 303 | 307 | 308)) => {
                let head = format!("HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n");
                peer.send(head);
            }
            Ok(status) => {
                peer.send(format!("HTTP/1.1 {status} No Location\r\nContent-Length: 2\r\n\r\nok"));
            }
            Err(_) => {
                let names: Vec<_> = asked.headers.iter().map(|(name, _)| name.as_str()).collect();
                let body = String::from_utf8_lossy(&asked.body).into_owned();
                peer.respond("", json!({ "line": asked.line, "names": names, "body": body }).to_string());
            }
        }
    })
}

fn told(seen: &Value) -> Value {
    serde_json::from_str(seen["text"].as_str().unwrap_or_else(|| panic!("{seen}"))).unwrap()
}

fn names(told: &Value) -> Vec<&str> {
    told["names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

#[test]
fn methods_and_bodies_change_as_the_standard_says() {
    let (site, upstream) = (Site::new(), upstream());
    let nano = serve(&site, json!([upstream.address.to_string()]));
    for (status, method, becomes, keeps_body) in [
        (301, "POST", "GET", false),
        (302, "POST", "GET", false),
        (303, "POST", "GET", false),
        (307, "POST", "POST", true),
        (308, "POST", "POST", true),
        (301, "PUT", "PUT", true),
        (303, "PUT", "GET", false),
        (303, "DELETE", "GET", false),
        (307, "PATCH", "PATCH", true),
    ] {
        let url = upstream.url(&format!("/{status}//end?q"));
        let headers = json!({ "Content-Language": "x", "X-Own": "1" });
        let spec = json!({ "url": url, "init": { "method": method, "body": "text", "headers": headers } });
        let seen = fetch(&nano, &spec);
        let told = told(&seen);
        assert_eq!(seen["redirected"], true, "{seen}");
        assert_eq!(told["line"], format!("{becomes} /end?q HTTP/1.1"), "{told}");
        assert_eq!(told["body"], if keeps_body { "text" } else { "" }, "{status} {method}: {told}");
        let has = |name| names(&told).contains(&name);
        assert_eq!(
            (has("content-type"), has("content-language")),
            (keeps_body, keeps_body),
            "{status} {method}: {told}"
        );
        assert!(has("x-own"));
    }
}

#[test]
fn a_location_is_relative_to_the_url_and_keeps_no_fragment_in_it() {
    let (site, upstream) = (Site::new(), upstream());
    let nano = serve(&site, json!([upstream.address.to_string()]));
    let seen = get(&nano, &upstream.url("/dir/relative"));
    assert_eq!((&seen["url"], &seen["redirected"]), (&json!(upstream.url("/dir/end")), &json!(true)), "{seen}");
    let seen = get(&nano, &upstream.url("/302//there?a=b#part"));
    assert_eq!((&seen["url"], &seen["redirected"]), (&json!(upstream.url("/there?a=b")), &json!(true)));
    let seen = get(&nano, &upstream.url("/200/x"));
    assert_eq!(
        (&seen["status"], &seen["statusText"], &seen["text"]),
        (&json!(200), &json!("No Location"), &json!("ok"))
    );
}

#[test]
fn credentials_stay_with_their_origin() {
    let (site, upstream, other) = (Site::new(), upstream(), upstream());
    let nano = serve(&site, json!([upstream.address.to_string(), other.address.to_string()]));
    let ask = |url: String| {
        let headers = json!({ "Authorization": "Bearer secret", "Cookie": "c=1", "X-Own": "1" });
        told(&fetch(&nano, &json!({ "url": url, "init": { "headers": headers } })))
    };
    let told = ask(upstream.url("/302//end"));
    assert!(names(&told).contains(&"authorization") && names(&told).contains(&"cookie"), "{told}");
    let told = ask(upstream.url(&format!("/302/{}", other.url("/end"))));
    let has = |name| names(&told).contains(&name);
    assert!(!has("authorization") && !has("cookie") && has("x-own"), "{told}");
}

#[test]
fn what_leads_nowhere_or_for_ever_is_an_error() {
    let (site, upstream) = (Site::new(), upstream());
    let nano = serve(&site, json!([upstream.address.to_string()]));
    let endless = Upstream::serve(|peer, _| {
        peer.send("HTTP/1.1 302 Again\r\nLocation: /\r\nContent-Length: 0\r\n\r\n");
    });
    let site_endless = Site::new();
    let nano_endless = serve(&site_endless, json!([endless.address.to_string()]));
    let seen = get(&nano_endless, &endless.url("/"));
    assert!(seen["error"].as_str().unwrap().contains("more than 20 redirects"), "{seen}");
    assert_eq!(endless.asked().len(), 21);
    assert_eq!(endless.connections(), 1, "a connection for each hop");
    for (location, part) in [
        ("ftp://a.example/", "'ftp:'"),
        ("data:,x", "'data:'"),
        ("file:///etc/passwd", "'file:'"),
        ("http://u:p@a.example/", "user name"),
        ("http://[", "not valid"),
        ("http://10.0.0.1/", "not in the app's `egress` list"),
    ] {
        let seen = get(&nano, &upstream.url(&format!("/302/{location}")));
        assert!(seen["error"].as_str().is_some_and(|text| text.contains(part)), "{location}: {seen}");
    }
    let with =
        |redirect: &str| fetch(&nano, &json!({ "url": upstream.url("/302//end"), "init": { "redirect": redirect } }));
    assert!(with("error")["error"].as_str().unwrap().contains("is a redirect"));
    let manual = with("manual");
    assert_eq!((&manual["status"], &manual["headers"]["location"]), (&json!(302), &json!("/end")), "{manual}");
    let spec = json!({ "url": upstream.url("/307//end"), "init": { "method": "POST" }, "stream": ["x"] });
    assert!(fetch(&nano, &spec)["error"].as_str().unwrap().contains("a stream"));
}
