import { env } from "cloudflare:workers";

export const meta = () => [{ title: "Start" }];
export const loader = ({ request }: { request: Request }) => ({ agent: request.headers.get("x-agent"), greeting: (env as { GREETING?: string }).GREETING });
export default function Home({ loaderData }: { loaderData: { agent: string | null; greeting?: string } }) {
  return <h1>{loaderData.greeting} {loaderData.agent ?? "nobody"}</h1>;
}
