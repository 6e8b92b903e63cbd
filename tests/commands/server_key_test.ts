import { assertEquals, assertMatch } from "@std/assert";
import { c3poCommand, denoDirectory, run } from "../kernel/lab.ts";
import { Sandbox } from "./sandbox.ts";

/** Lays a throw-away layer over /etc, seen by the command that follows alone. */
const OVER_ETC = `mount -t tmpfs tmpfs "$1" && mkdir "$1/upper" "$1/work" &&
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$1/upper,workdir=$1/work" /etc &&
rm -rf /etc/c3po && shift && exec "$@"`;

const asRoot = Deno.build.os === "linux" && Deno.uid() === 0;

Deno.test({
  name: "root's key is the server's: /etc/c3po/key, made once, shown from there",
  ignore: !asRoot,
}, async () => {
  await using box = await Sandbox.create();
  const script = '"$@" key new --ports 2000-60000; "$@" key new; "$@" key show; "$@" key check; ' +
    "stat -c '%a %n' /etc/c3po /etc/c3po/key; cat /etc/c3po/key";
  const { code, stdout, stderr } = await run("unshare", [
    ...["--mount", "sh", "-c", OVER_ETC, "sh", box.home],
    ...["sh", "-c", script, "sh", ...c3poCommand()],
  ], { env: { HOME: box.path("none"), DENO_DIR: denoDirectory() } });
  assertEquals(code, 0, stderr);
  const [made, shown, source, mode, , , ports, print, folder, file, line] = stdout.split("\n");
  assertEquals([made, folder, file], ["/etc/c3po/key", "700 /etc/c3po", "600 /etc/c3po/key"]);
  assertEquals([source, mode, ports], [
    "key          /etc/c3po/key",
    "mode         0600",
    "ports        2000-60000",
  ]);
  assertMatch(line!, /^c3po-1-[\w-]{43}\?ports=2000-60000$/);
  assertEquals(shown, line);
  const fingerprint = print!.split(/ +/)[1];
  assertMatch(stderr, new RegExp(`^c3po: new random key, .*, fingerprint ${fingerprint}\n`));
  assertMatch(
    stderr,
    /c3po: hint: on each client: ssh -t HOST sudo c3po key show \| c3po key add HOST/,
  );
  assertMatch(stderr, /c3po: error: "\/etc\/c3po\/key" already exists\n/);
});

Deno.test({
  name:
    "root shows, checks and replaces the key that serve has, not the one that root has as a client",
  ignore: !asRoot,
}, async () => {
  await using box = await Sandbox.create();
  const master = `c3po-1-master-${"A".repeat(43)}`;
  await box.put(".config/c3po/default.key", master);
  await Deno.mkdir(box.path("over"));
  const script = [
    '"$@" key show', // no server yet
    "mkdir -m 700 /etc/c3po",
    '"$@" key new',
    '"$@" key show >/etc/shown',
    "cmp /etc/shown /etc/c3po/key",
    '"$@" key check',
    "mv /etc/c3po/key /etc/c3po/other",
    'echo key = \\"/etc/c3po/other\\" >/etc/c3po/server.toml',
    ...Array<string[]>(2).fill([
      '"$@" key show >/etc/now',
      "cmp /etc/now /etc/c3po/other",
      '"$@" key new --replace',
    ]).flat(),
    "cmp /etc/shown /etc/c3po/other.old",
    // A file that is named needs no settings.
    "echo nonsense >/etc/c3po/server.toml",
    '"$@" key new /etc/c3po/named',
    "ls /etc/c3po",
  ].join("\n");
  const { code, stdout, stderr } = await run("unshare", [
    ...["--mount", "sh", "-c", OVER_ETC, "sh", box.path("over")],
    ...["sh", "-ec", script, "sh", ...c3poCommand()],
  ], { env: { HOME: box.home, DENO_DIR: denoDirectory() } });
  assertEquals(code, 0, stderr);
  const [own, made, source, ...rest] = stdout.trim().split("\n");
  assertEquals([own, made, source], [master, "/etc/c3po/key", "key          /etc/c3po/key"]);
  assertEquals(rest.slice(-8), [
    ...["/etc/c3po/other", "/etc/c3po/other", "/etc/c3po/named"],
    ...["named", "other", "other.old", "other.old.2", "server.toml"],
  ]);
  assertMatch(stderr, /is kept as \/etc\/c3po\/other\.old\.2\nc3po: hint: a running serve/);
});
