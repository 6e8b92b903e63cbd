import { assertEquals } from "@std/assert";
import { differences, hasOtherSets } from "../../../src/firewall/nftables/layout.ts";
import { findTable, parseListing } from "../../../src/firewall/nftables/listing.ts";

const LISTING = `table inet c3po {
	set ban4 {
		type ipv4_addr
		size 1048576
		flags dynamic,timeout
		gc-interval 1m
	}

	set trust4 {
		type ipv4_addr
		size 65536
		flags timeout
		gc-interval 1m
	}

	chain input {
		type filter hook input priority filter - 10; policy accept;
		iif != "lo" tcp dport 22 drop
	}

	chain lead {
	}
}
table ip nat {
	chain PREROUTING {
		type nat hook prerouting priority dstnat; policy accept;
	}
}
`;

const table = (text: string) => findTable(parseListing(text), "inet c3po");

Deno.test("a listing is read table by table", () => {
  const { blocks } = table(LISTING)!;
  assertEquals(blocks.map(({ kind, name }) => `${kind} ${name}`), [
    "set ban4",
    "set trust4",
    "chain input",
    "chain lead",
  ]);
  assertEquals(table("table ip nat {\n}\n"), undefined);
});

// nft 1.1.7 prints this of a set with three elements, and nothing of one with none.
Deno.test("a set that has got elements is not changed", () => {
  const size = "\t\tsize 1048576";
  const filled = table(LISTING.replace(size, `${size}\t# count 3`));
  assertEquals(differences(table(LISTING)!, filled), []);
});

Deno.test("what another tool did is named", () => {
  const loaded = table(LISTING)!;
  assertEquals(differences(loaded, table(LISTING)), []);
  assertEquals(differences(loaded, undefined), ["table inet c3po"]);
  assertEquals(differences(loaded, table(LISTING.replace(/\t\tiif.*\n/, ""))), [
    "rules of nftables chain input",
  ]);
  assertEquals(differences(loaded, table(LISTING.replace(/\tchain lead \{\n\t\}\n/, ""))), [
    "nftables chain lead",
  ]);
  assertEquals(
    differences(
      loaded,
      table(LISTING.replace("\tchain lead", "\tchain more {\n\t}\n\tchain lead")),
    ),
    [
      "nftables chain more, which is not C3PO's",
    ],
  );
});

Deno.test("sets of another layout are told from those of this one", () => {
  assertEquals(hasOtherSets(table(LISTING)!), false);
  assertEquals(hasOtherSets(table(LISTING.replace("65536", "100"))!), false);
  assertEquals(hasOtherSets(table(LISTING.replace("type ipv4_addr", "type ipv6_addr"))!), true);
  assertEquals(
    hasOtherSets(table(LISTING.replace("flags timeout", "flags timeout,interval"))!),
    true,
  );
});
