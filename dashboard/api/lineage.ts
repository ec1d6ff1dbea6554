// Lineage in answers: each version in brief, without the tables' columns and files of every step.

import type { VersionRecord } from "../../src/domain/asset.ts";
import type { LineageNode } from "../../src/registry/lineage.ts";

export function briefLineage({ record, inputs, ...node }: LineageNode): object {
  return {
    ...node,
    record: record && briefVersion(record),
    inputs: inputs.map(briefLineage),
  };
}

export function briefVersion(record: VersionRecord) {
  const { kind, name, version, branch, recordedAt, marketAt, runId, flow, description } = record;
  return { kind, name, version, branch, recordedAt, marketAt, runId, flow, description };
}
