// Firewalls of others as they really are: what C3PO says of them, that its ports answer beside them, and that it
// comes back when they load their rules again.
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  engineTest,
  type Filter,
  FILTERS,
  Firewalld,
  foreign,
  Lab,
  login,
  loginNow,
  must,
  ours,
  type Serving,
  snapshot,
  spawnServe,
  type Sshd,
  startServe,
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
    readonly serve: Serving,
    readonly whole: readonly string[],
  ) {}

  /** Starts C3PO where ssh is shut, and sees that it opens it. */
  static async begin(lab: Lab, sshd: Sshd, engine: Filter, args: string[] = []): Promise<Scene> {
    const { user, server, attacker } = lab;
    const before = await snapshot(server);
    assertEquals(await login(user, sshd, server.address4, sshd.port, 1), false);
    const serve = await startServe(server, { engine, args });
    const scene = new Scene(lab, sshd, before, serve, ours(await snapshot(server)));
    await scene.logIn();
    const [trap] = (await serve.ports()).traps;
    assertEquals(await syn(attacker, server.address4, trap!), "open");
    return scene;
  }

  async logIn(): Promise<void> {
    const { user, server } = this.lab;
    for (const address of [server.address4, server.address6]) {
      assert(await loginNow(user, this.sshd, address, this.serve), address);
    }
    assertEquals(await login(user, this.sshd, server.address4, this.sshd.port, 1), false);
  }

  /** Has the other firewall load its rules again, which leaves ours alone. */
  async reload(action: () => Promise<unknown>): Promise<void> {
    await this.withstand(action);
    assertEquals(this.serve.events("firewall_drift"), []);
  }

  /** Has the other firewall load its rules again, which takes ours away; they come back. */
  async disturb(action: () => Promise<unknown>): Promise<void> {
    const from = this.serve.child.lines.length;
    await this.withstand(async () => {
      await action();
      await this.serve.event("firewall_drift", "", from);
      await this.serve.event("firewall_restored", "", from);
    });
  }

  /** Has the other firewall load its rules again, whatever that does to ours: they are there afterwards. */
  async withstand(action: () => Promise<unknown>): Promise<void> {
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

engineTest("ufw that denies all", async (engine) => {
  await using lab = await Lab.create();
  const sshd = await startSshd(lab.server);
  const ufw = await Ufw.install(lab.server, engine === "iptables-legacy" ? "legacy" : "nft");
  await ufw.run("--force", "enable");
  await ufw.run("reload"); // the first time it loads some rules less
  await keepsOut(lab, sshd, engine);
  const scene = await Scene.begin(lab, sshd, engine, ["--open-firewall"]);
  const reload = (): Promise<unknown> => ufw.run("reload");
  await scene.reload(reload);
  await ufw.set({ MANAGE_BUILTINS: "yes" }); // to reload is to flush all that is there
  const told = (): number =>
    // C3PO may load all for the new policy before it misses any rule.
    ["firewall_drift", "refusal_changed"].flatMap((event) => scene.serve.events(event)).length;
  const before = told();
  await scene.withstand(reload);
  await waitFor(() => told() > before, { what: "a word of the flush" });
  await scene.end();
}, FILTERS);

/** Unless it is asked to, C3PO opens no firewall; it says what to add. */
async function keepsOut(lab: Lab, sshd: Sshd, engine: Filter): Promise<void> {
  const before = await snapshot(lab.server);
  const serve = await startServe(lab.server, { engine });
  assertMatch(await serve.event("firewall_denies"), / next=".+"$/);
  const { ssh } = await serve.ports();
  assertEquals(await login(lab.user, sshd, lab.server.address4, ssh, 1), false);
  await serve.stop();
  assertEquals(await snapshot(lab.server), before);
}

/** firewalld lets in what other rules have redirected, so there is nothing to open. */
engineTest("firewalld with iptables", async (engine) => {
  await using lab = await Lab.create();
  const sshd = await startSshd(lab.server);
  const firewalld = await Firewalld.install(lab.server, {
    backend: "iptables",
    iptables: engine === "iptables-legacy" ? "legacy" : "nft",
  });
  await firewalld.start();
  await firewalld.cmd("--permanent", "--remove-service=ssh");
  await firewalld.cmd("--reload");
  const endsNat = /-j ACCEPT$/m.test(
    await lab.server.must(engine === "iptables" ? "iptables-nft-save" : "iptables-legacy-save", [
      "-t",
      "nat",
    ]),
  );
  if (endsNat) { // as of version 2.5
    const refused = await spawnServe(lab.server, { engine });
    assertEquals((await refused.child.finished()).code, 1);
    assertMatch(
      refused.child.text(),
      /ends nat .*\nc3po: hint: use c3po serve --firewall nftables/,
    );
  }
  const scene = await Scene.begin(lab, sshd, endsNat ? "nftables" : engine);
  const act = (action: () => Promise<unknown>): Promise<void> =>
    endsNat ? scene.reload(action) : scene.disturb(action);
  await act(() => firewalld.cmd("--reload"));
  await act(async () => {
    await firewalld.stop();
    await firewalld.start();
  });
  await scene.end();
}, ["iptables", "iptables-legacy"]);

engineTest("firewalld as it is by default, in a table of its own", async (engine) => {
  await using lab = await Lab.create();
  const sshd = await startSshd(lab.server);
  const firewalld = await Firewalld.install(lab.server, { backend: "nftables" });
  await firewalld.start();
  await firewalld.cmd("--permanent", "--remove-service=ssh");
  await firewalld.cmd("--reload");
  const scene = await Scene.begin(lab, sshd, engine);
  assertEquals(scene.serve.events("firewall_denies"), []);
  // Before version 2 it empties the tables of iptables as well, though it has nothing in them; those of others it
  // leaves.
  const [, major] = /^(\d+)\./.exec(await must("firewall-offline-cmd", ["--version"]))!;
  const isLeft = engine === "nftables" || Number(major) >= 2;
  const act = (action: () => Promise<unknown>): Promise<void> =>
    isLeft ? scene.reload(action) : scene.disturb(action);
  await act(() => firewalld.cmd("--reload"));
  await act(async () => {
    await firewalld.stop();
    await firewalld.start();
  });
  await scene.end();
});
