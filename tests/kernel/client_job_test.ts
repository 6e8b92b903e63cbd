import { assertEquals } from "@std/assert";
import { c3poCommand, denoDirectory, kernelTest, must, run, waitFor } from "./lab.ts";
import { Pair } from "./lab/pair.ts";

kernelTest("signals reach ssh, and those of the keyboard do not end c3po alone", async () => {
  await using pair = await Pair.create();
  const config = await pair.config();
  const session = pair.user.spawnC3po(["ssh", ...config, "server", "echo in; cat"], {
    stdin: "piped",
  });
  await session.waitForLine(/^in$/);
  // As from the terminal, ssh would get its own; here it gets none and so must live on.
  session.kill("SIGINT");
  session.kill("SIGQUIT");
  await session.write("still here\n");
  await session.waitForLine(/^still here$/);
  const ssh = await childOf(session.pid);
  session.kill("SIGTERM");
  assertEquals((await session.status).code, 255, "as ssh ends when it is told to");
  await session.finished();
  assertEquals(session.text("stderr"), "", "nobody looks for another port then");
  await waitFor(async () => (await run("ps", ["-p", ssh])).code !== 0, {
    what: "end of ssh",
  });
});

kernelTest("~^Z stops the session like a job of the shell, and fg wakes it", async () => {
  await using pair = await Pair.create();
  const config = await pair.config();
  const [command, ...first] = c3poCommand();
  const login = [command, ...first, "ssh", ...config, "-tt", "server"].join(" ");
  const env = { HOME: pair.user.home, DENO_DIR: denoDirectory(), TERM: "dumb" };
  // A shell with job control needs a terminal, which script gives it.
  const shell = ["script", "-qfec", "bash --norc --noprofile -i", "/dev/null"];
  const child = pair.user.spawn(shell[0]!, shell.slice(1), { stdin: "piped", env });
  // What the far end says is not what was typed, so that no echo is taken for it.
  const greet = "echo ready $((40 + 2)); while read -r word; do echo got-$word; done";
  await child.write(`IGNOREEOF=1000; ${login} '${greet}'\n`);
  await child.waitForLine(/^ready 42\s*$/);
  const before = child.lines.length;
  await waitFor(
    async () => { // the first line ends at ssh's own leisure
      await child.write("\n~\x1a");
      return child.lines.slice(before).some(({ text }) => /Stopped/.test(text));
    },
    { what: "job stopped", everyMs: 500 },
  );
  await child.write("\x15echo shell $((1 + 1))\n"); // whatever of "~^Z" was too late is rubbed out
  await child.waitForLine(/^shell 2\s*$/);
  const stopped = child.lines.length;
  await child.write("fg\n");
  await child.write("three\n");
  await child.waitForLine(/^got-three\s*$/, 60_000, stopped);
  await child.write("\x04"); // ends the loop, and so the session
  await waitFor(
    async () => {
      await child.write("echo shell $((1 + 3))\n");
      return child.lines.slice(stopped).some(({ text }) => /^shell 4\s*$/.test(text));
    },
    { what: "shell after the session", everyMs: 500 },
  );
  await child.write("exit\n");
  await child.finished();
});

async function childOf(pid: number): Promise<string> {
  const list = await must("ps", ["-e", "-o", "ppid=,pid="]);
  const rows = list.split("\n").map((line) => line.trim().split(/\s+/));
  return rows.find(([parent]) => parent === String(pid))![1]!;
}

kernelTest(
  "a transfer through the proxy survives Ctrl-C and the end of the terminal as its ssh does",
  async () => {
    await using pair = await Pair.create();
    const config = await pair.config([pair.proxyCommand()]);
    // As nohup and a script's background job have it: ssh ignores what the terminal sends to all.
    const trapped = ["-c", 'trap "" HUP INT; exec "$@"', "sh", "ssh", ...config];
    const session = pair.user.spawn("sh", [...trapped, "server", "echo in; cat"], {
      stdin: "piped",
    });
    await session.waitForLine(/^in$/);
    const proxies = (await must("pgrep", ["-P", String(session.pid)])).trim().split("\n");
    for (const signal of ["INT", "HUP"]) {
      for (const proxy of proxies) await must("kill", [`-${signal}`, proxy]);
      await session.write(`after ${signal}\n`);
      await session.waitForLine(new RegExp(`^after ${signal}$`));
    }
    session.kill("SIGKILL");
    await waitFor(async () => (await run("ps", ["-p", proxies.join(",")])).code !== 0, {
      what: "end of the proxy with its ssh",
    });
  },
);

kernelTest(
  "on a silent host the second try takes no longer than the user would have ssh wait",
  async () => {
    await using pair = await Pair.create();
    await pair.server.must("iptables", ["-I", "INPUT", "-s", pair.user.address4, "-j", "DROP"]);
    const config = await pair.config(["ConnectTimeout 1"]);
    // The limit is what the laboratory waits for a child at most, and was 22 s before.
    const login = pair.user.spawnC3po(["ssh", ...config, "server", "true"]);
    await login.waitForLine(/^ssh: connect to host .* timed out/, 15_000);
    await login.waitForLine(/^c3po: error: no answer from "server"$/, 12_000);
    assertEquals((await login.status).code, 255);
  },
);
