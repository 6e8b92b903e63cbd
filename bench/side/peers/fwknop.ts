import { join } from "@std/path";
import { encodeBase64Url } from "@std/encoding/base64url";
import { type Namespace, waitFor } from "../../../tests/kernel/lab.ts";
import { hideSsh, type Peer } from "./peer.ts";

const KEYS = ["KEY_BASE64", "HMAC_KEY_BASE64"].map((name) => [name, newKey()] as const);

/** Single packet authorization. */
export const fwknop: Peer = {
  name: "fwknop",
  setting: "port 22 dropped, one signed packet lets an address in for 30 s",
  packages: ["fwknop-server", "libfko3", "iptables"],
  async start(server) {
    await hideSsh(server);
    const [config, access] = [
      join(server.directory, "fwknopd.conf"),
      join(server.directory, "access.conf"),
    ];
    const run = join(server.directory, "fwknop");
    await Deno.mkdir(run);
    const settings = [
      `PCAP_INTF eth0;`,
      `FWKNOP_RUN_DIR ${run};`,
      `FWKNOP_CONF_DIR ${server.directory};`,
    ];
    await Deno.writeTextFile(config, settings.join("\n") + "\n", { mode: 0o600 });
    const stanza = [
      "SOURCE ANY",
      "REQUIRE_SOURCE_ADDRESS N",
      "OPEN_PORTS tcp/22",
      "FW_ACCESS_TIMEOUT 30",
      ...KEYS.map(([name, value]) => `${name} ${value}`),
    ];
    await Deno.writeTextFile(access, stanza.join("\n") + "\n", { mode: 0o600 });
    const files = ["-c", config, "-a", access, "-r", run, "-p", join(run, "pid")];
    const child = server.spawn("fwknopd", ["-f", ...files, "-d", join(run, "digests")]);
    await waitFor(async () => (await server.must("iptables", ["-S"])).includes("FWKNOP_INPUT"), {
      deadlineMs: 10_000,
      everyMs: 2,
      what: `chain of fwknopd: ${child.text()}`,
    });
    return { pid: child.pid, sshPort: () => Promise.resolve(22), offence: { kind: "none" } };
  },
};

/** Options for a client of that server. */
export async function fwknopClient(user: Namespace, server: Namespace): Promise<string[]> {
  const file = join(user.home, ".fwknoprc");
  const lines = [
    "[default]",
    "[server]",
    `SPA_SERVER ${server.address4}`,
    "ACCESS tcp/22",
    "ALLOW_IP source",
    "USE_HMAC Y",
    ...KEYS.map(([name, value]) => `${name} ${value}`),
  ];
  await Deno.writeTextFile(file, lines.join("\n") + "\n", { mode: 0o600 });
  return ["--rc-file", file, "-n", "server"];
}

function newKey(): string {
  const text = encodeBase64Url(crypto.getRandomValues(new Uint8Array(30)));
  return text.replaceAll("-", "+").replaceAll("_", "/");
}
