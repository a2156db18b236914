import type { RequestHandler } from "@builder.io/qwik-city";
export const onGet: RequestHandler = async ({ json, query, url, cookie }) => {
  cookie.set("seen", "1", { path: "/" });
  json(200, { q: query.get("q"), p: url.pathname });
};
export const onPost: RequestHandler = async ({ json, parseBody, headers }) => {
  headers.set("x-made", "1");
  json(201, { body: await parseBody() });
};
export const onPut: RequestHandler = async ({ getWritableStream, status }) => {
  status(200);
  const w = getWritableStream().getWriter();
  for (let i = 0; i < 3; i++) {
    await w.write(new TextEncoder().encode(`part ${i}\n`));
    await new Promise((r) => setTimeout(r, 10));
  }
  await w.close();
};
export const onDelete: RequestHandler = async ({ error }) => {
  throw error(410, "gone");
};
