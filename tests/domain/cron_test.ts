// Cron expressions of the schedules, beside what Deno.cron itself says of them.

import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { isCronExpression, nextSlot, previousSlot } from "../../src/domain/cron.ts";
import { AppError } from "../../src/domain/errors.ts";

const TAKEN = [
  "0 * * * *",
  "*/15 0-6 1,15 JAN-MAR mon-FRI",
  "59 23 31 12 7",
  "0-30/10,45 */2 * * SUN",
  "5/10 * * * *",
  "*/59 */23 */30 */11 */6",
  "*,5 * * * *",
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
  "*/60 * * * *",
  "0 0 */31 * *",
  "0 0 * * */7",
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

Deno.test("no step that Deno.cron refuses is taken", async () => {
  for (const field of [0, 1, 2, 3, 4]) {
    for (let step = 1; step <= 61; step++) {
      const text = Array.from({ length: 5 }, (_, i) => i === field ? `*/${step}` : "*").join(" ");
      if (!isCronExpression(text)) continue;
      const stop = new AbortController();
      const ended = Deno.cron("step", text, { signal: stop.signal }, () => {});
      stop.abort();
      await ended;
    }
  }
});

const at = (text: string) => Date.parse(`${text}Z`);
const shown = (ms: number | null) => ms === null ? null : new Date(ms).toISOString().slice(0, 16);

/** Expression, instant, the slots before and after it; 2024-01-01 was a Monday. */
const SLOTS: [string, string, string | null, string | null][] = [
  ["0 * * * *", "2024-01-01T10:20", "2024-01-01T10:00", "2024-01-01T11:00"],
  ["0 * * * *", "2024-01-01T11:00", "2024-01-01T11:00", "2024-01-01T12:00"],
  ["30 0 * * *", "2024-01-01T00:29", "2023-12-31T00:30", "2024-01-01T00:30"],
  ["*/25 * * * *", "2024-01-01T00:51", "2024-01-01T00:50", "2024-01-01T01:00"],
  ["10/20 3 * * *", "2024-01-01T03:31", "2024-01-01T03:30", "2024-01-01T03:50"],
  ["0 0 29 2 *", "2025-06-01T00:00", "2024-02-29T00:00", "2028-02-29T00:00"],
  ["0 0 30 FEB *", "2024-01-01T00:00", null, null],
  ["0 0 * * 1", "2024-01-03T00:00", "2023-12-31T00:00", "2024-01-07T00:00"],
  ["0 0 * * MON-FRI", "2024-01-06T12:00", "2024-01-05T00:00", "2024-01-08T00:00"],
];

for (const [expression, instant, before, after] of SLOTS) {
  Deno.test(`"${expression}" at ${instant}: due before and after as documented`, () => {
    assertEquals(shown(previousSlot(expression, at(instant))), before);
    assertEquals(shown(nextSlot(expression, at(instant))), after);
  });
}

Deno.test("where both the date and the weekday are given, either makes a day due, as for Deno.cron", () => {
  const days = (expression: string) => {
    const slots: string[] = [];
    let ms = at("2023-12-31T23:59");
    while (slots.length < 4) slots.push(shown(ms = nextSlot(expression, ms)!)!.slice(8, 10));
    return slots.join(" ");
  };
  assertEquals(days("0 0 3 * MON"), "01 03 08 15");
  assertEquals(days("0 0 */30 * MON"), "01 08 15 22");
  assertEquals(days("0 0 3,4 * *"), "03 04 03 04");
});

Deno.test("seconds within a minute do not count: its slot is past once it has begun", () => {
  const slot = at("2024-01-01T10:00");
  assertEquals([nextSlot("0 * * * *", slot - 1), previousSlot("0 * * * *", slot - 1)], [
    slot,
    slot - 3_600_000,
  ]);
  assertEquals(previousSlot("0 * * * *", slot + 59_999), slot);
});

Deno.test("nextSlot() says what it expected of an expression that is none", () => {
  assertThrows(
    () => nextSlot("hourly", 0),
    AppError,
    'schedule "hourly": expected five cron fields',
  );
});

/** A field's text, and whether it allows a number, each said on its own. */
function field(min: number, max: number) {
  const value = fc.integer({ min, max });
  const item = fc.oneof(
    value.map((a) => ({ text: `${a}`, has: (n: number) => n === a })),
    fc.tuple(value, value).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const).map((
      [from, to],
    ) => ({ text: `${from}-${to}`, has: (n: number) => n >= from && n <= to })),
    fc.integer({ min: 1, max: max - min }).map((step) => ({
      text: `*/${step}`,
      has: (n: number) => (n - min) % step === 0,
    })),
    fc.tuple(value, fc.integer({ min: 1, max: max - min })).map(([from, step]) => ({
      text: `${from}/${step}`,
      has: (n: number) => n >= from && (n - from) % step === 0,
    })),
  );
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant({ text: "*", has: () => true }) },
    {
      weight: 3,
      arbitrary: fc.array(item, { minLength: 1, maxLength: 3 }).map((items) => ({
        text: items.map(({ text }) => text).join(","),
        has: (n: number) => items.some((one) => one.has(n)),
      })),
    },
  );
}

Deno.test("nextSlot() and previousSlot() are what a walk from minute to minute finds", () => {
  const fields = fc.tuple(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(1, 7));
  const instant = fc.integer({ min: at("2023-11-01T00:00"), max: at("2025-03-01T00:00") });
  // Five days of minutes; what lies further away is told apart by its being further away.
  const span = 5 * 24 * 60;
  fc.assert(
    fc.property(fields, instant, (parts, fromMs) => {
      const [minute, hour, date, month, weekday] = parts;
      const expression = parts.map(({ text }) => text).join(" ");
      assert(isCronExpression(expression), expression);
      const isDue = (ms: number) => {
        const t = new Date(ms);
        const [byDate, byDay] = [date.has(t.getUTCDate()), weekday.has(t.getUTCDay() + 1)];
        const either = date.text !== "*" && weekday.text !== "*";
        return minute.has(t.getUTCMinutes()) && hour.has(t.getUTCHours()) &&
          month.has(t.getUTCMonth() + 1) && (either ? byDate || byDay : byDate && byDay);
      };
      const walk = (start: number, step: number) => {
        for (let i = 0; i < span; i++) if (isDue(start + i * step)) return start + i * step;
        return null;
      };
      const floor = Math.floor(fromMs / 60_000) * 60_000;
      const after = walk(floor + 60_000, 60_000);
      const before = walk(floor, -60_000);
      const next = nextSlot(expression, fromMs);
      const previous = previousSlot(expression, fromMs);
      if (after !== null) assertEquals(shown(next), shown(after), expression);
      else assert(next === null || (next > floor + span * 60_000 && isDue(next)), expression);
      if (before !== null) assertEquals(shown(previous), shown(before), expression);
      else assert(previous === null || (previous <= floor - span * 60_000 && isDue(previous)));
    }),
    { numRuns: 300 },
  );
});
