import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Finding } from "../../src/os/finding.ts";
import { serviceFindings } from "../../src/server/check/services.ts";
import { shareFindings } from "../../src/server/check/share.ts";
import type { ServerConfig } from "../../src/server/options.ts";
import { checkupOf } from "./checkups.ts";
import { membership } from "./daemon/carrier.ts";

/** What check finds of sharing with a [share] like this. */
async function found(
  setting: Record<string, unknown>,
  { spoil = () => Promise.resolve(), ...changes }: Partial<ServerConfig> & {
    spoil?: (folder: string) => Promise<void>;
  } = {},
): Promise<Finding[]> {
  const folder = await Deno.makeTempDir({ prefix: "c3po-check-share-" });
  try {
    const share = await membership(folder, setting);
    await spoil(folder);
    return await shareFindings(await checkupOf({ ...changes, share }, 1));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("check says which member a server is, and nothing of a fleet where none is", async () => {
  assertEquals(await shareFindings(await checkupOf({}, 1)), []);
  const [own, ...others] = await found({});
  assertEquals([own?.grade, own?.found, others], [
    "ok",
    "this server is web1, one of 3",
    [],
  ]);
});

Deno.test("check fails where a server cannot sign or is no member, and warns of a way that others can read", async () => {
  const [open] = await found({}, {
    spoil: (folder) => Deno.chmod(`${folder}/member.key`, 0o644),
  });
  assertEquals(open?.grade, "fail");
  assertStringIncludes(open!.found, "others may read");
  const [stranger] = await found({}, {
    spoil: async (folder) => {
      const lines = (await Deno.readTextFile(`${folder}/members`)).split("\n");
      await Deno.writeTextFile(`${folder}/members`, lines.slice(1).join("\n"));
    },
  });
  assertEquals(stranger?.grade, "fail");
  assertMatch(stranger!.found, /^no member in .* has the key of /);
  for (const name of ["store", "replica"]) {
    const findings = await found({ [name]: "redis://bans.example.org" });
    const plain = findings.find(({ grade }) => grade !== "ok");
    assertEquals(plain?.grade, "warn");
    assertStringIncludes(plain!.found, `the way to the ${name} is not encrypted`);
  }
});

Deno.test("check says how many forged packets a quorum costs, and fails where they are too few", async () => {
  for (
    const [traps, grade, least, most] of [[15, "ok", 8000, 8100], [4095, "fail", 31, 32]] as const
  ) {
    const quorum = (await found({ apply: "quorum:2" }, { traps }))
      .find(({ found }) => found.startsWith("with quorum:2, "));
    assertEquals(quorum?.grade, grade);
    const packets = Number(/ (\d+) forged packets/.exec(quorum!.found)?.[1]);
    assertEquals(packets >= least && packets <= most, true, `${packets}`);
  }
});

Deno.test("check warns of a service that asks for no password unless it is told to", async () => {
  const services = [
    { name: "cache", port: 6379, hidden: true },
    { name: "own", port: 64_999, hidden: true },
  ];
  const findings = await serviceFindings(await checkupOf({ services }, 1));
  assertEquals(
    findings.filter(({ found }) => found.includes("may ask for no password")).map(({ what }) =>
      what
    ),
    ["service cache"],
  );
});
