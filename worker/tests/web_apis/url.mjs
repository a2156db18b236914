// URL and URLSearchParams. The .expected.txt was checked against the standards line by line; Node 20 differs in a few.
const show = (label, run) => {
  try {
    console.log(label, run());
  } catch (error) {
    console.log(label, "throws", error.name);
  }
};
const hrefs = [
  ["https://user:pä ss@EXAMPLE.org:443/a/../b c?q=ü#frag"], ["http://example.org:8080"], ["//host/x", "https://a/b"], ["?q", "http://a/b?c#d"],
  ["#f", "http://a/b?c#d"], ["../../x", "http://a/b/c/d"], ["mailto:someone@example.org"], ["data:text/plain,hi there"], ["http://[::1]:80/"],
  ["http://0x7f.1/"], ["http://bücher.example/"], ["http://a b/"], ["http://a:99999/"], ["nonsense"], [""], ["x", "nonsense"], ["file:///c:/x"],
  ["http://a/%zz%41"], ["http://a/^"], ["  http://trimmed/  "], ["ht\ntp://new\tline/"], ["blob:https://a.example/uuid"], ["http://a?x"], ["http://a/?#"],
];
for (const [input, base] of hrefs) {
  show(input, () => {
    const { href, origin, protocol, username, password, host, hostname, port, pathname, search, hash } = new URL(input, base);
    return [href, origin, protocol, username, password, host, hostname, port, pathname, search, hash].join(" | ");
  });
  console.log(URL.canParse(input, base));
}
const url = new URL("https://example.org/a?b=c#d");
for (
  const [key, value] of [
    ["protocol", "http"], ["username", "me"], ["password", "p@ss"], ["host", "other:81"], ["hostname", "third"], ["port", "82"], ["port", ""],
    ["pathname", "/x y"], ["search", "q=1&r=ä"], ["hash", "h h"], ["search", ""], ["hash", ""], ["href", "http://whole/"],
  ]
) {
  url[key] = value;
  console.log(key, url.href);
}
show("href", () => (url.href = "no"));
const { searchParams } = url;
console.log(searchParams === url.searchParams, url.search);
searchParams.append("a b", "1+1");
searchParams.append("é", "&=");
console.log(url.href);
url.search = "?z=3&y=2&z=1&x";
console.log([...searchParams], searchParams.size, searchParams.getAll("z"), searchParams.get("none"), searchParams.has("z", "1"));
searchParams.sort();
console.log(url.search, `${searchParams}`);
searchParams.delete("z", "3");
searchParams.set("y", "new");
console.log(url.search, JSON.stringify({ url }));
for (const init of ["?a=1&a=2&b", "a=%zz&%ff=%41+%2B&=&&c", [["k", "v"], ["k", "w"]], { x: 1, y: "\ud800" }, new URLSearchParams("q=1"), new Map([["m", 1]])]) {
  console.log(`${new URLSearchParams(init)}`);
}
show("pairs", () => new URLSearchParams([["a"]]));
show("null", () => `${new URLSearchParams(null)}`);
show("construct", () => URL("http://a"));
show("brand", () => Object.getOwnPropertyDescriptor(URL.prototype, "href").get.call({}));
console.log(Object.prototype.toString.call(url), Object.prototype.toString.call(searchParams), URL.length, URL.name, URL.prototype.toString === url.toString);
const iterator = new URLSearchParams("a=1&b=2").entries();
console.log(iterator.next(), Object.prototype.toString.call(iterator), [...iterator]);
new URLSearchParams("a=1&b=2").forEach(function (value, key, all) { console.log(this.it, key, value, all.size); }, { it: "this" });
