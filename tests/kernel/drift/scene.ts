import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  type Filter,
  foreign,
  Lab,
  login,
  loginNow,
  ours,
  type Serving,
  snapshot,
  type Sshd,
  startServe,
  startSshd,
  syn,
  waitFor,
} from "../lab.ts";

/** What another tool does: its name, commands of a shell, and what the log says is gone. */
export type Disturbance = readonly [what: string, commands: string, gone: RegExp];

/** A server whose rules are disturbed. */
export class Scene implements AsyncDisposable {
  private constructor(
    readonly lab: Lab,
    readonly engine: Filter,
    readonly sshd: Sshd,
    readonly serve: Serving,
    /** C3PO's rules as they are when all is well. */
    readonly whole: readonly string[],
  ) {}

  static async create(engine: Filter): Promise<Scene> {
    const lab = await Lab.create();
    try {
      const sshd = await startSshd(lab.server);
      const serve = await startServe(lab.server, { engine });
      return new Scene(lab, engine, sshd, serve, ours(await snapshot(lab.server)));
    } catch (error) {
      await lab[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Lets another tool do its work, and sees that C3PO's is done again, and no one else's. */
  async disturb([what, commands, gone]: Disturbance): Promise<void> {
    const before = this.serve.child.lines.length;
    try {
      await this.lab.server.must("sh", ["-c", commands]);
      const theirs = foreign(await snapshot(this.lab.server));
      // A tool that takes its time may be met in the middle of its work: then there is a second warning.
      await this.serve.event("firewall_drift", gone, before);
      await this.isWhole(before);
      assertEquals(foreign(await snapshot(this.lab.server)), theirs);
    } catch (error) {
      throw new Error(`${what}:\n${this.serve.child.text()}`, { cause: error });
    }
  }

  /** Waits until all is as it should be, and sees that it works. @param after so many lines of the log */
  async isWhole(after: number): Promise<void> {
    const { server, user, attacker } = this.lab;
    await this.serve.event("firewall_restored", "", after);
    await waitFor(async () => assertEquals(ours(await snapshot(server)), this.whole) ?? true, {
      what: "return of the rules",
    });
    for (const address of [server.address4, server.address6]) {
      assert(await loginNow(user, this.sshd, address, this.serve));
      assertEquals(await login(user, this.sshd, address, this.sshd.port, 1), false);
    }
    const [trap] = (await this.serve.ports()).traps;
    await syn(attacker, server.address4, trap!);
    assertEquals(await syn(attacker, server.address4, (await this.serve.ports()).ssh), "closed");
  }

  /** Ends it; nothing of C3PO's is left. */
  async end(): Promise<void> {
    assertEquals((await this.serve.stop()).code, 0);
    assertMatch(await snapshot(this.lab.server), /^(?![\s\S]*c3po)/i);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
  }
}
