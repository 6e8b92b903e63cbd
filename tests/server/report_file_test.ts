import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { readReport, writeReport } from "../../src/server/report_file.ts";
import { REPORT } from "./report.ts";

Deno.test("the report of a server with many users and traps is read as it was written", async () => {
  const folder = await Deno.makeTempDir({ prefix: "c3po-report-" });
  try {
    const doors = Array.from({ length: 300 }, (_, i) => ({
      service: "ssh",
      port: 1024 + i,
      user: `user${i}`,
    }));
    const traps = Array.from({ length: 4500 }, (_, i) => 20_000 + i);
    const windows = Array.from({ length: 14 }, (_, minute) => ({
      minute,
      from: minute * 60,
      until: minute * 60 + 60,
      doors,
      traps,
    }));
    const report = { ...REPORT, pid: Deno.pid, windows };
    const file = join(folder, "report.json");
    await writeReport(file, report);
    assertEquals(await readReport(file), report);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
