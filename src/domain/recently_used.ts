// What was decoded lately, by a key such as the hash of its bytes: an hourly score reads the snapshots of
// the day before and the champion, of which all but one were read an hour ago; a page reads what the page
// before it has read.

/** Keeps the values asked for last. Values are shared, and so must not be changed by anyone. */
export class RecentlyUsed<T> {
  readonly #values = new Map<string, Promise<T>>();

  constructor(private readonly capacity: number) {}

  get(key: string, load: () => Promise<T>): Promise<T> {
    const value = this.#values.get(key) ?? load();
    this.#values.delete(key);
    this.#values.set(key, value);
    // A failure is told to whoever waits for it, and not kept.
    value.catch(() => this.#values.delete(key));
    if (this.#values.size > this.capacity) {
      const [oldest] = this.#values.keys();
      this.#values.delete(oldest!);
    }
    return value;
  }

  /** Loads it anew when it is asked for again: it may have changed. */
  forget(key: string): void {
    this.#values.delete(key);
  }
}
