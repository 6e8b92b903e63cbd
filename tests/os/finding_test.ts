import { assertEquals } from "@std/assert";
import { allWork, type Finding, formatFindings } from "../../src/os/finding.ts";
import { printable } from "../../src/os/printable.ts";
import { skewByDate } from "../../src/client/remote_clock.ts";

const findings: Finding[] = [
  { grade: "ok", what: "ssh", found: "there" },
  { grade: "warn", what: "clocks", found: "differ", todo: "set one" },
];

Deno.test("findings are shown a line each, with what to do below", () => {
  assertEquals(
    formatFindings(findings),
    "ok    ssh     there\nwarn  clocks  differ\n              -> set one\n",
  );
  assertEquals(formatFindings([]), "");
});

Deno.test("only a failure keeps C3PO from working", () => {
  assertEquals(allWork(findings), true);
  assertEquals(allWork([...findings, { grade: "fail", what: "key", found: "none" }]), false);
});

Deno.test("the answer of date tells the difference within the time the question took", () => {
  assertEquals(skewByDate("1000\n", 1_000_200, 1_000_900), { least: 0, most: 0 });
  assertEquals(skewByDate("1000", 1_000_900, 1_001_100), { least: 0, most: 0 });
  assertEquals(skewByDate("1040", 1_000_200, 1_000_900), { least: 40, most: 40 });
  assertEquals(skewByDate("960", 1_000_200, 1_000_900), { least: -40, most: -40 });
  assertEquals(skewByDate("1040", 1_000_000, 1_003_500), { least: 37, most: 41 });
  for (const text of ["", "no shell here", "12x", "-5", "1".repeat(13)]) {
    assertEquals(skewByDate(text, 0, 1), null);
  }
});

Deno.test("a stranger's words cannot steer the terminal", () => {
  assertEquals(printable("SSH-2.0-x\r\n"), "SSH-2.0-x");
  assertEquals(printable("\x1b[2Jgone\x07\u202e\n"), "[2Jgone");
});
