export const loader = async ({ request }: any) => new Response("x".repeat(3), { headers: { "x-a": "1" } });
export const action = async ({ request }: any) => Response.json({ m: request.method, b: await request.text() }, { status: 201 });
