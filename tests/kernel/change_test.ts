import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import {
  kernelTest,
  Lab,
  roomInMinute,
  sshArgs,
  startServe,
  startSshd,
  syn,
  untilMinute,
} from "./lab.ts";

const KNOCKER = fromFileUrl(new URL("./lab/knocker.ts", import.meta.url));

/** What the knocker says of one attempt. */
interface Attempt {
  readonly minute: number;
  readonly hostname: string;
  readonly port: number;
  readonly answer: string;
}

kernelTest(
  "a change of minute interrupts nobody, and the traps are those of the new minute",
  async () => {
    await using lab = await Lab.create();
    const sshd = await startSshd(lab.server);
    await roomInMinute(20_000);
    const serve = await startServe(lab.server);
    const old = await serve.ports();
    const { address4, address6 } = lab.server;
    const login = [...await sshArgs(sshd), "-p", String(old.ssh), address4, "cat"];
    const session = lab.user.spawn("ssh", login, { stdin: "piped" });
    await session.write("before\n");
    await session.waitForLine(/^before$/);

    const minute = await untilMinute(-3000);
    const until = minute * 60_000 + 3000;
    const knocks = ["run", "-A", KNOCKER, serve.keyFile, String(until), "200", address4, address6];
    const knocker = lab.user.spawn(Deno.execPath(), knocks);
    assertEquals((await knocker.finished()).code, 0, knocker.text("stderr"));
    const attempts = knocker.lines.map(({ text }): Attempt => JSON.parse(text));
    assertEquals(attempts.filter(({ answer }) => answer !== "SSH-2.0-"), []);
    for (const hostname of [address4, address6]) {
      for (const each of [minute - 1, minute]) {
        const tries = attempts.filter((one) => one.minute === each && one.hostname === hostname);
        assert(tries.length >= 5, `${tries.length} tries at ${hostname} in minute ${each}`);
      }
    }
    await session.write("after\n");
    await session.waitForLine(/^after$/);

    const now = await serve.ports();
    assertEquals(await syn(lab.attacker, address4, now.traps[0]!), "open");
    assertEquals(await syn(lab.attacker, address4, now.ssh), "closed");
  },
);
