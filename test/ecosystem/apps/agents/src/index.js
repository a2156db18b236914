import { dispatch } from "../dispatch.js";
import { generateText, streamText } from "ai";
import { createOpenAI } from "@ai-sdk/openai";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import { RunnableLambda, RunnableSequence } from "@langchain/core/runnables";
import { StringOutputParser } from "@langchain/core/output_parsers";
import { FakeListChatModel } from "@langchain/core/utils/testing";
import { z } from "zod";
const sse = (parts) =>
  new Response(
    new ReadableStream({
      async start(c) {
        const e = new TextEncoder();
        for (const p of parts) {
          c.enqueue(e.encode(`data: ${JSON.stringify(p)}\n\n`));
          await new Promise((r) => setTimeout(r, 1));
        }
        c.enqueue(e.encode("data: [DONE]\n\n"));
        c.close();
      },
    }),
    { headers: { "content-type": "text/event-stream" } },
  );
const chunk = (delta, finish = null) => ({
  id: "1",
  object: "chat.completion.chunk",
  created: 1,
  model: "m",
  choices: [{ index: 0, delta, finish_reason: finish }],
});
const openai = createOpenAI({
  apiKey: "k",
  fetch: async (url, init) => {
    const body = JSON.parse(init.body);
    return body.stream
      ? sse([chunk({ role: "assistant", content: "Hel" }), chunk({ content: "lo" }), chunk({}, "stop")])
      : Response.json({
          id: "1",
          object: "chat.completion",
          created: 1,
          model: "m",
          choices: [{ index: 0, message: { role: "assistant", content: "Hello " + body.messages.length }, finish_reason: "stop" }],
          usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
        });
  },
});
const routes = {
  async generate() {
    const r = await generateText({ model: openai.chat("m"), prompt: "hi" });
    return [r.text, r.finishReason, r.usage.totalTokens];
  },
  async streaming() {
    const r = streamText({ model: openai.chat("m"), prompt: "hi" });
    return r.toTextStreamResponse();
  },
  async langchain() {
    const model = new FakeListChatModel({ responses: ["one", "two"] });
    const chain = RunnableSequence.from([
      ChatPromptTemplate.fromTemplate("say {x}"),
      model,
      new StringOutputParser(),
      RunnableLambda.from((s) => s.toUpperCase()),
    ]);
    const parts = [];
    for await (const p of await chain.stream({ x: "y" })) parts.push(p);
    return [await chain.invoke({ x: "y" }), parts.join("")];
  },
  async mcp() {
    const server = new McpServer({ name: "n", version: "1" });
    server.registerTool("add", { description: "adds", inputSchema: { a: z.number(), b: z.number() } }, async ({ a, b }) => ({
      content: [{ type: "text", text: String(a + b) }],
    }));
    const transport = new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator: undefined, enableJsonResponse: true });
    await server.connect(transport);
    const call = (body) =>
      transport.handleRequest(
        new Request("http://x.example/mcp", {
          method: "POST",
          headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
          body: JSON.stringify(body),
        }),
      );
    const r = await call({ jsonrpc: "2.0", id: 2, method: "tools/call", params: { name: "add", arguments: { a: 1, b: 2 } } });
    return [r.status, await r.text()];
  },
};

export default dispatch(routes);
