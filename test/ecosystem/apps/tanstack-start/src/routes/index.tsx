import { createFileRoute } from "@tanstack/react-router";
import { createServerFn } from "@tanstack/react-start";
import { getRequestHeader } from "@tanstack/react-start/server";

const agent = createServerFn().handler(() => getRequestHeader("x-agent") ?? "nobody");
export const Route = createFileRoute("/")({ loader: () => agent(), component: () => <h1>hello {Route.useLoaderData()}</h1> });
