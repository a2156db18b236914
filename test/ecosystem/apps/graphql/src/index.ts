import { createSchema, createYoga } from "graphql-yoga";

const yoga = createYoga({
  logging: false,
  schema: createSchema({
    typeDefs: `
      type Book { title: String!, pages: Int }
      type Query { hello(name: String = "world"): String!, books: [Book!]!, fails: String, agent: String }
      type Mutation { add(title: String!): Book! }
      type Subscription { count(to: Int!): Int! }
    `,
    resolvers: {
      Query: {
        hello: (_, { name }) => `hello ${name}`,
        books: async () => [{ title: "a", pages: 1 }, { title: "b" }],
        fails: () => {
          throw new Error("inside");
        },
        agent: (_, __, context) => context.request.headers.get("x-agent"),
      },
      Mutation: { add: (_, { title }) => ({ title }) },
      Subscription: {
        count: {
          async *subscribe(_, { to }) {
            for (let i = 1; i <= to; i++) yield { count: i };
          },
        },
      },
    },
  }),
});

export default { fetch: (request: Request, env: unknown, context: ExecutionContext) => yoga.fetch(request, env as object, context) };
