// The one error type of the program, and the one table from its codes to exit codes and HTTP status.

/** What went wrong, in the vocabulary that the CLI, the API and the run records share. */
export type ErrorCode =
  | "invalid"
  | "not_found"
  | "conflict"
  | "gate_failed"
  | "unauthorized"
  | "forbidden"
  | "unavailable"
  | "too_little_data"
  | "interrupted"
  | "internal";

/** Code → process exit code and HTTP status. The only place where either number is chosen. */
export const ERROR_CODES: Record<ErrorCode, { exitCode: number; httpStatus: number }> = {
  invalid: { exitCode: 2, httpStatus: 400 },
  not_found: { exitCode: 4, httpStatus: 404 },
  conflict: { exitCode: 5, httpStatus: 409 },
  gate_failed: { exitCode: 3, httpStatus: 422 },
  unauthorized: { exitCode: 6, httpStatus: 401 },
  forbidden: { exitCode: 6, httpStatus: 403 },
  unavailable: { exitCode: 6, httpStatus: 503 },
  too_little_data: { exitCode: 1, httpStatus: 409 },
  interrupted: { exitCode: 1, httpStatus: 503 },
  internal: { exitCode: 1, httpStatus: 500 },
};

export interface ErrorOptions {
  cause?: unknown;
  /** Machine-readable facts of the error; keys in snake_case, as they appear in JSON. */
  details?: Record<string, unknown>;
}

/**
 * An error that a person or a script can act on. The message states the action, what was found,
 * what was expected, and the next step.
 */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly code: ErrorCode;
  readonly details: Record<string, unknown>;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  get exitCode(): number {
    return ERROR_CODES[this.code].exitCode;
  }

  get httpStatus(): number {
    return ERROR_CODES[this.code].httpStatus;
  }

  /** The one JSON shape of an error, in the CLI and in the API. */
  toJSON(): { error: { code: ErrorCode; message: string; details: Record<string, unknown> } } {
    return { error: { code: this.code, message: this.message, details: this.details } };
  }
}

/** Any thrown value as an AppError; what was not one is `internal` and keeps its cause. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new AppError("internal", message, { cause: error });
}

/** Records are values of at most 64 KiB, and a message may quote whatever it met. */
const MAX_MESSAGE_CHARS = 2_000;

/** Code and message of an error, as records keep them. */
export function recordedError(
  { code, message }: AppError,
): { code: ErrorCode; message: string } {
  return { code, message: message.slice(0, MAX_MESSAGE_CHARS) };
}
