import type { Chain } from "./chains.ts";
import type { Dialect } from "./dialect.ts";

/**
 * The kernel may forget connections: its table is flushed, or idle ones time out early. A session that
 * came through a door would be reset then, where one that came straight would go on. So it is noted.
 */
export function sessionChains({ family, source }: Dialect, isAble: boolean): Chain[] {
  const [ip, there] = [source.replace(" saddr", ""), source.replace("saddr", "daddr")];
  const client = `${source} . tcp sport`;
  const run = `@run${family} { ${client} . ct original proto-dst }`;
  const to = `@to${family} { ${client} : ${there} . tcp dport }`;
  const from = `@from${family} { ${client} : ${there} . ct original proto-dst }`;
  const tcp = "meta l4proto tcp"; // so that nft knows what the ports are of
  const update = isAble ? [run, to, from].map((element) => `${tcp} update ${element}`) : [];
  const forget = isAble ? [to, from].map((element) => `${tcp} delete ${element}`) : [];
  return [
    {
      name: `note${family}`,
      hook: null,
      // What is noted of an earlier connection would stay as it is.
      rules: [...forget, ...update, "accept"],
    },
    { name: `keep${family}`, hook: null, rules: update },
    {
      name: `resume${family}`,
      hook: null,
      rules: [`${client} . tcp dport @run${family} dnat ${ip} to ${client} map @to${family}`],
    },
    {
      name: `back${family}`,
      hook: null,
      rules: [`snat ${ip} to ${there} . tcp dport map @from${family}`],
    },
  ];
}
