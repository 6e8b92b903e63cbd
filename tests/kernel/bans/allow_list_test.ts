// Lists of whole countries or providers, as people allow them.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import { parseCidr } from "../../../src/os/address.ts";
import { formatRecords } from "../../../src/bans/saved.ts";
import { engineTest, Lab, loginNow, startServe, startSshd } from "../lab.ts";

/** More networks of one family than a set of the iptables engine takes. */
const MANY = 140_000;
const FITS = 131_072;

/** A network for each number, no two of them alike. */
function network(at: number): string {
  return `${11 + (at >> 16)}.${(at >> 8) & 255}.${at & 255}.0/24`;
}

engineTest(
  "an allow list of any length keeps serve neither from its start nor from work",
  async (engine) => {
    await using lab = await Lab.create({ peers: ["user"] });
    const { server, user } = lab;
    const sshd = await startSshd(server);
    const all = Array.from({ length: MANY }, (_, at) => network(at));
    const half = MANY - 100_000;
    // Some are remembered, and the others were allowed while nothing ran.
    const allowed = all.slice(0, half).map(parseCidr);
    const ledger = formatRecords({ offenders: [], trusted: [], allowed, banned: [] });
    await Deno.writeTextFile(join(server.stateDirectory, "ledger"), ledger, { mode: 0o600 });
    await Deno.mkdir(join(server.stateDirectory, "changes"), { mode: 0o700 });
    const rest = all.slice(half).map((each) => `allow ${each}\n`).join("");
    const file = join(server.stateDirectory, "changes", "000000000000001-list");
    await Deno.writeTextFile(file, rest, { mode: 0o600 });
    const serve = await startServe(server, { engine });
    assert(await loginNow(user, sshd, server.address4, serve));
    assert(serve.child.lines.length < 100, `${serve.child.lines.length} lines`);
    const listed = JSON.parse((await server.c3po(["allow", "list", "--json"])).stdout);
    const refused = serve.events("allow_refused");
    if (engine === "iptables") {
      assertEquals(listed.length, FITS);
      assertEquals(refused.length, 1);
      assertMatch(refused[0]!, new RegExp(`holds ${FITS} networks of IPv4.* count=${MANY - FITS}`));
      // One that has no room is not remembered either, and the kernel keeps what it has.
      const more = await server.c3po(["allow", "add", "198.51.100.0/24"]);
      assertEquals(more.code, 1);
      assertMatch(
        more.stderr,
        new RegExp(`^c3po: error: .*198\\.51\\.100\\.0/24.* ${FITS} networks`),
      );
      assertEquals(more.stderr.trim().split("\n").length, 1);
    } else assertEquals([listed.length, refused], [MANY, []]);
    assertEquals((await serve.stop()).code, 0);
  },
);
