import { assertEquals } from "@std/assert";
import { outcomeOf, runTool, spawn } from "../../src/os/tool.ts";

/** The number of a process and of its group, as /proc/PID/stat has them. */
function numbers(stat: string): { pid: string; group: string } {
  const [pid] = stat.split(" ");
  return { pid: pid!, group: stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]! };
}

Deno.test("a tool is a process group of its own, so that Ctrl-C is for c3po alone", async () => {
  const { pid, group } = numbers(await runTool("cat", ["/proc/self/stat"]));
  assertEquals(group, pid);
});

Deno.test("what is part of a show ends with it at Ctrl-C", async () => {
  const child = spawn("cat", ["/proc/self/stat"], { stdin: "null", detached: false });
  const own = numbers(await Deno.readTextFile("/proc/self/stat"));
  assertEquals(numbers((await outcomeOf(child)).stdout).group, own.group);
});
