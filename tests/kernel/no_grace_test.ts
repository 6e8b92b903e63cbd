import { assertEquals } from "@std/assert";
import { kernelTest, Lab, startServe, startSshd, syn, untilMinute, waitFor } from "./lab.ts";

kernelTest("with --grace 0 the old port is gone as soon as the minute is", async () => {
  await using lab = await Lab.create();
  await startSshd(lab.server);
  const minute = await untilMinute(-3000);
  const serve = await startServe(lab.server, ["--grace", "0"]);
  const before = await serve.schedule.ports(minute - 1, 0);
  const after = await serve.schedule.ports(minute, 15);
  assertEquals(await syn(lab.user, lab.server.address4, before.ssh), "open");
  await waitFor(async () => await syn(lab.user, lab.server.address4, after.ssh) === "open", {
    deadlineMs: 10_000,
    what: "port of the new minute",
  });
  const states = await syn(lab.user, lab.server.address4, before.ssh);
  assertEquals(states, after.traps.includes(before.ssh) ? "open" : "closed");
});
