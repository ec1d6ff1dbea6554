// Stand-in for jsr:@std/cli.
export * from "./parse_args.ts";
