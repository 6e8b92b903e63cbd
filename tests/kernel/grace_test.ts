import { assert, assertEquals } from "@std/assert";
import { kernelTest, Lab, startServe, startSshd, syn, untilMinute, waitFor } from "./lab.ts";

kernelTest(
  "the grace opens the neighbour's port around a change, and closes it again",
  async () => {
    await using lab = await Lab.create();
    await startSshd(lab.server);
    const minute = await untilMinute(-12_000); // within the default grace of 15 s
    const serve = await startServe(lab.server, ["--traps", "0"]);
    const { schedule } = serve;
    const [before, after] = [await schedule.ports(minute - 1, 0), await schedule.ports(minute, 0)];
    const state = (port: number): Promise<string> => syn(lab.user, lab.server.address4, port);
    assertEquals([await state(before.ssh), await state(after.ssh)], ["open", "open"]);
    await untilMinute(100);
    assertEquals([await state(before.ssh), await state(after.ssh)], ["open", "open"]);
    await waitFor(async () => await state(before.ssh) === "closed", {
      deadlineMs: 20_000,
      what: "end of the old port",
      everyMs: 500,
    });
    assert(Date.now() >= minute * 60_000 + 15_000, "the old port went before the grace was over");
    assertEquals(await state(after.ssh), "open");
  },
);
