import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import {
  c3poCommand,
  kernelTest,
  Lab,
  listNamespaces,
  must,
  Pane,
  run,
  startSshd,
  waitFor,
} from "../lab.ts";

/** Long enough for the end of a minute to come, and for scans of all ports on a busy machine. */
const STORY_MS = 480_000;

const STEPS = [
  "A plain SSH server",
  "C3PO hides the port",
  "The user logs in, at the first try",
  "The attacker scans again",
  "The ban expires",
  "The minute changes",
  "Nothing is left behind",
];

/** The namespaces that somebody holds, of all kinds. */
async function namespaces(): Promise<Set<string>> {
  const text = await must("lsns", ["--noheadings", "--output", "NS"]);
  return new Set(text.split("\n").map((line) => line.trim()).filter((line) => line !== ""));
}

/** What runs in a terminal: process numbers by their command lines. */
async function processesAt(tty: string): Promise<Map<string, string>> {
  const { stdout } = await run("ps", ["-t", tty.replace("/dev/", ""), "-o", "pid=,args="]);
  return new Map(
    stdout.split("\n").filter((line) => line !== "").map((line) => {
      const [, pid, args] = /^ *(\d+) (.*)$/.exec(line)!;
      return [args!, pid!];
    }),
  );
}

/** The process in a terminal whose command line matches. */
async function processAt(tty: string, match: RegExp): Promise<string> {
  const all = await processesAt(tty);
  const found = [...all].find(([args]) => match.test(args));
  if (!found) throw new Error(`no ${match} among ${[...all.keys()].join("; ")}`);
  return found[1];
}

/** The namespaces that a demo made, by the process that holds them. */
async function namespacesOf(pid: string): Promise<string[]> {
  const kinds = ["net", "mnt", "pid_for_children"].map((kind) => `/proc/${pid}/ns/${kind}`);
  return (await must("readlink", kinds)).match(/\d+/g)!;
}

/** What still runs in a terminal beside its shell; the dead count for nothing. */
async function leftAt(tty: string): Promise<string[]> {
  return [...(await processesAt(tty)).keys()]
    .filter((args) => !/^(-?sh|ps)\b|<defunct>/.test(args));
}

kernelTest("demo --fast tells the whole story in a terminal, with true answers", async () => {
  await using pane = await Pane.open({ columns: 140, rows: 400 });
  await pane.c3po("demo", "--fast");
  const lines = await pane.waitFor(/are gone\.\n(.*\n)*\$/, STORY_MS);
  const text = lines.join("\n");
  const steps = lines.flatMap((line) => /^── \d {2}(.*?) ─+$/.exec(line)?.[1] ?? []);
  assertEquals(steps.toSorted(), STEPS.toSorted());

  assertMatch(text, /^ {2}22\/tcp open {2}ssh$/m, "a plain server shows its sshd");
  assertMatch(text, /^ {2}serve\| .* event=started ssh_port=22 /m);
  assertMatch(text, /^ {4}S SSH \d+/m, "status shows the map");
  const [, trap] = /^(\d+) was a trap/m.exec(text) ?? [];
  assert(trap !== undefined, "a scan meets a trap");
  assertMatch(text, new RegExp(`event=ban address=10\\.77\\.2\\.1 port=${trap} trigger=syn`));
  // On a slow machine a scan takes longer than the ban, and meets another trap.
  const [, offences, last] = /^ {2}10\.77\.2\.1 +\d+s +(\d+) +(\d+) +trap$/m.exec(text) ?? [];
  assertMatch(text, new RegExp(`port=${last} trigger=syn offences=${offences} `));
  const [, told] = /^attacker\$ nmap .*-p 22,([\d,]+) /m.exec(text) ?? [];
  for (const port of told!.split(",")) {
    assertMatch(text, new RegExp(`^ {2}${port}/tcp +closed`, "m"), "he gets nowhere");
  }
  assertMatch(text, /^ {2}c3po: the ban list is empty$/m);
  for (const when of ["before", "during", "after"]) assert(lines.includes(`  in, ${when}`), when);
  const ports = [...text.matchAll(/^user\$ c3po port\n(?:.*\|.*\n)*? {2}(\d+)$/gm)];
  assertEquals(ports.length, 4);
  assert(!ports.some(([, port]) => port === trap), `${trap} is no trap`);
  // The one before it may be told so late, on a slow machine, that it is the same.
  assert(ports[2]![1] !== ports[0]![1], "after the change");
  assertEquals(ports[3]![1], ports[2]![1]);
  const change = text.indexOf("in, during");
  assert(text.indexOf("session| ", change) > change, "the session lives on");
  assertMatch(text, /^server\$ ipset list -name\nserver\$ iptables -S\n {2}-P INPUT ACCEPT$/m);
  assertEquals(await leftAt(await pane.tty()), []);
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
  assertMatch(stdout, /^sshd is not installed, so a stand-in answers on port 22\.$/m);
  assertMatch(
    stdout,
    /^\(nmap is not installed; the demo's own probe scans instead\.\)$/m,
  );
  assertMatch(
    stdout,
    /^attacker\$ c3po demo probe 10\.77\.0\.1 1-65535\n(?:.*\|.*\n)* {2}22\/tcp open$/m,
  );
  assertMatch(stdout, /^\d+ was a trap\./m);
  assertMatch(stdout, /^ {2}c3po: the ban list is empty$/m);
  assertMatch(stdout, /^That is all\./m);
  assertEquals(stdout.match(/^── /gm)!.length, STEPS.length);
});

kernelTest("the demo's own probe asks again where it gets no answer", async () => {
  await using lab = await Lab.create({ peers: ["attacker"] });
  const sshd = await startSshd(lab.server);
  const syn = ["-p", "tcp", "--syn", "--dport", String(sshd.port)];
  const first = ["-m", "statistic", "--mode", "nth", "--every", "100", "--packet", "0"];
  await lab.server.must("iptables", ["-A", "INPUT", ...syn, ...first, "-j", "DROP"]);
  const ports = `${sshd.port},${sshd.port + 1}`;
  const probe = ["demo", "probe", lab.server.address4, ports];
  const { code, stdout, stderr } = await lab.attacker.c3po(probe);
  assertEquals([code, stderr], [0, ""]);
  assertEquals(stdout, `${sshd.port}/tcp open\n0 ports did not answer\n`);
});

for (const how of ["Ctrl-C", "SIGKILL"] as const) {
  kernelTest(`${how} in the middle of the demo leaves nothing behind`, async () => {
    await using pane = await Pane.open({ columns: 100, rows: 50 });
    await pane.c3po("demo");
    await pane.waitFor(/^attacker\$ nmap/m, 20_000);
    const tty = await pane.tty();
    const mine = await namespacesOf(await processAt(tty, /^\S*unshare /));
    assertEquals(mine.filter((each) => !/^\d+$/.test(each)), []);
    const held = await namespaces();
    assert(mine.every((each) => held.has(each)), "the demo holds its namespaces");
    if (how === "Ctrl-C") {
      await pane.type("C-c");
      await pane.waitFor(/^c3po: error: demo interrupted; everything it created was removed$/m);
    } else {
      await must("kill", ["-KILL", await processAt(tty, /(main\.[jt]s|c3po) demo$/)]);
    }
    await waitFor(async () => {
      const now = await namespaces();
      return mine.every((each) => !now.has(each));
    }, { what: "end of the demo's namespaces" });
    await waitFor(async () => assertEquals(await leftAt(tty), []) ?? true, {
      what: "end of the demo's processes",
    });
    assertEquals((await listNamespaces()).includes("attacker"), false);
    await pane.waitFor(/\$ *\n*$/);
    assertEquals(await pane.cursor(), true);
  });
}

kernelTest("the demo does not scan a server that has yet to begin", async () => {
  const folder = await Deno.makeTempDir({ prefix: "c3po-slow-sshd-" });
  try {
    const [sshd, slow] = ["sshd", "slow"].map((name) => join(folder, name));
    await must("cp", ["/usr/sbin/sshd", sshd!]);
    const text = `#!/bin/sh\nsleep 3\nexec ${sshd} "$@"\n`;
    await Deno.writeTextFile(slow!, text, { mode: 0o755 });
    await using pane = await Pane.open({ columns: 100, rows: 50 });
    await pane.type(
      `unshare -m sh -c 'mount --bind ${slow} /usr/sbin/sshd && PS1="slow " exec sh'`,
      "Enter",
    );
    await pane.waitFor(/^slow *$/m);
    await pane.c3po("demo");
    await pane.waitFor(/^ {2}22\/tcp open/m);
    await pane.type("C-c");
    await pane.waitFor(/^c3po: error: demo interrupted/m);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

kernelTest("a login of the demo reads nothing of root's home", async () => {
  const home = await Deno.makeTempDir({ prefix: "c3po-noisy-home-" });
  try {
    await Deno.writeTextFile(join(home, ".bashrc"), "echo at home\n");
    const users = join(home, "passwd");
    const all = await Deno.readTextFile("/etc/passwd");
    const mine = `root:x:0:0:root:${home}:/bin/bash`;
    await Deno.writeTextFile(users, all.replace(/^root:.*$/m, mine));
    await using pane = await Pane.open({ columns: 100, rows: 200 });
    await pane.type(
      `unshare -m sh -c 'mount --bind ${users} /etc/passwd && PS1="noisy " exec sh'`,
      "Enter",
    );
    await pane.waitFor(/^noisy *$/m);
    await pane.c3po("demo", "--fast");
    const lines = await pane.waitFor(/^ {2}I am in$/m, STORY_MS);
    assertEquals(lines.filter((line) => line.includes("at home")), []);
    await pane.type("C-c");
    await pane.waitFor(/^c3po: error: demo interrupted/m);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

kernelTest("Ctrl-C while the demo waits takes its countdown away", async () => {
  await using pane = await Pane.open({ columns: 100, rows: 50 });
  await pane.c3po("demo", "--fast");
  await pane.waitFor(/ s until |^attacker\$/m);
  await pane.type("C-c");
  const lines = await pane.waitFor(/^c3po: error: demo interrupted/m);
  assertEquals(lines.filter((line) => line.includes(" s until ")), []);
});
