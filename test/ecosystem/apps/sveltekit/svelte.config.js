import adapter from "@sveltejs/adapter-cloudflare";

export default { kit: { adapter: adapter(), version: { name: "one" }, csrf: { trustedOrigins: [] } } };
