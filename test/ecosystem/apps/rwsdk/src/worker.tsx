import { render, route } from "rwsdk/router";
import { defineApp } from "rwsdk/worker";
import { Document } from "@/app/Document";
import { Home } from "@/app/Home";
import { Slow } from "@/app/Slow";
export default defineApp([
    ({ ctx, response }: any) => {
        ctx.user = "u";
        response.headers.set("x-mw", "1");
    },
    route("/api/echo", async ({ request }: any) =>
        Response.json({ q: new URL(request.url).searchParams.get("q"), b: request.method === "POST" ? await request.text() : null }),
    ),
    route("/ping", () => new Response("pong", { status: 202 })),
    route("/error", () => {
        throw new Error("broken");
    }),
    render(Document, [
        route("/", Home),
        route("/slow", Slow),
        route("/items/:id", ({ params, ctx }: any) => (
            <p>
                item {params.id} {ctx.user}
            </p>
        )),
    ]),
]);
