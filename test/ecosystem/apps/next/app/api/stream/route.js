import { after } from "next/server";
export const dynamic = "force-dynamic";
export async function GET() {
  after(() => {});
  const encoder = new TextEncoder();
  return new Response(
    new ReadableStream({
      async start(c) {
        for (let i = 0; i < 3; i++) {
          c.enqueue(encoder.encode(`data: ${i}\n\n`));
          await new Promise((r) => setTimeout(r, 20));
        }
        c.close();
      },
    }),
    { headers: { "content-type": "text/event-stream" } },
  );
}
