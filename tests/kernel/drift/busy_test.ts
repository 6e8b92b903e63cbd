import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { kernelTest, Lab, ours, snapshot, startServe } from "../lab.ts";

/** Goes on changing rules of its own, until something is so. */
const CHANGE_UNTIL = (so: string): string =>
  `while ! ${so}; do iptables -N busy; iptables -X busy; done`;

/** Each change of the other tool's can make one of ours begin again, and on an idle machine it makes many. */
const AGAINST_ALL_MS = 480_000;

kernelTest("a tool that is at work on the rules is not got in the way of", async () => {
  await using lab = await Lab.create({ peers: ["user"] });
  const serve = await startServe(lab.server, { engine: "iptables" });
  const whole = ours(await snapshot(lab.server));
  // As ufw does, with its builtins managed: a chain that is in use again is an error to it.
  const reload = "t=${EPOCHREALTIME/./}; iptables -F; ip6tables -F; " +
    CHANGE_UNTIL("(( ${EPOCHREALTIME/./} - t > 1000000 ))") + "; ip6tables -X && iptables -X";
  await lab.server.must("bash", ["-c", reload]);
  await serve.event("firewall_restored");
  assertEquals(ours(await snapshot(lab.server)), whole);
  assertEquals((await serve.stop()).code, 0);
});

kernelTest("a tool that never stops changing rules does not keep ours away", async () => {
  await using lab = await Lab.create({ peers: ["user"] });
  const serve = await startServe(lab.server, { engine: "iptables" });
  const whole = ours(await snapshot(lab.server));
  const done = join(lab.server.directory, "done");
  const script = "iptables -F; " + CHANGE_UNTIL('[ -e "$0" ]');
  const changing = lab.server.must("bash", ["-c", script, done]);
  try {
    await serve.child.waitForLine(/ event=firewall_restored\b/, AGAINST_ALL_MS);
  } finally {
    await Deno.writeTextFile(done, "");
    await changing;
  }
  assertEquals(ours(await snapshot(lab.server)), whole);
  assertEquals((await serve.stop()).code, 0);
});
