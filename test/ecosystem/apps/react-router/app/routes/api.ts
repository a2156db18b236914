export const loader = ({ params }: { params: { id: string } }) => Response.json({ id: params.id });
export const action = async ({ request }: { request: Request }) => new Response(await request.text(), { status: 201 });
