import type { Namespace } from "./namespace.ts";
import type { Child, RunResult } from "./process.ts";
import type { Serving } from "./serve.ts";
import { sshArgs, type Sshd } from "./sshd.ts";

/** Logs in with the real ssh at some port; true if it worked. */
export async function login(
  user: Namespace,
  sshd: Sshd,
  address: string,
  port: number,
  seconds = 20,
): Promise<boolean> {
  return (await ssh(user, sshd, address, port, ["true"], seconds)).code === 0;
}

/** Logs in by the documented way: the port of this minute. */
export async function loginNow(
  user: Namespace,
  sshd: Sshd,
  address: string,
  serving: Serving,
): Promise<boolean> {
  return await login(user, sshd, address, (await serving.ports(0)).ssh);
}

/** Runs the real ssh at some port. */
export async function ssh(
  user: Namespace,
  sshd: Sshd,
  address: string,
  port: number,
  command: readonly string[],
  seconds = 20,
): Promise<RunResult> {
  const args = [...await sshArgs(sshd), "-o", `ConnectTimeout=${seconds}`, "-p", String(port)];
  return await user.run("ssh", [...args, address, ...command]);
}

/** A session that says what it is told. */
export class Session {
  #count = 0;

  private constructor(readonly child: Child) {}

  /** Logs in, and waits until the session answers. */
  static async open(
    user: Namespace,
    sshd: Sshd,
    address: string,
    port: number,
  ): Promise<Session> {
    const args = [...await sshArgs(sshd), "-p", String(port), address, "cat"];
    const session = new Session(user.spawn("ssh", args, { stdin: "piped" }));
    await session.answers();
    return session;
  }

  /** Says something and waits until it comes back. @throws Error if the session is dead */
  async answers(): Promise<void> {
    const word = `word ${++this.#count}`;
    await this.child.write(`${word}\n`);
    await this.child.waitForLine((line) => line === word);
  }

  async close(): Promise<void> {
    await this.child.closeInput();
    await this.child.finished();
  }
}
