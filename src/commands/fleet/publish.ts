import { StateFiles } from "../../bans/state_files.ts";
import { ADMIN, parseFleetLine } from "../../fleet/line.ts";
import { isSignedBy, type PublicKey } from "../../fleet/signature.ts";
import { asSource, Failure } from "../../os/errors.ts";
import { type Host, stateFolder } from "../../os/host.ts";
import { needRoot } from "../../os/root.ts";
import { readPiped } from "../../os/secret.ts";
import { adminKey } from "../../server/share/share_files.ts";
import { serverSettings } from "../server_config.ts";

/** `c3po fleet publish`: hands signed orders to the `serve` of this machine, which sends them. */
export async function fleetPublish(host: Host): Promise<number> {
  needRoot();
  const { share } = await serverSettings(host);
  if (share === null) {
    throw new Failure("this server shares no bans", {
      hint: "[share] in server.toml names a store",
    });
  }
  if (share.admin === null) {
    throw new Failure("this server takes no orders", {
      hint: "set admin of [share] to the public key in the file admin.pub of the fleet's keys",
    });
  }
  const key = await adminKey(share.admin);
  const text = await readPiped();
  if (text === null) {
    throw new Failure("no order on stdin", { hint: "c3po fleet order prints one" });
  }
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  for (const line of lines) await check(line, key);
  const files = new StateFiles(stateFolder(host));
  await files.enqueue(lines.map((line) => ({ do: "publish", line })), host.clock.now());
  const what = lines.length === 1 ? "1 order" : `${lines.length} orders`;
  host.terminal.note(`c3po: ${what} handed to serve, which sends at once`);
  return 0;
}

/** @throws {Failure} for what servers would refuse */
async function check(text: string, key: PublicKey): Promise<void> {
  const line = asSource("the order on stdin", () => parseFleetLine(text));
  if (line.member !== ADMIN || line.statement.verb !== "order") {
    throw new Failure("what is on stdin is no order", { hint: "c3po fleet order prints one" });
  }
  if (await isSignedBy(line, key)) return;
  throw new Failure("the order was not signed by the administrator of this fleet", {
    hint: "sign it with the key whose public half is admin of [share] in server.toml",
  });
}
