export const load = async ({ fetch }) => ({ item: await (await fetch("/api/7?x=1")).json() });
