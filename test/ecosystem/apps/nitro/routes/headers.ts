export default defineEventHandler((event) => ({ method: event.method, path: event.path }));
