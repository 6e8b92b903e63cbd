import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { kernelTest, Lab } from "./lab.ts";

const place = (path: string): string => fromFileUrl(new URL(`../../src/${path}`, import.meta.url));
const CORE = place("core/sockets.ts");
const PROCFS = place("host/procfs.ts");
const MODULE = fromFileUrl(new URL("../../src/host/sockets.ts", import.meta.url));

kernelTest("a reading of the sockets serves for a while, and no longer", async () => {
  await using lab = await Lab.create({ peers: [] });
  const program = `
    import { Sockets } from "file://${MODULE}";
    const sockets = new Sockets();
    const sees = async (ageMs) => (await sockets.listening(ageMs)).has(4711);
    const before = await sees(60_000);
    const listener = Deno.listen({ hostname: "0.0.0.0", port: 4711 });
    const told = [before, await sees(60_000), await sees(0), await sees(60_000)];
    listener.close();
    await sockets.sessionsAt(22, 0);
    console.log(JSON.stringify([...told, await sees(60_000)]));`;
  const { stdout, stderr } = await lab.server.run(Deno.execPath(), ["eval", "--quiet", program]);
  assertEquals(stderr, "");
  assertEquals(JSON.parse(stdout), [false, false, true, true, false]);
});

kernelTest("where ss is of no use, the kernel's own tables tell", async () => {
  await using lab = await Lab.create({ peers: [] });
  const program = `
    import { Sockets } from "file://${MODULE}";
    Deno.listen({ hostname: "0.0.0.0", port: 4711 });
    const sockets = new Sockets();
    let readings = 0;
    sockets.tell(() => readings++);
    const sees = async () => (await sockets.listening(0)).has(4711);
    console.log(JSON.stringify([await sees(), await sees(), readings]));`;
  const broken = `${lab.server.directory}/ss`;
  await Deno.writeTextFile(broken, "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  // `ip netns exec` gives every program mounts of its own, so nobody else sees this one.
  const mounted = 'mount --bind "$0" "$(readlink -f "$(command -v ss)")" && exec "$@"';
  const words = ["-c", mounted, broken, Deno.execPath(), "eval", "--quiet", program];
  const { stdout, stderr } = await lab.server.run("sh", words);
  assertEquals(stderr, "");
  assertEquals(JSON.parse(stdout), [true, true, 2]);
});

kernelTest(
  "ss and the kernel's own tables tell the same of who listens and who is here",
  async () => {
    await using lab = await Lab.create();
    const { server, user } = lab;
    const program = `
    import { listeners, sessionsOf, shownListeners, shownSessions } from "file://${CORE}";
    import { readSockets } from "file://${PROCFS}";
    const addresses = ["0.0.0.0", "127.0.0.1", "${server.address4}", "::", "::1", "${server.address6}"];
    const here = addresses.map((hostname, i) => Deno.listen({ hostname, port: 4711 + i }));
    here.map(async (listener) => (await Array.fromAsync(listener)));
    await Promise.all([4711, 4712].map((port) => Deno.connect({ hostname: "127.0.0.1", port })));
    console.log("listening");
    await Deno.stdin.read(new Uint8Array(1));
    const { stdout } = await new Deno.Command("ss", { args: ["-Htnae"] }).output();
    const shown = new TextDecoder().decode(stdout);
    const printed = await readSockets();
    const ports = (found) => [...found].sort();
    const who = (sessions) => sessions.map(({ address }) => address).sort();
    console.log(JSON.stringify([
      [ports(shownListeners(shown)), ports(listeners(printed))],
      ...[4711, 4714].map((port) => [who(shownSessions(shown, port)), who(sessionsOf(printed, port))]),
    ]));
    Deno.exit();`;
    const child = server.spawn(Deno.execPath(), ["eval", "--quiet", program], { stdin: "piped" });
    await child.waitForLine(/^listening$/);
    const visit = `
    await Promise.all([["${server.address4}", 4711], ["${server.address4}", 4714],
      ["${server.address6}", 4714]].map(([hostname, port]) => Deno.connect({ hostname, port })));
    console.log("there");
    await new Promise(() => Deno.stdin.read(new Uint8Array(1)));`;
    const visitor = user.spawn(Deno.execPath(), ["eval", "--quiet", visit], { stdin: "piped" });
    await visitor.waitForLine(/^there$/);
    await child.write("now\n");
    const line = await child.waitForLine(/^\[/);
    const ports = [4711, 4713, 4714, 4716].map(String);
    const both = (found: unknown) => [found, found];
    assertEquals(JSON.parse(line), [
      both(ports.map(Number)),
      both([user.address4]),
      both([user.address4, user.address6].sort()),
    ]);
  },
);
