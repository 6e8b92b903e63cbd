import { assertEquals } from "@std/assert";
import {
  readableOffset,
  readChrony,
  readNtpq,
  readTimedatectl,
} from "../../src/os/clock_status.ts";

Deno.test("time services are understood, and what they do not say is not made up", () => {
  const tracking =
    "A29FC801,162.159.200.1,4,1763823600.1,-0.000012,0.000003,0.0001,-1.2,0.0,0.02,0.01,0.001,64.2,";
  assertEquals(readChrony(`${tracking}Normal\n`), {
    synchronised: true,
    offset: 0.000012,
    source: "chronyc",
  });
  assertEquals(readChrony(`${tracking}Not synchronised\n`)?.synchronised, false);
  assertEquals(readChrony("506 Cannot talk to daemon\n"), null);
  assertEquals(readNtpq("associd=0 status=0615 leap_none, sync_ntp,\nstratum=2, offset=1500.0"), {
    synchronised: true,
    offset: -1.5,
    source: "ntpq",
  });
  assertEquals(
    readNtpq("associd=0 status=c016 leap_alarm, sync_unspec,\noffset=0.0")?.synchronised,
    false,
  );
  assertEquals(readNtpq("ntpq: read: Connection refused"), null);
  assertEquals(readTimedatectl("no\n"), {
    synchronised: false,
    offset: null,
    source: "timedatectl",
  });
  assertEquals(readTimedatectl(""), null);
  assertEquals(readableOffset(-1.5), "1.500 s behind UTC");
});
