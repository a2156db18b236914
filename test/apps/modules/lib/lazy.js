export const loaded = import.meta.url.split("/").at(-1);
