import { assertEquals, assertMatch } from "@std/assert";
import { c3poCommand, denoDirectory, isRoot, run } from "../kernel/lab.ts";
import { Sandbox } from "./sandbox.ts";

Deno.test("without a terminal and without --yes setup is one error that says what to do", async () => {
  await using box = await Sandbox.create();
  const [code, stderr] = isRoot
    ? [
      2,
      "c3po: error: setup asks questions, and there is no terminal\n" +
      "c3po: hint: answer all of them with yes: c3po setup --yes; or see the steps: " +
      "c3po setup --dry-run\n",
    ]
    : [
      1,
      "c3po: error: setup needs root to change the firewall\n" +
      "c3po: hint: run it with sudo, or see the steps: c3po setup --dry-run\n",
    ];
  await box.c3po(["setup"], { code, stderr });
  await box.c3po(["setup"], { code, stderr }, { stdin: "y\ny\ny\ny\n" });
});

Deno.test("setup refuses what it does not understand before it does anything", async () => {
  await using box = await Sandbox.create();
  const refused = (args: string[], stderr: RegExp) =>
    box.c3po(["setup", ...args], { code: 2, stderr });
  await refused(["now"], /^c3po: error: unexpected argument "now"\n$/);
  await refused(["--try", "soon"], /^c3po: error: .*"soon"/);
  await refused(
    ["--try", "1s"],
    /^c3po: error: trial "1s" is out of range\nc3po: hint: 10s to 24h/,
  );
});

Deno.test("setup --dry-run shows the five steps, as any user", async () => {
  await using box = await Sandbox.create();
  const stdout = await box.c3po(["setup", "--dry-run"], { stdout: /./, stderr: /^/ });
  assertEquals(
    [...stdout.matchAll(/^(\d)\/5 ([a-z]+): ./gm)].map(([, at, name]) => `${at} ${name}`),
    ["1 key", "2 check", "3 client", "4 trial", "5 service"],
  );
});

const confined = "serve without a key names setup, which goes by no setting of the environment";
Deno.test({ name: confined, ignore: !isRoot }, async () => {
  await using box = await Sandbox.create();
  // A throw-away layer over /etc, seen by this command alone.
  const script = `mount -t tmpfs tmpfs "$1" && mkdir "$1/upper" "$1/work" && ` +
    `mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1/upper,workdir=$1/work" /etc && ` +
    `rm -rf /etc/c3po && shift && "$@" serve; echo "code $?"; ` +
    `C3PO_KEY=/elsewhere C3PO_SECRET=classic:secret C3PO_SSH_PORT=2222 "$@" setup --dry-run`;
  const folder = box.path("over");
  await Deno.mkdir(folder);
  const { stdout, stderr } = await run("unshare", [
    ...["--mount", "sh", "-c", script, "sh", folder, ...c3poCommand()],
  ], { env: { HOME: box.path("none"), DENO_DIR: denoDirectory() } });
  assertMatch(stdout, /^code 1$/m);
  assertMatch(
    stderr,
    /^c3po: error: no key file "\/etc\/c3po\/key"\nc3po: hint: c3po setup sets this server up/m,
  );
  assertMatch(
    stderr,
    /^c3po: warning: not used, .*: \$C3PO_KEY, \$C3PO_SSH_PORT\nc3po: hint: /m,
  );
  assertMatch(stdout, /^1\/5 key: create a random key in \/etc\/c3po\/key,/m);
  assertMatch(stdout, /^4\/5 trial: hide port 22 /m);
});
