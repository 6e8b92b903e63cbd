import { assertEquals, assertRejects } from "@std/assert";
import type { Drift } from "../../src/firewall/firewall.ts";
import { failures } from "../../src/firewall/memory.ts";
import { C3poError } from "../../src/os/errors.ts";
import { Counters } from "../../src/server/counters.ts";
import { Reconciler } from "../../src/server/reconciler.ts";
import { RuleMonitor } from "../../src/server/rule_monitor.ts";
import { keepLog } from "./daemon/log.ts";
import { FakeClock } from "./fake_clock.ts";

const RULES: Drift = { kind: "rules", what: "rules of IPv4 nat C3PO-NAT" };
const JUMP: Drift = { kind: "rules", what: "jump from IPv4 INPUT" };
const SETS: Drift = { kind: "sets", what: "sets" };
const PLACE: Drift = { kind: "place", what: "first place in IPv4 raw PREROUTING" };
const REPLY: Drift = { kind: "reply", what: "IPv4 reply of closed ports" };

/** A reconciler, what it does, and a kernel whose rules are as a test wants them. */
class Scene {
  readonly clock = new FakeClock();
  readonly lines = keepLog();
  readonly done: string[] = [];
  readonly counters = new Counters(0);
  readonly monitor: RuleMonitor;
  readonly reconciler: Reconciler;
  /** What became of the rules. */
  gone: Drift[] = [];
  /** Whether rules that are loaded stay. */
  isLasting = true;
  /** How long it takes to read rules, in milliseconds, and how often they were read. */
  readMs = 0;
  reads = 0;
  fails: (() => Error) | null = null;
  readonly #end = new AbortController();
  #changed: (by: string | null) => void = () => {};
  #endMonitor: () => void = () => {};
  monitors = 0;

  constructor() {
    const firewall = {
      drift: async () => {
        this.reads++;
        if (this.readMs > 0) await this.clock.sleep(this.readMs);
        return [...this.gone];
      },
      watch: (changed: (by: string | null) => void, signal: AbortSignal) => {
        this.monitors++;
        this.#changed = changed;
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#endMonitor = resolve;
        signal.addEventListener("abort", () => resolve());
        return promise;
      },
    };
    const act = (what: string) => () => {
      this.done.push(what);
      if (this.fails !== null) return Promise.reject(this.fails());
      if (this.isLasting) this.gone = [];
      return Promise.resolve();
    };
    this.monitor = new RuleMonitor({
      firewall,
      rulesChanged: () => this.done.push("rules changed"),
    }, this.clock);
    this.reconciler = new Reconciler({
      firewall,
      monitor: this.monitor,
      counters: this.counters,
      reload: act("reload"),
      refill: act("refill"),
    }, this.clock);
    void this.monitor.watch(() => {}, this.#end.signal);
  }

  /** Somebody changes rules. */
  change(by: string | null, ...gone: Drift[]): void {
    this.gone = gone;
    this.#changed(by);
  }

  /** One turn of the ticker, some seconds after the last. */
  async tick(seconds = 2): Promise<boolean> {
    await this.clock.advance(seconds * 1000);
    const running = this.reconciler.run(this.clock.now());
    running.catch(() => {});
    await this.clock.advance(1000);
    return await running;
  }

  endMonitor(): void {
    this.#endMonitor();
  }

  logged(event: string): Readonly<Record<string, unknown>>[] {
    return this.lines.filter((line) => line.event === event).map(({ fields }) => fields);
  }
}

Deno.test("what another tool took away is put back, and told with who did it", async () => {
  const scene = new Scene();
  await scene.tick();
  scene.change("ufw", JUMP);
  await scene.tick();
  assertEquals(scene.done, ["rules changed", "reload"]);
  assertEquals(scene.logged("firewall_drift"), [{ gone: "jump from IPv4 INPUT", by: "ufw" }]);
  assertEquals(scene.logged("firewall_restored").length, 1);
  assertEquals(scene.counters.lastRepair!.what, "jump from IPv4 INPUT");
});

Deno.test("rules come first, and then what the sets held", async () => {
  const scene = new Scene();
  scene.reconciler.damaged();
  await scene.tick();
  assertEquals(scene.done, ["reload", "refill"]);
  scene.done.length = 0;
  scene.change(null, SETS, RULES);
  await scene.tick();
  assertEquals(scene.done, ["rules changed", "reload", "refill"]);
});

Deno.test("what cannot be put back is tried at each turn and told once, until all of it is there", async () => {
  const scene = new Scene();
  await scene.tick();
  scene.fails = failures.locked;
  scene.change("firewalld", SETS);
  for (let turn = 0; turn < 5; turn++) await assertRejects(() => scene.tick(), C3poError);
  assertEquals(scene.logged("firewall_drift").length, 1);
  assertEquals(scene.done.filter((what) => what === "reload").length, 5);
  scene.fails = null;
  scene.gone = []; // the sets are there again, and empty
  scene.done.length = 0;
  await scene.tick();
  assertEquals(scene.done, ["reload", "refill"]);
  await scene.tick();
  assertEquals(scene.done, ["reload", "refill"]);
});

Deno.test("nothing is done while nothing changes, and rules are read now and then all the same", async () => {
  const scene = new Scene();
  await scene.tick();
  for (let turn = 0; turn < 100; turn++) assertEquals(await scene.tick(), false);
  assertEquals([scene.done, scene.lines], [[], []]);
  scene.gone = [RULES]; // nobody told
  await scene.tick(120);
  assertEquals(scene.done, ["reload"]);
  assertEquals(scene.logged("monitor_silent").length, 1);
  await scene.clock.advance(60_000);
  assertEquals(scene.monitors, 2, "a monitor that is deaf is replaced");
});

Deno.test("a monitor that ends is started again, and what it may have missed is looked for", async () => {
  const scene = new Scene();
  await scene.tick();
  scene.gone = [RULES];
  scene.endMonitor();
  await scene.tick();
  assertEquals(scene.done, ["reload"]);
  await scene.clock.advance(60_000);
  assertEquals(scene.monitors, 2);
});

Deno.test("while another tool goes on changing rules it is waited for, but not for ever", async () => {
  const scene = new Scene();
  await scene.tick();
  scene.change("docker", RULES);
  for (let turn = 0; turn < 2; turn++) {
    const running = scene.reconciler.run(scene.clock.now());
    await scene.clock.advance(300);
    scene.change("docker", RULES);
    await scene.clock.advance(1000);
    assertEquals(await running, true);
    assertEquals(scene.done.includes("reload"), false);
  }
  await scene.tick();
  assertEquals(scene.done.includes("reload"), true);
});

Deno.test("our own change is no reason to hurry, and rules are read behind it", async () => {
  const scene = new Scene();
  await scene.tick();
  scene.monitor.ownChange();
  scene.change("iptables-restore", PLACE);
  assertEquals(scene.done, []);
  await scene.tick();
  assertEquals(scene.done, ["reload"], "somebody else was there in the same second");
});

Deno.test("a tool that insists on its place is left there for a while, after three fights", async () => {
  const scene = new Scene();
  await scene.tick();
  const fight = async (): Promise<number> => {
    scene.done.length = 0;
    scene.change("other-tool", PLACE);
    await scene.tick(5);
    return scene.done.filter((what) => what === "reload").length;
  };
  assertEquals([await fight(), await fight(), await fight(), await fight()], [1, 1, 1, 0]);
  assertEquals(scene.logged("firewall_contested"), [{ contested: PLACE.what, by: "other-tool" }]);
  assertEquals(await fight(), 0, "and no word more");
  assertEquals(scene.logged("firewall_contested").length, 1);
  scene.change("other-tool", PLACE, JUMP);
  await scene.tick();
  assertEquals(scene.done.includes("reload"), true, "what is gone is put back in any case");
  await scene.clock.advance(600_000);
  assertEquals(await fight(), 1, "the truce is over");
});

Deno.test("how closed ports answer is followed without a word of repair, unless more has changed", async () => {
  const scene = new Scene();
  await scene.tick();
  scene.change("ufw", REPLY);
  await scene.tick();
  await scene.tick(4);
  assertEquals(scene.done, ["rules changed"], "it may be at work");
  await scene.tick(4);
  await scene.tick(4);
  assertEquals(scene.done, ["rules changed", "reload"]);
  assertEquals(scene.logged("refusal_changed"), [{ by: "ufw" }]);
  assertEquals([scene.logged("firewall_drift"), scene.counters.lastRepair], [[], null]);
  scene.change("ufw", REPLY, JUMP);
  await scene.tick();
  assertEquals(scene.logged("firewall_drift").length, 1);
});

Deno.test("a firewall that is only loaded again is not got in the way of over how closed ports answer", async () => {
  const scene = new Scene();
  await scene.tick();
  scene.change("ufw", REPLY);
  await scene.tick();
  scene.change("ufw");
  for (let time = 0; time < 10; time++) await scene.tick(4);
  assertEquals(scene.done, ["rules changed", "rules changed"]);
  scene.change("ufw", REPLY);
  await scene.tick();
  assertEquals(scene.done.includes("reload"), false, "each time anew");
  scene.change("ufw", REPLY, JUMP);
  await scene.tick();
  assertEquals(scene.done.includes("reload"), true, "what is gone is put back at once");
});

Deno.test("fights that lie far apart are none", async () => {
  const scene = new Scene();
  for (let time = 0; time < 6; time++) {
    scene.change("cron", PLACE);
    await scene.tick(120);
  }
  assertEquals(scene.done.filter((what) => what === "reload").length, 6);
});

Deno.test("many rules are read less often, but when something tells of a change", async () => {
  for (const [readMs, pause] of [[0, 120], [200, 120], [1000, 500], [10_000, 1200]] as const) {
    const scene = new Scene();
    scene.readMs = readMs;
    const tick = async (seconds: number): Promise<void> => {
      await scene.clock.advance(seconds * 1000);
      const running = scene.reconciler.run(scene.clock.now());
      await scene.clock.advance(readMs + 1000);
      await running;
    };
    await tick(2);
    assertEquals(scene.reads, 1);
    await tick(pause - (readMs / 1000 + 1) - 1);
    assertEquals(scene.reads, 1, `one that takes ${readMs} ms is not read again within ${pause} s`);
    await tick(1);
    assertEquals(scene.reads, 2, `one that takes ${readMs} ms is read again after ${pause} s`);
    scene.change(null);
    await tick(2);
    assertEquals(scene.reads, 3, "what changed is read at once");
  }
});
