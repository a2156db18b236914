import { NextResponse } from "next/server";
export function middleware(request) {
  if (request.nextUrl.pathname === "/guarded") return NextResponse.redirect(new URL("/items/9", request.url));
  const headers = new Headers(request.headers);
  headers.set("x-mw", "seen");
  const r = NextResponse.next({ request: { headers } });
  r.headers.set("x-from-middleware", "1");
  return r;
}
export const config = { matcher: ["/items/:path*", "/guarded", "/api/:path*"] };
