import type { APIEvent } from "@solidjs/start/server";

export const GET = ({ params, request }: APIEvent) => Response.json({ id: params.id, query: new URL(request.url).search });
export const POST = async ({ request }: APIEvent) => new Response(await request.text(), { status: 201 });
