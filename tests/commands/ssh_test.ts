import { assertEquals } from "@std/assert";
import { Sandbox } from "./sandbox.ts";

const CONFIG = `
Host web
  HostName Web.Example
  User me
Host old
  HostName old.example
  Port 2222
Host shared
  ControlPath "/run/%r@%h:%p %C"
  HostKeyAlias other
`;

/** Replaces the port, which depends on the minute. */
const steady = (command: string): string => command.replace(/-p \d+ /, "-p PORT ");

async function prepared(): Promise<{ box: Sandbox; config: string[] }> {
  const box = await Sandbox.create();
  await box.put(".config/c3po/default.key", "classic:default");
  return { box, config: ["-F", await box.put("ssh_config", CONFIG)] };
}

Deno.test("ssh --dry-run prints the command ssh would be run with", async () => {
  const { box, config } = await prepared();
  await using _ = box;
  const dry = async (args: string[]): Promise<string> => {
    const out = await box.c3po(["ssh", "--dry-run", ...config, ...args], {
      stdout: /^ssh -p \d+ /,
    });
    // OpenSSH before 8.5 checks addresses unless it is told not to.
    return steady(out).replace(` ${config.join(" ")}`, "").replace(" -o CheckHostIP=no", "");
  };
  assertEquals(await dry(["web"]), "ssh -p PORT -o HostKeyAlias=web.example web\n");
  assertEquals(await dry(["old"]), "ssh -p PORT -o HostKeyAlias=old.example old\n");
  assertEquals(
    await dry(["-tv", "web", "-N", "echo $x; it's", "-p"]),
    "ssh -p PORT -o HostKeyAlias=web.example -tv web -N 'echo $x; it'\\''s' -p\n",
  );
  assertEquals(
    await dry(["-J", "jump", "me@192.0.2.1"]),
    "ssh -p PORT -o HostKeyAlias=192.0.2.1 -J jump me@192.0.2.1\n",
  );
});

Deno.test("a shared connection keeps its socket whatever the port is", async () => {
  const { box, config } = await prepared();
  await using _ = box;
  const real = async (args: string[]): Promise<string> => {
    const { stdout } = await new Deno.Command("ssh", { args: ["-G", ...args] }).output();
    return /^controlpath (.*)$/m.exec(new TextDecoder().decode(stdout))![1]!;
  };
  const plain = await real([...config, "shared"]);
  for (const args of [["shared"], ["-O", "check", "shared"]]) {
    const out = await box.c3po(["ssh", "--dry-run", ...config, ...args], { stdout: /^ssh / });
    const [, option] = /-o ('ControlPath=[^']*')/.exec(out)!;
    assertEquals(await real([...config, "-p", "9", "-o", option!.slice(1, -1), "shared"]), plain);
  }
  await box.c3po(["ssh", ...config, "-O", "check", "shared"], {
    code: 255,
    stderr: /^Control socket connect\(\/run\/.*:22 [0-9a-f]{40}\): No such file/,
  });
});

Deno.test("what ssh tells about itself needs no key", async () => {
  await using box = await Sandbox.create();
  await box.c3po(["ssh", "-V"], { stderr: /^OpenSSH_/ });
  await box.c3po(["ssh", "-Q", "mac"], { stdout: /hmac-sha2-256\n/ });
  await box.c3po(["ssh", "-4"], { code: 255, stderr: /^usage: ssh / });
});

Deno.test("ssh -G shows the port and the steady name of the host's key", async () => {
  const { box, config } = await prepared();
  await using _ = box;
  const port = await box.c3po(["port"], { stdout: /^\d+\n$/ });
  const out = await box.c3po(["ssh", ...config, "-TG", "web"], {
    stdout: /^hostname web\.example$/m,
  });
  const now = await box.c3po(["port"], { stdout: /^\d+\n$/ });
  const shown = `${/^port (\d+)$/m.exec(out)![1]}\n`;
  assertEquals([port, now].includes(shown), true, "the port is this minute's");
  assertEquals(/^hostkeyalias (.*)$/m.exec(out)![1], "web.example");
});

Deno.test("a port that a tool passes only says under which name the host's key is known", async () => {
  const { box, config } = await prepared();
  await using _ = box;
  const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBhqyIdj7pIWqVyaTQ8rMzVvVCnmRvgVLKR1VvGvGJz5";
  const files = [
    "-o",
    `UserKnownHostsFile=${await box.put("known", `[web.example]:2222 ${key}\n`)}`,
  ];
  const named = async (alias: string, args: string[], stderr: string | RegExp): Promise<void> => {
    const out = await box.c3po(["ssh", "--dry-run", ...config, ...files, ...args], {
      stdout: /^ssh -p \d+ /,
      stderr,
    });
    assertEquals(/-o '?HostKeyAlias=([^' ]*)/.exec(out)![1], alias, args.join(" "));
  };
  await named("web.example", ["-p", "22", "web"], "");
  await named("web.example", ["ssh://web:22"], "");
  const note = /^c3po: the port comes from the key; ".*" only names the host's key\n$/;
  await named("[web.example]:2222", ["web", "-vp2222", "true"], note);
  await named("[web.example]:2222", ["-oPort=2222", "web"], note);
  await named("[web.example]:2222", ["ssh://web:2222"], note);
  // Nothing is known of that port, so ssh itself would go by the name alone.
  await named("web.example", ["-p", "2223", "web"], note);
});

Deno.test("a host with a port of its own keeps its certificate and its entry without a port", async () => {
  const { box, config } = await prepared();
  await using _ = box;
  const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBhqyIdj7pIWqVyaTQ8rMzVvVCnmRvgVLKR1VvGvGJz5";
  const alias = async (text: string): Promise<string> => {
    const file = await box.put("known", text);
    const args = ["ssh", "--dry-run", ...config, "-o", `UserKnownHostsFile=${file}`, "old"];
    const out = await box.c3po(args, { stdout: /^ssh -p / });
    return /-o '?HostKeyAlias=([^' ]*)/.exec(out)![1]!;
  };
  assertEquals(await alias(`old.example ${key}\n`), "old.example");
  assertEquals(await alias(`@cert-authority *.example ${key}\n`), "old.example");
  assertEquals(await alias(`@cert-authority [*.example]:2222 ${key}\n`), "old.example");
  assertEquals(await alias(`[old.example]:2222 ${key}\n`), "[old.example]:2222");
  config.push(
    "-o",
    `GlobalKnownHostsFile=${await box.put("global", `[old.example]:2222 ${key}\n`)}`,
  );
  assertEquals(await alias(""), "[old.example]:2222");
});

Deno.test("a file of known hosts that is named by the port is the same file in every minute", async () => {
  const { box, config } = await prepared();
  await using _ = box;
  const file = `${box.home}/kh_%h_%p`;
  const out = await box.c3po(
    ["ssh", "--dry-run", ...config, "-o", `UserKnownHostsFile=${file}`, "web"],
    { stdout: /^ssh -p / },
  );
  assertEquals(/-o UserKnownHostsFile=(\S*)/.exec(out)![1], `${box.home}/kh_web.example_22`);
});

Deno.test("the key of a session cannot come from its stdin", async () => {
  await using box = await Sandbox.create();
  await box.c3po(["ssh", "--key", "-", "web"], {
    code: 2,
    stderr: /^c3po: error: cannot read the key from stdin/,
  });
  await box.c3po(["port", "--key", "-"], { stdout: /^\d+\n$/ }, {
    stdin: "Unlocking\nclassic:secret\n",
  });
});

Deno.test("errors of ssh's command line are ssh's to tell", async () => {
  const { box, config } = await prepared();
  await using _ = box;
  await box.c3po(["ssh", ...config, "-o", "Nonsense=1", "web"], {
    code: 255,
    stderr: "command-line: line 0: Bad configuration option: nonsense\n",
  });
  await box.c3po(["ssh", "-F", box.path("missing"), "web"], {
    code: 255,
    stderr: /^Can't open user config file .*missing: No such file or directory\n$/,
  });
});

Deno.test("our own options stand first; the rest is ssh's", async () => {
  const { box, config } = await prepared();
  await using _ = box;
  const file = await box.put("own.key", "classic:own");
  for (const args of [["--key", file, "--dry-run"], ["--dry-run", `--key=${file}`]]) {
    const out = await box.c3po(["ssh", ...args, ...config, "web", "ls", "--help"], {
      stdout: /^ssh /,
    });
    assertEquals(out.endsWith(" web ls --help\n"), true, out);
  }
  await box.c3po(["ssh", "--dryrun", "web"], {
    code: 2,
    stderr: 'c3po: error: unknown option "--dryrun"\nc3po: hint: did you mean --dry-run?\n',
  });
  await box.c3po(["ssh", "--key"], { code: 2, stderr: "c3po: error: --key needs a value, FILE\n" });
  await box.c3po(["ssh"], {
    code: 2,
    stderr: "c3po: error: no host given\nc3po: hint: for example: c3po ssh user@host\n",
  });
});

Deno.test("without a key ssh is not run", async () => {
  await using box = await Sandbox.create();
  await box.c3po(["ssh", "--key", box.path("none"), "nowhere.invalid"], {
    code: 1,
    stderr: /^c3po: error: no key file ".*none"\nc3po: hint: create one: c3po key new /,
  });
});

Deno.test("a machine without ssh is told so", async () => {
  await using box = await Sandbox.create();
  await box.put(".config/c3po/default.key", "classic:default");
  // Deno is run by its full path, so an empty PATH takes away ssh alone.
  await box.c3po(["ssh", "web"], {
    code: 1,
    stderr: /^c3po: error: ssh: not found on this machine\nc3po: hint: .*openssh-client\n$/,
  }, { env: { PATH: box.home } });
});

Deno.test("a log-out that ends ssh and c3po at once is not taken for a failed login", async () => {
  const { box } = await prepared();
  await using _ = box;
  await box.put("hosts", "Host web\n  HostName 127.0.0.1\n");
  for (const signal of ["TERM", "HUP", "INT", "QUIT"]) {
    // c3po passes the signal on, and ssh would end with 255 all the same; a shell has to ignore it for that.
    await box.put(
      "bin/ssh",
      [
        "#!/bin/sh",
        `case " $* " in *" -G "*) exec /usr/bin/ssh -F ${box.path("hosts")} "$@" ;; esac`,
        'trap "" HUP INT QUIT TERM',
        `kill -${signal} "$PPID"`,
        "exit 255",
        "",
      ].join("\n"),
      0o755,
    );
    await box.c3po(["ssh", "web", "true"], { code: 255 }, {
      env: { PATH: `${box.path("bin")}:${Deno.env.get("PATH")}` },
    });
  }
});

Deno.test("with -q nothing is said of what goes wrong, as by ssh", async () => {
  const { box, config } = await prepared();
  await using _ = box;
  const nobody = ["-o", `HostName=127.77.0.${1 + Deno.pid % 250}`, "web", "true"];
  await box.c3po(["ssh", "-q", ...config, ...nobody], { code: 255 });
  await box.c3po(["ssh", ...config, ...nobody], { code: 255, stderr: /^c3po: error: /m });
});
