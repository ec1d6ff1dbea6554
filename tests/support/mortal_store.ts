// A store as one process sees it that shares it with others: the process may die at any of its commits, and
// whoever writes the test decides when each of them is let through.

import type { Store } from "../../src/store/kv.ts";

export class Died extends Error {}

/** What stands between a process and the store. */
export interface Gate {
  /** Runs, delays or refuses a commit. */
  commit<R>(commit: () => Promise<R>): Promise<R>;
  /** Throws where the process is dead: it reads nothing any more either. */
  look?(): void;
}

/** The store behind a gate. Others that use it are not affected. */
export function gated(store: Store, gate: Gate): Store {
  return new Proxy(store, {
    get(target, name) {
      if (name === "commit") {
        return (...args: Parameters<Store["commit"]>) => gate.commit(() => target.commit(...args));
      }
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        gate.look?.();
        return Reflect.apply(value, target, args);
      };
    },
  });
}

/** How a process dies: before it commits once more, or when it has, and before it hears so. */
export type Death = "before" | "unheard";

/** A gate that lets so many commits through, and then no more. */
export class MortalGate implements Gate {
  isDead = false;
  #left: number;

  constructor(commits: number, private readonly death: Death) {
    this.#left = commits;
  }

  look(): void {
    if (this.isDead) throw new Died();
  }

  async commit<R>(commit: () => Promise<R>): Promise<R> {
    this.look();
    if (this.#left-- > 0) return await commit();
    this.isDead = true;
    if (this.death === "unheard") await commit();
    throw new Died();
  }
}
