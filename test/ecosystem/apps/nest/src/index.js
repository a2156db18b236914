import "reflect-metadata";
import { httpServerHandler } from "cloudflare:node";
import { NestFactory } from "@nestjs/core";
import { Controller, Get, Module, Param, Post, Body, NotFoundException } from "@nestjs/common";
const dec = (target, key, ds) => {
  for (const d of ds) {
    const desc = Object.getOwnPropertyDescriptor(target, key);
    d(target, key, desc);
  }
};
class C {
  hello() {
    return { hello: "world" };
  }
  one(id) {
    if (id === "0") throw new NotFoundException("none");
    return { id };
  }
  post(body) {
    return body;
  }
}
dec(C.prototype, "hello", [Get()]);
dec(C.prototype, "one", [Get("items/:id")]);
Param("id")(C.prototype, "one", 0);
dec(C.prototype, "post", [Post("echo")]);
Body()(C.prototype, "post", 0);
Controller()(C);
class M {}
Module({ controllers: [C] })(M);
const app = await NestFactory.create(M, { logger: false });
await app.listen(3000);
export default httpServerHandler({ port: 3000 });
