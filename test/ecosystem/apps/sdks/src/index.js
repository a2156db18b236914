import Anthropic from "@anthropic-ai/sdk";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import * as Sentry from "@sentry/cloudflare";
import { createClient } from "@supabase/supabase-js";
import { AwsClient } from "aws4fetch";
import OpenAI from "openai";
import Stripe from "stripe";

// A server of the other side that says what came, in the form that each client wants.
const asked = [];
async function answers(input, init) {
  const request = new Request(input, init);
  const { pathname, search } = new URL(request.url);
  asked.push([request.method, pathname + search, (await request.text()).length, request.headers.get("content-type")]);
  if (pathname.endsWith("/chat/completions") || pathname.endsWith("/messages")) {
    const lines = ['data: {"choices":[{"delta":{"content":"a"}}]}', 'data: {"choices":[{"delta":{"content":"b"}}]}', "data: [DONE]", ""];
    return new Response(lines.join("\n\n"), { headers: { "content-type": "text/event-stream" } });
  }
  if (pathname === "/v1/customers") return Response.json({ id: "cus_1", object: "customer" });
  if (pathname === "/v1/charges") return Response.json({ error: { type: "card_error", message: "declined" } }, { status: 402 });
  return Response.json([{ id: 1 }]);
}

const routes = {
  async openai() {
    const client = new OpenAI({ apiKey: "key", fetch: answers, maxRetries: 0 });
    const stream = await client.chat.completions.create({ model: "m", messages: [{ role: "user", content: "hi" }], stream: true });
    let text = "";
    for await (const part of stream) text += part.choices[0]?.delta?.content ?? "";
    return text;
  },
  async anthropic() {
    const client = new Anthropic({ apiKey: "key", fetch: async () => Response.json({ id: "m", type: "message", role: "assistant", content: [{ type: "text", text: "hello" }], model: "m", usage: {} }), maxRetries: 0 });
    return (await client.messages.create({ model: "m", max_tokens: 5, messages: [{ role: "user", content: "hi" }] })).content[0].text;
  },
  async stripe() {
    const client = new Stripe("sk_test_key", { httpClient: Stripe.createFetchHttpClient(answers), maxNetworkRetries: 0 });
    const customer = await client.customers.create({ email: "a@a.example", metadata: { a: "1" } });
    const failed = await client.charges.create({ amount: 1, currency: "eur" }).catch((error) => [error.type, error.statusCode]);
    const payload = JSON.stringify({ id: "evt_1", object: "event" });
    const provider = Stripe.createSubtleCryptoProvider();
    const header = await client.webhooks.generateTestHeaderStringAsync({ payload, secret: "whsec", cryptoProvider: provider });
    const event = await client.webhooks.constructEventAsync(payload, header, "whsec", undefined, provider);
    return [customer.id, failed, event.id];
  },
  async s3() {
    const client = new S3Client({
      region: "eu-1", endpoint: "https://s3.example", credentials: { accessKeyId: "a", secretAccessKey: "b" },
      requestHandler: { handle: async ({ method, path, headers, body }) => {
        asked.push([method, path, typeof body, Boolean(headers.authorization)]);
        return { response: { statusCode: 200, headers: { etag: '"x"' }, body: new Response("contents").body } };
      } },
    });
    const put = await client.send(new PutObjectCommand({ Bucket: "b", Key: "k e y", Body: "text" }));
    const got = await client.send(new GetObjectCommand({ Bucket: "b", Key: "k" }));
    return [put.ETag, await got.Body.transformToString()];
  },
  async aws4fetch() {
    const client = new AwsClient({ accessKeyId: "a", secretAccessKey: "b", service: "s3", region: "eu-1" });
    const signed = await client.sign("https://s3.example/k?x=1", { method: "PUT", body: "text", headers: { "x-amz-date": "20260101T000000Z" } });
    return signed.headers.get("authorization");
  },
  async supabase() {
    const client = createClient("https://db.example", "key", { global: { fetch: answers }, auth: { persistSession: false, autoRefreshToken: false } });
    const { data, error } = await client.from("items").select("id, name").eq("name", "ü").order("id").limit(3);
    return [data, error];
  },
  async sentry() {
    return [typeof Sentry.withSentry, typeof Sentry.captureException(new Error("x"))];
  },
};

export default {
  async fetch(request) {
    const name = new URL(request.url).pathname.slice(1);
    if (!(name in routes)) return new Response("no such route", { status: 404 });
    asked.length = 0;
    try {
      const answer = await routes[name]();
      return Response.json([answer ?? null, asked]);
    } catch (error) {
      return new Response(`${error.name}: ${error.message}\n${error.stack}`, { status: 500 });
    }
  },
};
