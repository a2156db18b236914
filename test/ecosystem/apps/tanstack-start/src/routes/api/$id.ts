import { createFileRoute } from "@tanstack/react-router";

export const Route = createFileRoute("/api/$id")({
  server: {
    handlers: {
      GET: ({ params, request }) => Response.json({ id: params.id, query: new URL(request.url).search }),
      POST: async ({ request }) => new Response(await request.text(), { status: 201 }),
    },
  },
});
