export default defineEventHandler(() => {
  throw createError({ statusCode: 422, statusMessage: "not like this", data: { field: "name" } });
});
