import { error, json, text } from "@sveltejs/kit";

export const GET = ({ params, url }) => (params.id === "0" ? error(404, "no such item") : json({ id: params.id, query: [...url.searchParams] }));
export const POST = async ({ request }) => text((await request.text()).toUpperCase(), { status: 201 });
