// Signatures as a receiver verifies them, by another implementation of the same convention.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { createHmac } from "node:crypto";
import { AppError } from "../../src/domain/errors.ts";
import { signatures, signingKeys } from "../../src/notify/signature.ts";

const RAW = "a secret of more than 24 bytes".replaceAll(" ", "_");
const BYTES = Uint8Array.from({ length: 32 }, (_, i) => 7 * i);
const SIGNED = { id: "msg_1", timestamp: 1_700_000_000, body: '{"name":"Ünïcödé …"}' };

function expected(key: string | Uint8Array): string {
  const { id, timestamp, body } = SIGNED;
  return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
}

Deno.test("signatures() is what a receiver computes, of a raw secret and of one with whsec_", async () => {
  assertEquals(await signatures(SIGNED, signingKeys(RAW, "S")), expected(RAW));
  const secret = `whsec_${BYTES.toBase64()}`;
  assertEquals(await signatures(SIGNED, signingKeys(secret, "S")), expected(BYTES));
});

Deno.test("signatures() is the one that the convention's own example has", async () => {
  const example = { id: "msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp: 1614265330 };
  const keys = signingKeys("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "S");
  assertEquals(
    await signatures({ ...example, body: '{"test": 2432232314}' }, keys),
    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  );
});

Deno.test("signatures() signs by both secrets while a receiver changes from one to the other", async () => {
  const keys = signingKeys(` ${RAW} whsec_${BYTES.toBase64()}\n`, "S");
  assertEquals(await signatures(SIGNED, keys), `${expected(RAW)} ${expected(BYTES)}`);
});

Deno.test("signatures() depends on id, time and body", async () => {
  const keys = signingKeys(RAW, "S");
  const variants = [{}, { id: "msg_2" }, { timestamp: 1_700_000_001 }, { body: "{}" }];
  const all = await Promise.all(variants.map((given) => signatures({ ...SIGNED, ...given }, keys)));
  assertEquals(new Set(all).size, variants.length);
});

for (
  const [secret, found] of [
    ["short", "5 bytes"],
    ["whsec_!!!", "whsec_ and no base64"],
    ["whsec_c2hvcnQ=", "5 bytes"],
    [`${RAW} short`, "5 bytes"],
  ] as const
) {
  Deno.test(`signingKeys() refuses ${secret} without repeating it`, () => {
    const error = assertThrows(() => signingKeys(secret, "OPS_SECRET"), AppError);
    assertEquals(error.code, "invalid");
    assert(error.message.includes(`Cannot sign with OPS_SECRET: found ${found}, expected`));
    assert(!error.message.includes(RAW));
  });
}
