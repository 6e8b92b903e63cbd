import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { Lab } from "../kernel/lab.ts";

/** The demo begins with a scan of all ports, which takes a slow machine minutes. */
const SCAN_MS = 300_000;
const STARTED_MS = 180_000;

/**
 * Has an installed c3po start itself again in each of the ways there are: `serve --try` posts a
 * guardian, which rolls back when serve dies; `demo` runs commands of c3po in machines of its own.
 *
 * @param program where it lies
 */
export async function assertStartsAgain(program: string): Promise<void> {
  await using lab = await Lab.create({ peers: [] });
  const { server } = lab;
  const folders = {
    STATE_DIRECTORY: server.stateDirectory,
    RUNTIME_DIRECTORY: server.runtimeDirectory,
  };
  const key = join(server.directory, "key");
  await Deno.writeTextFile(key, `c3po-1-${"A".repeat(43)}\n`, { mode: 0o600 });
  const serve = server.spawn(program, ["serve", "--key", key, "--try", "5m"], {
    cwd: "/",
    env: { HOME: server.home, ...folders },
  });
  await serve.waitForLine(/ started /, STARTED_MS);
  await serve.stop("SIGKILL");
  await serve.waitForLine(/rolled back, plain SSH answers as before/, STARTED_MS);
  await serve.finished();

  const demo = server.spawn(program, ["demo", "--fast"], { cwd: "/", env: { HOME: server.home } });
  await demo.waitForLine(/^ {2}serve\| .* started /, SCAN_MS);
  assertEquals((await demo.stop("SIGINT")).code, 1);
  await demo.finished();
}
