// Words of a command as a shell takes them, for commands that are shown to be copied.

/** The word as it is, or in quotes where a shell would see more in it than a word. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
