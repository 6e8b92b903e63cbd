import { assertEquals } from "@std/assert";
import {
  kernelTest,
  Lab,
  nmapScan,
  startServe,
  startSshd,
  syn,
  untilMinute,
  waitFor,
} from "./lab.ts";

kernelTest("with --grace 0 the old ports are gone as soon as the minute is", async () => {
  await using lab = await Lab.create();
  await startSshd(lab.server);
  const serve = await startServe(lab.server, ["--grace", "0"]);
  const minute = await untilMinute(-5000);
  const before = await serve.schedule.ports(minute - 1, 15);
  const after = await serve.schedule.ports(minute, 15);
  assertEquals(await syn(lab.user, lab.server.address4, before.ssh), "open");
  await waitFor(async () => await syn(lab.user, lab.server.address4, after.ssh) === "open", {
    what: "port of the new minute",
  });
  const gone = [before.ssh, ...before.traps].filter((port) => !after.traps.includes(port));
  const states = await nmapScan(lab.user, lab.server.address4, { ports: gone.join(",") });
  assertEquals(gone.filter((port) => states.get(port) !== "closed"), []);
});
