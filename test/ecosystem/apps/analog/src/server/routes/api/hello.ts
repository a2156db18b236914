import { defineEventHandler, getQuery, readBody, setResponseHeader } from "h3";
export default defineEventHandler(async (event) => {
  setResponseHeader(event, "x-a", "1");
  return { q: getQuery(event), m: event.method, b: event.method === "POST" ? await readBody(event) : null };
});
