import { data, redirect } from "react-router";

export function loader({ params, request }: { params: { id: string }; request: Request }) {
  if (params.id === "0") throw redirect("/");
  if (params.id === "none") throw data("no such item", { status: 404 });
  if (params.id === "broken") throw new Error("inside");
  return data({ id: params.id, q: new URL(request.url).searchParams.get("q") }, { headers: { "x-item": params.id } });
}
export const headers = ({ loaderHeaders }: { loaderHeaders: Headers }) => loaderHeaders;
export default function Item({ loaderData }: { loaderData: { id: string; q: string | null } }) {
  return <p>{loaderData.id} {loaderData.q}</p>;
}
