// What the browser checks count: a line for each, and what was found where one does not hold.

const print = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));

/** A page that never answers is a failure too. */
const GIVE_UP_MS = 90_000;

export class Checks {
  passed = 0;
  failed = 0;
  /** Of `--only`: checks whose name has none of these words are left out. */
  constructor(private readonly only: readonly string[] = []) {}

  heading(text: string): void {
    print(`# ${text}`);
  }

  /** One behaviour, named by a sentence. A failure is told and counted, and the others go on. */
  async check(name: string, work: () => Promise<void>): Promise<void> {
    if (this.only.length > 0 && !this.only.some((word) => name.includes(word))) return;
    const startedAt = performance.now();
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(
      () => late.reject(new Error(`no end after ${GIVE_UP_MS / 1000} s`)),
      GIVE_UP_MS,
    );
    try {
      await Promise.race([work(), late.promise]);
      this.passed++;
      print(`ok      ${name} (${Math.round(performance.now() - startedAt)} ms)`);
    } catch (error) {
      this.failed++;
      print(`FAILED  ${name}\n${error instanceof Error ? error.stack : error}`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The last line, which CI reads. */
  end(): void {
    print(`${this.passed} passed, ${this.failed} failed`);
  }
}
