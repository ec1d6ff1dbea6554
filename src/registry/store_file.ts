// The file behind a local store, for those who look after it: is it whole, and how much of it is free.

import { compactFile, pageProblems } from "../store/file_care.ts";
import { type Finding, RESTORE } from "./findings.ts";

export { compactFile };

/** What is wrong with the database file itself. Where something is, what its records say is worth nothing. */
export async function verifyFile(path: string): Promise<Finding[]> {
  const problems = await pageProblems(path);
  return problems.map((found) => ({
    kind: "file",
    project: null,
    branch: null,
    at: path,
    found,
    expected: "a whole Deno KV database",
    next: RESTORE,
    mended: null,
  }));
}
