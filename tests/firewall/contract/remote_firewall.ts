import type {
  Activity,
  Ban,
  Drift,
  EngineReport,
  Firewall,
  Forwards,
  Obstacle,
  Refusal,
  Trust,
} from "../../../src/firewall/firewall.ts";
import type { Policy } from "../../../src/firewall/policy.ts";
import type { Address, Family } from "../../../src/os/address.ts";
import { Failure } from "../../../src/os/errors.ts";
import { ToolFailure } from "../../../src/os/tool_failure.ts";
import type { Window } from "../../../src/schedule/windows.ts";
import type { Thrown } from "./agent.ts";
import type { Wire } from "./wire.ts";

/** An engine in the namespace of a server, by way of `agent.ts`. */
export class RemoteFirewall implements Firewall {
  readonly engine: Firewall["engine"];
  readonly #wire: Wire;
  readonly #watchers = new Set<(by: string | null) => void>();

  constructor(engine: Firewall["engine"], wire: Wire) {
    this.engine = engine;
    this.#wire = wire;
  }

  examine(): Promise<EngineReport> {
    return this.#call("examine");
  }

  adopt(): Promise<boolean> {
    return this.#call("adopt");
  }

  load(policy: Policy, windows: readonly Window[]): Promise<void> {
    return this.#call("load", policy, windows);
  }

  open(windows: readonly Window[]): Promise<void> {
    return this.#call("open", windows);
  }

  ban(bans: readonly Ban[]): Promise<readonly Refusal[]> {
    return this.#call("ban", bans);
  }

  unban(addresses: readonly Address[]): Promise<void> {
    return this.#call("unban", addresses);
  }

  unbanAll(): Promise<void> {
    return this.#call("unbanAll");
  }

  banShared(bans: readonly Ban[]): Promise<readonly Refusal[]> {
    return this.#call("banShared", bans);
  }

  unbanShared(addresses: readonly Address[]): Promise<void> {
    return this.#call("unbanShared", addresses);
  }

  bans(most: number): Promise<readonly Ban[] | null> {
    return this.#call("bans", most);
  }

  /** All at once: the agent has put the parts together. */
  async everyBan(): Promise<AsyncIterable<readonly Ban[]> | null> {
    const bans = await this.#call<readonly Ban[] | null>("everyBan");
    return bans === null ? null : (async function* () {
      yield await Promise.resolve(bans);
    })();
  }

  countBans(): Promise<Readonly<Record<Family, number>> | null> {
    return this.#call("countBans");
  }

  trust(trusted: readonly Trust[]): Promise<readonly Refusal[]> {
    return this.#call("trust", trusted);
  }

  distrustAll(): Promise<void> {
    return this.#call("distrustAll");
  }

  allow(networks: readonly Address[]): Promise<readonly Refusal[]> {
    return this.#call("allow", networks);
  }

  disallow(networks: readonly Address[]): Promise<void> {
    return this.#call("disallow", networks);
  }

  allowed(): Promise<readonly Address[]> {
    return this.#call("allowed");
  }

  look(): Promise<Activity> {
    return this.#call("look");
  }

  drift(): Promise<readonly Drift[]> {
    return this.#call("drift");
  }

  /** It goes on until the signal is aborted, and on the other side as long as the engine does. */
  async watch(changed: (by: string | null) => void, signal: AbortSignal): Promise<void> {
    this.#watchers.add(changed);
    const { promise, resolve } = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => resolve(), { once: true });
    const watching = this.#call<void>("watch").catch((error) => {
      if (!signal.aborted) throw error;
    });
    await Promise.race([promise, watching]);
    this.#watchers.delete(changed);
  }

  async forwards(): Promise<Forwards> {
    const { ports, unreadable } = await this.#call<
      { ports: readonly number[]; unreadable: readonly string[] }
    >("forwards");
    return { ports: new Set(ports), unreadable };
  }

  obstacles(policy: Policy): Promise<readonly Obstacle[]> {
    return this.#call("obstacles", policy);
  }

  isLoaded(): Promise<boolean> {
    return this.#call("isLoaded");
  }

  remove(hasSuccessor = false): Promise<void> {
    return this.#call("remove", hasSuccessor);
  }

  preview(): Promise<string> {
    throw new Error("a preview is a matter of text, not of the kernel");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#wire[Symbol.asyncDispose]();
  }

  /** Told of what the agent says by itself. */
  told(line: Record<string, unknown>): void {
    for (const changed of this.#watchers) changed(line.changed as string | null);
  }

  async #call<T>(method: keyof Firewall, ...args: unknown[]): Promise<T> {
    return await this.#wire.ask({ method, args }) as T;
  }
}

/** An error of the engine, as its own side would have caught it. */
export function errorOf({ message, isFailure, tool, code, hint, isMissing, stack }: Thrown): Error {
  if (!isFailure) return new Error(`the engine broke: ${stack ?? message}`);
  if (tool === undefined) return new Failure(message, hint === undefined ? {} : { hint });
  const how = message.slice(message.indexOf(": ") + 2);
  return new ToolFailure(tool, code ?? null, how, hint, isMissing);
}
