// Cron expressions of the schedules, beside what Deno.cron itself says of them.

import { assertEquals } from "@std/assert";
import { isCronExpression } from "../../src/domain/cron.ts";

const TAKEN = [
  "0 * * * *",
  "*/15 0-6 1,15 JAN-MAR mon-FRI",
  "59 23 31 12 7",
  "0-30/10,45 */2 * * SUN",
  "5/10 * * * *",
];

const REFUSED = [
  "",
  "hourly",
  "0 * * *",
  "0 * * * * *",
  "0  * * * *",
  " 0 * * * *",
  "60 * * * *",
  "0 24 * * *",
  "0 0 0 * *",
  "0 0 32 * *",
  "0 0 * 13 *",
  "0 0 * * 0",
  "0 0 * * 8",
  "0 0 * * MONDAY",
  "*/0 * * * *",
  "*/90 * * * *",
  "30-10 * * * *",
  "1,,2 * * * *",
  "-5 * * * *",
  "@daily",
];

for (const text of TAKEN) {
  Deno.test(`isCronExpression() takes "${text}", and so does Deno.cron`, async () => {
    assertEquals(isCronExpression(text), true);
    const stop = new AbortController();
    const ended = Deno.cron(
      `taken ${TAKEN.indexOf(text)}`,
      text,
      { signal: stop.signal },
      () => {},
    );
    stop.abort();
    await ended;
  });
}

for (const text of REFUSED) {
  Deno.test(`isCronExpression() refuses "${text}"`, () => {
    assertEquals(isCronExpression(text), false);
  });
}
