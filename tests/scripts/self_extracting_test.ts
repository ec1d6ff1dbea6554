// The self-extracting file: its layout, and what its launcher promises about the private cache. A small
// shell script stands for Deno here, and another for the program, so that a start takes milliseconds.

import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { composeSelfExtracting } from "../../scripts/self_extracting.ts";

const LAUNCHER = await Deno.readTextFile(new URL("../../scripts/launcher.sh", import.meta.url));

/** Runs the program, as `deno run <flags> <program> <args>` would. */
const RUNTIME = `#!/bin/sh
if [ "$1" = --version ]; then exit 0; fi
shift 2
exec sh "$@"
`;
/** Tells how it was started, and ends as its first argument says. */
const PROGRAM = `trap 'echo terminated; exit 9' TERM
printf '%s\\n' "$0" "$DENO_DIR" "$@"
case \${1:-} in
  exit) exit "$2" ;;
  cat) cat ;;
  wait) for _ in 1 2 3 4 5 6 7 8; do sleep 0.25; done ;;
esac
`;

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** A folder with the executable in it, and an empty home; gone after the test. */
class Machine implements Disposable {
  readonly folder = Deno.makeTempDirSync({ prefix: "anomaly test " });
  readonly home = `${this.folder}/home`;
  readonly cache = `${this.home}/.cache/anomaly`;
  readonly executable = `${this.folder}/anomaly`;
  /** Nothing outside the folder counts, not even what another user of /tmp has unpacked. */
  readonly env = { HOME: this.home, TMPDIR: this.folder };

  static async with(program = PROGRAM, runtime = RUNTIME): Promise<Machine> {
    const machine = new Machine();
    await Deno.mkdir(machine.home);
    await Deno.writeFile(machine.executable, await compose(program, runtime), { mode: 0o755 });
    return machine;
  }

  /** Starts `command` (the executable) with nothing in the environment but `env`. */
  async start(
    args: string[] = [],
    env: Record<string, string> = this.env,
    command = this.executable,
  ): Promise<Outcome> {
    const { code, stdout, stderr } = await new Deno.Command(command, {
      args,
      env,
      clearEnv: true,
      cwd: this.folder,
      stdin: "null",
    }).output();
    const text = new TextDecoder();
    return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
  }

  /** What lies in the cache: name → the file's facts. */
  async cached(folder = this.cache): Promise<Map<string, Deno.FileInfo>> {
    const found = new Map<string, Deno.FileInfo>();
    for await (const { name } of Deno.readDir(folder)) {
      found.set(name, await Deno.lstat(`${folder}/${name}`));
    }
    return found;
  }

  async cachedFile(kind: "runtime" | "program"): Promise<string> {
    const name = [...(await this.cached()).keys()].find((name) => name.startsWith(kind));
    assert(name !== undefined, `no ${kind} in the cache`);
    return `${this.cache}/${name}`;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

function compose(program: string, runtime: string, launcher = LAUNCHER) {
  const bytes = (text: string) => new TextEncoder().encode(text);
  return composeSelfExtracting({
    launcher,
    program: bytes(program),
    runtime: bytes(runtime),
    runFlags: ["--flag"],
  });
}

Deno.test("composeSelfExtracting() gives the same bytes for the same parts", async () => {
  assertEquals(await compose(PROGRAM, RUNTIME), await compose(PROGRAM, RUNTIME));
});

Deno.test("composeSelfExtracting() refuses a launcher that lacks one of its names", async () => {
  await assertRejects(
    () => compose(PROGRAM, RUNTIME, LAUNCHER.replace("@RUNTIME_SHA256@", "")),
    Error,
    "@RUNTIME_SHA256@",
  );
});

Deno.test("the first start unpacks privately and hands over arguments and exit code", async () => {
  using machine = await Machine.with();
  const { code, stdout, stderr } = await machine.start(["exit", "7", "two words", "*"]);
  assertEquals([code, stderr], [7, ""]);
  const program = await machine.cachedFile("program");
  assertEquals(stdout.split("\n"), [
    program,
    `${machine.cache}/deno`,
    ...["exit", "7", "two words", "*"],
    "",
  ]);
  assertEquals((await Deno.stat(machine.cache)).mode! & 0o777, 0o700);
  assertEquals((await Deno.stat(await machine.cachedFile("runtime"))).mode! & 0o777, 0o500);
  assertEquals((await machine.cached()).size, 2, "nothing but program and runtime is left");
});

Deno.test("a later start uses what was unpacked, and writes nothing", async () => {
  using machine = await Machine.with();
  await machine.start();
  const before = await machine.cached();
  assertEquals((await machine.start()).code, 0);
  const after = await machine.cached();
  for (const [name, { ino, mtime, ctime }] of before) {
    const now = after.get(name);
    assertEquals([now?.ino, now?.mtime, now?.ctime], [ino, mtime, ctime], name);
  }
});

Deno.test("it starts in every shell that this machine has", async () => {
  using machine = await Machine.with();
  let started = 0;
  for (const shell of [["sh"], ["dash"], ["bash"], ["busybox", "sh"], ["ksh"]]) {
    const [name = "", ...applet] = shell;
    const there = await new Deno.Command("sh", { args: ["-c", `command -v ${name}`] }).output();
    if (!there.success) continue;
    await Deno.remove(`${machine.home}/.cache`, { recursive: true }).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    for (const _ of ["first", "later"]) {
      const args = [...applet, "./anomaly", "exit", "3"];
      const { code, stderr } = await machine.start(args, machine.env, name);
      assertEquals([code, stderr], [3, ""], name);
      started++;
    }
  }
  assert(started >= 2);
});

Deno.test("it starts with an empty environment, from a cache named after the user", async () => {
  // This cache is outside the test's folder: a runtime and a program of its own, taken away again.
  const unique = `\n# ${crypto.randomUUID()}`;
  using machine = await Machine.with(PROGRAM + unique, RUNTIME + unique);
  const { code, stdout, stderr } = await machine.start([], {});
  assertEquals([code, stderr], [0, ""]);
  const program = stdout.split("\n")[0] ?? "";
  assertMatch(program, /^\/tmp\/anomaly-\d+\/program-[0-9a-f]{64}\.js$/);
  const folder = program.slice(0, program.lastIndexOf("/"));
  for (const name of (await machine.cached(folder)).keys()) {
    const file = `${folder}/${name}`;
    const { isFile, size } = await Deno.stat(file);
    if (isFile && size < 10_000 && (await Deno.readTextFile(file)).endsWith(unique)) {
      await Deno.remove(file);
    }
  }
});

Deno.test("it starts through a symbolic link on PATH", async () => {
  using machine = await Machine.with();
  const bin = `${machine.folder}/bin`;
  await Deno.mkdir(bin);
  await Deno.symlink("../anomaly", `${bin}/watch`);
  const env = { ...machine.env, PATH: `${bin}:/usr/bin:/bin` };
  const { code, stderr } = await machine.start(["-c", "cd / && watch exit 4"], env, "sh");
  assertEquals([code, stderr], [4, ""]);
});

Deno.test("standard input reaches the program, on the first start too", async () => {
  using machine = await Machine.with();
  const words = ["-c", "echo to the program | ./anomaly cat"];
  const { stdout } = await machine.start(words, machine.env, "sh");
  assertStringIncludes(stdout, "to the program");
});

Deno.test("a signal reaches the program itself", async () => {
  using machine = await Machine.with();
  const child = new Deno.Command(machine.executable, {
    args: ["wait"],
    env: machine.env,
    clearEnv: true,
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let stdout = "";
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    stdout += read.value;
    if (stdout.endsWith("wait\n")) child.kill("SIGTERM");
  }
  assertStringIncludes(stdout, "terminated");
  assertEquals((await child.status).code, 9);
});

Deno.test("eight first starts at once all succeed, and leave one runtime", async () => {
  const padding = "#".repeat(200) + "\n";
  using machine = await Machine.with(PROGRAM, RUNTIME + padding.repeat(20_000));
  const outcomes = await Promise.all(
    Array.from({ length: 8 }, () => machine.start(["exit", "5"])),
  );
  for (const { code, stderr } of outcomes) assertEquals([code, stderr], [5, ""]);
  assertEquals((await machine.cached()).size, 2);
});

Deno.test("a first start that another one overtakes leaves the other's runtime in place", async () => {
  using machine = await Machine.with();
  const bin = `${machine.folder}/bin`;
  await Deno.mkdir(bin);
  // Unpacking waits in this gzip until another first start is through.
  const overtaken = `#!/bin/sh
PATH=/usr/bin:/bin
cd "$HOME/.."
./anomaly >/dev/null && ls -i home/.cache/anomaly/runtime-* >overtaken_by
exec gzip "$@"
`;
  await Deno.writeTextFile(`${bin}/gzip`, overtaken, { mode: 0o755 });
  const env = { ...machine.env, PATH: `${bin}:/usr/bin:/bin` };
  const { code, stderr } = await machine.start(["exit", "6"], env);
  assertEquals([code, stderr], [6, ""]);
  const { ino } = await Deno.stat(await machine.cachedFile("runtime"));
  const overtakenBy = await Deno.readTextFile(`${machine.folder}/overtaken_by`);
  assertEquals(Number.parseInt(overtakenBy), ino);
});

Deno.test("unpacking removes what a killed first start left, unless it may still be at work", async () => {
  using machine = await Machine.with();
  await Deno.mkdir(machine.cache, { recursive: true });
  await Deno.chmod(machine.cache, 0o700);
  const twoDaysAgo = new Date(Date.now() - 2 * 86_400_000);
  for (const name of ["unpacking.old", "unpacking.now"]) {
    await Deno.mkdir(`${machine.cache}/${name}`);
    await Deno.writeTextFile(`${machine.cache}/${name}/runtime`, "half of it");
  }
  await Deno.utime(`${machine.cache}/unpacking.old`, twoDaysAgo, twoDaysAgo);
  assertEquals((await machine.start()).code, 0);
  const left = [...(await machine.cached()).keys()].filter((name) => name.startsWith("unpacking"));
  assertEquals(left, ["unpacking.now"]);
});

Deno.test("a first start does not replace an intact runtime that another build uses", async () => {
  using machine = await Machine.with();
  await machine.start();
  const { ino } = await Deno.stat(await machine.cachedFile("runtime"));
  await Deno.writeFile(machine.executable, await compose(`${PROGRAM}# newer`, RUNTIME));
  assertEquals((await machine.start()).code, 0);
  assertEquals((await Deno.stat(await machine.cachedFile("runtime"))).ino, ino);
  assertEquals((await machine.cached()).size, 3, "a runtime and two programs");
});

for (const kind of ["runtime", "program"] as const) {
  Deno.test(`a ${kind} that was written to, at the same size, is unpacked again before it runs`, async () => {
    using machine = await Machine.with();
    const untouched = await machine.start();
    const file = await machine.cachedFile(kind);
    const bytes = await Deno.readFile(file);
    await Deno.chmod(file, 0o700);
    await Deno.writeTextFile(file, "#!/bin/sh\necho altered\n".padEnd(bytes.length, "#"));
    await Deno.chmod(file, kind === "runtime" ? 0o500 : 0o400);
    assertEquals(await machine.start(), untouched);
    assertEquals(await Deno.readFile(file), bytes);
  });
}

Deno.test("a cache directory that others may enter is left alone, and the next one is taken", async () => {
  using machine = await Machine.with();
  await Deno.mkdir(machine.cache, { recursive: true });
  await Deno.chmod(machine.cache, 0o755);
  const first = await machine.start();
  assertEquals(first.code, 0);
  assertMatch(first.stderr, /unpacked into .*\/anomaly-\d+, because/);
  assertStringIncludes(first.stderr, `${machine.cache}: others may enter it, expected mode 0700`);
  assertEquals((await machine.cached()).size, 0);
  assertEquals((await machine.start()).stderr, "", "said once, when it is decided");
});

Deno.test("a cache directory that is a symbolic link is not followed", async () => {
  using machine = await Machine.with();
  const elsewhere = `${machine.folder}/elsewhere`;
  await Deno.mkdir(elsewhere, { mode: 0o700 });
  await Deno.mkdir(`${machine.home}/.cache`);
  await Deno.symlink(elsewhere, machine.cache);
  const { code, stderr } = await machine.start();
  assertEquals(code, 0);
  assertStringIncludes(stderr, "it is a symbolic link");
  assertEquals((await machine.cached(elsewhere)).size, 0);
});

Deno.test("with no usable directory it exits 1 and says why for each, and what to do", async () => {
  using machine = await Machine.with();
  const { code, stdout, stderr } = await machine.start([], {
    XDG_CACHE_HOME: "/dev/null",
    HOME: "/dev/null",
    TMPDIR: "/dev/null",
  });
  assertEquals([code, stdout], [1, ""]);
  assertStringIncludes(stderr, "Cannot unpack the runtime into any cache directory");
  assertMatch(stderr, /\n {2}\/dev\/null\/anomaly: .*\n {2}\/dev\/null\/\.cache\/anomaly: /);
  assertStringIncludes(stderr, "ANOMALY_RUNTIME_DIR=<folder>");
});

Deno.test("ANOMALY_RUNTIME_DIR moves the cache, and is not passed over when it cannot be used", async () => {
  using machine = await Machine.with();
  const moved = await machine.start([], { ...machine.env, ANOMALY_RUNTIME_DIR: "moved here" });
  assertEquals([moved.code, moved.stderr], [0, ""]);
  assertStringIncludes(moved.stdout, `${machine.folder}/moved here/anomaly-runtime/deno`);
  const unusable = { ...machine.env, ANOMALY_RUNTIME_DIR: "/dev/null" };
  assertEquals((await machine.start([], unusable)).code, 1);
  await assertRejects(() => Deno.stat(machine.cache), Deno.errors.NotFound);
});

Deno.test("an executable that was cut short or altered runs nothing and leaves nothing", async () => {
  using machine = await Machine.with();
  const whole = await Deno.readFile(machine.executable);
  const altered = whole.slice();
  const inProgram = new TextDecoder().decode(whole).indexOf("terminated");
  altered[inProgram] = 0x54;
  assertNotEquals(altered, whole);
  for (const damaged of [whole.slice(0, -20), altered]) {
    await Deno.writeFile(machine.executable, damaged);
    const env = { ...machine.env, ANOMALY_RUNTIME_DIR: machine.folder };
    const { code, stdout, stderr } = await machine.start([], env);
    assertEquals([code, stdout], [1, ""]);
    assertStringIncludes(stderr, "damaged?");
    const left = [...(await machine.cached(`${machine.folder}/anomaly-runtime`)).keys()];
    assert(left.every((name) => name.startsWith("runtime")), left.join());
  }
});
