import { betterAuth } from "better-auth";

const database: Record<string, unknown[]> = { user: [], session: [], account: [], verification: [] };
async function make() {
  const { memoryAdapter } = await import("better-auth/adapters/memory");
  const auth = betterAuth({
    baseURL: "http://app.example",
    secret: "a secret of thirty-two characters",
    database: memoryAdapter(database as never),
    emailAndPassword: { enabled: true, password: { hash: async (text) => `plain:${text}`, verify: async ({ hash, password }) => hash === `plain:${password}` } },
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
  });
  const defaults = betterAuth({
    baseURL: "http://app.example",
    basePath: "/own-hash",
    secret: "a secret of thirty-two characters",
    database: memoryAdapter(database as never),
    emailAndPassword: { enabled: true },
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
  });
  return { auth, defaults };
}

let made: ReturnType<typeof make> | undefined;

export default {
  async fetch(request: Request) {
    const { auth, defaults } = await (made ??= make());
    const url = new URL(request.url);
    if (url.pathname === "/count") return Response.json(Object.fromEntries(Object.entries(database).map(([name, rows]) => [name, rows.length])));
    if (url.pathname === "/session") {
      const answer = await auth.api.signInEmail({ body: { email: "a@a.example", password: "a password" }, asResponse: true });
      const cookie = answer.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
      const session = await auth.api.getSession({ headers: new Headers({ cookie }) });
      return Response.json({ status: answer.status, user: session?.user.email, name: session?.user.name });
    }
    return url.pathname.startsWith("/own-hash") ? defaults.handler(request) : auth.handler(request);
  },
};
