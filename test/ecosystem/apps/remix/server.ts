import { createRequestHandler } from "@remix-run/cloudflare";
// @ts-ignore
import * as build from "./build/server";
const handle = createRequestHandler(build as any, "production");
export default {
  async fetch(request: Request, env: any, ctx: any) {
    return handle(request, { cloudflare: { cf: request.cf, ctx, env } } as any);
  },
};
