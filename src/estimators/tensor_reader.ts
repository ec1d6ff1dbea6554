// Reads a stored model's tensors and metadata with every expectation spelt out: a damaged or forged
// file must end in an error here, not in wrong scores or an endless walk later.

import { AppError } from "../domain/errors.ts";
import type { TensorData, TensorDtype, TensorFile } from "../domain/tensors.ts";

/** The error for a model file that is not what it should be. */
export function damagedModel(found: string, expected: string): AppError {
  return new AppError(
    "invalid",
    `Cannot load the model: ${found}, expected ${expected}. Train it again or restore the file.`,
  );
}

/** Throws `damagedModel` unless the condition holds. */
export function expectModel(
  condition: boolean,
  found: string,
  expected: string,
): asserts condition {
  if (!condition) throw damagedModel(found, expected);
}

/** Strict look-ups in a TensorFile; whatever is absent or of another form is an AppError `invalid`. */
export class TensorReader {
  readonly #file: TensorFile;

  constructor(file: TensorFile) {
    this.#file = file;
  }

  /** A tensor's data, of exactly this type and shape; null in `shape` leaves a dimension open. */
  array<D extends TensorDtype>(
    name: string,
    dtype: D,
    shape: readonly (number | null)[],
  ): TensorData[D] {
    const tensor = Object.hasOwn(this.#file.tensors, name) ? this.#file.tensors[name] : undefined;
    const wanted = `${dtype} of shape [${shape.map((size) => size ?? "any").join(", ")}]`;
    if (tensor === undefined) throw damagedModel(`there is no tensor "${name}"`, wanted);
    const fits = tensor.dtype === dtype && tensor.shape.length === shape.length &&
      shape.every((size, i) => size === null || size === tensor.shape[i]) &&
      tensor.shape.reduce((product, size) => product * size, 1) === tensor.data.length;
    expectModel(
      fits,
      `tensor "${name}" is ${tensor.dtype} of shape [${tensor.shape.join(", ")}]`,
      wanted,
    );
    return tensor.data as TensorData[D];
  }

  /** As `array` of F64, where every element must satisfy `accepts`. */
  numbers(
    name: string,
    shape: readonly (number | null)[],
    expected: string,
    accepts: (value: number) => boolean,
  ): Float64Array {
    const data = this.array(name, "F64", shape);
    const bad = data.find((value) => !accepts(value));
    expectModel(bad === undefined, `tensor "${name}" holds ${bad}`, expected);
    return data;
  }

  text(key: string): string {
    const value = Object.hasOwn(this.#file.metadata, key) ? this.#file.metadata[key] : undefined;
    if (value === undefined) throw damagedModel(`there is no metadata "${key}"`, "its text");
    return value;
  }

  /** Metadata that is JSON; its form is for the caller to check. */
  json(key: string): unknown {
    const text = this.text(key);
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new AppError("invalid", `Cannot load the model: metadata "${key}" is not JSON`, {
        cause,
      });
    }
  }

  /** Metadata that is a finite number, in [min, max]. */
  number(key: string, min = -Infinity, max = Infinity): number {
    const value = this.json(key);
    const fits = typeof value === "number" && Number.isFinite(value) && value >= min &&
      value <= max;
    if (fits) return value;
    throw damagedModel(`metadata "${key}" is ${this.text(key)}`, `a number in [${min}, ${max}]`);
  }

  /** Metadata that is an integer, in [min, max]. */
  integer(key: string, min: number, max = Number.MAX_SAFE_INTEGER): number {
    const value = this.number(key, min, max);
    expectModel(Number.isInteger(value), `metadata "${key}" is ${value}`, "an integer");
    return value;
  }

  /** Metadata that is a JSON array of distinct strings. */
  names(key: string): string[] {
    const value = this.json(key);
    const isNames = Array.isArray(value) && value.every((name) => typeof name === "string") &&
      new Set(value).size === value.length;
    expectModel(isNames, `metadata "${key}" is ${this.text(key)}`, "distinct names");
    return value as string[];
  }
}
