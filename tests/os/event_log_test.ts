import { assertEquals } from "@std/assert";
import { eventLog } from "../../src/os/event_log.ts";
import { keepLog } from "../server/daemon/log.ts";

Deno.test("a line has its event, its sentence and its fields", () => {
  const lines = keepLog();
  const log = eventLog("tests");
  log.info("door_opened", "a door is open", { port: 4711 });
  log.debug("door_seen", "a door was seen");
  assertEquals(lines, [
    { level: "info", event: "door_opened", sentence: "a door is open", fields: { port: 4711 } },
  ]);
});

Deno.test("a sentence that quotes a rule with braces is said as it is", () => {
  const lines = keepLog();
  const rule = "tcp dport { 22, 443 } ct state {new} drop {{x}}";
  eventLog("tests").warn("firewall_denies", rule, { new: "x", " 22, 443 ": "y" });
  assertEquals(lines[0]!.sentence, rule);
});
