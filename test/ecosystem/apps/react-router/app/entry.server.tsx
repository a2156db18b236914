import { isbot } from "isbot";
import { renderToReadableStream } from "react-dom/server";
import { ServerRouter, type EntryContext } from "react-router";

export default async function handle(request: Request, status: number, headers: Headers, context: EntryContext) {
  let code = status;
  const body = await renderToReadableStream(<ServerRouter context={context} url={request.url} />, { onError: () => { code = 500; } });
  if (isbot(request.headers.get("user-agent") ?? "")) await body.allReady;
  headers.set("content-type", "text/html");
  return new Response(body, { headers, status: code });
}
