import { createFileRoute, notFound, redirect } from "@tanstack/react-router";

export const Route = createFileRoute("/items/$id")({
  loader: ({ params }) => {
    if (params.id === "0") throw redirect({ to: "/" });
    if (params.id === "none") throw notFound();
    if (params.id === "broken") throw new Error("inside");
    return { id: params.id };
  },
  errorComponent: () => <p>an error</p>,
  component: () => <p>{Route.useLoaderData().id}</p>,
});
