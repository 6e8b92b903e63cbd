import { assert, assertEquals, assertMatch } from "@std/assert";
import { formatRandomKey } from "../../../src/schedule/key_text.ts";
import {
  engineTest,
  kernelTest,
  Lab,
  Pane,
  roomInMinute,
  startServe,
  startSshd,
  syn,
  waitFor,
} from "../lab.ts";

/** Of the usual range, all of which is on the map. */
const KEY = formatRandomKey(crypto.getRandomValues(new Uint8Array(32)));

/** As a person reads it: a frame without what depends on the moment. */
function shape(lines: string[]): string[] {
  return lines.map((line) =>
    line.replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/, "DATE").replace(/\d\d:\d\d:\d\d/g, "TIME")
      .replace(/serving for \S+,/, "serving for AGE,").replace(/process \d+/, "process PID")
      .replace(/in [ \d]\d s {2}[█░]+/, "in NN s  BAR").replace(/loaded for \w+/, "loaded for LEFT")
      .replace(/1\dm\d+s|1\dm/g, "LEFT")
      .replace(/ {2,}/g, "  ").trimEnd()
  );
}

kernelTest("status --watch shows ports, bans and hits, and gives the screen back", async () => {
  await using lab = await Lab.create({ peers: ["attacker"] });
  await startSshd(lab.server);
  const serve = await startServe(lab.server, { args: ["--grace", "0"], key: KEY });
  await using pane = await Pane.open({ columns: 80, rows: 24, machine: lab.server });
  await pane.type("echo before", "Enter");
  await pane.waitFor(/^before$/m);
  await roomInMinute(20_000);
  const { ssh, traps } = await serve.ports();
  await pane.c3po("status", "--watch");
  const first = await pane.waitFor((screen) => /serving for/.test(screen) && /q quit/.test(screen));
  assertEquals(first.length, 24);
  assertEquals(shape(first).filter((line) => line !== ""), [
    " C3PO serving for AGE, process PID  DATE UTC",
    "  next change in NN s  BAR",
    `  S SSH ${ssh}  x 15 traps  odds 1 in 16`,
    ...shape(first.slice(4, 6)),
    "  BANS 0 (IPv4 0, IPv6 0)  LAST HITS",
    "  tarpit holds 0, took 0  logins 0  repairs 0",
    "  ok  ports are loaded for LEFT, ssh is open, sshd listens on port 22",
    " q quit  ↑ ↓ scroll through the bans",
  ]);
  const [upper, lower] = [first[4]!, first[5]!];
  assertMatch(upper, /^ {3}1024 [·xS2-9]{64} 33279$/);
  assertMatch(lower, /^ {2}33280 [·xS2-9]{64} 65535$/);
  const marks = [...(upper + lower).replace(/\d{4,}/g, "")].filter((mark) => mark !== " ");
  const shown = marks.reduce((sum, mark) => sum + (mark === "x" ? 1 : Number(mark) || 0), 0);
  assert(shown === 15 || (shown < 15 && shown >= 13), `${shown} traps, but those behind S`);
  assertEquals(marks.filter((mark) => mark === "S").length, 1);
  assertEquals(await pane.cursor(), false);
  // Green: that is where SSH is.
  assert(/\[[0-9;]*32m/.test(await pane.coloured()), "no green");

  await syn(lab.attacker, lab.server.address4, traps[0]!);
  await syn(lab.attacker, lab.server.address6, traps[1]!);
  const hit = await pane.waitFor(/BANS 2 .*\n(.*\n)*.*→ \d+/);
  const text = hit.join("\n");
  assertMatch(text, / 10\.77\.1\.1 +1[45]m/);
  assertMatch(text, new RegExp(` 10\\.77\\.1\\.1 +→ ${traps[0]}`));
  assertMatch(text, /fd77:0:0:1::\/64 +1[45]m/);

  await pane.resize(130, 40);
  const wide = await pane.waitFor(/syn, offence 1, banned for 15m/);
  assertEquals(wide.length, 40);
  assertMatch(wide.join("\n"), /^ +1024 [·xS2-9]{114} 17151$/m);

  await pane.type("q");
  const after = await pane.waitFor((screen) => /^before$/m.test(screen) && !/BANS/.test(screen));
  assertEquals(after.filter((line) => /next change/.test(line)), []);
  assertEquals(await pane.cursor(), true);
  await pane.type("echo back $?", "Enter");
  await pane.waitFor(/^(\$ )?back 0$/m);
});

for (const [how, end] of [["Ctrl-C", "C-c"], ["SIGTERM", null]] as const) {
  kernelTest(`${how} ends status --watch and gives the screen back`, async () => {
    await using lab = await Lab.create({ peers: [] });
    await using pane = await Pane.open({ columns: 80, rows: 24, machine: lab.server });
    await pane.c3po("status", "--watch");
    await pane.waitFor(/not serving/);
    if (end !== null) await pane.type(end);
    else {
      const pids = await lab.server.must("ip", ["netns", "pids", lab.server.netns]);
      for (const pid of pids.trim().split("\n")) {
        const { stdout } = await lab.server.run("cat", [`/proc/${pid}/cmdline`]);
        if (/\0status\0--watch/.test(stdout) && !stdout.startsWith("tmux")) {
          await lab.server.must("kill", [pid]);
        }
      }
    }
    await pane.waitFor((screen) => /\n\$ *\n/.test(screen) && !/BANS/.test(screen));
    assertEquals(await pane.cursor(), true);
    await pane.type("stty -a | grep -o -- '-*icanon'", "Enter");
    await pane.waitFor(/^icanon$/m);
  });
}

engineTest(
  "without a terminal status is plain text, and with --json a document",
  async (engine) => {
    await using lab = await Lab.create({ peers: ["attacker"] });
    const idle = await lab.server.c3po(["status"]);
    assertEquals([idle.code, idle.stderr], [1, ""]);
    assertMatch(idle.stdout, /^ {2}fail +serve is not running$/m);
    assertEquals(JSON.parse((await lab.server.c3po(["status", "--json"])).stdout).serving, false);

    await startSshd(lab.server);
    const serve = await startServe(lab.server, { engine, args: ["--grace", "0"], key: KEY });
    await roomInMinute(15_000);
    const { minute, ssh, traps } = await serve.ports();
    await syn(lab.attacker, lab.server.address4, traps[2]!);
    const status = await waitFor(async () => {
      const { stdout } = await lab.server.c3po(["status", "--json"]);
      const document = JSON.parse(stdout);
      return document.hits.length > 0 ? document : undefined;
    }, { what: "hit in the status" });
    assertEquals(status.minute, minute);
    assertEquals(status.ssh[0].port, ssh);
    assertEquals(status.ssh[0].minute, minute);
    assertEquals(status.traps.toSorted(), traps.toSorted());
    assertEquals(status.banned, { ipv4: 1, ipv6: 0 });
    assertEquals(status.bans[0].address, lab.attacker.address4);
    assertEquals(status.hits[0].port, traps[2]);
    assertEquals(status.ok, true);

    const plain = await lab.server.c3po(["status"], { env: { NO_COLOR: "" } });
    assertEquals(plain.code, 0);
    assert(!plain.stdout.includes("\x1b"), plain.stdout);
    assertMatch(plain.stdout, new RegExp(`^ {2}S SSH ${ssh} `, "m"));

    const follow = lab.server.spawnC3po(["status", "--watch", "--json"]);
    await waitFor(() => follow.lines.length >= 2, { what: "two documents" });
    assertEquals(JSON.parse(follow.lines[1]!.text).serving, true);
    assertEquals((await follow.stop()).code, 0);

    const report = `${lab.server.runtimeDirectory}`;
    const files = (await Array.fromAsync(Deno.readDir(report))).map(({ name }) => name)
      .filter((name) => name.endsWith(".json"));
    assertEquals(files.length, 1);
    assertEquals((await Deno.stat(`${report}/${files[0]}`)).mode! & 0o777, 0o600);
    const nobody = await lab.server.run("setpriv", [
      "--reuid=65534",
      "--clear-groups",
      "cat",
      `${report}/${files[0]}`,
    ]);
    assertEquals(nobody.code, 1);
    await serve.kill();
    const dead = await lab.server.c3po(["status"]);
    assertMatch(dead.stdout, /fail +serve is not running, but its rules are still loaded/);
  },
);
