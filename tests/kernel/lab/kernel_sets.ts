import type { EngineName } from "../../../src/firewall/firewall.ts";
import type { Namespace } from "./namespace.ts";
import type { Filter } from "./serve.ts";

/** What other tools and time do to what C3PO has in the kernel, by the tool of each engine. */

/** Ends a ban of an IPv4 address as if its time were over. */
export async function endBan(server: Namespace, engine: Filter, address: string): Promise<void> {
  if (engine !== "nftables") return void await server.must("ipset", ["del", "c3po-ban4", address]);
  await server.must("nft", ["delete", "element", "inet", "c3po", "ban4", `{ ${address} }`]);
}

/** Bans many IPv4 addresses for an hour. */
export async function banAll(
  server: Namespace,
  engine: Filter,
  addresses: readonly string[],
): Promise<void> {
  if (engine !== "nftables") {
    const lines = addresses.map((address) => `add c3po-ban4 ${address} timeout 3600\n`);
    return void await server.must("ipset", ["restore"], { stdin: lines.join("") });
  }
  const elements = addresses.map((address) => `${address} timeout 1h`).join(", ");
  const stdin = `add element inet c3po ban4 { ${elements} }\n`;
  await server.must("nft", ["-f", "-"], { stdin });
}

/** Empties all sets of an engine. */
export async function emptySets(server: Namespace, engine: Filter): Promise<void> {
  if (engine !== "nftables") return void await server.must("ipset", ["flush"]);
  const text = await server.must("nft", ["-j", "list", "sets", "table", "inet", "c3po"]);
  const names: string[] = JSON.parse(text).nftables.flatMap(
    ({ set }: { set?: { name: string } }) => set?.name ?? [],
  );
  const stdin = names.map((name) => `flush set inet c3po ${name}\n`).join("");
  await server.must("nft", ["-f", "-"], { stdin });
}

/** Has the tools load what `serve --dry-run` printed. */
export async function loadPrinted(
  server: Namespace,
  engine: EngineName | Filter,
  printed: string,
): Promise<void> {
  if (engine === "nftables") {
    await server.must("nft", ["-f", "-"], { stdin: printed });
    return;
  }
  for (const [, command, text] of printed.matchAll(/^# (.*restore.*|nft -f -)\n([^#]*)/gm)) {
    const [tool, ...args] = command!.split(" ");
    await server.must(tool!, args, { stdin: text! });
  }
}

/**
 * The windows in what `serve --dry-run` printed, a line each as either engine would have it: when it opens
 * and closes, in unix seconds, the SSH port, and the traps in rising order.
 */
export function printedWindows(engine: EngineName | Filter, printed: string): string {
  const lines = engine === "nftables"
    ? [...printed.matchAll(/meta time >= (\d+) meta time < (\d+) tcp dport vmap \{(.*)\}/g)]
      .map(([, from, until, ports]) =>
        lineOf(
          [from, until],
          portsIn(ports!, /(\d+) : goto door22/g),
          portsIn(ports!, /(\d+) : goto trap/g),
        )
      )
    : printed.slice(0, printed.indexOf("# ip6tables-restore")) // both families have the same
      .matchAll(/-A C3PO-OPEN .*--datestart (\S+) --datestop (\S+) -j C3PO-W(\d+)$/gm)
      .map(([, from, last, slot]) =>
        lineOf(
          [secondsOf(from!), secondsOf(last!) + 1],
          portsIn(printed, new RegExp(`^add c3po-ssh-${slot} (\\d+) `, "gm")),
          portsIn(printed, new RegExp(`^add c3po-0-${slot} (\\d+) `, "gm")),
        )
      ).toArray();
  return lines.join("");
}

function lineOf(
  times: readonly unknown[],
  ssh: readonly number[],
  traps: readonly number[],
): string {
  return `${[...times, ...ssh, ...traps.toSorted((a, b) => a - b)].join(" ")}\n`;
}

function portsIn(text: string, pattern: RegExp): number[] {
  return [...text.matchAll(pattern)].map(([, port]) => Number(port));
}

function secondsOf(time: string): number {
  return Date.parse(`${time}Z`) / 1000;
}
