// app.mjs as one writes it for node: node.mjs SOCKET, where SOCKET is a path or a port.

import { createServer } from "node:http";
import { pipeline } from "node:stream";

const CHUNK = Buffer.alloc(65536);

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  switch (pathname) {
    case "/echo":
      pipeline(request, response, () => {});
      return;
    case "/upload": {
      let bytes = 0;
      for await (const chunk of request) bytes += chunk.length;
      response.end(String(bytes));
      return;
    }
    case "/download": {
      for (let left = Number(searchParams.get("mib")) * 16; left > 0; left--) {
        if (!response.write(CHUNK)) await new Promise((resolve) => response.once("drain", resolve));
      }
      response.end();
      return;
    }
    default:
      response.setHeader("content-type", "text/plain;charset=UTF-8");
      response.end("Hello, World!");
  }
});
const [where] = process.argv.slice(2);
server.keepAliveTimeout = 60_000;
server.listen(/^\d+$/.test(where) ? { port: Number(where), host: "127.0.0.1" } : { path: where });
