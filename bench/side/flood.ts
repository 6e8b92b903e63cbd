/** What if it is attacked? */
import type { EngineName } from "../../src/firewall/firewall.ts";
import { Lab, type Namespace, sshArgs, type Sshd } from "../../tests/kernel/lab.ts";
import { FLOODER, keepKnocking, program } from "../bans/measure.ts";
import { startC3po } from "./harness/c3po.ts";
import { CpuMeter, memoryOf, type Use } from "./harness/meter.ts";
import { progress } from "./harness/progress.ts";
import { startLoggingSshd } from "./harness/sshd.ts";
import { type Summary, summary } from "./harness/stats.ts";
import { PEERS } from "./peers/all.ts";
import { c3po, c3poNftables } from "./peers/c3po.ts";
import type { Peer, Running } from "./peers/peer.ts";

/** A trap that is the same in every minute. */
const TRAP = 23;

export interface Effort {
  readonly sources: number;
  /** Connections that are completed and kept. */
  readonly connections: number;
  /** Logins of an innocent client without an attack. */
  readonly logins: number;
}

export interface Attack {
  readonly name: string;
  readonly kind: string;
  readonly refused?: string;
  /** Milliseconds of an innocent client's login before, and during the attack. */
  readonly before?: Summary;
  readonly during?: Summary;
  readonly failed?: number;
  /** Seconds the attack took. */
  readonly seconds?: number;
  readonly cpuMs?: number;
  readonly memoryBefore?: Use;
  readonly memoryAfter?: Use;
}

export async function flood(effort: Effort): Promise<Attack[]> {
  const attacked = ["C3PO", "C3PO with nftables", "sshd alone", "portsentry", "endlessh"];
  const found: Attack[] = [];
  for (const peer of PEERS.filter(({ name }) => attacked.includes(name))) {
    for (const kind of ["syns", "connections"] as const) {
      if (kind === "connections" && peer.name === "portsentry") continue; // it holds none
      progress(`flood: ${kind}, ${peer.name}`);
      const { name } = peer;
      try {
        found.push({ name, kind, ...await attack(peer, kind, effort) });
      } catch (error) {
        found.push({ name, kind, refused: String(error).split("\n")[0]!.slice(0, 300) });
      }
    }
  }
  return found;
}

async function attack(
  peer: Peer,
  kind: "syns" | "connections",
  { sources, connections, logins }: Effort,
): Promise<Omit<Attack, "name" | "kind">> {
  await using lab = await Lab.create();
  const { server, user, attacker } = lab;
  await lab.addRange(attacker, "10.128.0.0/9");
  const sshd = await startLoggingSshd(server);
  const running = peer === c3po || peer === c3poNftables
    ? await guarded(server, attacker, { kind, engine: peer === c3po ? "iptables" : "nftables" })
    : await peer.start(server, sshd.log);
  const { offence } = running;
  const port = offence.kind === "none" || offence.kind === "logins" ? 22 : await offence.port();
  const log = () => login(user, server, sshd, running);
  await log();
  const before: number[] = [];
  for (let i = 0; i < logins; i++) before.push((await log()).ms);
  const pid = running.pid;
  const memoryBefore = pid === null ? null : await memoryOf(pid);
  await using meter = pid === null ? null : await CpuMeter.on(pid);
  const began = performance.now();
  const child = kind === "syns"
    ? attacker.spawn(
      Deno.execPath(),
      program(FLOODER, [server.address4, port, "10.130.0.0", sources]),
    )
    : keepKnocking(attacker, "crowd", server.address4, port, connections, 0);
  let over = false, seconds = 0;
  const ended = kind === "syns"
    ? child.status
    : child.waitForLine(/^all in$/, 60_000).catch(() => null);
  ended.then(() => {
    over = true;
    seconds = (performance.now() - began) / 1000;
  });
  const during: { ms: number; code: number }[] = [];
  do during.push(await log()); while (!over || during.length < 3);
  const good = during.filter(({ code }) => code === 0);
  const memoryAfter = pid === null ? null : await memoryOf(pid);
  return {
    before: summary(before),
    ...good.length === 0 ? {} : { during: summary(good.map(({ ms }) => ms)) },
    failed: during.length - good.length,
    seconds,
    ...meter === null ? {} : { cpuMs: await meter.ms() },
    ...memoryBefore === null ? {} : { memoryBefore },
    ...memoryAfter === null ? {} : { memoryAfter },
  };
}

/** C3PO with a trap that stays, which the crowd of connections may touch more than once. */
async function guarded(
  server: Namespace,
  attacker: Namespace,
  { kind, engine }: { readonly kind: Attack["kind"]; readonly engine: EngineName },
): Promise<Running> {
  const crowd = kind === "connections" ? ["--allow", attacker.address4] : [];
  const args = ["--firewall", engine, "--tripwire", String(TRAP), ...crowd];
  const serve = await startC3po(server, args);
  return {
    pid: serve.child.pid,
    sshPort: async () => (await serve.ports()).ssh,
    offence: { kind: "syn", port: () => Promise.resolve(TRAP) },
  };
}

async function login(
  user: Namespace,
  server: Namespace,
  sshd: Sshd,
  running: Running,
): Promise<{ ms: number; code: number }> {
  const words = [...await sshArgs(sshd), "-p", String(await running.sshPort()), server.address4];
  const began = performance.now();
  const { code } = await user.run("ssh", [...words, "true"]);
  return { ms: performance.now() - began, code };
}
