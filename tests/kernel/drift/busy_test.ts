import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { kernelTest, Lab, legacyTools, ours, snapshot, startServe } from "../lab.ts";

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

/** Another tool at work: as long as it has steps left, each reading finds one more rule of its. */
const STEPPING_SAVE = `#!/bin/sh
cd "\${0%/*}"
left=$(cat steps)
if [ "$left" -gt 0 ]; then
	iptables-legacy --wait 5 -A INPUT -s "198.18.$((left / 250)).$((left % 250 + 1))" -j DROP
	echo $((left - 1)) >steps
fi
exec iptables-legacy-save "$@"
`;

/** Notes how many steps were left whenever rules of chains that others have are changed. */
const NOTING_RESTORE = `#!/bin/sh
cd "\${0%/*}"
text=$(cat)
case "$text" in *"-I INPUT"*) cat steps >>restored ;; esac
printf '%s\\n' "$text" | iptables-legacy-restore "$@"
`;

/** How many steps another tool has left when C3PO puts back the legacy rules that it took away. */
const CASES: readonly (readonly [name: string, steps: number, left: RegExp])[] = [
  ["comes back once another tool is done", 6, /^0\n/],
  ["comes back, also if another tool is never done", 1000, /^9\d\d\n/],
];

for (const [name, steps, left] of CASES) {
  kernelTest(`with legacy iptables what is gone ${name}`, async () => {
    await using lab = await Lab.create({ peers: ["user"] });
    const { server } = lab;
    const tools = await legacyTools(server);
    const write = async (name: string, text: string): Promise<void> => {
      await Deno.remove(join(tools, name)).catch(() => {}); // the link, not what it leads to
      await Deno.writeTextFile(join(tools, name), text, { mode: 0o755 });
    };
    await write("steps", "0\n");
    await write("iptables-save", STEPPING_SAVE);
    await write("iptables-restore", NOTING_RESTORE);
    const serve = await startServe(server, { engine: "iptables-legacy", tools });
    const whole = ours(await snapshot(server));
    await write("restored", "");
    await write("steps", `${steps}\n`);
    await server.must("iptables-legacy", ["-F"]);
    await serve.event("firewall_restored");
    assertMatch(await Deno.readTextFile(join(tools, "restored")), left);
    assertEquals(ours(await snapshot(server)), whole);
    assertEquals((await serve.stop()).code, 0);
  }, "iptables-legacy");
}
