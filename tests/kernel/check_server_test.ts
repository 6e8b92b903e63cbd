import { assertEquals, assertMatch } from "@std/assert";
import { join } from "@std/path";
import {
  c3poCommand,
  kernelTest,
  Lab,
  nftablesTest,
  snapshot,
  startServe,
  startSshd,
} from "./lab.ts";

const SECRET = { C3PO_SECRET: "classic:a secret of the check" };

interface Finding {
  readonly grade: "ok" | "warn" | "fail";
  readonly what: string;
  readonly found: string;
  readonly todo?: string;
}

async function check(lab: Lab, prepare = "true"): Promise<{ code: number; findings: Finding[] }> {
  const command = [...c3poCommand(), "check", "--json"];
  const { code, stdout } = await lab.server.run("sh", [
    "-c",
    `${prepare}; exec "$@"`,
    "sh",
    ...command,
  ], {
    env: {
      ...SECRET,
      RUNTIME_DIRECTORY: lab.server.runtimeDirectory,
      STATE_DIRECTORY: lab.server.stateDirectory,
    },
  });
  const answer = JSON.parse(stdout);
  assertEquals(answer.host, null);
  assertEquals(answer.ok, code === 0);
  for (const { grade, todo } of answer.findings) assertEquals(grade === "ok", todo === undefined);
  return { code, findings: answer.findings };
}

function about(findings: readonly Finding[], what: string): string {
  return findings.filter((each) => each.what === what).map(({ grade, found }) =>
    `${grade}: ${found}`
  )
    .join("\n");
}

kernelTest("c3po check finds nothing wrong with a good server, and changes nothing", async () => {
  await using lab = await Lab.create({ peers: [] });
  await startSshd(lab.server);
  const before = await snapshot(lab.server);
  const { code, findings } = await check(lab);
  assertEquals(code, 0, JSON.stringify(findings, null, 1));
  assertMatch(about(findings, "sshd"), /^ok: listens on port 22 \(SSH-2\.0-/);
  assertMatch(about(findings, "firewall"), /^ok: .* works, for IPv4 and IPv6$/m);
  assertMatch(about(findings, "serve"), /^ok: is not running/);
  assertEquals(await snapshot(lab.server), before);
  const text = await lab.server.c3po(["check"], { env: SECRET });
  assertMatch(text.stdout, /^ok {4}sshd/m);
});

kernelTest("c3po check says what is wrong, with a next step, and exits 1", async () => {
  await using lab = await Lab.create({ peers: [] });
  const nobody = await check(lab);
  assertEquals(nobody.code, 1);
  assertMatch(about(nobody.findings, "sshd"), /^fail: nothing listens on port 22/);
  const atBoot = await check(lab, "export INVOCATION_ID=1");
  assertMatch(about(atBoot.findings, "sshd"), /^warn: nothing listens on port 22/);
  await startSshd(lab.server);
  const full = join(lab.server.directory, "full");
  await Deno.writeTextFile(full, "95\n");
  const most = join(lab.server.directory, "most");
  await Deno.writeTextFile(most, "100\n");
  const folder = "/proc/sys/net/netfilter";
  const { code, findings } = await check(
    lab,
    `mount --bind ${full} ${folder}/nf_conntrack_count; mount --bind ${most} ${folder}/nf_conntrack_max; ` +
      `mount -t tmpfs -o ro none ${lab.server.stateDirectory}; ` +
      "nft 'add table inet guard; add chain inet guard before { type filter hook input priority 5; policy drop; }'",
  );
  assertEquals(code, 0);
  assertMatch(about(findings, "conntrack"), /^warn: 95 of 100 connections tracked/);
  assertMatch(about(findings, "folders"), /^warn: .* is not writable/);
  assertMatch(
    about(findings, "rules"),
    /^warn: policy drop of inet guard before, for port 22$/m,
  );
});

nftablesTest("c3po check tells a running serve from what a dead one left", async () => {
  await using lab = await Lab.create({ peers: [] });
  await startSshd(lab.server);
  const serve = await startServe(lab.server, { engine: "nftables" });
  assertMatch(
    about((await check(lab)).findings, "serve"),
    /^ok: is running, process \d+$/,
  );
  await serve.kill();
  assertMatch(about((await check(lab)).findings, "serve"), /^warn: .*left rules in nftables$/);
});
