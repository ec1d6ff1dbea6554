// The files under configs/, the built-in ones, and what is said of a file that is wrong.

import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { loadFlowConfigs, loadProject } from "../../src/config/mod.ts";
import { AppError } from "../../src/domain/errors.ts";

const noEnv = () => undefined;

/** Runs the test with a folder that holds the given files: text as it is, anything else as JSON. */
async function withConfigs(
  files: Record<string, unknown>,
  test: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) {
      const text = typeof content === "string" ? content : JSON.stringify(content);
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** How every complaint about the content of a file ends. */
const NEXT_STEP = ". Next: correct it, or take it away for the built-in one";

/** What loadProject() and loadFlowConfigs() say of the folder, `<folder>` in place of its path. */
async function complaint(folder: string, branch = "user.someone"): Promise<string> {
  const error = await assertRejects(async () => {
    await loadFlowConfigs(await loadProject({ env: noEnv, folder }), branch);
  }, AppError);
  assertEquals(error.exitCode, 2);
  return error.message.replaceAll(folder, "<folder>").replace(NEXT_STEP, "");
}

Deno.test("loadProject() uses the built-in project where the folder has no file", async () => {
  await withConfigs({}, async (folder) => {
    const { project, origin } = await loadProject({ env: noEnv, folder });
    assertEquals(origin, "built in: configs/project.json");
    assertEquals(project.project, "crypto_anomaly");
    assertEquals(project.auto_promote, false);
    assertEquals(project["dev-assets"], {});
    assertEquals(project.schedules, {
      ingest: "0 * * * *",
      build_dataset: "30 0 * * *",
      validate_outcomes: "15 * * * *",
    });
  });
});

Deno.test("the shipped configs say what the built-in ones say, and pass their schemas", async () => {
  const folder = new URL("../../configs", import.meta.url).pathname;
  await withConfigs({}, async (empty) => {
    const shipped = await loadProject({ env: noEnv, folder });
    const builtIn = await loadProject({ env: noEnv, folder: empty });
    assertEquals(shipped.project, builtIn.project);
    for (const branch of ["main", "user.someone"]) {
      assertEquals(
        (await loadFlowConfigs(shipped, branch)).configs,
        (await loadFlowConfigs(builtIn, branch)).configs,
      );
    }
    for (const name of ["model", "model_aggressive", "model_conservative", "model_lof"]) {
      const overrides = { model_config: `configs/${name}.json` };
      const { origins } = await loadFlowConfigs(shipped, "main", overrides);
      assert(origins.model_config.endsWith(`configs/${name}.json`));
    }
  });
});

Deno.test("loadFlowConfigs() gives production and dev different models by default", async () => {
  await withConfigs({}, async (folder) => {
    const loaded = await loadProject({ env: noEnv, folder });
    const production = await loadFlowConfigs(loaded, "main");
    const dev = await loadFlowConfigs(loaded, "user.someone");
    assertEquals([production.configs.environment, dev.configs.environment], ["production", "dev"]);
    assertNotEquals(production.configs.model_config, dev.configs.model_config);
    assertEquals(production.configs.eval_config, dev.configs.eval_config);
    assertEquals(production.configs.model_config, {
      algorithm: "isolation_forest",
      n_estimators: 50,
      max_samples: "auto",
      contamination: 0.05,
      max_features: 1,
      bootstrap: false,
      random_state: 42,
      n_jobs: -1,
    });
  });
});

Deno.test("loadFlowConfigs() lets each file of the folder take the place of a built-in one", async () => {
  const files = { "model.json": { algorithm: "isolation_forest", n_estimators: 7 } };
  await withConfigs(files, async (folder) => {
    const { configs, origins } = await loadFlowConfigs(
      await loadProject({ env: noEnv, folder }),
      "user.someone",
    );
    assertEquals(
      configs.model_config.algorithm === "isolation_forest" && configs.model_config.n_estimators,
      7,
    );
    assertEquals(origins, {
      model_config: `${folder}/model.json`,
      training_config: "built in: configs/training.json",
      eval_config: "built in: configs/evaluation.json",
    });
  });
});

Deno.test("loadProject() finds its folder in ANOMALY_CONFIGS, and refuses one that is missing", async () => {
  await withConfigs({}, async (folder) => {
    const set = (value: string) => (name: string) => name === "ANOMALY_CONFIGS" ? value : undefined;
    assertEquals((await loadProject({ env: set(`${folder}/`) })).folder, folder);
    const error = await assertRejects(
      () => loadProject({ env: set(`${folder}/missing`) }),
      AppError,
      "no such folder",
    );
    assertEquals(error.code, "invalid");
  });
});

Deno.test("loadFlowConfigs() takes a model config by path, built in by name, or refuses it", async () => {
  await withConfigs({ "mine.json": { algorithm: "local_outlier_factor" } }, async (folder) => {
    const loaded = await loadProject({ env: noEnv, folder });
    const algorithm = async (model_config: string) =>
      (await loadFlowConfigs(loaded, "main", { model_config })).configs.model_config.algorithm;
    assertEquals(await algorithm(`${folder}/mine.json`), "local_outlier_factor");
    assertEquals(await algorithm("configs/mine.json"), "local_outlier_factor");
    assertEquals(await algorithm("configs/model_lof.json"), "local_outlier_factor");
    const error = await assertRejects(() => algorithm("nowhere.json"), AppError, "nowhere.json");
    assertEquals([error.exitCode, error.message.includes("no such file")], [2, true]);
  });
});

const GATES = '"max_anomaly_rate", "min_anomaly_rate", "max_rate_diff", "min_silhouette", ' +
  '"min_score_gap", "champion_rate_diff" or "champion_silhouette"';

Deno.test("a wrong config is refused with file, key, what was found and what was expected", async () => {
  const forest = { algorithm: "isolation_forest" };
  const project = { branch_to_environment: {}, environments: {} };
  const cron =
    'expected five cron fields in UTC (minute, hour, day, month, weekday) such as "0 * * * *"';
  const cases: [Record<string, unknown>, string][] = [
    [
      { "model.json": { ...forest, contamination: 0.9 } },
      "Cannot read <folder>/model.json: contamination is 0.9, expected a number in (0, 0.5] or " +
      '"auto"',
    ],
    [
      { "model.json": { algorithm: "one_class_svm" } },
      'Cannot read <folder>/model.json: algorithm is "one_class_svm", expected ' +
      '"isolation_forest" or "local_outlier_factor"',
    ],
    [
      { "model.json": {} },
      'Cannot read <folder>/model.json: algorithm is missing, expected "isolation_forest" or ' +
      '"local_outlier_factor"',
    ],
    [
      { "model.json": { ...forest, n_estimator: 5 } },
      "Cannot read <folder>/model.json: n_estimator is not known, expected algorithm, " +
      "n_estimators, max_samples, contamination, max_features, bootstrap, random_state or n_jobs " +
      "(did you mean n_estimators?)",
    ],
    [
      { "model.json": { algorithm: "local_outlier_factor", n_estimators: 5 } },
      "Cannot read <folder>/model.json: n_estimators is not known, expected algorithm, " +
      "n_neighbors, contamination or n_jobs",
    ],
    [
      { "model.json": { ...forest, n_estimators: "many", max_samples: 0 } },
      'Cannot read <folder>/model.json: n_estimators is "many", expected an integer in ' +
      "[1, 10000]; max_samples is 0, expected an integer >= 1, a number in (0, 1] or " +
      '"auto"',
    ],
    [
      { "model.json": [] },
      "Cannot read <folder>/model.json: the content is [], expected an object",
    ],
    [
      { "evaluation.json": { soft_gates: ["max_anomaly_rate", 3] } },
      "Cannot read <folder>/evaluation.json: soft_gates.1 is 3, expected " + GATES,
    ],
    [
      { "training.json": { num_coins: 0 } },
      "Cannot read <folder>/training.json: num_coins is 0, expected an integer in [1, 1000]",
    ],
    [
      { "project.json": { branch_to_environment: { "*": "dev" }, environments: {} } },
      'Cannot read <folder>/project.json: branch_to_environment.* is "dev", expected one of the ' +
      "environments: none is named",
    ],
    [
      {
        "project.json": {
          project: "My Project",
          branch_to_environment: {},
          environments: { dev: { flow_configs: { model_config: "a", training_config: "b" } } },
          schedules: { ingest: "hourly" },
        },
      },
      'Cannot read <folder>/project.json: project is "My Project", expected lower-case letters, ' +
      "digits and _, beginning with a letter; environments.dev.flow_configs.eval_config is " +
      "missing, expected text that is not empty; schedules.ingest is " +
      '"hourly", ' + cron,
    ],
    [
      { "evaluation.json": { soft_gates: ["max_rate_dif"] } },
      'Cannot read <folder>/evaluation.json: soft_gates.0 is "max_rate_dif", expected ' + GATES,
    ],
    [
      { "project.json": { ...project, schedules: { ingests: "0 * * * *", score: "60 * * * *" } } },
      `Cannot read <folder>/project.json: schedules.score is "60 * * * *", ${cron}; ` +
      "schedules.ingests is not known, expected ingest, score, build_dataset, train, evaluate, " +
      "promote or validate_outcomes (did you mean ingest?)",
    ],
    [
      { "project.json": { ...project, retention: { market_snapshots: 30, runs: 0 } } },
      "Cannot read <folder>/project.json: retention.runs is 0, expected an integer >= 1; " +
      "retention.market_snapshots is not known, expected market_snapshot, training_dataset, " +
      "eval_holdout, evaluation_results, anomaly_detector, predictions, runs, events or slots " +
      "(did you mean market_snapshot?)",
    ],
  ];
  for (const [files, message] of cases) {
    await withConfigs(files, async (folder) => assertEquals(await complaint(folder), message));
  }
});

Deno.test("a file that is no JSON, or no file at all, is refused by name", async () => {
  await withConfigs({ "model.json": '{ "algorithm": }' }, async (folder) => {
    const message = await complaint(folder);
    assert(message.startsWith("Cannot read <folder>/model.json: it is no valid JSON: "), message);
  });
  await withConfigs({}, async (folder) => {
    await Deno.mkdir(`${folder}/training.json`);
    const message = await complaint(folder);
    assert(message.startsWith("Cannot read <folder>/training.json: "), message);
  });
});

Deno.test("a project that spells dev-assets twice is refused", async () => {
  const project = {
    branch_to_environment: {},
    environments: {},
    "dev-assets": { branch: "main" },
    dev_assets: { branch: "other" },
  };
  await withConfigs({ "project.json": project }, async (folder) => {
    assertEquals(
      await complaint(folder),
      "Cannot read <folder>/project.json: dev_assets is a second spelling of dev-assets, " +
        "expected only one of them",
    );
  });
});
