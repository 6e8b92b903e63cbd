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
  PATIENT_SCAN,
  probe,
  probeAll,
  type Reach,
  syn,
  type SynAnswer,
} from "./lab/reach.ts";
export { engineTest, isRoot, isTestable, kernelTest, nftablesTest, together } from "./lab/root.ts";
export {
  ENGINES,
  type Filter,
  FILTERS,
  legacyTools,
  pastGrace,
  type ServeOptions,
  type Serving,
  spawnServe,
  startServe,
  writeKey,
} from "./lab/serve.ts";
export { type Attempt, Knocker, type Knocks } from "./lab/knock.ts";
export { banAll, emptySets, endBan, loadPrinted, printedWindows } from "./lab/kernel_sets.ts";
export { login, loginNow, Session, ssh } from "./lab/login.ts";
export { foreign, ours, snapshot } from "./lab/snapshot.ts";
export { sshArgs, type Sshd, startSshd } from "./lab/sshd.ts";
export { roomInMinute, until, untilMinute, waitFor, withinMinute } from "./lab/wait.ts";
