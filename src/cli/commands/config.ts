// config show: what is in force here, and what decided it.

import { z } from "zod";
import { Verbatim } from "../../domain/json.ts";
import { describeTarget, type NotificationsConfig } from "../../domain/notifications.ts";
import { defineCommand, planCall } from "../command.ts";
import { branchParams } from "../parameters.ts";
import { facts } from "../text.ts";

export const configShow = defineCommand({
  name: "config show",
  group: "look",
  summary: "What is in force here, and what decided it.",
  params: z.strictObject({
    model_config: z.string().min(1).optional().meta({ placeholder: "file" })
      .describe("as train would be given"),
    ...branchParams,
  }),
  examples: ["anomaly config show", "anomaly config show --branch main --json"],
  run: async (app, call) => {
    const { project, scopes, configs, origins, kvPath } = await planCall(app, call);
    const { write, read } = scopes.scopes;
    const { model_config, training_config, eval_config } = configs;
    const store = kvPath ?? "the platform's database";
    const text = [
      facts([
        ["project", `${project.project.project} (${project.origin})`],
        ["branch", `${write.branch} (${scopes.origins.branch})`],
        ["read branch", `${read.branch} (${scopes.origins.read_branch})`],
        ["environment", scopes.environment],
        ["store", store],
        ["auto_promote", String(configs.auto_promote)],
      ]),
      `model_config (${origins.model_config})\n${lines(model_config)}`,
      `training_config (${origins.training_config})\n${lines(training_config)}`,
      `eval_config (${origins.eval_config})\n${lines(eval_config)}`,
      `notifications (${project.notifications.origin})\n${told(project.notifications.config)}`,
    ].join("\n\n");
    const json = {
      project: new Verbatim(project.project),
      branch: write.branch,
      read_branch: read.branch,
      environment: scopes.environment,
      store,
      configs: new Verbatim(configs),
      notifications: new Verbatim(shareable(project.notifications.config)),
      origins: {
        ...origins,
        ...scopes.origins,
        project: project.origin,
        notifications: project.notifications.origin,
      },
    };
    return { json, text };
  },
});

function lines(config: Record<string, unknown>): string {
  const entries = Object.entries(config).filter(([, value]) => value !== undefined);
  return facts(entries.map(([name, value]) => [`  ${name}`, JSON.stringify(value)]));
}

/** A line a rule: what it is told of, and where. */
function told({ rules, targets }: NotificationsConfig): string {
  if (rules.length === 0) return "  nobody is told of anything";
  return facts(rules.map(({ name, events, branch, filter, target }) => {
    const of = `${events.join(", ")} on ${branch}`;
    const given = Object.keys(filter).length === 0 ? "" : ` where ${JSON.stringify(filter)}`;
    return [`  ${name}`, `${of}${given} → ${target}: ${describeTarget(targets[target]!)}`];
  }));
}

/** Without the paths of addresses, which are often as good as a password. */
function shareable({ rules, targets }: NotificationsConfig) {
  const shown = Object.entries(targets).map(([name, target]) =>
    [name, target.kind === "log" ? target : { ...target, url: describeTarget(target) }] as const
  );
  return { targets: Object.fromEntries(shown), rules };
}
