// Prints all rows of rows.mjs, each with the best of several runs in chunks per second:
//
//     nano run test/bench/streams/streams.js        node test/bench/streams/streams.js

import("./rows.mjs").then(async ({ measure, rows }) => {
  for (const name of Object.keys(rows)) {
    console.log(`${name.padEnd(48)} ${String(await measure(name)).padStart(10)} chunks/s`);
  }
});
