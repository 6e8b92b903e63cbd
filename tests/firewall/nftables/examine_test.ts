import { assertEquals } from "@std/assert";
import { refusalOf } from "../../../src/firewall/nftables/examine.ts";

Deno.test("where nft is too old for the rules, that is said instead of what it made of them", () => {
  for (const [version, number] of [["v0.9.8 (E.D.S.)", "0.9.8"], ["v1.0.1 (Name)", "1.0.1"]]) {
    const { message, hint } = refusalOf(`nftables ${version}\n`, "nft: exit code 139");
    assertEquals(message, `nft ${number} is too old, it rejects the rules`);
    assertEquals(
      hint,
      "install nft 1.0.2 or later; or iptables and ipset, and use --firewall iptables",
    );
  }
  for (const version of ["v1.0.2 (Name)", "v1.1.3 (Name)", "v2.0 (Name)", ""]) {
    const { message } = refusalOf(`nftables ${version}\n`, "nft: exit code 1");
    assertEquals(message, "nftables rejects the rules: nft: exit code 1", version);
  }
});
