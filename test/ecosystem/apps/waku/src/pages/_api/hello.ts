export const GET = async (request: Request) => Response.json({ q: new URL(request.url).searchParams.get("q") });
export const POST = async (request: Request) => new Response(await request.text(), { status: 201 });
