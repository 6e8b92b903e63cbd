import { assert, assertEquals, assertMatch } from "@std/assert";
import { COMMANDS } from "../../src/commands/table.ts";
import { c3poCommand, CHECKOUT, must, run } from "../kernel/lab.ts";

const NAMES = COMMANDS.map(({ name }) => name);

async function script(shell: string): Promise<string> {
  const [command, ...first] = c3poCommand();
  return await must(command, [...first, "completions", shell]);
}

/** What a shell without any configuration offers behind some words; the last may be a beginning. */
const offered: Record<string, (words: string[]) => Promise<string[]>> = {
  bash: async (words) => {
    const call = `_c3po c3po "\${COMP_WORDS[$#]}" "\${COMP_WORDS[$#-1]}"`;
    const text = `source /dev/stdin\nCOMP_WORDS=(c3po "$@") COMP_CWORD=$#\n${call}\n` +
      'printf "%s\\n" "${COMPREPLY[@]}"';
    const args = ["--noprofile", "--norc", "-c", text, "bash", ...words];
    return lines(await must("bash", args, { stdin: await script("bash") }));
  },
  fish: async (words) => {
    // Neither what a user has set up nor the completions of a c3po that is installed; fish 3.1 has no --no-config.
    const text = 'set -g fish_complete_path\nsource -\ncomplete --do-complete "c3po $argv"';
    const env = { HOME: "/nonexistent", XDG_CONFIG_HOME: "/nonexistent" };
    const args = ["-c", text, words.join(" ")];
    const told = lines(await must("fish", args, { stdin: await script("fish"), env }));
    return told.map((line) => line.split("\t")[0]!);
  },
};

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "").sort();
}

for (const [shell, offer] of Object.entries(offered)) {
  Deno.test(`${shell} completes every command, and none that there is not`, async () => {
    const words = await offer([""]);
    assertEquals(words.filter((word) => !/^--|^(help|version)$/.test(word)), [...NAMES].sort());
    assertEquals(await offer(["comp"]), ["completions"]);
    assertEquals(await offer(["nothing"]), []);
  });

  Deno.test(`${shell} completes every option of every command`, async () => {
    for (const { name, options } of COMMANDS) {
      const expected = [...options, { name: "help" }].map((option) => `--${option.name}`).sort();
      assertEquals(await offer([name, "--"]), expected, name);
    }
  });

  Deno.test(`${shell} completes the words an option chooses from, the first words, and files`, async () => {
    assertEquals(await offer(["serve", "--trigger", ""]), ["handshake", "syn"]);
    assertEquals(await offer(["serve", "--traps", ""]), []);
    assertEquals(await offer(["ban", "re"]), ["remove"]);
    assertEquals(await offer(["completions", ""]), ["bash", "fish", "zsh"]);
    const files = await offer(["port", "--key", `${CHECKOUT}LIC`]);
    assert(files.every((file) => file.endsWith("LICENSE")) && files.length === 1, `${files}`);
  });
}

Deno.test("zsh takes the completions for c3po's own, and finds every command in them", async () => {
  const text =
    'autoload -Uz compinit\ncompinit -D -u\nsource /dev/stdin\nprint -r -- "$_comps[c3po]"' +
    "\nfunctions _c3po";
  const stdout = await must("zsh", ["-f", "-c", text], { stdin: await script("zsh") });
  assertMatch(stdout, /^_c3po\n/);
  for (const name of NAMES) assertMatch(stdout, new RegExp(`'${name}:|\\(${name}\\)`));
});

Deno.test("completions for a shell nobody knows are misuse", async () => {
  const [command, ...first] = c3poCommand();
  const { code, stdout, stderr } = await run(command, [...first, "completions", "csh"]);
  assertEquals({ code, stdout }, { code: 2, stdout: "" });
  assertEquals(
    stderr,
    'c3po: error: no completions for "csh"\nc3po: hint: use bash, zsh or fish\n',
  );
});
