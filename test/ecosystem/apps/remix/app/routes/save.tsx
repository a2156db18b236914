import { redirect, createCookieSessionStorage } from "@remix-run/cloudflare";
const store = createCookieSessionStorage({ cookie: { name: "s", secrets: ["x"], path: "/" } });
export const action = async ({ request }: any) => {
    const f = await request.formData();
    if (!f.get("name")) throw new Response("no name", { status: 400 });
    const s = await store.getSession(request.headers.get("cookie"));
    s.set("name", String(f.get("name")));
    return redirect("/late", { headers: { "set-cookie": await store.commitSession(s) } });
};
export default function Save() {
    return <p>saved</p>;
}
