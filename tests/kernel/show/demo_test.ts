import { assert, assertEquals, assertMatch } from "@std/assert";
import { c3poCommand, kernelTest, must, Pane, run, waitFor } from "../lab.ts";

/** Long enough for the end of a minute to come, and for the story, on a busy machine. */
const STORY_MS = 150_000;

const STEPS = [
  "A server as there are many",
  "C3PO takes the port away",
  "The user logs in, at the first try",
  "The attacker scans again",
  "The ban runs out",
  "A change of minute",
  "Nothing is left behind",
];

/** How many of each kind of namespace somebody holds. */
async function namespaces(): Promise<Set<string>> {
  const text = await must("lsns", ["--noheadings", "--output", "NS,COMMAND"]);
  return new Set(
    text.split("\n").filter((line) => /\bcat\b|demo|sshd|serve/.test(line)).map((line) =>
      line.trim().split(/\s+/)[0]!
    ),
  );
}

/** The processes that a demo of this test started, as seen from outside. */
async function processesOf(mark: string): Promise<string[]> {
  const { stdout } = await run("ps", ["-eo", "pid=,args="]);
  return stdout.split("\n").filter((line) => line.includes(mark) && !line.includes("ps -eo"));
}

/** Waits until nothing is left of namespaces that were not there before. */
async function allGone(before: Set<string>, mine: Set<string>): Promise<void> {
  await waitFor(async () => {
    const now = await namespaces();
    return [...mine].every((each) => before.has(each) || !now.has(each));
  }, { deadlineMs: 10_000, what: "end of the demo's namespaces" });
}

kernelTest("demo --fast tells the whole story in a terminal, with true answers", async () => {
  await using pane = await Pane.open({ columns: 110, rows: 400 });
  await pane.c3po("demo", "--fast");
  const lines = await pane.waitFor(/are gone now\.\n(.*\n)*\$/, STORY_MS);
  const text = lines.join("\n");
  const steps = lines.flatMap((line) => /^── \d {2}(.*?) ─+$/.exec(line)?.[1] ?? []);
  assertEquals(steps.toSorted(), STEPS.toSorted());

  assertMatch(text, /^ {2}22\/tcp open {2}ssh$/m, "a plain server shows its sshd");
  assertMatch(text, /^ {2}serve\| .* info started ssh_port=22 /m);
  assertMatch(text, /^ {4}S SSH \d+/m, "status shows the map");
  const [, ssh] = /^user\$ c3po port\n {2}(\d+)$/m.exec(text) ?? [];
  assert(ssh !== undefined);
  const [, trap] = /^(\d+) was a trap/m.exec(text) ?? [];
  assert(trap !== undefined, "a scan meets a trap");
  assertMatch(text, new RegExp(`warning ban address=10\\.77\\.2\\.1 port=${trap} trigger=syn`));
  assertMatch(text, new RegExp(`^ {2}10\\.77\\.2\\.1 +\\ds +1 +${trap}$`, "m"));
  assertMatch(text, new RegExp(`^ {2}${ssh}/tcp +filtered`, "m"), "he gets nowhere");
  assertMatch(text, /^ {2}c3po: nobody is banned$/m);
  for (const when of ["before", "during", "after"]) assert(lines.includes(`  in, ${when}`), when);
  const ports = [...text.matchAll(/^user\$ c3po port\n(?:.*\|.*\n)*? {2}(\d+)$/gm)];
  assertEquals(ports.length, 4);
  assertEquals(ports[1]![1], ssh, "before the change");
  assert(ports[2]![1] !== ssh, "after the change");
  assertEquals(ports[3]![1], ports[2]![1]);
  const change = text.indexOf("in, during");
  assert(text.indexOf("session| ", change) > change, "the session lives on");
  assertMatch(text, /^server\$ ipset list -name\nserver\$ iptables -S\n {2}-P INPUT ACCEPT$/m);
  assertEquals(await processesOf("ssh_config server"), []);
});

kernelTest("where nmap and sshd are missing the demo says so, and uses its own", async () => {
  const [command, ...first] = c3poCommand();
  const hide = ["/usr/bin/nmap", "/usr/sbin/sshd"].map((path) =>
    `[ ! -e ${path} ] || mount --bind /dev/null ${path}`
  );
  const script = [...hide, 'exec "$@"'].join(" && ");
  const args = ["-m", "sh", "-c", script, "sh", command, ...first, "demo", "--fast"];
  const { code, stdout, stderr } = await run("unshare", args);
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, /^There is no sshd on this machine, so a stand-in answers on port 22\.$/m);
  assertMatch(
    stdout,
    /^\(There is no nmap on this machine; a probe of our own connects instead\.\)$/m,
  );
  assertMatch(
    stdout,
    /^attacker\$ c3po demo probe 10\.77\.0\.1 1-65535\n(?:.*\|.*\n)* {2}22\/tcp open$/m,
  );
  assertMatch(stdout, /^\d+ was a trap\./m);
  assertMatch(stdout, /^ {2}c3po: nobody is banned$/m);
  assertMatch(stdout, /^That was all of it\./m);
  assertEquals(stdout.match(/^── /gm)!.length, STEPS.length);
});

for (const how of ["Ctrl-C", "SIGKILL"] as const) {
  kernelTest(`${how} in the middle of the demo leaves nothing behind`, async () => {
    const netns = await run("ls", ["/run/netns"]);
    const before = await namespaces();
    await using pane = await Pane.open({ columns: 100, rows: 50 });
    await pane.c3po("demo");
    await pane.waitFor(/^attacker\$ nmap/m, 20_000);
    const mine = new Set([...await namespaces()].filter((each) => !before.has(each)));
    assert(mine.size > 0, "the demo has namespaces");
    if (how === "Ctrl-C") {
      await pane.type("C-c");
      await pane.waitFor(/^c3po: error: stopped half-way; everything the demo made is gone$/m);
    } else {
      const tty = (await pane.tty()).replace("/dev/", "");
      const { stdout } = await run("ps", ["-t", tty, "-o", "pid=,args="]);
      const [, pid] = /^ *(\d+) .*main\.ts demo$|^ *(\d+) \S*c3po demo$/m.exec(stdout) ?? [];
      await must("kill", ["-KILL", pid!]);
    }
    await allGone(before, mine);
    assertEquals((await run("ls", ["/run/netns"])).stdout.includes("attacker\n"), false);
    assertEquals(netns.code, (await run("ls", ["/run/netns"])).code);
    await pane.waitFor(/\$ *\n*$/);
    assertEquals(await pane.cursor(), true);
  });
}
