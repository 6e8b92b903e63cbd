import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { CHECKOUT, kernelTest, Lab, must, type Namespace, waitFor } from "../kernel/lab.ts";
import { crowdsecConfig } from "./crowdsec_config.ts";
import { logLines } from "./log_lines.ts";
import { people } from "./people.ts";
import { bannedByHand, c3poFolder } from "./program.ts";

const SHIPPED = join(CHECKOUT, "contrib/crowdsec");
const [TEXT, JSON_SITE] = [people(1), people(2)];

/**
 * A CrowdSec as Debian has it with the shipped files in it, in a folder of its own. It reads `syslog`, where
 * `serve` writes text by way of syslog, and `c3po`, where it writes JSON.
 */
async function configured(folder: string): Promise<string> {
  const place = (name: string): string => join(folder, name);
  for (const name of ["data", "hub", "parsers/s01-parse", "scenarios", "notifications"]) {
    await Deno.mkdir(place(name), { recursive: true });
  }
  const hub = "/usr/share/crowdsec/hub";
  await must("cp", [`${hub}/.index.json`, place("hub")]);
  for (
    const [stage, parser] of [["s00-raw", "syslog-logs"], ["s02-enrich", "dateparse-enrich"]]
  ) {
    await Deno.mkdir(place(`parsers/${stage}`));
    await must("cp", [
      `${hub}/parsers/${stage}/crowdsecurity/${parser}.yaml`,
      place(`parsers/${stage}`),
    ]);
  }
  // All that its parser of syslog names; each costs the start a second.
  await Deno.mkdir(place("patterns"));
  for (const patterns of ["linux-syslog", "nginx"]) {
    await must("cp", [`/etc/crowdsec/patterns/${patterns}`, place("patterns")]);
  }
  await must("cp", ["/etc/crowdsec/profiles.yaml", folder]);
  for (const file of ["parsers/s01-parse/c3po-logs.yaml", "scenarios/c3po.yaml"]) {
    await Deno.copyFile(join(SHIPPED, file), place(file));
  }
  await Deno.writeTextFile(place("simulation.yaml"), "simulation: false\n");
  const source = (type: string): string =>
    `filenames: ["${place(type)}"]\nlabels:\n  type: ${type}\n`;
  await Deno.writeTextFile(place("acquis.yaml"), `${source("syslog")}---\n${source("c3po")}`);
  await Deno.writeTextFile(place("syslog"), "");
  await Deno.writeTextFile(place("c3po"), "");
  const config = place("config.yaml");
  await Deno.writeTextFile(config, crowdsecConfig(folder, "127.0.0.1:8080"));
  await Deno.writeTextFile(place("credentials.yaml"), "", { mode: 0o600 });
  return config;
}

/** The tool of administrators, on a machine. */
function cscli(machine: Namespace, config: string): (...args: string[]) => Promise<string> {
  return async (...args) => await machine.must("cscli", ["-c", config, ...args]);
}

/** The alerts, as scenario and address. */
async function alerts(ask: (...args: string[]) => Promise<string>): Promise<string[]> {
  const told = JSON.parse(await ask("alerts", "list", "-o", "json")) as
    | { scenario: string; source: { value: string } }[]
    | null;
  return (told ?? []).map(({ scenario, source }) => `${scenario} ${source.value}`).sort();
}

async function append(file: string, lines: readonly string[]): Promise<void> {
  await Deno.writeTextFile(file, lines.map((line) => line + "\n").join(""), { append: true });
}

kernelTest(
  "CrowdSec hears of those whom C3PO bans for certain or again, and C3PO bans whom CrowdSec does",
  async () => {
    await using lab = await Lab.create();
    const { server } = lab;
    const folder = join(server.directory, "crowdsec");
    const config = await configured(folder);
    const ask = cscli(server, config);
    await ask("machines", "add", "here", "--auto", "-f", join(folder, "credentials.yaml"));
    const journal = join(folder, "journal.yaml");
    const settings = await Deno.readTextFile(config);
    const shipped = join(SHIPPED, "acquis.d/c3po.yaml");
    await Deno.writeTextFile(journal, settings.replace(join(folder, "acquis.yaml"), shipped));
    await server.must("crowdsec", ["-c", journal, "-t"]);

    const crowdsec = server.spawn("crowdsec", ["-c", config]);
    const [text, json] = await Promise.all([logLines("text", 1), logLines("json", 2)]);
    await crowdsec.waitForLine((line) => line.includes("Starting processing data"));

    await append(
      join(folder, "syslog"),
      text.map((line) => `Nov 29 03:58:01 host c3po[77]: ${line}`),
    );
    await append(join(folder, "c3po"), json);
    const expected = [TEXT, JSON_SITE].flatMap(({ returning, confirmed }) => [
      ...returning.map((address) => `c3po/scan ${address}`),
      `c3po/trap ${confirmed}`,
    ]).sort();
    await waitFor(async () => (await alerts(ask)).length >= expected.length, { what: "alerts" });
    assertEquals(await alerts(ask), expected);

    const key = (await ask("bouncers", "add", "c3po", "-o", "raw")).trim();
    const decisions = join(folder, "bouncer.yaml");
    await Deno.writeTextFile(
      decisions,
      `bin_path: ${join(SHIPPED, "bouncers/c3po-decision")}
piddir: ${folder}/
update_frequency: 1s
daemonize: false
log_mode: stdout
log_level: info
origins: [cscli]
api_url: http://127.0.0.1:8080/
api_key: ${key}
prometheus: { enabled: false }
`,
      { mode: 0o600 },
    );
    const path = `${await c3poFolder(server)}:${Deno.env.get("PATH")}`;
    const bouncer = server.spawn("crowdsec-custom-bouncer", ["-c", decisions], {
      env: { PATH: path },
    });
    await ask("decisions", "add", "--range", "198.18.9.0/24");
    await ask("decisions", "add", "--ip", "198.18.8.1", "--duration", "9000h");
    await waitFor(async () => (await bannedByHand(server)).length > 0, { what: "a ban" });
    assertEquals(await bannedByHand(server), ["198.18.8.1"]);
    await bouncer.waitForLine((line) => line.includes("198.18.9.0/24"));
    await ask("decisions", "delete", "--ip", "198.18.8.1");
    await waitFor(async () => (await bannedByHand(server)).length === 0, { what: "no ban" });
  },
);
