// config show and serve as a user meets them, where the tables of the other tests cannot show it.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { withTerminal } from "./app.ts";

Deno.test("config show --json leaves the names that a person chose as they are", async () => {
  await withTerminal(async ({ folder, json }) => {
    const flow_configs = {
      model_config: "configs/model.json",
      training_config: "configs/training.json",
      eval_config: "configs/evaluation.json",
    };
    const branch_to_environment = { releaseV2: "PreProd", "*": "PreProd" };
    const environments = { PreProd: { flow_configs } };
    const project = { branch_to_environment, environments };
    await Deno.writeTextFile(`${folder}/project.json`, JSON.stringify(project));
    const shown = await json<{ project: typeof project; environment: string }>("config", "show");
    assertEquals(shown.project.branch_to_environment, branch_to_environment);
    assertEquals(shown.project.environments, environments);
    assertEquals(shown.environment, "PreProd");
  });
});

Deno.test("a gate that does not exist is refused when the config is read, before a store is opened", async () => {
  await withTerminal(async ({ folder, run, app }) => {
    app.openStore = () => Promise.reject(new Error("a store was opened"));
    await Deno.writeTextFile(`${folder}/evaluation.json`, '{ "soft_gates": ["max_rate_dif"] }');
    const { code, stderr } = await run("evaluate");
    assertEquals(code, 2);
    assertStringIncludes(stderr, 'evaluation.json: soft_gates.0 is "max_rate_dif", expected "max_');
  });
});

Deno.test("serve takes --no_schedules, and says in its help that there are none yet", async () => {
  await withTerminal(async ({ run, app }) => {
    const served: number[] = [];
    app.serve = (_session, { port }) => Promise.resolve(void served.push(port));
    for (const words of [["--no_schedules"], ["--no-schedules=false"], []]) {
      assertEquals((await run("serve", ...words)).code, 0);
    }
    assertEquals(served, [8001, 8001, 8001]);
    const { stdout } = await run("serve", "--help");
    assertStringIncludes(stdout.replaceAll(/\s+/g, " "), "there are none yet");
  });
});
