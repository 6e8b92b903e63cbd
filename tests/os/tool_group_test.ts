import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { outcomeOf, spawn } from "../../src/os/child.ts";
import { runTool } from "../../src/os/tool.ts";
import { must } from "../kernel/lab.ts";

const HELPER = fromFileUrl(new URL("./tool_group.ts", import.meta.url));
const RUN = [Deno.execPath(), "run", "--no-prompt", "-A", HELPER];

/** The number of a process and of its group, as /proc/PID/stat has them. */
function numbers(stat: string): { pid: string; group: string } {
  const [pid] = stat.split(" ");
  return { pid: pid!, group: stat.slice(stat.lastIndexOf(")") + 2).split(" ")[2]! };
}

/** What the helper printed. */
function told(text: string): { own: string; tool: ReturnType<typeof numbers> } {
  const [own] = text.split(" ");
  return { own: own!, tool: numbers(text.slice(own!.length + 1)) };
}

Deno.test("a tool is a process group of its own, so that Ctrl-C is for c3po alone", async () => {
  const { pid, group } = numbers(await runTool("cat", ["/proc/self/stat"]));
  assertEquals(group, pid);
});

Deno.test("where a terminal can interrupt c3po that stays so, wherever its streams lead", async () => {
  const file = await Deno.makeTempFile();
  try {
    const script = `exec ${RUN.join(" ")} </dev/null >${file} 2>&1`;
    await must("script", ["-qec", script, "/dev/null"]);
    const { tool } = told(await Deno.readTextFile(file));
    assertEquals(tool.group, tool.pid);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("where no terminal can, tools are started the quick way, in the group of c3po", async () => {
  const { own, tool } = told(await must("setsid", ["--wait", ...RUN]));
  assertEquals(tool.group, own);
});

Deno.test("what is part of a show ends with it at Ctrl-C", async () => {
  const child = spawn("cat", ["/proc/self/stat"], { stdin: "null", detached: false });
  const own = numbers(await Deno.readTextFile("/proc/self/stat"));
  assertEquals(numbers((await outcomeOf(child)).stdout).group, own.group);
});
