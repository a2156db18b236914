import font from "@fontsource/inter/files/inter-latin-400-normal.woff";
import { initWasm, Resvg } from "@resvg/resvg-wasm";
import resvg from "@resvg/resvg-wasm/index_bg.wasm";
import satori from "satori";

let ready: Promise<void> | undefined;

export default {
  async fetch(request: Request) {
    const url = new URL(request.url);
    const svg = await satori(
      <div style={{ display: "flex", flexDirection: "column", width: "100%", height: "100%", padding: 20, background: "linear-gradient(90deg, #fff, #cde)" }}>
        <div style={{ fontSize: 32, color: "#123", border: "2px solid red", borderRadius: 8 }}>{url.searchParams.get("title")}</div>
        <span style={{ fontSize: 12 }}>of a card</span>
      </div>,
      { width: 300, height: 150, fonts: [{ name: "Inter", data: font, weight: 400, style: "normal" }] },
    );
    if (url.pathname === "/card.svg") return new Response(svg, { headers: { "content-type": "image/svg+xml" } });
    await (ready ??= initWasm(resvg));
    const png = new Resvg(svg).render().asPng();
    const digest = await crypto.subtle.digest("SHA-256", png);
    return Response.json({ bytes: png.byteLength, digest: [...new Uint8Array(digest)] });
  },
};
