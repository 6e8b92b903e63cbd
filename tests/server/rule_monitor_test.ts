import { assertEquals } from "@std/assert";
import { RuleMonitor } from "../../src/server/rule_monitor.ts";
import { FakeClock } from "./fake_clock.ts";

/** A monitor, and at which seconds it had rules of others read. */
class Scene implements Disposable {
  readonly clock = new FakeClock();
  readonly reads: number[] = [];
  readonly monitor: RuleMonitor;
  readonly #began = this.clock.now();
  readonly #end = new AbortController();
  #ended = Promise.withResolvers<void>();
  #changed: (by: string | null) => void = () => {};

  /** @param isSilent as beside the legacy iptables, where watching ends at once */
  constructor({ isSilent = false } = {}) {
    const watch = (changed: (by: string | null) => void): Promise<void> => {
      this.#changed = changed;
      this.#ended = Promise.withResolvers<void>();
      if (isSilent) this.endMonitor();
      return this.#ended.promise;
    };
    const rulesChanged = (): void => void this.reads.push(this.second);
    this.monitor = new RuleMonitor({ firewall: { watch }, rulesChanged }, this.clock);
    void this.monitor.watch(() => {}, this.#end.signal);
  }

  get second(): number {
    return (this.clock.now() - this.#began) / 1000;
  }

  /** So many turns of a ticker that turns once a second. */
  async pass(seconds: number): Promise<void> {
    for (let each = 0; each < seconds; each++) {
      await this.clock.advance(1000);
      await this.monitor.run(this.clock.now());
    }
  }

  change(by: string | null): void {
    this.#changed(by);
  }

  endMonitor(): void {
    this.#ended.resolve();
  }

  [Symbol.dispose](): void {
    this.#end.abort();
    this.endMonitor();
  }
}

Deno.test("what others did before the monitor could hear it is looked for, soon and once it must hear", async () => {
  using scene = new Scene();
  await scene.pass(600);
  assertEquals(scene.reads, [3, 30]);
});

Deno.test("a change that is told has rules of others read at once, and one of our own in a while", async () => {
  using scene = new Scene();
  await scene.pass(100);
  scene.reads.length = 0;
  scene.change("ufw");
  assertEquals(scene.reads, [100]);
  scene.monitor.ownChange();
  for (let time = 0; time < 3; time++) scene.change("iptables-restore");
  await scene.pass(100);
  assertEquals(scene.reads, [100, 103], "somebody else may have been there in the same second");
  assertEquals([scene.monitor.told, scene.monitor.heard], [4, 1]);
  assertEquals(scene.monitor.takeAuthors(), "ufw");
  assertEquals(scene.monitor.takeAuthors(), "");
});

Deno.test("a monitor that ended may have missed a change, and so may the next one at its start", async () => {
  using scene = new Scene();
  await scene.pass(100);
  scene.reads.length = 0;
  scene.endMonitor();
  await scene.pass(1);
  assertEquals([scene.monitor.told, scene.monitor.isWatching], [1, false]);
  await scene.pass(100);
  assertEquals(scene.monitor.isWatching, true);
  assertEquals(scene.reads, [108, 135]);
});

Deno.test("a clock that is set back does not put off a look", async () => {
  using scene = new Scene();
  await scene.pass(1);
  scene.clock.set(scene.clock.now() - 3_600_000);
  await scene.pass(1);
  assertEquals(scene.reads.length, 1);
  await scene.pass(40);
  assertEquals(scene.reads.length, 1, "both at once");
});

Deno.test("where nothing tells of changes, rules of others are read now and then", async () => {
  using scene = new Scene({ isSilent: true });
  await scene.pass(130);
  assertEquals(scene.reads, [3, 33, 63, 93, 123]);
  assertEquals(scene.monitor.isWatching, false);
});
