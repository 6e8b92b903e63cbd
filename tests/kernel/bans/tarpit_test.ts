import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { TARPIT } from "../../../src/server/tarpit_policy.ts";
import {
  type Child,
  kernelTest,
  Lab,
  type Namespace,
  startServe,
  startSshd,
  waitFor,
} from "../lab.ts";
import { TRAP, TRIPWIRE } from "./tripwire.ts";

/** How many connections to the tarpit the kernel of a machine has. */
async function held(server: Namespace): Promise<number> {
  const text = await server.must("ss", ["-Htn", "state", "established", "sport = :61023"]);
  return text.split("\n").filter((line) => line !== "").length;
}

/** Connects so many times and stays; prints the first line that arrives, and who is let go. */
const GUEST = `
import net from "node:net";
const [host, port, count, talk] = Deno.args;
for (let i = 0; i < Number(count); i++) {
  const socket = net.connect(Number(port), host);
  socket.on("error", () => {});
  socket.on("close", () => console.log("closed"));
  socket.once("data", (data) => console.log(String(data).split("\\r\\n")[0]));
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.setNoDelay();
  if (talk) setInterval(() => socket.write(talk), 10);
}
console.log("all in");
`;

/** @param talk what the guest says, again and again */
async function guest(
  machine: Namespace,
  address: string,
  { port = TRAP, count = 1, talk = "" } = {},
): Promise<Child> {
  const file = join(machine.directory, "guest.ts");
  await Deno.writeTextFile(file, GUEST);
  const args = ["run", "--no-prompt", "-A", file, address, String(port), String(count), talk];
  return machine.spawn(Deno.execPath(), args);
}

kernelTest("the tarpit shows sshd's banner, and one scanner cannot free the others", async () => {
  await using lab = await Lab.create();
  const sshd = await startSshd(lab.server);
  const allowed = ["--allow", lab.attacker.address4];
  const serve = await startServe(lab.server, { args: [...TRIPWIRE, ...allowed] });
  const { address4, address6 } = lab.server;
  const guests = [await guest(lab.user, address4), await guest(lab.user, address6)];
  const real = await guest(lab.server, "127.0.0.1", { port: sshd.port });
  const banner = await real.waitForLine(/^SSH-2\.0-/);
  for (const one of guests) assertEquals(await one.waitForLine(/^SSH-2\.0-/), banner);
  // Banned at its first packet, a guest stays all the same. One that may knock as often as it likes
  // takes the rest of the room, and then only its own.
  const crowd = await guest(lab.attacker, address4, { count: TARPIT.most + 100 });
  await crowd.waitForLine(/^all in$/, 60_000);
  await waitFor(async () => await held(lab.server) === TARPIT.most, {
    what: "as many connections as the tarpit holds",
  });
  const closed = () => crowd.lines.filter(({ text }) => text === "closed").length;
  await waitFor(() => closed() >= 100, { what: "hundred who were let go" });
  assert(closed() <= 102, `${closed()} were let go`);
  for (const one of guests) assertEquals(one.text().includes("closed"), false);
  await serve.stop();
  for (const one of guests) await one.waitForLine(/^closed$/);
});

for (const [how, talk] of [["tiny", "x"], ["large", "let me in\n".repeat(1000)]] as const) {
  kernelTest(`a guest who goes on talking in ${how} pieces is let go, others stay`, async () => {
    await using lab = await Lab.create();
    await startSshd(lab.server);
    await startServe(lab.server, { args: TRIPWIRE });
    for (const address of [lab.server.address4, lab.server.address6]) {
      const quiet = await guest(lab.attacker, address);
      const talker = await guest(lab.user, address, { talk });
      await talker.waitForLine(/^closed$/);
      await quiet.waitForLine(/^SSH-2\.0-/);
      assertEquals(quiet.text().includes("closed"), false);
    }
  });
}
