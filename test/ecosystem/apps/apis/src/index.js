import { dispatch } from "../dispatch.js";
import { makeExecutableSchema } from "@graphql-tools/schema";
import { graphql } from "graphql";
import SchemaBuilder from "@pothos/core";
import { Client as Notion } from "@notionhq/client";
import { Bot, webhookCallback } from "grammy";
import { verifyKey } from "discord-interactions";
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { createClient } from "@sanity/client";
import { Octokit } from "@octokit/rest";
import aws4 from "aws4";
const of = (error) => [error.name, error.message.slice(0, 200)];
const routes = {
  async tools() {
    const schema = makeExecutableSchema({
      typeDefs: "type Query { a(x: Int): [String!]! }",
      resolvers: { Query: { a: (_, { x }) => Array(x).fill("y") } },
    });
    return graphql({ schema, source: "{ a(x: 2) }" });
  },
  async pothos() {
    const b = new SchemaBuilder({});
    b.queryType({ fields: (t) => ({ h: t.string({ args: { n: t.arg.string() }, resolve: (_, { n }) => `hi ${n}` }) }) });
    return graphql({ schema: b.toSchema(), source: '{ h(n: "x") }' });
  },
  async octokit() {
    const o = new Octokit({ request: { fetch: async (u, i) => Response.json({ login: "x", u: String(u), h: Object.keys(i.headers) }) } });
    return (await o.rest.users.getByUsername({ username: "a" })).data;
  },
  async grammy() {
    const bot = new Bot("1:a", {
      botInfo: {
        id: 1,
        is_bot: true,
        first_name: "b",
        username: "b",
        can_join_groups: true,
        can_read_all_group_messages: false,
        supports_inline_queries: false,
      },
    });
    let seen;
    bot.on("message", (c) => {
      seen = c.message.text;
    });
    await webhookCallback(
      bot,
      "cloudflare-mod",
    )(
      new Request("https://a.example", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ update_id: 1, message: { message_id: 1, date: 1, chat: { id: 1, type: "private", first_name: "x" }, text: "hey" } }),
      }),
    );
    return seen;
  },
  async discord() {
    return verifyKey(new TextEncoder().encode("{}"), "00".repeat(64), "1", "a9".repeat(32)).catch(of);
  },
  async notion() {
    const n = new Notion({ auth: "x", fetch: async (u) => Response.json({ object: "user", id: "1", u: String(u) }) });
    return n.users.me({});
  },
  async dynamo() {
    const c = new DynamoDBClient({
      region: "eu-west-1",
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
      maxAttempts: 1,
      requestHandler: {
        handle: async (r) => ({
          response: {
            statusCode: 200,
            headers: { "content-type": "application/x-amz-json-1.0" },
            body: new TextEncoder().encode(JSON.stringify({ Item: { a: { S: r.hostname } } })),
          },
        }),
      },
    });
    return (await c.send(new GetItemCommand({ TableName: "t", Key: { a: { S: "x" } } }))).Item;
  },
  async sanity() {
    return createClient({ projectId: "abc", dataset: "d", useCdn: true, apiVersion: "2024-01-01" }).getUrl("/x");
  },
  async aws4() {
    return aws4.sign(
      { service: "s3", host: "a.example", path: "/", headers: { "X-Amz-Date": "20260101T000000Z" } },
      { accessKeyId: "a", secretAccessKey: "b" },
    ).headers;
  },
};

export default dispatch(routes);
