/** What a flow says of itself, where a test defines one and nobody reads it. */
export const NO_WORDS = { summary: "", examples: [], consumes: "", produces: "" };
