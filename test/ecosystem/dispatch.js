// What apps of many small routes share: the path's name calls one of them, and what it returns, or throws, is the answer as JSON.

export function dispatch(routes) {
  return {
    async fetch(request, env, ctx) {
      const name = new URL(request.url).pathname.slice(1);
      if (!Object.hasOwn(routes, name)) return new Response("not found", { status: 404 });
      try {
        const value = await routes[name](request, env, ctx);
        return value instanceof Response ? value : Response.json(value === undefined ? null : value);
      } catch (error) {
        return Response.json({ error: String(error?.message ?? error).slice(0, 400), name: error?.name, code: error?.code }, { status: 500 });
      }
    },
  };
}
