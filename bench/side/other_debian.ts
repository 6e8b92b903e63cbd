/** What differs on another Debian: the same questions, measured in a bare root on the same machine. */
import { percent } from "./rows.ts";
import { type Found, type Results, resultsOf } from "./results.ts";
import { more, number, spread, table } from "./text.ts";

/** One Debian's results. */
interface Run {
  readonly small: Results<Found["small"]>;
  readonly login: Results<Found["login"]>;
  readonly scan: Results<Found["scan"]>;
  readonly bans: Results<Found["bans"]>;
}

const TOOLS = ["openssh-server", "iptables", "nftables", "ipset", "portsentry", "fail2ban"];

/** What is compared, and how it reads. */
const ROWS: readonly [what: string, cell: (run: Run) => string][] = [
  ["`true`, ms", ({ small }) => start(small, "true")],
  ["Deno with an empty program, ms", ({ small }) => start(small, "deno with an empty program")],
  ["`c3po port`, ms", ({ small }) => start(small, "c3po port")],
  ["`ssh HOST true`, ms", ({ login }) => spread(way(login, "ssh alone").summary)],
  ["`c3po ssh`, ms more", ({ login }) => more(way(login, "c3po ssh").more)],
  [
    "knocking, then ssh when the port is open, ms more",
    ({ login }) => more(way(login, "knock, then ssh when the port is open").more),
  ],
  ["answered after a touch of a trap, iptables", ({ scan }) => answered(scan, "C3PO")],
  ["the same, nftables", ({ scan }) => answered(scan, "C3PO with nftables")],
  ["the same, portsentry", ({ scan }) => answered(scan, "portsentry")],
  [
    "a ban more with 100,000 in an ipset, ms",
    ({ bans }) => spread(store(bans, "ipset")?.oneMoreMs),
  ],
  ["the same in an nft set", ({ bans }) => spread(store(bans, "nft set")?.oneMoreMs)],
  [
    "a connection beside 100,000 bans in an ipset, % more",
    ({ bans }) => percent(store(bans, "ipset")?.morePercent),
  ],
  ["one million bans loaded by `serve`, s", ({ bans }) => million(bans)],
];

/** @param folders of this Debian, and of the other */
export async function otherDebian(folders: readonly [string, string]): Promise<string[]> {
  const [here, there] = await Promise.all(folders.map(async (folder): Promise<Run> => ({
    small: await resultsOf(folder, "small"),
    login: await resultsOf(folder, "login"),
    scan: await resultsOf(folder, "scan"),
    bans: await resultsOf(folder, "bans"),
  }))) as [Run, Run];
  const { machine } = there.small;
  const versions = TOOLS.map((name) => `${name} ${machine.versions[name] ?? "–"}`).join(", ");
  return [
    `## On ${machine.system}`,
    `The same machine and kernel, in a bare root of that Debian (\`debootstrap\`), ${machine.date}, with a load of ${
      number(machine.load)
    } when it began: \`sudo bench/run.sh small login scan bans\` there. Its tools: ${versions}.`,
    table(
      ["", here.small.machine.system, machine.system],
      ROWS.map(([what, cell]) => [what, cell(here), cell(there)]),
    ),
  ];
}

function start({ found }: Run["small"], command: string): string {
  return spread(found.starts.find(({ name }) => name === command)?.summary);
}

function way({ found }: Run["login"], wanted: string): Found["login"][number] {
  return found.find(({ name }) => name === wanted)!;
}

function answered({ found }: Run["scan"], tool: string): string {
  const reaction = found.find(({ name }) => name === tool)?.reaction;
  if (reaction === null || reaction === undefined) return "–";
  return `${spread(reaction.answered)} in ${
    reaction.ms === null ? "all the time" : `${spread(reaction.ms)} ms`
  }`;
}

function store({ found }: Run["bans"], way: string): Found["bans"]["stores"][number] | undefined {
  return found.stores.find(({ name, bans }) => name.startsWith(way) && bans === 100_000);
}

function million({ found }: Run["bans"]): string {
  const restart = found.serve.find(({ bans }) => bans === 1_000_000);
  return restart === undefined ? "–" : number(restart.startSeconds);
}
