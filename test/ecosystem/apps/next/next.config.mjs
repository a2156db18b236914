export default {
  async headers() {
    return [{ source: "/items/:path*", headers: [{ key: "x-items", value: "yes" }] }];
  },
  async redirects() {
    return [{ source: "/old", destination: "/items/1", permanent: true }];
  },
  async rewrites() {
    return [{ source: "/re/:id", destination: "/items/:id" }];
  },
};
