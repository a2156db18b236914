import { dispatch } from "../dispatch.js";
import { PhotonImage, resize, SamplingFilter } from "@cf-wasm/photon/workerd";
const png = Uint8Array.from(atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="), (c) =>
  c.charCodeAt(0),
);
const routes = {
  async photon() {
    const i = PhotonImage.new_from_byteslice(png);
    const r = resize(i, 4, 3, SamplingFilter.Nearest);
    return [r.get_width(), r.get_height(), r.get_bytes_webp().length, [...r.get_raw_pixels()].slice(0, 4)];
  },
};

export default dispatch(routes);
