// Where one may read and where one may write. They are two types, so that a function that must only
// read cannot be handed the right to write, and a dev branch cannot touch main by mistake.

declare const readable: unique symbol;
declare const writable: unique symbol;

/** A branch that may be read. */
export interface ReadScope {
  readonly project: string;
  readonly branch: string;
  readonly [readable]: true;
}

/** A branch that may be written; whoever may write may also read. */
export interface WriteScope extends ReadScope {
  readonly [writable]: true;
}

/** Both scopes of a command, decided once, when it starts (see `config.ts`). */
export interface Scopes {
  write: WriteScope;
  read: ReadScope;
}

export function readScope(project: string, branch: string): ReadScope {
  return Object.freeze({ project, branch }) as ReadScope;
}

export function writeScope(project: string, branch: string): WriteScope {
  return Object.freeze({ project, branch }) as WriteScope;
}
