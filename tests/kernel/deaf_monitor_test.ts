import { assertEquals } from "@std/assert";
import {
  kernelTest,
  Lab,
  loginNow,
  must,
  ours,
  serveWith,
  snapshot,
  startSshd,
  waitFor,
} from "./lab.ts";

kernelTest(
  "rules that go while the monitor is stopped are back, and another one listens",
  async () => {
    await using lab = await Lab.create({ peers: ["user"] });
    const sshd = await startSshd(lab.server);
    const serve = await serveWith(lab.server);
    const whole = ours(await snapshot(lab.server));
    const monitor = async () =>
      (await must("pgrep", ["-P", String(serve.pid), "-x", "xtables-monitor"])).trim();
    const deaf = await waitFor(monitor, { what: "monitor" });
    await must("kill", ["-STOP", deaf]);
    // The first times the rules may be read anyway: a new monitor is not trusted at once.
    const noticed = () => serve.text().includes("xtables-monitor says nothing of rules that went");
    await waitFor(async () => {
      const from = serve.lines.length;
      await lab.server.must("sh", ["-c", "iptables -F; ip6tables -t nat -F"]);
      await serve.waitForLine(/whole again/, 60_000, from);
      return noticed();
    }, { what: "notice of the silence" });
    assertEquals(ours(await snapshot(lab.server)), whole);
    assertEquals(await loginNow(lab.user, sshd, lab.server.address6), true);
    await waitFor(async () => await monitor() !== deaf, {
      what: "another monitor",
    });
    assertEquals((await serve.stop()).code, 0);
  },
);
