import { assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { CHECKOUT, kernelTest, Lab, waitFor } from "./lab.ts";

const MODULE = fromFileUrl(new URL("../../src/os/sockets.ts", import.meta.url));

/** Prints who listens and who is connected, each time that it is told to. */
const PROGRAM = `
const { listeningPorts, sessionsAt } = await import(Deno.args[0]);
const sorted = (values) => [...values].sort();
for await (const _ of Deno.stdin.readable) {
  const { system, ordinary } = await listeningPorts();
  const sessions = [];
  for (const port of [4711, 4714]) sessions.push(sorted((await sessionsAt(port)).map(({ address }) => address)));
  console.log(JSON.stringify([sorted(system), sorted(ordinary), sessions]));
}`;

/** Hides ss: `ip netns exec` gives every program mounts of its own, so nobody else sees this. */
const WITHOUT_SS = 'mount --bind /bin/false "$(readlink -f "$(command -v ss)")" && exec "$@"';

/** Lets ss answer in time only the second time that it is asked, and /proc not at all. */
const BUSY = `
cp "$(command -v ss)" "$LAB/real-ss" &&
printf '#!/bin/sh\n[ -e "%s" ] || { touch "%s"; exec sleep 60; }\nexec "%s" "$@"\n' \
  "$LAB/asked" "$LAB/asked" "$LAB/real-ss" >"$LAB/busy-ss" && chmod 755 "$LAB/busy-ss" &&
mount --bind "$LAB/busy-ss" "$(readlink -f "$(command -v ss)")" &&
mount --bind /bin/false "$(readlink -f "$(command -v cat)")" && exec "$@"`;

kernelTest(
  "ss and the kernel's own tables tell the same of who listens and who is here",
  async () => {
    await using lab = await Lab.create();
    const { server, user } = lab;
    const addresses = ["0.0.0.0", "127.0.0.1", server.address4, "::", "::1", server.address6];
    const listen = `
    const here = ${
      JSON.stringify(addresses)
    }.map((hostname, i) => Deno.listen({ hostname, port: 4711 + i }));
    here.map(async (listener) => (await Array.fromAsync(listener)));
    await Promise.all([4711, 4712].map((port) => Deno.connect({ hostname: "127.0.0.1", port })));
    console.log("listening");`;
    await server.spawn(Deno.execPath(), ["eval", listen]).waitForLine(/^listening$/);
    const nobody = ["--reuid=65534", "--regid=65534", "--clear-groups"];
    const perl = "my $s = IO::Socket::INET->new(LocalPort => 4720, Listen => 1) or die; sleep 1000";
    server.spawn("setpriv", [...nobody, "perl", "-MIO::Socket::INET", "-e", perl]);
    const visit = `
    await Promise.all([["${server.address4}", 4711], ["${server.address4}", 4714],
      ["${server.address6}", 4714]].map(([hostname, port]) => Deno.connect({ hostname, port })));
    console.log("there");
    await new Promise(() => setInterval(() => {}, 1000));`;
    await user.spawn(Deno.execPath(), ["eval", visit]).waitForLine(/^there$/);
    const file = `${server.directory}/sockets.ts`;
    await Deno.writeTextFile(file, PROGRAM);
    const config = join(CHECKOUT, "deno.json");
    const program = [Deno.execPath(), "run", "-A", "--config", config, file, `file://${MODULE}`];
    const wanted = JSON.stringify([
      [4711, 4713, 4714, 4716],
      [4720],
      [[user.address4], [user.address4, user.address6].sort()],
    ]);
    for (const script of ['exec "$@"', WITHOUT_SS, BUSY]) {
      const child = server.spawn("sh", ["-c", script, "sh", ...program], {
        stdin: "piped",
        env: { LAB: server.directory },
      });
      // The server of a user may take its time to begin.
      await waitFor(async () => {
        const seen = child.lines.length;
        await child.write("now\n");
        const told = await child.waitForLine(/^\[/, undefined, seen);
        return assertEquals(told, wanted) ?? true;
      }, { what: "the same of everybody" });
    }
  },
);
