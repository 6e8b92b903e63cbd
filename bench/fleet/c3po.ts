import { fromFileUrl } from "@std/path";
import { type Lab, roomInMinute, startSshd } from "../../tests/kernel/lab.ts";
import type { Fleet } from "../../tests/kernel/lab/fleet.ts";
import type { Machines, Way } from "./way.ts";

const TOUCHER = fromFileUrl(new URL("./toucher.ts", import.meta.url));
/** How much of its minute has to be left for a touch, in milliseconds. */
const ROOM_MS = 5000;

/** C3PO as docs/FLEET.md sets it up: the scanner connects to a trap, each time from another address. */
export async function startC3po(lab: Lab, fleet: Fleet, machines: Machines): Promise<Way> {
  const { attacked, other } = machines;
  const scanner = await lab.addPeer("scanner");
  await lab.addRange(scanner, "10.78.0.0/16");
  await Promise.all([startSshd(attacked), startSshd(other)]);
  const { serve } = await fleet.join(attacked, { engine: "iptables" });
  await fleet.join(other, { engine: "iptables" });
  const toucher = scanner.spawn(
    Deno.execPath(),
    ["run", "--no-prompt", "-A", TOUCHER],
    { stdin: "piped" },
  );
  let touches = 0;
  return {
    name: "C3PO",
    offences: "touches",
    set: "c3po-fleet4",
    polls: false,
    async offend() {
      await roomInMinute(ROOM_MS);
      const address = `10.78.${1 + (touches >> 7)}.${1 + (touches & 127)}`;
      const trap = (await serve.ports()).traps[touches++ % 15]!;
      const before = toucher.lines.length;
      await toucher.write(`${attacked.address4} ${trap} ${address}\n`);
      const told = await toucher.waitForLine(
        (line) => line.startsWith("touched "),
        undefined,
        before,
      );
      return { address, began: Number(told.split(" ")[2]) };
    },
  };
}
