// The list of versions and a version's own page: what their findings say in each state, what a form is
// offered for, and that their twins say the same.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { encodeHex } from "@std/encoding";
import {
  gate,
  judgeModel,
  newChampion,
  promote,
  revoke,
  rollBack,
  type TestRegistry,
  trainModel,
} from "../../support/registry.ts";
import { FAILED } from "../acts/branch_states.ts";
import { htmlOf, withDashboard } from "../dashboard.ts";
import { headOf, textOf } from "./text.ts";

interface ListTwin {
  champion: { row: { version: number } } | null;
  candidate: { row: { version: number } } | null;
  list: { rows: { version: number; status: string }[]; older_before: number | null };
}

const FINDINGS: {
  name: string;
  finding: string;
  arrange: (r: TestRegistry) => Promise<unknown>;
}[] = [
  {
    name: "no model",
    finding: "No model yet",
    arrange: () => Promise.resolve(),
  },
  {
    name: "a first model that was not judged",
    finding: "Nobody is champion; v1 was not judged yet",
    arrange: trainModel,
  },
  {
    name: "a first model that passed",
    finding: "Nobody is champion; v1 may be promoted",
    arrange: async (registry) => await judgeModel(registry, await trainModel(registry)),
  },
  {
    name: "a champion alone",
    finding: "v1 is champion; nothing newer waits",
    arrange: newChampion,
  },
  {
    name: "a candidate that fails a gate",
    finding: "v1 is champion; v2 fails 1 of 2 gates",
    arrange: async (registry) => {
      await newChampion(registry);
      await judgeModel(registry, await trainModel(registry), { gates: [FAILED, gate()] });
    },
  },
  {
    name: "a candidate that was judged against another champion",
    finding: "v2 is champion; v3 was judged against v1",
    arrange: async (registry) => {
      await newChampion(registry);
      const second = await trainModel(registry);
      const third = await trainModel(registry);
      await judgeModel(registry, second);
      await judgeModel(registry, third);
      await promote(registry, second.version);
    },
  },
  {
    name: "a newest version that is revoked: the one before it is next",
    finding: "v1 is champion; v2 may be promoted",
    arrange: async (registry) => {
      await newChampion(registry);
      await judgeModel(registry, await trainModel(registry));
      await trainModel(registry);
      await revoke(registry, 3);
    },
  },
];

for (const { name, finding, arrange } of FINDINGS) {
  Deno.test(`the list of models finds ${name}`, async () => {
    await withDashboard(async (dashboard, registry) => {
      await arrange(registry);
      assertStringIncludes(await htmlOf(dashboard, "/models"), `<h1>${finding}</h1>`);
    });
  });
}

Deno.test("a list without models says how to make one", async () => {
  await withDashboard(async (dashboard) => {
    const html = await htmlOf(dashboard, "/models");
    assertStringIncludes(textOf(html), "No model was trained on this branch yet.");
    assertStringIncludes(html, "./anomaly train --follow --branch main");
  });
});

Deno.test("what stands in the next one's way is said as value and expected, with the way on", async () => {
  await withDashboard(async (dashboard, registry) => {
    await newChampion(registry);
    await judgeModel(registry, await trainModel(registry), { gates: [FAILED, gate()] });
    const head = headOf(await htmlOf(dashboard, "/models"));
    assertStringIncludes(head, "v2: anomaly rate, at most is 0.460, expected ≤ 0.200");
    assertStringIncludes(head, "./anomaly models why 2 --branch main");
  });
});

Deno.test("the champion stands first on every page of the list, and each version once", async () => {
  await withDashboard(async (dashboard, registry) => {
    await newChampion(registry);
    for (let i = 0; i < 52; i++) await trainModel(registry);
    const first = await dashboard.json<ListTwin>("/models.json");
    assertEquals([first.list.rows.length, first.list.older_before], [25, 29]);
    const html = await htmlOf(dashboard, "/models?before=4");
    const versions = [...html.matchAll(/<th scope="row"><a href="\/models\/(\d+)"/g)]
      .map(([, version]) => Number(version));
    assertEquals(versions, [1, 3, 2]);
  });
});

Deno.test("a status is looked for so far back, and the page says how far", async () => {
  await withDashboard(async (dashboard, registry) => {
    for (let i = 0; i < 4; i++) await trainModel(registry);
    await revoke(registry, 2);
    const { list } = await dashboard.json<ListTwin>("/models.json?status=revoked");
    assertEquals(list.rows.map(({ version }) => version), [2]);
    const html = await htmlOf(dashboard, "/models?status=revoked");
    assertStringIncludes(html, "1 found among 4 versions looked at.");
    const none = await htmlOf(dashboard, "/models?status=evaluated");
    assertStringIncludes(
      textOf(none),
      "No version is evaluated among the 4 looked at. All versions",
    );
  });
});

Deno.test("a status that is rare is found further back, a bounded number of versions at a time", async () => {
  await withDashboard(async (dashboard, registry) => {
    for (let i = 0; i < 155; i++) await trainModel(registry);
    await revoke(registry, 60);
    await revoke(registry, 2);
    const first = await dashboard.json<ListTwin>("/models.json?status=revoked");
    assertEquals(first.list.rows.map(({ version }) => version), [60]);
    assertEquals(first.list.older_before, 56);
    const next = await dashboard.json<ListTwin>("/models.json?status=revoked&before=56");
    assertEquals(next.list.rows.map(({ version }) => version), [2]);
    assertEquals(next.list.older_before, null);
  });
});

Deno.test("a version is found by every way to name it", async () => {
  await withDashboard(async (dashboard, registry) => {
    await newChampion(registry);
    for (const ref of ["1", "v1", "latest", "champion", "run:1"]) {
      assertStringIncludes(await htmlOf(dashboard, `/models/${ref}`), "<h1>v1 is champion and");
    }
    const missing = await dashboard.page("/models/v77");
    assertEquals(missing.status, 404);
    assertStringIncludes(await missing.text(), "the newest version is v1");
  });
});

Deno.test("a refused version shows key, value and expected, and offers force alone", async () => {
  await withDashboard(async (dashboard, registry) => {
    await newChampion(registry);
    await judgeModel(registry, await trainModel(registry), { gates: [FAILED, gate()] });
    const html = await htmlOf(dashboard, "/models/2");
    assertStringIncludes(html, "<h1>v2 fails 1 of 2 gates; v1 stays champion</h1>");
    assertStringIncludes(textOf(html), "Refused Cannot promote anomaly_detector v2. In the way:");
    assertStringIncludes(textOf(html), "max_anomaly_rate 0.460 expected ≤ 0.200");
    assertStringIncludes(html, '<button class="btn" type="submit" disabled="">Promote v2</button>');
    assertStringIncludes(html, "Force v2</button>");
    assertStringIncludes(html, '<input type="hidden" name="expect" value="v1"/>');
    assertStringIncludes(textOf(html), "Alias champion v1 → v2");
  });
});

Deno.test("a version that passed may be promoted, and nothing is to be forced", async () => {
  await withDashboard(async (dashboard, registry) => {
    await newChampion(registry);
    await judgeModel(registry, await trainModel(registry));
    const html = await htmlOf(dashboard, "/models/2");
    assertStringIncludes(html, "<h1>v2 may be promoted in place of v1</h1>");
    assertStringIncludes(html, '<button class="btn" type="submit">Promote v2</button>');
    assert(!html.includes("Force v2"));
    const staging = await htmlOf(dashboard, "/models/2?alias=staging");
    assertStringIncludes(staging, '<input type="hidden" name="expect" value="none"/>');
    assertStringIncludes(textOf(staging), "Alias staging nobody → v2");
    assertEquals((await dashboard.page("/models/2?alias=latest")).status, 400);
  });
});

Deno.test("a revoked version says who and why, and offers nothing", async () => {
  await withDashboard(async (dashboard, registry) => {
    await newChampion(registry);
    await trainModel(registry);
    await revoke(registry, 2);
    const html = await htmlOf(dashboard, "/models/2");
    assertStringIncludes(html, "<h1>v2 is revoked; v1 stays champion</h1>");
    assertStringIncludes(textOf(html), "This cannot be forced.");
    assert(!html.includes('method="post"'));
  });
});

Deno.test("a roll back names the version that returns before it is done", async () => {
  await withDashboard(async (dashboard, registry) => {
    for (let i = 0; i < 3; i++) await newChampion(registry);
    await revoke(registry, 2);
    const html = await htmlOf(dashboard, "/models/champion");
    assertStringIncludes(html, "Roll back to v1</button>");
    assertEquals((await rollBack(registry)).version, 1);
  });
});

Deno.test("a first champion has nobody to return to, and cannot be revoked", async () => {
  await withDashboard(async (dashboard, registry) => {
    await newChampion(registry);
    const html = textOf(await htmlOf(dashboard, "/models/1"));
    assertStringIncludes(html, "v1 has no earlier holder to return to");
    assertStringIncludes(html, "Refused while it is champion: promote another first.");
  });
});

Deno.test("reasons and names from outside are text", async () => {
  await withDashboard(async (dashboard, registry) => {
    const hostile = '<img src=x onerror="alert(1)">\u202e';
    const version = await trainModel(registry);
    await judgeModel(registry, version);
    await promote({ ...registry, actor: hostile } as TestRegistry, 1, { reason: hostile });
    for (const path of ["/models", "/models/1", "/models/compare?a=1&b=1", "/models/1/lineage"]) {
      const html = await htmlOf(dashboard, path);
      assert(!html.includes("<img"));
      assert(!html.includes("\u202e"));
    }
    assertStringIncludes(await htmlOf(dashboard, "/models/1"), "&lt;img src=x");
  });
});

Deno.test("the twin of a version has what its page shows", async () => {
  await withDashboard(async (dashboard, registry) => {
    await newChampion(registry);
    await judgeModel(registry, await trainModel(registry), { gates: [FAILED] });
    const twin = await dashboard.json<
      {
        version: number;
        status: string;
        champion: number;
        blockers: { reason: string }[];
        gates: { name: string; value: number }[];
        promotion: { alias: string; holder: { version: number } };
      }
    >("/models/2.json");
    assertEquals([twin.version, twin.status, twin.champion], [2, "candidate", 1]);
    assertEquals(twin.blockers.map(({ reason }) => reason), ["max_anomaly_rate"]);
    assertEquals(twin.gates.map(({ value }) => value), [0.46]);
    assertEquals([twin.promotion.alias, twin.promotion.holder.version], ["champion", 1]);
  });
});

Deno.test("a version's file is handed out as it was stored, by a name of its own", async () => {
  await withDashboard(async (dashboard, registry) => {
    const { files } = await trainModel(registry);
    const answer = await dashboard.page("/models/latest/file");
    assertEquals(
      answer.headers.get("content-disposition"),
      'attachment; filename="anomaly_detector_v1.safetensors"',
    );
    const bytes = await answer.arrayBuffer();
    const hash = encodeHex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
    assertEquals(hash, files.model!.sha256);
    assert((await dashboard.page("/models/9/file")).status === 404);
  });
});
