// Every external command in turn fails, hangs, dies, or does its work and dies, at every step of start, renewal of
// the windows, repair and stop. The suite takes some of them, spread over all; C3PO_FAULTS=all takes all, for
// docs/RELIABILITY.md.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { delay } from "@std/async/delay";
import { fromFileUrl, join } from "@std/path";
import {
  type Filter,
  Lab,
  login,
  loginNow,
  type Serving,
  snapshot,
  spawnServe,
  type Sshd,
  startSshd,
  waitFor,
} from "../lab.ts";
import {
  type Call,
  callsIn,
  describe,
  type Fault,
  isRenewal,
  type Phase,
  PHASES,
} from "./fault.ts";

const TOOLS = [
  ...["ipset", "nft", "env", "cat", "ss", "readlink", "ls", "grep", "stdbuf", "unshare"],
  ...["iptables", "ip6tables"].flatMap((name) => [
    ...[name, `${name}-save`, `${name}-restore`, `${name}-nft-save`, `${name}-nft-restore`],
    ...[`${name}-legacy-save`, `${name}-legacy-restore`],
  ]),
];
const FAULTY = fromFileUrl(new URL("../lab/faulty.sh", import.meta.url));
/** So often a life is lived until a fault happens. */
const MOST_LIVES = 4;
/** A tool that hangs is waited for as long as two minutes, and what follows takes its time. */
const PATIENCE_MS = 200_000;

/** A server whose tools can be made to fail. */
export class Bench {
  /** How often `serve` started, or refused to, with a fault on the way. */
  readonly starts = { started: 0, refused: 0 };

  constructor(
    readonly lab: Lab,
    readonly engine: Filter,
    readonly sshd: Sshd,
    readonly untouched: string,
  ) {}

  static async build(engine: Filter): Promise<Bench> {
    const lab = await Lab.create({ peers: ["user"] });
    const bench = new Bench(lab, engine, await startSshd(lab.server), await snapshot(lab.server));
    await Deno.mkdir(bench.tools);
    for (const tool of TOOLS) await Deno.symlink(FAULTY, join(bench.tools, tool));
    return bench;
  }

  get tools(): string {
    return join(this.lab.server.directory, "tools");
  }

  get notes(): string {
    return join(this.tools, "calls");
  }

  /** What is called in each phase while all goes well. */
  async calls(): Promise<Record<Phase, Call[]>> {
    const calls: Record<string, Call[]> = {};
    for (const phase of PHASES) {
      calls[phase] = (await this.live(phase)).filter((each) => each.phase === phase);
    }
    return calls;
  }

  /** Tells the tools which phase has begun, and which of its calls is to go wrong. */
  async begin(phase: Phase | "rest", fault?: Fault): Promise<void> {
    const what = fault?.phase === phase
      ? [fault.mode, fault.number, fault.kind]
      : ["none", 0, "none"];
    const file = join(this.notes, "fault");
    await Deno.writeTextFile(`${file}.new`, `${phase} ${what.join(" ")}\n`);
    await Deno.rename(`${file}.new`, file);
  }

  /** Lives through a fault: again, if what was to go wrong was not called, as in the last moments some is not. */
  async meet(fault: Fault): Promise<void> {
    for (let tries = 0; tries < MOST_LIVES; tries++) {
      await this.live(fault.phase, fault);
      if (await this.#isInjected()) return;
    }
    throw new Error(`not called in ${MOST_LIVES} lives: ${describe(fault)}`);
  }

  /**
   * Serves, and stops.
   *
   * @param phase the only one between start and stop
   * @returns every call there was
   */
  async live(phase: Phase, fault?: Fault): Promise<Call[]> {
    await Deno.remove(this.notes, { recursive: true }).catch(() => {});
    await Deno.mkdir(this.notes);
    await this.begin("load", fault);
    const serve = await spawnServe(this.lab.server, { engine: this.engine, tools: this.tools });
    try {
      await this.#live(serve, phase, fault);
    } catch (error) {
      await serve.kill();
      const calls = (await callsIn(this.notes)).map(({ phase, call }) => `${phase}: ${call}`).join(
        "\n",
      );
      throw new Error(`${describe(fault)}\n${serve.child.text()}\n${calls}`, { cause: error });
    }
    if (phase === "renewal") await this.#shell(OTHERS[this.engine]!.undo);
    await this.#assertUntouched();
    return await callsIn(this.notes);
  }

  async #live(serve: Serving, phase: Phase, fault?: Fault): Promise<void> {
    if (!await this.#starts(serve)) {
      assertEquals(fault?.phase, "load");
      this.starts.refused++;
      assertEquals((await serve.child.finished()).code, 1);
      assertMatch(serve.child.text("stderr"), /^c3po: error: /m);
      return;
    }
    await this.#isOpen(serve, "after the start");
    if (fault?.phase === "load") {
      this.starts.started++;
      await this.#meets(fault); // some calls come a little later than "started"
    }
    // A port that another tool takes makes C3PO load its windows anew.
    if (phase === "renewal") await this.#step(phase, serve, OTHERS[this.engine]!.take, fault);
    if (phase === "repair") await this.#step(phase, serve, FLUSH[this.engine]!, fault);
    await this.begin("stop", fault);
    serve.child.kill();
    assertEquals((await serve.child.finished()).code, 0);
  }

  /** Has something done, and waits until it was seen, and a fault injected. */
  async #step(phase: Phase, serve: Serving, commands: string, fault?: Fault): Promise<void> {
    const after = serve.child.lines.length;
    await this.begin(phase, fault);
    await this.#shell(commands);
    if (phase === "repair") {
      await serve.child.waitForLine(/ event=firewall_restored\b/, PATIENCE_MS, after);
    } else {
      await waitFor(async () => (await callsIn(this.notes)).some(isRenewal), {
        what: "renewal of the windows",
        deadlineMs: PATIENCE_MS,
      });
    }
    if (fault !== undefined) await this.#meets(fault);
    await this.#isOpen(serve, `after the ${phase}`);
    // A step ends before a fault in it is made good.
    await waitFor(() => isWell(serve, after), {
      what: "end of all failures",
      deadlineMs: PATIENCE_MS,
    });
    await this.begin("rest");
  }

  async #meets(fault: Fault): Promise<void> {
    const what = `injected fault, ${describe(fault)}`;
    await waitFor(() => this.#isInjected(), { what, deadlineMs: PATIENCE_MS });
  }

  async #shell(commands: string): Promise<void> {
    await this.lab.server.must("sh", ["-c", commands]);
  }

  async #starts(serve: Serving): Promise<boolean> {
    return await waitFor(
      async () => serve.events("started").length > 0 ? "yes" : await hasEnded(serve) ? "no" : null,
      { what: "start or end of serve", deadlineMs: PATIENCE_MS },
    ) === "yes";
  }

  /** A way in has to be there again, and may have been away for the moments that a hanging tool is waited for. */
  async #isOpen(serve: Serving, when: string): Promise<void> {
    await waitFor(() => loginNow(this.lab.user, this.sshd, this.lab.server.address4, serve), {
      what: `way in ${when}`,
      deadlineMs: PATIENCE_MS,
    });
  }

  async #isInjected(): Promise<boolean> {
    return await Deno.stat(join(this.notes, "injected")).then(() => true, () => false);
  }

  /** Nothing is left, and plain ssh answers. */
  async #assertUntouched(): Promise<void> {
    assertEquals(await snapshot(this.lab.server), this.untouched);
    assert(await login(this.lab.user, this.sshd, this.lab.server.address4, this.sshd.port));
  }
}

/** Another tool takes a port, and gives it back. */
const OTHERS: Readonly<Record<string, { readonly take: string; readonly undo: string }>> = {
  iptables: {
    // Not behind C3PO's jump, which would be a reason for a repair.
    take: "iptables -t nat -I PREROUTING -p tcp --dport 8080 -j REDIRECT --to-ports 9",
    undo: "iptables -t nat -F PREROUTING",
  },
  nftables: {
    take: "nft 'table ip guests { chain pre { " +
      "type nat hook prerouting priority dstnat; tcp dport 8080 redirect to :9; }; }'",
    undo: "nft delete table ip guests",
  },
};
const FLUSH: Readonly<Record<string, string>> = {
  iptables: "iptables -F; iptables -t nat -F; ip6tables -F; ip6tables -t nat -F",
  nftables: "nft flush ruleset",
};

/** Whether nothing fails any more since so many lines of the log. */
function isWell(serve: Serving, after: number): boolean {
  const text = serve.child.lines.slice(after).map(({ text }) => text).join("\n");
  const count = (event: string): number => text.split(`event=${event}`).length - 1;
  return count("task_failed") <= count("recovered");
}

async function hasEnded({ child }: Serving): Promise<boolean> {
  return await Promise.race([child.status.then(() => true), delay(1).then(() => false)]);
}
