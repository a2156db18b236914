export default defineEventHandler(async (event) => {
  setResponseStatus(event, 201);
  setHeader(event, "x-echo", "1");
  return { body: await readBody(event), type: getHeader(event, "content-type") };
});
