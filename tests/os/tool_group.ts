/** Prints its own number, and what a tool that it starts says of itself. */
import { runTool } from "../../src/os/tool.ts";
import { settleToolGroup } from "../../src/os/tool_group.ts";

await settleToolGroup();
const text = `${Deno.pid} ${await runTool("cat", ["/proc/self/stat"])}`;
await Deno.stdout.write(new TextEncoder().encode(text));
