import { parseArguments } from "../../cli/arguments.ts";
import { adminSession } from "../../os/admin_session.ts";
import { exists, writePrivate } from "../../os/files.ts";
import { type Host, stateFolder } from "../../os/host.ts";
import { servingProcess } from "../../os/lock.ts";
import { ownCommandLine } from "../../os/self.ts";
import { enableUnit, unitState } from "../../os/systemd.ts";
import { fingerprint } from "../../schedule/fingerprint.ts";
import { type Key, rangeOf } from "../../schedule/key.ts";
import { formatKey } from "../../schedule/key_text.ts";
import { formatPortRange } from "../../schedule/ports.ts";
import { isPrivate } from "../../server/lockout.ts";
import type { SetupMachine } from "../../server/setup/machine.ts";
import { HOST } from "../../server/setup/steps.ts";
import { SERVER_KEY } from "../../users/key_files.ts";
import { check } from "../check.ts";
import { checkServer } from "../check_server.ts";
import { randomKey } from "../key/random.ts";
import { findUsers, readConfiguration, serverSettings } from "../server_config.ts";
import { hasPassed, rememberPassed, runTrial } from "./trial.ts";

const UNIT = "c3po";
const NO_ARGUMENTS = parseArguments(check, []);

/** Where sudo is, if it is there. */
const SUDO = ["/usr/bin/sudo", "/usr/local/bin/sudo", "/bin/sudo"];

/**
 * This machine, to be set up.
 *
 * @param host whose environment has no settings of C3PO, since the service will not have them
 */
export function thisMachine(host: Host): SetupMachine {
  const settings = () => serverSettings(host);
  const keyFile = async (): Promise<string> => (await settings()).key ?? SERVER_KEY;
  return {
    keyFile,
    sshPort: async () => (await settings()).sshPort,
    key: async () => {
      const { server, failure, registry } = await findUsers(await settings(), undefined, host);
      if (server !== null) return `${server.source} is there, ${await describe(server.key)}`;
      if (failure !== null && await exists(await keyFile())) throw failure;
      return registry.users.length > 0 ? "each user has a key of their own" : null;
    },
    makeKey: async () => {
      const key = await randomKey(undefined, host);
      const file = await keyFile();
      await writePrivate(file, `${formatKey(key)}\n`, false);
      return `created ${file}, ${await describe(key)}`;
    },
    findings: () => checkServer(NO_ARGUMENTS, host),
    clientAddress: async () => {
      const session = await adminSession(host);
      // Behind a router the client knows this machine by another address.
      const isKnown = session !== null &&
        (!isPrivate(session.serverAddress) || isPrivate(session.address));
      const { sshPort } = await settings();
      return [
        ...sshPort === 22 ? [] : ["-p", `${sshPort}`],
        isKnown ? session.serverAddress : HOST,
      ];
    },
    hasSudo: async () => (await Promise.all(SUDO.map(exists))).includes(true),
    serving: () => servingProcess(),
    hasPassed: async () => {
      const configuration = await readConfiguration(NO_ARGUMENTS, host).catch(() => null);
      return configuration !== null && await hasPassed(configuration, stateFolder(host));
    },
    runTrial: async (seconds, tell, signal) => {
      const configuration = await readConfiguration(NO_ARGUMENTS, host);
      const address = await runTrial(seconds, tell, signal);
      if (address !== null) await rememberPassed(configuration, stateFolder(host));
      return address;
    },
    service: () => unitState(UNIT),
    startService: () => enableUnit(UNIT),
    serveCommand: () => `${ownCommandLine()} serve`,
  };
}

async function describe(key: Key): Promise<string> {
  const mark = await fingerprint(key);
  const ports = `ports ${formatPortRange(rangeOf(key))}`;
  return mark === null ? `${key.kind}, ${ports}` : `${ports}, fingerprint ${mark}`;
}
