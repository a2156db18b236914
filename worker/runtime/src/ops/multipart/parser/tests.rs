//! Bodies that are well formed, and those that are not.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use super::*;

/// Name, file name, type, content.
type Parsed = (String, Option<String>, Option<String>, String);

fn parsed(body: &str) -> Option<Vec<Parsed>> {
    let text = |content: &[u8]| String::from_utf8(content.to_vec()).unwrap();
    let parts = parse(body.as_bytes(), b"x")?;
    Some(parts.into_iter().map(|part| (part.name, part.filename, part.content_type, text(part.content))).collect())
}

#[test]
fn fields_and_files() {
    let body = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n2\r\n--x\r\n\
                    content-type: text/plain\r\ncontent-disposition:form-data;name=f; filename=\"%22q%22%0a.txt\"\r\n\r\n\r\n--x--\r\n";
    let parts = parsed(body).unwrap();
    assert_eq!(parts[0], ("a".into(), None, None, "1\r\n2".into()));
    assert_eq!(parts[1], ("f".into(), Some("\"q\"\n.txt".into()), Some("text/plain".into()), String::new()));
    let body = "--x\r\nContent-Disposition: form-data; name=\"a\\\"; filename=\"C:\\tmp\\\"\r\n\r\n\r\n--x--";
    assert_eq!(parsed(body).unwrap()[0], ("a\\".into(), Some("C:\\tmp\\".into()), None, String::new()));
    let body = "--x\r\nContent-Disposition: form-data; name=\"a\\\"b\\\"; filename=\"\\\\\"\r\n\r\n\r\n--x--";
    assert_eq!(parsed(body).unwrap()[0], ("a\"b\\".into(), Some("\\\\".into()), None, String::new()));
    assert_eq!(parsed("--x--"), Some(vec![]));
    assert_eq!(parsed("\r\n--x--\r\nepilogue"), Some(vec![]));
}

#[test]
fn malformed_bodies() {
    for body in [
        "",
        "--y--",
        "--x",
        "--x\r\n",
        "--x\r\n\r\n",
        "--x\r\n\r\nno name\r\n--x--",
        "--x\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n1\r\n--x--",
        "--x\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--x--",
        "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nnever ends",
        "--x\r\nno colon\r\n\r\n1\r\n--x--",
    ] {
        assert_eq!(parsed(body), None, "{body:?}");
    }
}
