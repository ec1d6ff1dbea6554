// Configuration: what every command needs to know before it opens the store. Reads files and
// environment variables, prints nothing.

export {
  builtInProject,
  type ConfigOrigin,
  type LoadedFlowConfigs,
  type LoadedProject,
  loadFlowConfigs,
  loadProject,
} from "./files.ts";
export {
  type Env,
  environmentOf,
  onDeploy,
  type ResolvedScopes,
  resolveKvPath,
  resolveScopes,
} from "./scopes.ts";
