// Stand-in for jsr:@std/encoding.
export * from "./hex.ts";
