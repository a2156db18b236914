export default defineEventHandler((event) => ({ greeting: event.context.cloudflare?.env?.GREETING ?? null, query: getQuery(event) }));
