// Whole numbers as the ranges that they form: versions and runs are kept and forgotten by the thousand,
// and mostly those that follow one another.

/** A range of whole numbers, both ends included. */
export type Span = readonly [from: number, to: number];

export class NumberRanges {
  /** Apart from each other, in order. */
  #spans: Span[] = [];

  /** Adds a range; gives those parts of it that were not there. */
  add(from: number, to: number): Span[] {
    const fresh: Span[] = [];
    let next = from;
    let [first, last] = [from, to];
    const kept: Span[] = [];
    for (const [a, b] of this.#spans) {
      if (b < from - 1 || a > to + 1) {
        kept.push([a, b]);
        continue;
      }
      if (a > next) fresh.push([next, Math.min(a - 1, to)]);
      next = Math.max(next, b + 1);
      first = Math.min(first, a);
      last = Math.max(last, b);
    }
    if (next <= to) fresh.push([next, to]);
    this.#spans = [...kept, [first, last] as const].sort((a, b) => a[0] - b[0]);
    return fresh;
  }

  has(number: number): boolean {
    let [low, high] = [0, this.#spans.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const [from, to] = this.#spans[middle]!;
      if (number < from) high = middle - 1;
      else if (number > to) low = middle + 1;
      else return true;
    }
    return false;
  }
}

/** Ranges by name, empty where nothing was added. */
export class NamedRanges {
  readonly #ranges = new Map<string, NumberRanges>();

  add(name: string, from: number, to: number = from): Span[] {
    const ranges = this.#ranges.get(name) ?? new NumberRanges();
    this.#ranges.set(name, ranges);
    return ranges.add(from, to);
  }

  has(name: string, number: number): boolean {
    return this.#ranges.get(name)?.has(number) ?? false;
  }
}
