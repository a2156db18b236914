// The app that the example configuration serves on every hostname. Replace it by your own.
export default {
  fetch(request) {
    const { pathname } = new URL(request.url);
    return new Response(`Hello from nano. You asked for ${pathname}\n`);
  },
};
