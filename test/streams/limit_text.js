// The limit as the operator wrote it. Run with --max-buffer-size-mb 0.5.

import { done, rejectsWith, test, turn } from "./harness.js";

test("a fractional limit", async () => {
  const writer = new WritableStream({ write() {} }).getWriter();
  await turn();
  await writer.write("x".repeat(2 ** 19 - 32));
  await rejectsWith(writer.write("x".repeat(2 ** 19)), RangeError, "Stream buffer size limit exceeded (max: 0.5MB)");
});

await done();
