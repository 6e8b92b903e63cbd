import { assert, assertEquals } from "@std/assert";
import { kernelTest, Lab, nmapScan, startServe, startSshd, untilMinute, waitFor } from "./lab.ts";

kernelTest(
  "the grace opens the ports of the minute beside around a change, and closes all of them again",
  async () => {
    await using lab = await Lab.create();
    await startSshd(lab.server);
    const { address4 } = lab.server;
    const minute = await untilMinute(-12_000); // within the default grace of 15 s
    const serve = await startServe(lab.server, ["--allow", lab.user.address4]);
    const before = await serve.schedule.ports(minute - 1, 15);
    const after = await serve.schedule.ports(minute, 15);
    const own = [before.ssh, ...before.traps.filter((port) => !after.traps.includes(port))];
    const others = [after.ssh, ...after.traps];
    const open = async (): Promise<number[]> => {
      const ports = [...own, ...others];
      const states = await nmapScan(lab.user, address4, { ports: ports.join(",") });
      return ports.filter((port) => states.get(port) === "open");
    };
    assertEquals(await open(), [...own, ...others], "before the change");
    await untilMinute(100);
    assertEquals(await open(), [...own, ...others], "after the change");
    await waitFor(async () => (await open()).length <= others.length, {
      what: "end of the old ports",
      everyMs: 500,
    });
    assert(Date.now() >= minute * 60_000 + 15_000, "the old ports went before the grace was over");
    assertEquals(await open(), others);
  },
);
