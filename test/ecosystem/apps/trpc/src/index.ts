import { initTRPC, TRPCError } from "@trpc/server";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { z } from "zod";

const t = initTRPC.create({ isDev: false });
const router = t.router({
  hello: t.procedure.input(z.object({ name: z.string() })).query(({ input }) => `hello ${input.name}`),
  add: t.procedure.input(z.array(z.number())).mutation(({ input }) => input.reduce((sum, n) => sum + n, 0)),
  fails: t.procedure.query(() => {
    throw new TRPCError({ code: "CONFLICT", message: "in conflict" });
  }),
  ticks: t.procedure.subscription(async function* () {
    for (let i = 0; i < 3; i++) yield i;
  }),
  lazy: t.procedure.query(async function* () {
    yield 1;
    yield 2;
  }),
});

export default {
  fetch: (request: Request) =>
    fetchRequestHandler({ endpoint: "/trpc", req: request, router, createContext: () => ({}), onError: () => {} }),
};
