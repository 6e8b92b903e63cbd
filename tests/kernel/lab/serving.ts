import { join } from "@std/path";
import { parseKey } from "../../../src/core/key.ts";
import { minuteAt } from "../../../src/core/minute.ts";
import { type MinutePorts, Schedule } from "../../../src/core/schedule.ts";
import { c3poCommand, CHECKOUT, denoDirectory } from "./c3po.ts";
import type { Namespace } from "./namespace.ts";
import type { Child, RunResult } from "./process.ts";
import { sshArgs, type Sshd } from "./sshd.ts";

/** Wide of every service of the laboratory. */
const KEY = `c3po-1-${"A".repeat(43)}?ports=20000-40000`;

/** How a `serve` of a test runs. */
export interface ServeOptions {
  readonly args?: readonly string[];
  /** A directory that lies over /usr/local/sbin, where tools are looked for first. */
  readonly tools?: string;
  /** How far its clock, and that of `ports()`, is ahead of the machine's, in milliseconds. */
  readonly aheadMs?: number;
  /** Shell commands that prepare the mounts or settings it runs among. */
  readonly prepare?: string;
  readonly env?: Record<string, string>;
}

/** Writes the key of the laboratory to where a `serve` on this machine is told to find it. */
async function writeLabKey(server: Namespace): Promise<string> {
  const file = join(server.directory, "key");
  await Deno.writeTextFile(file, KEY + "\n", { mode: 0o600 });
  return file;
}

/** Starts `c3po serve`, without waiting for anything. */
export async function spawnServeWith(
  server: Namespace,
  options: ServeOptions = {},
): Promise<Child> {
  const { args, env } = await serveCommand(server, options);
  return server.spawn("sh", args, { env });
}

/** Starts `c3po serve` and waits until it serves. */
export async function serveWith(server: Namespace, options: ServeOptions = {}): Promise<Child> {
  const serve = await spawnServeWith(server, options);
  await serve.waitForLine(/ started /, 60_000);
  return serve;
}

/** Runs `c3po serve` to its end. */
export async function runServeWith(
  server: Namespace,
  options: ServeOptions = {},
): Promise<RunResult> {
  const { args, env } = await serveCommand(server, options);
  return await server.run("sh", args, { env });
}

async function serveCommand(
  server: Namespace,
  { args = [], tools, aheadMs = 0, prepare = "true", env = {} }: ServeOptions,
): Promise<{ args: string[]; env: Record<string, string> }> {
  const command = aheadMs === 0 ? c3poCommand() : [
    ...[Deno.execPath(), "run", "--no-prompt", "-A"],
    join(CHECKOUT, "tests/kernel/lab/ahead.ts"),
  ];
  const mount = tools === undefined ? "true" : `mount --bind '${tools}' /usr/local/sbin`;
  return {
    // What `ip netns exec` runs has mounts of its own: none of these is seen outside.
    args: [
      ...["-c", `${mount} && { ${prepare}; } && exec "$@"`, "sh"],
      ...[...command, "serve", "--key", await writeLabKey(server), ...args],
    ],
    env: {
      HOME: server.home,
      STATE_DIRECTORY: server.stateDirectory,
      RUNTIME_DIRECTORY: server.runtimeDirectory,
      DENO_DIR: denoDirectory(),
      C3PO_TEST_AHEAD: String(aheadMs),
      ...env,
    },
  };
}

/** The ports of this moment, as a client computes them. */
export async function portsNow(aheadMs = 0, traps = 15): Promise<MinutePorts> {
  const schedule = await Schedule.of(parseKey(KEY));
  return await schedule.ports(minuteAt(Date.now() + aheadMs), traps);
}

/** Logs in with the real ssh at some port; true if it worked. */
export async function login(
  user: Namespace,
  sshd: Sshd,
  address: string,
  port: number,
  seconds = 2,
): Promise<boolean> {
  const args = [...await sshArgs(sshd), "-o", `ConnectTimeout=${seconds}`, "-p", String(port)];
  return (await user.run("ssh", [...args, address, "true"])).code === 0;
}

/** Logs in by the documented way: the port of this minute. */
export async function loginNow(
  user: Namespace,
  sshd: Sshd,
  address: string,
  aheadMs = 0,
): Promise<boolean> {
  return await login(user, sshd, address, (await portsNow(aheadMs)).ssh);
}

/** A directory of tools, for `ServeOptions.tools`, in which `iptables` is the one of the older kind. */
export async function legacyTools(server: Namespace): Promise<string> {
  const folder = join(server.directory, "legacy-tools");
  await Deno.mkdir(folder);
  for (const name of ["iptables", "ip6tables"]) {
    for (const part of ["", "-save", "-restore"]) {
      await Deno.symlink(`/usr/sbin/${name}-legacy${part}`, join(folder, `${name}${part}`));
    }
  }
  return folder;
}
