import { dispatch } from "../dispatch.js";
import MarkdownIt from "markdown-it";
import { remark } from "remark";
import remarkHtml from "remark-html";
import gfm from "remark-gfm";
import { createHighlighterCore } from "shiki/core";
import { createJavaScriptRegexEngine } from "shiki/engine/javascript";
import js from "shiki/langs/javascript.mjs";
import theme from "shiki/themes/nord.mjs";
import { compile } from "@mdx-js/mdx";
import TurndownService from "turndown";
import { parse, serialize } from "parse5";
import * as hp from "htmlparser2";
import { XMLParser, XMLBuilder } from "fast-xml-parser";
import xml2js from "xml2js";
import matter from "gray-matter";
const routes = {
  async markdownit() {
    return new MarkdownIt({ html: true, linkify: true, typographer: true }).render('# a\n\n"b" https://x.example\n\n|a|b|\n|-|-|\n|1|2|');
  },
  async remark() {
    return String(await remark().use(gfm).use(remarkHtml).process("# a\n\n* [x] b\n\n~~c~~ www.example.com"));
  },
  async shiki() {
    const h = await createHighlighterCore({ themes: [theme], langs: [js], engine: createJavaScriptRegexEngine() });
    return h.codeToHtml("const a = `x${1 + b}`; // c", { lang: "javascript", theme: "nord", tokenizeTimeLimit: 0 });
  },
  async mdx() {
    return String(await compile("# Hi <B a={1}/>\n\nexport const x = 1"));
  },
  async turndown() {
    return new TurndownService().turndown("<h1>a</h1><ul><li>b <b>c</b></li></ul>");
  },
  async parse5() {
    return serialize(parse("<p>a<table><tr><td>b"));
  },
  async htmlparser2() {
    const d = hp.parseDocument("<a b=c>d</a>");
    return hp.DomUtils.getOuterHTML(d);
  },
  async fxp() {
    const o = new XMLParser({ ignoreAttributes: false }).parse('<a x="1"><b>2</b><b>3</b></a>');
    return [o, new XMLBuilder({ ignoreAttributes: false }).build(o)];
  },
  async xml2js() {
    return [await xml2js.parseStringPromise("<a x='1'><b>2</b></a>"), new xml2js.Builder().buildObject({ a: { b: [1, 2] } })];
  },
  async matter() {
    return matter("---\na: 1\nb: [x]\n---\nbody");
  },
};

export default dispatch(routes);
