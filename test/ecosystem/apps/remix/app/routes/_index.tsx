import { json } from "@remix-run/cloudflare";
import { useLoaderData, Form } from "@remix-run/react";
export const meta = () => [{ title: "Home" }];
export const loader = async ({ context, request }: any) =>
    json(
        { shop: context.cloudflare.env.SHOP, q: new URL(request.url).searchParams.get("q") },
        { headers: { "cache-control": "max-age=5", "set-cookie": "a=1" } },
    );
export const headers = ({ loaderHeaders }: any) => loaderHeaders;
export default function Index() {
    const d = useLoaderData<typeof loader>();
    return (
        <Form method="post" action="/save">
            <p>
                {d.shop} {d.q}
            </p>
        </Form>
    );
}
