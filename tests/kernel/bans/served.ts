import { join } from "@std/path";
import { minuteAt } from "../../../src/core/minute.ts";
import { parseKey } from "../../../src/core/key.ts";
import { type MinutePorts, Schedule } from "../../../src/core/schedule.ts";
import { type Child, type Namespace, type RunResult, sshArgs, type Sshd, startSshd } from "../lab.ts";

const KEY = "c3po-1-" + "k".repeat(42) + "k";

/** A port outside the schedule's range, for `--tripwire`: a trap in every minute. */
export const TRAP = 23;

/** A ban, as `c3po ban list --json` tells it. */
export interface Listed {
  address: string;
  family: number;
  seconds: number | null;
  offences: number;
  lastPort: number | null;
}

/** A `serve` on a machine of the laboratory, with a real sshd behind it. */
export class Served {
  #child: Child | undefined;

  private constructor(
    readonly machine: Namespace,
    readonly sshd: Sshd,
    readonly schedule: Schedule,
    readonly options: string[],
  ) {}

  /** Starts sshd and serve. {@linkcode TRAP} is a trap. */
  static async start(machine: Namespace, options: string[] = []): Promise<Served> {
    const keyFile = join(machine.directory, "key");
    await Deno.writeTextFile(keyFile, KEY + "\n", { mode: 0o600 });
    const sshd = await startSshd(machine);
    const schedule = await Schedule.of(parseKey(KEY));
    const fixed = ["--key", keyFile, "--tripwire", String(TRAP)];
    const served = new Served(machine, sshd, schedule, [...fixed, ...options]);
    await served.startAgain();
    return served;
  }

  /** Starts serve, as it was or with other options, by another command (`prlimit --nofile=300`). */
  async startAgain(options = this.options, before: string[] = []): Promise<void> {
    this.#child = this.machine.spawnC3po(["serve", ...options], {}, before);
    await this.#child.waitForLine(/ started /, 30_000);
  }

  get child(): Child {
    return this.#child!;
  }

  /** Ends serve and waits until it has cleaned up. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    await this.child.stop(signal);
  }

  /** The ports of this moment. */
  ports(traps = 15): Promise<MinutePorts> {
    return this.schedule.ports(minuteAt(Date.now()), traps);
  }

  /** The bans, as a user sees them. */
  async bans(): Promise<Listed[]> {
    return JSON.parse(await this.must("ban", "list", "--json"));
  }

  /** Runs c3po beside serve; it has to succeed. Returns stdout. */
  async must(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.machine.c3po(args);
    if (code !== 0) throw new Error(`c3po ${args.join(" ")}: exit code ${code}: ${stderr}`);
    return stdout;
  }

  /** Logs in with the real ssh through the port of the moment. */
  async login(from: Namespace, address: string, command = "true"): Promise<RunResult> {
    const args = await sshArgs(this.sshd);
    const { ssh } = await this.ports(0);
    return await from.run("ssh", [...args, "-p", String(ssh), address, command]);
  }
}
