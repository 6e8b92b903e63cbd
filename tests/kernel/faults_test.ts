// Every external command in turn fails, hangs, dies, or does its work and dies, at every step of start, change of
// minute and stop. The suite takes one way for each command; C3PO_FAULTS=all takes all, for docs/RELIABILITY.md.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { delay } from "@std/async/delay";
import { fromFileUrl, join } from "@std/path";
import {
  type Child,
  kernelTest,
  Lab,
  login,
  loginNow,
  snapshot,
  spawnServeWith,
  type Sshd,
  startSshd,
  waitFor,
} from "./lab.ts";

const PHASES = ["start", "change", "stop"] as const;
const MODES = ["fail", "kill", "hang", "late", "half"] as const;
const TOOLS = [
  ...["ipset", "cat", "ss", "readlink", "ls", "grep", "stdbuf", "iptables", "ip6tables"],
  ...["iptables", "ip6tables"].flatMap((name) => [
    ...[`${name}-save`, `${name}-restore`, `${name}-nft-save`, `${name}-nft-restore`],
    ...[`${name}-legacy-save`, `${name}-legacy-restore`],
  ]),
];
const FAULTY = fromFileUrl(new URL("./lab/faulty.sh", import.meta.url));
const WORKERS = 6;
const ALL = Deno.env.get("C3PO_FAULTS") === "all";
/** How long before a minute, by its own clock, `serve` is started. */
const LEAD_MS = 7500;
/** With so short a grace the ports of a minute open after the start and those of the one before are closed by hand. */
const GRACE = ["--grace", "3s"];

type Phase = (typeof PHASES)[number];
type Mode = (typeof MODES)[number];

/** A call that goes wrong; without one, everything goes well and the calls are counted. */
interface Fault {
  readonly phase: Phase;
  readonly mode: Mode;
  readonly number: number;
  readonly call: string;
}

/** A server whose tools can be made to fail. */
class Bench {
  /** How often `serve` did not start. */
  refused = 0;

  constructor(readonly lab: Lab, readonly sshd: Sshd, readonly untouched: string) {}

  static async build(): Promise<Bench> {
    const lab = await Lab.create({ peers: ["user"] });
    const bench = new Bench(lab, await startSshd(lab.server), await snapshot(lab.server));
    await Deno.mkdir(bench.tools);
    for (const tool of TOOLS) await Deno.symlink(FAULTY, join(bench.tools, tool));
    return bench;
  }

  get tools(): string {
    return join(this.lab.server.directory, "tools");
  }

  get calls(): string {
    return join(this.tools, "calls");
  }

  /** Tells the tools which phase has begun, and which of its calls is to go wrong. */
  async begin(phase: Phase, fault?: Fault): Promise<void> {
    const [mode, number] = fault?.phase === phase ? [fault.mode, fault.number] : ["none", -1];
    const file = join(this.calls, "fault");
    await Deno.writeTextFile(`${file}.new`, `${phase} ${mode} ${number}\n`);
    await Deno.rename(`${file}.new`, file);
  }

  /** Serves through a change of minute, and stops. */
  async live(fault?: Fault): Promise<void> {
    await Deno.remove(this.calls, { recursive: true }).catch(() => {});
    await Deno.mkdir(this.calls);
    await this.begin("start", fault);
    const aheadMs = 60_000 - LEAD_MS - Date.now() % 60_000;
    const boundary = Date.now() + LEAD_MS;
    const serve = await spawnServeWith(this.lab.server, {
      tools: this.tools,
      args: GRACE,
      aheadMs,
    });
    try {
      await this.#live(serve, aheadMs, boundary, fault);
    } catch (error) {
      serve.kill("SIGKILL");
      await serve.finished();
      const calls = [...await callsOf(this, "start"), ...await callsOf(this, "change")].join("\n");
      throw new Error(`${describe(fault)}\n${serve.text()}\n${calls}`, { cause: error });
    }
    await this.#assertUntouched();
  }

  async #live(serve: Child, aheadMs: number, boundary: number, fault?: Fault): Promise<void> {
    const isIn = (): Promise<boolean> =>
      loginNow(this.lab.user, this.sshd, this.lab.server.address4, aheadMs);
    const started = await waitFor(
      async () => / started /.test(serve.text()) ? "yes" : await hasEnded(serve) ? "no" : null,
      { what: "start or end of serve" },
    );
    if (started === "no") {
      assertEquals(fault?.phase, "start");
      this.refused++;
      assertEquals((await serve.finished()).code, 1);
      assertMatch(serve.text("stderr"), /^c3po: error: /m);
      return;
    }
    assert(await isIn(), "no way in after the start");
    if (fault === undefined || fault.phase === "change") {
      await this.begin("change", fault);
      await delay(boundary - Date.now() + 300);
      assert(await isIn(), "no way in right after the change of minute");
      await delay(fault === undefined ? 3500 : 4500);
      assert(await isIn(), "no way in some seconds after the change of minute");
    }
    await this.begin("stop", fault?.phase === "stop" ? fault : undefined);
    await this.#stop(serve);
  }

  async #stop(serve: Child): Promise<void> {
    await serve.stop();
    assertEquals((await serve.finished()).code, 0);
  }

  /** Nothing is left, and plain ssh answers. */
  async #assertUntouched(): Promise<void> {
    assertEquals(await snapshot(this.lab.server), this.untouched);
    assert(await login(this.lab.user, this.sshd, this.lab.server.address4, this.sshd.port));
  }
}

async function hasEnded(child: Child): Promise<boolean> {
  return await Promise.race([child.status.then(() => true), delay(1).then(() => false)]);
}

async function callsOf(bench: Bench, phase: Phase): Promise<string[]> {
  const calls: string[] = [];
  for (let number = 0;; number++) {
    const file = join(bench.calls, `${phase}.${number}`);
    const call = await Deno.readTextFile(file).catch(() => null);
    if (call === null) return calls;
    calls.push(call.trim());
  }
}

function describe(fault?: Fault): string {
  if (fault === undefined) return "no fault";
  return `${fault.phase}: call ${fault.number}, ${fault.call}: ${fault.mode}`;
}

/** Half of a load makes sense only for what is read from standard input. */
function modesFor(call: string): readonly Mode[] {
  return call.includes("restore") ? MODES : MODES.filter((mode) => mode !== "half");
}

kernelTest("a tool that fails leaves the way in open and no rule behind", async () => {
  await using stack = new AsyncDisposableStack();
  const benches = await Promise.all(Array.from({ length: WORKERS }, () => Bench.build()));
  for (const { lab } of benches) stack.use(lab);
  const first = benches[0]!;
  await first.live();
  const faults: Fault[] = [];
  for (const phase of PHASES) {
    for (const [number, call] of (await callsOf(first, phase)).entries()) {
      const modes = modesFor(call);
      const chosen = ALL ? modes : [modes[number % modes.length]!];
      faults.push(...chosen.map((mode) => ({ phase, mode, number, call })));
    }
  }
  const failures: string[] = [];
  const queue = [...faults];
  await Promise.all(benches.map(async (bench) => {
    for (let fault = queue.shift(); fault !== undefined; fault = queue.shift()) {
      try {
        await bench.live(fault);
      } catch (error) {
        failures.push(`${error}\n${error instanceof Error ? error.cause ?? "" : ""}`);
        return; // what this one left would trouble the next
      }
    }
  }));
  const counts = PHASES.map((phase) => faults.filter((fault) => fault.phase === phase).length);
  const refused = benches.reduce((sum, bench) => sum + bench.refused, 0);
  const summary = `${faults.length} faults (${counts.join(", ")} at start, change, stop): ` +
    `${refused} starts refused, ${failures.length} failures`;
  Deno.stderr.writeSync(new TextEncoder().encode(`${summary}\n`));
  assertEquals(failures.join("\n\n"), "");
});
