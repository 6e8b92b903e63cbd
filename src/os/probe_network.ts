import { array, nullable, object, picklist, pipe, readonly as fixed, string } from "valibot";
import { FAMILIES, type Family } from "./address.ts";
import { C3poError, Failure } from "./errors.ts";
import { PROBE_RANGES } from "./probe_addresses.ts";
import type { Reached } from "./reach_out.ts";
import { readJson } from "./schema.ts";
import { ownCommand } from "./self.ts";
import { outcomeOf, patiently, spawn } from "./child.ts";
import { runTool } from "./tool.ts";
import { failureOf, notStarted } from "./tool_failure.ts";

/** This machine's end of the link, and the other one. */
const HERE = "c3po-probe";
const THERE = "probe";
/** Connections may have to be waited for, and a busy machine takes its time to start a program. */
const REACH_MS = 30_000;

const ANSWERS = pipe(
  array(
    object({
      answer: picklist(["open", "refused", "unreachable", "no network", "unknown host", "silent"]),
      line: nullable(string()),
    }),
  ),
  fixed(),
);

/** A port to connect to. */
export interface Target {
  readonly address: string;
  readonly port: number;
}

/**
 * A machine beside this one, for some seconds: a network namespace at the other end of a private link. To
 * the rules of this machine, what it sends comes from outside; it reaches nothing else, and nothing else
 * reaches it.
 *
 * Its one process waits for the end of a pipe from us. However we end, the namespace and the link go.
 */
export class ProbeNetwork implements AsyncDisposable {
  readonly #anchor: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  #families: readonly Family[] = [];

  private constructor(anchor: Deno.ChildProcess) {
    this.#anchor = anchor;
    this.#writer = anchor.stdin.getWriter();
  }

  /**
   * Builds it.
   *
   * @throws {Failure} if this process may not, or its addresses are in use here
   */
  static async create(): Promise<ProbeNetwork> {
    for (const family of FAMILIES) {
      const { network } = PROBE_RANGES[family];
      const show = [`-${family}`, "route", "show", "table", "all", "root", network];
      if ((await runTool("ip", show)).trim() === "") continue;
      throw new Failure(`the addresses of the probe, ${network}, are in use on this machine`, {
        hint: "they are set aside for documentation; or another probe is running",
      });
    }
    const made = new ProbeNetwork(spawn("unshare", ["--net", "cat"], { detached: false }));
    try {
      await made.#settle();
    } catch (error) {
      await made[Symbol.asyncDispose]();
      throw error;
    }
    return made;
  }

  /** The families in which it has a link. */
  get families(): readonly Family[] {
    return this.#families;
  }

  /**
   * Connects to some ports, one after the other.
   *
   * @param guest which of its addresses the connections come from
   */
  async reach(
    family: Family,
    guest: 0 | 1 | 2,
    targets: readonly Target[],
  ): Promise<readonly Reached[]> {
    const { hostAddress, guests } = PROBE_RANGES[family];
    const source = `dev ${THERE} src ${guests[guest]}`;
    await this.#ip([
      `-${family} route replace ${hostAddress} ${source}`,
      `-${family} route replace default via ${hostAddress} ${source}`,
    ]);
    const ports = targets.flatMap(({ address, port }) => [
      "--connect",
      family === 6 ? `[${address}]:${port}` : `${address}:${port}`,
    ]);
    const command = [...ownCommand(), "check", ...ports];
    return readJson(ANSWERS, await this.#inside(command));
  }

  /** Removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await runTool("ip", ["link", "delete", HERE]).catch((error) => {
      if (!(error instanceof C3poError)) throw error; // it was not made, or goes with the namespace
    });
    await this.#writer.close().catch(() => {}); // it has ended already
    await this.#anchor.status;
    await this.#anchor.stdout.cancel().catch(() => {});
    await this.#anchor.stderr.cancel().catch(() => {});
  }

  async #settle(): Promise<void> {
    // An echo comes back only from where the namespace is made.
    await this.#writer.write(new TextEncoder().encode("ready\n")).catch(() => {});
    const reader = this.#anchor.stdout.getReader();
    const { done } = await reader.read();
    reader.releaseLock();
    if (done) {
      const why = (await new Response(this.#anchor.stderr).text()).trim().split("\n")[0];
      throw new Failure(`cannot create a network namespace: ${why}`, {
        hint: "run c3po check --probe as root, from a shell: the service may not create any",
      });
    }
    await runTool("ip", ["-batch", "-"], {
      stdin: [
        `link add ${HERE} type veth peer name ${THERE} netns ${this.#anchor.pid}`,
        `link set ${HERE} up`,
        "",
      ].join("\n"),
    });
    await this.#ip(["link set lo up", `link set ${THERE} up`]);
    for (const family of FAMILIES) {
      if (await this.#connect(family)) this.#families = [...this.#families, family];
    }
  }

  /** @returns false where this machine has no addresses of a family */
  async #connect(family: Family): Promise<boolean> {
    const { host, guests, prefix } = PROBE_RANGES[family];
    const more = family === 6 ? " nodad" : "";
    try {
      await runTool("ip", ["address", "add", host, "dev", HERE, ...family === 6 ? ["nodad"] : []]);
      await this.#ip(guests.map((guest) => `address add ${guest}/${prefix} dev ${THERE}${more}`));
      return true;
    } catch (error) {
      if (!(error instanceof C3poError)) throw error;
      return false;
    }
  }

  async #ip(lines: readonly string[]): Promise<void> {
    for (const line of lines) {
      await runTool("nsenter", [this.#namespace, "ip", ...line.split(" ")]);
    }
  }

  get #namespace(): string {
    return `--net=/proc/${this.#anchor.pid}/ns/net`;
  }

  /** Runs a program there, with the variables of this process. */
  async #inside(command: readonly string[]): Promise<string> {
    let child: Deno.ChildProcess;
    try {
      child = new Deno.Command("nsenter", {
        args: [this.#namespace, ...command],
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
    } catch (error) {
      throw notStarted("nsenter", error);
    }
    const { code, stdout, stderr } = await patiently(
      "nsenter",
      child,
      REACH_MS,
      () => outcomeOf(child),
    );
    if (code !== 0) throw failureOf(["nsenter", this.#namespace, ...command], code, stderr);
    return stdout;
  }
}
