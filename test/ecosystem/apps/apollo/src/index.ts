import { ApolloServer, HeaderMap } from "@apollo/server";

const server = new ApolloServer({
  typeDefs: "type Query { hello: String, list: [Int!], fails: String } type Mutation { double(n: Int!): Int }",
  resolvers: {
    Query: {
      hello: () => "world",
      list: async () => [1, 2, 3],
      fails: () => {
        throw new Error("inside");
      },
    },
    Mutation: { double: (_: unknown, { n }: { n: number }) => 2 * n },
  },
  includeStacktraceInErrorResponses: false,
  introspection: true,
});
server.startInBackgroundHandlingStartupErrorsByLoggingAndFailingAllRequests();

export default {
  async fetch(request: Request): Promise<Response> {
    const headers = new HeaderMap();
    request.headers.forEach((value, name) => headers.set(name, value));
    const isJson = request.headers.get("content-type")?.startsWith("application/json");
    let body: unknown = {};
    try {
      if (request.method === "POST") body = isJson ? await request.json() : await request.text();
    } catch (error) {
      return new Response(String((error as Error).name), { status: 400 });
    }
    const answer = await server.executeHTTPGraphQLRequest({
      httpGraphQLRequest: { method: request.method, headers, search: new URL(request.url).search, body },
      context: async () => ({}),
    });
    const text = answer.body.kind === "complete" ? answer.body.string : "";
    return new Response(text, { status: answer.status ?? 200, headers: [...answer.headers] });
  },
};
