import { dirname, join } from "@std/path";
import { type Namespace, type Sshd, startSshd, waitFor } from "../../../tests/kernel/lab.ts";

/** An sshd, and the file it logs to as it would through syslog. */
export interface LoggingSshd extends Sshd {
  readonly log: string;
}

const STAMP = `while IFS= read -r line; do
  printf '%(%b %e %H:%M:%S)T server sshd[%d]: %s\\n' -1 $$ "$line"
done`;

/** Starts a real sshd whose log other tools can read. */
export async function startLoggingSshd(server: Namespace): Promise<LoggingSshd> {
  const sshd = await startSshd(server);
  await sshd.stop(); // what was made for it is used again
  const log = join(server.directory, "auth.log");
  await Deno.writeTextFile(log, "");
  const config = join(dirname(sshd.hostKey), "sshd_config");
  const script = `/usr/sbin/sshd -D -e -f "$1" 2>&1 | ${STAMP} >>"$2"`;
  server.spawn("bash", ["-c", script, "bash", config, log]);
  await waitFor(async () => (await Deno.readTextFile(log)).includes("Server listening on :: "), {
    deadlineMs: 10_000,
    everyMs: 2,
    what: "sshd that listens",
  });
  return { ...sshd, log };
}
