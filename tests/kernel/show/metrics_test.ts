import { assert, assertEquals, assertMatch } from "@std/assert";
import { complaints, readExposition } from "../../server/exposition.ts";
import {
  engineTest,
  kernelTest,
  Lab,
  type Namespace,
  ours,
  roomInMinute,
  snapshot,
  startServe,
  startSshd,
  syn,
  waitFor,
  writeKey,
} from "../lab.ts";

const FETCH = `
const [url, method] = Deno.args;
const response = await fetch(url, { method });
const type = response.headers.get("content-type") ?? "";
console.log(JSON.stringify([response.status, type, await response.text()]));
`;

async function fetchFrom(
  machine: Namespace,
  url: string,
  method = "GET",
): Promise<[number, string, string]> {
  const file = `${machine.directory}/fetch.ts`;
  await Deno.writeTextFile(file, FETCH);
  const args = ["run", "--no-prompt", "-A", file, url, method];
  return JSON.parse(await machine.must(Deno.execPath(), args));
}

const URL = "http://127.0.0.1:9101/metrics";

engineTest(
  "Prometheus gets metrics that count what happened, from loopback alone",
  async (engine) => {
    await using lab = await Lab.create({ peers: ["attacker"] });
    await startSshd(lab.server);
    const serve = await startServe(lab.server, { engine, args: ["--metrics", "9101"] });
    const [status, type, text] = await fetchFrom(lab.server, URL);
    assertEquals([status, type], [200, "text/plain; version=0.0.4; charset=utf-8"]);
    assertEquals(complaints(text), []);
    assertEquals(readExposition(text).samples.get('c3po_hits_total{family="ipv4"}'), 0);

    await roomInMinute(3000);
    const { ssh, traps } = await serve.ports();
    for (const address of [lab.server.address4, lab.server.address6]) {
      await syn(lab.attacker, address, traps[0]!);
    }
    const figures = await waitFor(async () => {
      const { samples } = readExposition((await fetchFrom(lab.server, URL))[2]);
      const counted = ["ipv4", "ipv6"].every((family) =>
        samples.get(`c3po_bans_total{family="${family}",trigger="syn"}`) === 1 &&
        samples.get(`c3po_banned_addresses{family="${family}"}`) === 1 &&
        samples.get(`c3po_hits_total{family="${family}"}`) === 1
      );
      return counted ? samples : undefined;
    }, { what: "bans in the figures" });
    assertEquals(figures.get("c3po_ports_current"), 1);
    assertEquals(figures.get("c3po_held_connections"), 0);

    const [, , after] = await fetchFrom(lab.server, URL);
    for (const port of [ssh, ...traps]) assert(!new RegExp(`\\b${port}\\b`).test(after), `${port}`);
    const elsewhere = `http://${lab.server.address4}:9101/metrics`;
    assertEquals((await lab.server.run("deno", ["eval", `await fetch("${elsewhere}")`])).code, 1);
    assertEquals((await fetchFrom(lab.server, URL.replace("/metrics", "/")))[0], 404);
    assertEquals((await fetchFrom(lab.server, URL, "POST"))[0], 405);
  },
);

kernelTest(
  "nobody listens unasked, and a taken address is an error before any change",
  async () => {
    await using lab = await Lab.create({ peers: [] });
    await startSshd(lab.server);
    const serve = await startServe(lab.server);
    const listening = await lab.server.must("ss", ["-Hltn"]);
    const ports = listening.trim().split("\n").map((line) =>
      line.split(/\s+/)[3]!.split(":").at(-1)
    );
    // 51 is the lock, on loopback only.
    assertEquals([...new Set(ports)].sort(), ["22", "51", "61023"]);
    await serve.stop();
    const key = await writeKey(lab.server);
    const args = ["serve", "--key", key, "--metrics"];
    const taken = await lab.server.c3po([...args, "127.0.0.1:22"]);
    assertEquals(taken.code, 1);
    assertMatch(
      taken.stderr,
      /^c3po: error: cannot serve metrics on 127\.0\.0\.1:22: the port is already in use$/m,
    );
    const foreign = await lab.server.c3po([...args, "192.0.2.1:9101"]);
    assertMatch(foreign.stderr, /192\.0\.2\.1:9101: no interface of this machine has that address/);
    assertEquals(ours(await snapshot(lab.server)), []);
    const malformed = await lab.server.c3po([...args, "example.org:80"]);
    assertEquals(malformed.code, 2);
    assertMatch(malformed.stderr, /^c3po: error: --metrics: "example\.org" is not an IP address/m);
  },
);
