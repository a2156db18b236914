export const GET = ({ url }) => Response.json({ query: [...url.searchParams] });
export const POST = async ({ request, cookies }) => {
  cookies.set("seen", "1", { path: "/", httpOnly: true });
  return new Response(JSON.stringify(await request.json()), { status: 201, headers: { "content-type": "application/json" } });
};
