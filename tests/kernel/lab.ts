/** The network laboratory of the kernel tests; `lab_test.ts` shows how each part is used. */
export { c3poCommand, CHECKOUT, denoDirectory } from "./lab/c3po.ts";
export { Firewalld, Ufw } from "./lab/firewalls.ts";
export { listNamespaces, sweepStale } from "./lab/names.ts";
export { Namespace } from "./lab/namespace.ts";
export { Lab } from "./lab/network.ts";
export { Pane } from "./lab/pane.ts";
export {
  Child,
  must,
  run,
  type RunOptions,
  type RunResult,
  type SpawnOptions,
} from "./lab/process.ts";
export {
  forgeSyn,
  nmapScan,
  probe,
  probeAll,
  type Reach,
  syn,
  type SynAnswer,
} from "./lab/reach.ts";
export { isRoot, kernelTest } from "./lab/root.ts";
export { type Serving, startServe, writeKey } from "./lab/serve.ts";
export { foreign, ours, snapshot } from "./lab/snapshot.ts";
export { sshArgs, type Sshd, startSshd } from "./lab/sshd.ts";
export { roomInMinute, untilMinute, waitFor, withinMinute } from "./lab/wait.ts";
export {
  legacyTools,
  login,
  loginNow,
  portsNow,
  runServeWith,
  type ServeOptions,
  serveWith,
  spawnServeWith,
} from "./lab/serving.ts";
