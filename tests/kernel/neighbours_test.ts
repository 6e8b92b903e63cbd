// Firewalls of others as they really are: what C3PO says of them, that its ports answer beside them, and that it
// comes back when they load their rules again.
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  type Child,
  Firewalld,
  foreign,
  kernelTest,
  Lab,
  legacyTools,
  login,
  loginNow,
  ours,
  portsNow,
  serveWith,
  snapshot,
  type Sshd,
  startSshd,
  syn,
  Ufw,
  waitFor,
} from "./lab.ts";

/** A server with another firewall, and C3PO beside it. */
class Scene {
  private constructor(
    readonly lab: Lab,
    readonly sshd: Sshd,
    readonly before: string,
    readonly serve: Child,
    readonly whole: readonly string[],
  ) {}

  /** Starts C3PO where ssh is shut, and sees that it opens it. */
  static async begin(lab: Lab, sshd: Sshd, backend: "nft" | "legacy"): Promise<Scene> {
    const { user, server, attacker } = lab;
    const before = await snapshot(server);
    const tools = backend === "legacy" ? { tools: await legacyTools(server) } : {};
    assertEquals(await login(user, sshd, server.address4, sshd.port, 1), false);
    const serve = await serveWith(server, tools);
    const scene = new Scene(lab, sshd, before, serve, ours(await snapshot(server)));
    await scene.logIn();
    const [trap] = (await portsNow()).traps;
    assertEquals(await syn(attacker, server.address4, trap!), "open");
    return scene;
  }

  async logIn(): Promise<void> {
    const { user, server } = this.lab;
    assert(await loginNow(user, this.sshd, server.address4));
    assert(await loginNow(user, this.sshd, server.address6));
    assertEquals(await login(user, this.sshd, server.address4, this.sshd.port, 1), false);
  }

  /** Has the other firewall load its rules again, which leaves ours alone. */
  async reload(action: () => Promise<unknown>): Promise<void> {
    await this.#isWholeAfter(action);
    assertEquals(this.serve.text().includes("another tool"), false, this.serve.text());
  }

  /** Has the other firewall load its rules again, which takes ours away; they come back. */
  async disturb(action: () => Promise<unknown>, gone: RegExp): Promise<void> {
    const from = this.serve.lines.length;
    await this.#isWholeAfter(async () => {
      await action();
      const warning = await this.serve.waitForLine(/another tool changed/, 60_000, from);
      assertMatch(warning, gone);
      await this.serve.waitForLine(/whole again/, 60_000, from);
    });
  }

  async #isWholeAfter(action: () => Promise<unknown>): Promise<void> {
    await action();
    const { server } = this.lab;
    await waitFor(async () => assertEquals(ours(await snapshot(server)), this.whole) ?? true, {
      what: "return of the rules",
    });
    assertEquals(foreign(await snapshot(server)), foreign(this.before));
    await this.logIn();
  }

  /** Ends C3PO; the other firewall is as it was. */
  async end(): Promise<void> {
    assertEquals((await this.serve.stop()).code, 0);
    assertEquals(await snapshot(this.lab.server), this.before);
  }
}

/** What `c3po check` says of other firewalls. */
async function firewalls(lab: Lab): Promise<string> {
  const env = { C3PO_SECRET: "classic:a secret of the check" };
  const { code, stdout } = await lab.server.c3po(["check"], { env });
  assertEquals(code, 0, stdout);
  return stdout.split("\n").filter((line) => /^\w+ +firewall /.test(line)).join("\n");
}

for (const backend of ["nft", "legacy"] as const) {
  kernelTest(`ufw that denies all, with iptables-${backend}`, async () => {
    await using lab = await Lab.create();
    const sshd = await startSshd(lab.server);
    const ufw = await Ufw.install(lab.server, backend);
    await ufw.run("--force", "enable");
    await ufw.run("reload"); // the first time it loads some rules less
    if (backend === "nft") {
      assertMatch(await firewalls(lab), /^ok +firewall +ufw: left as they are$/);
    }
    const scene = await Scene.begin(lab, sshd, backend);
    await scene.reload(() => ufw.run("reload"));
    await ufw.set({ MANAGE_BUILTINS: "yes" }); // to reload is to flush all that is there
    await scene.disturb(() => ufw.run("reload"), /gone=".*filter C3PO-IN/);
    await scene.end();
  });

  kernelTest(`firewalld with iptables-${backend}`, async () => {
    await using lab = await Lab.create();
    const sshd = await startSshd(lab.server);
    const firewalld = await Firewalld.install(lab.server, {
      backend: "iptables",
      iptables: backend,
    });
    await firewalld.start();
    await firewalld.cmd("--permanent", "--remove-service=ssh");
    await firewalld.cmd("--reload");
    if (backend === "nft") assertMatch(await firewalls(lab), /firewalld: left as they are$/);
    const scene = await Scene.begin(lab, sshd, backend);
    await scene.disturb(() => firewalld.cmd("--reload"), /gone="IPv4 /);
    await scene.disturb(async () => {
      await firewalld.stop();
      await firewalld.start();
    }, /gone="IPv4 /);
    await scene.end();
  });
}

kernelTest("firewalld as it is by default, in tables of its own", async () => {
  await using lab = await Lab.create();
  const sshd = await startSshd(lab.server);
  const firewalld = await Firewalld.install(lab.server, { backend: "nftables" });
  await firewalld.start();
  await firewalld.cmd("--permanent", "--remove-service=ssh");
  await firewalld.cmd("--reload");
  const table = () => lab.server.must("nft", ["list", "table", "inet", "firewalld"]);
  const before = await table();
  assertMatch(await firewalls(lab), /^ok +firewall +firewalld: left as they are$/);
  const scene = await Scene.begin(lab, sshd, "nft");
  // It empties the tables of iptables as well, though it has nothing in them.
  await scene.disturb(() => firewalld.cmd("--reload"), /gone="IPv4 rules, IPv6 rules"/);
  await scene.disturb(async () => {
    await firewalld.stop();
    await firewalld.start();
  }, /gone="IPv4 rules, IPv6 rules"/);
  await scene.end();
  assertEquals(await table(), before);
});
