import { assertEquals, assertMatch } from "@std/assert";

/** What a program writes to stderr that logs one line. */
async function logged(format: "text" | "json", isJournal: boolean, call: string): Promise<string> {
  const module = (name: string) => new URL(`../../src/os/${name}.ts`, import.meta.url);
  const program = `import { startLog } from "${module("log")}";
    import { eventLog } from "${module("event_log")}";
    startLog("${format}", ${isJournal});
    const log = eventLog("tests");
    ${call}`;
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--quiet", program],
    env: { NO_COLOR: "1" },
  }).output();
  return new TextDecoder().decode(stderr);
}

const BAN =
  'log.warn("ban", "banned", { address: "192.0.2.7", port: 4711, said: "a b\\"c=d\\n" });';

Deno.test("a line is time, level, sentence, event and fields, quoted where they must be", async () => {
  assertMatch(
    await logged("text", false, BAN),
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z warning banned event=ban address=192\.0\.2\.7 port=4711 said="a b\\"c=d\\n"\n$/,
  );
});

Deno.test("in the journal each line begins with its priority", async () => {
  const calls = ["info", "warn", "error"].map((level) => `log.${level}("x", "y");`).join("");
  const lines = (await logged("text", true, calls)).trimEnd().split("\n");
  assertEquals(lines.map((line) => line.slice(0, 3)), ["<6>", "<4>", "<3>"]);
});

Deno.test("as JSON a line is an object with the same names", async () => {
  const { time, ...rest } = JSON.parse(await logged("json", false, BAN));
  assertMatch(time, /Z$/);
  assertEquals(rest, {
    level: "warning",
    event: "ban",
    address: "192.0.2.7",
    port: 4711,
    said: 'a b"c=d\n',
    message: "banned",
  });
});

Deno.test("what somebody else has chosen neither hides nor begins a line, in any format", async () => {
  const call = 'log.warn("x", "by a\\x1b[2J\\u202eb\\nc", { by: "d\\x9b\\u202ee" });';
  for (const isJournal of [false, true]) {
    const text = await logged("text", isJournal, call);
    assertMatch(
      text,
      /^(<4>)?\S+ warning by a\\u001b\[2J\\u202eb\\nc event=x by=d\\u009b\\u202ee\n$/,
    );
  }
  const json = await logged("json", false, call);
  assertMatch(json, /^[\x20-\x7e]+\n$/);
  const { message, by } = JSON.parse(json);
  assertEquals([message, by], ["by a\x1b[2J\u202eb\nc", "d\x9b\u202ee"]);
});
