import { NextResponse } from "next/server";
export async function GET(request) {
  return NextResponse.json({ url: request.nextUrl.pathname, q: request.nextUrl.searchParams.get("q"), mw: request.headers.get("x-mw") });
}
export async function POST(request) {
  const form = request.headers.get("content-type")?.includes("json") ? await request.json() : await request.text();
  const r = NextResponse.json({ form }, { status: 201, headers: { "x-made": "1" } });
  r.cookies.set("a", "b", { httpOnly: true });
  return r;
}
