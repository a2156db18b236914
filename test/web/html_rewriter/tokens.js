// HTMLRewriter: what handlers are called with, and what they can do with it. What is expected is what workerd answers.

import { deepEqual, done, equal, ok, rejectsWith, test, thrownBy } from "./harness.js";

const rewrite = (html, build, init) => build(new HTMLRewriter()).transform(new Response(html, init)).text();
const withElement = (html, element, selector = "*") => rewrite(html, (rewriter) => rewriter.on(selector, { element }));
const GONE = "This content token is no longer valid. Content tokens are only valid during the execution of the relevant content handler.";

test("contents of an element", async () => {
  equal(
    await withElement("<p>x</p>", (e) => {
      e.before("<1>").before("2", { html: true }).after("<3>", null).after("<b>", { html: true }).prepend("<4>", { html: false });
      equal(e.append("<i>", { html: 1 }), e);
    }),
    "&lt;1&gt;2<p>&lt;4&gt;x<i></p><b>&lt;3&gt;",
  );
  equal(await withElement("<p>x</p>", (e) => e.prepend("P").append("A").setInnerContent("1").setInnerContent("<2>", { html: true }).append("3").prepend("0")), "<p>0<2>3</p>");
  equal(await withElement("<p>x</p>", (e) => e.before("1").replace("2").after("3").replace("4").prepend("5").append("6")), "14563");
  equal(await withElement("<p/>x<svg><a/></svg><br/>", (e) => e.append("I").setAttribute("z", "1")), '<p z="1">x<svg z="1"><a z="1" />I</svg><br z="1" />');
  for (const [value, text] of [[undefined, "undefined"], [null, "null"], [3, "3"], [{}, "[object Object]"], [[], ""]]) {
    equal(await withElement("<p></p>", (e) => e.append(value)), `<p>${text}</p>`);
  }
  equal(await withElement("<p></p>", (e) => e.append("\ud800<").setAttribute("x", "\udc00\"")), '<p x="\ufffd&quot;">\ufffd&lt;</p>');
});

test("what is removed", async () => {
  const removed = [];
  equal(
    await withElement("<p>x<q>y</q></p><q>z</q><s>s</s>", (e) => {
      if (e.tagName === "p") e.remove();
      if (e.tagName === "q") e.removeAndKeepContent();
      removed.push(e.tagName, e.removed);
    }),
    "z<s>s</s>",
  );
  deepEqual(removed, ["p", true, "q", true, "q", true, "s", false]);
});

test("names and attributes", async () => {
  const seen = [];
  const out = await withElement("<DIV a=1 B=\"2&amp;\" c \u00fc=x a=9></DIV><svg><a></a></svg>", (e) => {
    seen.push(e.tagName, e.namespaceURI, [...e.attributes], e.getAttribute("b"), e.getAttribute("nope"), e.hasAttribute("C"));
    if (e.tagName === "div") {
      e.tagName = "x-y";
      e.setAttribute("A", "<'\">").removeAttribute("B");
    }
  });
  equal(out, "<x-y a=\"<'&quot;>\" c \u00fc=x a=9></x-y><svg><a></a></svg>", "output");
  deepEqual(seen.slice(0, 6), ["div", "http://www.w3.org/1999/xhtml", [["a", "1"], ["b", "2&amp;"], ["c", ""], ["\u00fc", "x"], ["a", "9"]], "2&amp;", null, true]);
  deepEqual(seen.slice(6, 8), ["svg", "http://www.w3.org/2000/svg"]);
});

test("iterators of attributes", async () => {
  await withElement("<p a=1 b=2>", (e) => {
    const iterator = e.attributes;
    equal(Object.getPrototypeOf(Object.getPrototypeOf(iterator)), Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())));
    deepEqual(iterator.map(([name]) => name).toArray(), ["a", "b"]);
    deepEqual([iterator.next(), iterator.next()], [{ value: undefined, done: true }, { value: undefined, done: true }]);
    for (const change of [() => e.setAttribute("a", "3"), () => e.removeAttribute("zz")]) {
      const changed = e.attributes;
      changed.next();
      change();
      equal(thrownBy(() => changed.next()).message, "The attributes of this element have been modified during iteration. You must create a new iterator after modifying attributes.");
    }
    deepEqual([...e.attributes], [["a", "3"], ["b", "2"]]);
  });
});

test("what is refused", async () => {
  const messages = [];
  await withElement("<p><!--c--></p>", (e) => {
    for (const name of ["", "1a", "a b", "a/b", "a>b"]) messages.push(thrownBy(() => (e.tagName = name)).message);
    for (const name of ["", "a b", "a=b"]) messages.push(thrownBy(() => e.setAttribute(name, "")).message);
    for (const bad of [() => e.append(), () => e.append("x", 3), () => e.onEndTag(3), () => e.getAttribute(), () => e.setAttribute("a"), () => e.append(Symbol("x"))]) {
      equal(thrownBy(bad) instanceof TypeError, true);
    }
    equal(thrownBy(() => new e.constructor()) instanceof TypeError, true);
    for (const key of ["tagName", "attributes", "removed"]) equal(thrownBy(() => Reflect.get(e.constructor.prototype, key, {})) instanceof TypeError, true);
    equal(thrownBy(() => e.constructor.prototype.remove.call(new HTMLRewriter())) instanceof TypeError, true);
  });
  deepEqual(messages, [
    "Parser error: Tag name can't be empty.",
    "Parser error: The first character of the tag name should be an ASCII alphabetical character.",
    "Parser error: ` ` character is forbidden in the tag name",
    "Parser error: `/` character is forbidden in the tag name",
    "Parser error: `>` character is forbidden in the tag name",
    "Parser error: Attribute name can't be empty.",
    "Parser error: ` ` character is forbidden in the attribute name",
    "Parser error: `=` character is forbidden in the attribute name",
  ]);
});

test("end tags", async () => {
  const called = [];
  equal(
    await withElement("<p>x</p>", (e) => {
      equal(e.onEndTag(() => called.push("replaced")), undefined);
      e.onEndTag((tag) => {
        called.push(tag.name);
        tag.name = "q";
        equal(tag.before("<1>").after("2", { html: true }), tag);
      });
    }),
    "<p>x&lt;1&gt;</q>2",
  );
  equal(await withElement("<p>x</p>y", (e) => e.onEndTag((tag) => tag.remove())), "<p>xy");
  // The next handler of an element takes the end tag over.
  await rewrite("<p></p>", (rewriter) => rewriter.on("p", { element: (e) => e.onEndTag(() => called.push("first")) }).on("*", { element: (e) => e.onEndTag(() => called.push("second")) }));
  // An end tag that stands for several; one that never comes.
  await withElement("<ul><li>a<li>b</ul><i>", (e) => {
    const name = e.tagName;
    e.onEndTag((tag) => called.push(`${name} by ${tag.name}`));
  });
  deepEqual(called, ["p", "second", "li by ul", "li by ul", "ul by ul"]);
  await rejectsWith(withElement("<br>", (e) => e.onEndTag(() => {})), TypeError, "Parser error: No end tag.");
});

test("comments, text, doctype, the end", async () => {
  const seen = [];
  const out = await rewrite('<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://x"><!--a--><p>b<!--c--></p>', (rewriter) => rewriter
    .onDocument({
      doctype: (d) => seen.push(d.name, d.publicId, d.systemId),
      comments(c) {
        seen.push(c.text, c.removed);
        if (c.text === "a") c.before("<1>").after("2", { html: true }).text = "A";
        else c.replace("<C>", { html: true });
      },
      end: (e) => e.append("<x>").append("<y>", { html: true }),
    })
    .on("p", {
      text(t) {
        seen.push(t.text, t.lastInTextNode, t.removed);
        if (!t.lastInTextNode) t.before("[").after("]").replace("<b>", { html: true });
      },
      comments: (c) => seen.push(c.removed),
    }));
  equal(out, '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://x">&lt;1&gt;<!--A-->2<p>[<b>]<C></p>&lt;x&gt;<y>');
  deepEqual(seen, ["html", "-//W3C//DTD HTML 4.01//EN", "http://x", "a", false, "b", false, false, "", true, false, false, "c", false]);
  for (const text of ["-->", "a-->b", "--!>", ">"]) {
    await rejectsWith(rewrite("<!--x-->", (r) => r.onDocument({ comments: (c) => (c.text = text) })), TypeError, "Parser error: Comment text shouldn't contain a comment-closing sequence.");
  }
  equal(await rewrite("<p>a<!--b--></p>", (r) => r.on("p", { text: (t) => t.remove(), comments: (c) => c.remove() })), "<p></p>");
});

test("a token is good as long as its handler runs", async () => {
  const kept = [];
  const use = (element) => {
    const errors = [];
    for (const action of [
      () => element.tagName, () => (element.tagName = "x"), () => element.attributes, () => element.removed, () => element.getAttribute("a"),
      () => element.setAttribute("a", "b"), () => element.append("x"), () => element.remove(), () => element.onEndTag(() => {}),
    ]) errors.push(thrownBy(action).message);
    for (const message of errors) equal(message, GONE);
  };
  await withElement("<p><q></q></p>", async (e) => {
    for (const element of kept) use(element);
    kept.push(e);
    await new Promise((resolve) => setTimeout(resolve, 1));
    ok(e.tagName !== "", "it is good after an await");
  });
  equal(kept.length, 2);
  for (const element of kept) use(element);
  let iterator;
  await withElement("<p a=1>", (e) => (iterator = e.attributes));
  equal(thrownBy(() => iterator.next()).message, GONE);
  // A microtask of the handler's comes before the next handler.
  const order = [];
  await withElement("<p><q>", (e) => {
    order.push(e.tagName);
    queueMicrotask(() => order.push(`${e.tagName} still`));
  });
  deepEqual(order, ["p", "p still", "q", "q still"]);
  // A conversion of an argument that ends the handler's rewriter.
  let reader;
  await rejectsWith((async () => {
    const response = new HTMLRewriter().on("p", {
      element(e) {
        e.append({ toString: () => (reader.cancel(), "x") });
      },
    }).transform(new Response("<p></p>"));
    reader = response.body.getReader();
    const { done: over } = await reader.read();
    if (over) throw new RangeError("cancelled");
  })(), RangeError, "cancelled");
});

test("on, onDocument, transform", async () => {
  const order = [];
  const handlers = { element() { order.push(this === handlers); } };
  const rewriter = new HTMLRewriter().on("p", handlers);
  handlers.element = () => order.push("too late");
  const first = rewriter.transform(new Response("<p>"));
  rewriter.on("p", { element: () => order.push("second") });
  await first.text();
  await rewriter.transform(new Response("<p>")).text();
  deepEqual(order, [true, true, "second"]);
  for (const selector of ["", "a ~ b", "a + b", "a >", "a:hover", "a::before", "a:not()", "a|b", "#", ":is(a)", "a,", "> a", ":has(a)", "a:nth-last-child(1)"]) {
    ok(thrownBy(() => new HTMLRewriter().on(selector, {})).message.startsWith("Parser error: "), selector);
  }
  for (const bad of [() => new HTMLRewriter().on(), () => new HTMLRewriter().on("a"), () => new HTMLRewriter().on("a", 3), () => new HTMLRewriter().on("a", { element: null }), () => new HTMLRewriter().onDocument({ end: "x" }), () => new HTMLRewriter().transform("x"), () => HTMLRewriter()]) {
    ok(thrownBy(bad) instanceof TypeError, String(bad));
  }
  equal(thrownBy(() => new HTMLRewriter().transform(Response.error())).message, "HTMLRewriter cannot transform an error response");
  const empty = new Response(null, { status: 204 });
  equal(new HTMLRewriter().transform(empty), empty);
  const used = new Response("x");
  await used.text();
  ok(thrownBy(() => new HTMLRewriter().transform(used)) instanceof TypeError);
  const original = new Response("xy", { status: 404, statusText: "Nope", headers: { a: "b", "content-length": "2", "content-type": "text/html" } });
  const { status, statusText, headers, body } = new HTMLRewriter().transform(original);
  deepEqual([status, statusText, [...headers]], [404, "Nope", [["a", "b"], ["content-type", "text/html"]]]);
  equal(original.bodyUsed, true);
  equal(original.headers.get("content-length"), "2");
  equal(await new Response(body).text(), "xy");
});

test("selectors", async () => {
  const html = '<div id=x class="a b" t=One><p>1</p><p class=a>2</p><ul><li></li><li></li><li></li></ul><svg><path/></svg></div>';
  for (const [selector, count] of [
    ["*", 9], ["p", 2], ["div p", 2], ["div > p", 2], ["ul > p", 0], [".a", 2], [".a.b", 1], ["#x", 1], ["p:not(.a)", 1], ["li:first-child", 1],
    ["li:nth-child(2n+1)", 2], ["p:nth-of-type(2)", 1], ["[t]", 1], ["[t=one]", 0], ["[t=one i]", 1], ["[t^=O]", 1], ["[t$=e]", 1], ["[t*=n]", 1],
    ["[class~=b]", 1], ["p, li", 5], ["svg *", 1], ["*:not(div):not(p)", 6],
  ]) {
    let found = 0;
    await withElement(html, () => { found++; }, selector);
    equal(found, count, selector);
  }
});

test("limits of what it is made of", () => {
  const too = (body) => ok(thrownBy(body) instanceof RangeError, String(body));
  too(() => new HTMLRewriter().on("a".repeat(8193), {}));
  too(() => new HTMLRewriter().on("a ".repeat(100) + "a", {}));
  too(() => new HTMLRewriter().on(":not(".repeat(100), {}));
  too(() => { const r = new HTMLRewriter(); for (;;) r.onDocument({}); });
  too(() => { const r = new HTMLRewriter(); for (let i = 0; i < 999; i++) r.on("a,b,c,d,e,f", {}); });
  too(() => { const r = new HTMLRewriter(); for (let i = 0; i < 999; i++) r.on(`[a="${"x".repeat(1000)}"]`, {}); });
  const most = new HTMLRewriter();
  for (let i = 0; i < 1000; i++) most.on(`a[id="${i}"]`, {});
  too(() => most.on("a", {}));
});

await done();
