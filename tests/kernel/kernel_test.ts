// The kernel's bytes, and how it is lent. What it computes is tested where it is used.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { kernelModule } from "../../scripts/build_kernel.ts";
import { withKernel } from "../../src/kernel/kernel.ts";

const ROOT = new URL("../../", import.meta.url);

Deno.test("the committed bytes are what the kernel's source builds", async () => {
  const committed = await Deno.readTextFile(new URL("src/kernel/kernel_bytes.ts", ROOT));
  assert(await kernelModule() === committed, "Run: deno task kernel");
});

Deno.test("every loan has all of the memory, and the same addresses for the same allocations", () => {
  const addresses = () => withKernel((kernel) => [1, 100, 1e6].map((n) => kernel.allocate(n)));
  const first = addresses();
  assert(first !== null);
  assertEquals(addresses(), first);
  assert(first.every((address) => address % 64 === 0));
  assert(first[1]! >= first[0]! + 1 && first[2]! >= first[1]! + 100);
});

Deno.test("a computation may borrow while it borrows, and neither sees the other's memory", () => {
  const seen = withKernel((outer) => {
    const address = outer.allocate(8);
    outer.float64(address, 1)[0] = 1;
    withKernel((inner) => inner.float64(inner.allocate(8), 1)[0] = 2);
    return outer.float64(address, 1)[0];
  });
  assertEquals(seen, 1);
});

Deno.test("memory of a loan that failed is lent again; that of a very large one is given back", () => {
  assertThrows(() =>
    withKernel((kernel) => {
      kernel.allocate(8);
      throw new Error("stop");
    })
  );
  const top = () => withKernel((kernel) => kernel.allocate(8));
  assertEquals(top(), top());
  withKernel((kernel) => kernel.allocate(64e6));
  assert(withKernel((kernel) => kernel.byteLength)! < 16e6);
});

Deno.test("without vector instructions nothing is lent", async () => {
  const script = `WebAssembly.validate = () => false;
    const { withKernel } = await import("./src/kernel/kernel.ts");
    console.log(withKernel(() => 1));`;
  const command = new Deno.Command(Deno.execPath(), { args: ["eval", script], cwd: ROOT });
  const { stdout } = await command.output();
  assertEquals(new TextDecoder().decode(stdout).trim(), "null");
});
