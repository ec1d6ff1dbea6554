// What pages have read and need not read again: things that never change once they are stored, kept by
// name for each open store.

import { RecentlyUsed } from "../../src/domain/recently_used.ts";
import type { RegistryContext } from "../../src/registry/context.ts";

/**
 * Keeps what was loaded last, so many of it for each open store. What is kept is shared, and so must not
 * be changed by anyone, nor be able to change in the store.
 */
export class Memo<T> {
  readonly #stores = new WeakMap<RegistryContext["store"], RecentlyUsed<T>>();

  constructor(private readonly capacity: number) {}

  /** `isFinal`: whether what was loaded stays so; what does not is loaded again the next time. */
  async get(
    { store }: Pick<RegistryContext, "store">,
    key: string,
    load: () => Promise<T>,
    isFinal: (loaded: T) => boolean = () => true,
  ): Promise<T> {
    let kept = this.#stores.get(store.root);
    if (kept === undefined) {
      kept = new RecentlyUsed(this.capacity);
      this.#stores.set(store.root, kept);
    }
    const loaded = await kept.get(key, load);
    if (!isFinal(loaded)) kept.forget(key);
    return loaded;
  }
}
