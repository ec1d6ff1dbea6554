// The version of the code, pinned by every run.

import project from "../deno.json" with { type: "json" };

export const CODE_VERSION: string = project.version;
