// What the schemas of answers are made of. Answers are records of the registry in snake_case; a schema
// here is held against real answers by tests, and is what the document of the API says.

import { z } from "@hono/zod-openapi";
import { ERROR_CODES, type ErrorCode } from "../../../src/domain/errors.ts";

const MAX_LIMIT = 200;

export const time = z.iso.datetime();
export const id = z.int().min(1);
export const count = z.int().min(0);
/** Keys in snake_case that the writer of the record chose. */
export const freeObject = z.record(z.string(), z.unknown());

/** A named schema or null: a reference cannot say by itself that it may be null. */
export function orNull<T extends z.ZodType>(schema: T) {
  return z.union([schema, z.null()]);
}

/** A page of a list, and where the next one begins. */
export function pageOf<T extends z.ZodType>(item: T, what: string) {
  return z.strictObject({
    items: z.array(item).max(MAX_LIMIT).describe(what),
    older_before: z.int().nullable()
      .describe("give it as before to get what is older; null on the last page"),
  });
}

export function limitParam(initial = 50) {
  return z.coerce.number().int().min(1).max(MAX_LIMIT).default(initial)
    .describe("how many at most");
}

export const listParams = {
  limit: limitParam(),
  before: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER).optional()
    .describe("only what is older than this number, which is left out"),
};

/** Cuts what was read by one more than asked into a page. */
export function page<T>(read: readonly T[], limit: number, numberOf: (item: T) => number) {
  const items = read.slice(0, limit);
  return { items, olderBefore: read.length > limit ? numberOf(items.at(-1)!) : null };
}

export const branchParam = z.string().min(1).max(100).optional()
  .describe("branch to look at and to act on; the dashboard's own where none is named");

/** A yes or no in a query. */
export const flag = z.enum(["true", "false"]).default("false");

const codes = Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]];

export const errorSchema = z.strictObject({
  error: z.strictObject({
    code: z.enum(codes).describe("what went wrong, for programs"),
    message: z.string().describe("what was asked, what was found, what was expected, what next"),
    details: freeObject.describe("facts of the error, such as problems or run_id"),
  }),
}).openapi("Error", { description: "The one shape of everything that is refused or fails." });
