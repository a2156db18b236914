//! TypeScript and JSX.

use nano_test::Site;
use serde_json::json;

use crate::server::DevServer;

#[test]
fn types_are_stripped_and_what_is_more_than_types_is_there() {
    let site = Site::new();
    site.file(
        "p/tsconfig.json",
        r#"{ "compilerOptions": { "experimentalDecorators": true, "paths": { "@lib/*": ["./lib/*"] } } } // a comment"#,
    );
    site.file("p/lib/shape.ts", "export type Shape = { side: number };\nexport interface Round { radius: number }\nexport const unit: Shape = { side: 1 };\n");
    site.file(
        "p/lib/old.mts",
        "export default abstract class Old { constructor(protected readonly name: string) {} abstract say(): string }",
    );
    site.file(
        "p/index.ts",
        r#"
import { type Shape, unit } from '@lib/shape';
import type { Round } from '@lib/shape.js';
import Old from './lib/old.mjs';

enum Colour { Red = 1, Blue, Green = 'green' as any }
const enum Size { Small = 10 }
namespace Geometry { export const area = (shape: Shape) => shape.side ** 2; export namespace Deep { export let x = 1 } }
function logged(target: any, key: string, descriptor: PropertyDescriptor) {
  const method = descriptor.value;
  descriptor.value = function (...all: unknown[]) { return `logged ${method.apply(this, all)}`; };
}
class New extends Old {
  declare ghost: string;
  #count = 0;
  constructor(private word: string, public more?: number) { super('new'); }
  @logged say() { this.#count += 1; return `${this.name} ${this.word} ${this.#count}`; }
}
function over(a: string): string; function over(a: number): number; function over(a: any) { return a; }
const assured = <T,>(value: T | undefined) => value!;
const checked = { a: 1 } satisfies Record<string, number> as { a: number };
let round: Round | undefined;
export default {
  fetch() {
    return Response.json([Colour[2], Colour.Green, Size.Small, Geometry.area(unit), Geometry.Deep.x, new New('word').say(),
      over(1), assured(2), checked.a, round === undefined, New.name, 'ghost' in new New('x')]);
  },
};
"#,
    );
    let dev = DevServer::start(&site, &["p"]);
    let expected = json!(["Blue", "green", 10, 1, 1, "logged new word 1", 1, 2, 1, true, "New", false]);
    assert_eq!(dev.get("localhost", "/").json(), expected);
}

#[test]
fn jsx_is_what_the_project_says() {
    let site = Site::new();
    let element = "export const jsx = (type: any, props: any) => typeof type === 'function' ? type(props) : `<${type}>${[props.children].flat().join('')}</${type}>`;\nexport const jsxs = jsx;\nexport const Fragment = (props: any) => [props.children].flat().join('');\n";
    site.file(
        "p/node_modules/small/package.json",
        r#"{ "name": "small", "exports": { "./jsx-runtime": "./jsx-runtime.ts", "./jsx-dev-runtime": "./dev.js" } }"#,
    );
    site.file("p/node_modules/small/jsx-runtime.ts", element);
    site.file("p/node_modules/small/dev.js", "export { jsx as jsxDEV, Fragment } from './jsx-runtime.ts';");
    site.file("p/tsconfig.json", r#"{ "compilerOptions": { "jsx": "react-jsx", "jsxImportSource": "small" } }"#);
    site.file("p/index.tsx", "const Name = ({ name }: { name: string }) => <b>{name}</b>;\nexport default { fetch: () => new Response(<p><Name name=\"x\" />{1 < 2}<></></p> as any) };");
    let dev = DevServer::start(&site, &["p"]);
    assert_eq!(dev.get("localhost", "/").text(), "<p><b>x</b>true</p>");
    // The classic one, by the file's own word.
    site.file("p/index.tsx", "/** @jsxRuntime classic */\n/** @jsx h */\nconst h = (type: string, _: unknown, ...rest: string[]) => `${type}:${rest}`;\nexport default { fetch: () => new Response(<i>a</i> as any) };");
    dev.await_text("i:a");
}
