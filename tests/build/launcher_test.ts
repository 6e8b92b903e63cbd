import { assertEquals, assertMatch } from "@std/assert";
import { CHECKOUT, denoDirectory } from "../kernel/lab/c3po.ts";

const RANDOM = "c3po-1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const isRoot = Deno.build.os === "linux" && Deno.uid() === 0;

/** Runs a script beside an installed launcher, where /media and /run are empty and seen by it alone. */
async function script(text: string): Promise<{ code: number; stdout: string; stderr: string }> {
  const tree = await Deno.makeTempDir({ prefix: "c3po-launcher-" });
  try {
    const env = { DENO_DIR: denoDirectory(), DENORT_BIN: "/nonexistent" };
    const built = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "build/local.ts", tree, Deno.execPath()],
      cwd: CHECKOUT,
      env,
    }).output();
    assertMatch(new TextDecoder().decode(built.stdout), /launcher\n$/);
    const { code, stdout, stderr } = await new Deno.Command("unshare", {
      args: [
        ...[
          "--mount",
          "sh",
          "-ec",
          `mount -t tmpfs tmpfs /media; mount -t tmpfs tmpfs /run\n${text}`,
        ],
        ...["sh", `${tree}/bin/c3po`],
      ],
      clearEnv: true,
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", KEY: RANDOM },
    }).output();
    const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { code, stdout: out!, stderr: err! };
  } finally {
    await Deno.remove(tree, { recursive: true });
  }
}

Deno.test({
  name: "the installed launcher works in any home, from any folder, with a key in any place",
  ignore: !isRoot,
}, async () => {
  const { code, stdout, stderr } = await script(`
    c3po=$1 at='--at 2026-11-22T08:00:00Z'
    export HOME=/media/jenkins
    mkdir -p /media/jenkins/job /run/secrets && cd /media/jenkins/job
    echo "$KEY" | "$c3po" key add web --write >/dev/null
    "$c3po" port web $at
    (umask 077 && echo "$KEY" >/run/secrets/web)
    "$c3po" port --key /run/secrets/web $at
    (cd / && "$c3po" port web $at)
    mkdir gone && cd gone && rmdir ../gone
    "$c3po" port web $at
    cat /media/jenkins/.ssh/config /media/jenkins/.ssh/c3po.conf >&2
    echo "$c3po"
  `);
  const [first, key, slash, gone, c3po] = stdout.split("\n");
  assertEquals([code, first, key, slash, gone], [0, "49746", "49746", "49746", "49746"], stderr);
  const block = `ProxyCommand ${c3po} proxy --key /media/jenkins/.config/c3po/web.key %h\n`;
  assertEquals(stderr.endsWith(block), true, stderr);
});

Deno.test({
  name: "without HOME the launcher asks the system for it, and without PATH it finds ssh",
  ignore: !isRoot,
}, async () => {
  const { code, stdout, stderr } = await script(`
    mkdir -p /media/home/.config/c3po
    (umask 077 && echo "$KEY" >/media/home/.config/c3po/web.key)
    printf 'root:x:0:0:root:/media/home:/bin/sh\\n' >/run/passwd
    mount --bind /run/passwd /etc/passwd
    cd / && env -i PATH=/usr/bin:/bin "$1" port web --at 2026-11-22T08:00:00Z
    env -i PATH=/usr/bin:/bin "$1" key list
    env -i "$1" ssh -V
  `);
  assertMatch(stderr, /^OpenSSH_/m);
  assertEquals([code, stdout.split("\n")[0]], [0, "49746"], stderr);
  assertMatch(stdout, /\nweb {2}.*\/media\/home\/\.config\/c3po\/web\.key\n/);
});

Deno.test({
  name:
    "key add --write changes a configuration in a folder that is a link to elsewhere, again and again",
  ignore: !isRoot,
}, async () => {
  const { code, stdout, stderr } = await script(`
    mkdir -p /run/data/me /run/ssh && ln -s /run/data /media/home && export HOME=/media/home/me
    ln -s /run/ssh "$HOME/.ssh" && cd /media
    for host in web mail; do echo "$KEY" | "$1" key add "$host" --write >/dev/null; done
    grep -h . /run/ssh/*
  `);
  assertEquals(code, 0, stderr);
  assertEquals(stdout.match(/^(Host|Include) .*$/gm), [
    "Host web",
    "Host mail",
    "Include /media/home/me/.ssh/c3po.conf",
  ]);
});
